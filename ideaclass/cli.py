"""The command line: ``ideaclass label``, ``doctor``, ``models``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ideaclass._version import __version__
from ideaclass.errors import IdeaclassError

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


class _Commands(click.Group):
    """Turns our exceptions into one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except IdeaclassError as e:
            click.echo(f"error: {' '.join(str(e).split())}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            click.echo("stopped; nothing was written", err=True)
            ctx.exit(130)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar with rows per second and time left on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task(title, total=None, speed="")

        def show(done: int, total: int) -> None:
            speed = f"{bar.tasks[0].speed or 0:,.0f}/s"
            bar.update(task, completed=done, total=total, speed=speed)

        yield show


store_option = click.option(
    "--store", type=click.Path(path_type=Path), help="Folder of your own models (default: IDEACLASS_STORE)."
)
lang_option = click.option(
    "--lang", type=click.Choice(["ko", "en"]), default="ko", show_default=True, help="Language of what is written."
)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ideaclass")
def main() -> None:
    """Understand what citizens write to public bodies in Korean."""


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--task", "tasks", multiple=True, help="A model to ask: swot, esg, my-dept@1 … ; 'all' for every one.")
@click.option("--text", multiple=True, help="Column with the text; give it again to join several.")
@click.option("--sheet", help="Sheet of the workbook.")
@click.option("--header", type=int, multiple=True, help="Row number of the header, from 1; twice for two rows.")
@click.option("--encoding", help="Encoding of a text file, such as cp949 or utf-8.")
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
    with _progress(file.name) as progress:
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


@main.group()
def models() -> None:
    """Stored models and their versions."""


@models.command("list")
@store_option
def list_models(store: Path | None) -> None:
    """List every model and version; a star marks the stable one."""
    from ideaclass.artifacts import default_store

    there = default_store(store)
    for name in there.names():
        stable = there.stable(name)
        versions = [f"{v}*" if v == stable else v for v in there.versions(name)]
        click.echo(f"{name}: {' '.join(versions)}")


@models.command()
@click.argument("ref")
@store_option
def verify(ref: str, store: Path | None) -> None:
    """Check every byte of a stored model."""
    from ideaclass.artifacts import default_store

    manifest = default_store(store).verify(ref)
    click.echo(f"{manifest.ref}: {len(manifest.files)} files verified")


@models.command()
@click.argument("corpora", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Store to save the models in.")
def build(corpora: Path, out: Path) -> None:
    """Train a model for every task of a folder of corpora."""
    from ideaclass.artifacts import Store
    from ideaclass.build import build_models

    build_models(corpora, Store(out), progress=click.echo)
