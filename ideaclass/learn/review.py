"""Which labels look wrong, and which rows a person should look at first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ideaclass.learn.fit import Fitted

NEAR = 0.95


class Suspect(NamedTuple):
    """A row whose label looks wrong.

    Attributes
    ----------
    row : int
        Position among the examples.
    given, likely : str
        The label it has, and the one that held-out models would give it.
    doubt : float
        How much more probable the likely label is, 0 to 1.
    """

    row: int
    given: str
    likely: str
    doubt: float


def suspects(fitted: Fitted) -> list[Suspect]:
    """Rows whose label looks wrong, the most doubtful first."""
    found = doubt(fitted.probability, fitted.holds)
    best = np.where(fitted.holds, -1, fitted.probability).argmax(axis=1)
    order = np.argsort(-found, kind="stable")
    return [
        Suspect(i, ", ".join(fitted.examples[i].labels), fitted.classes[best[i]], round(float(found[i]), 3))
        for i in order[: int((found > 0).sum())].tolist()
    ]


def doubt(probability: NDArray[np.float32], holds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much the labels of n rows look wrong: 0 where they do not.

    A row is doubted where a label it does not have is nearly as probable as that label is on the rows that do have it
    (confident learning, Northcutt et al. 2021), and more probable than the least probable label it has.
    """
    n = len(holds)
    usual = np.where(holds, probability, 0).sum(axis=0) / np.maximum(holds.sum(axis=0), 1)
    other = np.where(holds, -1, probability)
    best = other.argmax(axis=1)
    rival = other[np.arange(n), best]
    given = np.where(holds, probability, 2).min(axis=1)
    return np.where((rival >= NEAR * usual[best]) & (rival > given), np.maximum(rival - given, 0), 0).astype(np.float64)
