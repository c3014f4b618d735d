"""A map of ideas: a disc for each theme, related ones side by side, and in it its ideas, the typical inmost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1000.0, 620.0
_GOLDEN = np.pi * (3 - 5**0.5)
_STEPS = 400
_GAP = 1.2


def discs(sizes: NDArray[np.int64], means: NDArray[np.float32]) -> NDArray[np.float64]:
    """Centre and radius of each of k discs, shape (k, 3), inside `WIDTH` x `HEIGHT`; areas are as the sizes."""
    k = len(sizes)
    radius = np.sqrt(np.maximum(sizes, 1) / np.maximum(sizes, 1).sum())
    if k == 1:
        centre = np.zeros((1, 2))
    else:
        centred = np.asarray(means, np.float64) - means.mean(0)
        _, _, vt = np.linalg.svd(centred, full_matrices=False)
        axes = vt[:2] * np.where(vt[:2][np.arange(len(vt[:2])), np.abs(vt[:2]).argmax(1)] < 0, -1, 1)[:, None]
        centre = centred @ axes.T
        centre = np.pad(centre, ((0, 0), (0, 2 - centre.shape[1])))
        centre = centre / max(float(np.abs(centre).max()), 1e-9) + _fan(k) * 1e-3
        centre = centre * np.array([1.5, 1.0])
        centre = _apart(centre, radius * 1.1)
    low, high = (centre - radius[:, None]).min(0), (centre + radius[:, None]).max(0)
    scale = min((WIDTH - 20) / max(high[0] - low[0], 1e-9), (HEIGHT - 40) / max(high[1] - low[1], 1e-9), 420.0)
    placed = (centre - (low + high) / 2) * scale + np.array([WIDTH / 2, HEIGHT / 2 + 10])
    return np.column_stack([placed, radius * scale])


def points(labels: NDArray[np.int64], cosine: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place of each of n rows in the disc of its label, shape (n, 2): a sunflower, highest cosine inmost."""
    out = np.zeros((len(labels), 2))
    for j, (x, y, r) in enumerate(places):
        rows = np.flatnonzero(labels == j)
        rows = rows[np.argsort(-cosine[rows], kind="stable")]
        spread = 0.9 * r * np.sqrt((np.arange(len(rows)) + 0.5) / max(1, len(rows)))
        turn = np.arange(len(rows)) * _GOLDEN
        out[rows] = np.column_stack([x + spread * np.cos(turn), y + spread * np.sin(turn)])
    return out


def _fan(k: int) -> NDArray[np.float64]:
    turn = np.arange(k) * _GOLDEN
    return np.column_stack([np.cos(turn), np.sin(turn)])


def _apart(centre: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pull discs to the middle and push those that overlap apart, until they lie side by side."""
    need = (radius[:, None] + radius[None]) * _GAP
    np.fill_diagonal(need, 0)
    for step in range(_STEPS):
        centre = centre * (1 - np.array([0.02, 0.05]) * (1 - step / _STEPS))
        for _ in range(6):
            gap = centre[:, None] - centre[None]
            far = np.sqrt((gap**2).sum(2)) + 1e-9
            push = np.clip(need - far, 0, None) / far
            centre = centre + 0.5 * (gap * push[:, :, None]).sum(1) * 0.5
    return centre
