"""The workbook of a report: tables that paste into a document, native charts, and every idea with what was found."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from ideaclass.report.study import Study
from ideaclass.report.words import WORDS
from ideaclass.sheets.book import NAVY, Book, put
from ideaclass.sheets.styles import PERCENT
from ideaclass.sheets.table import letter

SHEET = {lang: WORDS[lang]["ideas"] for lang in WORDS}
_BLUE = "#4472C4"
_CELL = 300
_CHARTED = 15


class _Sheet:
    """One worksheet, filled from the top; charts stand to the right."""

    def __init__(self, made: Book, name: str, widths: Sequence[float]) -> None:
        self.made, self.name = made, name
        self.sheet = made.book.add_worksheet(name)
        for c, width in enumerate(widths):
            self.sheet.set_column(c, c, width)
        self.sheet.hide_gridlines(2)
        self.sheet.set_paper(9)
        self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 0)
        self.at = 0

    def title(self, text: str) -> None:
        put(self.sheet, self.at, 0, text, self.made.style(bold=True, font_size=14, font_color=NAVY))
        self.at += 1

    def note(self, text: str) -> None:
        put(self.sheet, self.at, 0, text, self.made.style(font_color="595959"))
        self.at += 1

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[object]], shares: Sequence[int] = ()) -> int:
        """Write a header and rows; return the header's row number, from 0."""
        first = self.at
        for c, head in enumerate(heads):
            put(self.sheet, self.at, c, head, self.made.head)
        wrapped, number = self.made.body(text_wrap=True), self.made.body(num_format="#,##0.###", align="right")
        percent = self.made.body(num_format=PERCENT, align="right")
        for row in rows:
            self.at += 1
            for c, value in enumerate(row):
                form = percent if c in shares else number if isinstance(value, int | float) else wrapped
                put(self.sheet, self.at, c, value, form)
        self.at += 2
        return first

    def chart(self, kind: str, title: str, head: int, count: int, category: int, value: int, at: str) -> None:
        """Draw a native chart of one column of the table under the header row `head`."""
        font = {"name": "맑은 고딕", "size": 9, "color": "#404040"}
        chart = self.made.book.add_chart({"type": kind})
        chart.add_series(
            {
                "name": title,
                "categories": [self.name, head + 1, category, head + count, category],
                "values": [self.name, head + 1, value, head + count, value],
                "fill": {"color": _BLUE},
                "gap": 60,
                "data_labels": {"value": count <= 24, "font": font},
            }
        )
        chart.set_title({"name": title, "name_font": {**font, "size": 12, "bold": True}, "overlay": False})
        chart.set_legend({"none": True})
        chart.set_y_axis({"reverse": kind == "bar", "num_font": font, "major_gridlines": {"visible": False}})
        chart.set_x_axis({"num_font": font, "major_gridlines": {"visible": False}})
        chart.set_size({"width": 620, "height": max(260, 26 * count + 90) if kind == "bar" else 320})
        self.sheet.insert_chart(at, chart, {"object_position": 2})


def workbook(study: Study) -> bytes:
    """Write the workbook of a study.

    Returns
    -------
    bytes
        An .xlsx file. Texts stay texts: nothing in it is a formula.
    """
    buffer = io.BytesIO()
    made = Book(buffer)
    said = WORDS[study.lang]
    _themes(made, study, said)
    _labels(made, study, said)
    if study.matrix:
        _matrix(made, study, said)
    if study.candidates:
        _esg(made, study, said)
    if study.months or study.change:
        _trend(made, study, said)
    if study.crosses:
        _crosses(made, study, said)
    _repeats(made, study, said)
    _ideas(made, study, said)
    made.book.close()
    return buffer.getvalue()


def _shown(text: str) -> str:
    return text if len(text) <= _CELL else text[:_CELL] + "…"


def _themes(made: Book, study: Study, said: dict[str, str]) -> None:
    sheet = _Sheet(made, said["themes"], (34, 34, 9, 9, 9, 40, 60))
    sheet.title(said["themes"])
    found = study.themes
    heads = [said[k] for k in ("theme", "broad", "count", "share", "cohesion", "keywords", "examples")]
    rows = [
        (
            t.name, found.broad[t.parent].name, t.size, t.share, round(t.cohesion, 3), ", ".join(t.keywords),
            "\n".join("· " + _shown(study.texts[i]) for i in t.representatives),
        )
        for t in found.themes
    ]  # fmt: skip
    head = sheet.table(heads, rows, shares=(3,))
    sheet.chart("bar", said["themes"], head, min(len(rows), _CHARTED), 0, 2, "I2")


def _labels(made: Book, study: Study, said: dict[str, str]) -> None:
    if not study.answers:
        return
    sheet = _Sheet(made, said["labels"], (26, 12, 12))
    for a in study.answers.values():
        top = sheet.at
        sheet.title(f"{a.title} ({said['by_person' if a.by_person else 'by_model']})")
        total = sum(n for _, n in a.counts)
        head = sheet.table(
            (a.title, said["count"], said["share"]), [(n, c, c / total if total else 0) for n, c in a.counts], (2,)
        )
        sheet.chart("bar", a.title, head, len(a.names), 0, 1, f"E{top + 1}")
        sheet.at = max(sheet.at, top + 4 + round((26 * len(a.names) + 90) / 20), top + 15)


