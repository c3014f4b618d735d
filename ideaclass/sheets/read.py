"""Any spreadsheet → `Table`. Files are judged by their content, not by their ending; nothing is guessed silently."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from textwrap import shorten

import python_calamine as calamine

from ideaclass.errors import ColumnError, FileError, InputError, SheetError
from ideaclass.sheets import decode, detect, htmltable, ooxml
from ideaclass.sheets.table import ERRORS, Grid, Table, cell_text, letter, plain

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NOT_TABLES = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"MIME-Version:", "a web archive"),
)
_RESAVE = "open it in Excel and save it as .xlsx"
KINDS = {
    "xlsx": ("엑셀(xlsx)", "Excel (xlsx)"),
    "xlsb": ("엑셀(xlsb)", "Excel (xlsb)"),
    "xls": ("엑셀 97-2003(xls)", "Excel 97-2003 (xls)"),
    "ods": ("ODS", "ODS"),
    "csv": ("텍스트(CSV)", "text (CSV)"),
    "html": ("HTML 표", "HTML table"),
}


def read(
    path: str | Path,
    *,
    sheet: str | int | None = None,
    header: int | Sequence[int] | None = None,
    text: Iterable[str | int] = (),
    encoding: str | None = None,
    lang: str = "ko",
) -> Table:
    """Read a table of texts from a spreadsheet.

    Parameters
    ----------
    path : str or Path
        An .xlsx, .xls, .ods, .csv, .tsv or HTML file.
    sheet : str or int, optional
        Name of the sheet, or its number from 1. By default the first visible one that holds a table with text.
    header : int or sequence of int, optional
        Number of the header row, or of each of several, from 1. Found by itself if left out.
    text : iterable of str or int
        Columns the texts are in, by name, number from 1 or Excel letter; several are joined by a line break.
    encoding : str, optional
        Encoding of a text file.
    lang : str
        Language of notices and problems, ``"ko"`` or ``"en"``.

    Returns
    -------
    Table
        The rows as they were, with the text of each.

    Raises
    ------
    FileError
        If the file is missing, unreadable, empty, damaged, protected or no spreadsheet.
    SheetError
        If there is no such sheet, no header row or no row below it.
    ColumnError
        If there is no such column, or none with text.
    """
    path = _real(Path(path))
    asked: list[str | int] = [text] if isinstance(text, str | int) else list(text)
    first: InputError | None = None
    for grid in _grids(path, _load(path), sheet, encoding):
        try:
            return _understand(path, grid, header, asked, lang)
        except (SheetError, ColumnError) as e:
            first = first or e
    raise first or SheetError(f"{path.name}: there is no visible sheet with cells; name one with --sheet")


def _real(path: Path) -> Path:
    """Spell the path as the disk does: macOS stores names decomposed, people type them composed."""
    twins = (path, *(path.parent / unicodedata.normalize(f, path.name) for f in ("NFC", "NFD")))
    found = next((p for p in twins if p.exists()), None)
    if found is None:
        raise FileError(f"{path}: there is no such file")
    return found


def _load(path: Path) -> bytes:
    if path.is_dir():
        raise FileError(f"{path}: this is a folder; name one file in it")
    try:
        data = path.read_bytes()
    except PermissionError:
        raise FileError(f"{path}: no permission to read it; close it elsewhere or ask its owner") from None
    except OSError as e:
        raise FileError(f"{path}: cannot be read: {e.strerror or e}") from None
    if not data.strip(b"\0 \r\n\t\xef\xbb\xbf\xff\xfe"):
        raise FileError(f"{path}: the file is empty")
    return data


def _grids(path: Path, data: bytes, sheet: str | int | None, encoding: str | None) -> Iterable[Grid]:
    name = path.name
    for mark, what in _NOT_TABLES:
        if data.startswith(mark):
            raise FileError(f"{name}: this is {what}, not a spreadsheet; {_RESAVE}")
    if data.startswith(b"PK"):
        return _workbook(name, data, _zip_kind(name, data), sheet)
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise FileError(f"{name}: protected by a password; open it in Excel and save it without one")
        if not any(w.encode("utf-16-le") in data for w in ("Workbook", "WORKBOOK", "Book", "BOOK")):
            raise FileError(f"{name}: a document (.hwp, .doc) or damaged, not a spreadsheet; save its table as .xlsx")
        return _workbook(name, data, "xls", sheet)
    return [_text_grid(name, data, encoding, sheet)]


def _zip_kind(name: str, data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = set(archive.namelist())
            kinds = {"xl/workbook.xml": "xlsx", "xl/workbook.bin": "xlsb"}
            for part, kind in kinds.items():
                if part in parts:
                    return kind
            if "mimetype" in parts and b"opendocument.spreadsheet" in archive.read("mimetype"):
                manifest = "META-INF/manifest.xml"
                if manifest in parts and b"encryption-data" in archive.read(manifest):
                    raise FileError(f"{name}: protected by a password; save it without one")
                return "ods"
            if any(p.lower().startswith("xl/") for p in parts):
                return "xlsx"
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError):
        raise FileError(f"{name}: damaged or cut short; get the file again, or {_RESAVE}") from None
    raise FileError(f"{name}: a zip file or document, not a spreadsheet; save its table as .xlsx")


def _workbook(name: str, data: bytes, kind: str, sheet: str | int | None) -> Iterable[Grid]:
    """Grids of the sheet asked for, or of the visible ones in order."""
    try:
        book = calamine.CalamineWorkbook.from_filelike(BytesIO(data))
        worksheets = [s for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
        visible = [s.name for s in worksheets if s.visible == calamine.SheetVisibleEnum.Visible]
        names = [s.name for s in worksheets]
    except calamine.PasswordError:
        raise FileError(f"{name}: protected by a password; open it in Excel and save it without one") from None
    except BaseException as e:  # calamine is Rust: a panic on a damaged file is no Exception
        raise _damaged(name, e) from None
    chosen = [_sheet_name(name, names, sheet)] if sheet is not None else visible or names
    for title in chosen:
        try:
            found = book.get_sheet_by_name(title)
            cells: list[list[object]] = [list(r) for r in found.to_python(skip_empty_area=False)]
            merges = [(r0, c0, r1, c1) for (r0, c0), (r1, c1) in found.merged_cell_ranges or ()]
        except BaseException as e:
            raise _damaged(name, e) from None
        if kind == "xlsx":
            _restore_errors(data, title, cells)
        if any(map(any, cells)) or len(chosen) == 1:
            yield Grid(kind, cells, merges, title, tuple(n for n in names if n != title))


def _damaged(name: str, error: BaseException) -> BaseException:
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
        return error
    return FileError(f"{name}: damaged or cut short; get the file again, or {_RESAVE}")


def _restore_errors(data: bytes, title: str, cells: list[list[object]]) -> None:
    """Put `#REF!` and its like back where the reader left a gap."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        wanted = {n: b"" for n in archive.namelist() if n.endswith((".rels", "workbook.xml"))}
        package = ooxml.Package({n: archive.read(n) for n in wanted})
        try:
            part = next(p for n, p in package.sheets() if n == title)
            errors = ooxml.error_cells(archive.read(part))
        except (ooxml.UnpatchableError, StopIteration, KeyError):
            return
    for (r, c), value in errors.items():
        if r < len(cells) and c < len(cells[r]) and cells[r][c] in ("", None):
            cells[r][c] = value


