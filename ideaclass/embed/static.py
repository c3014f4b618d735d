"""Static sentence embedding at run time: the mean of subword vectors, with numpy and `tokenizers` alone.

The folder is a stock sentence-transformers model (``StaticEmbedding`` followed by ``Normalize``), and the vectors are
those that ``SentenceTransformer(folder).encode`` gives, within 1e-5.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from tokenizers import Tokenizer

from ideaclass.errors import ArtifactError, InputError

TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"
TENSOR = "embedding.weight"
_REMEMBERED = 200_000
_LONGEST_WORD = 30
_THREADED = 16


class Pieces(NamedTuple):
    """The subwords of a batch of texts, end to end.

    Attributes
    ----------
    ids : int32 array of shape (m,)
        Rows of the weights.
    offsets : int64 array of shape (n + 1,)
        Text i owns the pieces ``offsets[i]`` to ``offsets[i + 1]``.
    starts, ends : int32 arrays of shape (m,)
        Span of each piece in the characters of its text, as given.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]


class StaticEmbedder:
    """Turns texts into unit vectors, each the normalised mean of the vectors of its subwords.

    A text without any subword (empty, or only spaces) gets the zero vector, as in sentence-transformers: its cosine
    to every text is 0. Characters that the vocabulary lacks, such as rare symbols and emoji, share one vector. Threads
    may share an instance: it remembers words, and that alone changes after it is built.

    Parameters
    ----------
    tokenizer : Tokenizer, str or bytes
        Subword tokenizer, or the JSON text of one.
    weights : array of shape (V, d)
        One vector for each subword.

    Raises
    ------
    InputError
        If the tokenizer cannot be read, or does not fit the weights.
    """

    def __init__(self, tokenizer: Tokenizer | str | bytes, weights: NDArray[np.floating[Any]]) -> None:
        if not isinstance(tokenizer, Tokenizer):
            tokenizer = _parse_tokenizer(tokenizer)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        if weights.ndim != 2 or len(weights) < tokenizer.get_vocab_size():
            raise InputError(
                f"weights of shape {weights.shape} do not fit a tokenizer of {tokenizer.get_vocab_size():,} subwords"
            )
        self._tokenizer = tokenizer
        self._weights = np.ascontiguousarray(weights, np.float32)
        self._weights.flags.writeable = False
        self._known: dict[str, list[int]] = {}

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a sentence-transformers folder that holds one ``StaticEmbedding``.

        Raises
        ------
        ArtifactError
            If a file is missing or damaged.
        """
        folder = Path(folder)
        try:
            tensors = load_tensors((folder / WEIGHTS).read_bytes())
            return cls((folder / TOKENIZER).read_bytes(), tensors[TENSOR])
        except OSError as e:
            raise ArtifactError(f"{e.filename or folder}: cannot be read: {e.strerror}") from None
        except (SafetensorError, struct.error) as e:
            raise ArtifactError(f"{folder / WEIGHTS}: damaged: {e}") from None
        except KeyError:
            raise ArtifactError(f"{folder / WEIGHTS}: holds no {TENSOR!r}: not a static embedding") from None
        except InputError as e:
            raise ArtifactError(f"{folder}: {e}") from None

    def __repr__(self) -> str:
        return f"StaticEmbedder({len(self._weights):,} subwords, {self.dimension} dimensions)"

    @property
    def weights(self) -> NDArray[np.float32]:
        """The vectors of the subwords, shape (V, d), read-only."""
        return self._weights

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._weights.shape[1])

    def get_sentence_embedding_dimension(self) -> int:
        """Length of a vector, under sentence-transformers' name."""
        return self.dimension

    def encode(self, sentences: Sequence[str], batch_size: int = 4096) -> NDArray[np.float32]:
        """Vectors of the texts.

        Parameters
        ----------
        sentences : sequence of str
            The texts; any form of Unicode.
        batch_size : int
            Texts worked on at a time. Does not change the result.

        Returns
        -------
        float32 array of shape (n, d)
            Rows of length one, or zero for a text without subwords.
        """
        if isinstance(sentences, str):
            raise InputError("encode takes a list of texts, not one text")
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}; it must be at least 1")
        vectors = np.empty((len(sentences), self.dimension), np.float32)
        for start in range(0, len(sentences), batch_size):
            words = [text.split(" ") for text in sentences[start : start + batch_size]]
            ids, ends = self.word_pieces(list(chain.from_iterable(words)))
            bounds = ends[np.cumsum([0, *map(len, words)])]
            vectors[start : start + batch_size] = self.pool(ids, bounds)[0]
        return vectors

    def pieces(self, sentences: Sequence[str]) -> Pieces:
        """Subwords of the texts and where they stand, to split a score over the words of a text.

        A text's vector is the sum of ``weights[ids]`` over its pieces, scaled to length one; so a linear score of the
        vector is the sum of the pieces' scores times one factor.
        """
        encodings = self._tokenizer.encode_batch(_valid(sentences), add_special_tokens=False)
        ids, offsets = _flatten([e.ids for e in encodings])
        spans = np.array([span for e in encodings for span in e.offsets], np.int32).reshape(-1, 2)
        return Pieces(ids, offsets, spans[:, 0].copy(), spans[:, 1].copy())

    def word_pieces(self, words: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Subwords of single words (no spaces inside), end to end, and the n + 1 offsets of the words in them.

        A subword never spans two words, so those of a text are those of its words. Words are remembered, which makes
        this several times as fast as `pieces`.
        """
        known = self._known
        if new := [w for w in dict.fromkeys(words) if w not in known]:
            valid = _valid(new)
            if len(valid) < _THREADED:
                encodings = [self._tokenizer.encode(w, add_special_tokens=False) for w in valid]
            else:
                encodings = self._tokenizer.encode_batch_fast(valid, add_special_tokens=False)
            learnt = {w: e.ids for w, e in zip(new, encodings, strict=True)}
            if len(known) + len(learnt) > _REMEMBERED:
                self._known = {}
            self._known.update((w, ids) for w, ids in learnt.items() if len(w) <= _LONGEST_WORD)
            return _flatten([learnt[w] if w in learnt else known[w] for w in words])
        return _flatten([known[w] for w in words])

    def pool(
        self, ids: NDArray[np.int32], offsets: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return unit vectors of texts given as subwords, (n, d), and the length of each sum of vectors, (n,)."""
        shape = (len(offsets) - 1, len(self._weights))
        counts = sp.csr_matrix((np.ones(len(ids), np.float32), ids, offsets), shape=shape)
        sums: NDArray[np.float32] = counts @ self._weights
        length = np.maximum(np.sqrt(np.einsum("ij,ij->i", sums, sums)), np.float32(1e-12))
        sums /= length[:, None]
        return sums, length


def _flatten(rows: list[list[int]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    ids = np.fromiter(chain.from_iterable(rows), np.int32, int(offsets[-1]))
    return ids, offsets


def _valid(texts: Sequence[str]) -> list[str]:
    """Return the texts with lone surrogates, which no tokenizer takes, replaced."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return [t.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for t in texts]
    return list(texts)


def _parse_tokenizer(text: str | bytes) -> Tokenizer:
    try:
        return Tokenizer.from_buffer(text.encode() if isinstance(text, str) else text)
    except Exception as e:  # the library raises bare Exception
        raise InputError(f"{TOKENIZER} is damaged: {e}") from None
