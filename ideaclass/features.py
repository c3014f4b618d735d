"""Text to numbers: hashed character n-grams of a whole batch in a few numpy passes, and the words they came from.

Every n-gram of one to four characters inside a word (with the spaces around it) is hashed to one of 2**18 columns.
An n-gram never spans two words, so a linear score over n-grams is exactly a sum over words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ideaclass.types import Embedder, SubwordEmbedder

BITS = 18
WIDTH = 1 << BITS
LONGEST = 4

LETTERS = 0.6
"""Weight of the n-grams where texts are compared by their letters and their vectors; the vectors have the rest."""

SPEC: dict[str, object] = {"kind": "hashed-char-ngrams", "n": [1, LONGEST], "bits": BITS, "fold": "lower,digit"}

_POSITION_BITS = 26
_BATCH_ROWS = 512
_BATCH_CHARS = 1 << 18
_SPACE = 32
_PUNCTUATION = ".,!?~\"'()[]{}<>:;·…"
_FOLDS = {**{c: c + 32 for c in range(65, 91)}, **dict.fromkeys(range(49, 58), 48)}
_FOLDED = np.arange(0x110000, dtype=np.uint32)
_FOLDED[list(_FOLDS)] = list(_FOLDS.values())


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Texts as numbers.

    Attributes
    ----------
    counts : CSR matrix of shape (n, 2**18), float32
        1 + ln(count) of every hashed n-gram.
    vectors : float32 array of shape (n, d), or None
        Unit rows of the embedder.
    """

    counts: sp.csr_matrix
    vectors: NDArray[np.float32] | None = None

    def pick(self, rows: NDArray[np.int64]) -> Rows:
        """Take some of the rows."""
        return Rows(self.counts[rows], None if self.vectors is None else self.vectors[rows])


@dataclass(frozen=True)
class Grams:
    """The n-grams of a batch of n cleaned texts.

    Attributes
    ----------
    columns : int32 array of shape (m,)
        Hashed n-grams of the texts, end to end, ascending and once each within a text.
    values : float32 array of shape (m,)
        1 + ln(count) of each.
    ends : int32 array of shape (n + 1,)
        Text i owns the entries ``ends[i]`` to ``ends[i + 1]``.
    count : int64 array of shape (m,)
        How often each occurs.
    """

    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    ends: NDArray[np.int32]
    count: NDArray[np.int64]
    _text: str
    _code: NDArray[np.uint32]
    _start: NDArray[np.int64]
    _position: NDArray[np.int64]

    @cached_property
    def matrix(self) -> sp.csr_matrix:
        """The same as a CSR matrix of shape (n, 2**18), float32."""
        return sp.csr_matrix((self.values, self.columns, self.ends), shape=(len(self.ends) - 1, WIDTH))

    @cached_property
    def word_start(self) -> NDArray[np.int64]:
        """Character position at which each word of the batch starts."""
        space = self._code == _SPACE
        return np.flatnonzero(space[:-1] & ~space[1:]) + 1

    @cached_property
    def word_doc(self) -> NDArray[np.int64]:
        """Row of each word."""
        return np.searchsorted(self._start, self.word_start, side="right") - 1

    @cached_property
    def spread(self) -> sp.csc_matrix:
        """Share of each non-zero entry of `matrix` that lies in each word, shape (words, entries); columns sum to 1."""
        space = self._code == _SPACE
        opens = np.zeros(len(space), np.int64)
        opens[self.word_start] = 1
        word = (np.cumsum(opens) - 1)[self._position + space[self._position]]
        ends = np.concatenate([[0], np.cumsum(self.count)])
        return sp.csc_matrix(
            (np.repeat(1 / self.count, self.count).astype(np.float32), word, ends),
            shape=(len(self.word_start), len(self.count)),
        )

    @cached_property
    def tokens(self) -> list[str]:
        """Text of every word."""
        return [w for w in self._text.split(" ") if w]

    @cached_property
    def words(self) -> list[str]:
        """Text of every word, without the punctuation around it."""
        return [w.strip(_PUNCTUATION) or w for w in self.tokens]


_MASK = (1 << 64) - 1
_CHARACTER, _STEP, _MIX = 0xC2B2AE3D27D4EB4F, 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9


