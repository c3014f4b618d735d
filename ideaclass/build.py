"""Rebuild the shipped models from the corpora: one command, the same arrays every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from ideaclass import taxonomy
from ideaclass.artifacts import Store
from ideaclass.corpus import ABOUT, Corpus, read_corpus
from ideaclass.embed import stored
from ideaclass.errors import FileError
from ideaclass.features import Rows, rows
from ideaclass.model import to_artifact
from ideaclass.text import clean
from ideaclass.training import Examples, Trained, card, library_versions, train
from ideaclass.types import Embedder

C = 10.0
TARGET = 0.9
SEED = 0
BACKGROUND = 4000


def build_models(corpora: Path, store: Store, *, progress: Callable[[str], None] | None = None) -> dict[str, Trained]:
    """Train every task of every corpus, save each as a new version, and make it the stable one.

    The store's own embedder, if it holds one, is used beside the n-grams.

    Parameters
    ----------
    corpora : Path
        Folder of corpus folders; those without ``corpus.toml`` are passed over.
    store : Store
        Takes the models.
    progress : callable, optional
        Told of each step.

    Returns
    -------
    dict of str to Trained
        By reference, such as ``"swot@1.0.0"``.

    Raises
    ------
    FileError
        If there is no corpus.
    """
    tell = progress or (lambda _: None)
    taxonomies = {name: taxonomy.load(name) for name in taxonomy.available()}
    folders = sorted(p.parent for p in corpora.glob(f"*/{ABOUT}"))
    if not folders:
        raise FileError(f"{corpora}: holds no corpus (a folder with {ABOUT} and one .csv per writer)")
    read = [read_corpus(folder, taxonomies) for folder in folders]
    about, embedder = None, None
    if stored.DEFAULT in store.names():
        artifact = store.load(stored.DEFAULT)
        about, embedder = stored.identity(artifact), stored.from_artifact(artifact)
    built: dict[str, Trained] = {}
    for corpus, task, examples in examples_of(read, embedder):
        tell(f"{task}: {len(examples.labels)} rows by {len(set(corpus.groups.tolist()))} writers")
        trained = train(examples, C=C, target=TARGET, seed=SEED, progress=tell)
        data = [corpus.description(task)]
        artifact = to_artifact(
            trained.head,
            trained.policy,
            taxonomy.source_text(task),
            name=task,
            card=card(task, trained, data),
            embedder=about if trained.share else None,
            thresholds={"fitted_on": "each writer left out in turn", "C": C, "share": trained.share},
            data=data,
            seed=SEED,
            libraries=library_versions(),
            metrics=trained.metrics(),
        )
        saved = store.save(artifact)
        store.promote(task, saved.manifest.version)
        built[saved.manifest.ref] = trained
        tell(f"saved {saved.manifest.ref}: macro-F1 {trained.report.macro_f1}")
    return built


def examples_of(read: Sequence[Corpus], embedder: Embedder | None = None) -> Iterator[tuple[Corpus, str, Examples]]:
    """Yield every task of every corpus with its rows; the other corpora are what it is not asked about."""
    numbers = {corpus.name: rows(clean(corpus.texts), embedder) for corpus in read}
    for corpus in read:
        background = _background([r for name, r in numbers.items() if name != corpus.name])
        for task, labels in corpus.labels.items():
            classes = taxonomy.load(task).codes
            yield corpus, task, Examples(numbers[corpus.name], labels, corpus.groups, classes, background)


def _background(others: list[Rows]) -> Rows | None:
    """Draw a sample of the other corpora's rows: texts that a task is not asked about."""
    if not others:
        return None
    counts = sp.vstack([r.counts for r in others], format="csr")
    vectors = [r.vectors for r in others if r.vectors is not None]
    drawn = np.sort(np.random.default_rng(SEED).permutation(counts.shape[0])[:BACKGROUND])
    return Rows(counts, np.concatenate(vectors) if vectors else None).pick(drawn)
