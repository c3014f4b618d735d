"""``ideaclass taxonomy``: other labels for the same data, and what is wrong with labels."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ideaclass.cli.base import lang_option, main, steps, store_option

SAID = {
    "ko": {
        "saved": "{before} → {ref}: 분류 {k}개, 분류가 바뀐 행 {n:,}건, 빠진 행 {d:,}건",
        "report": "바뀐 행을 {path} 에 모두 적었습니다",
        "use": "이 버전을 쓰려면: ideaclass models promote {ref}",
        "clean": "문제를 찾지 못했습니다",
    },
    "en": {
        "saved": "{before} → {ref}: {k} classes, {n:,} rows changed label, {d:,} rows dropped",
        "report": "every row that moved is in {path}",
        "use": "to use it: ideaclass models promote {ref}",
        "clean": "nothing found",
    },
}


@main.group()
def taxonomy() -> None:
    """Change and check the labels of a model."""


@taxonomy.command()
@click.argument("old")
@click.argument("new")
@click.argument("mapping", metavar="MAP.CSV", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Report of moved rows (.xlsx); default NEW.moved.xlsx.")
@click.option("--overwrite", is_flag=True, help="Replace the report if it is there.")
@lang_option
@store_option
def migrate(
    old: str, new: str, mapping: Path, out: Path | None, overwrite: bool, lang: str, store: Path | None
) -> None:
    """Relabel the data of model OLD by MAP.CSV (old,new[,text]) and train model NEW on it."""
    from ideaclass.artifacts import default_store
    from ideaclass.learn.migrate import Moved, read_map
    from ideaclass.learn.migrate import migrate as run
    from ideaclass.sheets.write import check_target, write_rows

    said, target = SAID[lang], out or Path(f"{new}.moved.xlsx")
    check_target(target, mapping, overwrite)
    with steps() as tell:
        done = run(old, new, read_map(mapping), store=default_store(store), lang=lang, tell=tell)
    write_rows(target, "moved", Moved._fields, done.moved, texts=(1,))
    k = len(done.made.fitted.classes)
    click.echo(said["saved"].format(before=done.before, ref=done.made.ref, k=k, n=len(done.moved), d=done.dropped))
    click.echo(said["report"].format(path=target))
    click.echo(said["use"].format(ref=done.made.ref))


@taxonomy.command()
@click.argument("model")
@lang_option
@store_option
def lint(model: str, lang: str, store: Path | None) -> None:
    """List overlapping and empty categories and definitions too alike; exit code 1 if there are any."""
    from ideaclass.artifacts import default_store
    from ideaclass.learn.migrate import lint as run
    from ideaclass.model import TaskModel

    artifact = default_store(store).load(model)
    found = run(TaskModel.from_artifact(artifact).taxonomy, artifact)
    for kind, sentence in found:
        click.echo(f"{kind}: {sentence}")
    if not found:
        click.echo(SAID[lang]["clean"])
    sys.exit(1 if found else 0)