def _sheet_name(name: str, names: list[str], sheet: str | int) -> str:
    wanted = plain(sheet)
    for n in names:
        if plain(n) == wanted:
            return n
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return names[int(wanted) - 1]
    raise SheetError(f"{name}: there is no sheet {wanted!r}; it has {', '.join(names)}")


def _text_grid(name: str, data: bytes, encoding: str | None, sheet: str | int | None) -> Grid:
    if sheet is not None:
        raise SheetError(f"{name}: a text file has no sheets; leave --sheet out")
    declared = re.search(rb"<meta[^>]+charset=[\"']?([\w\-]+)", data[:4000], re.IGNORECASE)
    text, used = decode.decode(data, name, encoding)
    start = text[:100_000].lstrip().lower()
    if start.startswith("<"):
        if "<table" in start:
            if declared and encoding is None:
                with suppress(FileError):  # where it declares what it is not, what decodes strictly is right
                    text, used = decode.decode(data, name, declared.group(1).decode())
            cells, merges = htmltable.parse(text)
            return Grid("html", cells, merges, encoding=used)
        if start.startswith(("<?xml", "<!doctype", "<html")):
            raise FileError(f"{name}: XML or a web page without a table, not a spreadsheet; {_RESAVE}")
    delimiter = decode.sniff(text)
    return Grid("csv", decode.parse(text, delimiter, name), encoding=used, delimiter=delimiter)


