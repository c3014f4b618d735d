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
    """Count pairs, shape (k, k): rows are the truth, columns the answer."""
    return np.bincount(truth * k + answer, minlength=k * k).reshape(k, k)


def risk_coverage(
    confidence: NDArray[np.float32], correct: NDArray[np.bool_], coverages: Sequence[float]
) -> list[tuple[float, float]]:
    """Precision when only the most confident share of rows is answered: (coverage, precision) for each coverage."""
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum(correct[order])
    sizes = [max(1, round(c * len(order))) for c in coverages]
    return [(c, float(right[s - 1] / s)) for c, s in zip(coverages, sizes, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """How good answers are, by class and over all, where any number of labels may hold.

    Attributes
    ----------
    accuracy, macro_f1 : Interval
        Share of rows whose labels are all right; mean F1 of the classes that occur in truth or answer.
    precision, recall, f1 : float arrays of shape (k,)
    rows : int array of shape (k,)
        How many rows truly have each label.
    """

    accuracy: Interval
    macro_f1: Interval
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    rows: NDArray[np.int64]


def class_scores(
    holds: NDArray[np.bool_], assigned: NDArray[np.bool_], *, rounds: int = 1000, seed: int = 0
) -> ClassScores:
    """Score the labels assigned to n rows; 95 % intervals by bootstrap over rows.

    Parameters
    ----------
    holds, assigned : bool arrays of shape (n, k)
        Labels that truly hold, and those answered.
    """
    right = (holds & assigned).sum(axis=0)
    true, said = holds.sum(axis=0), assigned.sum(axis=0)
    drawn = _resampled(holds, [assigned], rounds, seed)[0]
    value = _accuracy_and_f1(np.ones((1, len(holds)), np.float32), holds, assigned)[0]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    accuracy, f1 = (Interval(float(v), float(a), float(b)) for v, a, b in zip(value, low, high, strict=True))
    return ClassScores(
        accuracy,
        f1,
        right / np.maximum(said, 1),
        right / np.maximum(true, 1),
        2 * right / np.maximum(true + said, 1),
        true,
    )


def difference(
    holds: NDArray[np.bool_],
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    *,
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[Interval, Interval]:
    """Accuracy and macro-F1 of `after` minus those of `before` on the same n rows, with 95 % paired intervals."""
    one, two = _resampled(holds, [before, after], rounds, seed)
    whole = np.ones((1, len(holds)), np.float32)
    value = _accuracy_and_f1(whole, holds, after)[0] - _accuracy_and_f1(whole, holds, before)[0]
    low, high = np.percentile(two - one, [2.5, 97.5], axis=0)
    accuracy, f1 = (Interval(float(v), float(a), float(b)) for v, a, b in zip(value, low, high, strict=True))
    return accuracy, f1


def _resampled(
    holds: NDArray[np.bool_], answers: Sequence[NDArray[np.bool_]], rounds: int, seed: int
) -> list[NDArray[np.float64]]:
    """Accuracy and macro-F1 of each answer, of shape (rounds, 2), over the same rows drawn with replacement."""
    rng, n = np.random.default_rng(seed), len(holds)
    found: list[list[NDArray[np.float64]]] = [[] for _ in answers]
    for start in range(0, rounds, 50):
        weight = rng.poisson(1.0, (min(50, rounds - start), n)).astype(np.float32)
        for out, assigned in zip(found, answers, strict=True):
            out.append(_accuracy_and_f1(weight, holds, assigned))
    return [np.concatenate(out) for out in found]


def _accuracy_and_f1(
    weight: NDArray[np.float32], holds: NDArray[np.bool_], assigned: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Accuracy and macro-F1 of shape (rounds, 2) with the rows weighted."""
    both = weight @ (holds & assigned).astype(np.float32)
    either = weight @ (holds.astype(np.float32) + assigned)
    occurs = (holds | assigned).any(axis=0)
    f1 = (2 * both / np.maximum(either, 1e-9))[:, occurs].mean(axis=1)
    exact = weight @ (holds == assigned).all(axis=1).astype(np.float32)
    return np.stack([exact / np.maximum(weight.sum(axis=1), 1), f1], axis=1).astype(np.float64)
