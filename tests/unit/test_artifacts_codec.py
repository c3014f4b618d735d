from __future__ import annotations

import hashlib
import json
import os
import pickle
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from ideaclass.artifacts import codec
from ideaclass.artifacts.codec import Artifact, decode, encode, read_folder, write_folder
from ideaclass.artifacts.manifest import Manifest
from ideaclass.errors import ArtifactError, OutputError


def make(**fields: Any) -> Artifact:
    given = {"kind": "classifier", "name": "swot", "created": "2025-03-01T09:30:00Z", "labels": ("s", "w")} | fields
    arrays: dict[str, Any] = {
        "weight": np.arange(12, dtype=np.float16).reshape(3, 4),
        "bias": np.array([0.5, -0.5], np.float32),
        "fold": np.array([[1, -2]], np.int8),
        "rows": np.array([7, 8, 9], np.int32),
        "scalar": np.array(3, np.int64),
        "none": np.zeros((0, 5), np.float32),
        "0_StaticEmbedding/embedding.weight": np.ones((2, 3), np.float16),
    }
    files = {
        "taxonomy.toml": b'name = "swot"\n',
        "CARD.md": "# 모델\n".encode(),
        "0_StaticEmbedding/tokenizer.json": b"{}",
    }
    return Artifact(Manifest(**given), arrays, files)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(make(), tmp_path / "model")
    return tmp_path / "model"


def container(parts: dict[str, bytes], **changes: Any) -> Artifact:
    """Decode hand-made content whose manifest is consistent but for `changes`."""
    files = {p: {"sha256": hashlib.sha256(b).hexdigest(), "size": len(b)} for p, b in parts.items()}
    manifest = replace(make().manifest, **({"files": files} | changes))
    everything = parts | {"manifest.json": manifest.to_json().encode()}
    return decode({p: len(b) for p, b in everything.items()}, everything.__getitem__, "here")


def tensor_file(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def one(dtype: object = "F32", shape: object = (2,), offsets: object = (0, 8)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_round_trip_keeps_every_value(folder: Path) -> None:
    wanted, found = make(), read_folder(folder)
    assert found.files == wanted.files
    assert found.arrays.keys() == wanted.arrays.keys()
    for key, array in wanted.arrays.items():
        assert found.arrays[key].dtype == array.dtype
        assert found.arrays[key].shape == array.shape
        np.testing.assert_array_equal(found.arrays[key], array)
        assert not found.arrays[key].flags.writeable
    assert found.manifest.arrays["weight"] == {"dtype": "float16", "shape": [3, 4]}
    on_disk = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
    assert set(found.manifest.files) == on_disk
    assert load_file(folder / "0_StaticEmbedding" / "model.safetensors").keys() == {"embedding.weight"}


def test_equal_artifacts_give_equal_bytes() -> None:
    first, again = make(), make()
    backwards = Artifact(again.manifest, dict(reversed(again.arrays.items())), dict(reversed(again.files.items())))
    assert encode(first) == encode(backwards)
    parts = encode(first)
    assert list(parts)[-1] == "manifest.json"
    assert encode(decode({p: len(b) for p, b in parts.items()}, parts.__getitem__, "here")) == parts


def test_layout_in_memory_does_not_matter() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    parts = [
        encode(Artifact(make().manifest, {"w": array}, {}))
        for array in (values, np.asfortranarray(values), values.astype(">f4"), np.repeat(values, 2, axis=1)[:, ::2])
    ]
    assert all(part == parts[0] for part in parts)


def test_no_arrays_and_no_files() -> None:
    parts = encode(Artifact(make().manifest, {}, {}))
    assert list(parts) == ["manifest.json"]


def test_one_changed_byte_in_any_file_is_refused_by_name(folder: Path) -> None:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        original = path.read_bytes()
        for at in {0, len(original) // 2, len(original) - 1}:
            path.write_bytes(original[:at] + bytes([original[at] ^ 1]) + original[at + 1 :])
            with pytest.raises(ArtifactError, match=path.relative_to(folder).as_posix()):
                read_folder(folder)
        path.write_bytes(original + b" ")
        with pytest.raises(ArtifactError, match=path.relative_to(folder).as_posix()):
            read_folder(folder)
        path.write_bytes(original)
    read_folder(folder)


def test_missing_file_is_named(folder: Path) -> None:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        original = path.read_bytes()
        path.unlink()
        with pytest.raises(ArtifactError, match=f"{path.relative_to(folder).as_posix()}: the file is missing"):
            read_folder(folder)
        path.write_bytes(original)


@pytest.mark.parametrize("extra", ["notes.md", ".hidden", "deep/run.py", "model.pkl"])
def test_extra_file_is_named(folder: Path, extra: str) -> None:
    (folder / extra).parent.mkdir(exist_ok=True)
    (folder / extra).write_bytes(b"x")
    with pytest.raises(ArtifactError, match=f"{extra}: the file is not in the manifest"):
        read_folder(folder)


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_links_and_devices_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "CARD.md").rename(tmp_path / "CARD.md")
    (folder / "CARD.md").symlink_to(tmp_path / "CARD.md")
    with pytest.raises(ArtifactError, match=r"CARD\.md: a link"):
        read_folder(folder)
    (folder / "CARD.md").unlink()
    os.mkfifo(folder / "CARD.md")
    with pytest.raises(ArtifactError, match=r"CARD\.md: a link or a device"):
        read_folder(folder)
    (folder / "CARD.md").unlink()
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(ArtifactError, match="linked: a link"):
        read_folder(folder)


def test_no_folder_or_too_many_files(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArtifactError, match="nowhere: cannot be read"):
        read_folder(tmp_path / "nowhere")
    monkeypatch.setattr(codec, "MAX_FILES", 3)
    with pytest.raises(ArtifactError, match="more than 3 files"):
        read_folder(folder)


def test_too_large_is_refused_unread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "manifest.json").write_bytes(b"")
    os.truncate(folder / "manifest.json", 2**40)
    with pytest.raises(ArtifactError, match=r"manifest\.json: 1,099,511,627,776 bytes are too many"):
        read_folder(folder)
    monkeypatch.setattr(codec, "MAX_BYTES", 10)
    with pytest.raises(ArtifactError, match="bytes are too many for a stored model"):
        container({"CARD.md": b"longer than ten"}, arrays={})


def test_file_that_changes_while_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArtifactError, match="changed while it was read"):
        codec._read_file(folder / "CARD.md", 1)
    with pytest.raises(ArtifactError, match="cannot be read"):
        codec._read_file(folder / "gone.md", 1)


