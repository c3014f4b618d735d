"""``ideaclass train``: a model from the user's own spreadsheet."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ideaclass.cli.base import lang_option, main, reading_options, steps, store_option

SAID = {
    "ko": {
        "aside": "제외 {n:,}건: {reason}",
        "duplicates": "중복 {n:,}건을 합쳤습니다",
        "merged": "띄어쓰기만 다른 분류 이름을 합쳤습니다: {names}",
        "scores": "정확도 {a}, macro-F1 {f} (비슷한 글을 나누지 않은 5겹 교차검증)",
        "answered": "검토 없이 처리 {s:.0%}, 그중 맞은 비율 {p:.1%}",
        "suspects": "라벨이 틀려 보이는 행 {n:,}건: 카드에 {shown}건이 있습니다",
        "saved": "{ref} 저장: {rows:,}건, 분류 {k}개 ({seconds:.1f}초)",
        "card": "카드: {path}",
        "stable": "지금 쓰는 버전: {version}",
        "promote": "이 버전을 쓰려면: ideaclass models promote {ref}",
    },
    "en": {
        "aside": "{n:,} rows set aside: {reason}",
        "duplicates": "{n:,} duplicates merged",
        "merged": "label names that differ in spelling only were merged: {names}",
        "scores": "accuracy {a}, macro-F1 {f} (5-fold, near-duplicates kept together)",
        "answered": "without review {s:.0%}, of which {p:.1%} right",
        "suspects": "{n:,} rows whose label looks wrong: {shown} are on the card",
        "saved": "saved {ref}: {rows:,} rows, {k} classes ({seconds:.1f} s)",
        "card": "card: {path}",
        "stable": "version in use: {version}",
        "promote": "to use it: ideaclass models promote {ref}",
    },
}


def labelled_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a labelled spreadsheet is read."""
    for option in (
        click.option("--separator", default=";|\n", help="Characters between several labels in one cell."),
        click.option("--label", multiple=True, required=True, help="Column with the label; again for several."),
        reading_options,
    ):
        command = option(command)
    return command


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@labelled_options
@click.option("--name", required=True, help="What to call the model: my-dept.")
@click.option("--multi/--single", default=None, help="Whether several labels can hold (default: if any row has two).")
@click.option("--min-rows", type=click.IntRange(1), default=5, show_default=True, help="Set smaller classes aside.")
@click.option("--target", type=click.FloatRange(0.5, 0.999), default=0.9, show_default=True, help="Wanted precision.")
@click.option("--seed", type=int, default=0, show_default=True)
@lang_option
@store_option
def train(
    file: Path,
    text: tuple[str, ...],
    label: tuple[str, ...],
    separator: str,
    sheet: str | None,
    header: tuple[int, ...],
    encoding: str | None,
    name: str,
    multi: bool | None,
    min_rows: int,
    target: float,
    seed: int,
    lang: str,
    store: Path | None,
) -> None:
    """Train a model of your own on a labelled spreadsheet."""
    from collections import Counter

    from ideaclass.artifacts import default_store
    from ideaclass.learn.card import SHOWN
    from ideaclass.learn.own import train_file
    from ideaclass.learn.review import suspects

    began, said, there = time.perf_counter(), SAID[lang], default_store(store)
    with steps() as tell:
        made = train_file(
            file,
            label,
            name=name,
            store=there,
            text=text,
            sheet=sheet,
            header=header or None,
            encoding=encoding,
            separators=separator,
            multi=multi,
            min_rows=min_rows,
            target=target,
            seed=seed,
            lang=lang,
            tell=tell,
        )
    for line in made.notices:
        click.echo(line)
    if made.cleaned.merged:
        names = "; ".join(f"{k} ← {', '.join(v)}" for k, v in made.cleaned.merged.items())
        click.echo(said["merged"].format(names=names))
    if made.cleaned.duplicates:
        click.echo(said["duplicates"].format(n=made.cleaned.duplicates))
    for reason, n in sorted(Counter(a.why(lang) for a in made.cleaned.aside).items()):
        click.echo(said["aside"].format(n=n, reason=reason))
    f, m = made.fitted, made.artifact.manifest
    click.echo(said["scores"].format(a=f.scores.accuracy, f=f.scores.macro_f1))
    click.echo(said["answered"].format(s=m.metrics["share_without_review"], p=m.metrics["precision_without_review"]))
    doubted = len(suspects(f))
    click.echo(said["suspects"].format(n=doubted, shown=min(doubted, SHOWN)))
    seconds = time.perf_counter() - began
    click.echo(said["saved"].format(ref=made.ref, rows=len(f.examples), k=len(f.classes), seconds=seconds))
    click.echo(said["card"].format(path=there.resolve(made.ref) / "CARD.md"))
    stable = there.stable(name)
    click.echo(said["stable"].format(version=stable))
    if stable != m.version:
        click.echo(said["promote"].format(ref=made.ref))
