"""Which words decided: a linear score taken apart exactly, word by word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ideaclass.features import Grams, WordPieces
from ideaclass.types import Reason


def word_weights(grams: Grams, weight: NDArray[np.float32], norm: NDArray[np.float32]) -> NDArray[np.float64]:
    """Add up what the n-grams of each word add to a score.

    Parameters
    ----------
    grams : Grams
        A batch of n texts.
    weight : float32 array, one per non-zero entry of ``grams.matrix``
        Weight of that n-gram for the class in question.
    norm : float32 array of shape (n,)
        Length of each row; divides its contributions.

    Returns
    -------
    float64 array, one per word of the batch
        For each row they sum to the n-gram part of its score.
    """
    matrix = grams.matrix
    share = matrix.data * weight / (grams.count * np.repeat(norm, np.diff(matrix.indptr)))
    at = grams.occurrences
    return np.bincount(at.word, share[at.feature], len(grams.word_start)).astype(np.float64, copy=False)


def piece_weights(
    pieces: WordPieces, weight: NDArray[np.float32], words: int, doc: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Add up what the embedding's subwords of each word add to a score.

    Parameters
    ----------
    pieces : WordPieces
    weight : float32 array, one per subword
        Dot product of its vector and the class's weights.
    words : int
        Number of words of the batch.
    doc : int64 array, one per word
        Row of each word.

    Returns
    -------
    float64 array, one per word of the batch
        For each row they sum to the embedding's part of its score.
    """
    share = weight / pieces.length[doc[pieces.word]]
    return np.bincount(pieces.word, share, words).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class TopWords:
    """The r heaviest words of each of n rows; `word` is -1 where a row has fewer that weigh in favour."""

    grams: Grams
    word: NDArray[np.int64]
    weight: NDArray[np.float64]


def top_words(grams: Grams, weight: NDArray[np.float64], r: int = 3) -> TopWords:
    """Pick the words with the largest positive weight of each row, heaviest first."""
    n = grams.matrix.shape[0]
    word, value = np.full((n, r), -1, np.int64), np.zeros((n, r))
    left, doc = weight.copy(), grams.word_doc
    for rank in range(r):
        best = np.zeros(n)
        np.maximum.at(best, doc, left)
        at = np.flatnonzero((left == best[doc]) & (left > 0))[::-1]
        word[doc[at], rank], value[doc[at], rank] = at, left[at]
        left[word[word[:, rank] >= 0, rank]] = 0
    return TopWords(grams, word, value)


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
