"""What changed between two models: labels, data, settings, figures, and the answers to the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ideaclass.artifacts import Manifest, Store
from ideaclass.labeler import Labeler
from ideaclass.learn.data import DATA, parse

_SETTINGS = ("features", "embedder", "libraries", "seed", "thresholds")
_FIGURES = ("accuracy", "macro_f1", "expected_calibration_error", "share_without_review", "precision_without_review")


class Move(NamedTuple):
    """A row that two models answer differently: its position and both answers."""

    position: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from one model to another.

    Attributes
    ----------
    added, removed : tuple of str
        Labels.
    rows : dict of str to (int, int)
        Training rows of each label whose number changed.
    texts : (int, int, int) or None
        Training texts added, removed and labelled anew; None where they are not kept with both.
    settings : dict of str to (value, value)
        By dotted name.
    figures : dict of str to (value, value)
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    rows: dict[str, tuple[int, int]]
    texts: tuple[int, int, int] | None
    settings: dict[str, tuple[Any, Any]]
    figures: dict[str, tuple[Any, Any]]


def difference(store: Store, one: str, two: str) -> Difference:
    """Compare two models or versions.

    Raises
    ------
    UnknownModelError, ArtifactError
    """
    a, b = store.load(one), store.load(two)
    before, after = a.manifest, b.manifest
    rows_a, rows_b = _rows(before), _rows(after)
    texts = None
    if DATA in a.files and DATA in b.files:
        old = {e.text: e.labels for e in parse(a.files[DATA], one)}
        new = {e.text: e.labels for e in parse(b.files[DATA], two)}
        moved = sum(old[t] != new[t] for t in old.keys() & new.keys())
        texts = (len(new.keys() - old.keys()), len(old.keys() - new.keys()), moved)
    return Difference(
        tuple(c for c in after.labels if c not in before.labels),
        tuple(c for c in before.labels if c not in after.labels),
        {c: (rows_a[c], rows_b[c]) for c in sorted(rows_a.keys() | rows_b.keys()) if rows_a[c] != rows_b[c]},
        texts,
        _changed(_settings(before), _settings(after)),
        _changed(_figures(before), _figures(after)),
    )


def moves(store: Store, one: str, two: str, texts: Sequence[str]) -> list[Move]:
    """Rows that the two answer differently, by position."""
    said = []
    for ref in (one, two):
        labeler = Labeler.load([ref], store=store)
        (task,) = labeler.taxonomies
        answers = labeler.label(texts).tasks[task]
        names = labeler.taxonomies[task].names()
        said.append(["; ".join(names[j] for j in row.nonzero()[0]) for row in answers.assigned])
    return [Move(i, a, b) for i, (a, b) in enumerate(zip(*said, strict=True)) if a != b]


def _rows(manifest: Manifest) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in manifest.data:
        total.update(part["rows"])
    return total


def _settings(manifest: Manifest) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key in _SETTINGS:
        value = getattr(manifest, key)
        if isinstance(value, dict):
            flat.update({f"{key}.{k}": v for k, v in value.items()})
        else:
            flat[key] = value
    return flat


def _figures(manifest: Manifest) -> dict[str, Any]:
    return {key: manifest.metrics[key] for key in _FIGURES if key in manifest.metrics}


def _changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    keys = sorted(before.keys() | after.keys())
    return {k: (before.get(k), after.get(k)) for k in keys if before.get(k) != after.get(k)}
