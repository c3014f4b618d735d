"""What every command shares: the group, how failures and progress are shown, common options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ideaclass._version import __version__
from ideaclass.errors import IdeaclassError


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
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar with rows per second and time left on a terminal; nothing in a pipe."""
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


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a spreadsheet is read."""
    for option in (
        click.option("--encoding", help="Encoding of a text file, such as cp949 or utf-8."),
        click.option("--header", type=int, multiple=True, help="Row number of the header, from 1; twice for two rows."),
        click.option("--sheet", help="Sheet of the workbook."),
        click.option("--text", multiple=True, help="Column with the text; give it again to join several."),
    ):
        command = option(command)
    return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ideaclass")
def main() -> None:
    """Understand what citizens write to public bodies in Korean."""


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Show the step at work and how long it all takes, on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step: bar.update(task, description=step)
