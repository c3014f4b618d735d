"""The sheets that are new in a labelled workbook, written by XlsxWriter: summary, review, split ideas, record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ideaclass.columns import Column
from ideaclass.sheets.append import SOFT
from ideaclass.sheets.book import LINE, NAVY, Book, put, write_table, writing
from ideaclass.sheets.ooxml import Package
from ideaclass.sheets.styles import PERCENT
from ideaclass.sheets.summary import ReviewRow, TaskSummary
from ideaclass.sheets.table import fingerprint, letter
from ideaclass.sheets.words import WORDS
from ideaclass.taxonomy import Taxonomy
from ideaclass.types import Labels

BLUE = "4472C4"
_SHOWN = 300
_CHART_ROWS = 15
_PAGE_ROWS = 64
_VALUE_ONLY = b"".join(
    b'<c:show%s val="%d"/>' % (what, what == b"Val")
    for what in (b"LegendKey", b"Val", b"CatName", b"SerName", b"Percent", b"BubbleSize")
)
"""XlsxWriter leaves the five others out, which LibreOffice takes for yes."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the new sheets are called in this workbook."""

    summary: str
    review: str
    split: str
    record: str


def unique_names(taken: Iterable[str], lang: str) -> Names:
    """Names that no sheet of the workbook has yet."""
    used = {t.casefold() for t in taken}
    words = WORDS[lang]
    out = []
    for key in ("summary", "review", "split", "record"):
        name, n = words[key], 2
        while name.casefold() in used:
            name, n = f"{words[key]}{n}", n + 1
        out.append(name)
    return Names(*out)


def lists(names: Names, labels: Labels, taxonomies: Mapping[str, Taxonomy]) -> dict[str, str]:
    """For each single-label task, the range of its category names in the record sheet."""
    found = {}
    for i, (task, answers) in enumerate(labels.tasks.items()):
        if not answers.multi:
            at, count = letter(_LISTS + i), len(taxonomies[task].codes)
            found[task] = f"{quoted(names.record)}!${at}${_FIRST}:${at}${_FIRST + count - 1}"
    return found


def quoted(sheet: str) -> str:
    """Quote a sheet's name as formulas need it."""
    return "'" + sheet.replace("'", "''") + "'"


