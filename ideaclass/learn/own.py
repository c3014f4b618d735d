"""A user's labelled spreadsheet → a model of their own, as a new version in their store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ideaclass.artifacts import Artifact, Store
from ideaclass.artifacts.manifest import is_name
from ideaclass.embed import stored
from ideaclass.errors import ColumnError, InputError
from ideaclass.learn import data, taxa
from ideaclass.learn.card import card, metrics
from ideaclass.learn.clean import MIN_ROWS, SEPARATORS, Cleaned, read_labels, tidy
from ideaclass.learn.data import Example
from ideaclass.learn.fit import TARGET, C, Fitted, Tell, fit
from ideaclass.model import to_artifact
from ideaclass.sheets import detect
from ideaclass.sheets.read import read
from ideaclass.sheets.table import Table, cell_text
from ideaclass.taxonomy import Taxonomy
from ideaclass.training import library_versions
from ideaclass.types import Embedder


@dataclass(frozen=True, slots=True, eq=False)
class OwnModel:
    """A trained version, as saved.

    Attributes
    ----------
    artifact : Artifact
    fitted : Fitted
    cleaned : Cleaned
    notices : tuple of str
        What was taken for granted in reading.
    """

    artifact: Artifact
    fitted: Fitted
    cleaned: Cleaned
    notices: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """Name and version."""
        return self.artifact.manifest.ref


@dataclass(frozen=True, slots=True, eq=False)
class LabelledTable:
    """A spreadsheet with texts and their labels.

    Attributes
    ----------
    table : Table
    labels : list of n lists of str
        Labels of each row as written, spelling made even.
    names : tuple of str
        The label columns.
    """

    table: Table
    labels: list[list[str]]
    names: tuple[str, ...]

    @property
    def sources(self) -> list[str]:
        """File and row of each text."""
        return [f"{self.table.path.name}#{n}" for n in self.table.row_numbers]

    def other_columns(self) -> dict[str, list[str]]:
        """Values of the columns that are neither text nor label."""
        used = {self.table.columns[i] for i in self.table.text_columns} | set(self.names)
        return {
            name: [cell_text(row[i]) for row in self.table.rows]
            for i, name in enumerate(self.table.columns)
            if name not in used
        }


def read_labelled(
    path: str | Path,
    label: Sequence[str | int],
    *,
    text: Iterable[str | int] = (),
    sheet: str | int | None = None,
    header: int | Sequence[int] | None = None,
    encoding: str | None = None,
    separators: str = SEPARATORS,
    lang: str = "ko",
) -> LabelledTable:
    """Read a spreadsheet with texts and labels; options as for `ideaclass.sheets.read.read`.

    Raises
    ------
    InputError
        If the file, the sheet or a column cannot be used as asked.
    """
    table = read(path, sheet=sheet, header=header, text=text, encoding=encoding, lang=lang)
    columns = detect.pick_text(table.columns, list(label), table.path.name)
    if shared := set(columns) & set(table.text_columns):
        name = table.columns[min(shared)]
        raise ColumnError(f"{table.path.name}: the column {name!r} cannot be text and label at once; name both")
    names = tuple(table.columns[i] for i in columns)
    cells = [[cell_text(row[i]) for row in table.rows] for i in columns]
    try:
        labels = read_labels(cells, names, separators)
    except ColumnError as e:
        raise ColumnError(f"{table.path.name}: {e}") from None
    return LabelledTable(table, labels, names)


def train_file(
    path: str | Path,
    label: Sequence[str | int],
    *,
    name: str,
    store: Store,
    text: Iterable[str | int] = (),
    sheet: str | int | None = None,
    header: int | Sequence[int] | None = None,
    encoding: str | None = None,
    separators: str = SEPARATORS,
    multi: bool | None = None,
    min_rows: int = MIN_ROWS,
    target: float = TARGET,
    seed: int = 0,
    lang: str = "ko",
    tell: Tell = lambda _: None,
) -> OwnModel:
    """Train a model on a labelled spreadsheet and save it as a new version; the first becomes the stable one.

    Parameters
    ----------
    path : str or Path
    label : sequence of str or int
        The label column, or several whose labels hold together.
    name : str
        What the model is called.
    store : Store
        Takes the model, and gives the sentence embedder where it holds one.
    text, sheet, header, encoding
        As for `ideaclass.sheets.read.read`.
    separators : str
        Characters between several labels in one cell.
    multi : bool, optional
        Whether several labels can hold at once; by default whether any row has several.
    min_rows : int
        Classes of fewer texts are set aside.
    target : float
        Precision wanted among rows without review.
    seed : int
    lang : str
        Language of the card.
    tell : callable
        Told of each step.

    Raises
    ------
    InputError
        If the file cannot be read, or is nothing to train on.
    """
    if not is_name(name):
        raise InputError(f"{name!r} is not a model name: lower-case letters, digits, Hangul and . _ - up to 64")
    source = read_labelled(
        path, label, text=text, sheet=sheet, header=header, encoding=encoding, separators=separators, lang=lang
    )
    if name in store.names() and store.stable(name):
        _check_same_kind(store, name)
    try:
        cleaned = tidy(source.table.texts, source.labels, source.sources, min_rows=min_rows, multi=multi)
    except InputError as e:
        raise type(e)(f"{source.table.path.name}: {e}") from None
    labels = taxa.from_labels(
        name, source.names[0], cleaned.classes, multi=cleaned.multi, source=source.table.path.name
    )
    known = dict(zip(source.sources, zip(*source.other_columns().values(), strict=True), strict=False))
    made = train_examples(
        cleaned, labels, store=store, columns=_columns(list(source.other_columns()), known), target=target, seed=seed,
        lang=lang, source=source.table.path.name, tell=tell,
    )  # fmt: skip
    saved = save(made, store, parent=None)
    return replace(saved, notices=tuple(source.table.notices))


def _check_same_kind(store: Store, name: str) -> None:
    if store.load(name).manifest.kind != "classifier":
        raise InputError(f"{name!r} is the name of another kind of model; choose another")


def _columns(names: list[str], known: Mapping[str, Sequence[str]]) -> dict[str, Mapping[str, str]]:
    """For each other column, source to value."""
    return {name: {source: row[i] for source, row in known.items()} for i, name in enumerate(names)}


def shipped_embedder(store: Store) -> tuple[dict[str, Any] | None, Embedder | None]:
    """Give the sentence embedder of the store with what a model records of it, where there is one."""
    if stored.DEFAULT not in store.names():
        return None, None
    artifact = store.load(stored.DEFAULT)
    return stored.identity(artifact), stored.from_artifact(artifact)


def train_examples(
    cleaned: Cleaned,
    taxonomy: Taxonomy,
    *,
    store: Store,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    target: float = TARGET,
    seed: int = 0,
    lang: str = "ko",
    source: str = "",
    parent: str | None = None,
    curve: bool = True,
    tell: Tell = lambda _: None,
) -> OwnModel:
    """Train on clean examples; the result is not saved yet.

    Parameters
    ----------
    cleaned : Cleaned
    taxonomy : Taxonomy
        Its codes are the classes.
    store : Store
        Gives the sentence embedder where it holds one.
    columns : mapping of str to mapping, optional
        For each further column, the source of a row to its value.
    source : str
        What the manifest says of the data.
    parent : str, optional
        Version it follows.
    """
    about, embedder = shipped_embedder(store)
    fitted = fit(
        cleaned.examples, taxonomy.codes, multi=taxonomy.multi, embedder=embedder, target=target, curve=curve,
        seed=seed, tell=tell,
    )  # fmt: skip
    tell("writing the card")
    parts = {name: [values.get(e.source, "") for e in fitted.examples] for name, values in (columns or {}).items()}
    artifact = to_artifact(
        fitted.head,
        fitted.policy,
        taxa.to_toml(taxonomy),
        name=taxonomy.name,
        parent=parent,
        card=card(taxonomy.name, fitted, cleaned, columns=parts, embedder=about, lang=lang),
        embedder=about,
        thresholds={"fitted_on": "held-out folds", "C": C, "share": fitted.share},
        data=[data.description(taxonomy.name, fitted.examples, source)],
        seed=seed,
        libraries=library_versions(),
        metrics=metrics(fitted),
    )
    kept = {**artifact.files, data.DATA: data.dump(fitted.examples)}
    if cleaned.aside:
        kept[data.ASIDE] = data.dump_aside(cleaned.aside)
    return OwnModel(replace(artifact, files=kept), fitted, cleaned)


def save(made: OwnModel, store: Store, *, parent: str | None) -> OwnModel:
    """Save a trained model: a first one becomes stable, one with other labels grows MAJOR, else MINOR."""
    name = made.artifact.manifest.name
    versions = store.versions(name)
    if not versions:
        saved = store.save(made.artifact)
        store.promote(name, saved.manifest.version)
        return replace(made, artifact=saved)
    before = parent or store.stable(name)
    old = store.load(f"{name}@{before}").manifest
    bump = "minor" if set(old.labels) == set(made.artifact.manifest.labels) else "major"
    following = replace(made.artifact, manifest=replace(made.artifact.manifest, parent=before))
    return replace(made, artifact=store.save(following, bump="major" if bump == "major" else "minor"))


def examples_of(store: Store, ref: str) -> tuple[Artifact, list[Example]]:
    """Load a model with the texts it was trained on.

    Raises
    ------
    InputError
        If they are not kept with it.
    """
    artifact = store.load(ref)
    return artifact, data.of_artifact(artifact)
