"""Bytes of a text file → text → rows: encoding and separator found by trying, never by guessing silently."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from itertools import islice

from ideaclass.errors import FileError

ENCODINGS = ("utf-8", "cp949", "utf-16")
DELIMITERS = (",", "\t", ";", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TOLERATED = 0.01
_SNIFFED_ROWS = 200


def _works(data: bytes, encoding: str) -> bool:
    try:
        return "\0" not in data.decode(encoding)
    except UnicodeError:
        return False


def _by_nulls(data: bytes) -> str | None:
    """UTF-16 without a mark: half of the bytes of its spaces, digits and commas are zero."""
    head = data[:4000]
    if head.count(0) < len(head) // 50 + 1:
        return None
    order = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    return order if _works(data, order) else None


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Text of a file and the encoding it was in.

    A file that no encoding reads but for a few damaged bytes is read with U+FFFD in their place.

    Raises
    ------
    FileError
        If the encoding asked for does not read the file (those that would are named), or none does.
    """
    if encoding is not None:
        try:
            codecs.lookup(encoding)
            if _works(data, encoding):
                return data.decode(encoding).removeprefix("\ufeff"), encoding
            problem = f"{name}: cannot be read as {encoding}"
        except LookupError:
            problem = f"{name}: there is no encoding called {encoding!r}"
        fits = [e for e in (_found(data), *ENCODINGS) if e and e != encoding and _works(data, e)]
        hint = f"these would work: {', '.join(dict.fromkeys(fits))}" if fits else "leave the option out"
        raise FileError(f"{problem}; {hint}")
    found = _found(data)
    if found is not None:
        return data.decode(found).removeprefix("\ufeff"), found
    if data.count(0) <= max(1, len(data) // 1000):
        tries = [(data.decode(e, "replace"), e) for e in ("utf-8", "cp949")]
        text, encoding = min(tries, key=lambda t: t[0].count("\ufffd"))
        if text.count("\ufffd") <= max(1, _TOLERATED * len(text)):
            return text.replace("\0", ""), encoding
    known = ", ".join(ENCODINGS)
    raise FileError(f"{name}: not a spreadsheet, and not text in {known} either; save it as .xlsx or .csv")


def _found(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark) and _works(data, encoding):
            return encoding
    return next((e for e in ("utf-8", "cp949") if _works(data, e)), None) or _by_nulls(data)


def sniff(text: str) -> str:
    """Find the separator under which most rows have the same number of cells, more than one; else a comma."""
    head = text[:200_000]
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        widths: Counter[int] = Counter()
        try:
            for row in islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), _SNIFFED_ROWS):
                widths[len(row)] += 1
        except csv.Error:
            continue
        score = max(((n, w) for w, n in widths.items() if w > 1), default=(0, 0))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def parse(text: str, delimiter: str, name: str) -> list[list[object]]:
    """Rows of a separated file; a blank line is an empty row.

    Raises
    ------
    FileError
        If a quotation mark is opened and never closed, which would swallow the rows after it.
    """
    csv.field_size_limit(2**31 - 1)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
    except csv.Error as e:
        if "unexpected end" in str(e):
            hint = "open it in Excel and save it"
            raise FileError(f"{name}: a quotation mark is opened and never closed; {hint}") from None
    return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
