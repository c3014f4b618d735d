"""The sheets of one workbook added to another, with their styles, charts and filters."""

from __future__ import annotations

import posixpath
import re
from xml.sax.saxutils import escape, quoteattr

from ideaclass.sheets.ooxml import RELATIONSHIPS, Node, Package, Splice, UnpatchableError, tree
from ideaclass.sheets.styles import Styles

_FOLDERS = ("xl/worksheets/", "xl/drawings/", "xl/charts/")
_BEFORE_NAMES = ("sheets", "functionGroups", "externalReferences")


def styles_part(package: Package) -> str:
    """Name of the styles part."""
    for kind, target in package.relations(package.workbook).values():
        if kind.endswith("/styles") and target in package.parts:
            return target
    raise UnpatchableError("no styles part")


def add_sheets(package: Package, other: Package, styles: Styles) -> None:
    """Put every sheet of `other`, a workbook that XlsxWriter wrote without shared strings, after those of `package`.

    Parameters
    ----------
    package : Package
        The workbook that grows.
    other : Package
        The workbook whose sheets are taken.
    styles : Styles
        Styles of `package`; the caller writes them back.
    """
    shift = styles.graft(other.parts["xl/styles.xml"])
    taken = {name.lower() for name in package.parts}
    moved = {name for name in other.parts if name.startswith(_FOLDERS)}
    number = 1
    while any(_renamed(name, number).lower() in taken for name in moved):
        number += 1
    for name in moved:
        data = other.parts[name]
        if name.endswith(".rels"):
            data = re.sub(rb'Target="(\.\./[^"]*/)([^"/]+)"', rb'Target="\1ideaclass%d_\2"' % number, data)
        elif name.startswith("xl/worksheets/"):
            data = re.sub(rb'(<(?:c|row|col)\b[^>]*?\s)(s|style)="(\d+)"', lambda m: _shifted(m, shift), data)
            data = re.sub(rb"<c r=\"([A-Z]+\d+)\"(?! s=)", rb'<c r="\1" s="%d"' % shift, data)
            data = data.replace(b' tabSelected="1"', b"")
        package.parts[_renamed(name, number)] = data
    _declare_types(package, other, moved, number)
    _declare_sheets(package, other, number)


def _renamed(name: str, number: int) -> str:
    folder, base = posixpath.split(name)
    return f"{folder}/ideaclass{number}_{base}"


def _shifted(match: re.Match[bytes], shift: int) -> bytes:
    return match[1] + match[2] + b'="%d"' % (int(match[3]) + shift)


def _declare_types(package: Package, other: Package, moved: set[str], number: int) -> None:
    data = package.parts["[Content_Types].xml"]
    splice, root = Splice(data), tree(data, 1)
    xml = "".join(
        f'<Override PartName="/{_renamed(part, number)}" ContentType={quoteattr(n.attributes["ContentType"])}/>'
        for n in tree(other.parts["[Content_Types].xml"], 1).children
        if n.name == "Override" and (part := n.attributes["PartName"].lstrip("/")) in moved
    )
    splice.append(root, xml)
    package.parts["[Content_Types].xml"] = splice.result()


def _declare_sheets(package: Package, other: Package, number: int) -> None:
    main = package.workbook
    folder, base = posixpath.split(main)
    rels = f"{folder}/_rels/{base}.rels"
    links = Splice(package.parts[rels])
    data = package.parts[main]
    book, root = Splice(data), tree(data, 2)
    sheets = root.child("sheets")
    if sheets is None:
        raise UnpatchableError("no sheets in the workbook part")
    ids = [int(n.attributes.get("sheetId", 0)) for n in sheets.children]
    source = tree(other.parts["xl/workbook.xml"], 2)
    parts = dict(other.sheets())
    listed, relations, names = "", "", ""
    added = source.child("sheets")
    first = len(sheets.children)
    for i, node in enumerate(added.children if added else (), 1):
        name = node.attributes["name"]
        key = f"rIdIdeaclass{number}x{i}"
        state = f' state="{node.attributes["state"]}"' if "state" in node.attributes else ""
        sheet_id = f'sheetId="{max(ids) + i}"{state} icr:id="{key}"'
        listed += f'<sheet xmlns:icr="{RELATIONSHIPS}" name={quoteattr(name)} {sheet_id}/>'
        target = "/" + _renamed(parts[name], number)
        relations += f'<Relationship Id="{key}" Type="{RELATIONSHIPS}/worksheet" Target="{target}"/>'
    defined = source.child("definedNames")
    source_bytes = other.parts["xl/workbook.xml"]
    for node in defined.children if defined else ():
        local = first + int(node.attributes["localSheetId"])
        value = source_bytes[node.body : node.close].decode()
        hidden = ' hidden="1"' if node.attributes.get("hidden") else ""
        head = f'<definedName name="{escape(node.attributes["name"])}" localSheetId="{local}"{hidden}>'
        names += f"{head}{value}</definedName>"
    book.append(sheets, listed)
    _add_names(book, root, names)
    links.append(tree(package.parts[rels], 1), relations)
    package.parts[main] = book.result()
    package.parts[rels] = links.result()


def _add_names(book: Splice, root: Node, names: str) -> None:
    if not names:
        return
    defined = root.child("definedNames")
    if defined is not None:
        book.append(defined, names)
    else:
        after = max(n.end for n in root.children if n.name in _BEFORE_NAMES)
        book.insert(after, f"<definedNames>{names}</definedNames>")
