"""``ideaclass label`` and ``doctor``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ideaclass.cli.base import lang_option, main, progress_bar, reading_options, store_option

SAID = {
    "ko": {
        "written": "{path} 에 {size}건을 저장했습니다 ({seconds:.1f}초)",
        "review": "{title}: 사람이 확인할 행 {share:.0%}",
        "unlabelled": "분류하지 못한 행 {n}건: 이유는 '처리 메모' 열에 있습니다",
    },
    "en": {
        "written": "wrote {size} rows to {path} ({seconds:.1f} s)",
        "review": "{title}: {share:.0%} of rows to check by hand",
        "unlabelled": "{n} rows could not be labelled: the column 'note' says why",
    },
}


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--task", "tasks", multiple=True, help="A model to ask: swot, esg, my-dept@1 … ; 'all' for every one.")
@reading_options
@click.option("--split", is_flag=True, help="Cut a cell with several bulleted ideas into one row each.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write (.xlsx or .csv).")
@click.option("--overwrite", is_flag=True, help="Replace the output file if it is there.")
@lang_option
@store_option
def label(
    file: Path,
    tasks: tuple[str, ...],
    text: tuple[str, ...],
    sheet: str | None,
    header: tuple[int, ...],
    encoding: str | None,
    split: bool,
    out: Path | None,
    overwrite: bool,
    lang: str,
    store: Path | None,
) -> None:
    """Label every row of a spreadsheet and write a workbook beside it."""
    import time

    from ideaclass.artifacts import default_store
    from ideaclass.labeler import Labeler
    from ideaclass.sheets.labelling import label_file

    began = time.perf_counter()
    labeler = Labeler.load(tasks or None, store=default_store(store))
    with progress_bar(file.name) as progress:
        done = label_file(
            file,
            labeler,
            text=text,
            sheet=sheet,
            header=header or None,
            encoding=encoding,
            split=split,
            out=out,
            overwrite=overwrite,
            lang=lang,
            progress=progress,
        )
    said = SAID[lang]
    for line in done.notices:
        click.echo(line)
    for task, share in done.review.items():
        click.echo(said["review"].format(title=labeler.taxonomies[task].title(lang), share=share))
    if done.unlabelled:
        click.echo(said["unlabelled"].format(n=done.unlabelled))
    click.echo(said["written"].format(path=done.path, size=done.size, seconds=time.perf_counter() - began))


@main.command()
@store_option
def doctor(store: Path | None) -> None:
    """Say what is installed and which models load."""
    from ideaclass.doctor import lines

    healthy = True
    for ok, line in lines(store):
        healthy &= ok
        click.echo(line)
    if not healthy:
        sys.exit(1)
