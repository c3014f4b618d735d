"""What a labelled spreadsheet needs before it is trained on: nothing is dropped without being counted and named."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ideaclass.errors import ColumnError, InputError
from ideaclass.learn.data import Aside, Example
from ideaclass.text import clean

MIN_ROWS = 5
MAX_CLASSES = 1000
SEPARATORS = ";|\n"
LEVEL = ">"
_MARKS = frozenset({"o", "x", "0", "1", "y", "n", "예", "아니오", "true", "false", "✓", "✔", "○", "●", "v", "해당"})
_NO = frozenset({"x", "0", "n", "아니오", "false"})
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Examples fit to train on.

    Attributes
    ----------
    examples : list of Example
        In an order that does not depend on the rows' own.
    aside : list of Aside
        Every row that is not among them, with its reason.
    duplicates : int
        Rows that said the same as another with the same label; counted in no other way.
    merged : dict of str to list of str
        A label, and the other spellings of it that were found.
    multi : bool
        Whether some rows hold several labels.
    """

    examples: list[Example]
    aside: list[Aside]
    duplicates: int
    merged: dict[str, list[str]] = field(default_factory=dict)
    multi: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """Label codes, sorted."""
        return tuple(sorted({label for e in self.examples for label in e.labels}))


def label_text(value: str) -> str:
    """Make a label's spelling even: composed Hangul, single spaces, ``상위>하위`` without spaces around the sign."""
    even = " ".join(unicodedata.normalize("NFC", value).split())
    return LEVEL.join(part.strip() for part in even.split(LEVEL))


def label_key(value: str) -> str:
    """Give what spellings of one label have in common: no spaces, no capitals, composed."""
    return "".join(label_text(value).split()).casefold()


def text_key(cleaned: str) -> str:
    """Give what copies of one text have in common."""
    return "".join(c for c in cleaned.casefold() if c.isalnum())


def split_labels(cell: str, separators: str = SEPARATORS) -> list[str]:
    """Take a cell's list of labels apart, each even and once."""
    parts = re.split(f"[{re.escape(separators)}]", cell) if separators else [cell]
    return list(dict.fromkeys(filter(None, map(label_text, parts))))


def read_labels(cells: Sequence[Sequence[str]], names: Sequence[str], separators: str = SEPARATORS) -> list[list[str]]:
    """Labels of n rows from one or several columns of cells.

    Parameters
    ----------
    cells : sequence of columns, each of n str
    names : sequence of str
        Their headers. A column that holds only marks (O, X, 1, 0, ✓) says whether its header's label holds.
    separators : str
        Characters between the labels of one cell.

    Raises
    ------
    ColumnError
        If every cell is empty.
    """
    if not any(cell.strip() for column in cells for cell in column):
        raise ColumnError(f"the label column {' and '.join(map(repr, names))} is empty in every row")
    found: list[list[str]] = [[] for _ in cells[0]]
    for name, column in zip(names, cells, strict=True):
        values = {c.strip().casefold() for c in column} - {""}
        marks = len(cells) > 1 and values <= _MARKS
        for labels, cell in zip(found, column, strict=True):
            if not marks:
                labels += split_labels(cell, separators)
            elif cell.strip() and cell.strip().casefold() not in _NO:
                labels.append(label_text(name))
    return found


