"""What was read from a spreadsheet: a plain table that remembers where each row stood."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"})
Merge = tuple[int, int, int, int]
"""Merged cells as first row, first column, last row, last column, 0-based and inclusive."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The raw cells of one sheet, before anything was understood.

    Attributes
    ----------
    cells : list of list of object
        Every row from the first of the sheet, ragged; row i is row i + 1 for the user.
    merges : list of Merge
        Merged ranges where the format tells them.
    """

    kind: str
    cells: list[list[object]]
    merges: list[Merge] = field(default_factory=list)
    sheet: str = ""
    others: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of citizens' texts, with the place of each row in its file.

    Attributes
    ----------
    path : Path
        The file.
    kind : str
        ``"xlsx"``, ``"xlsb"``, ``"xls"``, ``"ods"``, ``"csv"`` or ``"html"``, by content.
    encoding, delimiter : str
        Of a text file; empty otherwise.
    sheet : str
        Name of the sheet; empty for a text file.
    others : tuple of str
        The workbook's other sheets.
    header : tuple of int
        Row numbers of the header, from 1.
    columns : tuple of str
        Header cells, several rows of them joined, each name once.
    text_columns : tuple of int
        Positions in `columns` of those the texts were taken from.
    rows : list of list of object
        The data cells as they were, each row as long as `columns`.
    row_numbers : list of int
        Row of each in the sheet or file, from 1.
    texts : list of str
        The text of each row; empty where `problems` tells why.
    problems : dict of int to str
        Position of each row without a readable text, and the reason.
    dropped : list of (int, str, str)
        Row number, text and reason of notes and totals below the data.
    notices : list of str
        One line for each thing that was taken for granted.
    """

    path: Path
    kind: str
    encoding: str
    delimiter: str
    sheet: str
    others: tuple[str, ...]
    header: tuple[int, ...]
    columns: tuple[str, ...]
    text_columns: tuple[int, ...]
    rows: list[list[object]]
    row_numbers: list[int]
    texts: list[str]
    problems: dict[int, str]
    dropped: list[tuple[int, str, str]]
    notices: list[str]


def cell_text(value: object) -> str:
    """Show a cell as a person would see it; whole numbers without a decimal point."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(" ") if value.time() != dt.time() else value.date().isoformat()
    return str(value)


def plain(value: object) -> str:
    """Show a cell for comparing: composed Hangul, single spaces, no spaces around."""
    return " ".join(unicodedata.normalize("NFC", cell_text(value)).split())


def fingerprint(text: str) -> str:
    """Give a short hash of a text, by which its row is found again after sorting."""
    return hashlib.sha256(plain(text).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def letter(column: int) -> str:
    """Excel's name of a column counted from 0: A, B, … Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_number(letters: str) -> int:
    """Position, from 0, of the column that Excel calls by these letters."""
    number = 0
    for c in letters.upper():
        number = number * 26 + ord(c) - 64
    return number - 1