def _matrix(made: Book, study: Study, said: dict[str, str]) -> None:
    sheet = _Sheet(made, said["matrix"], (26, 30, 30, 10, 56, 56, 60))
    sheet.title(said["matrix"])
    rows = [
        (said[cell], m.inside, m.outside, m.relatedness, _shown(study.texts[m.evidence[0]]),
         _shown(study.texts[m.evidence[1]]), m.line)
        for cell, meetings in study.matrix.items()
        for m in meetings
    ]  # fmt: skip
    heads = (said["matrix"], said["inside"], said["outside"], said["relatedness"])
    sheet.table((*heads, said["evidence"] + " 1", said["evidence"] + " 2", said["why"]), rows)


def _esg(made: Book, study: Study, said: dict[str, str]) -> None:
    sheet = _Sheet(made, said["esg"], (18, 10, 70, 14, 36))
    sheet.title(said["esg"])
    names = dict(zip("ESG", study.answers["esg"].names, strict=False))
    rows = [
        (names[c.pillar], said["long" if c.long else "short"], _shown(study.texts[c.row]),
         c.item.code if c.item else said["none_item"], c.item.name if c.item else said["none_item"])
        for c in sorted(study.candidates, key=lambda c: ("ESG".index(c.pillar), c.long, c.row))
    ]  # fmt: skip
    sheet.table((said["pillar"], said["term"], said["ideas"], said["item"], ""), rows)


def _trend(made: Book, study: Study, said: dict[str, str]) -> None:
    sheet = _Sheet(made, said["trend"], (28, 12, 12, 14))
    if study.months:
        sheet.title(said["trend"])
        head = sheet.table((said["month"], said["count"]), study.months)
        sheet.chart("column", said["trend"], head, len(study.months), 0, 1, "G2")
        for key, rises in (("up", study.up), ("down", study.down)):
            if rises:
                sheet.title(said[key])
                sheet.table(
                    (said["word"], said["before"], said["recent"]), [(r.word, r.before, r.recent) for r in rises]
                )
    if study.change:
        sheet.title(said["change"])
        sheet.note(said["change_hint"].format(source=study.change.source))
        sheet.table((said["theme"], said["then"], said["now"]), study.change.themes, (1, 2))
        sheet.note(said["new"].format(n=len(study.change.new)))


def _crosses(made: Book, study: Study, said: dict[str, str]) -> None:
    sheet = _Sheet(made, said["crosses"], (22, *(14,) * 12))
    for cross in study.crosses:
        sheet.title(cross.title)
        rows = [(name, *numbers, sum(numbers)) for name, numbers in zip(cross.rows, cross.counts, strict=True)]
        rows.append((said["total"], *map(sum, zip(*cross.counts, strict=True)), sum(map(sum, cross.counts))))
        sheet.table(("", *cross.columns, said["total"]), rows)


def _repeats(made: Book, study: Study, said: dict[str, str]) -> None:
    sheet = _Sheet(made, said["repeats"], (10, 10, 70, 70, 12))
    sheet.title(said["copy_groups"])
    numbers = study.table.row_numbers
    rows = [
        (g, numbers[i], _shown(study.texts[i])) for g, group in enumerate(study.duplicates.copies, 1) for i in group
    ]
    sheet.table((said["group"], said["row"], said["ideas"]), rows)
    sheet.title(said["pairs"])
    pairs = [
        (round(p.score, 3), f"{numbers[p.first]}, {numbers[p.second]}", _shown(study.texts[p.first]),
         _shown(study.texts[p.second]), "")
        for p in study.duplicates.pairs
    ]  # fmt: skip
    sheet.table((said["score"], said["row"], said["first"], said["second"], said["confirm"]), pairs)


def _ideas(made: Book, study: Study, said: dict[str, str]) -> None:
    """Every row, its own columns and what was found: the sheet that a later report starts from."""
    table, sheet = study.table, made.book.add_worksheet(said["ideas"])
    old = {WORDS[lang][key] for lang in WORDS for key in ("col_theme", "col_broad", "col_copies")}
    titles = {a.title for a in study.answers.values()}
    kept = [c for c, name in enumerate(table.columns) if name not in old | titles]
    group = {i: g for g, rows in enumerate(study.duplicates.copies, 1) for i in rows}
    heads = [table.columns[c] for c in kept]
    heads += [*(a.title for a in study.answers.values()), said["col_theme"], said["col_broad"], said["col_copies"]]
    for c, name in enumerate(heads):
        is_text = c < len(kept) and kept[c] in table.text_columns
        sheet.set_column(c, c, 60 if is_text else 24 if c >= len(kept) else 14)
        put(sheet, 0, c, name, made.head)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, len(table.rows)), len(heads) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{letter(len(heads))}{len(table.rows) + 1}"})
    plain, wrapped, date = made.body(), made.body(text_wrap=True), made.body(num_format="yyyy-mm-dd")
    broad = study.themes.broad_labels.tolist()
    for r, row in enumerate(table.rows):
        values: list[Any] = [row[c] for c in kept]
        values += [a.rows[r] for a in study.answers.values()]
        above = study.themes.broad[broad[r]].name if broad[r] >= 0 else ""
        values += [study.theme_of(r), above, group.get(r, "")]
        for c, value in enumerate(values):
            if hasattr(value, "year") and value.year >= 1900:
                sheet.write_datetime(r + 1, c, value, date)
            else:
                put(sheet, r + 1, c, value, wrapped if c < len(kept) and kept[c] in table.text_columns else plain)
