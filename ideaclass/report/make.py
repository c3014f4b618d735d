"""One call from a file of citizens' words to a page and a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ideaclass.artifacts import Store, default_store
from ideaclass.embed import stored
from ideaclass.errors import OutputError, SheetError
from ideaclass.labeler import Labeler
from ideaclass.report.page import page
from ideaclass.report.study import Study, study
from ideaclass.report.words import WORDS
from ideaclass.report.workbook import SHEET, workbook
from ideaclass.sheets.read import read
from ideaclass.sheets.table import Table
from ideaclass.sheets.write import atomically, check_target
from ideaclass.tokenize import KiwiTokenizer


@dataclass(frozen=True, slots=True)
class Made:
    """What was written: the page, the workbook, and what they say."""

    page: Path
    book: Path
    study: Study


def report_file(
    path: str | Path,
    *,
    tasks: Sequence[str] = (),
    n_themes: int | None = None,
    text: Iterable[str | int] = (),
    sheet: str | int | None = None,
    header: int | Sequence[int] | None = None,
    encoding: str | None = None,
    earlier: str | Path | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    lang: str = "ko",
    store: Store | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Made:
    """Report on a spreadsheet of ideas, labelled or not.

    Parameters
    ----------
    path : str or Path
        The spreadsheet. Labels that it has are kept, a person's corrections with them.
    tasks : sequence of str
        Models to ask. By default those that the table has labels of, else swot, esg and action.
    n_themes : int, optional
        Chosen by the data if None.
    text, sheet, header, encoding
        As for `ideaclass.sheets.read.read`.
    earlier : str or Path, optional
        Workbook of an earlier report, to say what changed.
    out : str or Path, optional
        The page; the workbook goes beside it. By default ``<name>.report.html`` beside the input.
    overwrite : bool
    lang : str
    store : Store, optional
    tell : callable
        Told each step.

    Returns
    -------
    Made

    Raises
    ------
    InputError
        If the input cannot be read, holds no text, or the output cannot be written.
    """
    path = Path(path)
    target = Path(out) if out is not None else path.with_name(path.stem + ".report.html")
    target = target if target.suffix.lower() in (".html", ".htm") else target.with_name(target.name + ".html")
    book = target.with_suffix(".xlsx")
    if path.exists():
        check_target(book, path, overwrite)
        check_page(target, overwrite)
    table = read(path, sheet=sheet, header=header, text=text, encoding=encoding, lang=lang)
    before = _earlier(Path(earlier), lang) if earlier is not None else None
    store = store or default_store()
    embedder = stored.from_artifact(store.load(stored.DEFAULT))
    found = study(
        table,
        embedder,
        KiwiTokenizer(),
        lambda wanted: Labeler.load(wanted, store=store),
        tasks=tasks,
        n_themes=n_themes,
        earlier=before,
        lang=lang,
        tell=tell,
    )
    tell(WORDS[lang]["step_write"])
    html, sheets = page(found).encode("utf-8"), workbook(found)
    atomically(book, lambda p: _fill(p, sheets))
    atomically(target, lambda p: _fill(p, html))
    return Made(target, book, found)


def check_page(target: Path, overwrite: bool) -> None:
    """Refuse a page that cannot be written, as `check_target` does for the workbook."""
    check_target(target.with_suffix(".csv"), target, True)
    if target.exists() and not overwrite:
        raise OutputError(f"{target}: it exists already; replace it with --overwrite, or choose another with --out")


def _earlier(path: Path, lang: str) -> Table:
    for name in SHEET.values():
        try:
            return read(path, sheet=name, lang=lang)
        except SheetError:
            continue
    raise SheetError(f"{path.name}: has no sheet {SHEET[lang]!r}, so it is not the workbook of an earlier report")


def _fill(path: Path, data: bytes) -> None:
    path.write_bytes(data)