def _hashes(code: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions and columns of all n-grams of each length, inside words with the spaces around them."""
    size = len(code)
    wide = np.full(size + LONGEST, _SPACE, np.uint64)
    wide[:size] = code
    space = wide == _SPACE
    wide *= np.uint64(_CHARACTER)
    h = np.empty((LONGEST, size), np.uint64)
    keep = np.empty((LONGEST, size), bool)
    np.add(wide[:size], np.uint64(1), out=h[0])
    np.logical_not(space[:size], out=keep[0])
    keep[1] = keep[0] | ~space[1 : size + 1]
    for n in range(2, LONGEST + 1):
        np.multiply(h[n - 2], np.uint64(_STEP), out=h[n - 1])
        h[n - 1] += wide[n - 1 : n - 1 + size]
        h[n - 1] += np.uint64(n)
        if n > 2:
            np.logical_not(space[n - 2 : n - 2 + size], out=keep[n - 1])
            if n > 3:
                keep[n - 1] &= keep[n - 2]
    at = np.nonzero(keep)[1]
    mixed = h[keep]
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(_MIX)
    return at, (mixed >> np.uint64(64 - BITS)).astype(np.int64)


@lru_cache(1 << 16)
def _column(gram: str) -> int:
    """Column of one folded n-gram: `_hashes` in plain Python."""
    h = 0
    for n, character in enumerate(gram, 1):
        h = (h * _STEP + ord(character) * _CHARACTER + n) & _MASK
    return ((h ^ (h >> 29)) * _MIX & _MASK) >> (64 - BITS)


def word_columns(word: str) -> NDArray[np.int32]:
    """Hashed n-grams of one word without spaces, with repetition: those of `ngrams`, sooner for a word alone."""
    padded = f" {word.translate(_FOLDS)} "
    grams = [padded[i : i + n] for n in range(2, LONGEST + 1) for i in range(len(padded) - n + 1)]
    return np.array([*map(_column, padded[1:-1]), *map(_column, grams)], np.int32)


def ngrams(texts: Sequence[str]) -> Grams:
    """Hash the n-grams of n cleaned texts (see `ideaclass.text.clean`).

    Parameters
    ----------
    texts : sequence of n str
        Together below 2**26 characters; see `batches`.

    Returns
    -------
    Grams
        An empty text gives an empty row.
    """
    padded = [f" {t} " for t in texts]
    joined = "".join(padded)
    code = _FOLDED[np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)]
    length = np.fromiter(map(len, padded), np.int64, len(padded))
    start = np.cumsum(length) - length
    doc = np.repeat(np.arange(len(padded), dtype=np.int64), length)
    at, column = _hashes(code)
    key = (doc[at] << (BITS + _POSITION_BITS)) | (column << _POSITION_BITS) | at
    key.sort()
    group = key >> _POSITION_BITS
    first = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if len(key) else np.zeros(0, np.int64)
    count = np.diff(np.append(first, len(key)))
    feature = group[first]
    return Grams(
        columns=(feature & (WIDTH - 1)).astype(np.int32),
        values=(1 + np.log(count)).astype(np.float32),
        ends=np.searchsorted(feature >> BITS, np.arange(len(padded) + 1)).astype(np.int32),
        count=count,
        _text=joined,
        _code=code,
        _start=start,
        _position=key & ((1 << _POSITION_BITS) - 1),
    )


def batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut n texts into (start, stop) ranges small enough for the processor's cache."""
    start = chars = 0
    for i, text in enumerate(texts):
        if i > start and (i - start == _BATCH_ROWS or chars + len(text) > _BATCH_CHARS):
            yield start, i
            start, chars = i, 0
        chars += len(text)
    if start < len(texts):
        yield start, len(texts)


@dataclass(frozen=True, slots=True)
class WordPieces:
    """The subwords behind a batch's vectors.

    Attributes
    ----------
    ids : int32 array of shape (m,)
        Rows of the embedder's weights.
    word : int64 array of shape (m,)
        Number of the word that each lies in, counted over the batch.
    length : float32 array of shape (n,)
        Length of each text's sum of subword vectors.
    bounds : int64 array of shape (n + 1,)
        Text i owns the subwords ``bounds[i]`` to ``bounds[i + 1]``.
    """

    ids: NDArray[np.int32]
    word: NDArray[np.int64]
    length: NDArray[np.float32]
    bounds: NDArray[np.int64]

    def dot(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Multiply the texts' vectors by a matrix, given as its product with every subword: shape (V, c) to (n, c).

        Cheaper than the vectors themselves, and free of BLAS threads, which would fight with ours.
        """
        shape = (len(self.length), len(table))
        counts = sp.csr_matrix((np.ones(len(self.ids), np.float32), self.ids, self.bounds), shape=shape)
        return np.asarray((counts @ table) / self.length[:, None])


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of n texts read once: n-grams, vectors of shape (n, d) where there is an embedder, and their subwords."""

    grams: Grams
    vectors: NDArray[np.float32] | None
    pieces: WordPieces | None


def read(texts: Sequence[str], embedder: Embedder | None = None) -> Batch:
    """Read n cleaned texts; their subwords are told apart where the embedder is a `SubwordEmbedder`."""
    grams = ngrams(texts)
    if embedder is None:
        return Batch(grams, None, None)
    if not isinstance(embedder, SubwordEmbedder):
        return Batch(grams, embedder.encode(texts), None)
    ids, offsets = embedder.word_pieces(grams.tokens)
    first_words = np.searchsorted(grams.word_doc, np.arange(len(texts) + 1))
    bounds = offsets[first_words]
    vectors, length = embedder.pool(ids, bounds)
    word = np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(offsets))
    return Batch(grams, vectors, WordPieces(ids, word, length, bounds))


def rows(texts: Sequence[str], embedder: Embedder | None = None) -> Rows:
    """Any number of cleaned texts as numbers, for fitting."""
    parts = [read(texts[a:b], embedder) for a, b in batches(texts)]
    counts = [p.grams.matrix for p in parts] or [sp.csr_matrix((0, WIDTH), dtype=np.float32)]
    vectors = [p.vectors for p in parts if p.vectors is not None]
    return Rows(sp.vstack(counts, format="csr"), np.concatenate(vectors) if vectors else None)


def inverse_frequency(counts: sp.csr_matrix) -> NDArray[np.float32]:
    """Inverse document frequency of every column, shape (2**18,); that of a column never seen is the highest."""
    seen = np.bincount(counts.indices, minlength=WIDTH)
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + seen)) + 1, np.float32)


def weighted_rows(counts: sp.csr_matrix, idf: NDArray[np.float32]) -> sp.csr_matrix:
    """Rows of counts times idf, each of length one (an empty one stays empty)."""
    data = counts.data * idf[counts.indices]
    weighted = sp.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags(1 / np.maximum(length, 1e-12)) @ weighted, dtype=np.float32)


def highest(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """Positions of the k highest of n scores, highest first, then by position."""
    if k == 1 and len(scores):
        return np.array([scores.argmax()], np.int64)
    if k < len(scores):
        floor = np.partition(scores, len(scores) - k)[len(scores) - k]
        near = np.flatnonzero(scores >= floor)
    else:
        near = np.arange(len(scores))
    return near[np.argsort(-scores[near], kind="stable")][:k]
