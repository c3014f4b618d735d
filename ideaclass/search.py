"""Which earlier texts say this? Exact search by meaning and letters at once.

The score mixes two cosines, 0.4 to 0.6: of the sentence vectors, which finds what is said in other words, and of the
n-grams weighted by inverse document frequency, which finds names and terms that the vectors blur. (Equal weights were
as good on held-out ideas and paraphrases; more letters find more FAQ entries: `ideaclass embedder evaluate`.)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Self, overload

import numpy as np
from numpy.typing import NDArray

from ideaclass.artifacts import Artifact, Manifest, default_store, read_folder, write_folder
from ideaclass.embed import StaticEmbedder
from ideaclass.errors import ArtifactError, InputError
from ideaclass.features import LETTERS, highest, inverse_frequency, rows, weighted_rows
from ideaclass.text import clean
from ideaclass.types import Embedder

DEFAULT = "ko-citizen-static"
"""Name of the embedding that ships with the library."""

_TEXTS = "texts.json"
_BLOCK = 256


class Hit(NamedTuple):
    """One text that was found.

    Attributes
    ----------
    position : int
        Its place among the texts of the index.
    text : str
        The text.
    score : float
        Likeness to the query, -1 to 1; 1 for the same text.
    """

    position: int
    text: str
    score: float


class SimilarIndex:
    """Texts with their vectors, searched exactly.

    Parameters
    ----------
    texts : sequence of n str
        The texts to search.
    vectors : float32 array of shape (n, d)
        Their vectors, each of length one.
    embedder : Embedder
        What made the vectors; embeds the queries.
    """

    def __init__(self, texts: Sequence[str], vectors: NDArray[np.float32], embedder: Embedder) -> None:
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise InputError(f"{len(texts)} texts do not fit vectors of shape {vectors.shape}")
        self.texts = tuple(texts)
        self.vectors = vectors
        self._embedder = embedder
        counts = rows(clean(self.texts)).counts
        self._idf = inverse_frequency(counts)
        self._grams = weighted_rows(counts, self._idf)

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"SimilarIndex({len(self.texts):,} texts)"

    @classmethod
    def build(cls, texts: Sequence[str], embedder: Embedder) -> Self:
        """Embed the texts and index them."""
        if isinstance(texts, str):
            raise InputError("an index takes a list of texts, not one text")
        return cls(texts, embedder.encode(list(texts)), embedder)

    @overload
    def search(self, query: str, k: int = 10) -> list[Hit]: ...  # type: ignore[overload-overlap]
    @overload
    def search(self, query: Sequence[str], k: int = 10) -> list[list[Hit]]: ...
    def search(self, query: str | Sequence[str], k: int = 10) -> list[Hit] | list[list[Hit]]:
        """Find the k texts nearest to the query, nearest first; equal scores in the order of the texts.

        Parameters
        ----------
        query : str or sequence of str
            One query, or several.
        k : int
            How many; all of them if there are fewer.

        Returns
        -------
        list of Hit, or one such list per query
        """
        if k < 1:
            raise InputError(f"k is {k}; it must be at least 1")
        if isinstance(query, str):
            return self._search([query], k)[0]
        return self._search(list(query), k)

    def _search(self, queries: list[str], k: int) -> list[list[Hit]]:
        if not queries or not self.texts:
            return [[] for _ in queries]
        vectors, found = self._embedder.encode(queries), []
        if vectors.shape[1] != self.vectors.shape[1]:
            raise InputError(
                f"the index holds vectors of {self.vectors.shape[1]} numbers, and the embedder gives "
                f"{vectors.shape[1]}: it is not the one that the index was built with"
            )
        grams = weighted_rows(rows(clean(queries)).counts, self._idf)
        for start in range(0, len(queries), _BLOCK):
            block = slice(start, start + _BLOCK)
            letters = (grams[block] @ self._grams.T).toarray()
            for scores in (1 - LETTERS) * (vectors[block] @ self.vectors.T) + LETTERS * letters:
                found.append([Hit(int(i), self.texts[i], float(scores[i])) for i in highest(scores, k)])
        return found

    def save(self, folder: str | Path, name: str = "index") -> None:
        """Write the index into a new folder, as an artifact of kind ``index``.

        Raises
        ------
        OutputError
            If it cannot be written there.
        """
        manifest = Manifest(kind="index", name=name, features={"rows": len(self.texts), "width": self.vectors.shape[1]})
        files = {_TEXTS: json.dumps(self.texts, ensure_ascii=False, indent=0).encode("utf-8", "surrogatepass")}
        write_folder(Artifact(manifest, {"vectors": np.ascontiguousarray(self.vectors)}, files), Path(folder))

    @classmethod
    def load(cls, folder: str | Path, embedder: Embedder) -> Self:
        """Read an index back; `embedder` must be the one that it was built with.

        Raises
        ------
        ArtifactError
            If the folder is damaged, or holds no index.
        """
        artifact = read_folder(Path(folder))
        if artifact.manifest.kind != "index" or "vectors" not in artifact.arrays or _TEXTS not in artifact.files:
            raise ArtifactError(f"{folder}: a {artifact.manifest.kind}, not an index of texts")
        try:
            texts = json.loads(artifact.files[_TEXTS].decode("utf-8", "surrogatepass"))
            return cls([str(t) for t in texts], artifact.arrays["vectors"], embedder)
        except (ValueError, TypeError) as e:
            raise ArtifactError(f"{Path(folder) / _TEXTS}: damaged: {e}") from None


@lru_cache(maxsize=1)
def default_embedder() -> StaticEmbedder:
    """Return the embedding that ships with the library, read once.

    Raises
    ------
    UnknownModelError
        If the models were left out of the installation.
    """
    return StaticEmbedder.load(default_store().resolve(DEFAULT))


def similar(query: str, texts: Sequence[str], k: int = 10, embedder: Embedder | None = None) -> list[Hit]:
    """Find the k texts that say most nearly what the query says, nearest first.

    Parameters
    ----------
    query : str
        What to look for.
    texts : sequence of str
        Where to look. To search the same texts often, build a `SimilarIndex`.
    k : int
        How many.
    embedder : Embedder, optional
        The one that ships with the library if None.

    Returns
    -------
    list of Hit
    """
    if embedder is None:
        embedder = default_embedder()
    return SimilarIndex.build(texts, embedder).search(query, k)
