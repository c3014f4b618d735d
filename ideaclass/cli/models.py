"""``ideaclass models``: stored models and their versions."""

from __future__ import annotations

from pathlib import Path

import click

from ideaclass.cli.base import main, store_option


@main.group()
def models() -> None:
    """Look after stored models and their versions."""


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
