"""Single texts read by their words, each of which is worked out once and then remembered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ideaclass.features import word_columns
from ideaclass.types import SubwordEmbedder

_REMEMBERED = 50_000
_LONGEST_WORD = 30


class Reading(NamedTuple):
    """One text as numbers.

    Attributes
    ----------
    columns : int32 array of shape (m,)
        Its hashed n-grams, ascending and once each.
    counts : float32 array of shape (m,)
        1 + ln(count) of each.
    vector : float32 array of shape (d,), or None
        Its unit vector, where there is an embedder; zero for a text without subwords.
    """

    columns: NDArray[np.int32]
    counts: NDArray[np.float32]
    vector: NDArray[np.float32] | None


class _Word(NamedTuple):
    columns: NDArray[np.int32]
    pieces: NDArray[np.int32]


class WordReader:
    """Reads one text at a time, with the numbers that `ideaclass.features.read` gives for a batch.

    Neither an n-gram nor a subword spans two words, so a text is the sum of its words.

    Parameters
    ----------
    subwords : SubwordEmbedder, optional
        Without one there are no vectors.
    """

    def __init__(self, subwords: SubwordEmbedder | None = None) -> None:
        self._subwords = subwords
        self._known: dict[str, _Word] = {}

    def read(self, text: str) -> Reading:
        """Read one cleaned text."""
        words = [w for w in text.split(" ") if w]
        known = self._known
        learnt: dict[str, _Word] = {}
        if new := [w for w in dict.fromkeys(words) if w not in known]:
            learnt = self._learn(new)
            if len(known) + len(new) > _REMEMBERED:
                self._known = {}
            self._known.update((w, seen) for w, seen in learnt.items() if len(w) <= _LONGEST_WORD)
        seen = [learnt[w] if w in learnt else known[w] for w in words]
        columns, counts = _counted([w.columns for w in seen])
        return Reading(columns, counts, self._vector([w.pieces for w in seen]))

    def _learn(self, words: list[str]) -> dict[str, _Word]:
        if self._subwords is None:
            none = np.zeros(0, np.int32)
            return {w: _Word(word_columns(w), none) for w in words}
        pieces, offsets = self._subwords.word_pieces(words)
        ends = offsets.tolist()
        return {w: _Word(word_columns(w), pieces[ends[i] : ends[i + 1]]) for i, w in enumerate(words)}

    def _vector(self, pieces: list[NDArray[np.int32]]) -> NDArray[np.float32] | None:
        if self._subwords is None:
            return None
        weights = self._subwords.weights
        if not pieces:
            return np.zeros(weights.shape[1], np.float32)
        total = np.add.reduce(weights.take(np.concatenate(pieces), axis=0), axis=0)
        total /= max(float(total @ total) ** 0.5, 1e-12)
        return np.asarray(total, np.float32)


def _counted(columns: list[NDArray[np.int32]]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Merge n-grams given with repetition: each once, ascending, and its value."""
    if not columns:
        return np.zeros(0, np.int32), np.zeros(0, np.float32)
    every = np.concatenate(columns)
    every.sort()
    first = np.empty(len(every) + 1, bool)
    first[0] = first[-1] = True
    np.not_equal(every[1:], every[:-1], out=first[1:-1])
    at = first.nonzero()[0]
    return every[at[:-1]], (1 + np.log(at[1:] - at[:-1])).astype(np.float32)
