"""The cell styles of a workbook part: variants of what is there, and another workbook's styles taken in."""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from ideaclass.sheets.ooxml import Node, Splice, UnpatchableError, tree

_KEPT = ("fontId", "borderId", "xfId", "applyFont", "applyBorder")
PERCENT, DATE, MOMENT = 9, 14, 22


class Styles:
    """The styles part of a workbook, growing.

    Parameters
    ----------
    data : bytes
        The part.
    """

    def __init__(self, data: bytes) -> None:
        self._splice = Splice(data)
        self._data = data
        root = tree(data, 4)
        self._lists: dict[str, Node] = {}
        for name in ("fonts", "fills", "borders", "cellXfs"):
            node = root.child(name)
            if node is None:
                raise UnpatchableError(f"the styles have no {name}")
            self._lists[name] = node
        self._added: dict[str, list[str]] = {name: [] for name in self._lists}

    def _add(self, name: str, xml: str) -> int:
        self._added[name].append(xml)
        return len(self._lists[name].children) + len(self._added[name]) - 1

    def fill(self, rgb: str) -> int:
        """Add a solid fill."""
        return self._add(
            "fills",
            f'<fill><patternFill patternType="solid"><fgColor rgb="FF{rgb}"/><bgColor indexed="64"/></patternFill>'
            "</fill>",
        )

    def variant(
        self, base: int, *, fill: int | None = None, number: int = 0, wrap: bool = False, middle: bool = False
    ) -> int:
        """Add a style: font and border of style `base`, with this fill, number format and alignment."""
        xfs = self._lists["cellXfs"].children
        node = xfs[base] if base < len(xfs) else xfs[0]
        kept = {k: v for k, v in node.attributes.items() if k in _KEPT}
        kept["numFmtId"] = str(number)
        if number:
            kept["applyNumberFormat"] = "1"
        kept["fillId"] = str(fill) if fill is not None else node.attributes.get("fillId", "0")
        kept["applyFill"] = "1"
        old = node.child("alignment")
        alignment = {"vertical": old.attributes.get("vertical", "center") if old else "center"}
        if middle:
            alignment["horizontal"] = "center"
        if wrap:
            alignment["wrapText"] = "1"
        inner = "<alignment" + "".join(f" {k}={quoteattr(v)}" for k, v in alignment.items()) + "/>"
        attributes = "".join(f" {k}={quoteattr(v)}" for k, v in kept.items())
        return self._add("cellXfs", f'<xf{attributes} applyAlignment="1">{inner}</xf>')

    def graft(self, other: bytes) -> int:
        """Take in all styles of another (XlsxWriter's) part; what to add to its style numbers is returned."""
        root = tree(other, 4)
        offsets: dict[str, int] = {}
        for name in ("fonts", "fills", "borders"):
            node = root.child(name)
            offsets[name] = len(self._lists[name].children) + len(self._added[name])
            for child in node.children if node else ():
                self._add(name, other[child.start : child.end].decode())
        first = len(self._lists["cellXfs"].children) + len(self._added["cellXfs"])
        xfs = root.child("cellXfs")
        for child in xfs.children if xfs else ():
            xml = other[child.start : child.end].decode()
            for attribute, name in (("fontId", "fonts"), ("fillId", "fills"), ("borderId", "borders")):
                xml = _shifted(xml, attribute, offsets[name])
            xml = re.sub(r'\bxfId="\d+"', 'xfId="0"', xml)
            for flag in ("Font", "Fill", "Border", "Alignment"):
                if f"apply{flag}=" not in xml:
                    xml = xml.replace("<xf ", f'<xf apply{flag}="1" ', 1)
            self._add("cellXfs", xml)
        return first

    def result(self) -> bytes:
        """Write out the part with everything added."""
        for name, xml in self._added.items():
            if xml:
                self._splice.append(self._lists[name], "".join(xml), len(xml))
        return self._splice.result()


def _shifted(xml: str, attribute: str, by: int) -> str:
    return re.sub(rf'\b{attribute}="(\d+)"', lambda m: f'{attribute}="{int(m[1]) + by}"', xml)
