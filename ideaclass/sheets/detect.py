"""Where is the header, which column holds the text, which rows below are notes: answers from the cells alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ideaclass.errors import ColumnError, SheetError
from ideaclass.sheets.table import Grid, cell_text, column_number, letter, plain

_BODY = (
    *("내용", "의견", "의견1", "제안내용", "의견내용", "민원내용", "아이디어", "아이디어내용", "요지", "본문"),
    *("건의내용", "건의사항", "제안", "개선의견", "주관식", "자유의견", "후기", "리뷰", "발화", "문장"),
    *("text", "content", "idea", "opinion", "comment", "body", "sentence", "utterance"),
)
_TITLE = ("제목", "아이디어명", "제안명", "제안제목", "민원제목", "title", "subject")
_KNOWN = {name: rank for rank, names in ((2, _TITLE), (0, _BODY)) for name in names}
_ENDINGS = ("내용", "의견", "아이디어", "요지", "제안", "건의사항", "개선사항", "이유", "사유")
_NOTE = re.compile(r"^(※|\*|주\s*[):.]|\[?비고|이상(?=$|[\s.,끝])|-?\s*끝\s*[.\-]?$|출처|작성|담당|자료\s*:|\(?단위)")
_END = re.compile(r"^[\s\-–]*(이상|끝|이상\s*끝)[\s.\-–]*$")
_TOTAL = re.compile(r"^(총|합|소|누)?\s*(합\s*)?계$|^(평균|total|sum|subtotal|grand total)$", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_HANGUL = re.compile(r"[가-힣]")
_NUMBER = re.compile(r"^[\d\s.,:/%+\-()~년월일시분건명원]*$")
_SEARCHED = 40
_SAMPLE = 2000
_HEADER_LENGTH = 50
_LEAST_TEXT = 6.0
_OFTEN = 0.1


@dataclass(frozen=True, slots=True)
class Header:
    """Header rows, counted from 0, and the names they give to the columns."""

    rows: tuple[int, ...]
    names: tuple[str, ...]


def _key(name: str) -> str:
    return re.sub(r"\s", "", name).casefold()


def _filled(grid: Grid, upto: int) -> list[list[str]]:
    """Give the first rows as text, with merged cells filled."""
    width = max(map(len, grid.cells), default=0)
    rows = [[plain(v) for v in row] + [""] * (width - len(row)) for row in grid.cells[:upto]]
    for r0, c0, r1, c1 in grid.merges:
        if r0 < len(rows) and c0 < width:
            for r in range(r0, min(r1 + 1, len(rows))):
                rows[r][c0 : min(c1 + 1, width)] = [rows[r0][c0]] * (min(c1 + 1, width) - c0)
    return rows


def _known(row: Sequence[str]) -> bool:
    return any(_key(v) in _KNOWN for v in row)


def _label_like(value: str) -> bool:
    return len(value) <= _HEADER_LENGTH and not _NUMBER.match(value)


def _is_header(row: Sequence[str], width: int) -> bool:
    cells = [v for v in row if v]
    if width == 1:
        return bool(cells) and _label_like(cells[0])
    return len(set(cells)) >= 2 and len(cells) >= width / 2 and all(map(_label_like, cells))


def _spans_down(grid: Grid, upper: int) -> bool:
    """Whether merged cells tie this row to the one below, or put one heading over several."""
    down = any(r0 <= upper < r1 for r0, _, r1, _ in grid.merges)
    across = any(r0 <= upper == r1 and c0 < c1 for r0, c0, r1, c1 in grid.merges)
    if down or not across:
        return down
    covered = [c for r0, c0, r1, c1 in grid.merges if r0 <= upper == r1 and c0 < c1 for c in range(c0, c1 + 1)]
    below = [plain(v) for v in grid.cells[upper + 1]] if upper + 1 < len(grid.cells) else []
    values = [below[c] if c < len(below) else "" for c in covered]
    others = [v for c, v in enumerate(below) if v and c not in covered]
    return all(v and _label_like(v) and len(v) <= 20 for v in values) and not others and len(set(values)) > 1


def _gaps_filled_below(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether, without merges, the names below stand exactly where the row above leaves gaps."""
    gaps = [c for c, v in enumerate(upper) if not v and c and any(upper[:c])]
    single = [c for c, v in enumerate(upper) if v and not (c + 1 < len(upper) and not upper[c + 1])]
    named = [v for v in lower if v]
    return (
        bool(gaps)
        and all(lower[c] for c in gaps)
        and not any(lower[c] for c in single)
        and all(_label_like(v) and len(v) <= 20 for v in named)
    )


