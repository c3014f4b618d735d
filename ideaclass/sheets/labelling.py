"""One call from a file of citizens' words to the labelled file beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ideaclass.columns import columns
from ideaclass.sheets import detect, write
from ideaclass.sheets.read import read
from ideaclass.sheets.summary import summarise
from ideaclass.sheets.table import Table
from ideaclass.taxonomy import Taxonomy
from ideaclass.text import split_ideas
from ideaclass.types import Labels

Progress = Callable[[int, int], None]
"""Called with the number of rows done and of all."""


class FileLabeler(Protocol):
    """What labelling a file needs of a labeler."""

    @property
    def taxonomies(self) -> Mapping[str, Taxonomy]:
        """Task to taxonomy."""
        ...

    @property
    def models(self) -> Mapping[str, str]:
        """Task to model reference, such as ``"swot@1.0.0"``."""
        ...

    def label(self, texts: Sequence[str], *, progress: Progress | None = None) -> Labels:
        """Labels of every text, in order; none, and a note, for an empty one."""
        ...


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """What was written.

    Attributes
    ----------
    path : Path
        The labelled file.
    notices : tuple of str
        What was taken for granted in reading, and what could not be kept in writing.
    rows : int
        Data rows of the input.
    size : int
        Texts labelled: the same, or the number of ideas where cells were split.
    review : dict of str to float
        For each task, the share of labelled rows that a person should check.
    unlabelled : int
        Rows without a label, each with its reason in the file.
    """

    path: Path
    notices: tuple[str, ...]
    rows: int
    size: int
    review: dict[str, float]
    unlabelled: int


def default_output(path: Path) -> Path:
    """Where the labelled file goes if nothing else is said."""
    suffix = path.suffix.lower()
    return path.parent / (path.stem + ".labelled" + (suffix if suffix in write.SUFFIXES else ".xlsx"))


def label_file(
    path: str | Path,
    labeler: FileLabeler,
    *,
    text: Iterable[str | int] = (),
    sheet: str | int | None = None,
    header: int | Sequence[int] | None = None,
    encoding: str | None = None,
    split: bool = False,
    out: str | Path | None = None,
    overwrite: bool = False,
    lang: str = "ko",
    progress: Progress | None = None,
) -> LabelledFile:
    """Label every row of a spreadsheet and write the result.

    Parameters
    ----------
    path : str or Path
        The spreadsheet.
    labeler : FileLabeler
        Answers every task for a batch of texts.
    text, sheet, header, encoding
        As for `ideaclass.sheets.read.read`.
    split : bool
        Cut each cell into its ideas and label each of them.
    out : str or Path, optional
        The file to write; its ending decides the format. By default ``<name>.labelled.xlsx`` (``.csv`` for text
        files) beside the input.
    overwrite : bool
        Whether an existing file may be replaced.
    lang : str
        Language of columns, sheets and notices.
    progress : callable, optional
        Told how many rows are done.

    Returns
    -------
    LabelledFile
        Where it is and what it holds.

    Raises
    ------
    InputError
        If the input cannot be read or the output not written. Nothing is left behind then.
    """
    path = Path(path)
    target = Path(out) if out is not None else default_output(path)
    if path.exists():
        write.check_target(target, path, overwrite)
    table = read(path, sheet=sheet, header=header, text=text, encoding=encoding, lang=lang)
    write.check_target(target, path, overwrite)
    ideas = _cut(table) if split else None
    texts = table.texts if ideas is None else ideas.texts
    problems = table.problems
    if ideas is not None:
        problems = {i: table.problems[p] for i, p in enumerate(ideas.parents) if p in table.problems}
    labels = _noted(labeler.label(texts, progress=progress), texts, problems, lang)
    taxonomies = labeler.taxonomies
    ours = columns(labels, taxonomies, lang)
    notices = list(table.notices)
    if target.suffix.lower() in (".csv", ".tsv"):
        write.write_csv(target, table, ours, ideas, lang)
    else:
        notices += write.write_workbook(target, table, labels, ours, taxonomies, labeler.models, ideas, lang)
    shares = {s.task: s.review_share for s in summarise(labels, taxonomies, lang)}
    return LabelledFile(target, tuple(notices), len(table.rows), labels.size, shares, len(labels.notes))


def _cut(table: Table) -> write.Ideas:
    """Every cell cut into ideas; a row without any keeps one empty idea, so that none is lost."""
    ideas = write.Ideas([], [], [])
    for position, cell in enumerate(table.texts):
        for number, idea in enumerate((split_ideas(cell) if cell else []) or [cell], 1):
            ideas.parents.append(position)
            ideas.numbers.append(number)
            ideas.texts.append(idea)
    return ideas


def _noted(labels: Labels, texts: Sequence[str], problems: Mapping[int, str], lang: str) -> Labels:
    """Give each row without a label its reason, in the reader's language."""
    notes = {i: detect.problem([texts[i]], frozenset(), lang) or note for i, note in labels.notes.items()}
    return replace(labels, notes=dict(sorted({**notes, **problems}.items())))
