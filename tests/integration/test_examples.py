"""The scripts in examples/ and the commands of the READMEs run and print what is said there."""

from __future__ import annotations

import doctest
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ideaclass.cli import main

ROOT = Path(__file__).parents[2]


def run(script: str, *args: str) -> str:
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / script), *args]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def test_one_line() -> None:
    assert run("one_line.py").startswith("Prediction(label='E'")


def test_pandas_table() -> None:
    shown = run("pandas_table.py").splitlines()
    assert shown[0] == "더하자·바꾸자·빼자"
    assert sum(int(line.split()[-1]) for line in shown[1:-1]) == 66


def test_batch_folder_goes_on_after_a_bad_file(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    shutil.copy(ROOT / "examples" / "202308_SWOT.xlsx", source)
    (source / "bad.csv").write_text("", encoding="utf-8")
    shown = run("batch_folder.py", str(source), str(tmp_path / "out")).splitlines()
    assert any(line.startswith("202308_SWOT.xlsx: 140 rows") for line in shown)
    assert any(line.startswith("bad.csv: ") for line in shown)
    assert (tmp_path / "out" / "202308_SWOT.labelled.xlsx").exists()


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_readme_sessions(name: str) -> None:
    found = doctest.testfile(str(ROOT / name), module_relative=False, encoding="utf-8")
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_readme_shows_what_the_first_command_prints(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "국민참여단_2023.xlsx", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["label", "examples/국민참여단_2023.xlsx"])
    assert done.exit_code == 0, done.output
    blocks = re.findall(r"```\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)

    def timeless(text: str) -> str:
        return re.sub(r"\(\d+\.\d초\)", "(…초)", text.strip())

    assert timeless(done.output) in [timeless(b) for b in blocks]


def test_ci_runs_the_readme_command() -> None:
    command = re.search(r"## Tests\n\n```\n(.+?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert command is not None
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.strip().splitlines()[-1] == command[1]
