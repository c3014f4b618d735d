"""Speed and memory of labelling, in process and as a command, beside fastText for one task.

python tests/bench/bench_speed.py FILE.csv --text 제목     # any CSV; the median of five runs
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ideaclass.labeler import Labeler
from ideaclass.sheets.read import read


def median(job: Callable[[], object], rounds: int = 5) -> float:
    job()
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        job()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--text", action="append", default=[])
    args = parser.parse_args()
    texts = read(args.file, text=args.text).texts
    began = time.perf_counter()
    labeler = Labeler.load("all")
    print(f"{len(texts)} rows, mean length {sum(map(len, texts)) / len(texts):.0f}, {len(labeler.models)} tasks")
    print(f"load all models: {time.perf_counter() - began:.2f} s")
    spent = median(lambda: labeler.label(texts))
    print(f"label in process, all tasks with reasons: {len(texts) / spent:,.0f} rows/s")
    for tasks in ("swot",):
        one = Labeler.load([tasks])
        print(f"the same, {tasks} alone: {len(texts) / median(lambda one=one: one.label(texts)):,.0f} rows/s")
    single = statistics.median(median(lambda t=t: labeler.label([t]), 3) for t in texts[:200])
    print(f"one text, all tasks: {single * 1000:.2f} ms")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ideaclass", "label", str(args.file), "--task", "all", "--overwrite"]
        command += [x for t in args.text for x in ("--text", t)] + ["--out", str(Path(folder) / "out.csv")]
        spent = median(lambda: subprocess.run(command, check=True, capture_output=True), 3)
    print(f"whole command, CSV to CSV: {spent:.2f} s")
    try:
        import fasttext
    except ImportError:
        print("fastText is not installed: pip install -r tests/bench/requirements.txt")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as f:
        f.writelines(f"__label__{i % 4} {t}\n" for i, t in enumerate(texts[:4000]))
        f.flush()
        model = fasttext.train_supervised(f.name, epoch=5, minn=1, maxn=4, verbose=0)
    spent = median(lambda: [model.f.predict(t + "\n", 1, 0.0, "strict") for t in texts])
    print(f"fastText, one task, no reasons: {len(texts) / spent:,.0f} rows/s")


if __name__ == "__main__":
    main()