def merge_spellings(labels: Iterable[Sequence[str]]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Find labels that differ by spaces, capitals or decomposed Hangul only.

    Returns
    -------
    dict of str to str
        Each spelling to the commonest of its like.
    dict of str to list of str
        For each label with more than one spelling, the others.
    """
    counted = Counter(label for row in labels for label in row)
    alike: dict[str, list[str]] = defaultdict(list)
    for label in counted:
        alike[label_key(label)].append(label)
    chosen, merged = {}, {}
    for spellings in alike.values():
        best, *others = sorted(spellings, key=lambda s: (-counted[s], s))
        chosen.update(dict.fromkeys(spellings, best))
        if others:
            merged[best] = others
    return chosen, merged


def tidy(
    texts: Sequence[str],
    labels: Sequence[Sequence[str]],
    sources: Sequence[str],
    *,
    min_rows: int = MIN_ROWS,
    multi: bool | None = None,
) -> Cleaned:
    """Clean n labelled texts.

    Copies of a text with the same labels count once. Copies that disagree follow the majority; without one, all of
    them are set aside. Classes of fewer than `min_rows` texts are set aside.

    Parameters
    ----------
    texts, labels, sources : sequences of length n
        Texts as written, their labels, and where each row stands.
    min_rows : int
        Least number of different texts that a class needs.
    multi : bool, optional
        Whether several labels can hold at once; by default whether any row has several.

    Raises
    ------
    ColumnError
        If the texts are not texts.
    InputError
        If fewer than two classes are left, or there are too many to be classes.
    """
    cleaned = clean(texts)
    readable = sum(_LETTER.search(t) is not None for t in cleaned)
    if readable < max(1, len(texts) / 2):
        raise ColumnError(f"only {readable} of {len(texts)} cells of the text column hold words; name another column")
    chosen, merged = merge_spellings(labels)
    aside: list[Aside] = []
    found: dict[str, list[Example]] = defaultdict(list)
    several = any(len(set(row)) > 1 for row in labels) if multi is None else multi
    for text, even, row, source in zip(texts, cleaned, labels, sources, strict=True):
        codes = tuple(sorted({chosen[label] for label in row}))
        if not _LETTER.search(even):
            aside.append(Aside(source, text, codes, "no text"))
        elif not codes:
            aside.append(Aside(source, text, codes, "no label"))
        elif len(codes) > 1 and not several:
            aside.append(Aside(source, text, codes, "several"))
        else:
            found[text_key(even)].append(Example(text, codes, source))
    kept, duplicates = [], 0
    for copies in found.values():
        one, conflicting = _agreed(sorted(copies))
        duplicates += len(copies) - len(conflicting) - (one is not None)
        aside += conflicting
        if one is not None:
            kept.append(one)
    kept, small = _without_small(kept, min_rows)
    _check_classes(kept, len(texts), small)
    order = sorted(kept)
    return Cleaned(order, sorted(aside + small), duplicates, dict(sorted(merged.items())), several)


def _agreed(copies: list[Example]) -> tuple[Example | None, list[Aside]]:
    """Choose what copies of one text agree on, and list those that do not."""
    votes = Counter(e.labels for e in copies)
    (best, most), *others = votes.most_common()
    if others and others[0][1] == most:
        return None, [Aside(e.source, e.text, e.labels, "conflict") for e in copies]
    wrong = [Aside(e.source, e.text, e.labels, "conflict") for e in copies if e.labels != best]
    return next(e for e in copies if e.labels == best), wrong


def _without_small(examples: list[Example], min_rows: int) -> tuple[list[Example], list[Aside]]:
    """Set aside the labels of too few texts, and the texts that have no other."""
    counted = Counter(label for e in examples for label in e.labels)
    small = {label for label, n in counted.items() if n < min_rows}
    kept, aside = [], []
    for e in examples:
        left = tuple(label for label in e.labels if label not in small)
        if left:
            kept.append(replace(e, labels=left))
        else:
            rows = min(counted[label] for label in e.labels)
            aside.append(Aside(e.source, e.text, e.labels, "small", rows))
    return kept, aside


def _check_classes(examples: list[Example], rows: int, small: list[Aside]) -> None:
    counted = Counter(label for e in examples for label in e.labels)
    total = len(counted.keys() | {label for a in small for label in a.labels})
    if total > MAX_CLASSES or (total > 20 and total * 2 > rows):
        raise InputError(
            f"{total:,} different labels in {rows:,} rows: this is more than {MAX_CLASSES:,}, or nearly one for every "
            "row; is it the right label column?"
        )
    if len(counted) < 2:
        there = f"only the class {next(iter(counted))!r}" if counted else "no class"
        named = f" ({len(small)} rows are of classes with too few texts; see --min-rows)" if small else ""
        raise InputError(f"{there} is left to train on, and it takes two{named}")
