from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ideaclass import artifacts
from ideaclass.artifacts import Artifact, Manifest, Store, default_store, write_folder
from ideaclass.artifacts import store as store_module
from ideaclass.errors import ArtifactError, InputError, OutputError, UnknownModelError


def make(name: str = "swot", value: float = 1.0, **fields: Any) -> Artifact:
    manifest = Manifest(kind="classifier", name=name, labels=("s", "w"), **fields)
    return Artifact(manifest, {"weight": np.full((2, 2), value, np.float32)}, {"CARD.md": b"card"})


def put(folder: Path, name: str, *versions: str, value: float = 1.0) -> None:
    for version in versions:
        write_folder(make(name, value, version=version), folder / name / version)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A user's store over a built-in one."""
    built_in = tmp_path / "built-in"
    put(built_in, "swot", "1.0.0", "1.2.0", "1.10.0", "2.0.0", value=1)
    put(built_in, "esg", "1.0.0", value=1)
    (built_in / "index.json").write_text('{"swot": {"stable": "1.2.0"}}')
    return Store(tmp_path / "user", built_in)


def test_references(store: Store) -> None:
    below = store.folders[1]
    for ref, version in {
        "swot": "1.2.0",
        "swot@1": "1.10.0",
        "swot@1.1": None,
        "swot@1.10": "1.10.0",
        "swot@1.2": "1.2.0",
        "swot@1.0.0": "1.0.0",
        "swot@2": "2.0.0",
        "swot@2.0.1": None,
        "swot@": None,
        "swot@.": None,
        "swot@latest": None,
        "swot@1.2.0.0": None,
    }.items():
        if version is None:
            with pytest.raises(
                UnknownModelError, match=r"no version '.*' of swot; .* 1\.0\.0, 1\.2\.0, 1\.10\.0, 2\.0\.0"
            ):
                store.resolve(ref)
        else:
            assert store.resolve(ref) == below / "swot" / version
    assert store.load("esg").manifest.ref == "esg@1.0.0"
    assert store.verify(str(below / "swot" / "2.0.0")).version == "2.0.0"
    assert store.verify(below / "swot" / "2.0.0").version == "2.0.0"
    assert store.names() == ("esg", "swot")
    assert store.versions("swot") == ("1.0.0", "1.2.0", "1.10.0", "2.0.0")
    assert repr(below) not in repr(Store("a"))


@pytest.mark.parametrize("ref", ["swat", "", "@1", "SWOT", "index.json", "swot\0", "swot@1@2"])
def test_unknown_model_lists_what_there_is(store: Store, ref: str) -> None:
    with pytest.raises(UnknownModelError, match=r"there are:? (esg, swot|1\.0\.0)"):
        store.resolve(ref)


@pytest.mark.parametrize(
    "ref", ["../built-in/swot", "./swot", "/nowhere/swot", "~/nowhere", "~no-such-user/x", "./a\0b", "..", "a\\b"]
)
def test_path_that_is_not_there(store: Store, ref: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    with pytest.raises((UnknownModelError, ArtifactError), match=r"no such folder|manifest\.json: the file is missing"):
        store.load(ref)


def test_empty_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "none")
    assert store.names() == ()
    assert store.versions("../x") == ()
    with pytest.raises(UnknownModelError, match="there are: none in"):
        store.load("swot")
    with pytest.raises(InputError):
        Store()
    (tmp_path / "file").write_text("")
    assert Store(tmp_path / "file").names() == ()
    assert not (tmp_path / "none").exists(), "looking must not create anything"


def test_user_store_lies_over_the_built_in(store: Store) -> None:
    user, below = store.folders
    put(user, "swot", "1.2.0", "3.0.0", value=9)
    assert store.load("swot").arrays["weight"][0, 0] == 9, "the same version: the user's first"
    assert store.load("swot@1.10").arrays["weight"][0, 0] == 1
    assert store.load("swot").manifest.version == "1.2.0", "the built-in's index holds while the user has none"
    (user / "index.json").write_text('{"swot": {"stable": "3.0.0"}}')
    assert store.load("swot").manifest.version == "3.0.0"
    assert Store(below).load("swot").arrays["weight"][0, 0] == 1


def test_without_index_the_highest_version_is_stable(store: Store) -> None:
    put(store.folders[0], "esg", "1.9.0", "1.11.0")
    assert store.stable("esg") == "1.11.0"


