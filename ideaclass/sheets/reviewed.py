"""A labelled workbook that people went over: what they left, changed or confirmed, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import python_calamine as calamine

from ideaclass.errors import FileError, InputError
from ideaclass.sheets.read import read
from ideaclass.sheets.table import Table, cell_text, column_number, fingerprint, plain
from ideaclass.sheets.words import WORDS
from ideaclass.taxonomy import Taxonomy

_RECORD = re.compile(r"_ideaclass\d*")
_HEAD = ["row", "task", "code", "confidence", "model"]
_FACTS, _LISTS = 5, 6


class Decision(NamedTuple):
    """What a person said about one row.

    Attributes
    ----------
    row : int
        Number of the row when it was labelled.
    text : str
    answer : tuple of str
        Codes that the model gave.
    label : tuple of str
        Codes that the person left or wrote; what is no category of the model stays as written.
    changed : bool
        Whether that is something else.
    """

    row: int
    text: str
    answer: tuple[str, ...]
    label: tuple[str, ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The decisions in one workbook about one model's answers.

    Attributes
    ----------
    model : str
        Reference of the model that labelled it.
    decisions : list of Decision
    lost : list of int
        Rows with a decision whose text was changed or is gone.
    disputed : list of int
        Rows whose label was changed to one thing and decided to be another.
    """

    model: str
    decisions: list[Decision]
    lost: list[int]
    disputed: list[int]


def read_reviewed(path: str | Path, model: str, taxonomy: Taxonomy, *, text: Iterable[str | int] = ()) -> Reviewed:
    """Read what people changed or confirmed in a workbook that ideaclass wrote.

    A decision is a label cell that was changed, or a cell of the review sheet's last column that was filled in. Rows
    are found by their text where they were sorted or moved.

    Parameters
    ----------
    path : str or Path
    model : str
        Name of the model whose answers count.
    taxonomy : Taxonomy
        Its categories; labels are read as codes or names.
    text : iterable of str or int
        Columns the texts are in, where they are not found by themselves.

    Raises
    ------
    FileError
        If the file is no workbook that ideaclass wrote.
    InputError
        If it holds no answers of that model.
    """
    path = Path(path)
    sheets = _sheets(path)
    record = _record(path, sheets)
    data_sheet, review_sheet, lang = (cell_text(record[i][_FACTS]) for i in range(3))
    prints = dict(
        cell_text(r[_FACTS]).split(":", 1) for r in record[3:] if len(r) > _FACTS and ":" in cell_text(r[_FACTS])
    )
    answers = [r for r in record[1:] if cell_text(r[4]).partition("@")[0] == model and cell_text(r[1])]
    if not answers:
        found = sorted({cell_text(r[4]) for r in record[1:] if cell_text(r[4])})
        raise InputError(f"{path.name}: holds no answers of {model!r}; it was labelled by {', '.join(found)}")
    task, ref = cell_text(answers[0][1]), cell_text(answers[0][4])
    column = next(c for c in range(_LISTS, len(record[0])) if cell_text(record[1][c]) == task)
    title, label_letter = cell_text(record[0][column]), cell_text(record[3][column])
    table = _data(path, data_sheet, prints, list(text))
    at = _column(table, title, label_letter)
    by_print: dict[str, list[int]] = {}
    for i, t in enumerate(table.texts):
        by_print.setdefault(fingerprint(t), []).append(i)
    by_number = {n: i for i, n in enumerate(table.row_numbers)}
    decided = _review(sheets, review_sheet, title, WORDS[lang if lang in WORDS else "ko"]["decision"])
    codes_of = _codes(taxonomy)
    decisions: list[Decision] = []
    lost: list[int] = []
    disputed: list[int] = []
    for r in answers:
        number, answer = int(cell_text(r[0])), tuple(sorted(cell_text(r[2]).split(";")))
        place = _place(number, prints.get(str(number), ""), table, by_number, by_print)
        verdict = _read(decided.get(number, ""), codes_of)
        if place is None:
            if verdict:
                lost.append(number)
            continue
        cell = _read(plain(table.rows[place][at]), codes_of)
        edited = bool(cell) and cell != answer
        if verdict and edited and verdict != cell:
            disputed.append(number)
        elif verdict or edited:
            said = verdict or cell
            decisions.append(Decision(number, table.texts[place], answer, said, said != answer))
    return Reviewed(ref, decisions, lost, disputed)


