"""Categories from names, definitions and five sentences each, beside heads trained on three writers.

    python tests/bench/bench_guided.py

Seeds come from the first writer; the floor for "none" is fitted on writers a to c against out-of-scope rows of a; the
figures are on writers d and later, and out-of-scope rows of b.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from ideaclass import taxonomy
from ideaclass.artifacts import default_store
from ideaclass.classify import HeadStack
from ideaclass.corpus import read_corpus
from ideaclass.embed import stored
from ideaclass.features import rows
from ideaclass.guided import NONE_BELOW, Guide, sort_by
from ideaclass.text import clean
from ideaclass.training import Examples
from ideaclass.types import Embedder

ROOT = Path(__file__).parents[2] / "corpora"


def table(corpus: str, writer: str) -> list[dict[str, str]]:
    with (ROOT / corpus / f"{writer}.csv").open(encoding="utf-8") as f:
        return list(csv.DictReader(f))


def main() -> None:
    embedder = stored.from_artifact(default_store().load(stored.DEFAULT))
    outside = {w: clean([r["text"] for r in table("outofscope", w)]) for w in "ab"}
    print(f"macro-F1; floor {NONE_BELOW}")
    print(f"{'task':12}{'guided':>8}{'trained':>9}{'none, in scope':>16}{'none, out of scope':>20}")
    inside_best, outside_best = [], []
    for name in ("esg", "action", "swot", "business"):
        tax = taxonomy.load(name)
        writers = sorted(p.stem for p in (ROOT / name).glob("*.csv"))
        first = table(name, "a")
        guides = []
        for c in tax.categories:
            seeds = [r["text"] for r in first if tax.resolve(r["label"]) == c.code][:5]
            guides.append(Guide(c.ko, c.definition, tuple(seeds)))
        test = [r for w in writers[3:] for r in table(name, w)]
        y = np.array([tax.codes.index(tax.resolve(r["label"])) for r in test])
        texts = clean([r["text"] for r in test])
        found = sort_by(texts, guides, embedder)
        guided = f1_score(y, found.scores.argmax(1), average="macro")
        train = [r for w in writers[:3] for r in table(name, w)]
        inside_best.append(sort_by(clean([r["text"] for r in train if r not in first]), guides, embedder).scores.max(1))
        outside_best.append(sort_by(outside["a"], guides, embedder).scores.max(1))
        held = sort_by(outside["b"], guides, embedder)
        trained = trained_f1(name, writers, embedder)
        print(f"{name:12}{guided:8.3f}{trained:9.3f}{np.mean(found.labels < 0):16.1%}{np.mean(held.labels < 0):20.1%}")
    good, bad = np.concatenate(inside_best), np.concatenate(outside_best)
    grid = np.arange(0.1, 0.8, 0.01)
    balanced = [np.mean(good >= t) + np.mean(bad < t) for t in grid]
    print(f"fitted floor: {grid[int(np.argmax(balanced))]:.2f}")


def trained_f1(name: str, writers: list[str], embedder: Embedder) -> float:
    """Macro-F1 on the later writers of a head that learned from the first three."""
    corpus = read_corpus(ROOT / name, {name: taxonomy.load(name)})
    classes = taxonomy.load(name).codes
    labels = list(corpus.labels[name])
    examples = Examples(rows(clean(corpus.texts), embedder), labels, corpus.groups, classes)
    learn = np.isin(corpus.groups, writers[:3])
    head = examples.pick(np.flatnonzero(learn)).fit(share=0.15, C=10.0)
    test = np.flatnonzero(~learn)
    answers = HeadStack([head]).scores(examples.rows.pick(test)).logits[0].argmax(1)
    return float(f1_score([classes.index(labels[i]) for i in test], answers, average="macro"))


if __name__ == "__main__":
    main()
