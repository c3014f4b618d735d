"""Categories without a training set: given by a name, a definition and a few sentences, with an honest none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ideaclass.errors import InputError
from ideaclass.text import clean
from ideaclass.types import Embedder

NONE_BELOW = 0.2
"""Least score of a match, fitted by tests/bench/bench_guided.py on authored rows within and out of scope."""


@dataclass(frozen=True, slots=True)
class Guide:
    """What a category is about: a name, and a definition or sentences that belong to it."""

    name: str
    definition: str = ""
    seeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Guided:
    """Where n texts belong.

    Attributes
    ----------
    labels : int64 array of shape (n,)
        Index of the category, -1 for none.
    scores : float32 array of shape (n, k)
        Nearness to each category, -1 to 1.
    """

    labels: NDArray[np.int64]
    scores: NDArray[np.float32]


def sort_by(
    texts: Sequence[str], guides: Sequence[Guide], embedder: Embedder, *, none_below: float = NONE_BELOW
) -> Guided:
    """Sort n texts into k categories by the cosine with what each is described by.

    The score of a category is the mean of the nearness to its middle and to its nearest sentence.

    Parameters
    ----------
    texts : sequence of n str
    guides : sequence of k Guide
    embedder : Embedder
    none_below : float
        A text whose best score is lower belongs to none.

    Raises
    ------
    InputError
        If there is no category, or two have one name.
    """
    names = [g.name for g in guides]
    if not names or len(set(names)) < len(names):
        raise InputError(f"guided clustering needs categories with names of their own, not {names}")
    vectors = embedder.encode(clean(texts))
    scores = np.empty((len(texts), len(guides)), np.float32)
    for k, guide in enumerate(guides):
        said = embedder.encode(clean([f"{guide.name} {guide.definition}".strip(), *guide.seeds]))
        middle = said.mean(0)
        middle /= max(float(np.linalg.norm(middle)), 1e-9)
        scores[:, k] = (vectors @ middle + (vectors @ said.T).max(1)) / 2
    best = scores.argmax(1)
    return Guided(np.where(scores.max(1) >= none_below, best, -1), scores)
