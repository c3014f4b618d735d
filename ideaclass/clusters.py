"""Vectors to clusters, without chance: the same for any order of the rows, and nearly the same with one row more.

A sample of rows, chosen by a hash of their text, is averaged with its nearest neighbours. Clusters begin at the rows
that speak for most others: each is the one that adds most to what those before it cover (greedy facility location,
Nemhauser, Wolsey and Fisher, Math. Programming 14, 1978); all rows then go to the nearest centre. Every step is a
function of the set of rows alone, and one row more adds a little to what each candidate covers, where density peaks, a
tree of merges (Ward's) or a best number of clusters tip over more easily.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE = 2000
NEIGHBOURS = 30
ROUNDS = 2
_BLOCK = 1024
_STEPS = 2
_LEAST_GAIN = 0.1
_STRANGERS = 0.85
_MOST_APART = 1 / 12


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """A sample of rows; any vector becomes the mean of its nearest ones among them, round after round.

    This takes the chance out of single short texts: what a text and its neighbours share stays.

    Attributes
    ----------
    layers : tuple of float32 arrays of shape (m, d)
        The sample's vectors before each round.
    """

    layers: tuple[NDArray[np.float32], ...]

    @classmethod
    def of(cls, sample: NDArray[np.float32]) -> Neighbourhood:
        """Build it from the unit vectors of a sample."""
        layers = [sample]
        for _ in range(ROUNDS - 1):
            layers.append(_averaged(layers[-1], layers[-1]))
        return cls(tuple(layers))

    def smooth(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors of shape (n, d), each averaged over its neighbourhood, of length one."""
        for layer in self.layers:
            vectors = _averaged(vectors, layer)
        return vectors


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """What was found in n rows.

    Attributes
    ----------
    labels : int64 array of shape (n,)
        Cluster of each row, 0 to k - 1; -1 where a row is no nearer to its cluster than strangers are.
    centres : float32 array of shape (k, d)
        In the averaged space.
    means : float32 array of shape (k, d)
        Unit means of the rows' own vectors.
    parents : int64 array of shape (k,)
        The broader cluster of each, 0 to the number of broad ones - 1.
    floor : float
        Least cosine with its mean that a row needs to belong.
    """

    labels: NDArray[np.int64]
    centres: NDArray[np.float32]
    means: NDArray[np.float32]
    parents: NDArray[np.int64]
    floor: float
    neighbourhood: Neighbourhood

    def assign(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """Cluster of each of n vectors, -1 for those that belong to none."""
        labels = _nearest(self.neighbourhood.smooth(vectors), self.centres)
        return np.where(_own_cosine(vectors, self.means, labels) >= self.floor, labels, -1)


def cluster(keys: Sequence[str], vectors: NDArray[np.float32], count: int | None = None) -> Clusters:
    """Cluster n rows.

    Parameters
    ----------
    keys : sequence of n str
        Text of each row: rows are told apart, and put in order, by it.
    vectors : float32 array of shape (n, d)
        Unit rows, the same for the same key; n is at least 1.
    count : int, optional
        Number of clusters. If None, as many as still cover something new, and no more than a reader can take in for so
        many rows (1.25 n^0.4).

    Returns
    -------
    Clusters
        Ordered by size, largest first.
    """
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    ordered = np.ascontiguousarray(vectors[order])
    sample = ordered[_sample([keys[i] for i in order])]
    neighbourhood = Neighbourhood.of(sample)
    space, points = neighbourhood.smooth(ordered), neighbourhood.smooth(sample)
    most = count or max(1, int(1.25 * len(order) ** 0.4))
    chosen, gain = _cover(points, most)
    k = most if count else max(1, int((gain >= _LEAST_GAIN).sum()))
    labels, centres = _settle(space, points[chosen[:k]])
    if count is None:
        labels, centres = _without_small(space, labels, centres)
    else:
        kept, labels = np.unique(labels, return_inverse=True)
        centres = centres[kept]
    parents = _parents(space, points[chosen], labels)
    return _ranked(order, ordered, labels, centres, parents, neighbourhood)


def adopt(keys: Sequence[str], vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> Clusters:
    """Take n rows' clusters, 0 to k - 1, as they are given; every row keeps its own."""
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    ordered, given = np.ascontiguousarray(vectors[order]), labels[order]
    sample = ordered[_sample([keys[i] for i in order])]
    neighbourhood = Neighbourhood.of(sample)
    centres = _means(neighbourhood.smooth(ordered), given)
    parents = np.zeros(len(centres), np.int64)
    return _ranked(order, ordered, given, centres, parents, neighbourhood, apart=False)


def _ranked(
    order: NDArray[np.int64],
    ordered: NDArray[np.float32],
    labels: NDArray[np.int64],
    centres: NDArray[np.float32],
    parents: NDArray[np.int64],
    neighbourhood: Neighbourhood,
    *,
    apart: bool = True,
) -> Clusters:
    """Clusters by size, largest first; rows that are strangers in theirs are set apart if `apart`."""
    means = _unit(_means(ordered, labels))
    floor = _floor(ordered, means, labels)
    if apart:
        labels = np.where(_own_cosine(ordered, means, labels) >= floor, labels, -1)
    rank = np.argsort(-np.bincount(labels[labels >= 0], minlength=len(centres)), kind="stable")
    place = np.append(np.argsort(rank, kind="stable"), -1)
    found = np.empty(len(order), np.int64)
    found[order] = place[labels]
    _, first, broad = np.unique(parents[rank], return_index=True, return_inverse=True)
    broad = np.argsort(np.argsort(first, kind="stable"), kind="stable")[broad]
    return Clusters(found, centres[rank], means[rank], broad, floor, neighbourhood)


def _sample(keys: Sequence[str]) -> NDArray[np.int64]:
    """Up to `SAMPLE` rows with different keys: those with the lowest hashes, so that a row more changes one at most."""
    hashes = np.array(
        [int.from_bytes(hashlib.blake2b(k.encode("utf-8", "replace"), digest_size=7).digest()) for k in keys]
    )
    _, first = np.unique(hashes, return_index=True)
    return np.sort(first[:SAMPLE])


def _averaged(vectors: NDArray[np.float32], sample: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each vector replaced by the mean of its nearest of the sample, weighted by the cube of the cosine."""
    k = min(NEIGHBOURS, len(sample), max(2, len(sample) // 10))
    out = np.empty_like(vectors)
    for start in range(0, len(vectors), _BLOCK):
        cosine = vectors[start : start + _BLOCK] @ sample.T
        near = np.sort(np.argpartition(-cosine, k - 1, axis=1)[:, :k], axis=1)
        weight = np.clip(np.take_along_axis(cosine, near, 1), 0, None) ** 3
        out[start : start + _BLOCK] = np.einsum("nk,nkd->nd", weight, sample[near])
    return _unit(out)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return np.asarray(rows / length, np.float32)


def _cover(points: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Choose points one by one, each adding most to how well the nearest chosen one covers every point.

    A point covers another by their squared cosine. Returns the chosen ones in that order, and what each added.
    """
    covers = np.clip(points @ points.T, 0, None) ** 2
    best = np.zeros(len(points), np.float32)
    chosen: list[int] = []
    gains: list[float] = []
    for _ in range(min(count, len(points))):
        gain = np.maximum(covers, best).sum(axis=1) - best.sum()
        gain[chosen] = -1
        chosen.append(int(gain.argmax()))
        gains.append(float(gain[chosen[-1]]))
        best = np.maximum(best, covers[chosen[-1]])
    return np.array(chosen, np.int64), np.array(gains, np.float32)


def _means(rows: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    k = int(labels.max()) + 1
    sums = np.zeros((k, rows.shape[1]), np.float64)
    np.add.at(sums, labels, rows)
    return (sums / np.maximum(np.bincount(labels, minlength=k), 1)[:, None]).astype(np.float32)


def _nearest(rows: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    scores = rows @ centres.T - np.einsum("kd,kd->k", centres, centres) / 2
    return np.asarray(scores.argmax(1), np.int64)


def _settle(rows: NDArray[np.float32], centres: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Move rows to the nearest centre and centres to the mean of their rows, a few times."""
    labels = _nearest(rows, centres)
    for _ in range(_STEPS):
        held = np.bincount(labels, minlength=len(centres)) > 0
        moved = centres.copy()
        moved[: labels.max() + 1] = _means(rows, labels)
        centres = np.where(held[:, None], moved, centres)
        again = _nearest(rows, centres)
        if np.array_equal(again, labels):
            break
        labels = again
    return labels, centres


def _without_small(
    rows: NDArray[np.float32], labels: NDArray[np.int64], centres: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Give up clusters too small to be a theme; their rows go where they are nearest."""
    least = max(2 if len(rows) < 50 else 3, len(rows) // 500)
    while True:
        sizes = np.bincount(labels, minlength=len(centres))
        large = sizes >= min(least, sizes.max())
        if large.all():
            return labels, centres
        labels, centres = _settle(rows, centres[large])


def _parents(rows: NDArray[np.float32], chosen: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Broad cluster of each cluster: of a few clusters around the first chosen, the one that has most of its rows."""
    k = int(labels.max()) + 1
    if k < 5:
        return np.zeros(k, np.int64)
    broad, _ = _settle(rows, chosen[: round(1.3 * k**0.5)])
    shared = np.zeros((k, int(broad.max()) + 1), np.int64)
    np.add.at(shared, (labels, broad), 1)
    return np.asarray(shared.argmax(1), np.int64)


def _own_cosine(
    vectors: NDArray[np.float32], means: NDArray[np.float32], labels: NDArray[np.int64]
) -> NDArray[np.float32]:
    return np.asarray(np.einsum("nd,nd->n", vectors, means[labels]), np.float32)


def _floor(vectors: NDArray[np.float32], means: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Cosine that 85 of 100 rows of other clusters stay below, yet no more than sets one row in twelve apart."""
    if len(means) < 2:
        return -1.0
    cosine = vectors @ means.T
    own = cosine[np.arange(len(vectors)), labels].copy()
    cosine[np.arange(len(vectors)), labels] = np.nan
    return float(min(np.nanquantile(cosine, _STRANGERS), np.quantile(own, _MOST_APART)))
