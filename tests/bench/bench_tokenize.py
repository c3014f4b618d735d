"""Speed of the tokenisers, and how far they agree on nouns, side by side.

    python tests/bench/bench_tokenize.py            # the authored corpora; KoNLPy's need Java

Agreement is the Jaccard overlap of two analysers' noun sets, averaged over the sentences.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import time
from pathlib import Path

from ideaclass.errors import MissingJavaError
from ideaclass.tokenize import KiwiTokenizer, KonlpyTokenizer
from ideaclass.tokenize.konlpy import ENGINES
from ideaclass.types import Tokenizer


def sentences(corpora: Path, limit: int) -> list[str]:
    texts = []
    for path in sorted(corpora.glob("*/*.csv")):
        with path.open(encoding="utf-8") as f:
            texts += [row["text"] for row in csv.DictReader(f)]
    step = max(1, len(texts) // limit)
    return texts[::step][:limit]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=Path(__file__).parents[2] / "corpora")
    parser.add_argument("--rows", type=int, default=1000)
    args = parser.parse_args()
    texts = sentences(args.corpora, args.rows)
    tokenizers: dict[str, Tokenizer] = {"kiwi": KiwiTokenizer(), **{name: KonlpyTokenizer(name) for name in ENGINES}}
    nouns: dict[str, list[set[str]]] = {}
    print(f"{len(texts):,} authored sentences\n\n{'':10}{'start':>8}{'rows/s':>10}")
    for name, tokenizer in tokenizers.items():
        began = time.perf_counter()
        try:
            tokenizer.nouns("시작")
        except MissingJavaError as e:
            print(f"{name:10}skipped: {e}")
            continue
        started = time.perf_counter()
        nouns[name] = [set(tokenizer.nouns(t)) for t in texts]
        seconds = time.perf_counter() - started
        print(f"{name:10}{started - began:7.1f}s{len(texts) / seconds:10,.0f}")
    print("\nagreement on nouns\n" + " " * 10 + "".join(f"{name:>10}" for name in nouns))
    share = {}
    for a, b in itertools.combinations(nouns, 2):
        pairs = [len(x & y) / len(x | y) for x, y in zip(nouns[a], nouns[b], strict=True) if x | y]
        share[a, b] = share[b, a] = sum(pairs) / len(pairs)
    for a in nouns:
        print(f"{a:10}" + "".join(f"{share.get((a, b), 1.0):10.2f}" for b in nouns))


if __name__ == "__main__":
    main()
