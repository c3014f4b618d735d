"""Themes: what many texts are about, found, named and kept for next month's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ideaclass.clusters import Clusters, adopt, cluster
from ideaclass.errors import InputError
from ideaclass.keywords import Terms, name_groups, read_terms
from ideaclass.text import clean
from ideaclass.types import Embedder, Tokenizer

SHOWN = 3
_SAME = 0.95
_LOOKED_AT = 200
_BETWEEN = "·"


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme.

    Attributes
    ----------
    name : str
        Its first keywords.
    keywords : tuple of str
        Heaviest first, as most texts write them.
    size : int
        Rows.
    share : float
        Of all rows with text, 0 to 1.
    representatives : tuple of int
        Positions of up to three rows nearest to its middle, no two of them alike.
    cohesion : float
        Mean cosine of its rows with their mean, 0 to 1.
    parent : int
        The broad theme it belongs to, -1 for a broad theme itself.
    """

    name: str
    keywords: tuple[str, ...]
    size: int
    share: float
    representatives: tuple[int, ...]
    cohesion: float
    parent: int = -1


@dataclass(frozen=True, slots=True, eq=False)
class Themes:
    """The themes of n texts.

    Attributes
    ----------
    labels : int64 array of shape (n,)
        Theme of each row; -1 where it belongs to none, or has no text.
    themes : tuple of Theme
        Largest first.
    broad : tuple of Theme
        The level above.
    terms : Terms
        Nouns of the texts.
    vectors : float32 array of shape (n, d)
        What was clustered: unit rows, zero where there is no text.
    """

    labels: NDArray[np.int64]
    themes: tuple[Theme, ...]
    broad: tuple[Theme, ...]
    terms: Terms
    vectors: NDArray[np.float32]
    clusters: Clusters
    _embedder: Embedder
    _tokenizer: Tokenizer

    def assign(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Theme of each of n new texts; -1 for one that is new, or holds no text."""
        texts = clean(texts)
        vectors, _ = _vectors(texts, self._embedder, self._tokenizer, self.terms.common)
        labels = np.full(len(texts), -1, np.int64)
        rows = np.flatnonzero(vectors.any(1))
        if len(rows):
            labels[rows] = self.clusters.assign(vectors[rows])
        return labels

    @property
    def broad_labels(self) -> NDArray[np.int64]:
        """Broad theme of each row, -1 where it belongs to none."""
        return np.where(self.labels >= 0, self.clusters.parents[self.labels], -1)


def find_themes(
    texts: Sequence[str],
    embedder: Embedder,
    tokenizer: Tokenizer,
    n_themes: int | None = None,
    without: frozenset[str] = frozenset(),
) -> Themes:
    """Find the themes of n texts.

    The result is the same for any order of the texts.

    Parameters
    ----------
    texts : sequence of n str
        Texts without letters or digits belong to no theme.
    embedder : Embedder
    tokenizer : Tokenizer
        Finds the nouns that themes are made of and named by.
    n_themes : int, optional
        How many themes; chosen by the data if None.
    without : frozenset of str
        Nouns to pass over: what all texts are about.

    Raises
    ------
    InputError
        If `texts` is one string, or `n_themes` is below 1.
    """
    if isinstance(texts, str):
        raise InputError("themes take a list of texts, not one text")
    if n_themes is not None and n_themes < 1:
        raise InputError(f"n_themes is {n_themes}; it must be at least 1")
    texts = clean(texts)
    vectors, terms = _vectors(texts, embedder, tokenizer, without)
    rows = np.flatnonzero(vectors.any(1))
    if not len(rows):
        raise InputError("there is no text to find themes in: no row holds a letter")
    found = cluster([texts[i] for i in rows], vectors[rows], n_themes)
    return _described(texts, rows, found, vectors, terms, embedder, tokenizer)


def restore_themes(
    texts: Sequence[str], names: Sequence[str], embedder: Embedder, tokenizer: Tokenizer
) -> tuple[Themes, tuple[str, ...]]:
    """Build earlier themes again from texts and the name each was filed under, to `assign` new texts to them.

    Parameters
    ----------
    texts, names : sequences of n str
        A row with an empty name belongs to none.

    Returns
    -------
    Themes, and the name of each theme in their order
    """
    texts = clean(texts)
    vectors, terms = _vectors(texts, embedder, tokenizer)
    rows = np.array([i for i, name in enumerate(names) if name and vectors[i].any()], np.int64)
    if not len(rows):
        raise InputError("the earlier table has no row with both a text and a theme")
    known = sorted({names[i] for i in rows})
    given = np.array([known.index(names[i]) for i in rows], np.int64)
    found = adopt([texts[i] for i in rows], vectors[rows], given)
    themes = _described(texts, rows, found, vectors, terms, embedder, tokenizer)
    return themes, tuple(known[int(given[found.labels == j][0])] for j in range(len(found.means)))


def _vectors(
    texts: Sequence[str], embedder: Embedder, tokenizer: Tokenizer, without: frozenset[str] = frozenset()
) -> tuple[NDArray[np.float32], Terms]:
    """Embed the nouns of each text, for how people ask is no theme; the whole text where it has none."""
    terms = read_terms(texts, tokenizer, without)
    sources = [
        " ".join(nouns) if nouns else text if any(map(str.isalnum, text)) else ""
        for text, nouns in zip(texts, terms.nouns, strict=True)
    ]
    return embedder.encode(sources), terms


def _described(
    texts: Sequence[str],
    rows: NDArray[np.int64],
    found: Clusters,
    vectors: NDArray[np.float32],
    terms: Terms,
    embedder: Embedder,
    tokenizer: Tokenizer,
) -> Themes:
    labels = np.full(len(texts), -1, np.int64)
    labels[rows] = found.labels
    broad = np.where(labels >= 0, found.parents[labels], -1)
    themes = _level(texts, labels, vectors, terms, len(rows), found.parents.tolist())
    above = _level(texts, broad, vectors, terms, len(rows), [-1] * (int(found.parents.max()) + 1))
    return Themes(labels, themes, above, terms, vectors, found, embedder, tokenizer)


def _level(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    vectors: NDArray[np.float32],
    terms: Terms,
    total: int,
    parents: Sequence[int],
) -> tuple[Theme, ...]:
    groups = [np.flatnonzero(labels == j).astype(np.int64) for j in range(len(parents))]
    out = []
    for rows, words, parent in zip(groups, name_groups(terms, [g.tolist() for g in groups]), parents, strict=True):
        if not len(rows):
            out.append(Theme("-", (), 0, 0.0, (), 0.0, parent))
            continue
        mean = vectors[rows].mean(0, dtype=np.float64)
        cosine = vectors[rows] @ (mean / max(float(np.linalg.norm(mean)), 1e-9))
        shown = _shown(texts, rows, cosine, vectors)
        name = _BETWEEN.join(words[:3]) or texts[shown[0]][:20]
        theme = Theme(name, tuple(words), len(rows), len(rows) / total, shown, float(cosine.mean()), parent)
        out.append(theme)
    return tuple(out)


def _shown(
    texts: Sequence[str], rows: NDArray[np.int64], cosine: NDArray[np.float64], vectors: NDArray[np.float32]
) -> tuple[int, ...]:
    """Rows nearest to the middle, the longer of equals first, no two alike."""
    nearness = dict(zip(rows.tolist(), cosine.round(4).tolist(), strict=True))
    chosen: list[int] = []
    for row in sorted(nearness, key=lambda i: (-nearness[i], -len(texts[i]), texts[i]))[:_LOOKED_AT]:
        if all(float(vectors[row] @ vectors[c]) < _SAME and texts[row] != texts[c] for c in chosen):
            chosen.append(row)
        if len(chosen) == SHOWN:
            break
    return tuple(chosen)
