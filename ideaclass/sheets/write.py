"""A table with our columns → one file, whole or not at all: CSV, or the user's own workbook with more in it."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ideaclass.columns import Column
from ideaclass.errors import OutputError
from ideaclass.sheets import append, book, graft, newsheets, summary
from ideaclass.sheets.ooxml import Package, UnpatchableError
from ideaclass.sheets.styles import Styles
from ideaclass.sheets.table import Table, cell_text, letter
from ideaclass.sheets.words import WORDS
from ideaclass.taxonomy import Taxonomy
from ideaclass.types import Labels

_NUMBER = re.compile(r"[+-]?(\d+(,\d{3})*\.?\d*|\.\d+)([eE][+-]?\d+)?%?")
_TYPES = {
    ".xlsx": b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    ".xlsm": b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
}
_TEMPLATES = {
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml": ".xlsx",
    b"application/vnd.ms-excel.template.macroEnabled.main+xml": ".xlsm",
}
SUFFIXES = (".xlsx", ".xlsm", ".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class Ideas:
    """Cells cut into ideas: for each idea the position of its row, its number there, and its text."""

    parents: list[int]
    numbers: list[int]
    texts: list[str]


def check_target(target: Path, source: Path, overwrite: bool) -> None:
    """Refuse a target that cannot be written, before any work is done.

    Raises
    ------
    OutputError
        If it is the source, exists without `overwrite`, has an ending we cannot write, or its folder is missing.
    """
    if target.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{target}: cannot write this kind of file; use one of {', '.join(SUFFIXES)}")
    if target.is_dir():
        raise OutputError(f"{target}: this is a folder; name a file")
    if not target.parent.is_dir():
        raise OutputError(f"{target}: the folder {target.parent} does not exist; make it first")
    if target.exists() and source.exists() and target.samefile(source):
        raise OutputError(f"{target}: this is the input itself; choose another name with --out")
    if target.exists() and not overwrite:
        raise OutputError(f"{target}: it exists already; replace it with --overwrite, or choose another with --out")
    if not os.access(target.parent, os.W_OK):
        raise OutputError(f"{target}: no permission to write in {target.parent}; choose another place with --out")


def atomically(target: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a file beside the target, then put it in the target's place.

    Raises
    ------
    OutputError
        If it cannot be written there. Nothing is left behind then.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=".ideaclass-", suffix=target.suffix, dir=target.parent)
    except OSError as e:
        raise OutputError(f"{target}: cannot write in its folder: {e.strerror or e}") from None
    os.close(handle)
    temporary = Path(name)
    try:
        fill(temporary)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(target)
    except PermissionError:
        raise OutputError(f"{target}: cannot be replaced; close it in Excel, or choose another with --out") from None
    except OSError as e:
        raise OutputError(f"{target}: cannot be written: {e.strerror or e}") from None
    finally:
        temporary.unlink(missing_ok=True)


def escaped(value: object) -> str:
    """Write a CSV cell so that no spreadsheet takes it for a formula."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return cell_text(value)
    text = cell_text(value)
    if text and text[0] in "=+-@\t\r" and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _values(column: Column) -> list[str]:
    return [escaped(v) if v is not None else "" for v in column.values]


def write_csv(
    target: Path, table: Table, columns: Sequence[Column], ideas: Ideas | None = None, lang: str = "ko"
) -> None:
    """Write the table with our columns as UTF-8 with a byte order mark; one row per idea where cells were split."""
    delimiter = "\t" if target.suffix.lower() == ".tsv" else ","
    rows = [list(map(escaped, row)) for row in table.rows]
    extra: list[Column] = []
    if ideas is not None:
        rows = [rows[p] for p in ideas.parents]
        words = WORDS[lang]
        parents = [table.row_numbers[p] for p in ideas.parents]
        extra = [
            Column(words["parent"], "note", "", parents),
            Column(words["idea"], "note", "", ideas.numbers),
            Column(words["part"], "note", "", ideas.texts),
        ]
    ours = _renamed([*extra, *columns], table.columns)
    added = [_values(c) for c in ours]
    heads = [escaped(n) for n in (*table.columns, *(c.name for c in ours))]

    def fill(path: Path) -> None:
        with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow(heads)
            writer.writerows([*row, *more] for row, more in zip(rows, zip(*added, strict=True), strict=True))

    atomically(target, fill)


