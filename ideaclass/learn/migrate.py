"""Another set of labels for the same data: rename, merge, split by examples; and what is wrong with a taxonomy."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ideaclass.artifacts import Artifact, Store
from ideaclass.classify import HeadStack, fit_head
from ideaclass.errors import FileError, InputError
from ideaclass.features import rows
from ideaclass.learn import taxa
from ideaclass.learn.assess import codes_of
from ideaclass.learn.clean import Cleaned, label_text, text_key
from ideaclass.learn.data import DATA, Example, parse
from ideaclass.learn.fit import C, Tell
from ideaclass.learn.own import OwnModel, examples_of, save, train_examples
from ideaclass.model import TaskModel
from ideaclass.taxonomy import Taxonomy
from ideaclass.text import clean

ALIKE = 0.6
CONFUSED = 0.3


class Rule(NamedTuple):
    """One line of a map: an old label, the new one (empty to drop it), and a text that belongs there, if any."""

    old: str
    new: str
    text: str


class Moved(NamedTuple):
    """A row whose label changed: where it stands, its text, labels before and after, and how that was decided."""

    source: str
    text: str
    before: str
    after: str
    how: str


@dataclass(frozen=True, slots=True, eq=False)
class Migrated:
    """A new version under new labels.

    Attributes
    ----------
    made : OwnModel
    before : str
        Reference of the model it was made from.
    moved : list of Moved
        Every row whose label changed.
    dropped : int
        Rows that have no label any more.
    """

    made: OwnModel
    before: str
    moved: list[Moved]
    dropped: int


def read_map(path: str | Path) -> list[Rule]:
    """Read a map: a CSV file with the columns ``old``, ``new`` and, for splits, ``text``.

    Raises
    ------
    FileError
        If it cannot be read.
    InputError
        If a column is missing or it is empty.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise FileError(f"{path}: cannot be read as a UTF-8 CSV file: {e}") from None
    if not lines or not {"old", "new"} <= lines[0].keys():
        raise InputError(
            f"{path}: needs a header with the columns old and new (and text, to split), and a line below it"
        )
    return [Rule(label_text(r["old"] or ""), label_text(r["new"] or ""), (r.get("text") or "").strip()) for r in lines]


def migrate(
    model: str,
    name: str,
    rules: Sequence[Rule],
    *,
    store: Store,
    lang: str = "ko",
    tell: Tell = lambda _: None,
) -> Migrated:
    """Relabel a model's training data by a map, retrain, and save it as a MAJOR version, not yet in use.

    A label that no rule names stays. Rules that give one old label several new ones split it: each needs texts, which
    decide themselves, and teach a head that decides the others.

    Parameters
    ----------
    model : str
        Reference of the model whose data is relabelled.
    name : str
        What the new model is called; the same name makes its next MAJOR version.
    rules : sequence of Rule
    store : Store

    Raises
    ------
    InputError
        If the map names labels that are not there, splits without texts, or leaves fewer than two labels.
    """
    artifact, old = examples_of(store, model)
    task = TaskModel.from_artifact(artifact)
    coded = codes_of(task.taxonomy, [[r.old] for r in rules])
    plan: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for rule, (code,) in zip(rules, coded, strict=True):
        if code not in task.taxonomy.codes:
            there = ", ".join(task.taxonomy.codes)
            raise InputError(
                f"the map names the label {rule.old!r}, which {artifact.manifest.ref} lacks; it has {there}"
            )
        plan[code][rule.new] += [rule.text] if rule.text else []
    chosen: dict[str, dict[str, tuple[str, str]]] = {}
    for code, targets in plan.items():
        if len(targets) > 1:
            chosen[code] = _split(code, targets, [e for e in old if code in e.labels])
    examples, moved, dropped = [], [], 0
    merged = Counter(next(iter(t)) for t in plan.values() if len(t) == 1)
    for e in old:
        after, how = [], ""
        for label in e.labels:
            if label in chosen:
                new, how = chosen[label][e.text]
            elif label in plan:
                new = next(iter(plan[label]))
                kept = new in task.taxonomy.codes and new not in plan
                how = "dropped" if not new else "merged" if merged[new] > 1 or kept else "renamed"
            else:
                new = label
            after += [new] if new else []
        labels = tuple(sorted(set(after)))
        if labels != e.labels:
            moved.append(Moved(e.source, e.text, "; ".join(e.labels), "; ".join(labels), how))
        if labels:
            examples.append(replace(e, labels=labels))
        else:
            dropped += 1
    taxonomy = _taxonomy(task.taxonomy, name, plan, examples)
    if len(taxonomy.codes) < 2:
        raise InputError(f"the map leaves only the label {', '.join(taxonomy.codes) or 'none'}; it takes two")
    made = train_examples(
        Cleaned(sorted(examples), [], 0, {}, taxonomy.multi), taxonomy, store=store,
        parent=artifact.manifest.version if name == artifact.manifest.name else None,
        target=artifact.manifest.thresholds["target"], seed=artifact.manifest.seed, lang=lang,
        source=artifact.manifest.data[0]["source"], tell=tell,
    )  # fmt: skip
    saved = save(made, store, parent=made.artifact.manifest.parent)
    return Migrated(saved, artifact.manifest.ref, sorted(moved), dropped)


