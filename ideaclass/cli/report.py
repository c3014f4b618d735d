"""``ideaclass report``: one page and one workbook from a spreadsheet of ideas."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ideaclass.cli.base import lang_option, main, reading_options, steps, store_option


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--task", "tasks", multiple=True, help="A model to ask: swot, esg … (default: labels already there).")
@click.option("--themes", type=click.IntRange(1), help="How many themes (default: the data decides).")
@reading_options
@click.option("--earlier", type=click.Path(path_type=Path), help="Workbook of an earlier report, to say what changed.")
@click.option("--out", type=click.Path(path_type=Path), help="Page to write; the workbook goes beside it.")
@click.option("--overwrite", is_flag=True, help="Replace the output files if they are there.")
@lang_option
@store_option
def report(
    file: Path,
    tasks: tuple[str, ...],
    themes: int | None,
    text: tuple[str, ...],
    sheet: str | None,
    header: tuple[int, ...],
    encoding: str | None,
    earlier: Path | None,
    out: Path | None,
    overwrite: bool,
    lang: str,
    store: Path | None,
) -> None:
    """Write a page and a workbook on what people said: themes, labels, SWOT matrix, trends, repeats."""
    from ideaclass.artifacts import default_store
    from ideaclass.report import report_file
    from ideaclass.report.words import WORDS

    began = time.perf_counter()
    with steps() as tell:
        made = report_file(
            file,
            tasks=tasks,
            n_themes=themes,
            text=text,
            sheet=sheet,
            header=header or None,
            encoding=encoding,
            earlier=earlier,
            out=out,
            overwrite=overwrite,
            lang=lang,
            store=default_store(store),
            tell=tell,
        )
    for line in made.study.notices:
        click.echo(line)
    said = WORDS[lang]["written"]
    click.echo(
        said.format(
            page=made.page,
            book=made.book,
            n=sum(bool(t.strip()) for t in made.study.texts),
            k=len(made.study.themes.themes),
            seconds=time.perf_counter() - began,
        )
    )
