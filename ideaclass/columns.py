"""Labels as named table columns, in Korean or English: the one place that decides what our columns are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ideaclass.taxonomy import Taxonomy
from ideaclass.types import Labels, TaskLabels

WORDS = {
    "ko": {
        "confidence": "확신도",
        "second": "2순위",
        "reasons": "근거 단어",
        "review": "검토",
        "flag": "검토 필요",
        "note": "처리 메모",
    },
    "en": {
        "confidence": "confidence",
        "second": "second",
        "reasons": "reasons",
        "review": "review",
        "flag": "review",
        "note": "note",
    },
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ours: `kind` is label, confidence, second, reasons, review or note; `task` is empty for a note."""

    name: str
    kind: str
    task: str
    values: list[Any]


def task_columns(answers: TaskLabels, taxonomy: Taxonomy, lang: str = "ko") -> list[Column]:
    """Label, confidence, second label, reasons and review flag of one task, n values each.

    A label that could not be given is an empty string, its confidence None.
    """
    words, title = WORDS[lang], taxonomy.title(lang)
    names = [*taxonomy.names(lang), ""]
    if answers.multi:
        labels = ["; ".join(names[j] for j in row.nonzero()[0]) for row in answers.assigned]
    else:
        labels = [names[i] for i in answers.label.tolist()]
    confidence = [
        c if i >= 0 else None
        for i, c in zip(answers.label.tolist(), answers.confidence.astype(float).round(3).tolist(), strict=True)
    ]
    flag = words["flag"]
    return [
        Column(title, "label", answers.task, labels),
        Column(f"{title} {words['confidence']}", "confidence", answers.task, confidence),
        Column(f"{title} {words['second']}", "second", answers.task, [names[i] for i in answers.second.tolist()]),
        Column(
            f"{title} {words['reasons']}",
            "reasons",
            answers.task,
            [", ".join(words) for words in answers.reasons.words()],
        ),
        Column(
            f"{title} {words['review']}", "review", answers.task, [flag if r else "" for r in answers.review.tolist()]
        ),
    ]


def columns(labels: Labels, taxonomies: Mapping[str, Taxonomy], lang: str = "ko") -> list[Column]:
    """All our columns for a batch: five per task, then one with the reason for rows that could not be labelled."""
    out = [c for task, answers in labels.tasks.items() for c in task_columns(answers, taxonomies[task], lang)]
    if labels.notes:
        out.append(Column(WORDS[lang]["note"], "note", "", [labels.notes.get(i, "") for i in range(labels.size)]))
    return out