_LISTS = 6
_FIRST = 6
"""Lists of names stand in the record sheet from column G: title, task, model, label column, count, then the names."""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything the new sheets show.

    Attributes
    ----------
    data_sheet : str
        Where the answers stand.
    rows : sequence of int
        Row of each answer in that sheet.
    texts : sequence of str
        Text of each answer.
    label_columns : dict of str to str
        For each task, the letter of its label column in that sheet.
    split : tuple of names and rows, optional
        The user's columns repeated for each idea, where cells were split.
    """

    file: str
    names: Names
    data_sheet: str
    rows: Sequence[int]
    texts: Sequence[str]
    labels: Labels
    taxonomies: Mapping[str, Taxonomy]
    models: Mapping[str, str]
    columns: Sequence[Column]
    label_columns: Mapping[str, str]
    summaries: Sequence[TaskSummary]
    reviews: Sequence[ReviewRow]
    split: tuple[Sequence[str], Sequence[Sequence[object]], int] | None
    lang: str


def build(content: Content) -> Package:
    """Write the new sheets as a workbook of their own."""
    with writing() as (made, out):
        if content.split is not None:
            _split(made, content)
        _summary(made, content)
        _review(made, content)
        _record(made, content)
    parts = out[0].parts
    for name in parts:
        if name.startswith("xl/charts/"):
            parts[name] = parts[name].replace(b'<c:showVal val="1"/>', _VALUE_ONLY)
    return out[0]


def _split(made: Book, content: Content) -> None:
    assert content.split is not None
    names, rows, text = content.split
    sheet = made.book.add_worksheet(content.names.split)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(rows), len(names) + len(content.columns) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{len(rows) + 1}"})
    ranges = lists(content.names, content.labels, content.taxonomies)
    for i, column in enumerate(content.columns, len(names)):
        if column.kind == "label" and column.task in ranges:
            rule = {"validate": "list", "source": "=" + ranges[column.task]}
            sheet.data_validation(1, i, len(rows), i, rule)
    write_table(made, sheet, names, rows, content.columns, (text,))


def _summary(made: Book, content: Content) -> None:
    words, sheet = WORDS[content.lang], made.book.add_worksheet(content.names.summary)
    cells: dict[tuple[int, int], tuple[object, Any]] = {}
    key, value = made.style(font_color="595959"), made.style(align="left")
    middle, share = made.body(num_format=3, align="right"), made.body(num_format=PERCENT, align="right")
    name, bold = made.body(), made.style(bold=True, font_size=12, font_color=NAVY)
    cells[0, 1] = words["title"], made.style(bold=True, font_size=18, font_color=NAVY)
    unlabelled = len(content.labels.notes)
    facts: list[tuple[str, object]] = [
        ("file", content.file), ("date", dt.date.today().isoformat()), ("rows", f"{content.labels.size:,}"),
    ]  # fmt: skip
    if unlabelled:
        facts.append(("unlabelled", f"{unlabelled:,}"))
    for r, (word, fact) in enumerate(facts, 1):
        cells[r, 1], cells[r, 2] = (words[word], key), (fact, value)
    at = len(facts) + 2
    for c, word in enumerate(("task", "labelled", "check", "share"), 1):
        cells[at, c] = words[word], made.head
    for s in content.summaries:
        at += 1
        row = ((s.title, name), (s.labelled, middle), (s.review, middle), (s.review_share, share))
        cells.update({(at, c): v for c, v in enumerate(row, 1)})
    hint = words["hint"].format(content.names.review)
    if len(content.reviews) < sum(s.review for s in content.summaries):
        hint += " " + words["capped"].format(len(content.reviews))
    cells[at + 1, 1] = hint, made.style(italic=True, font_color="595959", font_size=9)
    at += 3
    breaks = []
    page = 0
    sheet.set_default_row(18)
    sheet.set_column(1, 1, 22)
    sheet.set_column(2, 4, 11)
    for s in content.summaries:
        height = max(_CHART_ROWS, len(s.names) + 3)
        if at + height - page > _PAGE_ROWS:
            breaks.append(at - 1)
            page = at
        title = words["by"].format(s.title) + (f" ({words['multi']})" if s.multi else "")
        cells[at, 1] = title, bold
        for c, word in enumerate(("category", "count", "share"), 1):
            cells[at + 1, c] = words[word], made.head
        for i, (category, count) in enumerate(zip(s.names, s.counts, strict=True)):
            line = ((category, name), (count, middle), (count / s.labelled if s.labelled else 0, share))
            cells.update({(at + 2 + i, c): v for c, v in enumerate(line, 1)})
        last = at + 1 + len(s.names)
        sheet.insert_chart(
            at,
            5,
            _chart(made, content.names.summary, title, at + 2, last, height),
            {"object_position": 2, "x_offset": 12},
        )
        at += height + 2
    sheet.set_column(0, 0, 2)
    sheet.set_column(5, 11, 9)
    for r in sorted({r for r, _ in cells} | set(range(at))):
        if r == 0:
            sheet.set_row(0, 30)
        for c in range(1, 5):
            if (r, c) in cells:
                put(sheet, r, c, *cells[r, c])
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.set_margins(0.5, 0.5, 0.6, 0.6)
    sheet.set_print_scale(60)
    sheet.print_area(0, 0, at, 11)
    sheet.set_h_pagebreaks(breaks)


def _chart(made: Book, sheet: str, title: str, first: int, last: int, rows: int) -> Any:
    font = {"name": "맑은 고딕", "size": 9, "color": "#404040"}
    chart = made.book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": title,
            "categories": [sheet, first, 1, last, 1],
            "values": [sheet, first, 2, last, 2],
            "fill": {"color": "#" + BLUE},
            "gap": 60,
            "data_labels": {"value": True, "num_format": "#,##0", "font": font},
        }
    )
    chart.set_title({"name": title, "name_font": {**font, "size": 12, "bold": True}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "num_font": font, "line": {"color": "#" + LINE}, "major_tick_mark": "none"})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}, "min": 0})
    chart.set_chartarea({"border": {"color": "#" + LINE}})
    chart.set_size({"width": 385, "height": 24 * rows})
    return chart


_TEXT_WIDTH = 64


def _height(text: str, width: int) -> float:
    """Row height in points that shows a wrapped text whole; Hangul takes two columns of the width."""
    lines = (sum(2 if c > "\u1100" else 1 for c in line) for line in text.split("\n"))
    return 15.0 * sum(max(1, -(-n // (width - 2))) for n in lines) + 3


def _review(made: Book, content: Content) -> None:
    words, sheet = WORDS[content.lang], made.book.add_worksheet(content.names.review)
    heads = ("row", "text", "task", "label", "confidence", "second", "reasons", "decision")
    for c, width in enumerate((8, _TEXT_WIDTH, 20, 16, 10, 16, 30, 16)):
        sheet.set_column(c, c, width)
    last = max(1, len(content.reviews))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(heads) - 1)
    record = quoted(content.names.record)
    end = letter(_LISTS + max(1, len(content.summaries)) - 1)
    match = f"MATCH($C2,{record}!$G$1:${end}$1,0)"
    formula = f"=OFFSET({record}!$G${_FIRST},0,{match}-1,INDEX({record}!$G$5:${end}$5,{match}),1)"
    sheet.data_validation(1, 7, last, 7, {"validate": "list", "source": formula, "error_type": "warning"})
    for c, word in enumerate(heads):
        put(sheet, 0, c, words[word], made.head)
    middle, wrapped = made.body(align="center"), made.body(text_wrap=True)
    link = made.body(align="center", font_color="0563C1", underline=1)
    share, label = made.body(num_format=PERCENT, align="center"), made.body(bg_color=SOFT, align="center")
    empty = made.body(bg_color="FFFBE6")
    target = quoted(content.data_sheet)
    for r, review in enumerate(content.reviews, 1):
        number, text = content.rows[review.position], content.texts[review.position]
        text = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        sheet.set_row(r, _height(text, _TEXT_WIDTH))
        sheet.write_url(r, 0, f"internal:{target}!A{number}", link, str(number))
        put(sheet, r, 1, text, wrapped)
        put(sheet, r, 2, review.title, middle)
        put(sheet, r, 3, review.label, label)
        put(sheet, r, 4, review.confidence, share)
        put(sheet, r, 5, review.second, middle)
        put(sheet, r, 6, review.reasons, wrapped)
        put(sheet, r, 7, "", empty)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _record(made: Book, content: Content) -> None:
    """Very hidden: what was predicted, for a later comparison with what a person left or changed."""
    sheet = made.book.add_worksheet(content.names.record)
    sheet.very_hidden()
    plain = made.style()
    columns: list[list[str]] = []
    for s in content.summaries:
        names = list(content.taxonomies[s.task].names(content.lang))
        head = [s.title, s.task, content.models.get(s.task, ""), content.label_columns.get(s.task, ""), str(len(names))]
        columns.append(head + names)
    rows = zip(content.rows, content.texts, strict=True)
    facts = [content.data_sheet, content.names.review, content.lang, *(f"{r}:{fingerprint(t)}" for r, t in rows)]
    records: list[tuple[object, ...]] = [("row", "task", "code", "confidence", "model")]
    for task, a in content.labels.tasks.items():
        model = content.models.get(task, "")
        for i, (j, confidence) in enumerate(zip(a.label.tolist(), a.confidence.astype(float).tolist(), strict=True)):
            if j >= 0:
                code = ";".join(a.classes[k] for k in a.assigned[i].nonzero()[0]) if a.multi else a.classes[j]
                records.append((content.rows[i], task, code, round(confidence, 4), model))
    for r in range(max(len(records), *map(len, [facts, *columns]))):
        for c, value in enumerate(records[r] if r < len(records) else ()):
            put(sheet, r, c, value, plain)
        if r < len(facts):
            put(sheet, r, _LISTS - 1, facts[r], plain)
        for c, column in enumerate(columns, _LISTS):
            if r < len(column):
                put(sheet, r, c, int(column[r]) if r == _FIRST - 2 else column[r], plain)
