"""Label accuracy with each writer left out in turn, beside fastText and KoNLPy-Okt TF-IDF with logistic regression.

    pip install -r tests/bench/requirements.txt
    python tests/bench/bench_labels.py            # a table; Okt needs Java

Every system trains on the same rows and answers the same rows, in the same run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from ideaclass import taxonomy
from ideaclass.artifacts import default_store
from ideaclass.classify import HeadStack
from ideaclass.corpus import ABOUT, read_corpus
from ideaclass.embed import stored
from ideaclass.evaluate import macro_f1, mean_over_groups
from ideaclass.features import Rows, rows
from ideaclass.text import clean
from ideaclass.training import Examples


def ours(examples: Examples, train: np.ndarray, test: np.ndarray, share: float) -> np.ndarray:
    head = examples.pick(train).fit(share=share, C=10.0)
    held = examples.rows if share else Rows(examples.rows.counts)
    return HeadStack([head]).scores(held.pick(test)).logits[0].argmax(1)


def fasttext(texts: list[str], y: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    import fasttext as ft

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as f:
        f.writelines(f"__label__{y[i]} {texts[i]}\n" for i in train)
        f.flush()
        model = ft.train_supervised(
            f.name, epoch=50, lr=0.5, dim=100, minn=1, maxn=4, wordNgrams=2, thread=2, verbose=0, seed=0
        )
    found = [model.f.predict(texts[i] + "\n", 1, 0.0, "strict") for i in test]
    return np.array([int(p[0][1].removeprefix("__label__")) if p else -1 for p in found])


def okt(tokens: list[str], y: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    tfidf = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=1000).fit(tfidf.fit_transform([tokens[i] for i in train]), y[train])
    return model.predict(tfidf.transform([tokens[i] for i in test]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=Path(__file__).parents[2] / "corpora")
    parser.add_argument("--only", nargs="*", help="corpora to run")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    taxonomies = {name: taxonomy.load(name) for name in taxonomy.available()}
    store = default_store()
    embedder = stored.from_artifact(store.load(stored.DEFAULT)) if stored.DEFAULT in store.names() else None
    try:
        from konlpy.tag import Okt

        tagger = Okt()
    except Exception as e:
        print(f"Okt left out: {e}")
        tagger = None
    print("| task | rows | writers | ideaclass n-grams | ideaclass + embedding | fastText | Okt TF-IDF + LR |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for folder in sorted(p.parent for p in args.corpora.glob(f"*/{ABOUT}")):
        if args.only and folder.name not in args.only:
            continue
        corpus = read_corpus(folder, taxonomies)
        texts = clean(corpus.texts)
        numbers = rows(texts, embedder)
        tokens = [" ".join(tagger.morphs(t)) for t in texts] if tagger else []
        for task, labels in corpus.labels.items():
            position = {c: i for i, c in enumerate(taxonomies[task].codes)}
            y = np.array([position[c] for c in labels])
            examples = Examples(numbers, labels, corpus.groups, taxonomies[task].codes)
            systems = {"n-grams": lambda a, b, e=examples: ours(e, a, b, 0.0)}
            if embedder is not None:
                systems["both"] = lambda a, b, e=examples: ours(e, a, b, 0.15)
            systems["fastText"] = lambda a, b, y=y, t=texts: fasttext(t, y, a, b)
            if tagger:
                systems["Okt"] = lambda a, b, y=y, t=tokens: okt(t, y, a, b)
            found: dict[str, list[float]] = {name: [] for name in systems}
            spent = dict.fromkeys(systems, 0.0)
            for group in sorted(set(corpus.groups.tolist())):
                train, test = np.flatnonzero(corpus.groups != group), np.flatnonzero(corpus.groups == group)
                for name, answer in systems.items():
                    began = time.perf_counter()
                    found[name].append(macro_f1(y[test], answer(train, test)))
                    spent[name] += time.perf_counter() - began
            cells = [
                f"{mean_over_groups(found[n])}" if n in found else "-" for n in ("n-grams", "both", "fastText", "Okt")
            ]
            print(f"| {task} | {len(y)} | {len(found['n-grams'])} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