def _understand(path: Path, grid: Grid, header: int | Sequence[int] | None, asked: list[str | int], lang: str) -> Table:
    name = f"{path.name}, sheet {grid.sheet!r}" if grid.sheet else path.name
    if not any(any(plain(v) for v in row) for row in grid.cells):
        raise SheetError(f"{name}: it has no filled cell")
    head = detect.find_header(grid, name, header)
    width = len(head.names)
    below = head.rows[-1] + 1
    rows: list[list[object]] = [(row + [""] * width)[:width] for row in grid.cells[below:]]
    numbers = list(range(below + 1, below + 1 + len(rows)))
    filled = [row for row in rows if any(map(plain, row))]
    if not filled:
        raise SheetError(f"{name}: only a header (row {below}), no rows below it")
    others: tuple[int, ...] = ()
    if asked:
        chosen = detect.pick_text(head.names, asked, name)
    else:
        chosen, others = detect.find_text(head.names, filled, name)
    end, dropped = detect.split_notes(rows, numbers, chosen)
    if not end:
        raise SheetError(f"{name}: only a header (row {below}) and notes, no rows of data")
    rows, numbers = rows[:end], numbers[:end]
    texts, problems = _texts(rows, chosen, lang)
    table = Table(
        path, grid.kind, grid.encoding, grid.delimiter, grid.sheet, grid.others, tuple(r + 1 for r in head.rows),
        head.names, chosen, rows, numbers, texts, problems, dropped, [],
    )  # fmt: skip
    table.notices.extend(_notices(table, others, lang))
    return table


def _texts(rows: list[list[object]], chosen: tuple[int, ...], lang: str) -> tuple[list[str], dict[int, str]]:
    texts: list[str] = []
    problems: dict[int, str] = {}
    for i, row in enumerate(rows):
        values = [row[c] for c in chosen]
        reason = detect.problem(values, ERRORS, lang)
        if reason:
            problems[i] = reason
            texts.append("")
        else:
            joined = "\n".join(t for t in map(cell_text, values) if t.strip())
            texts.append(unicodedata.normalize("NFC", joined))
    return texts, problems


def _notices(table: Table, others: tuple[int, ...], lang: str) -> list[str]:
    ko = lang != "en"
    names = [f"{table.columns[c]}{'' if ko else ' '}({letter(c)})" for c in table.text_columns]
    header = ", ".join(map(str, table.header))
    kind = KINDS[table.kind][0 if ko else 1]
    lines = []
    if table.kind in ("csv", "html"):
        separator = {"\t": "탭" if ko else "tab"}.get(table.delimiter, table.delimiter)
        mark = f", {'구분자' if ko else 'separator'} {separator}" if separator else ""
        lines.append(f"{'파일' if ko else 'file'}: {kind}, {'인코딩' if ko else 'encoding'} {table.encoding}{mark}")
    else:
        rest = f" ({'다른 시트' if ko else 'others'}: {', '.join(table.others)})" if table.others else ""
        lines.append(f"{'파일' if ko else 'file'}: {kind}")
        lines.append(f"{'시트' if ko else 'sheet'}: {table.sheet}{rest}")
    span = f"{table.row_numbers[0]}–{table.row_numbers[-1]}"
    if ko:
        lines.append(f"머리글: {header}행, 데이터: {span}행 {len(table.rows):,}건")
    else:
        lines.append(f"header: row {header}, data: rows {span}, {len(table.rows):,} in all")
    also = ", ".join(table.columns[c] for c in others)
    hint = f" ({'다른 글 열' if ko else 'other text columns'}: {also}; --text)" if also else ""
    lines.append(f"{'글 열' if ko else 'text'}: {' + '.join(names)}{hint}")
    if table.dropped:
        shown = "; ".join(f"{n}{'행' if ko else ''} {shorten(t, 40, placeholder='…')}" for n, t, _ in table.dropped[:3])
        more = " …" if len(table.dropped) > 3 else ""
        lines.append(f"{'데이터에서 뺀 아래쪽 메모' if ko else 'notes below, not data'}: {shown}{more}")
    if table.problems:
        count = len(table.problems)
        lines.append(f"읽을 글이 없는 행: {count:,}건" if ko else f"rows without readable text: {count:,}")
    return lines
