import importlib.metadata as metadata
import shutil
import subprocess
import sys
from email.message import Message

import pytest
from tiny import task_model, taxonomy_toml

from ideaclass import __version__, doctor
from ideaclass.artifacts import Store
from ideaclass.model import to_artifact

REQUIRES = [
    "numpy>=1.26",
    "scikit-learn>=1.4",
    "not-there>=2",
    'torch; extra == "train"',
    'not-there-either>=3; python_version < "4" and extra == "serve"',
    'ideaclass[train]; extra == "all"',
    'ideaclass[serve,train]; extra == "test"',
]
INSTALLED = {"ideaclass": "0.1.0", "numpy": "2.0.0", "scikit-learn": "1.5.0", "torch": "2.1"}


@pytest.fixture
def installed(monkeypatch):
    about = Message()
    for extra in ("train", "serve", "all", "test"):
        about["Provides-Extra"] = extra

    def version(name):
        if name not in INSTALLED:
            raise metadata.PackageNotFoundError(name)
        return INSTALLED[name]

    monkeypatch.setattr(doctor.metadata, "requires", lambda name: REQUIRES)
    monkeypatch.setattr(doctor.metadata, "metadata", lambda name: about)
    monkeypatch.setattr(doctor.metadata, "version", version)


def found(**how) -> dict[str, bool]:
    return {line: ok for ok, line in doctor.lines(**how)}


def test_versions_and_what_is_missing(installed):
    lines = found()
    assert next(iter(lines)).startswith(f"ideaclass {__version__}, Python 3.")
    assert lines["  numpy 2.0.0"]
    assert lines["  scikit-learn 1.5.0"]
    assert lines["  not-there MISSING: pip install not-there"] is False


def test_extras_follow_one_another(installed):
    lines = found()
    assert "extra train: installed" in lines
    assert "extra all: installed" in lines
    assert lines["extra serve: not installed: pip install 'ideaclass[serve]'"]
    assert lines["extra test: not installed: pip install 'ideaclass[test]'"]


def test_a_checkout_that_is_not_installed(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    assert found()["  ideaclass itself is not installed, so its requirements are unknown: pip install ."] is False


def test_every_model_is_checked(tmp_path, installed):
    model = task_model("mine")
    saved = Store(tmp_path).save(to_artifact(model.head, model.policy, taxonomy_toml("mine"), name="mine"))
    lines = found(store=tmp_path)
    assert lines["model mine@1.0.0: loads (classifier)"]
    assert any(line.startswith("model swot@") and ok for line, ok in lines.items())
    path = tmp_path / "mine" / saved.manifest.version / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    bad = [line for line, ok in found(store=tmp_path).items() if not ok and line.startswith("model mine: ")]
    assert len(bad) == 1
    assert "model.safetensors" in bad[0]


def test_no_models_is_not_well(monkeypatch, tmp_path, installed):
    monkeypatch.setattr(doctor, "default_store", lambda store: Store(tmp_path))
    assert found()["models: none found"] is False


@pytest.mark.parametrize(
    ("says", "line"),
    [
        ("print('openjdk 21.0.4', file=sys.stderr)", "Java: openjdk 21.0.4"),
        ("print('java 8')", "Java: java 8"),
        ("sys.exit(3)", "Java: does not start: "),
    ],
)
def test_java_is_asked(monkeypatch, tmp_path, installed, says, line):
    program = tmp_path / "java"
    program.write_text(f"#!{sys.executable}\nimport sys\n{says}\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))
    assert any(text.startswith(line) for text in found())


def test_no_java_is_no_fault(monkeypatch, installed):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert found()["Java: not found (needed by KoNLPy only)"]


def test_java_that_hangs(monkeypatch, installed):
    def hang(*args, timeout, **how):
        raise subprocess.TimeoutExpired(args[0], timeout)

    monkeypatch.setattr(shutil, "which", lambda name: "java")
    monkeypatch.setattr(subprocess, "run", hang)
    assert any("does not start" in line for line in found())
