"""Which words decided: a linear score taken apart exactly, word by word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ideaclass.features import Grams, WordPieces
from ideaclass.types import Reason


def word_weights(
    grams: Grams, table: NDArray[np.float32], column: NDArray[np.int64], norm: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Add up what the n-grams of each word add to t scores.

    Parameters
    ----------
    grams : Grams
        A batch of n texts.
    table : float32 array of shape (2**18, c)
        Weight of every n-gram for every class.
    column : int64 array of shape (n, t)
        The classes asked about, row by row.
    norm : float32 array of shape (n, t)
        Length of each row; divides its contributions.

    Returns
    -------
    float32 array of shape (words, t)
        For each row they sum to the n-gram part of its scores.
    """
    matrix = grams.matrix
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    at = matrix.indices.astype(np.int64)[:, None] * table.shape[1] + column[row]
    share = table.take(at) * (matrix.data[:, None] / norm[row])
    return np.asarray(grams.spread @ share)


def piece_weights(
    pieces: WordPieces, table: NDArray[np.float32], column: NDArray[np.int64], doc: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Add up what the embedding's subwords of each word add to t scores.

    Parameters
    ----------
    pieces : WordPieces
    table : float32 array of shape (V, c)
        Dot product of every subword's vector with every class's weights.
    column : int64 array of shape (n, t)
        The classes asked about, row by row.
    doc : int64 array of shape (words,)
        Row of each word.

    Returns
    -------
    float32 array of shape (words, t)
        For each row they sum to the embedding's part of its scores.
    """
    row = doc[pieces.word]
    at = pieces.ids.astype(np.int64)[:, None] * table.shape[1] + column[row]
    share = table.take(at) / pieces.length[row, None]
    first = np.searchsorted(pieces.word, np.arange(len(doc) + 1))
    sums = np.concatenate([np.zeros((1, column.shape[1])), np.cumsum(share, axis=0, dtype=np.float64)])
    return np.asarray(sums[first[1:]] - sums[first[:-1]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class TopWords:
    """The r heaviest words of each of n rows; `word` is -1 where a row has fewer that weigh in favour."""

    grams: Grams
    word: NDArray[np.int64]
    weight: NDArray[np.float32]


def top_words(grams: Grams, weight: NDArray[np.float32], r: int = 3) -> list[TopWords]:
    """Pick for each of t scores the words with the largest positive weight of each row, heaviest first.

    Parameters
    ----------
    weight : float32 array of shape (words, t)

    Returns
    -------
    list of t TopWords
        Of two equal words the earlier comes first.
    """
    n, t = grams.matrix.shape[0], weight.shape[1]
    word, value = np.full((t, n, r), -1, np.int64), np.zeros((t, n, r), np.float32)
    left, doc = weight.copy(), grams.word_doc
    if len(doc):
        first = np.flatnonzero(np.append(True, doc[1:] != doc[:-1]))
        group = np.cumsum(np.append(False, doc[1:] != doc[:-1]))
        for rank in range(r):
            best = np.maximum.reduceat(left, first, axis=0)
            at, task = ((left == best[group]) & (left > 0)).nonzero()
            at, task = at[::-1], task[::-1]
            word[task, doc[at], rank], value[task, doc[at], rank] = at, left[at, task]
            taken = word[:, :, rank]
            left[taken[taken >= 0], (taken >= 0).nonzero()[0]] = 0
    return [TopWords(grams, word[i], value[i]) for i in range(t)]


class Reasons(Sequence[tuple[Reason, ...]]):
    """The heaviest words of each row of several batches; strings are cut out of the text when they are looked at."""

    def __init__(self, parts: Sequence[TopWords]) -> None:
        self._parts = list(parts)
        self._ends = np.cumsum([len(p.word) for p in self._parts])

    def __len__(self) -> int:
        return int(self._ends[-1]) if self._parts else 0

    @overload
    def __getitem__(self, i: int) -> tuple[Reason, ...]: ...
    @overload
    def __getitem__(self, i: slice) -> list[tuple[Reason, ...]]: ...
    def __getitem__(self, i: int | slice) -> tuple[Reason, ...] | list[tuple[Reason, ...]]:
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        i = range(len(self))[i]
        number = int(np.searchsorted(self._ends, i, side="right"))
        part = self._parts[number]
        row = i - int(self._ends[number]) + len(part.word)
        return tuple(
            Reason(part.grams.words[w], v)
            for w, v in zip(part.word[row].tolist(), part.weight[row].tolist(), strict=True)
            if w >= 0
        )

    def words(self) -> Iterator[list[str]]:
        """Yield the words alone, row by row, each word once."""
        for part in self._parts:
            text = [*part.grams.words, ""].__getitem__
            for row in part.word.tolist():
                yield [w for w in dict.fromkeys(map(text, row)) if w]
