"""How good a router is, as figures and as a table that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ideaclass.evaluate import Interval, class_scores, risk_coverage

COVERAGES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class RouteReport:
    """What `Router.evaluate` found.

    Attributes
    ----------
    rows : int
    accuracy, macro_f1 : Interval
        Of the likeliest domain of every row, handed over or not.
    automatic, precision : float
        Share of rows routed without asking, and how many of those were right.
    handed_over : float
        Share of rows that the router would not route at all (out of scope, abusive …).
    curve : tuple of (coverage, precision)
        Precision when only the most confident share is routed.
    f1 : dict of str to float
        By domain.
    """

    rows: int
    accuracy: Interval
    macro_f1: Interval
    automatic: float
    precision: float
    handed_over: float
    curve: tuple[tuple[float, float], ...]
    f1: dict[str, float]

    def __str__(self) -> str:
        lines = [
            f"{self.rows} rows: accuracy {self.accuracy}, macro-F1 {self.macro_f1}",
            f"routed without asking {self.automatic:.1%}, of which right {self.precision:.1%}; "
            f"handed over {self.handed_over:.1%}",
            "coverage  precision",
            *[f"{coverage:8.0%}  {precision:9.1%}" for coverage, precision in self.curve],
            *[f"{domain}: F1 {value:.3f}" for domain, value in self.f1.items()],
        ]
        return "\n".join(lines)


def report(
    classes: Sequence[str],
    truth: NDArray[np.int64],
    answer: NDArray[np.int64],
    confidence: NDArray[np.float32],
    automatic: NDArray[np.bool_],
    right: NDArray[np.bool_],
) -> RouteReport:
    """Score n decisions; a row that was handed over has confidence 0."""
    eye = np.eye(len(classes), dtype=bool)
    scores = class_scores(eye[truth], eye[answer])
    return RouteReport(
        len(truth),
        scores.accuracy,
        scores.macro_f1,
        float(automatic.mean()),
        float(right[automatic].mean()) if automatic.any() else 0.0,
        float((confidence == 0).mean()),
        tuple(risk_coverage(confidence, right, COVERAGES)),
        {c: round(float(f), 4) for c, f in zip(classes, scores.f1, strict=True)},
    )
