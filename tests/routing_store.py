"""A small store with a router, fitted on a part of the corpora without an embedding: the same for every test."""

import csv
import random
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from ideaclass import taxonomy
from ideaclass.artifacts import Store
from ideaclass.corpus import read_corpus
from ideaclass.features import rows
from ideaclass.model import to_artifact
from ideaclass.routing.build import build_routers
from ideaclass.text import clean
from ideaclass.training import Examples, hold_out

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
ROWS = {"seoul120": 250, "abuse": 150, "outofscope": 200}


@cache
def small_store() -> Path:
    """Folder of a store with seoul120, abuse and seoul120-router."""
    root = Path(tempfile.mkdtemp(prefix="ideaclass-test-"))
    for name, most in ROWS.items():
        folder = root / "corpora" / name
        folder.mkdir(parents=True)
        (folder / "corpus.toml").write_bytes((CORPORA / name / "corpus.toml").read_bytes())
        for writer in ("a", "b"):
            with (CORPORA / name / f"{writer}.csv").open(encoding="utf-8-sig", newline="") as f:
                found = list(csv.DictReader(f))
            random.Random(7).shuffle(found)
            with (folder / f"{writer}.csv").open("w", encoding="utf-8", newline="") as f:
                out = csv.DictWriter(f, list(found[0]))
                out.writeheader()
                out.writerows(found[:most])
    store = Store(root / "store")
    for task in ("seoul120", "abuse"):
        corpus = read_corpus(root / "corpora" / task, {task: taxonomy.load(task)})
        examples = Examples(rows(clean(corpus.texts)), corpus.labels[task], corpus.groups, taxonomy.load(task).codes)
        temperature, policy = hold_out(examples, share=0.0, C=10.0).calibrate(np.ones(len(corpus.texts), bool), 0.9)
        head = examples.fit(share=0.0, C=10.0).calibrated(temperature)
        about = {"fitted_on": "the other writer", "C": 10.0, "share": 0.0}
        saved = store.save(to_artifact(head, policy, taxonomy.source_text(task), name=task, thresholds=about))
        store.promote(task, saved.manifest.version)
    build_routers(root / "corpora", store, names=["seoul120"])
    return root / "store"


def held_out(writer: str = "c") -> tuple[list[str], list[str]]:
    """Texts and labels of a writer of seoul120 whom the small store never saw."""
    with (CORPORA / "seoul120" / f"{writer}.csv").open(encoding="utf-8-sig", newline="") as f:
        found = list(csv.DictReader(f))
    return [r["text"] for r in found], [r["label"] for r in found]