def write_rows(
    target: Path, title: str, names: Sequence[str], rows: Sequence[Sequence[object]], texts: Sequence[int]
) -> None:
    """Write a list of rows as a workbook of one sheet with a filter.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    with book.writing() as (made, out):
        sheet = made.book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(names) - 1)
        book.write_table(made, sheet, names, rows, [], texts)
    atomically(target, out[0].save)


def write_text(target: Path, text: str) -> None:
    """Write a new text file in UTF-8.

    Raises
    ------
    OutputError
        If it is there already, or cannot be written there.
    """
    if target.exists():
        raise OutputError(f"{target}: it exists already; choose another name with --out")

    def fill(path: Path) -> None:
        path.write_bytes(text.encode("utf-8", "replace"))

    atomically(target, fill)


def _renamed(columns: Sequence[Column], taken: Sequence[str]) -> list[Column]:
    """Our columns, numbered where a name is taken."""
    used, out = set(taken), []
    for column in columns:
        name, n = column.name, 2
        while name in used:
            name, n = f"{column.name} ({n})", n + 1
        used.add(name)
        out.append(replace(column, name=name))
    return out


def write_workbook(
    target: Path,
    table: Table,
    labels: Labels,
    columns: Sequence[Column],
    taxonomies: Mapping[str, Taxonomy],
    models: Mapping[str, str],
    ideas: Ideas | None = None,
    lang: str = "ko",
) -> list[str]:
    """Write the user's workbook with our columns and sheets.

    Returns
    -------
    list of str
        One line for each thing that could not be kept.
    """
    notices: list[str] = []
    package = None
    if table.kind == "xlsx":
        try:
            package = _compose(Package.open(table.path), table, labels, columns, taxonomies, models, ideas, lang)
            _set_type(package, target)
        except (UnpatchableError, KeyError, ValueError) as e:
            if isinstance(e, OutputError):
                raise
            package = None
            notices.append(
                f"원본 서식을 유지하지 못해 새 통합 문서로 저장함 ({e})"
                if lang != "en"
                else f"formats not kept, written anew ({e})"
            )
    elif target.suffix.lower() == ".xlsm":
        raise OutputError(f"{target}: the input has no macros; use .xlsx")
    if package is None:
        fresh = _standalone(table, lang)
        package = _compose(book.base(fresh, lang), fresh, labels, columns, taxonomies, models, ideas, lang)
    atomically(target, package.save)
    return notices


def _standalone(table: Table, lang: str) -> Table:
    """Give the table as it stands in a workbook of ours: header in row 1, rows from 2."""
    numbers = list(range(2, len(table.rows) + 2))
    return replace(table, sheet=book.sheet_title(table, lang), header=(1,), row_numbers=numbers)


def _set_type(package: Package, target: Path) -> None:
    types, suffix = package.parts["[Content_Types].xml"], target.suffix.lower()
    for template, plain in _TEMPLATES.items():
        types = types.replace(template, _TYPES[plain])
    package.parts["[Content_Types].xml"] = types
    if _TYPES[suffix] not in types:
        other = ".xlsm" if suffix == ".xlsx" else ".xlsx"
        raise OutputError(f"{target}: the input is of kind {other}; choose an output that ends so")


def _compose(
    package: Package, table: Table, labels: Labels, columns: Sequence[Column], taxonomies: Mapping[str, Taxonomy],
    models: Mapping[str, str], ideas: Ideas | None, lang: str,
) -> Package:  # fmt: skip
    names = newsheets.unique_names([n for n, _ in package.sheets()], lang)
    part = graft.styles_part(package)
    styles = Styles(package.parts[part])
    split = None
    if ideas is None:
        ours = _renamed(columns, table.columns)
        first = append.append_columns(package, table, ours, styles, newsheets.lists(names, labels, taxonomies))
        sheet, rows, texts = table.sheet, table.row_numbers, table.texts
    else:
        words = WORDS[lang]
        others = [c for c in range(len(table.columns)) if c not in table.text_columns]
        heads = [words["parent"], words["idea"], words["part"], *(table.columns[c] for c in others)]
        split_rows: list[list[object]] = [
            [table.row_numbers[p], n, text, *(table.rows[p][c] for c in others)]
            for p, n, text in zip(ideas.parents, ideas.numbers, ideas.texts, strict=True)
        ]
        split = (heads, split_rows, 2)
        ours = _renamed(columns, heads)
        first, sheet, texts = len(heads), names.split, ideas.texts
        rows = list(range(2, len(split_rows) + 2))
    at = {c.task: letter(first + i) for i, c in enumerate(ours) if c.kind == "label"}
    content = newsheets.Content(
        table.path.name, names, sheet, rows, texts, labels, taxonomies, models, ours, at,
        summary.summarise(labels, taxonomies, lang), summary.review_rows(labels, taxonomies, lang), split, lang,
    )  # fmt: skip
    graft.add_sheets(package, newsheets.build(content), styles)
    package.parts[part] = styles.result()
    return package
