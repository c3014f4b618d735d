"""What the summary and review sheets say, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ideaclass.taxonomy import Taxonomy
from ideaclass.types import Labels

REVIEW_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """Counts of one task.

    Attributes
    ----------
    names, counts : tuple
        Categories in the taxonomy's order, and how many rows have each.
    labelled, review : int
        Rows with a label, and those of them a person should check.
    """

    task: str
    title: str
    names: tuple[str, ...]
    counts: tuple[int, ...]
    labelled: int
    review: int
    multi: bool

    @property
    def review_share(self) -> float:
        """Share of labelled rows to check, 0 to 1."""
        return self.review / self.labelled if self.labelled else 0.0


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One answer to check: the position of its row, and what to show."""

    position: int
    title: str
    label: str
    confidence: float
    second: str
    reasons: str


def summarise(labels: Labels, taxonomies: Mapping[str, Taxonomy], lang: str = "ko") -> list[TaskSummary]:
    """Count categories and rows to check, for each task."""
    out = []
    for task, a in labels.tasks.items():
        taxonomy, has = taxonomies[task], a.label >= 0
        counts = a.assigned[has].sum(0) if a.multi else np.bincount(a.label[has], minlength=len(a.classes))
        names = _names(taxonomy, a.classes, lang)
        numbers = tuple(int(n) for n in counts)
        labelled, review = int(has.sum()), int((a.review & has).sum())
        out.append(TaskSummary(task, taxonomy.title(lang), names, numbers, labelled, review, a.multi))
    return out


def review_rows(labels: Labels, taxonomies: Mapping[str, Taxonomy], lang: str = "ko") -> list[ReviewRow]:
    """List the answers to check across tasks, the most instructive first; at most `REVIEW_LIMIT`."""
    found: list[tuple[float, int, int, ReviewRow]] = []
    for order, (task, a) in enumerate(labels.tasks.items()):
        names = (*_names(taxonomies[task], a.classes, lang), "")
        title = taxonomies[task].title(lang)
        for i in np.flatnonzero(a.review & (a.label >= 0)).tolist():
            assigned = "; ".join(names[j] for j in a.assigned[i].nonzero()[0]) if a.multi else names[a.label[i]]
            reasons = ", ".join(dict.fromkeys(r.word for r in a.reasons[i]))
            row = ReviewRow(i, title, assigned, round(float(a.confidence[i]), 3), names[a.second[i]], reasons)
            found.append((-float(a.gain[i]), i, order, row))
    found.sort(key=lambda f: f[:3])
    return [row for *_, row in found[:REVIEW_LIMIT]]


def _names(taxonomy: Taxonomy, classes: Sequence[str], lang: str) -> tuple[str, ...]:
    by_code = dict(zip(taxonomy.codes, taxonomy.names(lang), strict=True))
    return tuple(by_code.get(code, code) for code in classes)
