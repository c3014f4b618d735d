"""What people corrected goes into the training data, and a new version out of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ideaclass.artifacts import Store
from ideaclass.errors import InputError
from ideaclass.evaluate import Interval, class_scores, difference
from ideaclass.learn.clean import Cleaned, text_key
from ideaclass.learn.data import Example
from ideaclass.learn.fit import Tell, truth_matrix
from ideaclass.learn.own import OwnModel, examples_of, save, train_examples
from ideaclass.learn.tools import from_tool
from ideaclass.model import TaskModel
from ideaclass.sheets.reviewed import Decision, read_reviewed
from ideaclass.taxonomy import Taxonomy
from ideaclass.text import clean

SLACK = 0.01
"""A new version may lose this much macro-F1 on the frozen test, if that is not more than chance, and still be used."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A new version made from corrections.

    Attributes
    ----------
    made : OwnModel
    before : str
        Version it follows.
    changed, confirmed : int
        Decisions that were used.
    unused : dict of str to int
        Why others were not, and how many.
    frozen : (Interval, Interval, Interval)
        Macro-F1 before and after on the frozen test, and the paired difference.
    corrected : (float, float)
        Share of the corrections that was and is answered rightly by a model that had not seen them.
    promoted : bool
    """

    made: OwnModel
    before: str
    changed: int
    confirmed: int
    unused: dict[str, int]
    frozen: tuple[Interval, Interval, Interval]
    corrected: tuple[float, float]
    promoted: bool


def learn_file(
    path: str | Path,
    *,
    model: str,
    store: Store,
    text: Iterable[str | int] = (),
    force: bool = False,
    lang: str = "ko",
    tell: Tell = lambda _: None,
) -> Learned:
    """Learn from a labelled workbook that people went over.

    Parameters
    ----------
    path : str or Path
        What ``ideaclass label`` wrote, with label cells changed or the review sheet filled in; or what Label Studio
        (.json) or doccano (.jsonl) exported.
    model : str
        Name of the model whose answers were corrected.
    store : Store
    text : iterable of str or int
        Columns the texts are in, where they are not found by themselves.
    force : bool
        Make the new version the stable one even if it is worse.

    Raises
    ------
    InputError
        If the workbook holds no decision about that model's answers, or the model keeps no training texts.
    """
    artifact, _ = examples_of(store, model)
    if Path(path).suffix.lower() in (".json", ".jsonl"):
        decisions, unused = from_tool(path), {}
    else:
        taxonomy = TaskModel.from_artifact(artifact).taxonomy
        reviewed = read_reviewed(path, artifact.manifest.name, taxonomy, text=text)
        decisions, unused = reviewed.decisions, {"lost": len(reviewed.lost), "disputed": len(reviewed.disputed)}
    return learn(
        decisions, source=Path(path).name, model=model, store=store, unused=unused, force=force, lang=lang,
        tell=tell,
    )  # fmt: skip


def learn(
    decisions: Sequence[Decision],
    *,
    source: str,
    model: str,
    store: Store,
    unused: dict[str, int] | None = None,
    force: bool = False,
    lang: str = "ko",
    tell: Tell = lambda _: None,
) -> Learned:
    """Learn from decisions about a model's answers, wherever they were read from; see `learn_file`.

    The frozen test is the data of the first version: every row is answered by a model that was not trained on its
    fold, and the folds stay as they were dealt.
    """
    artifact, old = examples_of(store, model)
    task = TaskModel.from_artifact(artifact)
    usable, refused = _usable(decisions, task.taxonomy)
    unused = {k: v for k, v in {**(unused or {}), **refused}.items() if v}
    if not usable:
        why = ", ".join(f"{k}: {v}" for k, v in unused.items()) or "no label was changed, and none confirmed"
        raise InputError(f"{source}: nothing to learn from ({why})")
    before = artifact.manifest.version
    examples = merge(old, usable, source=source, version=before)
    made = train_examples(
        Cleaned(examples, [], 0, {}, task.taxonomy.multi), task.taxonomy, store=store, parent=before,
        target=artifact.manifest.thresholds["target"], seed=artifact.manifest.seed, lang=lang,
        source=f"{artifact.manifest.data[0]['source']} + {source}", curve=True, tell=tell,
    )  # fmt: skip
    frozen = compare(old, made.fitted.examples, made.fitted.classes)
    corrected = _on_corrections(usable, made)
    worse = frozen[2].high < 0 or frozen[2].value < -SLACK
    saved = save(_noted(made, frozen, corrected), store, parent=before)
    if force or not worse:
        store.promote(artifact.manifest.name, saved.artifact.manifest.version)
    changed = sum(d.changed for d in usable)
    return Learned(
        saved, before, changed, len(usable) - changed, unused, frozen, corrected, promoted=force or not worse
    )


def _usable(decisions: Sequence[Decision], taxonomy: Taxonomy) -> tuple[list[Decision], dict[str, int]]:
    """Keep decisions for labels that the model has."""
    known = set(taxonomy.codes)
    good = [d for d in decisions if set(d.label) <= known and (taxonomy.multi or len(d.label) == 1)]
    return good, {"unknown label": len(decisions) - len(good)}


def merge(old: Sequence[Example], decisions: Sequence[Decision], *, source: str, version: str) -> list[Example]:
    """Add decisions to the data: a text that is there already takes the new label and keeps its fold."""
    keys = [text_key(t) for t in clean([e.text for e in old])]
    examples = dict(zip(keys, old, strict=True))
    for d, key in zip(decisions, (text_key(t) for t in clean([d.text for d in decisions])), strict=True):
        where = f"{source}#{d.row}"
        if key in examples:
            examples[key] = replace(examples[key], labels=d.label, source=where)
        else:
            examples[key] = Example(d.text, d.label, where, added=version)
    return sorted(examples.values())


def compare(
    old: Sequence[Example], new: Sequence[Example], classes: Sequence[str]
) -> tuple[Interval, Interval, Interval]:
    """Macro-F1 before and after on the rows of the first version, by the labels they have now; and the difference."""
    was = {e.text: e.answer for e in old if not e.added}
    rows = [e for e in new if e.text in was and not e.added]
    holds = truth_matrix([e.labels for e in rows], classes)
    before = truth_matrix([was[e.text] for e in rows], classes)
    after = truth_matrix([e.answer for e in rows], classes)
    change = difference(holds, before, after)[1]
    return class_scores(holds, before).macro_f1, class_scores(holds, after).macro_f1, change


def _on_corrections(decisions: Sequence[Decision], made: OwnModel) -> tuple[float, float]:
    answers = {e.text: e.answer for e in made.fitted.examples}
    before = [set(d.answer) == set(d.label) for d in decisions]
    after = [set(answers.get(d.text, d.answer)) == set(d.label) for d in decisions]
    return _mean(np.array(before)), _mean(np.array(after))


def _mean(right: NDArray[np.bool_]) -> float:
    return float(right.mean()) if len(right) else 0.0


def _noted(made: OwnModel, frozen: tuple[Interval, Interval, Interval], corrected: tuple[float, float]) -> OwnModel:
    """Write the comparison into the manifest."""
    learned = {
        "frozen_macro_f1_before": frozen[0].to_list(),
        "frozen_macro_f1_after": frozen[1].to_list(),
        "frozen_macro_f1_difference": frozen[2].to_list(),
        "corrections_right_before": round(corrected[0], 4),
        "corrections_right_after": round(corrected[1], 4),
    }
    manifest = replace(made.artifact.manifest, metrics={**made.artifact.manifest.metrics, "corrections": learned})
    return replace(made, artifact=replace(made.artifact, manifest=manifest))
