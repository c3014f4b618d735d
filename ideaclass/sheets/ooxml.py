"""The parts of an .xlsx file as bytes, and edits spliced into them: what is not edited stays as it was, byte for byte.

Loading and saving a workbook with a library loses what the library does not model (charts, pictures, slicers,
extended validations, rich text, cached results of formulas). Splicing loses nothing.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from ideaclass.sheets.table import column_number

_TAG = re.compile(rb"""<[^"'>]*(?:"[^"]*"[^"'>]*|'[^']*'[^"'>]*)*>""")
_ERROR = re.compile(rb"<(?:\w+:)?c\s[^>]*\bt=[\"']e[\"'][^>]*>.*?<(?:\w+:)?v>(#[^<]{1,20})</", re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
SURROGATE = re.compile("[\ud800-\udfff]")
CELL_LIMIT = 32_767
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class UnpatchableError(Exception):
    """The workbook is not built in a way that can be spliced; it must be written anew."""


@dataclass(slots=True)
class Node:
    """An element of an XML part and where its bytes stand.

    Attributes
    ----------
    start, body, close, end : int
        Offsets of its start tag, of what follows that, of its end tag and of what follows that;
        `body`, `close` and `end` are the same for an empty element.
    """

    name: str
    attributes: dict[str, str]
    start: int
    body: int = 0
    close: int = 0
    end: int = 0
    children: list[Node] = field(default_factory=list)

    def child(self, name: str) -> Node | None:
        """First child of that local name."""
        return next((c for c in self.children if c.name == name), None)


def _walk(data: bytes, start: Callable[[str, dict[str, str], int], None], end: Callable[[str, int], None]) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attrs: start(name, attrs, parser.CurrentByteIndex)
    parser.EndElementHandler = lambda name: end(name, parser.CurrentByteIndex)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as e:
        raise UnpatchableError(str(e)) from None


def tree(data: bytes, depth: int = 9) -> Node:
    """Find the elements of an XML part down to a depth, the root being 0."""
    root = Node("", {}, 0)
    stack = [root]
    level = 0

    def opened(name: str, attrs: dict[str, str], at: int) -> None:
        nonlocal level
        if level <= depth:
            node = Node(name.rpartition(":")[2], attrs, at, tag_end(data, at))
            stack[-1].children.append(node)
            stack.append(node)
        level += 1

    def closed(_: str, at: int) -> None:
        nonlocal level
        level -= 1
        if level <= depth:
            node = stack.pop()
            empty = data[node.body - 2 : node.body] == b"/>"
            node.close, node.end = (node.body, node.body) if empty else (at, data.index(b">", at) + 1)

    _walk(data, opened, closed)
    return root.children[0]


def tag_end(data: bytes, start: int) -> int:
    """Offset of what follows the tag that starts here."""
    match = _TAG.match(data, start)
    if match is None:
        raise UnpatchableError("a tag without an end")
    return match.end()


@dataclass(slots=True)
class Row:
    """A row of a sheet part: its node, its empty cells as (column, start, end) and the styles of its cells."""

    node: Node
    blanks: list[tuple[int, int, int]]
    styles: dict[int, int]


@dataclass(slots=True)
class Cells:
    """Rows of a sheet part by number, and the last column, from 0, that holds a value."""

    rows: dict[int, Row]
    last: int


def index_cells(data: bytes) -> Cells:
    """Where every row and every empty cell of a sheet part stands."""
    rows: dict[int, Row] = {}
    last = -1
    number = column = 0
    row: Row | None = None
    cell_start = style = 0
    filled = False

    def opened(name: str, attrs: dict[str, str], at: int) -> None:
        nonlocal row, number, column, cell_start, style, filled, last
        local = name.rpartition(":")[2]
        if local == "row":
            number = int(attrs.get("r", number + 1))
            column = -1
            row = rows[number] = Row(Node("row", attrs, at, tag_end(data, at)), [], {})
        elif row is None:
            return
        elif local == "c":
            reference = attrs.get("r")
            column = column_number(reference.rstrip("0123456789")) if reference else column + 1
            cell_start, style, filled = at, int(attrs.get("s", 0)), False
            row.styles[column] = style
        elif local in ("v", "is", "f"):
            filled = True
            last = max(last, column)

    def closed(name: str, at: int) -> None:
        nonlocal row
        local = name.rpartition(":")[2]
        if row is None:
            return
        if local == "c" and not filled:
            end = tag_end(data, cell_start)
            if data[end - 2 : end] != b"/>":
                end = data.index(b">", at) + 1
            row.blanks.append((column, cell_start, end))
        elif local == "row":
            node = row.node
            empty = data[node.body - 2 : node.body] == b"/>"
            node.close, node.end = (node.body, node.body) if empty else (at, data.index(b">", at) + 1)
            row = None

    _walk(data, opened, closed)
    return Cells(rows, last)


class Splice:
    """Edits to one part, all in offsets of the part as it was."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._edits: list[tuple[int, int, bytes]] = []
        root = _TAG.search(data, re.search(rb"<[A-Za-z]", data).start())  # type: ignore[union-attr]
        name = re.match(rb"<([\w.\-]+:)?", root.group(0)) if root else None
        self.prefix = (name.group(1) or b"") if name else b""

    def replace(self, start: int, end: int, xml: bytes) -> None:
        """Put `xml` in the place of these bytes."""
        self._edits.append((start, end, xml))

    def insert(self, at: int, xml: str) -> None:
        """Put unprefixed elements here, under the part's own prefix."""
        self._edits.append((at, at, self.own(xml)))

    def own(self, xml: str) -> bytes:
        """Unprefixed elements under the part's own prefix."""
        data = xml.encode()
        return re.sub(rb"<(/?)(?=[A-Za-z])", rb"<\1" + self.prefix, data) if self.prefix else data

    def append(self, node: Node, xml: str, added: int = 0) -> None:
        """Put elements at the end of a node and count them in its `count`."""
        tag = self.data[node.start : node.body]
        empty = node.body == node.end
        if added:
            count = int(node.attributes.get("count", len(node.children))) + added
            tag = re.sub(rb'\scount\s*=\s*("[^"]*"|\'[^\']*\')', b"", tag)
            tag = re.sub(rb"\s*(/?)>$", rb' count="%d"\1>' % count, tag)
        if empty:
            name = re.match(rb"<([\w.:\-]+)", tag).group(1)  # type: ignore[union-attr]
            self.replace(node.start, node.end, re.sub(rb"\s*/>$", b">", tag) + self.own(xml) + b"</" + name + b">")
        else:
            self.replace(node.start, node.body, tag)
            self.insert(node.close, xml)

    def attribute(self, node: Node, name: str, value: str | None) -> None:
        """Set or, with None, remove one attribute of a node."""
        tag = self.data[node.start : node.body]
        tag = re.sub(rb"\s" + name.encode() + rb'\s*=\s*("[^"]*"|\'[^\']*\')', b"", tag)
        if value is not None:
            tag = re.sub(rb"\s*(/?)>$", lambda m: f" {name}={quoteattr(value)}".encode() + m.group(1) + b">", tag)
        self.replace(node.start, node.body, tag)

    def result(self) -> bytes:
        """Make all edits."""
        parts, at = [], 0
        for start, end, xml in sorted(self._edits, key=lambda e: (e[0], e[1])):
            parts += [self.data[at:start], xml]
            at = max(at, end)
        return b"".join([*parts, self.data[at:]])


class Package:
    """The parts of an .xlsx file by name."""

    def __init__(self, parts: dict[str, bytes]) -> None:
        self.parts = parts

    @classmethod
    def open(cls, path: Path) -> Package:
        """Read every part of a file."""
        with zipfile.ZipFile(path) as archive:
            return cls({i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()})

    def save(self, path: Path) -> None:
        """Write every part, content types first."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
            for name in sorted(self.parts, key=lambda n: n != "[Content_Types].xml"):
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                archive.writestr(info, self.parts[name], zipfile.ZIP_DEFLATED, 4)

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Of a part: relationship id to (type, target part)."""
        folder, name = posixpath.split(part)
        rels = self.parts.get(f"{folder}/_rels/{name}.rels".lstrip("/"))
        if rels is None:
            return {}
        return {
            n.attributes["Id"]: (
                n.attributes.get("Type", ""),
                posixpath.normpath(posixpath.join("/" + folder, n.attributes.get("Target", ""))).lstrip("/"),
            )
            for n in tree(rels, 1).children
        }

    @property
    def workbook(self) -> str:
        """Name of the workbook part."""
        main = [target for kind, target in self.relations("").values() if kind.endswith("/officeDocument")]
        if not main or main[0] not in self.parts:
            raise UnpatchableError("no workbook part")
        return main[0]

    def sheets(self) -> Iterator[tuple[str, str]]:
        """Name and part of each sheet, in order."""
        data = self.parts[self.workbook]
        relations = self.relations(self.workbook)
        sheets = tree(data, 2).child("sheets")
        for node in sheets.children if sheets else ():
            key = next((v for k, v in node.attributes.items() if k.endswith(":id")), "")
            if key in relations:
                yield node.attributes["name"], relations[key][1]

    def sheet(self, name: str) -> str:
        """Part of the sheet of that name."""
        for sheet, part in self.sheets():
            if sheet == name and part in self.parts:
                return part
        raise UnpatchableError(f"no part for the sheet {name!r}")


def cut(text: str) -> str:
    """Cut a text to the length of an Excel cell, which counts in UTF-16."""
    if 2 * len(text) <= CELL_LIMIT or len(text.encode("utf-16-le", "surrogatepass")) <= 2 * CELL_LIMIT:
        return text
    raw = text.encode("utf-16-le", "surrogatepass")[: 2 * (CELL_LIMIT - 1)]
    return raw.decode("utf-16-le", "ignore") + "…"


def safe_text(text: str) -> str:
    """Make a text fit for XML and Excel: control characters in Excel's `_x0000_` notation, at most 32,767 long."""
    text = cut(text)
    text = _ESCAPED.sub("_x005F_", text) if "_x" in text else text
    text = _CONTROL.sub(lambda m: f"_x{ord(m.group()):04X}_", text)
    return SURROGATE.sub("\ufffd", text)


def text_xml(text: str) -> str:
    """Make a text fit and escape it for the inside of an element."""
    return escape(safe_text(text)).replace("\r", "&#13;")


def error_cells(data: bytes) -> dict[tuple[int, int], str]:
    """Error values of a sheet part by row and column from 0; readers of cell values leave them out."""
    found: dict[tuple[int, int], str] = {}
    for match in _ERROR.finditer(data):
        reference = re.search(rb"\br=[\"']([A-Z]{1,3})(\d+)[\"']", match.group(0))
        if reference:
            place = int(reference.group(2)) - 1, column_number(reference.group(1).decode())
            found[place] = match.group(1).decode("utf-8", "replace")
    return found
