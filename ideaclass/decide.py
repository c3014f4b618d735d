"""When to answer and when to ask a person: thresholds fitted on held-out rows to a target precision."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

KNOWN_QUANTILE = 0.02
SCOPE_QUANTILE = 0.03
LEAST = 0.5
"""A calibrated answer less likely than this is more likely wrong than right, and always goes to a person."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The fitted rule of one task.

    Attributes
    ----------
    threshold : float
        Least confidence that needs no review; above 1 where the target cannot be met.
    known_floor : float
        Least share of known n-grams that needs no review.
    scope_floor : float or None
        Least scope score that needs no review; None for a head without a scope.
    target : float
        The precision aimed at among rows without review.
    precision, coverage : float
        What the rule reached on the rows it was fitted on.
    rows : int
        How many those were.
    label_thresholds : tuple of float
        Multi-label tasks only: least probability at which each label holds.
    """

    threshold: float
    known_floor: float
    scope_floor: float | None
    target: float
    precision: float
    coverage: float
    rows: int
    label_thresholds: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a manifest."""
        return {**asdict(self), "label_thresholds": list(self.label_thresholds)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Policy:
        """Undo `to_dict`; keys that are not ours are passed over."""
        names = cls.__dataclass_fields__
        known = {k: v for k, v in values.items() if k in names}
        return cls(**{**known, "label_thresholds": tuple(known.get("label_thresholds", ()))})

    def review(
        self, confidence: NDArray[np.float32], known: NDArray[np.float32], scope: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Flag the rows a person should check, bool of shape (n,): unsure, unreadable, or not the model's question."""
        floor = -np.inf if self.scope_floor is None else self.scope_floor
        return (confidence < self.threshold) | (known < self.known_floor) | (scope < floor)


def fit_policy(
    confidence: NDArray[np.float32],
    correct: NDArray[np.bool_],
    known: NDArray[np.float32],
    scope: NDArray[np.float32],
    *,
    target: float = 0.9,
) -> Policy:
    """Find the lowest confidence from which on held-out rows are right at least as often as `target`.

    The share is required of a 90 % one-sided lower bound (Wilson), not of the raw share, so that the rule still holds
    on rows it has not seen. The threshold is never below 0.5, and is 0.5 where no held-out row speaks against it. The
    floors are low quantiles of the same rows: 2 % for known n-grams, 3 % for the scope.

    Parameters
    ----------
    confidence : float array of shape (n,)
        Confidence of held-out rows.
    correct : bool array of shape (n,)
        Whether their label was right.
    known, scope : float arrays of shape (n,)
        Their share of known n-grams and scope score.
    target : float
        Precision wanted among rows without review, 0 to 1.
    """
    known_floor = float(np.quantile(known, KNOWN_QUANTILE))
    scope_floor = float(np.quantile(scope, SCOPE_QUANTILE)) if np.isfinite(scope).all() else None
    eligible = (known >= known_floor) & (scope >= (-np.inf if scope_floor is None else scope_floor))
    order = np.argsort(-confidence[eligible], kind="stable")
    ranked = confidence[eligible][order]
    right = np.cumsum(correct[eligible][order], dtype=np.int64)
    size = np.arange(1, len(order) + 1)
    ends = np.append(ranked[1:] != ranked[:-1], True)
    meets = np.flatnonzero(ends & (wilson_lower(right, size) >= target) & (ranked >= LEAST))
    threshold, precision, coverage = 1.01, 0.0, 0.0
    if len(meets):
        last = int(meets[-1])
        unproven = np.any(ranked[last + 1 :] >= LEAST)
        threshold = float(np.float32(ranked[last])) if unproven else LEAST
        precision, coverage = float(right[last] / size[last]), float(size[last] / len(confidence))
    return Policy(threshold, known_floor, scope_floor, target, round(precision, 4), round(coverage, 4), len(confidence))


def wilson_lower(
    right: NDArray[np.integer[Any]], size: NDArray[np.integer[Any]], z: float = 1.2816
) -> NDArray[np.float64]:
    """Lower bound of a share (Wilson 1927); z = 1.2816 is 90 % one-sided."""
    share = right / size
    centre = share + z * z / (2 * size)
    spread = z * np.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    return np.asarray((centre - spread) / (1 + z * z / size), np.float64)


def fit_label_thresholds(probability: NDArray[np.float32], truth: NDArray[np.bool_]) -> tuple[float, ...]:
    """For each label the probability at which calling it gives the best F1 on held-out rows.

    Parameters
    ----------
    probability, truth : arrays of shape (n, k)
    """
    out = []
    for p, t in zip(probability.T, truth.T, strict=True):
        order = np.argsort(-p, kind="stable")
        ranked, hits = p[order], np.cumsum(t[order])
        f1 = 2 * hits / (np.arange(1, len(p) + 1) + max(int(t.sum()), 1))
        ends = np.append(ranked[1:] != ranked[:-1], True)
        out.append(float(ranked[int(np.argmax(np.where(ends, f1, -1)))]))
    return tuple(out)
