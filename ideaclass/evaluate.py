"""How good a set of answers is: scores with intervals, calibration, confusion, and what silence would cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_list(self) -> list[float]:
        """Value, low and high, rounded to four places."""
        return [round(float(x), 4) for x in (self.value, self.low, self.high)]


def macro_f1(truth: NDArray[np.int64], answer: NDArray[np.int64]) -> float:
    """Mean of the F1 of every class that occurs in `truth` or `answer`."""
    from sklearn.metrics import f1_score

    return float(f1_score(truth, answer, average="macro", zero_division=0.0))


def mean_over_groups(values: Sequence[float]) -> Interval:
    """Mean over groups with a 95 % interval from Student's t over the groups; the honest spread for unseen writers."""
    from scipy.stats import t

    x = np.asarray(values, float)
    if len(x) < 2:
        return Interval(float(x.mean()), float("nan"), float("nan"))
    half = float(t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)))
    return Interval(float(x.mean()), float(x.mean()) - half, min(float(x.mean()) + half, 1.0))


def bootstrap(score: Callable[[NDArray[np.int64]], float], n: int, *, rounds: int = 1000, seed: int = 0) -> Interval:
    """Percentile bootstrap over n rows: `score` is called with the row numbers drawn."""
    rng = np.random.default_rng(seed)
    drawn = [score(rng.integers(0, n, n)) for _ in range(rounds)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(score(np.arange(n)), float(low), float(high))


def expected_calibration_error(confidence: NDArray[np.float32], correct: NDArray[np.bool_], *, bins: int = 10) -> float:
    """Mean gap between confidence and share right over equal-width bins, weighted by rows (Naeini et al. 2015)."""
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.digitize(confidence, edges[1:-1], right=True), 0, bins - 1)
    rows = np.bincount(place, minlength=bins)
    gap = np.abs(np.bincount(place, confidence, bins) - np.bincount(place, correct, bins))
    return float(gap.sum() / max(rows.sum(), 1))


def confusion(truth: NDArray[np.int64], answer: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Counts of shape (k, k): rows are the truth, columns the answer."""
    return np.bincount(truth * k + answer, minlength=k * k).reshape(k, k)


def risk_coverage(
    confidence: NDArray[np.float32], correct: NDArray[np.bool_], coverages: Sequence[float]
) -> list[tuple[float, float]]:
    """Precision when only the most confident share of rows is answered: (coverage, precision) for each coverage."""
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum(correct[order])
    sizes = [max(1, round(c * len(order))) for c in coverages]
    return [(c, float(right[s - 1] / s)) for c, s in zip(coverages, sizes, strict=True)]