def test_newer_format_is_told_before_anything_else(folder: Path) -> None:
    data = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**data, "format": 2, "ideaclass": ">=5,<6"}), encoding="utf-8")
    (folder / "CARD.md").unlink()
    with pytest.raises(ArtifactError, match=r"manifest\.json: format 2 was written by a newer .*>=5,<6.*upgrade"):
        read_folder(folder)


def test_range_is_told_before_damage(folder: Path) -> None:
    text = replace(read_folder(folder).manifest, ideaclass=">=9").to_json()
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    (folder / "CARD.md").unlink()
    with pytest.raises(ArtifactError, match="can be read by ideaclass >=9"):
        read_folder(folder)


def test_manifest_that_is_not_text(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ArtifactError, match=r"manifest\.json: not UTF-8"):
        read_folder(folder)


GOOD = {"w": {"dtype": "float32", "shape": [2]}}


def test_hand_made_tensor_file_is_read() -> None:
    padded = json.dumps({"__metadata__": {"format": "pt"}, "w": one()}).encode() + b"   "
    assert len(padded) % 4, "the data must lie unaligned for this test"
    found = container({"model.safetensors": tensor_file(padded, np.array([1.5, 2], "<f4").tobytes())}, arrays=GOOD)
    np.testing.assert_array_equal(found.arrays["w"], [1.5, 2])
    assert found.arrays["w"].flags.aligned


