"""Dates as people type them, to months."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from ideaclass.sheets.table import plain

_HEADER = re.compile(r"날짜|일자|일시|접수일|등록일|작성일|신청일|제출일|연월|date|month|^월$", re.IGNORECASE)
_FULL = re.compile(r"^'?(\d{4}|\d{2})\s*[-./년]\s*(\d{1,2})(?:\s*[-./월]|(?=\D|$))")
_PACKED = re.compile(r"^(19|20)(\d{2})(0[1-9]|1[0-2])(?:[0-3]\d)?$")
_MONTH = re.compile(r"^(\d{1,2})\s*월")
_FIRST_DAY = dt.date(1899, 12, 30)
ENOUGH = 0.6


def month(value: object) -> str | None:
    """Month of a cell as ``2023-06``, or ``06`` where no year is said; None if it is no date.

    Examples
    --------
    >>> [month(v) for v in ("2023. 6. 5.", "23/06/05", "20230605", "2023년 6월", "6월", "상담")]
    ['2023-06', '2023-06', '2023-06', '2023-06', '06', None]
    """
    if isinstance(value, dt.date):
        return f"{value.year:04d}-{value.month:02d}"
    if isinstance(value, float | int) and not isinstance(value, bool):
        if 32874 <= value < 73051:
            day = _FIRST_DAY + dt.timedelta(days=int(value))
            return f"{day.year:04d}-{day.month:02d}"
        value = int(value) if float(value).is_integer() else value
    text = plain(value)
    if found := _PACKED.match(text):
        return f"{found[1]}{found[2]}-{found[3]}"
    if found := _FULL.match(text):
        year, number = int(found[1]), int(found[2])
        year += 2000 if year < 70 else 1900 if year < 100 else 0
        return f"{year:04d}-{number:02d}" if 1 <= number <= 12 and 1900 <= year < 2200 else None
    if (found := _MONTH.match(text)) and 1 <= int(found[1]) <= 12:
        return f"{int(found[1]):02d}"
    return None


def date_column(names: Sequence[str], rows: Sequence[Sequence[object]]) -> tuple[int, list[str | None]] | None:
    """Find the column of dates: its position and the month of each row; None if there is none.

    A column counts if most of its filled cells are dates, and it is called so or its cells are dates to the software.
    """
    for wants_name in (True, False):
        for c, name in enumerate(names):
            filled = [row[c] for row in rows if plain(row[c])]
            if not filled or (wants_name and not _HEADER.search(name)):
                continue
            if not wants_name and not all(isinstance(v, dt.date) for v in filled):
                continue
            months = [month(row[c]) for row in rows]
            if sum(m is not None for m in months) >= ENOUGH * len(filled):
                years = {len(m) for m in months if m}
                if len(years) > 1:
                    months = [m if m and len(m) == max(years) else None for m in months]
                return c, months
    return None
