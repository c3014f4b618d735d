"""How a model does on rows whose labels are known, and how far those rows are from what it was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ideaclass.artifacts import Artifact, Store
from ideaclass.classify import HeadStack
from ideaclass.errors import InputError
from ideaclass.evaluate import (
    ClassScores,
    Interval,
    class_scores,
    difference,
    expected_calibration_error,
    risk_coverage,
)
from ideaclass.features import rows
from ideaclass.labeler import Labeler
from ideaclass.learn import data
from ideaclass.learn.clean import label_key
from ideaclass.learn.fit import truth_matrix
from ideaclass.learn.own import LabelledTable
from ideaclass.model import TaskModel
from ideaclass.sheets import write
from ideaclass.taxonomy import Taxonomy
from ideaclass.text import clean
from ideaclass.types import TaskLabels

COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
HEADS = {
    "ko": ("행", "글", "실제", "모델", "확신도", "2순위", "근거 단어"),
    "en": ("row", "text", "truth", "answer", "confidence", "second", "reasons"),
}


@dataclass(frozen=True, slots=True)
class Drift:
    """How the rows differ from the training data.

    Attributes
    ----------
    shares : dict of str to (float, float)
        For each class its share of the training data and of these rows.
    distance : float
        Half the sum of the differences of those shares: 0 the same, 1 nothing in common.
    known, confidence, review : (float, float)
        Mean share of n-grams that the model knows, mean confidence, and share of rows to review: on held-out training
        data, and found here. NaN where the manifest does not say.
    """

    shares: dict[str, tuple[float, float]]
    distance: float
    known: tuple[float, float]
    confidence: tuple[float, float]
    review: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """What a labelled file shows about a model.

    Attributes
    ----------
    ref : str
    classes : tuple of k str
        The model's, then those of the file that it does not know.
    positions : int array of shape (n,)
        Rows of the table that were scored: with a text and a label.
    holds, assigned : bool arrays of shape (n, k)
    answers : TaskLabels
        Of every row of the table.
    scores : ClassScores
    ece : float
    answered, precision : float
        Share of rows without review, and how many of those are right.
    risk : list of (coverage, precision)
    drift : Drift
    left_out : int
        Rows without a text or a label.
    unknown : dict of str to int
        Labels of the file that the model does not have; their rows count as wrong.
    trained_on : int
        Scored rows whose text the model was trained on, as far as it keeps its texts: figures with them flatter it.
    """

    ref: str
    classes: tuple[str, ...]
    positions: NDArray[np.int64]
    holds: NDArray[np.bool_]
    assigned: NDArray[np.bool_]
    answers: TaskLabels
    scores: ClassScores
    ece: float
    answered: float
    precision: float
    risk: list[tuple[float, float]]
    drift: Drift
    left_out: int
    unknown: dict[str, int]
    trained_on: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a gate or a report."""
        return {
            "model": self.ref,
            "rows": len(self.positions),
            "rows_trained_on": self.trained_on,
            "accuracy": self.scores.accuracy.to_list(),
            "macro_f1": self.scores.macro_f1.to_list(),
            "expected_calibration_error": round(self.ece, 4),
            "share_without_review": round(self.answered, 4),
            "precision_without_review": round(self.precision, 4),
            "risk_coverage": [[c, round(p, 4)] for c, p in self.risk],
            "label_drift": round(self.drift.distance, 4),
            "known": round(self.drift.known[1], 4),
            "f1": {c: round(float(f), 4) for c, f in zip(self.classes, self.scores.f1, strict=True)},
        }