def _tied(grid: Grid, rows: list[list[str]], upper: int) -> bool:
    if upper < 0 or upper + 1 >= len(rows):
        return False
    if len({v for v in rows[upper] if v}) < 2:
        return False
    raw = [[plain(v) for v in grid.cells[r]] for r in (upper, upper + 1)]
    width = len(rows[0])
    raw = [r + [""] * (width - len(r)) for r in raw]
    return _spans_down(grid, upper) or _gaps_filled_below(raw[0], raw[1])


def find_header(grid: Grid, name: str, asked: int | Sequence[int] | None = None) -> Header:
    """Find the header rows of a sheet.

    Parameters
    ----------
    grid : Grid
        The sheet.
    name : str
        What to call it in errors.
    asked : int or sequence of int, optional
        Row number(s), from 1, that the user named.

    Raises
    ------
    SheetError
        If no row looks like a header, or the row asked for is not there or empty.
    """
    given = [asked] if isinstance(asked, int) else list(asked or ())
    rows = _filled(grid, max([_SEARCHED, *[g + 3 for g in given]]))
    if given:
        if min(given) < 1 or max(given) > len(rows) or not any(rows[given[0] - 1]):
            raise SheetError(
                f"{name}: row {next((g for g in given if not 1 <= g <= len(rows)), given[0])} is no header row; "
                f"the first filled row is {next((r + 1 for r, row in enumerate(rows) if any(row)), 1)}"
            )
        first, last = min(given) - 1, max(given) - 1
        searching = len(given) == 1
    else:
        first = last = _search(rows, name)
        searching = True
    while searching and last - first < 2 and _tied(grid, rows, last):
        last += 1
    while asked is None and last - first < 2 and _tied(grid, rows, first - 1):
        first -= 1
    chosen = tuple(range(first, last + 1))
    return Header(chosen, _flatten(grid, rows, chosen))


def _search(rows: list[list[str]], name: str) -> int:
    used = [c for c in range(len(rows[0]) if rows else 0) if any(row[c] for row in rows)]
    compact = [[row[c] for c in used] for row in rows]
    likely = [r for r, row in enumerate(compact) if _is_header(row, len(used))]
    for r in likely:
        if _known(compact[r]):
            return r
    if not likely:
        loose = [r for r, row in enumerate(compact) if _known(row) and len({v for v in row if v}) >= min(2, len(used))]
        if loose:
            return loose[0]
        raise SheetError(f"{name}: no header row was found in the first {len(rows)} rows; name it with --header")
    return likely[0]


def _flatten(grid: Grid, rows: list[list[str]], chosen: tuple[int, ...]) -> tuple[str, ...]:
    width = len(rows[0])
    parts: list[list[str]] = [[] for _ in range(width)]
    for depth, r in enumerate(chosen):
        row = list(rows[r])
        if depth + 1 < len(chosen):  # an unmerged heading stands over the gaps to its right that are named below
            for c in range(1, width):
                if not row[c] and rows[r + 1][c] and row[c - 1] and rows[r + 1][c - 1]:
                    row[c] = row[c - 1]
        for c, value in enumerate(row):
            if value and (not parts[c] or parts[c][-1] != value):
                parts[c].append(value)
    names: list[str] = []
    seen: set[str] = set()
    for c, words in enumerate(parts):
        base = unique = " ".join(words) or letter(c)
        n = 2
        while unique in seen:
            unique, n = f"{base} ({n})", n + 1
        seen.add(unique)
        names.append(unique)
    while (
        names
        and not parts[len(names) - 1]
        and not any(plain(row[len(names) - 1]) for row in grid.cells[chosen[-1] + 1 :] if len(row) >= len(names))
    ):
        names.pop()
    return tuple(names)