def test_index_that_names_a_missing_version(store: Store) -> None:
    store.folders[0].mkdir()
    (store.folders[0] / "index.json").write_text('{"swot": {"stable": "7.0.0"}}')
    with pytest.raises(UnknownModelError, match=r"index\.json: the stable version of swot is 7\.0\.0, .*promote"):
        store.load("swot")
    assert store.promote("swot", "2.0.0") == "2.0.0"
    assert store.stable("swot") == "2.0.0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"swot": 1}',
        '{"swot": {}}',
        '{"swot": {"stable": "../x"}}',
        '{"swot": {"stable": 1}}',
        '{"swot": {"stable": "1.0.0", "history": 7}}',
        '{"swot": {"stable": "1.0.0", "history": [1]}}',
        '{"other": {"stable": null}}',
    ],
)
def test_damaged_index_is_named(store: Store, text: str) -> None:
    store.folders[0].mkdir()
    (store.folders[0] / "index.json").write_text(text)
    for action in (store.resolve, store.rollback, lambda name: store.promote(name, "1.0.0")):
        with pytest.raises(ArtifactError, match=r"user.index\.json: "):
            action("swot")
    assert (store.folders[0] / "index.json").read_text() == text


def test_what_is_not_a_version_is_not_seen(store: Store) -> None:
    user = store.folders[0]
    for odd in ("swot/latest", "swot/1.0", ".tmp-1/1.0.0", "BAD/1.0.0", "empty", "swot/.3.0.0", "swot/01.0.0"):
        (user / odd).mkdir(parents=True)
    (user / "swot" / "9.0.0").write_text("a file")
    if os.name != "nt":
        (user / "swot" / "8.0.0").symlink_to(store.folders[1] / "swot" / "1.0.0")
    assert store.names() == ("esg", "swot")
    assert store.versions("swot") == ("1.0.0", "1.2.0", "1.10.0", "2.0.0")


def test_folder_and_manifest_must_agree(store: Store) -> None:
    write_folder(make("esg", version="1.0.0"), store.folders[0] / "swot" / "5.0.0")
    with pytest.raises(ArtifactError, match=r"5\.0\.0.manifest\.json: says that this is esg@1\.0\.0"):
        store.load("swot@5")
    assert store.load(store.folders[0] / "swot" / "5.0.0").manifest.name == "esg"


