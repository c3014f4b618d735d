"""Copies and the same in other words: fit the thresholds on authored pairs, and measure them on other writers.

    python tests/bench/bench_duplicates.py --fit           # copies on writers a, b, c, other words on writer q
    python tests/bench/bench_duplicates.py --data FOLDER   # + the repeated titles of seoul_ideas and the FAQ's siblings

Copies are made as people make them (tests/copies.py). The embedding never saw writers d, q and r; the stored thresholds
(ideaclass/duplicates.json) and the weights of the score were chosen on q (and d) and never saw r.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import sys
import time
from pathlib import Path

import numpy as np

from ideaclass import duplicates as room
from ideaclass.artifacts import default_store
from ideaclass.embed import stored
from ideaclass.text import clean
from ideaclass.types import Embedder

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from copies import copy_of  # noqa: E402

IDEAS = ("action", "business", "esg", "grievance", "innovation", "review", "swot")
DISTRICTS = """
종로 중 용산 성동 광진 동대문 중랑 성북 강북 도봉 노원 은평 서대문
마포 양천 강서 구로 금천 영등포 동작 관악 서초 강남 송파 강동
""".split()  # noqa: SIM905


def writer(name: str) -> list[dict[str, str]]:
    with (ROOT / "corpora/paraphrase" / f"{name}.csv").open(encoding="utf-8") as f:
        return list(csv.DictReader(f))


def column(path: Path) -> list[str]:
    """Texts of a corpus of ideas, none of them a copy of another: what copies must be told from."""
    with path.open(encoding="utf-8") as f:
        return [row["text"] for row in csv.DictReader(f)]


def copied(writers: str, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Rows of some writers, two fifths of them with one or two copies, and which row each came from."""
    rng = random.Random(seed)
    texts = [r["text"] for w in writers for r in writer(w)]
    source = list(range(len(texts)))
    for i in range(len(texts)):
        if rng.random() < 0.4:
            for _ in range(rng.choice([1, 1, 2])):
                texts.append(copy_of(texts[i], rng))
                source.append(i)
    return clean(texts), np.array(source)


