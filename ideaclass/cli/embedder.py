"""``ideaclass embedder``: train the sentence embedding from raw files, and measure it beside its peers."""

from __future__ import annotations

from pathlib import Path

import click

from ideaclass.cli.base import main

data_option = click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="Folder of the public data (.parquet)."
)
corpora_option = click.option("--corpora", type=click.Path(path_type=Path), help="Folder of this project's corpora.")


@main.group()
def embedder() -> None:
    """Train and measure the sentence embedding."""


@embedder.command()
@data_option
@corpora_option
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for the sentence-transformers model."
)
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps each stage, to go on after a stop.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--store", type=click.Path(path_type=Path), help="Keep it there too, as the next version that models use."
)
def train(data: Path, corpora: Path | None, out: Path, work: Path | None, seed: int, store: Path | None) -> None:
    """Run the whole recipe, from raw files to a sentence-transformers folder with its figures in CARD.md."""
    from ideaclass.artifacts import Store
    from ideaclass.embed import stored
    from ideaclass.embed.evaluate import evaluate as measure
    from ideaclass.embed.evaluate import listing
    from ideaclass.embed.train import train as train_embedder
    from ideaclass.training import library_versions

    folder = train_embedder(data, out, corpora=corpora, seed=seed, progress=click.echo, work_dir=work)
    figures = listing(measure(folder, data, peers=False, corpora=corpora)[0])
    with (folder / "CARD.md").open("a", encoding="utf-8") as card:
        card.write(f"\n## Measured on what was held out\n\n{figures}\n")
    click.echo(f"{figures}\nwrote {folder}")
    if store is not None:
        click.echo(f"saved {stored.save(folder, Store(store), library_versions())}")


@embedder.command()
@data_option
@corpora_option
@click.option("--model", type=click.Path(path_type=Path), help="Folder of the model (default: the one that ships).")
@click.option("--peers/--no-peers", default=True, show_default=True, help="Measure the peers that are installed too.")
def evaluate(data: Path, corpora: Path | None, model: Path | None, peers: bool) -> None:
    """Print one table: the embedding and its peers on data held out from its training."""
    from ideaclass.artifacts import default_store
    from ideaclass.embed import stored
    from ideaclass.embed.evaluate import evaluate as measure
    from ideaclass.embed.evaluate import table

    folder = model or default_store().resolve(stored.DEFAULT)
    rows = measure(folder, data, peers, corpora=corpora, progress=lambda line: click.echo(line, err=True))
    click.echo(table(rows))
