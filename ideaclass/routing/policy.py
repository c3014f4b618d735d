"""How sure is sure enough, domain by domain, and what that costs in coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ideaclass.decide import LEAST, wilson_lower
from ideaclass.evaluate import Interval

NEVER = 1.01
_PRIOR = 20.0
_STEPS = 40


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """Least confidence for an automatic answer, by domain.

    Attributes
    ----------
    thresholds : dict of str to float
        Above 1 where the domain is never answered without asking.
    target : float
        Precision aimed at.
    precision, coverage : Interval
        Reached on rows that the thresholds were not fitted on (five folds), with 95 % intervals.
    rows : int
    fitted_on : str
    """

    thresholds: dict[str, float]
    target: float
    precision: Interval
    coverage: Interval
    rows: int
    fitted_on: str

    def __str__(self) -> str:
        return (
            f"automatic at >= {self.target:.0%} precision covers {self.coverage.value:.1%} "
            f"[{self.coverage.low:.1%}, {self.coverage.high:.1%}] of {self.rows} rows; "
            f"precision there {self.precision.value:.1%} [{self.precision.low:.1%}, {self.precision.high:.1%}]"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a manifest."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RoutePolicy:
        """Undo `to_dict`."""
        return cls(
            **{
                **values,
                "precision": Interval(**values["precision"]),
                "coverage": Interval(**values["coverage"]),
                "thresholds": dict(values["thresholds"]),
            }
        )


def fit_route_policy(
    classes: Sequence[str],
    answer: NDArray[np.int64],
    confidence: NDArray[np.float32],
    correct: NDArray[np.bool_],
    *,
    precision: float,
    fitted_on: str,
    eligible: NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> RoutePolicy:
    """Find the thresholds, and measure them by five-fold cross-fitting.

    A domain's threshold is the lowest confidence, at least one half, from which on its answers are right often enough;
    a domain with few rows leans on all domains together. The demand is raised until the lower bound (90 % one-sided,
    Wilson) of all automatic answers together meets `precision`.

    Parameters
    ----------
    classes : sequence of k str
    answer : int array of shape (n,)
        The domain answered, as an index into `classes`.
    confidence, correct : arrays of shape (n,)
    precision : float
        Wanted among automatic answers, 0 to 1.
    eligible : bool array of shape (n,), optional
        Rows that the router does not hand over for another reason; the rest are never automatic.
    """
    may = np.ones(len(answer), bool) if eligible is None else eligible
    fold = np.random.default_rng(seed).permutation(len(answer)) % 5
    automatic = np.zeros(len(answer), bool)
    for f in range(5):
        known, new = may & (fold != f), may & (fold == f)
        limits = _thresholds(len(classes), answer[known], confidence[known], correct[known], precision)
        automatic[new] = confidence[new] >= limits[answer[new]]
    limits = _thresholds(len(classes), answer[may], confidence[may], correct[may], precision)
    return RoutePolicy(
        {c: float(t) for c, t in zip(classes, limits, strict=True)},
        precision,
        _share(int(correct[automatic].sum()), int(automatic.sum())),
        _share(int(automatic.sum()), len(automatic)),
        len(automatic),
        fitted_on,
    )


def _thresholds(
    k: int, answer: NDArray[np.int64], confidence: NDArray[np.float32], correct: NDArray[np.bool_], precision: float
) -> NDArray[np.float32]:
    order = np.argsort(-confidence, kind="stable")
    pooled = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    limits = np.full(k, NEVER, np.float32)
    for demand in np.linspace(precision, 1 - (1 - precision) / 10, _STEPS):
        limits = np.full(k, NEVER, np.float32)
        for c in range(k):
            own = np.flatnonzero(answer[order] == c)
            if not len(own):
                continue
            right, size = np.cumsum(correct[order][own]), np.arange(1, len(own) + 1)
            share = (right + _PRIOR * pooled[own]) / (size + _PRIOR)
            enough = np.flatnonzero(share >= demand)
            if len(enough):
                limits[c] = max(confidence[order][own[enough[-1]]], LEAST)
        taken = confidence >= limits[answer]
        if taken.any() and wilson_lower(np.array([correct[taken].sum()]), np.array([taken.sum()]))[0] >= precision:
            return limits
    return np.full(k, NEVER, np.float32)


def _share(part: int, whole: int) -> Interval:
    """Share with its 95 % Wilson interval; of nothing, 0 to 1."""
    if not whole:
        return Interval(0.0, 0.0, 1.0)
    low = float(wilson_lower(np.array([part]), np.array([whole]), z=1.96)[0])
    high = 1 - float(wilson_lower(np.array([whole - part]), np.array([whole]), z=1.96)[0])
    return Interval(part / whole, max(low, 0.0), min(high, 1.0))