def copy_scores(texts: list[str], source: np.ndarray, least: float) -> tuple[float, float]:
    """Precision and recall of pairs of rows in one group of copies."""
    found = room.find_duplicates(texts, limits=room.Thresholds(least, 0.0)).copies
    pairs = [(a, b) for g in found for i, a in enumerate(g) for b in g[i + 1 :]]
    right = sum(source[a] == source[b] for a, b in pairs)
    there = sum(n * (n - 1) // 2 for n in np.bincount(source))
    return right / max(1, len(pairs)), right / max(1, there)


def hidden(name: str, seed: int) -> list[dict[str, str]]:
    """A sheet of 110 ideas: 35 proposals in three wordings each, and five others near them."""
    rng, rows = random.Random(seed), writer(name)
    groups = sorted({r["group"] for r in rows})
    rng.shuffle(groups)
    sheet: list[dict[str, str]] = []
    for g in groups[:35]:
        members = [r for r in rows if r["group"] == g and r["kind"] == "same"]
        rng.shuffle(members)
        sheet += members[:3]
    near = [r for r in rows if r["kind"] == "near" and r["group"] in groups[:35]]
    rng.shuffle(near)
    return (sheet + near)[:110]


def offered(name: str, seed: int, embedder: Embedder) -> list[tuple[float, bool]]:
    sheet = hidden(name, seed)
    pairs = room.find_duplicates([r["text"] for r in sheet], embedder, limits=room.Thresholds(1.1, -9.0)).pairs
    return [
        (p.score, sheet[p.first]["group"] == sheet[p.second]["group"]
         and sheet[p.first]["kind"] == sheet[p.second]["kind"] == "same")
        for p in pairs
    ]  # fmt: skip


def fit(embedder: Embedder) -> None:
    texts, made = copied("abc")
    others = clean(
        sorted({t for name in IDEAS for path in ROOT.glob(f"corpora/{name}/*.csv") for t in column(path)} - set(texts))
    )
    source = np.r_[made, np.arange(len(others)) + len(texts)]
    scored = room.copy_pairs(texts + others, 0.3)
    # Titles of a line share more than these rows do: as strict as nine copies in ten allow.
    copy = max(t for t in np.arange(0.5, 0.95, 0.01) if copy_scores(texts[: len(made)], made, t)[1] >= 0.92)
    for t in (0.4, 0.45, 0.5, 0.55, 0.6, 0.65):
        wrong = [(i, j) for i, j, s in scored if s >= t and source[i] != source[j]]
        print(f"  {t:.2f}: {sum(s >= t for _, _, s in scored)} pairs, {len(wrong)} wrong")
    pairs = sorted((p for seed in range(20) for p in offered("q", seed, embedder)), reverse=True)
    right = np.cumsum([p[1] for p in pairs]) / np.arange(1, len(pairs) + 1)
    enough = np.flatnonzero((right >= 0.1) & (np.arange(len(pairs)) >= 50))
    words = pairs[enough[-1] if len(enough) else 50][0]
    limits = {"copy": round(float(copy), 3), "words": round(words, 3)}
    Path(room.__file__).with_suffix(".json").write_text(json.dumps(limits) + "\n", encoding="utf-8")
    print("fitted:", limits)


def real(folder: Path) -> None:
    import pandas as pd

    titles = clean(pd.read_parquet(folder / "seoul_ideas.parquet").title.tolist())
    began = time.perf_counter()
    found = room.find_duplicates(titles).copies
    seconds = time.perf_counter() - began
    group = {i: g for g, rows in enumerate(found) for i in rows}
    seen: dict[str, int] = {}
    repeated = [(seen[t], i) for i, t in enumerate(titles) if seen.setdefault(t, i) != i]
    kept = sum(group.get(a) == group.get(b) is not None for a, b in repeated)
    edited = [g for g in found if len({titles[i] for i in g}) > 1]
    print(f"seoul_ideas: {len(titles):,} titles in {seconds:.1f} s, {len(found):,} groups, {len(edited):,} with edits;")
    print(f"  of {len(repeated)} repeated titles {kept} are with their first")
    for g in random.Random(0).sample(edited, min(15, len(edited))):
        print("   ", " | ".join(sorted({titles[i] for i in g})[:3]))
    rng = random.Random(1)
    half = rng.sample(sorted(set(titles)), 5000)
    texts, source = clean(half + [copy_of(t, rng) for t in half[:1500]]), np.r_[np.arange(5000), np.arange(1500)]
    p, r = copy_scores(texts, source, room.thresholds().copy)
    print(f"  5,000 titles and 1,500 made copies: precision {p:.3f} (others' repeats count as wrong), recall {r:.3f}")
    faq = clean(pd.read_parquet(folder / "seoul120_faq.parquet").title.tolist())
    found = room.find_duplicates(faq).copies
    names = re.compile("|".join(f"{d}구" for d in DISTRICTS))
    merged = [g for g in found if len({tuple(sorted(names.findall(faq[i]))) for i in g}) > 1]
    print(f"seoul120_faq: {len(found)} groups of copies, {len(merged)} of them across districts")
    siblings = [f"{d}구 {t}" for t in ("대형폐기물 배출 방법 안내", "보건소 예방접종 시간") for d in DISTRICTS]
    print(f"  50 made siblings: {len(room.find_duplicates(siblings).copies)} groups of copies")
    many = (titles * 7)[: 100_000 - len(titles)]
    many = titles + [copy_of(t, rng) for t in many]
    began = time.perf_counter()
    room.find_duplicates(clean(many))
    print(f"copies in {len(many):,} rows: {time.perf_counter() - began:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fit", action="store_true")
    args = parser.parse_args()
    embedder = stored.from_artifact(default_store().load(stored.DEFAULT))
    if args.fit:
        fit(embedder)
    limits = room.thresholds()
    for name in "dr":
        p, r = copy_scores(*copied(name), limits.copy)
        print(f"copies, writer {name}: precision {p:.3f}, recall {r:.3f}")
    for name in "qdr":
        first = [sum(right for _, right in offered(name, seed, embedder)[:20]) for seed in range(10)]
        print(f"other words, writer {name}: right among the first 20, mean of 10 sheets {np.mean(first):.1f}")
    if args.data:
        real(args.data)


if __name__ == "__main__":
    main()