def codes_of(taxonomy: Taxonomy, labels: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Codes of labels as people write them: code or name, whatever the spacing; unknown ones stay as they are."""
    known: dict[str, str] = {}
    for c in taxonomy.categories:
        for spelling in reversed(c.spellings):
            known[label_key(spelling)] = c.code
    return [tuple(sorted({known.get(label_key(label), label) for label in row})) for row in labels]


def assess(ref: str, source: LabelledTable, *, store: Store, seed: int = 0) -> Assessment:
    """Score a model on a labelled spreadsheet.

    Raises
    ------
    InputError
        If no row has both a text and a label.
    """
    artifact = store.load(ref)
    labeler = Labeler.load([ref], store=store)
    (task,) = labeler.taxonomies
    answers = labeler.label(source.table.texts).tasks[task]
    codes = codes_of(labeler.taxonomies[task], source.labels)
    scored = np.array([i for i, row in enumerate(codes) if row and answers.label[i] >= 0], np.int64)
    if not len(scored):
        raise InputError(f"{source.table.path.name}: no row has both a text and a label")
    strange = Counter(label for i in scored for label in codes[i] if label not in answers.classes)
    classes = (*answers.classes, *sorted(strange))
    holds = truth_matrix([codes[i] for i in scored], classes)
    assigned = np.zeros(holds.shape, bool)
    assigned[:, : len(answers.classes)] = answers.assigned[scored]
    confidence, silent = answers.confidence[scored], answers.review[scored]
    right = holds[np.arange(len(scored)), answers.label[scored]]
    return Assessment(
        ref=artifact.manifest.ref,
        classes=classes,
        positions=scored,
        holds=holds,
        assigned=assigned,
        answers=answers,
        scores=class_scores(holds, assigned, seed=seed),
        ece=expected_calibration_error(confidence, right),
        answered=float((~silent).mean()),
        precision=float(right[~silent].mean()) if (~silent).any() else 0.0,
        risk=risk_coverage(confidence, right, COVERAGES),
        drift=_drift(
            artifact,
            classes,
            holds,
            known=_known(artifact, [source.table.texts[i] for i in scored]),
            confidence=float(confidence.mean()),
            review=float(silent.mean()),
        ),
        left_out=len(codes) - len(scored),
        unknown=dict(sorted(strange.items())),
        trained_on=_trained_on(artifact, [source.table.texts[i] for i in scored]),
    )


def _trained_on(artifact: Artifact, texts: Sequence[str]) -> int:
    """How many of the texts are among those that the model keeps as its training data."""
    if data.DATA not in artifact.files:
        return 0
    seen = set(clean([e.text for e in data.of_artifact(artifact)]))
    return sum(text in seen for text in clean(texts))


def _known(artifact: Artifact, texts: Sequence[str]) -> float:
    """Mean share of the texts' n-grams that the model has seen."""
    stack = HeadStack([TaskModel.from_artifact(artifact).head])
    return float(stack.lengths(rows(clean(texts)).counts)[1].mean())


def _drift(artifact: Artifact, classes: Sequence[str], holds: NDArray[np.bool_], **found: float) -> Drift:
    trained: Counter[str] = Counter()
    for part in artifact.manifest.data:
        trained.update(part["rows"])
    total, here = max(trained.total(), 1), holds.sum(axis=0) / max(int(holds.sum()), 1)
    shares = {c: (trained[c] / total, float(h)) for c, h in zip(classes, here, strict=True)}
    expected: Mapping[str, float] = artifact.manifest.metrics.get("expected", {})
    distance = sum(abs(a - b) for a, b in shares.values()) / 2
    known, confidence, review = ((expected.get(k, float("nan")), found[k]) for k in ("known", "confidence", "review"))
    return Drift(shares, distance, known, confidence, review)


def against(one: Assessment, other: Assessment, *, seed: int = 0) -> tuple[Interval, Interval]:
    """Accuracy and macro-F1 of `one` minus those of `other` on the same file, with paired 95 % intervals."""
    classes = (*one.classes, *(c for c in other.classes if c not in one.classes))
    shared, mine, theirs = np.intersect1d(one.positions, other.positions, return_indices=True)
    if not len(shared):
        raise InputError(f"{one.ref} and {other.ref} share no row that both can be scored on")
    holds = _wide(one, one.holds, classes)[mine] | _wide(other, other.holds, classes)[theirs]
    before, after = _wide(other, other.assigned, classes)[theirs], _wide(one, one.assigned, classes)[mine]
    return difference(holds, before, after, seed=seed)


def _wide(a: Assessment, matrix: NDArray[np.bool_], classes: Sequence[str]) -> NDArray[np.bool_]:
    wide = np.zeros((len(matrix), len(classes)), bool)
    wide[:, [classes.index(c) for c in a.classes]] = matrix
    return wide


def write_wrong(target: Path, source: LabelledTable, found: Assessment, *, lang: str = "ko", overwrite: bool) -> int:
    """Write the rows that the model got wrong as a workbook, the surest mistakes first; return how many.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    write.check_target(target, source.table.path, overwrite)
    a, names = found.answers, np.array([*found.classes, ""], object)
    wrong = np.flatnonzero((found.holds != found.assigned).any(axis=1))
    order = wrong[np.argsort(-a.confidence[found.positions[wrong]], kind="stable")]
    wrong_rows: list[list[object]] = []
    for i in order.tolist():
        at = int(found.positions[i])
        wrong_rows.append(
            [
                source.table.row_numbers[at],
                source.table.texts[at],
                "; ".join(names[:-1][found.holds[i]]),
                "; ".join(names[:-1][found.assigned[i]]),
                round(float(a.confidence[at]), 3),
                names[a.second[at]] if a.second[at] >= 0 else "",
                ", ".join(dict.fromkeys(r.word for r in a.reasons[at])),
            ]
        )
    write.write_rows(target, {"ko": "틀린 행", "en": "Wrong rows"}[lang], HEADS[lang], wrong_rows, texts=(1,))
    return len(wrong_rows)
