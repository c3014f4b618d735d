"""Workbooks written by XlsxWriter row by row: our formats, values as what they are, a table with our columns."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import xlsxwriter

from ideaclass.columns import Column
from ideaclass.sheets.append import AMBER, SOFT, WIDTHS
from ideaclass.sheets.ooxml import SURROGATE, Package, cut
from ideaclass.sheets.styles import DATE, MOMENT, PERCENT
from ideaclass.sheets.table import Table, cell_text
from ideaclass.sheets.words import WORDS

NAVY, LINE = "1F3864", "BFBFBF"


class Book:
    """An XlsxWriter workbook with our formats, written row by row without shared strings."""

    def __init__(self, buffer: io.BytesIO) -> None:
        font = {"font_name": "맑은 고딕", "font_size": 10}
        options = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
        defaults = {"default_format_properties": {**font, "valign": "vcenter"}}
        self.book = xlsxwriter.Workbook(buffer, {"constant_memory": True, **options, **defaults})
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def style(self, **properties: Any) -> Any:
        """Make a format once, by its properties."""
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            base = {"font_name": "맑은 고딕", "font_size": 10, "valign": "vcenter"}
            self.formats[key] = self.book.add_format({**base, **properties})
        return self.formats[key]

    def body(self, **properties: Any) -> Any:
        """Make a format with thin borders."""
        return self.style(border=1, border_color=LINE, **properties)

    @property
    def head(self) -> Any:
        """Format of header cells."""
        return self.body(bold=True, bg_color=NAVY, font_color="FFFFFF", align="center", text_wrap=True)


def put(sheet: Any, row: int, column: int, value: object, form: Any) -> None:
    """Write one value as what it is; text stays text."""
    if value is None or value == "":
        sheet.write_blank(row, column, None, form)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, form)
    elif isinstance(value, int | float) and abs(value) < 1e15:
        sheet.write_number(row, column, value, form)
    else:
        text = SURROGATE.sub("\ufffd", cut(cell_text(value)))
        if sheet.write_string(row, column, text, form) != 0:
            sheet.write_blank(row, column, None, form)


@contextmanager
def writing() -> Iterator[tuple[Book, list[Package]]]:
    """Open a new workbook; the list holds its parts after the block."""
    buffer, out = io.BytesIO(), list[Package]()
    made = Book(buffer)
    yield made, out
    made.book.close()
    with zipfile.ZipFile(buffer) as archive:
        out.append(Package({n: archive.read(n) for n in archive.namelist()}))


def base(table: Table, lang: str) -> Package:
    """Make a workbook of the user's table alone, header in row 1, where theirs cannot be kept."""
    with writing() as (made, out):
        sheet = made.book.add_worksheet(sheet_title(table, lang))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{len(table.rows) + 1}"})
        write_table(made, sheet, table.columns, table.rows, [], table.text_columns)
    return out[0]


def sheet_title(table: Table, lang: str) -> str:
    """Name a sheet as Excel allows."""
    name = "".join(c for c in table.sheet if c not in "[]:*?/\\" and c.isprintable()).strip("' ")[:31]
    return name if name and name.casefold() != "history" else WORDS[lang]["data"]


def write_table(
    made: Book,
    sheet: Any,
    names: Sequence[str],
    rows: Sequence[Sequence[object]],
    ours: Sequence[Column],
    texts: Sequence[int],
) -> None:
    """Write a header and rows, then our columns."""
    for c, name in enumerate([*names, *(o.name for o in ours)]):
        kind = ours[c - len(names)].kind if c >= len(names) else ""
        width = 60 if c in texts else WIDTHS[kind] if kind else _guess(name, [r[c] for r in rows[:200]])
        sheet.set_column(c, c, width)
    for c, name in enumerate([*names, *(o.name for o in ours)]):
        put(sheet, 0, c, name, made.head)
    text, wrapped, number = made.body(), made.body(text_wrap=True), made.body()
    date, moment = made.body(num_format=DATE), made.body(num_format=MOMENT)
    forms = {
        "label": made.body(bg_color=SOFT, align="center"), "confidence": made.body(num_format=PERCENT, align="center"),
        "second": made.body(align="center"), "reasons": wrapped, "review": made.body(align="center"), "note": wrapped,
    }  # fmt: skip
    amber = made.body(bg_color=AMBER, align="center")
    flags = {c.task: c.values for c in ours if c.kind == "review"}
    for r, row in enumerate(rows, 1):
        for c, value in enumerate(row):
            if isinstance(value, dt.datetime) and value.year >= 1900:
                sheet.write_datetime(r, c, value.replace(tzinfo=None), moment if value.time() != dt.time() else date)
            elif isinstance(value, dt.date) and not isinstance(value, dt.datetime) and value.year >= 1900:
                sheet.write_datetime(r, c, value, date)
            else:
                put(sheet, r, c, value, wrapped if c in texts else number if isinstance(value, float) else text)
        for c, column in enumerate(ours, len(names)):
            marked = column.kind in ("label", "review") and column.task in flags and flags[column.task][r - 1]
            put(sheet, r, c, column.values[r - 1], amber if marked else forms[column.kind])


def _guess(name: str, values: Sequence[object]) -> float:
    def wide(text: str) -> int:
        return sum(2 if ord(ch) > 0x2E7F else 1 for ch in text[:60])

    return min(max([wide(name) + 2, *(wide(cell_text(v)) + 2 for v in values)]), 40)
