"""Processes that save at once, and processes killed while they save: the store must always verify."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ideaclass.artifacts import Store

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}

MAKE = """
import os, sys, time
from pathlib import Path
import numpy as np
from ideaclass.artifacts import Artifact, Manifest, Store
store = Store(Path(sys.argv[1]))
def make(name="swot"):
    manifest = Manifest(kind="classifier", name=name, labels=("s", "w"))
    return Artifact(manifest, {"weight": np.full((200, 1000), os.getpid(), np.float32)}, {"CARD.md": b"card"})
"""

TOGETHER = """
print("ready", flush=True)
sys.stdin.readline()
for _ in range(4):
    print(store.save(make()).manifest.version)
try:
    store.save(make("once"), bump=None)
    print("won")
except Exception as e:
    print(type(e).__name__)
"""

ALTERNATE = """
name = sys.argv[2]
store.save(make(name)); store.save(make(name))
print("ready", flush=True)
sys.stdin.readline()
for n in range(30):
    store.promote(name, f"1.{n % 2}.0")
"""

FOREVER = """
if not store.names():
    store.save(make())
print("ready", flush=True)
while True:
    store.promote("swot", store.save(make()).manifest.version)
    store.promote("swot", "1.0.0")
    store.rollback("swot")
"""

# Every change on disk goes through one of these; a forked child kills itself as it enters the n-th, for n = 0, 1, ...
STEP_BY_STEP = """
import signal
left = 0
def deadly(function):
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    return call
def action():
    if sys.argv[2] == "save":
        store.save(make())
    else:
        store.promote("swot", "1.1.0")
for step in range(200):
    child = os.fork()
    if child == 0:
        for name in ("mkdir", "fsync", "rename", "replace", "open", "unlink"):
            setattr(os, name, deadly(getattr(os, name)))
        left = step
        action()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    versions = store.versions("swot")
    for version in versions:
        store.verify("swot@" + version)
    print(step, store.stable("swot"), *versions)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", MAKE + script, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip


def check(store: Store) -> set[str]:
    """Verify everything that can be seen in a store."""
    versions = set(store.versions("swot"))
    for version in versions:
        assert store.verify(f"swot@{version}").version == version
    if versions:
        assert store.stable("swot") in versions
    return versions


def together(*writers: subprocess.Popen[str]) -> list[list[str]]:
    """Let processes go on at the same moment once all are ready, and return what they print."""
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    answers = [writer.communicate(timeout=60) for writer in writers]
    assert [errors for _, errors in answers] == [""] * len(writers)
    return [output.split() for output, _ in answers]


def test_two_processes_that_promote_at_once_lose_no_change(tmp_path: Path) -> None:
    together(start(ALTERNATE, tmp_path, "a"), start(ALTERNATE, tmp_path, "b"))
    index = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    expected = {"stable": "1.1.0", "history": ["1.1.0"] + ["1.0.0", "1.1.0"] * 14 + ["1.0.0"]}
    assert index == {"a": expected, "b": expected}


def test_two_processes_that_save_the_same_name_at_once(tmp_path: Path) -> None:
    lines = together(start(TOGETHER, tmp_path), start(TOGETHER, tmp_path))
    minors = [line for output in lines for line in output[:4]]
    assert sorted(minors) == [f"1.{n}.0" for n in range(8)], "every save got its own version"
    assert sorted(output[4] for output in lines) == ["OutputError", "won"]
    assert check(Store(tmp_path)) == set(minors)
    assert Store(tmp_path).verify("once").version == "1.0.0"
    assert not list(tmp_path.glob(".tmp-*"))


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_kill_at_random_moments(tmp_path: Path) -> None:
    store, chance, before = Store(tmp_path), random.Random(5), set[str]()
    for _ in range(10):
        with start(FOREVER, tmp_path) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.0, 0.08))
            assert writer.poll() is None, writer.communicate()[1]
            writer.kill()
        after = check(store)
        assert before <= after, "no version is lost"
        before = after
    assert before, "the test must have saved something"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("action", ["save", "promote"])
def test_kill_at_every_single_step(tmp_path: Path, action: str) -> None:
    with start("store.save(make()); store.save(make()); store.promote('swot', '1.0.0')", tmp_path) as first:
        assert first.wait(60) == 0
    with start(STEP_BY_STEP, tmp_path, action) as writer:
        output, errors = writer.communicate(timeout=120)
    assert (writer.returncode, errors) == (0, "")
    seen = [line.split()[1:] for line in output.splitlines()]
    assert len(seen) > 5, "the child must have been killed at several steps"
    assert seen[0] == ["1.0.0", "1.0.0", "1.1.0"], "killed at the first step: nothing changed"
    assert all(line[1:3] == ["1.0.0", "1.1.0"] for line in seen), "no version is lost"
    if action == "save":
        assert all(line[0] == "1.0.0" for line in seen), "saving promotes nothing"
        assert seen[-1][-1] != "1.1.0"
    else:
        stable = [line[0] for line in seen]
        assert stable == sorted(stable), "the old version until the new one, never anything else"
        assert stable[-1] == "1.1.0"
    assert set(seen[-1][1:]) == check(Store(tmp_path))
    following = Store(tmp_path).promote("swot", "1.0.0")
    assert Store(tmp_path).stable("swot") == following == "1.0.0", "the lock of the dead is free"
