"""Tables inside HTML, as e-government systems send them under the name .xls."""

from __future__ import annotations

from html.parser import HTMLParser

from ideaclass.sheets.table import Merge

_SPAN_LIMIT = 1000


class _Tables(HTMLParser):
    """Collects every outermost table as rows of (text, rowspan, colspan)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[tuple[str, int, int]]]] = []
        self._depth = 0
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self._skip = 0

    def _close(self) -> None:
        if self._cell is not None:
            lines = [" ".join(line.split()) for line in "".join(self._cell).split("\0")]
            text = "\n".join(lines).strip()
            if not self.tables[-1]:
                self.tables[-1].append([])
            self.tables[-1][-1].append((text, *self._span))
            self._cell = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, row or cell; a line break is kept."""
        if tag in ("style", "script"):
            self._skip += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append([])
        elif tag in ("br", "p", "div") and self._cell:
            self._cell.append("\0")
        elif self._depth == 1 and tag == "tr":
            self._close()
            self.tables[-1].append([])
        elif self._depth == 1 and tag in ("td", "th"):
            self._close()
            values = dict(attrs)
            self._span = (_span(values.get("rowspan")), _span(values.get("colspan")))
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        """Close a cell, row or table."""
        if tag in ("style", "script"):
            self._skip = max(0, self._skip - 1)
        elif self._depth == 1 and tag in ("td", "th", "tr", "table"):
            self._close()
        if tag == "table" and self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        """Keep the text of the open cell."""
        if self._cell is not None and not self._skip:
            self._cell.append(data)


def _span(value: str | None) -> int:
    digits = (value or "").strip()
    return min(max(int(digits), 1), _SPAN_LIMIT) if digits.isdecimal() else 1


def parse(html: str) -> tuple[list[list[object]], list[Merge]]:
    """Cells and merged ranges of the largest table in an HTML page; tables above it become rows above.

    Parameters
    ----------
    html : str
        The page.

    Returns
    -------
    cells : list of list of object
        Texts, rowspan and colspan laid out; the cells a span covers are empty.
    merges : list of Merge
        What the spans cover.
    """
    parser = _Tables()
    parser.feed(html)
    parser.close()
    tables = [t for t in parser.tables if any(t)]
    if not tables:
        return [], []
    largest = max(range(len(tables)), key=lambda i: sum(map(len, tables[i])))
    cells: list[list[object]] = []
    merges: list[Merge] = []
    for table in tables[: largest + 1]:
        _lay_out(table, cells, merges)
    return cells, merges


def _lay_out(table: list[list[tuple[str, int, int]]], cells: list[list[object]], merges: list[Merge]) -> None:
    """Append a table's rows to `cells`, leaving room for what spans cover."""
    top = len(cells)
    covered: set[tuple[int, int]] = set()
    for r, row in enumerate(table):
        line: list[object] = []
        for text, down, across in row:
            while (r, len(line)) in covered:
                line.append("")
            c, down = len(line), min(down, len(table) - r)
            line.extend([text] + [""] * (across - 1))
            if down > 1 or across > 1:
                merges.append((top + r, c, top + r + down - 1, c + across - 1))
                covered.update((r + i, c + j) for i in range(1, down) for j in range(across))
        cells.append(line)
