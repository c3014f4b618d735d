"""``ideaclass models``: stored models and their versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ideaclass.cli.base import lang_option, main, store_option

if TYPE_CHECKING:
    from ideaclass.artifacts import Store

SAID = {
    "ko": {
        "stable": "{name}: 이제 {version} 버전을 씁니다",
        "exported": "{ref} 를 {path} 에 저장했습니다 ({what})",
        "texts": "학습한 글 포함",
        "bare": "학습한 글 제외",
        "imported": "{ref} 를 가져왔습니다",
        "pruned": "{name}: 지운 버전 {versions}",
        "nothing": "{name}: 지울 버전이 없습니다",
        "added": "새 분류: {names}",
        "removed": "없어진 분류: {names}",
        "rows": "  {c}: 학습 {a:,} → {b:,}건",
        "data": "학습한 글: 추가 {0:,}, 삭제 {1:,}, 분류 변경 {2:,}",
        "setting": "  설정 {k}: {a} → {b}",
        "figure": "  {k}: {a} → {b}",
        "moves": "{file}: {n:,}건 중 {m:,}건의 분류가 달라집니다",
        "same": "달라진 것이 없습니다",
    },
    "en": {
        "stable": "{name}: the version in use is now {version}",
        "exported": "wrote {ref} to {path} ({what})",
        "texts": "with its training texts",
        "bare": "without its training texts",
        "imported": "imported {ref}",
        "pruned": "{name}: deleted {versions}",
        "nothing": "{name}: nothing to delete",
        "added": "new labels: {names}",
        "removed": "labels gone: {names}",
        "rows": "  {c}: trained on {a:,} → {b:,} rows",
        "data": "training texts: {0:,} added, {1:,} removed, {2:,} labelled anew",
        "setting": "  setting {k}: {a} → {b}",
        "figure": "  {k}: {a} → {b}",
        "moves": "{file}: {m:,} of {n:,} rows change label",
        "same": "nothing changed",
    },
}


def _store(folder: Path | None) -> Store:
    from ideaclass.artifacts import default_store

    return default_store(folder)


@main.group()
def models() -> None:
    """Look after stored models and their versions."""


@models.command("list")
@store_option
def list_models(store: Path | None) -> None:
    """List every model and version; a star marks the stable one."""
    there = _store(store)
    for name in there.names():
        stable = there.stable(name)
        versions = [f"{v}*" if v == stable else v for v in there.versions(name)]
        click.echo(f"{name}: {' '.join(versions)}")


@models.command()
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="Print the whole manifest.")
@store_option
def show(ref: str, as_json: bool, store: Path | None) -> None:
    """Print the card of a model."""
    artifact = _store(store).load(ref)
    if as_json:
        click.echo(artifact.manifest.to_json(), nl=False)
    else:
        m = artifact.manifest
        click.echo(f"{m.ref} ({m.kind}, {m.created}, {m.parent or '-'} →)")
        click.echo(artifact.files.get("CARD.md", b"").decode())


@models.command()
@click.argument("ref")
@store_option
def verify(ref: str, store: Path | None) -> None:
    """Check every byte of a stored model."""
    manifest = _store(store).verify(ref)
    click.echo(f"{manifest.ref}: {len(manifest.files)} files verified")


@models.command()
@click.argument("ref")
@lang_option
@store_option
def promote(ref: str, lang: str, store: Path | None) -> None:
    """Make a version the one that is used."""
    there = _store(store)
    manifest = there.verify(ref)
    version = there.promote(manifest.name, manifest.version)
    click.echo(SAID[lang]["stable"].format(name=manifest.name, version=version))


@models.command()
@click.argument("name")
@lang_option
@store_option
def rollback(name: str, lang: str, store: Path | None) -> None:
    """Go back to the version that was used before."""
    click.echo(SAID[lang]["stable"].format(name=name, version=_store(store).rollback(name)))


@models.command()
@click.argument("name")
@click.option("--keep", type=click.IntRange(1), default=3, show_default=True, help="How many of the newest stay.")
@lang_option
@store_option
def prune(name: str, keep: int, lang: str, store: Path | None) -> None:
    """Delete old versions; the one in use and the one before it stay."""
    gone = _store(store).prune(name, keep=keep)
    click.echo(SAID[lang]["pruned" if gone else "nothing"].format(name=name, versions=", ".join(gone)))


@models.command("export")
@click.argument("ref")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--with-texts", is_flag=True, help="Take the training texts along, so that it can be retrained.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
@lang_option
@store_option
def export_(ref: str, target: Path, with_texts: bool, overwrite: bool, lang: str, store: Path | None) -> None:
    """Write a model into one zip file that verifies itself."""
    from ideaclass.exchange import export_model

    artifact, said = export_model(_store(store), ref, target, texts=with_texts, overwrite=overwrite), SAID[lang]
    what = said["texts" if with_texts else "bare"]
    click.echo(said["exported"].format(ref=artifact.manifest.ref, path=target, what=what))


@models.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@lang_option
@store_option
def import_(file: Path, lang: str, store: Path | None) -> None:
    """Check an exported model and take it into your store."""
    from ideaclass.exchange import import_model

    click.echo(SAID[lang]["imported"].format(ref=import_model(file, _store(store)).manifest.ref))


@models.command()
@click.argument("one")
@click.argument("two")
@click.option("--file", type=click.Path(path_type=Path), help="Also list which rows of this file change label.")
@click.option("--text", multiple=True, help="Column with the text of that file.")
@lang_option
@store_option
def diff(one: str, two: str, file: Path | None, text: tuple[str, ...], lang: str, store: Path | None) -> None:
    """Say what changed from model ONE to model TWO."""
    from ideaclass.learn.diff import difference, moves

    there, said = _store(store), SAID[lang]
    d = difference(there, one, two)
    lines = [said[k].format(names=", ".join(v)) for k, v in (("added", d.added), ("removed", d.removed)) if v]
    lines += [said["rows"].format(c=c, a=a, b=b) for c, (a, b) in d.rows.items()]
    lines += [said["data"].format(*d.texts)] if d.texts and any(d.texts) else []
    lines += [said["setting"].format(k=k, a=_short(a), b=_short(b)) for k, (a, b) in d.settings.items()]
    lines += [said["figure"].format(k=k, a=_short(a), b=_short(b)) for k, (a, b) in d.figures.items()]
    for line in lines or [said["same"]]:
        click.echo(line)
    if file is not None:
        from ideaclass.sheets.read import read

        table = read(file, text=text, lang=lang)
        moved = moves(there, one, two, table.texts)
        click.echo(said["moves"].format(file=file.name, n=len(table.texts), m=len(moved)))
        for m in moved:
            click.echo(f"{table.row_numbers[m.position]}\t{m.before}\t{m.after}\t{table.texts[m.position]}")


def _short(value: object) -> str:
    """Show a value in a few characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"


@models.command()
@click.argument("corpora", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Store to save the models in.")
def build(corpora: Path, out: Path) -> None:
    """Train a model for every task of a folder of corpora."""
    from ideaclass.artifacts import Store
    from ideaclass.build import build_models

    build_models(corpora, Store(out), progress=click.echo)
