"""Few texts read by their words, each of which is worked out once and then remembered."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ideaclass.features import ngrams, word_columns
from ideaclass.types import SubwordEmbedder

_REMEMBERED = 50_000
_LONGEST_WORD = 30
_MANY = 64


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
    """Reads a few texts at a time, with the numbers that `ideaclass.features.read` gives for a batch.

    Neither an n-gram nor a subword spans two words, so a text is the sum of its words.

    Parameters
    ----------
    subwords : SubwordEmbedder, optional
        Without one there are no vectors.
    """

    def __init__(self, subwords: SubwordEmbedder | None = None) -> None:
        self._subwords = subwords
        self._known: dict[str, _Word] = {}

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Read n cleaned texts."""
        cut = [[w for w in text.split(" ") if w] for text in texts]
        known = self._known
        learnt: dict[str, _Word] = {}
        if new := [w for w in dict.fromkeys(chain.from_iterable(cut)) if w not in known]:
            learnt = self._learn(new)
            if len(known) + len(new) > _REMEMBERED:
                self._known = {}
            self._known.update((w, seen) for w, seen in learnt.items() if len(w) <= _LONGEST_WORD)
        out = []
        for words in cut:
            seen = [learnt[w] if w in learnt else known[w] for w in words]
            columns, counts = _counted([w.columns for w in seen])
            out.append(Reading(columns, counts, self._vector([w.pieces for w in seen])))
        return out

    def _learn(self, words: list[str]) -> dict[str, _Word]:
        """Work out words; each keeps arrays of its own, so that one remembered holds no memory of the others."""
        if len(words) < _MANY:
            columns = [word_columns(w) for w in words]
        else:
            grams = ngrams(words)
            ends = np.concatenate([[0], np.cumsum(grams.count)])[grams.ends[1:-1]]
            columns = [c.copy() for c in np.split(np.repeat(grams.columns, grams.count), ends)]
        if self._subwords is None:
            pieces = [np.zeros(0, np.int32)] * len(words)
        else:
            ids, offsets = self._subwords.word_pieces(words)
            pieces = [ids[a:b].copy() for a, b in pairwise(offsets.tolist())]
        return {w: _Word(c, p) for w, c, p in zip(words, columns, pieces, strict=True)}

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