def _split(code: str, targets: dict[str, list[str]], members: list[Example]) -> dict[str, tuple[str, str]]:
    """Decide the new label of every text of a label that is split."""
    if empty := [new or "(drop)" for new, texts in targets.items() if not texts]:
        raise InputError(f"the label {code!r} is split, and the map gives no text that belongs to {', '.join(empty)}")
    names = sorted(targets)
    given = [(text, new) for new in names for text in targets[new]]
    head = fit_head(
        rows(clean([t for t, _ in given])), [n for _, n in given], classes=names, C=C, loss="hinge", class_weight="root"
    )
    texts = clean([e.text for e in members])
    best = HeadStack([head]).scores(rows(texts)).logits[0].argmax(axis=1)
    fixed = {text_key(t): n for t, n in zip(clean([t for t, _ in given]), (n for _, n in given), strict=True)}
    decided = {}
    for e, text, i in zip(members, texts, best.tolist(), strict=True):
        key = text_key(text)
        decided[e.text] = (fixed[key], "split: by the map") if key in fixed else (names[i], "split: by likeness")
    return decided


def _taxonomy(old: Taxonomy, name: str, plan: dict[str, dict[str, list[str]]], examples: Sequence[Example]) -> Taxonomy:
    """Keep the categories that stay as they are; make new ones for the others; only those with rows."""
    used = {label for e in examples for label in e.labels}
    stay = [c for c in old.categories if c.code in used and c.code not in plan]
    codes = {c.code for c in stay}
    fresh = sorted({new for targets in plan.values() for new in targets if new and new not in codes} & used)
    new = taxa.from_labels(name, old.ko, fresh, multi=old.multi, source=old.source)
    major = int(old.version.split(".")[0]) + 1 if old.version.split(".")[0].isdecimal() else 2
    return replace(new, en=old.en, version=f"{major}.0", categories=(*stay, *new.categories))


def lint(taxonomy: Taxonomy, artifact: Artifact | None = None) -> list[tuple[str, str]]:
    """List what is wrong with a taxonomy: kind and a sentence.

    Parameters
    ----------
    taxonomy : Taxonomy
    artifact : Artifact, optional
        A model of it; its data show which categories are empty, and which get mixed up.
    """
    found: list[tuple[str, str]] = []
    said = [c.definition or c.ko for c in taxonomy.categories]
    counts = rows(clean(said)).counts
    size = np.sqrt(counts.multiply(counts).sum(axis=1)).A1
    likeness = (counts @ counts.T).toarray() / np.maximum(np.outer(size, size), 1e-9)
    for i, a in enumerate(taxonomy.categories):
        for j, b in enumerate(taxonomy.categories[:i]):
            if likeness[i, j] >= ALIKE and (a.definition or b.definition):
                found.append(("alike", f"{b.code} and {a.code} are defined nearly alike ({likeness[i, j]:.0%})"))
            if a.ko == b.ko or a.en == b.en:
                found.append(("alike", f"{b.code} and {a.code} have the same name"))
    if artifact is None:
        return found
    trained: Counter[str] = Counter()
    for part in artifact.manifest.data:
        trained.update(part["rows"])
    found += [("empty", f"{code} has no training rows") for code in taxonomy.codes if not trained[code]]
    if DATA in artifact.files:
        examples = parse(artifact.files[DATA], f"{artifact.manifest.ref}/{DATA}")
        mixed: Counter[tuple[str, str]] = Counter()
        total: Counter[str] = Counter()
        for e in examples:
            total.update(e.labels)
            for missed in set(e.labels) - set(e.answer):
                mixed.update((missed, wrong) for wrong in set(e.answer) - set(e.labels))
        for (true, answer), n in sorted(mixed.items()):
            if n >= CONFUSED * total[true]:
                found.append(("overlap", f"{n / total[true]:.0%} of {true} ({n} rows) is answered as {answer}"))
    return found
