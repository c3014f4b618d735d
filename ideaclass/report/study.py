"""Everything a report says about one table, as plain data: what the page and the workbook show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ideaclass import esg as esg_room
from ideaclass import taxonomy
from ideaclass.duplicates import Duplicates, find_duplicates
from ideaclass.errors import ColumnError, InputError
from ideaclass.labeler import DEFAULT_TASKS, Labeler
from ideaclass.matrix import Meeting, swot_matrix
from ideaclass.report import layout
from ideaclass.report.columns import attributes, labels_in
from ideaclass.report.dates import date_column
from ideaclass.report.trends import Rise, months_between, rising
from ideaclass.report.words import WORDS
from ideaclass.sheets.reviewed import read_reviewed
from ideaclass.sheets.table import Table, plain
from ideaclass.taxonomy import Taxonomy
from ideaclass.themes import Themes, find_themes, restore_themes
from ideaclass.types import Embedder, Tokenizer

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answers:
    """One task's label of each row: names as shown, empty where there is none; and whether a person gave them.

    `sure` are their codes, empty where a person should check the row first: what the matrix and the candidates are made
    of.
    """

    task: str
    title: str
    names: tuple[str, ...]
    rows: tuple[str, ...]
    sure: tuple[str, ...]
    by_person: bool

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Rows of each category, in the taxonomy's order."""
        seen = Counter(name for row in self.rows for name in row.split("; ") if name)
        return [(name, seen[name]) for name in self.names]


@dataclass(frozen=True, slots=True)
class Cross:
    """Two columns against one another: counts of shape (rows, columns)."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Shares of the earlier themes, then and now, and rows now that belong to none of them."""

    source: str
    themes: tuple[tuple[str, float, float], ...]
    new: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """What was found in one table; see the attributes' own types."""

    table: Table
    themes: Themes
    duplicates: Duplicates
    answers: dict[str, Answers]
    matrix: dict[str, list[Meeting]]
    candidates: list[esg_room.Candidate]
    months: list[tuple[str, int]]
    recent: list[str]
    up: list[Rise]
    down: list[Rise]
    crosses: list[Cross]
    change: Change | None
    discs: NDArray[np.float64]
    points: NDArray[np.float64]
    other: str
    lang: str
    notices: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The ideas as written."""
        return self.table.texts

    def theme_of(self, row: int) -> str:
        """Name of a row's theme; of those apart, 기타; empty where there is no text."""
        label = int(self.themes.labels[row])
        return self.themes.themes[label].name if label >= 0 else self.other if self.texts[row] else ""


def study(
    table: Table,
    embedder: Embedder,
    tokenizer: Tokenizer,
    labeler: Callable[[Sequence[str]], Labeler],
    *,
    tasks: Sequence[str] = (),
    n_themes: int | None = None,
    earlier: Table | None = None,
    lang: str = "ko",
    tell: Tell = lambda _: None,
) -> Study:
    """Find everything that the report shows.

    Parameters
    ----------
    table : Table
    embedder, tokenizer
        For themes and duplicates.
    labeler : callable
        Gives a `Labeler` of some tasks; called only for tasks that the table has no labels of.
    tasks : sequence of str
        Tasks to ask. By default those that the table has labels of, else swot, esg and action.
    n_themes : int, optional
    earlier : Table, optional
        Sheet of an earlier report, with its text and theme columns.
    lang : str
    tell : callable
        Told each step.

    Raises
    ------
    InputError
        If no row has a text.
    """
    said = WORDS[lang]
    texts = table.texts
    if not any(any(map(str.isalnum, t)) for t in texts):
        raise InputError(f"{table.path.name}: no row has a text with letters: there is nothing to report on")
    tell(said["step_labels"])
    answers = _answers(table, labeler, tasks, lang)
    tell(said["step_themes"])
    themes = find_themes(texts, embedder, tokenizer, n_themes)
    tell(said["step_duplicates"])
    duplicates = find_duplicates(texts, embedder)
    tell(said["step_rest"])
    dated = date_column(table.columns, table.rows)
    months = dated[1] if dated else [None] * len(texts)
    recent, up, down = rising(themes.terms, months)
    seen = Counter(m for m in months if m)
    cosine = np.zeros(len(texts), np.float32)
    inside = themes.labels >= 0
    cosine[inside] = np.einsum("nd,nd->n", themes.vectors[inside], themes.clusters.means[themes.labels[inside]])
    shown = np.where(inside, themes.labels, len(themes.themes))
    shown = np.where([bool(t.strip()) for t in texts], shown, -1)
    apart = int((shown == len(themes.themes)).sum())
    sizes = np.array([t.size for t in themes.themes] + [apart] * bool(apart), np.int64)
    means = themes.clusters.means
    places = layout.discs(sizes, np.vstack([means, means.mean(0)]) if apart else means)
    return Study(
        table=table,
        themes=themes,
        duplicates=duplicates,
        answers=answers,
        matrix=_matrix(texts, answers, themes, embedder, tokenizer, lang),
        candidates=_candidates(texts, answers, embedder),
        months=[(m, seen[m]) for m in months_between(months)],
        recent=recent,
        up=up,
        down=down,
        crosses=_crosses(table, answers, themes, dated[0] if dated else None, said),
        change=_change(earlier, texts, embedder, tokenizer, said) if earlier is not None else None,
        discs=places,
        points=layout.points(shown, cosine, places),
        other=said["other"],
        lang=lang,
        notices=list(table.notices),
    )


def _taxonomies() -> list[Taxonomy]:
    return [taxonomy.load(name) for name in taxonomy.available()]