@pytest.mark.parametrize(
    "wrong",
    [
        {"w": {"dtype": "float32", "shape": [3]}},
        {"w": {"dtype": "float32", "shape": [1, 2]}},
        {"w": {"dtype": "int32", "shape": [2]}},
        {"w": {"dtype": "float32", "shape": [10**9, 1000]}},
        {},
        {**GOOD, "v": {"dtype": "float32", "shape": [2]}},
        {"v": {"dtype": "float32", "shape": [2]}},
    ],
)
def test_shape_or_dtype_that_differs_from_the_manifest(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError, match=r"^here/model\.safetensors: the array '"):
        container({"model.safetensors": tensor_file({"w": one()}, bytes(8))}, arrays=wrong)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08\0\0",
        pickle.dumps({"weight": [1.0] * 100}),
        (2**63).to_bytes(8, "little") + b"{}",
        (5 * 2**20).to_bytes(8, "little") + b" " * (6 * 2**20),
        tensor_file(b"\xff\xff"),
        tensor_file(b"[]"),
        tensor_file(b"7"),
        tensor_file(b"[" * 100_000),
        tensor_file({"w": 1}),
        tensor_file({"w": {"dtype": "F32", "shape": [2]}}, bytes(8)),
        tensor_file({"w": one(offsets=[0])}, bytes(8)),
        tensor_file({"w": one(offsets=[0, 8, 9])}, bytes(8)),
        tensor_file({"w": one(offsets=["a", 8])}, bytes(8)),
        tensor_file({"w": one(offsets=[4, 12])}, bytes(12)),
        tensor_file({"w": one(offsets=[-8, 0])}, bytes(8)),
        tensor_file({"w": one(offsets=[0, 4])}, bytes(4)),
        tensor_file({"w": one()}, bytes(4)),
        tensor_file({"w": one()}, bytes(9)),
        tensor_file({"w": one(), "v": one()}, bytes(8)),
        tensor_file({"w": one(shape=[10**9], offsets=[0, 4 * 10**9])}, bytes(8)),
        tensor_file({"w": one(shape=[10**9], offsets=[0, 8])}, bytes(8)),
        tensor_file({"w": one(shape=[0, 10**30], offsets=[0, 0])}),
        tensor_file({"w": one(shape=[2**64, 2**64], offsets=[0, 0])}),
        tensor_file({"w": one(shape=[-2], offsets=[0, 8])}, bytes(8)),
        tensor_file({"w": one(shape=[2.0])}, bytes(8)),
        tensor_file({"w": one(shape=[[2]])}, bytes(8)),
        tensor_file({"w": one(shape=2)}, bytes(8)),
        tensor_file({"w": one(shape=[1] * 9 + [2])}, bytes(8)),
        tensor_file({"w": one(dtype="O")}, bytes(8)),
        tensor_file({"w": one(dtype=["F32"])}, bytes(8)),
        tensor_file({"../w": one()}, bytes(8)),
        tensor_file(b'{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], "dtype": "F32"}}', bytes(8)),
    ],
)
def test_header_tricks_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"^here/model\.safetensors: (not|the header|tensor|\d)"):
        container({"model.safetensors": data}, arrays=GOOD)


def test_huge_shapes_take_no_memory() -> None:
    huge = {"w": {"dtype": "float32", "shape": [10**9, 255]}}
    tracemalloc.start()
    try:
        for header in (
            one(),
            one(shape=[10**9, 255], offsets=[0, 8]),
            one(shape=[10**9, 255], offsets=[0, 1020 * 10**9]),
        ):
            with pytest.raises(ArtifactError, match=r"model\.safetensors"):
                container({"model.safetensors": tensor_file({"w": header}, bytes(8))}, arrays=huge)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("path", ["run.py", "model.pkl", "weights.safetensors", "index.json.gz", "x.joblib", "bare"])
def test_kinds_of_file_that_no_model_holds(path: str) -> None:
    with pytest.raises(ArtifactError, match=f"{path}: a stored model holds no such kind"):
        container({path: b"x"}, arrays={})


def test_names_that_differ_in_case_only() -> None:
    for parts in ({"card.md": b"", "CARD.md": b""}, {"Manifest.json": b""}):
        with pytest.raises(ArtifactError, match="capital letters"):
            container(parts, arrays={})


@pytest.mark.parametrize(
    ("arrays", "files", "message"),
    [
        ({"w": np.array(["a"])}, {}, "cannot be stored"),
        ({"w": np.array([None])}, {}, "cannot be stored"),
        ({"w": np.array([1j])}, {}, "cannot be stored"),
        ({"w": np.zeros([1] * 9, np.float32)}, {}, "cannot be stored"),
        ({"../w": np.zeros(1, np.float32)}, {}, "plain relative path"),
        ({}, {"model.safetensors": b""}, "belong into the arrays"),
        ({}, {"../CARD.md": b""}, "plain relative path"),
        ({}, {"/etc/CARD.md": b""}, "plain relative path"),
        ({}, {"a\\CARD.md": b""}, "plain relative path"),
        ({}, {"manifest.json": b"{}"}, "no such kind of file"),
        ({}, {"hook.py": b""}, "no such kind of file"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    tmp_path: Path, arrays: dict[str, Any], files: dict[str, bytes], message: str
) -> None:
    with pytest.raises(ArtifactError, match=message):
        write_folder(Artifact(make().manifest, arrays, files), tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_writing_never_overwrites_and_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="there: cannot be created"):
        write_folder(make(), tmp_path / "there")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_folder(make(), tmp_path / "new")
    monkeypatch.setattr(os, "fsync", lambda handle: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_folder(make(), tmp_path / "new")
    assert [p.name for p in tmp_path.iterdir()] == ["there"]