def split_notes(
    rows: list[list[object]], numbers: list[int], text_columns: Sequence[int]
) -> tuple[int, list[tuple[int, str, str]]]:
    """How many of the rows are data, and the notes and totals below them as (row number, text, reason).

    Empty rows at the end are neither.
    """
    counts = sorted(sum(1 for v in row if plain(v)) for row in rows[:_SAMPLE])
    usual = counts[len(counts) // 2]
    end = len(rows)
    dropped: list[tuple[int, str, str]] = []
    while end:
        values = [plain(v) for v in rows[end - 1]]
        cells = [v for v in values if v]
        if cells:
            above_empty = end > 1 and not any(map(plain, rows[end - 2]))
            reason = _note_reason(values, cells, text_columns, above_empty, usual)
            if not reason:
                break
            dropped.append((numbers[end - 1], " ".join(dict.fromkeys(cells)), reason))
        end -= 1
    return end, dropped[::-1]


def _note_reason(
    values: list[str], cells: list[str], text_columns: Sequence[int], above_empty: bool, usual: int
) -> str:
    text = " ".join(values[c] for c in text_columns).strip()
    first = cells[0]
    if _TOTAL.match(first) and (not text or text == first or _NUMBER.match(text)):
        return "total"
    alone = len(set(cells)) == 1
    if alone and _END.match(first):
        return "note"
    wide = usual > 1
    if alone and _NOTE.match(first) and (above_empty or wide):
        return "note"
    return "note" if alone and wide and above_empty and not text else ""


@dataclass(frozen=True, slots=True)
class _Stats:
    filled: int
    lettered: float
    hangul: float
    length: float
    varied: float


def _stats(rows: list[list[object]], column: int) -> _Stats:
    step = max(1, len(rows) // _SAMPLE)
    values = [v for v in (plain(row[column]) for row in rows[::step]) if v]
    n = len(values) or 1
    return _Stats(
        len(values),
        sum(1 for v in values if _LETTER.search(v)) / n,
        sum(1 for v in values if _HANGUL.search(v)) / n,
        sum(map(len, values)) / n,
        len(set(values)) / n,
    )


def _rank(name: str) -> int:
    """0 the name of a text, 1 ends like one, 2 the name of a title, 3 anything else."""
    keys = [_key(name), _key(name.split(" ")[-1]), re.sub(r"\(.*?\)|\[.*?\]|\d+$", "", _key(name))]
    known = [_KNOWN[k] for k in keys if k in _KNOWN]
    if known:
        return min(known)
    return 1 if keys[2].endswith(_ENDINGS) else 3


def find_text(names: Sequence[str], rows: list[list[object]], name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Position of the column with the citizens' words, and those of others that look alike.

    A column of a known name wins, then one whose name ends like one, then the longest varied Hangul. Where it is
    often empty and a title stands beside it, both are taken, the title first.

    Raises
    ------
    ColumnError
        If no column holds text.
    """
    stats = [_stats(rows, c) for c in range(len(names))]
    ranked: list[tuple[int, float, int]] = []
    for c, s in enumerate(stats):
        if not s.filled or s.lettered < 0.4 or (s.filled >= 50 and s.varied < 0.1 and s.length < 2 * _LEAST_TEXT):
            continue
        rank = _rank(names[c])
        if rank in (1, 3) and (s.length < _LEAST_TEXT or s.hangul < 0.3):
            if s.hangul >= 0.3 or s.length < 4 * _LEAST_TEXT:
                continue  # a name, a code, a choice
            rank = 4
        ranked.append((rank, -s.length * s.varied, c))
    ranked.sort()
    if not ranked:
        raise ColumnError(f"{name}: no column with text was found; name one with --text: {', '.join(names)}")
    best = ranked[0][2]
    chosen: tuple[int, ...] = (best,)
    title = next((c for rank, _, c in ranked[1:] if rank == 2), None)
    if title is not None and ranked[0][0] < 2:
        bare = [row for row in rows if not plain(row[best])]
        if len(bare) > _OFTEN * len(rows) and sum(1 for row in bare if plain(row[title])) > len(bare) / 2:
            chosen = (title, best)
    return chosen, tuple(sorted(c for rank, _, c in ranked if rank < 3 and c not in chosen))


def pick_text(names: Sequence[str], asked: Sequence[str | int], name: str) -> tuple[int, ...]:
    """Positions of the columns the user named by header, number from 1, or Excel letter.

    Raises
    ------
    ColumnError
        If there is no such column (those there are get listed).
    """
    keys = {plain(n): c for c, n in reversed(list(enumerate(names)))}
    loose = {_key(n): c for n, c in keys.items()}
    last = {_key(n.split(" ")[-1]): c for n, c in keys.items()}
    found = []
    for want in asked:
        text = plain(want)
        c = keys.get(text, loose.get(_key(text), last.get(_key(text))))
        if c is None and text.isdecimal() and 1 <= int(text) <= len(names):
            c = int(text) - 1
        if c is None and re.fullmatch(r"[A-Za-z]{1,3}", text) and column_number(text) < len(names):
            c = column_number(text)
        if c is None:
            raise ColumnError(f"{name}: there is no column {text!r}; it has {', '.join(names)}")
        found.append(c)
    return tuple(dict.fromkeys(found))


def problem(values: Sequence[object], errors: frozenset[str], lang: str) -> str:
    """Why the cells of a row hold no readable text; empty where they do."""
    texts = [cell_text(v).strip() for v in values]
    joined = " ".join(t for t in texts if t)
    ko = lang != "en"
    if not joined:
        return "빈 칸" if ko else "empty cell"
    for t in texts:
        if t in errors:
            return f"오류 값 {t}" if ko else f"error value {t}"
    if "\ufffd" in joined:
        return "깨진 글자" if ko else "damaged characters"
    if not _LETTER.search(joined):
        return "글자가 없음" if ko else "no words"
    return ""
