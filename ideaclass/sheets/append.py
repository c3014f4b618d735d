"""Our columns spliced into the sheet that the user sent, after the last of theirs, in the look of their neighbours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ideaclass.columns import Column
from ideaclass.sheets.ooxml import Cells, Node, Package, Splice, index_cells, text_xml, tree
from ideaclass.sheets.styles import PERCENT, Styles
from ideaclass.sheets.table import Table, column_number, letter

WIDTHS = {"label": 13, "confidence": 10, "second": 13, "reasons": 26, "review": 12, "note": 20}
SOFT, AMBER = "E8F1FA", "FFE699"
_ORDER = (
    "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection",
    "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews",
    "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions",
    "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches",
    "ignoredErrors", "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "picture", "oleObjects",
    "controls", "webPublishItems", "tableParts", "extLst",
)  # fmt: skip


def append_columns(
    package: Package, table: Table, columns: Sequence[Column], styles: Styles, lists: Mapping[str, str]
) -> int:
    """Add the columns to the table's sheet.

    Parameters
    ----------
    package : Package
        The workbook; its sheet part is replaced.
    table : Table
        Where the header and the rows stand.
    columns : sequence of Column
        As many values each as the table has rows.
    styles : Styles
        The workbook's styles; grows.
    lists : mapping of str to str
        For each task, the range of names that its label may be changed to.

    Returns
    -------
    int
        Position, from 0, of the first added column.
    """
    part = package.sheet(table.sheet)
    data = package.parts[part]
    cells = index_cells(data)
    root = tree(data, 2)
    first = max(cells.last, len(table.columns) - 1, *(_merged_ends(root) or [0])) + 1
    splice = Splice(data)
    _write_rows(splice, root, cells, table, columns, styles, first)
    last = first + len(columns) - 1
    top, bottom = table.header[0], table.row_numbers[-1]
    _widths(splice, root, columns, first)
    _extend_filter(package, splice, root, table.sheet, first, last)
    if len(table.header) > 1:
        merges = [f'<mergeCell ref="{letter(c)}{top}:{letter(c)}{table.header[-1]}"/>' for c in range(first, last + 1)]
        _extend(splice, root, "mergeCells", merges)
    rules = [
        f'<dataValidation type="list" allowBlank="1" showErrorMessage="1" '
        f'sqref="{letter(first + i)}{table.row_numbers[0]}:{letter(first + i)}{bottom}">'
        f"<formula1>{text_xml(lists[column.task])}</formula1></dataValidation>"
        for i, column in enumerate(columns)
        if column.kind == "label" and column.task in lists
    ]
    if rules:
        _extend(splice, root, "dataValidations", rules)
    dimension = root.child("dimension")
    if dimension is not None:
        start = dimension.attributes.get("ref", "A1").split(":")[0]
        end = max(bottom, max(cells.rows, default=bottom))
        splice.attribute(dimension, "ref", f"{start}:{letter(last)}{end}")
    package.parts[part] = splice.result()
    return first


def _merged_ends(root: Node) -> list[int]:
    node = root.child("mergeCells")
    refs = [m.attributes.get("ref", "A1").split(":")[-1] for m in node.children] if node else []
    return [column_number(re.sub(r"[\d$]", "", ref)) for ref in refs]


def _write_rows(
    splice: Splice, root: Node, cells: Cells, table: Table, columns: Sequence[Column], styles: Styles, first: int
) -> None:
    head_style = [_near(cells, r, first) for r in table.header]
    body = _near(cells, table.row_numbers[0], first)
    soft, amber = styles.fill(SOFT), styles.fill(AMBER)
    plain = {
        "label": styles.variant(body, fill=soft, middle=True, wrap=True),
        "confidence": styles.variant(body, number=PERCENT, middle=True),
        "second": styles.variant(body, middle=True, wrap=True),
        "reasons": styles.variant(body, wrap=True),
        "review": styles.variant(body, middle=True),
        "note": styles.variant(body, wrap=True),
    }
    marked = {
        "label": styles.variant(body, fill=amber, middle=True, wrap=True),
        "review": styles.variant(body, fill=amber, middle=True),
    }
    flags = {c.task: c.values for c in columns if c.kind == "review"}
    letters = [letter(first + i) for i in range(len(columns))]
    new: dict[int, str] = {}
    for depth, row in enumerate(table.header):
        new[row] = "".join(
            _text(f"{at}{row}", head_style[depth], "" if depth else c.name)
            for at, c in zip(letters, columns, strict=True)
        )
    for i, row in enumerate(table.row_numbers):
        made = []
        for at, c in zip(letters, columns, strict=True):
            value = c.values[i]
            flagged = c.kind in marked and c.task in flags and flags[c.task][i]
            style = marked[c.kind] if flagged else plain[c.kind]
            if isinstance(value, int | float) and not isinstance(value, bool):
                made.append(f'<c r="{at}{row}" s="{style}"><v>{value!r}</v></c>')
            else:
                made.append(_text(f"{at}{row}", style, "" if value is None else str(value)))
        new[row] = "".join(made)
    _splice_rows(splice, root, cells, new, first, first + len(columns) - 1)


def _near(cells: Cells, row: int, first: int) -> int:
    """Style of the cell left of our first column, or of the nearest one before it."""
    styles = cells.rows[row].styles if row in cells.rows else {}
    return next((styles[c] for c in range(first - 1, -1, -1) if c in styles), 0)


def _text(reference: str, style: int, text: str) -> str:
    if not text:
        return f'<c r="{reference}" s="{style}"/>'
    return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text_xml(text)}</t></is></c>'


def _splice_rows(splice: Splice, root: Node, cells: Cells, new: dict[int, str], first: int, last: int) -> None:
    sheet_data = root.child("sheetData")
    missing = sorted(n for n in new if n not in cells.rows)
    existing = sorted(cells.rows)
    for number, xml in new.items():
        row = cells.rows.get(number)
        if row is None:
            continue
        ours = [(start, end) for column, start, end in row.blanks if first <= column <= last]
        after = [start for column, start, _ in row.blanks if column > last]
        for start, end in ours:
            splice.replace(start, end, b"")
        splice.attribute(row.node, "spans", None) if row.node.body != row.node.end else splice.append(row.node, xml)
        if row.node.body != row.node.end:
            splice.insert(min(after) if after else row.node.close, xml)
    for number in missing:
        later = next((n for n in existing if n > number), None)
        row_xml = f'<row r="{number}">{new[number]}</row>'
        if later is not None:
            splice.insert(cells.rows[later].node.start, row_xml)
        elif sheet_data is not None:
            splice.insert(sheet_data.close, row_xml)


def _place(root: Node, name: str) -> int:
    """Where in the sheet part a new element of this name belongs."""
    rank = _ORDER.index(name)
    ends = [n.end for n in root.children if n.name in _ORDER and _ORDER.index(n.name) <= rank]
    return max(ends, default=root.body)


def _extend(splice: Splice, root: Node, name: str, children: list[str]) -> None:
    node = root.child(name)
    if node is not None:
        splice.append(node, "".join(children), len(children))
    else:
        splice.insert(_place(root, name), f'<{name} count="{len(children)}">{"".join(children)}</{name}>')


def _widths(splice: Splice, root: Node, columns: Sequence[Column], first: int) -> None:
    last = first + len(columns) - 1
    ours = "".join(
        f'<col min="{first + i + 1}" max="{first + i + 1}" width="{_width(c)}" customWidth="1"/>'
        for i, c in enumerate(columns)
    )
    node = root.child("cols")
    if node is None:
        splice.insert(_place(root, "cols"), f"<cols>{ours}</cols>")
        return
    before, after = "", ""
    for col in node.children:
        low, high = int(col.attributes["min"]), int(col.attributes["max"])
        rest = "".join(f' {k}="{v}"' for k, v in col.attributes.items() if k not in ("min", "max"))
        if low <= first:
            before += f'<col min="{low}" max="{min(high, first)}"{rest}/>'
        if high > last + 1:
            after += f'<col min="{max(low, last + 2)}" max="{high}"{rest}/>'
    splice.replace(node.start, node.end, splice.own(f"<cols>{before}{ours}{after}</cols>"))


def _width(column: Column) -> float:
    name = sum(2 if ord(ch) > 0x2E7F else 1 for ch in column.name) + 2
    return min(max(WIDTHS[column.kind], name), 30)


def _extend_filter(package: Package, splice: Splice, root: Node, sheet: str, first: int, last: int) -> None:
    """Let the user's filter reach over our columns, where it reached to the last of theirs."""
    node = root.child("autoFilter")
    match = re.fullmatch(r"(\$?[A-Z]+\$?\d+:)\$?([A-Z]+)\$?(\d+)", node.attributes.get("ref", "")) if node else None
    if node is None or match is None or column_number(match[2]) != first - 1:
        return
    splice.attribute(node, "ref", f"{match[1]}{letter(last)}{match[3]}")
    main = package.workbook
    data = package.parts[main]
    book = Splice(data)
    root = tree(data, 2)
    index = [name for name, _ in package.sheets()].index(sheet)
    names = root.child("definedNames")
    for n in names.children if names else ():
        local = n.attributes.get("name"), n.attributes.get("localSheetId")
        if local == ("_xlnm._FilterDatabase", str(index)):
            old = data[n.body : n.close]
            book.replace(n.body, n.close, re.sub(rb":\$?[A-Z]+\$?(\d+)$", f":${letter(last)}$".encode() + rb"\1", old))
    package.parts[main] = book.result()
