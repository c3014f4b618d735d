"""Exported models come back whole, and whatever was made up or tampered with is refused before it is unpacked."""

from __future__ import annotations

import json
import os
import random
import resource
import stat
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from ideaclass.artifacts import Artifact, Manifest, Store
from ideaclass.errors import ArtifactError, FileError, OutputError
from ideaclass.exchange import export_model, import_model

ROOT = Path(__file__).resolve().parents[2]


def make(name: str = "own", rows: int = 50) -> Artifact:
    manifest = Manifest(kind="index", name=name, labels=("가", "나"))
    return Artifact(manifest, {"weight": np.arange(rows * 100, dtype=np.float32).reshape(rows, 100)}, {"CARD.md": b"x"})


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    store = Store(tmp_path / "store")
    store.save(make())
    export_model(store, "own", tmp_path / "own.zip")
    return tmp_path / "own.zip"


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {n: archive.read(n) for n in archive.namelist()}


def rewritten(path: Path, files: dict[str, bytes], *extra: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for info, data in extra:
            archive.writestr(info, data)
    return path


def test_an_export_comes_back_whole_and_equal_models_give_equal_files(exported: Path, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    assert import_model(exported, other).manifest.ref == "own@1.0.0"
    np.testing.assert_array_equal(other.load("own").arrays["weight"], make().arrays["weight"])
    export_model(other, "own", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == exported.read_bytes()
    with pytest.raises(OutputError, match="never overwritten"):
        import_model(exported, other)
    with pytest.raises(OutputError, match="exists already"):
        export_model(other, "own", exported)
    with pytest.raises(OutputError, match="does not exist"):
        export_model(other, "own", tmp_path / "no" / "x.zip")


def slip(files, path):
    return rewritten(path, {**files, "../../evil.txt": b"x"}), "'../../evil.txt' leaves"


def absolute(files, path):
    return rewritten(path, {**files, "/etc/evil.txt": b"x"}), "'/etc/evil.txt' leaves"


def drive(files, path):
    return rewritten(path, {**files, "C:\\evil.txt": b"x"}), "leaves the model's folder"


def symlink(files, path):
    info = zipfile.ZipInfo("link.md")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return rewritten(path, files, (info, b"/etc/passwd")), "link.md: refused: a link"


def bomb(files, path):
    return rewritten(path, {**files, "big.txt": bytes(300 << 20)}), "big.txt: refused: would unpack to 314,572,800"


def wrong_hash(files, path):
    return rewritten(path, {**files, "CARD.md": b"y"}), "CARD.md: damaged"


def pickle_inside(files, path):
    manifest = json.loads(files["manifest.json"])
    manifest["files"]["model.pkl"] = {"sha256": "0" * 64, "size": 3}
    return rewritten(path, {**files, "manifest.json": resealed(manifest), "model.pkl": b"cos"}), "model.pkl: a stored"


def stray_pickle(files, path):
    return rewritten(path, {**files, "model.pkl": b"cos"}), "model.pkl: the file is not in the manifest"


def huge_shape(files, path):
    manifest = json.loads(files["manifest.json"])
    manifest["arrays"]["weight"]["shape"] = [10**9, 100]
    return rewritten(path, {**files, "manifest.json": resealed(manifest)}), "model.safetensors: the array 'weight' is"


def huge_tensor(files, path):
    header = json.dumps({"weight": {"dtype": "F32", "shape": [10**9, 100], "data_offsets": [0, 4 * 10**11]}}).encode()
    data = len(header).to_bytes(8, "little") + header
    manifest = json.loads(files["manifest.json"])
    manifest["arrays"]["weight"]["shape"] = [10**9, 100]
    import hashlib

    manifest["files"]["model.safetensors"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    changed = {**files, "manifest.json": resealed(manifest), "model.safetensors": data}
    return rewritten(path, changed), "model.safetensors"


def twice(files, path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        return rewritten(path, files, (zipfile.ZipInfo("CARD.md"), b"x")), "CARD.md: refused: stands twice"


def truncated(files, path):
    whole = rewritten(path, files).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path, "damaged, or no exported model"


def no_zip(files, path):
    path.write_bytes(b"hello")
    return path, "damaged, or no exported model"


def empty(files, path):
    return rewritten(path, {}), "manifest.json: the file is missing"


def many(files, path):
    return rewritten(path, {**files, **{f"a{i}.txt": b"" for i in range(1100)}}), "too many files"


def resealed(manifest):
    manifest.pop("sha256")
    manifest["labels"] = tuple(manifest["labels"])
    return Manifest(**manifest).to_json().encode()


CRAFTED = [
    slip, absolute, drive, symlink, bomb, wrong_hash, pickle_inside, stray_pickle, huge_shape, huge_tensor, twice,
    truncated, no_zip, empty, many,
]  # fmt: skip


@pytest.mark.parametrize("craft", CRAFTED, ids=[c.__name__ for c in CRAFTED])
def test_crafted_files_are_refused_by_name_quickly_and_in_little_memory(craft, exported, tmp_path):
    path, said = craft(members(exported), tmp_path / "crafted.zip")
    other = Store(tmp_path / "other")
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(ArtifactError) as caught:
        import_model(path, other)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert time.perf_counter() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"
    assert other.names() == ()
    assert not (tmp_path.parent / "evil.txt").exists()


def test_a_size_that_lies_is_noticed(exported: Path, tmp_path: Path) -> None:
    buffer = BytesIO(exported.read_bytes())
    data = buffer.getvalue().replace(b"CARD.md", b"CARD.mx")
    (tmp_path / "bad.zip").write_bytes(data)
    with pytest.raises(ArtifactError, match=r"CARD\.m"):
        import_model(tmp_path / "bad.zip", Store(tmp_path / "other"))
    with pytest.raises(FileError, match="no such file"):
        import_model(tmp_path / "none.zip", Store(tmp_path / "other"))


FOREVER = """
import sys
from pathlib import Path
from ideaclass.artifacts import Store
from ideaclass.exchange import import_model
folder = Path(sys.argv[1])
print("ready", flush=True)
n = 0
while True:
    import_model(folder / "own.zip", Store(folder / f"s{n}"))
    n += 1
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_kill_while_importing(exported: Path) -> None:
    chance, folder = random.Random(3), exported.parent
    seen = 0
    for round_ in range(10):
        place = folder / f"round{round_}"
        place.mkdir()
        (place / "own.zip").write_bytes(exported.read_bytes())
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        with subprocess.Popen(
            [sys.executable, "-c", FOREVER, str(place)], stdout=subprocess.PIPE, text=True, env=environment
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.06))
            assert child.poll() is None
            child.kill()
        for store in map(Store, place.glob("s*")):
            for version in store.versions("own"):
                assert store.verify(f"own@{version}").version == "1.0.0"
                seen += 1
    assert seen, "something must have been imported"


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.name != "nt" and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small tmpfs cannot be mounted here: no permission to test a full disk")
    try:
        store = Store(disk)
        store.save(make())
        store.promote("own", "1.0.0")
        with pytest.raises(OutputError, match="No space left"):
            store.save(make(rows=5000))
        assert store.versions("own") == ("1.0.0",)
        assert store.verify("own").version == "1.0.0"
        assert store.save(make()).manifest.version == "1.1.0"
        with (disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        with pytest.raises(OutputError):
            store.promote("own", "1.1.0")
        assert store.stable("own") == "1.0.0"
    finally:
        subprocess.run(["umount", str(disk)], check=True)
