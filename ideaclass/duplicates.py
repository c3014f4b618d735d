"""Who said the same thing? Copies of one text are told from the same proposal in other words.

*Copies* are one text edited: re-spaced, re-ordered, with another ending. Candidates share bands of min-hashes, so no
n x n matrix is ever built; each pair is scored by what its n-grams share, weighted by how rare they are. Texts that
differ in a place or a number are never copies. *Other words* are pairs near in meaning, ranked for a person to confirm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ideaclass.errors import InputError
from ideaclass.features import batches, ngrams
from ideaclass.text import clean
from ideaclass.types import Embedder

_BANDS, _ROWS_PER_BAND = 40, 2
_BUCKET = 12
_BLOCK = 512
_NEIGHBOURS = 5
_CROWD = 3
_CROWDED, _OVERLAPPING = 0.75, 0.3
_NOT_WORD = re.compile(r"[^0-9a-z가-힣ㄱ-ㅎㅏ-ㅣ]+")
_ENDING = re.compile(
    r"(?:(?:을|를)?\s*(?:좀|꼭)?\s*(?:해|하여)?\s*(?:주세요|주십시오|주십쇼|주시기바랍니다|주시길|주면좋겠습니다|주면좋겠어요|주시면좋겠습니다"
    r"|주시면감사하겠습니다|줬으면합니다|주셨으면합니다|바랍니다|부탁드립니다|부탁드려요|부탁합니다|합시다|하자|하라|요망|요청|건의|제안|희망"
    r"|드립니다|드려요|합니다|하겠습니다|해요|하면좋겠습니다|하면좋겠어요|했으면좋겠습니다|했으면합니다|했으면|필요합니다|필요해요|필요함|필요|입니다"
    r"|이에요|예요|인데요|네요|습니다|어요|아요|에요|함|음|임|요)|감사합니다|수고하세요|안녕하세요|건의드립니다|제안드립니다|제안합니다|건의합니다)+$"
)
_PLACE = re.compile(
    r"(?<![가-힣])(?:[가-힣]{2,4}(?:구|시청|군|역|동)|[중동서남북]구)(?:청|에서?|의|은|는|이|가|을|를|과|와|로)?(?![가-힣])"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Fitted on authored pairs, never on what is scored.

    Attributes
    ----------
    copy : float
        Least weighted overlap of copies, 0 to 1.
    words : float
        Least score of a pair offered as the same proposal in other words.
    """

    copy: float
    words: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that may say the same in other words, the earlier first, and how near they are."""

    first: int
    second: int
    score: float


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What repeats in n texts.

    Attributes
    ----------
    copies : tuple of tuple of int
        Groups of two or more rows that are copies of one another, in the order of their first row.
    pairs : tuple of Pair
        Pairs that seem to say the same in other words, best first; no two rows of one group of copies.
    """

    copies: tuple[tuple[int, ...], ...]
    pairs: tuple[Pair, ...]


@cache
def thresholds() -> Thresholds:
    """Thresholds that ship with the library."""
    return Thresholds(**json.loads((resources.files("ideaclass") / "duplicates.json").read_text(encoding="utf-8")))


def find_duplicates(
    texts: Sequence[str],
    embedder: Embedder | None = None,
    *,
    pairs: int = 100,
    limits: Thresholds | None = None,
) -> Duplicates:
    """Find what repeats in n texts.

    Parameters
    ----------
    texts : sequence of n str
    embedder : Embedder, optional
        Finds the same in other words; only copies are looked for if None.
    pairs : int
        Most pairs to offer.
    limits : Thresholds, optional
        Those that ship with the library if None.

    Raises
    ------
    InputError
        If `texts` is one string.
    """
    if isinstance(texts, str):
        raise InputError("duplicates are looked for in a list of texts, not in one text")
    limits = limits or thresholds()
    cleaned = clean(texts)
    keys = [squeeze(t) for t in cleaned]
    first: dict[str, int] = {}
    root = np.array([first.setdefault(k, i) if k else i for i, k in enumerate(keys)], np.int64)
    rows = np.array(sorted(first.values(), key=lambda i: keys[i]), np.int64)
    for i, j, _ in copy_pairs([cleaned[r] for r in rows], limits.copy):
        a, b = _find(root, int(rows[i])), _find(root, int(rows[j]))
        root[max(a, b)] = min(a, b)
    groups: dict[int, list[int]] = {}
    for i in range(len(keys)):
        groups.setdefault(_find(root, i), []).append(i)
    copies = tuple(tuple(g) for g in groups.values() if len(g) > 1)
    leaders = [g[0] for g in groups.values() if keys[g[0]]]
    offered: list[Pair] = []
    if embedder is not None and pairs > 0:
        near = word_pairs([cleaned[i] for i in leaders], embedder, limits.words)
        offered = [Pair(leaders[i], leaders[j], s) for i, j, s in near]
        offered.sort(key=lambda p: (-p.score, p.first, p.second))
    return Duplicates(copies, tuple(offered[:pairs]))


def squeeze(text: str) -> str:
    """Text without spaces, punctuation, case, and the formula of asking at its end."""
    bare = _NOT_WORD.sub("", text.lower())
    short = _ENDING.sub("", bare)
    return short if len(short) >= 4 else bare


