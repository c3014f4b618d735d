"""Several heads over one text, fast: one gather of the text's n-gram rows answers all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ideaclass.classify import LinearHead
from ideaclass.features import WIDTH

_TINY = 1e-12


class Answer(NamedTuple):
    """What one head says about one text.

    Attributes
    ----------
    logits : float32 array of shape (k,)
    norm : float
        Length of the text's n-gram row in the head's idf.
    known : float
        Share of that row (squared) in n-grams that the head has seen.
    """

    logits: NDArray[np.float32]
    norm: float
    known: float


class RowHeads:
    """Heads side by side in one table; a text is one row, so nothing sparse is built for it.

    Scores are those of `ideaclass.classify.HeadStack`, scope columns left out.
    """

    def __init__(self, heads: Sequence[LinearHead]) -> None:
        self.heads = tuple(heads)
        sizes = [len(h.classes) for h in self.heads]
        self._edges = np.cumsum([0, *sizes]).tolist()
        self._owner = np.repeat(np.arange(len(sizes)), sizes)
        k, n = self._edges[-1], len(self.heads)
        self._table = np.zeros((WIDTH, k + 2 * n), np.float32)
        dimension = max((h.dense.shape[0] for h in self.heads), default=0)
        self._dense = np.zeros((dimension, k), np.float32)
        self._bias = np.zeros(k, np.float32)
        for i, (head, size) in enumerate(zip(self.heads, sizes, strict=True)):
            own = slice(self._edges[i], self._edges[i + 1])
            self._table[head.columns, own] = head.weights[:, :size]
            self._table[:, k + i] = head.rest**2
            self._table[head.columns, k + i] = head.idf**2
            self._table[head.columns, k + n + i] = head.idf**2
            self._dense[: head.dense.shape[0], own] = head.dense[:, :size]
            self._bias[own] = head.bias[:size]

    @property
    def dimension(self) -> int:
        """Length of the vectors that the heads need; 0 where n-grams are enough."""
        return int(self._dense.shape[0])

    def answers(
        self, columns: NDArray[np.int32], counts: NDArray[np.float32], vector: NDArray[np.float32] | None
    ) -> list[Answer]:
        """Score one text with every head.

        Parameters
        ----------
        columns, counts : arrays of shape (m,)
            The text's n-grams, as a row of `ideaclass.features.Grams.matrix`.
        vector : float32 array of shape (d,), or None
        """
        k, n = len(self._bias), len(self.heads)
        powers = np.empty((2, len(counts)), np.float32)
        powers[0] = counts
        np.multiply(counts, counts, out=powers[1])
        found = powers @ self._table.take(columns, axis=0)
        total = np.maximum(found[1, k : k + n], _TINY)
        norm = np.sqrt(total)
        logits = self._bias.copy()
        logits += found[0, :k] / norm[self._owner]
        if vector is not None and len(self._dense):
            logits += vector @ self._dense
        known = (found[1, k + n :] / total).tolist()
        edges = self._edges
        return [Answer(logits[edges[i] : edges[i + 1]], long, known[i]) for i, long in enumerate(norm.tolist())]


def row_probabilities(answer: Answer, head: LinearHead) -> NDArray[np.float32]:
    """Calibrated probabilities of shape (k,): those of `ideaclass.classify.probabilities` for one text."""
    p: NDArray[np.float32] = np.exp((answer.logits - np.maximum.reduce(answer.logits)) / np.float32(head.temperature))
    p /= np.add.reduce(p)
    return p