def _sheets(path: Path) -> dict[str, list[list[object]]]:
    """Cells of every sheet, hidden ones too."""
    if not path.is_file():
        raise FileError(f"{path}: there is no such file")
    try:
        book = calamine.CalamineWorkbook.from_path(path)
        names = book.sheet_names
        return {n: [list(r) for r in book.get_sheet_by_name(n).to_python(skip_empty_area=False)] for n in names}
    except BaseException as e:  # calamine is Rust: a panic on a damaged file is no Exception
        if isinstance(e, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise FileError(f"{path.name}: damaged, or no workbook that 'ideaclass label' wrote") from None


def _record(path: Path, sheets: dict[str, list[list[object]]]) -> list[list[object]]:
    """Give the record of what was predicted, rows padded to one length."""
    for name in sorted((n for n in sheets if _RECORD.fullmatch(n)), key=len, reverse=True):
        rows = sheets[name]
        if len(rows) > 3 and [cell_text(v) for v in rows[0][:5]] == _HEAD:
            return rows
    raise FileError(
        f"{path.name}: holds no record of answers; give the workbook that 'ideaclass label' wrote, saved as .xlsx"
    )


def _data(path: Path, sheet: str, prints: dict[str, str], text: list[str | int]) -> Table:
    """Read the sheet of answers by the column whose texts are those that were labelled."""
    table = read(path, sheet=sheet, text=text)
    if text or not prints:
        return table
    wanted = set(prints.values())

    def known(values: list[str]) -> int:
        return sum(fingerprint(v) in wanted for v in values)

    if known(table.texts) * 2 >= min(len(wanted), len(table.texts)):
        return table
    by_column = [known([cell_text(row[c]) for row in table.rows]) for c in range(len(table.columns))]
    return read(path, sheet=sheet, text=[by_column.index(max(by_column)) + 1])


def _column(table: Table, title: str, label_letter: str) -> int:
    """Position of the label column: where it was written, or where its title moved to."""
    at = column_number(label_letter)
    if at < len(table.columns) and table.columns[at].startswith(title):
        return at
    moved = [i for i, name in enumerate(table.columns) if name == title]
    if not moved:
        raise InputError(f"{table.path.name}: the column {title!r} with the labels is gone")
    return moved[-1]


def _review(sheets: dict[str, list[list[object]]], name: str, title: str, decision: str) -> dict[int, str]:
    """Row number to decision, where one was written in the review sheet."""
    rows = sheets.get(name, [])
    heads = [plain(v) for v in rows[0]] if rows else []
    if decision not in heads:
        return {}
    at = heads.index(decision)
    found = {}
    for row in rows[1:]:
        number, said = cell_text(row[0]), plain(row[at]) if at < len(row) else ""
        if said and number.isdecimal() and plain(row[2]) == plain(title):
            found[int(number)] = said
    return found


def _place(
    number: int, wanted: str, table: Table, by_number: dict[int, int], by_print: dict[str, list[int]]
) -> int | None:
    """Position of a row: where it stood, or wherever its text stands now if that is one place."""
    at = by_number.get(number)
    if at is not None and (not wanted or fingerprint(table.texts[at]) == wanted):
        return at
    places = by_print.get(wanted, [])
    return places[0] if len(places) == 1 else None


def _codes(taxonomy: Taxonomy) -> dict[str, str]:
    """Map every spelling of a category to its code."""
    return {_key(spelling): c.code for c in taxonomy.categories for spelling in (c.en, c.ko, c.code)}


def _key(label: str) -> str:
    return "".join(plain(label).split()).casefold()


def _read(cell: str, codes: dict[str, str]) -> tuple[str, ...]:
    """Take a cell's labels apart; those that are no category stay as written."""
    parts = [part.strip() for part in cell.split(";") if part.strip()]
    return tuple(sorted({codes.get(_key(part), part) for part in parts}))