def copy_pairs(texts: Sequence[str], least: float) -> list[tuple[int, int, float]]:
    """Pairs of n cleaned texts with an overlap of `least` and the same places and numbers, with their overlap."""
    pairs = _candidates(texts)
    if not len(pairs):
        return []
    score = overlap(texts, pairs)
    bare: dict[int, str] = {}
    for i in np.unique(pairs[score >= least]).tolist():
        bare[i] = _NOT_WORD.sub("", texts[i].lower())

    def lacks(i: int, j: int) -> bool:
        """Whether text i names a place or number that text j does not."""
        return any(p not in bare[j] for p in _PLACE.findall(texts[i])) or set(_NUMBER.findall(texts[i])) != set(
            _NUMBER.findall(texts[j])
        )

    kept = zip(pairs[score >= least].tolist(), score[score >= least].tolist(), strict=True)
    return [(i, j, s) for (i, j), s in kept if not lacks(i, j) and not lacks(j, i)]


def overlap(texts: Sequence[str], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """Cosine of the n-grams of each pair of texts, shape (p,); an n-gram in many texts counts little."""
    matrix = _grams(texts)
    seen = np.bincount(matrix.indices, minlength=matrix.shape[1])
    matrix.data *= (1 + np.log((1 + len(texts)) / (1 + seen[matrix.indices]))).astype(np.float32)
    norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    out = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), 1 << 16):
        a, b = pairs[start : start + (1 << 16)].T
        dots = np.asarray(matrix[a].multiply(matrix[b]).sum(1)).ravel()
        out[start : start + (1 << 16)] = dots / np.maximum(norm[a] * norm[b], 1e-9)
    return out


def word_pairs(texts: Sequence[str], embedder: Embedder, least: float) -> list[tuple[int, int, float]]:
    """Pairs of n cleaned texts near in meaning, each with its score.

    The score is the cosine, less three quarters of both texts' mean nearness to their three nearest others (a text that
    is near to everything says little), less 0.3 of the overlap of their letters: an opposite proposal on the same topic
    shares words, the same in other words does not.
    """
    if len(texts) < 2:
        return []
    vectors = embedder.encode(texts)
    k = min(_NEIGHBOURS, len(texts) - 1)
    near = np.empty((len(texts), k), np.int64)
    cosine = np.empty((len(texts), k), np.float32)
    for start in range(0, len(texts), _BLOCK):
        scores = vectors[start : start + _BLOCK] @ vectors.T
        rows = np.arange(len(scores))
        scores[rows, start + rows] = -2
        top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        near[start : start + _BLOCK] = top
        cosine[start : start + _BLOCK] = np.take_along_axis(scores, top, 1)
    crowd = -np.sort(-cosine, axis=1)[:, :_CROWD].mean(1)
    first = np.repeat(np.arange(len(texts)), k)
    pairs, at = np.unique(np.sort(np.stack([first, near.ravel()], 1), axis=1), axis=0, return_index=True)
    own = cosine.ravel()[at]
    score = own - _CROWDED * crowd[pairs].mean(1) - _OVERLAPPING * overlap(texts, pairs)
    kept = (own > 0) & (score >= least)
    return [(i, j, round(s, 5)) for (i, j), s in zip(pairs[kept].tolist(), score[kept].tolist(), strict=True)]


def _grams(texts: Sequence[str]) -> sp.csr_matrix:
    """Hashed n-grams of the squeezed texts, shape (n, 2**18)."""
    bare = [squeeze(t) for t in texts]
    return sp.vstack([ngrams(bare[a:b]).matrix for a, b in batches(bare)], format="csr")


def _candidates(texts: Sequence[str]) -> NDArray[np.int64]:
    """Pairs of texts that share a band of min-hashes, shape (p, 2)."""
    if len(texts) < 2:
        return np.empty((0, 2), np.int64)
    matrix = _grams(texts)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled) < 2:
        return np.empty((0, 2), np.int64)
    starts, column = matrix.indptr[filled], matrix.indices.astype(np.uint64)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(_BANDS):
        band = np.zeros(len(filled), np.uint64)
        for _ in range(_ROWS_PER_BAND):
            a, b = rng.integers(1, 1 << 62, 2, dtype=np.uint64)
            mixed = column * (a | np.uint64(1)) + b
            mixed ^= mixed >> np.uint64(31)
            band = band * np.uint64(0x9E3779B97F4A7C15) + np.minimum.reduceat(
                mixed * np.uint64(0xBF58476D1CE4E5B9), starts
            )
        order = np.argsort(band, kind="stable")
        for step in range(1, _BUCKET):
            same = band[order[step:]] == band[order[:-step]]
            if not same.any():
                break
            a, b = order[:-step][same], order[step:][same]
            found.append(np.minimum(a, b) * len(filled) + np.maximum(a, b))
    both = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
    return np.asarray(filled[np.stack([both // len(filled), both % len(filled)], 1)], np.int64)


def _find(root: NDArray[np.int64], i: int) -> int:
    while root[i] != i:
        root[i] = root[root[i]]
        i = int(root[i])
    return i
