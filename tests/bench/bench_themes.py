"""Themes against the real fields of seoul_ideas, beside the usual ways, in one table.

    pip install -r tests/bench/requirements.txt
    python tests/bench/bench_themes.py FOLDER        # the folder with seoul_ideas.parquet
    python tests/bench/bench_themes.py FOLDER --rows 4000

Every way sees the same titles and is scored on all rows; rows set apart are one cluster of their own. A second table
does the same on authored queries (labour1350, by domain), a third shows how steady the themes are.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TQDM_DISABLE", "1")
import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score, v_measure_score

from ideaclass.artifacts import default_store
from ideaclass.embed import StaticEmbedder, stored
from ideaclass.text import clean
from ideaclass.themes import find_themes
from ideaclass.tokenize import KiwiTokenizer

Way = Callable[[list[str], int], np.ndarray]
ROOT = Path(__file__).parents[2]


def tfidf_kmeans(texts: list[str], k: int) -> np.ndarray:
    tokenizer = KiwiTokenizer()
    words = [[m.form for m in row if m.tag in ("NNG", "NNP", "SL")] for row in tokenizer.pos_all(texts)]
    matrix = TfidfVectorizer(analyzer=list, min_df=2, sublinear_tf=True).fit_transform(words)
    return KMeans(k, n_init=3, random_state=0).fit_predict(matrix)


def embedding_kmeans(embedder: StaticEmbedder) -> Way:
    return lambda texts, k: KMeans(k, n_init=3, random_state=0).fit_predict(embedder.encode(texts))


def umap_hdbscan(embedder: StaticEmbedder) -> Way:
    """BERTopic's own pipeline and settings, on the same vectors."""

    def run(texts: list[str], _: int) -> np.ndarray:
        from umap import UMAP

        low = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=42).fit_transform(
            embedder.encode(texts)
        )
        return HDBSCAN(min_cluster_size=max(10, len(texts) // 300), copy=True).fit_predict(low)

    return run


def fasttext_kmeans(texts: list[str], k: int) -> np.ndarray:
    import tempfile

    import fasttext

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as f:
        f.write("\n".join(texts))
        f.flush()
        model = fasttext.train_unsupervised(f.name, dim=100, epoch=25, minn=1, maxn=4, minCount=2, verbose=0, thread=2)
    rows = np.array([np.mean([model.get_word_vector(w) for w in t.split()] or [np.zeros(100)], 0) for t in texts])
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return KMeans(k, n_init=3, random_state=0).fit_predict(rows)


def compare(title: str, texts: list[str], truth: np.ndarray, embedder: StaticEmbedder) -> None:
    print(f"\n{title}: {len(texts):,} rows, {len(set(truth))} fields\n")
    began = time.perf_counter()
    ours = find_themes(texts, embedder, KiwiTokenizer())
    seconds = time.perf_counter() - began
    fine, broad = ours.labels, ours.broad_labels
    count = len(set(truth))
    began = time.perf_counter()
    asked = find_themes(texts, embedder, KiwiTokenizer(), n_themes=count).labels
    asked_seconds = time.perf_counter() - began
    found: list[tuple[str, np.ndarray, float]] = [
        ("ideaclass, broad themes", broad, seconds),
        ("ideaclass, themes", fine, seconds),
        ("ideaclass, as many as fields", asked, asked_seconds),
    ]
    ways: list[tuple[str, Way]] = [
        ("UMAP + HDBSCAN (BERTopic)", umap_hdbscan(embedder)),
        ("k-means on TF-IDF", tfidf_kmeans),
        ("k-means on fastText", fasttext_kmeans),
        ("k-means on the embedding", embedding_kmeans(embedder)),
    ]
    for name, way in ways:
        for k in (count, len(ours.broad), len(ours.themes)):
            if name.startswith("UMAP") and k != count:
                continue
            began = time.perf_counter()
            try:
                found.append(
                    (f"{name}, k={k}" if "UMAP" not in name else name, way(texts, k), time.perf_counter() - began)
                )
            except ImportError as e:
                print(f"{name} left out: {e}")
                break
    print("| way | clusters | apart | ARI | V-measure | seconds |\n|---|---|---|---|---|---|")
    for name, labels, spent in found:
        ari, v = adjusted_rand_score(truth, labels), v_measure_score(truth, labels)
        apart = np.mean(labels < 0)
        print(f"| {name} | {len(set(labels.tolist()) - {-1})} | {apart:.0%} | {ari:.3f} | {v:.3f} | {spent:.0f} |")


def texts_of(path: Path) -> list[str]:
    """Texts of a corpus file, or of the campaign's workbook, whose header is its fourth row."""
    import pandas as pd

    if path.suffix == ".csv":
        return pd.read_csv(path)["text"].tolist()
    return pd.read_excel(path, header=3)["의견"].dropna().astype(str).tolist()


ADDED = (
    "지하철 환승 통로를 넓혀 주세요",
    "상담 대기 시간을 알려 주세요",
    "ㅋㅋㅋ",
    "실업급여 언제 나와요",
    "챗봇 개선",
    "주차장이 좁다",
    "반려견 놀이터",
    "폐업한 사장님도 받을 수 있는지",
    "서류를 줄이자",
    "인스타 릴스 더 올려주세요",
)
# Title, file, every how many rows, how many at most: the settings were chosen on the campaign, and nothing on the rest.
SHEETS = (
    ("the example campaign", "../examples/국민참여단_2023.xlsx", 1, 1000),
    ("110 rows of seoul120", "seoul120/b.csv", 3, 110),
    ("110 rows of swot", "swot/c.csv", 2, 110),
    ("110 rows of esg", "esg/b.csv", 2, 110),
    ("200 rows of action", "action/c.csv", 1, 200),
    ("200 rows of grievance", "grievance/b.csv", 1, 200),
    ("370 paraphrases", "paraphrase/r.csv", 1, 370),
)


def steadiness(texts: list[str], embedder: StaticEmbedder) -> None:
    """Print whether another order changes anything, and how many rows keep their theme when one row is added."""
    tokenizer = KiwiTokenizer()
    first = find_themes(texts, embedder, tokenizer)
    order = np.random.default_rng(0).permutation(len(texts))
    again = find_themes([texts[i] for i in order], embedder, tokenizer)
    same = np.array_equal(again.labels, first.labels[order]) and [t.name for t in again.themes] == [
        t.name for t in first.themes
    ]
    print(f"  another row order: {'identical' if same else 'DIFFERENT'}")
    from scipy.optimize import linear_sum_assignment

    kept = []
    for extra in ADDED if len(texts) < 1000 else ADDED[:3]:
        more = find_themes([*texts, extra], embedder, tokenizer).labels[:-1]
        shared = np.zeros((first.labels.max() + 2, more.max() + 2))
        np.add.at(shared, (first.labels, more), 1)
        apart, inner = shared[-1, -1], shared[:-1, :-1]
        rows, columns = linear_sum_assignment(-inner)
        kept.append((inner[rows, columns].sum() + apart) / len(texts))
    print(f"  one row added, {len(kept)} times: {np.mean(kept):.1%} of rows keep their theme, at worst {min(kept):.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--names", type=int, default=40)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    import pandas as pd

    embedder = stored.from_artifact(default_store().load(stored.DEFAULT))
    ideas = pd.read_parquet(args.data / "seoul_ideas.parquet")
    if args.rows:
        ideas = ideas.sample(args.rows, random_state=0)
    titles = clean(ideas.title.tolist())
    compare("seoul_ideas", titles, ideas.field.to_numpy(), embedder)
    rows = []
    for path in sorted((ROOT / "corpora/labour1350").glob("*.csv")):
        with path.open(encoding="utf-8") as f:
            rows += list(csv.DictReader(f))
    compare("labour1350 (authored)", clean([r["text"] for r in rows]), np.array([r["label"] for r in rows]), embedder)
    sheets = {"seoul_ideas": titles, "labour1350": clean([r["text"] for r in rows])}
    for title, name, step, size in SHEETS:
        sheets[title] = clean(texts_of(ROOT / "corpora" / name))[::step][:size]
    for title, texts in sheets.items():
        print(f"\nsteadiness, {title}")
        steadiness(texts, embedder)
    print(f"\nnames of the {args.names} largest themes of seoul_ideas")
    for theme in find_themes(titles, embedder, KiwiTokenizer()).themes[: args.names]:
        print(f"  {theme.size:5,} {theme.name}")
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB (peers included)")


if __name__ == "__main__":
    main()
