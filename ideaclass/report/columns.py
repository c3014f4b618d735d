"""The columns of a table that say something about its ideas: labels a person gave, and attributes of who wrote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from ideaclass.errors import TaxonomyError
from ideaclass.report.words import WORDS
from ideaclass.sheets.table import Table, plain
from ideaclass.taxonomy import Taxonomy

_PERSON = re.compile(
    r"성명|이름|참여단원|작성자|제안자|신청인|민원인|연락처|전화|이메일|주소|name|phone|mail", re.IGNORECASE
)
_NOT_SAID = re.compile(r"번호|순번|연번|^no\.?$|^id$|점수|조회|추천|votes", re.IGNORECASE)
_OURS = re.compile(r"(확신도|2순위|근거 단어|검토|처리 메모|confidence|second|reasons|review|note)$")
_REPORTS = frozenset(WORDS[lang][key] for lang in WORDS for key in ("col_theme", "col_broad", "col_copies"))
_MOST = 20
_FEWEST_ROWS = 4
_RESOLVES = 0.9


def labels_in(table: Table, taxonomies: Sequence[Taxonomy]) -> dict[str, tuple[int, list[list[str]]]]:
    """Labels that the table has already: for each taxonomy found, its column and the codes of each row.

    A column counts if nine of ten of its filled cells name a category (its code, its name, or the name without what
    stands in brackets), and it has two of them or more.
    """
    found: dict[str, tuple[int, list[list[str]]]] = {}
    for c, name in enumerate(table.columns):
        if c in table.text_columns or _OURS.search(name):
            continue
        cells = [plain(row[c]) for row in table.rows]
        filled = sum(map(bool, cells))
        for tax in taxonomies:
            names = {re.sub(r"\(.*\)", "", category.ko).strip(): category.code for category in tax.categories}
            codes = [_codes(cell, tax, names) for cell in cells]
            hit = sum(map(bool, codes))
            several = len({code for row in codes for code in row}) > 1
            called = name.casefold() in (tax.name, tax.ko.casefold(), tax.en.casefold())
            if hit and hit >= _RESOLVES * filled and (several or called) and (called or tax.name not in found):
                found[tax.name] = c, codes
                break
    return found


def _codes(cell: str, tax: Taxonomy, names: dict[str, str]) -> list[str]:
    out = []
    for part in filter(None, map(str.strip, cell.split(";"))):
        try:
            out.append(names[part] if part in names else tax.resolve(part))
        except TaxonomyError:
            return []
    return out


def attributes(table: Table, others: Collection[int | None]) -> list[tuple[int, list[str]]]:
    """Columns that ideas can be counted by, with their values: few values, each of several rows; no person, no number.

    Columns of `others` are passed over.
    """
    found = []
    for c, name in enumerate(table.columns):
        if c in table.text_columns or c in others or name in _REPORTS:
            continue
        if _PERSON.search(name) or _NOT_SAID.search(name) or _OURS.search(name):
            continue
        counts = Counter(v for row in table.rows if (v := plain(row[c])))
        filled = sum(counts.values())
        if not 2 <= len(counts) <= _MOST or filled < len(table.rows) / 2 or filled < _FEWEST_ROWS * len(counts) / 2:
            continue
        if max(map(len, counts)) <= 20:
            found.append((c, sorted(counts, key=lambda v: (_number(v), v))))
    return found


def _number(value: str) -> float:
    digits = re.match(r"\d+", value)
    return float(digits[0]) if digits else float("inf")