def test_saving_numbers_the_versions(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.save(make()).manifest.version == "1.0.0"
    assert store.save(make()).manifest.version == "1.1.0"
    assert store.save(make(), bump="major").manifest.version == "2.0.0"
    assert store.save(make(), bump="patch").manifest.version == "2.0.1"
    assert store.save(make(parent="1.0.0")).manifest.version == "1.2.0", "the line of the parent"
    assert store.save(make(parent="1.0.0"), bump="patch").manifest.version == "1.0.1"
    assert store.save(make(parent="1.0.0"), bump="major").manifest.version == "3.0.0"
    assert store.save(make(parent="7.1.0")).manifest.version == "7.2.0", "a parent from elsewhere"
    assert store.save(make("부서"), bump="patch").manifest.ref == "부서@1.0.0"
    assert store.resolve("부서") == tmp_path / "부서" / "1.0.0"
    assert {p.name for p in tmp_path.iterdir()} == {"swot", "부서"}


def test_saving_counts_from_the_built_in_and_touches_only_the_first(store: Store) -> None:
    before = sorted(store.folders[1].rglob("*"))
    saved = store.save(make(value=5), bump="minor")
    assert saved.manifest.version == "2.1.0"
    assert store.load("swot@2.1.0").manifest == saved.manifest
    assert sorted(store.folders[1].rglob("*")) == before


def test_a_version_is_never_overwritten(store: Store) -> None:
    store.save(make(version="4.0.0", value=1), bump=None)
    for version in ("4.0.0", "1.0.0"):
        with pytest.raises(OutputError, match="is there already"):
            store.save(make(version=version, value=2), bump=None)
    assert store.load("swot@4").arrays["weight"][0, 0] == 1


@pytest.mark.parametrize("bump", ["minor", None])
def test_losing_a_race_while_renaming(store: Store, bump: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer takes the version between the choice and the renaming."""
    write = write_folder
    raced: list[Artifact] = []

    def write_slowly(artifact: Artifact, folder: Path) -> Artifact:
        if not raced:
            raced.append(write(replace(artifact), store.folders[0] / "swot" / artifact.manifest.version))
        return write(artifact, folder)

    monkeypatch.setattr(store_module, "write_folder", write_slowly)
    if bump is None:
        with pytest.raises(OutputError, match="is there already"):
            store.save(make(version="4.0.0"), bump=None)
    else:
        assert store.save(make(), bump=bump).manifest.version == "2.2.0"
        assert store.verify("swot@2.1.0")
    assert not list(store.folders[0].glob(".tmp-*"))


@pytest.mark.parametrize("name", ["../x", "A", "", "a/b", ".x", "index.json"])
def test_name_that_is_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match="is not a model name"):
        Store(tmp_path / "s").save(make(name))
    assert not (tmp_path / "s").exists()


def test_bump_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no part of a version"):
        Store(tmp_path).save(make(), bump="micro")  # type: ignore[arg-type]


def test_failing_disk_leaves_the_store_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(make())
    store.promote("swot", "2.1.0")
    before = {p: p.read_bytes() for p in store.folders[0].rglob("*") if p.is_file()}

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        store.save(make())
    with pytest.raises(OutputError, match="No space left"):
        store.promote("swot", "1.0.0")
    assert {p: p.read_bytes() for p in store.folders[0].rglob("*") if p.is_file()} == before


def test_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        Store(tmp_path / "file" / "store").save(make())


def test_renaming_that_fails_for_another_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        Store(tmp_path).save(make())
    assert Store(tmp_path).names() == ()
    assert not list(tmp_path.glob(".tmp-*"))


def test_stale_leftovers_are_removed_and_fresh_ones_kept(tmp_path: Path) -> None:
    for name in (".tmp-old", ".tmp-new", ".tmp-oldfile", "own"):
        (tmp_path / name).mkdir() if name != ".tmp-oldfile" else (tmp_path / name).write_text("")
    for name in (".tmp-old", ".tmp-oldfile", "own"):
        os.utime(tmp_path / name, (time.time() - 3700,) * 2)
    Store(tmp_path).save(make())
    assert {p.name for p in tmp_path.iterdir()} == {".tmp-new", "own", "swot"}


def test_promote_and_rollback(store: Store) -> None:
    assert store.promote("swot", "2") == "2.0.0"
    assert store.promote("swot", "2.0.0") == "2.0.0"
    assert store.promote("swot", "1.0.0") == "1.0.0"
    assert json.loads((store.folders[0] / "index.json").read_text()) == {
        "swot": {"stable": "1.0.0", "history": ["1.2.0", "2.0.0"]}
    }
    assert (store.rollback("swot"), store.stable("swot")) == ("2.0.0", "2.0.0")
    assert (store.rollback("swot"), store.stable("swot")) == ("1.2.0", "1.2.0")
    for name in ("swot", "esg", "unheard"):
        with pytest.raises(InputError, match="no earlier stable version"):
            store.rollback(name)
    assert store.stable("swot") == "1.2.0"


def test_promote_takes_only_what_verifies(store: Store) -> None:
    saved = store.save(make())
    folder = store.resolve(saved.manifest.ref)
    (folder / "CARD.md").write_text("CARD")
    with pytest.raises(ArtifactError, match=r"CARD\.md"):
        store.promote("swot", saved.manifest.version)
    with pytest.raises(UnknownModelError):
        store.promote("swot", "8.0.0")
    assert store.stable("swot") == "1.2.0"


def test_rollback_passes_over_versions_that_are_gone(store: Store) -> None:
    store.folders[0].mkdir()
    entry = {"swot": {"stable": "2.0.0", "history": ["1.0.0", "1.1.1"]}}
    (store.folders[0] / "index.json").write_text(json.dumps(entry))
    assert store.rollback("swot") == "1.0.0"


def test_default_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for variable in ("IDEACLASS_STORE", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_store().folders[0] == tmp_path / ".local/share/ideaclass/models"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert default_store().folders[0] == tmp_path / ".local/share/ideaclass/models"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert default_store().folders[0] == tmp_path / "xdg/ideaclass/models"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert default_store().folders[0] == tmp_path / "Library/Application Support/ideaclass/models"
    monkeypatch.setattr(sys, "platform", "win32")
    assert default_store().folders[0] == tmp_path / "AppData/Local/ideaclass/models"
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert default_store().folders[0] == tmp_path / "local/ideaclass/models"
    monkeypatch.setenv("IDEACLASS_STORE", str(tmp_path / "env"))
    assert default_store().folders[0] == tmp_path / "env"
    assert default_store(tmp_path / "given").folders[0] == tmp_path / "given"


def test_shipped_models_come_from_the_wheel_else_from_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "ideaclass"
    (package / "artifacts").mkdir(parents=True)
    monkeypatch.setattr(store_module, "__file__", str(package / "artifacts" / "store.py"))
    assert default_store("u").folders == (Path("u"),)
    (tmp_path / "models").mkdir()
    assert default_store("u").folders == (Path("u"), tmp_path.resolve() / "models")
    (package / "_models").mkdir()
    assert default_store("u").folders == (Path("u"), package.resolve() / "_models")
    assert default_store(package.resolve() / "_models").folders == (package.resolve() / "_models",)


def test_public_names() -> None:
    assert all(hasattr(artifacts, name) for name in artifacts.__all__)
