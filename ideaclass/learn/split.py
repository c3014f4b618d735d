"""Which texts say nearly the same, and folds that never divide them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

FOLDS = 5
ALIKE = 0.7

_BANDS, _ROWS = 16, 4
_PRIME = np.uint64(4294967291)


def near_duplicates(counts: sp.csr_matrix, *, alike: float = ALIKE, seed: int = 0) -> NDArray[np.int64]:
    """Group texts that share most of their n-grams.

    Candidates come from MinHash bands (Broder 1997) and are checked exactly, so texts less alike than `alike` are
    never linked directly; groups are what the links connect.

    Parameters
    ----------
    counts : CSR matrix of shape (n, w)
        N-grams of n texts.
    alike : float
        Least Jaccard similarity of two linked texts.
    seed : int
        Of the hash functions.

    Returns
    -------
    int array of shape (n,)
        Number of each text's group.
    """
    n = counts.shape[0]
    size = np.diff(counts.indptr)
    filled = np.flatnonzero(size)
    if len(filled) < 2:
        return np.arange(n)
    rng = np.random.default_rng(seed)
    column = counts.indices.astype(np.uint64)
    starts = counts.indptr[filled]
    left, right = [], []
    for _ in range(_BANDS):
        band = np.zeros(len(filled), np.uint64)
        for _ in range(_ROWS):
            a, b = rng.integers(1, 2**31, 2, dtype=np.uint64)
            lowest = np.minimum.reduceat((column * a + b) % _PRIME, starts)
            band = band * np.uint64(0x9E3779B97F4A7C15) + lowest
        order = np.argsort(band, kind="stable")
        same = np.flatnonzero(band[order][1:] == band[order][:-1])
        left.append(filled[order[same]])
        right.append(filled[order[same + 1]])
    pairs = np.unique(np.stack([np.concatenate(left), np.concatenate(right)], axis=1), axis=0)
    binary = sp.csr_matrix((np.ones_like(counts.data), counts.indices, counts.indptr), shape=counts.shape)
    shared = np.asarray(binary[pairs[:, 0]].multiply(binary[pairs[:, 1]]).sum(axis=1)).ravel()
    jaccard = shared / (size[pairs[:, 0]] + size[pairs[:, 1]] - shared)
    linked = pairs[jaccard >= alike]
    graph = sp.coo_matrix((np.ones(len(linked)), (linked[:, 0], linked[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def deal(
    texts: Sequence[str],
    labels: Sequence[tuple[str, ...]],
    groups: NDArray[np.int64],
    *,
    folds: int = FOLDS,
    taken: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Deal n texts into folds: groups whole, labels evenly, and the same whatever the order of the rows.

    Parameters
    ----------
    texts, labels : sequences of length n
    groups : int array of shape (n,)
        Texts of one group go into one fold.
    folds : int
        How many.
    taken : int array of shape (n,), optional
        Folds dealt before, -1 where none was; a group keeps the fold that one of its texts has.

    Returns
    -------
    int array of shape (n,)
    """
    fold = np.full(len(texts), -1, np.int64) if taken is None else taken.astype(np.int64).copy()
    known: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    for i, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(i)
        if fold[i] >= 0:
            known[group] = min(known.get(group, folds), int(fold[i]))
    dealt: dict[tuple[str, ...], int] = {}
    fresh = []
    for group, rows in members.items():
        if group in known:
            fold[[i for i in rows if fold[i] < 0]] = known[group]
        else:
            first = min(rows, key=lambda i: (texts[i], labels[i]))
            digest = hashlib.sha256(texts[first].encode("utf-8", "surrogatepass")).digest()
            fresh.append((labels[first], -len(rows), digest, rows))
    for label, _, digest, rows in sorted(fresh):
        at = dealt.setdefault(label, digest[0])
        fold[rows] = at % folds
        dealt[label] = at + 1
    return fold
