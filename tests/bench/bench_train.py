"""Own models on real citizen ideas, beside the peers. ``python tests/bench/bench_train.py DATA [part ...]``.

DATA holds ``seoul_ideas.parquet`` (Seoul open data OA-2563): title → field, trained on what was written before 2024,
tested on 2024. Parts: ``fields`` (accuracy and macro-F1 beside fastText and TF-IDF + LR), ``noise`` (planted wrong
labels beside cleanlab), ``loop`` (corrections chosen by gain, at random, by least confidence), ``speed``.
Peers: ``pip install -r tests/bench/requirements.txt``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ideaclass.artifacts import default_store
from ideaclass.classify import HeadStack, fit_head, probabilities
from ideaclass.corpus import read_corpus
from ideaclass.evaluate import class_scores, difference, macro_f1
from ideaclass.features import rows
from ideaclass.labeler import Labeler
from ideaclass.learn.clean import tidy
from ideaclass.learn.fit import C, fit, truth_matrix
from ideaclass.learn.own import shipped_embedder, train_file
from ideaclass.learn.review import doubt
from ideaclass.model import TaskModel
from ideaclass.taxonomy import available, load
from ideaclass.text import clean

CATCH_ALL = ("기획", "기타", "부서미지정")
ROOT = Path(__file__).resolve().parents[2]


def ours(train: pd.DataFrame, test: pd.DataFrame) -> tuple[list[str], float]:
    with tempfile.TemporaryDirectory() as folder:
        train[["title", "field"]].to_csv(Path(folder) / "train.csv", index=False)
        store = default_store(Path(folder) / "store")
        began = time.perf_counter()
        train_file(Path(folder) / "train.csv", ["field"], name="own", store=store, text=["title"])
        seconds = time.perf_counter() - began
        answers = Labeler.load(["own"], store=store).label(test.title.tolist()).tasks["own"]
    return [answers.classes[i] if i >= 0 else "" for i in answers.label], seconds


def fast_text(train: pd.DataFrame, test: pd.DataFrame) -> tuple[list[str], float]:
    import fasttext

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        for text, label in zip(train.title, train.field, strict=True):
            file.write(f"__label__{label} {' '.join(text.split())}\n")
        file.flush()
        began = time.perf_counter()
        options = {"epoch": 25, "lr": 0.5, "wordNgrams": 2, "minn": 1, "maxn": 4, "dim": 100, "bucket": 500_000}
        model = fasttext.train_supervised(file.name, thread=2, seed=0, verbose=0, **options)
        seconds = time.perf_counter() - began
    said = [model.f.predict(" ".join(t.split()) + "\n", 1, 0.0, "strict") for t in test.title]
    return [s[0][1].removeprefix("__label__") if s else "" for s in said], seconds


def tfidf(analyzer: str, ngrams: tuple[int, int]) -> Callable[[pd.DataFrame, pd.DataFrame], tuple[list[str], float]]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    def run(train: pd.DataFrame, test: pd.DataFrame) -> tuple[list[str], float]:
        began = time.perf_counter()
        vectors = TfidfVectorizer(analyzer=analyzer, ngram_range=ngrams, sublinear_tf=True)
        pipe = make_pipeline(vectors, LogisticRegression(C=10, max_iter=1000)).fit(train.title, train.field)
        return list(pipe.predict(test.title)), time.perf_counter() - began

    return run


def fields(data: Path) -> None:
    ideas = pd.read_parquet(data / "seoul_ideas.parquet").astype({"field": object, "title": object})
    peers = {
        "ideaclass train": ours,
        "fastText": fast_text,
        "TF-IDF words + LR": tfidf("word", (1, 2)),
        "TF-IDF chars + LR": tfidf("char_wb", (1, 4)),
    }
    for name, part in (("no catch-alls", ideas[~ideas.field.isin(CATCH_ALL)]), ("all fields", ideas)):
        train, test = part[part.date < "2024"], part[part.date >= "2024"]
        classes = sorted(set(part.field))
        holds = truth_matrix([(f,) for f in test.field], classes)
        print(f"{name}: {len(train):,} titles before 2024, {len(test):,} of 2024, {len(classes)} fields")
        found = {}
        for peer, run in peers.items():
            said, seconds = run(train, test)
            found[peer] = truth_matrix([(s,) for s in said], classes)
            s = class_scores(holds, found[peer])
            line = f"  {peer:18s} accuracy {s.accuracy}  macro-F1 {s.macro_f1}  {seconds:5.1f} s"
            if peer != "ideaclass train":
                a, f = difference(holds, found[peer], found["ideaclass train"])
                line += f"   ours minus it: accuracy {a}, macro-F1 {f}"
            print(line, flush=True)


def noise(_: Path, share: float = 0.03) -> None:
    from cleanlab.filter import find_label_issues

    _, embedder = shipped_embedder(default_store())
    taxonomies = {name: load(name) for name in available()}
    for name in ("esg", "business", "action", "review"):
        corpus = read_corpus(ROOT / "corpora" / name, taxonomies)
        for seed in range(3):
            texts, labels = corpus.texts, [[c] for c in corpus.labels[name]]
            cleaned = tidy(texts, labels, [""] * len(texts))
            rng, examples = np.random.default_rng(seed), list(cleaned.examples)
            planted = set()
            for i in rng.permutation(len(examples))[: round(share * len(examples))]:
                others = [c for c in cleaned.classes if c not in examples[i].labels]
                examples[i] = replace(examples[i], labels=(others[rng.integers(len(others))],))
                planted.add(examples[i].text)
            model = fit(examples, cleaned.classes, multi=False, curve=False, embedder=embedder)
            wrong = np.array([e.text in planted for e in model.examples])
            p = model.probability / model.probability.sum(axis=1, keepdims=True)
            lists = {
                "ideaclass": doubt(model.probability, model.holds) > 0,
                "cleanlab, our probabilities": find_label_issues(model.holds.argmax(axis=1), p),
                "cleanlab, TF-IDF + LR": find_label_issues(model.holds.argmax(axis=1), _cross(model, p.shape)),
            }
            for who, listed in lists.items():
                recall, precision = wrong[listed].sum() / wrong.sum(), wrong[listed].mean() if listed.any() else 0
                counted = f"planted {wrong.sum()}, listed {listed.sum()}"
                print(f"{name} seed {seed} {who:28s} {counted}: found {recall:.0%}, of the listed {precision:.0%}")


def _cross(model: object, shape: tuple[int, int]) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline

    texts, y = [e.text for e in model.examples], model.holds.argmax(axis=1)
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    p = cross_val_predict(
        make_pipeline(vectors, LogisticRegression(C=10, max_iter=1000)), texts, y, cv=5, method="predict_proba"
    )
    assert p.shape == shape
    return p


def loop(data: Path, rounds: int = 16, size: int = 50) -> None:
    ideas = pd.read_parquet(data / "seoul_ideas.parquet")
    ideas = ideas[~ideas.field.isin((*CATCH_ALL, "여가"))]
    classes = sorted(set(ideas.field))
    y = np.array([classes.index(f) for f in ideas.field])
    numbers = rows(clean(ideas.title.tolist()))

    def head(at: np.ndarray) -> object:
        labels = [classes[i] for i in y[at]]
        return fit_head(numbers.pick(at), labels, classes=classes, C=C, loss="hinge", class_weight="root")

    def choose(rule: str, made: object, known: np.ndarray, left: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if rule == "at random":
            return rng.permutation(left)[:size]
        p = probabilities(HeadStack([made]).scores(numbers.pick(left)).logits[0], 0.3, multi=False)
        top = np.sort(p, axis=1)
        if rule == "least confident":
            return left[np.argsort(top[:, -1], kind="stable")[:size]]
        trained = tuple(np.bincount(y[known], minlength=len(classes)).tolist())
        rarity = TaskModel("", None, made, None, trained=trained).rarity
        return left[np.argsort(-(1 - (top[:, -1] - top[:, -2])) * (p @ rarity), kind="stable")[:size]]

    curves = {}
    for rule in ("at random", "least confident", "by expected gain"):
        found = []
        for seed in range(3):
            rng = np.random.default_rng(seed)
            order = rng.permutation(len(y))
            test, known, left = order[:3000], order[3000:3200], order[3200:11200]
            scores = []
            for _ in range(rounds + 1):
                made = head(known)
                said = HeadStack([made]).scores(numbers.pick(test)).logits[0].argmax(axis=1)
                scores.append(macro_f1(y[test], said))
                new = choose(rule, made, known, left, rng)
                known, left = np.concatenate([known, new]), np.setdiff1d(left, new)
            found.append(scores)
        curves[rule] = np.mean(found, axis=0)
        print(
            f"{rule:17s}", " ".join(f"{size * i}:{v:.3f}" for i, v in enumerate(curves[rule]) if i % 2 == 0), flush=True
        )
    for goal in (rounds // 2, rounds):
        for rule, curve in curves.items():
            need = next((i for i, v in enumerate(curve) if v >= curves["at random"][goal]), None)
            share = "never" if need is None else f"{need * size} corrections, {need / goal:.0%}"
            print(f"the score of {goal * size} random corrections, {rule}: {share}")


def speed(_: Path) -> None:
    rng = np.random.default_rng(0)
    words = ["".join(map(chr, rng.integers(0xAC00, 0xAC00 + 800, rng.integers(2, 5)))) for _ in range(4000)]
    label = rng.integers(0, 18, 9000)
    texts = [
        " ".join([words[c * 200 + w % 200] if i % 2 else words[w] for i, w in enumerate(rng.integers(0, 4000, 6))])
        for c in label
    ]
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame({"내용": texts, "부서": [f"과{c}" for c in label]}).to_csv(Path(folder) / "x.csv", index=False)
        began = time.perf_counter()
        train_file(Path(folder) / "x.csv", ["부서"], name="own", store=default_store(Path(folder) / "s"))
        print(f"9,000 rows × 18 classes: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    for part in sys.argv[2:] or ("fields", "noise", "loop", "speed"):
        {"fields": fields, "noise": noise, "loop": loop, "speed": speed}[part](Path(sys.argv[1]))
