"""Which room may import which, as `pyproject.toml` states it, and what is never loaded for labelling."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "sklearn", "pandas", "konlpy", "jpype", "kiwipiepy", "sentence_transformers"}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_rooms_import_what_they_may():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("text.py", "import numpy", "Errors, types, text and taxonomy"),
        ("decide.py", "from sklearn.metrics import f1_score", "What labels stands on numpy"),
        ("explain.py", "from ideaclass.classify import LinearHead", "What labels stands on numpy"),
        ("features.py", "from ideaclass.embed.static import StaticEmbedder", "Features take their words"),
        ("text.py", "from ideaclass.features import ngrams", "Each room imports only"),
        ("corpus.py", "import pandas", "The core knows no tables"),
        ("evaluate.py", "def f():\n    import torch", "The core knows no tables"),
        ("sheets/read.py", "import ideaclass.labeler", "Sheets read and write"),
        ("artifacts/codec.py", "import pickle", "No model is ever unpickled"),
        ("model.py", "from joblib import load", "joblib is for parallel work"),
        ("labeler.py", "from ideaclass.embed import train", "Training the embedding"),
    ],
)
def test_a_wrong_import_breaks_a_contract(tmp_path, module, line, contract):
    shutil.copytree(ROOT / "ideaclass", tmp_path / "ideaclass", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "ideaclass" / module).open("a", encoding="utf-8") as f:
        f.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout
    broken = [row for row in done.stdout.splitlines() if row.endswith("BROKEN")]
    assert any(row.startswith(contract) for row in broken), broken


def python(code: str, *args: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *args],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_library_costs_next_to_nothing():
    code = """
import sys, time
before, began = set(sys.modules), time.perf_counter()
import ideaclass
spent, new = time.perf_counter() - began, set(sys.modules) - before
import json
print(json.dumps([spent, sorted(new)]))
"""
    spent, new = min((json.loads(python(code)) for _ in range(3)), key=lambda found: found[0])
    assert len(new) < 60, new
    assert not {name.partition(".")[0] for name in new} & (HEAVY | {"numpy", "scipy"})
    assert {name for name in new if name.startswith("ideaclass")} == {"ideaclass", "ideaclass._version"}
    assert spent < 0.15


LABELLING = """
import sys
from ideaclass import Labeler, load
labels = Labeler.load(["all"]).label(["탕비실 종이컵을 없앱시다", "상담원이 부족합니다", ""])
assert labels.size == 3 and len(labels.tasks) >= 8
assert load("esg").predict(["종이컵을 없앱시다"])[0].reasons
print(" ".join(sys.modules))
"""
COMMAND_LINE = """
import sys
from ideaclass.cli import main
try:
    main(sys.argv[1:])
except SystemExit as e:
    assert not e.code, e.code
print()
print(" ".join(sys.modules))
"""


def heavy(modules: str) -> set[str]:
    return {name.partition(".")[0] for name in modules.splitlines()[-1].split()} & HEAVY


def test_labelling_loads_nothing_heavy():
    assert heavy(python(LABELLING)) == set()


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_the_command_line_loads_nothing_heavy(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    example = next(path for path in sorted((ROOT / "examples").glob("*ESG.xlsx")))
    assert heavy(python(COMMAND_LINE, "label", str(example), "--out", str(out))) == set()
    assert out.is_file()


def test_help_is_quick():
    began = time.perf_counter()
    assert heavy(python(COMMAND_LINE, "--help")) == set()
    assert time.perf_counter() - began < 3


def test_a_table_is_where_pandas_comes_in():
    assert heavy(
        python("import sys, ideaclass; ideaclass.label(['종이컵'], ['esg']); print(' '.join(sys.modules))")
    ) == {"pandas"}