def _answers(
    table: Table, labeler: Callable[[Sequence[str]], Labeler], tasks: Sequence[str], lang: str
) -> dict[str, Answers]:
    given = {task: codes for task, (_, codes) in labels_in(table, _taxonomies()).items()}
    for task, codes in given.items():
        decided = _decisions(table, taxonomy.load(task))
        given[task] = [decided.get(text, row) for text, row in zip(table.texts, codes, strict=True)]
    found: dict[str, Answers] = {}
    wanted = list(tasks) or list(given) or list(DEFAULT_TASKS)
    for task, codes in given.items():
        if task in wanted:
            found[task] = _shown(taxonomy.load(task), codes, lang)
    missing = [t for t in wanted if t not in found]
    if missing:
        asked = labeler(missing)
        labels = asked.label(table.texts)
        for task, a in labels.tasks.items():
            codes = [
                [a.classes[j] for j in row.nonzero()[0]] if i >= 0 else []
                for i, row in zip(a.label, a.assigned, strict=True)
            ]
            found[task] = _shown(asked.taxonomies[task], codes, lang, review=a.review.tolist())
    return {t: found[t] for t in dict.fromkeys([*wanted, *found]) if t in found}


def _decisions(table: Table, tax: Taxonomy) -> dict[str, list[str]]:
    """Read what a person decided in the review sheet of a workbook that ideaclass labelled, by text."""
    try:
        reviewed = read_reviewed(table.path, tax.name, tax, text=[table.columns[c] for c in table.text_columns])
    except InputError:
        return {}
    return {d.text: list(d.label) for d in reviewed.decisions if d.changed and set(d.label) <= set(tax.codes)}


def _shown(
    tax: Taxonomy, codes: Sequence[Sequence[str]], lang: str, *, review: Sequence[bool] | None = None
) -> Answers:
    """Answers that a person gave, or a model's with the rows that a person should check."""
    names = dict(zip(tax.codes, tax.names(lang), strict=True))
    rows = tuple("; ".join(names[c] for c in row) for row in codes)
    joined = tuple(";".join(row) for row in codes)
    sure = joined if review is None else tuple("" if r else c for c, r in zip(joined, review, strict=True))
    return Answers(tax.name, tax.title(lang), tax.names(lang), rows, sure, by_person=review is None)


def _matrix(
    texts: Sequence[str],
    answers: Mapping[str, Answers],
    themes: Themes,
    embedder: Embedder,
    tokenizer: Tokenizer,
    lang: str,
) -> dict[str, list[Meeting]]:
    if "swot" not in answers:
        return {}
    parts: dict[str, tuple[Sequence[int], Themes]] = {}
    for letter in "SWOT":
        rows = [i for i, c in enumerate(answers["swot"].sure) if c == letter and any(map(str.isalnum, texts[i]))]
        if len(rows) > 1:
            parts[letter] = (
                rows,
                find_themes([texts[i] for i in rows], embedder, tokenizer, without=themes.terms.common),
            )
    cells = swot_matrix(parts, themes.terms, lang)
    return cells if any(cells.values()) else {}


def _candidates(texts: Sequence[str], answers: Mapping[str, Answers], embedder: Embedder) -> list[esg_room.Candidate]:
    return esg_room.candidates(texts, answers["esg"].sure, embedder) if "esg" in answers else []


def _crosses(
    table: Table, answers: Mapping[str, Answers], themes: Themes, date: int | None, said: Mapping[str, str]
) -> list[Cross]:
    """Every task, and the broad themes, by every attribute column."""
    sides = [(a.title, a.names, a.rows) for a in answers.values()]
    largest = tuple(t.name for t in themes.themes[:8])
    named = [themes.themes[j].name if j >= 0 else "" for j in themes.labels.tolist()]
    if len(largest) > 1:
        sides.append((said["col_theme"], largest, tuple(named)))
    out = []
    labelled = {c for c, _ in labels_in(table, _taxonomies()).values()}
    for c, values in attributes(table, {date} | labelled):
        cells = [plain(row[c]) for row in table.rows]
        for title, names, rows in sides:
            counts = Counter((v, n) for v, row in zip(cells, rows, strict=True) for n in row.split("; "))
            kept = tuple(n for n in names if any(counts[v, n] for v in values))
            numbers = tuple(tuple(counts[v, n] for n in kept) for v in values)
            if len(kept) > 1:
                out.append(Cross(said["by"].format(a=title, b=table.columns[c]), tuple(values), kept, numbers))
    return out


def _change(
    earlier: Table, texts: Sequence[str], embedder: Embedder, tokenizer: Tokenizer, said: Mapping[str, str]
) -> Change:
    wanted = [WORDS[lang]["col_theme"] for lang in WORDS]
    at = next((c for c, name in enumerate(earlier.columns) if name in wanted), None)
    if at is None:
        raise ColumnError(
            f"{earlier.path.name}: has no column {said['col_theme']!r}, so it is not the workbook of an earlier report"
        )
    others = {WORDS[lang]["other"] for lang in WORDS}
    filed = [plain(row[at]) for row in earlier.rows]
    known, names = restore_themes(earlier.texts, ["" if f in others else f for f in filed], embedder, tokenizer)
    now = known.assign(texts)
    before, present = sum(bool(f) for f in filed), sum(bool(t.strip()) for t in texts)
    then = Counter(filed)
    shares = [
        (name, then[name] / max(1, before), float((now == j).sum()) / max(1, present)) for j, name in enumerate(names)
    ]
    shares.sort(key=lambda s: (-abs(s[2] - s[1]), s[0]))
    new = tuple(i for i, j in enumerate(now.tolist()) if j < 0 and texts[i].strip())
    return Change(earlier.path.name, tuple(shares), new)
