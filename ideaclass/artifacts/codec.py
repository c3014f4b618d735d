"""Artifact to bytes and back: checked before anything is built, nothing executed, no copy of the arrays."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as save_tensors

from ideaclass.artifacts.disk import sync_folder, write_synced
from ideaclass.artifacts.manifest import Manifest, parse_json
from ideaclass.errors import ArtifactError, OutputError

MANIFEST = "manifest.json"
TENSORS = "model.safetensors"
SUFFIXES = frozenset({".json", ".jsonl", ".toml", ".md", ".txt", ".csv", ".tsv"})
PLAIN = frozenset({"LICENSE", "NOTICE"})
"""Kinds of file that an artifact may hold besides tensors: text, by suffix or by name."""

MAX_MANIFEST = 16 * 2**20
MAX_HEADER = 4 * 2**20
MAX_FILES = 1000
MAX_BYTES = 4 * 2**30
"""Bounds on what is read: bytes of the manifest, of a tensor header, number of files, and bytes in all."""

_DTYPES = {
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
}
_MAX_DIMENSIONS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Artifact:
    """A model as values in memory.

    Attributes
    ----------
    manifest : Manifest
        What it says about itself. `arrays` and `files` of the manifest are filled in by `encode`.
    arrays : dict of str to array
        Key ``name`` lies in ``model.safetensors``, key ``folder/name`` in ``folder/model.safetensors``.
    files : dict of str to bytes
        Every other file by its relative path, such as ``taxonomy.toml`` or ``CARD.md``.
    """

    manifest: Manifest
    arrays: dict[str, NDArray[Any]]
    files: dict[str, bytes]

    def seal(self) -> tuple[Artifact, dict[str, bytes]]:
        """Fill in `arrays` and `files` of the manifest; return that with the content of every file, manifest last.

        Equal artifacts give equal bytes.

        Raises
        ------
        ArtifactError
            If a path, a kind of file, a dtype or a field of the manifest is none that can be read back.
        """
        groups: dict[str, dict[str, NDArray[Any]]] = {}
        for key, array in sorted(self.arrays.items()):
            if array.dtype.name not in _DTYPES.values() or array.ndim > _MAX_DIMENSIONS:
                raise ArtifactError(f"array {key!r}: {array.ndim}-dimensional {array.dtype} cannot be stored")
            path, name = _place(key)
            groups.setdefault(path, {})[name] = np.ascontiguousarray(array).reshape(array.shape)
        content = {path: save_tensors(group) for path, group in groups.items()} | self.files
        for path in content:
            if (path in groups and path in self.files) or (path in self.files and _is_tensors(path)):
                raise ArtifactError(f"{path}: tensors belong into the arrays of an artifact, not into its files")
        manifest = replace(
            self.manifest,
            arrays={k: {"dtype": a.dtype.name, "shape": list(a.shape)} for k, a in sorted(self.arrays.items())},
            files={p: {"sha256": hashlib.sha256(b).hexdigest(), "size": len(b)} for p, b in sorted(content.items())},
        )
        text = manifest.to_json()
        manifest = Manifest.from_json(text, f"manifest of {manifest.name}")
        _check_paths(manifest, manifest.name)
        ordered = {path: content[path] for path in manifest.files} | {MANIFEST: text.encode()}
        return replace(self, manifest=manifest), ordered


def encode(artifact: Artifact) -> dict[str, bytes]:
    """Content of every file of an artifact by its path, the manifest last; equal artifacts give equal bytes.

    Raises
    ------
    ArtifactError
        If the artifact holds what could not be read back.
    """
    return artifact.seal()[1]


def decode(sizes: Mapping[str, int], load: Callable[[str], bytes], origin: str) -> Artifact:
    """Build an artifact from a container of files (a folder, an archive), all checks first.

    Parameters
    ----------
    sizes : mapping of str to int
        Every file there is, by relative path, and its size in bytes.
    load : callable
        Content of one of them.
    origin : str
        What to call the container in errors.

    Raises
    ------
    ArtifactError
        Naming the file, if anything differs from what the manifest says or this release cannot read it.
    """
    if MANIFEST not in sizes:
        raise ArtifactError(f"{origin}/{MANIFEST}: the file is missing, so this is no stored model")
    if sizes[MANIFEST] > MAX_MANIFEST:
        raise ArtifactError(f"{origin}/{MANIFEST}: {sizes[MANIFEST]:,} bytes are too many for a manifest")
    try:
        text = load(MANIFEST).decode("utf-8")
    except UnicodeDecodeError as e:
        raise ArtifactError(f"{origin}/{MANIFEST}: not UTF-8: {e}") from None
    manifest = Manifest.from_json(text, f"{origin}/{MANIFEST}")
    _check_paths(manifest, origin)
    _check_sizes(manifest, sizes, origin)
    content: dict[str, bytes] = {}
    for path, entry in manifest.files.items():
        content[path] = load(path)
        if hashlib.sha256(content[path]).hexdigest() != entry["sha256"]:
            raise ArtifactError(f"{origin}/{path}: damaged: its sha256 is not the one in the manifest")
    tensors = [t for path in content if _is_tensors(path) for t in _tensors(content[path], path, origin)]
    _check_arrays(manifest, tensors, origin)
    arrays = {t.key: _array(t, content[t.path]) for t in tensors}
    return Artifact(manifest, arrays, {path: data for path, data in content.items() if not _is_tensors(path)})


def read_folder(folder: Path) -> Artifact:
    """Read and check the artifact in a folder. Its arrays are read-only.

    Raises
    ------
    ArtifactError
        Naming the file, if anything is missing, too much, linked, damaged or of another format.
    """
    sizes = _list_folder(folder)
    return decode(sizes, lambda path: _read_file(folder / path, sizes[path]), str(folder))


def write_folder(artifact: Artifact, folder: Path) -> Artifact:
    """Write an artifact into a new folder, every byte flushed to the disk, and return it with its manifest filled in.

    Raises
    ------
    ArtifactError
        If the artifact holds what could not be read back.
    OutputError
        If the folder is there already or cannot be written; nothing of it is left then.
    """
    sealed, content = artifact.seal()
    try:
        folder.mkdir(parents=True)
    except OSError as e:
        raise OutputError(f"{folder}: cannot be created: {e.strerror}") from None
    try:
        for path, data in content.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            write_synced(folder / path, data)
        for inner in {(folder / path).parent for path in content}:
            sync_folder(inner)
    except BaseException as e:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(e, OSError):
            raise OutputError(f"{folder}: cannot be written: {e.strerror}") from None
        raise
    return sealed


class _Tensor(NamedTuple):
    """One tensor as the header of its file declares it."""

    key: str
    path: str
    dtype: str
    shape: tuple[int, ...]
    start: int


def _is_tensors(path: str) -> bool:
    return path.endswith(".safetensors")


def _place(key: str) -> tuple[str, str]:
    """Tensor file and name within it of an array key."""
    folder, slash, name = key.rpartition("/")
    return folder + slash + TENSORS, name


def _check_paths(manifest: Manifest, origin: str) -> None:
    """Refuse kinds of file that an artifact cannot hold, and paths that are one file on some systems."""
    for path in manifest.files:
        name = PurePosixPath(path).name
        if path == MANIFEST or not (name == TENSORS or name in PLAIN or PurePosixPath(path).suffix in SUFFIXES):
            raise ArtifactError(f"{origin}/{path}: a stored model holds no such kind of file")
    if len({path.casefold() for path in (MANIFEST, *manifest.files)}) != len(manifest.files) + 1:
        raise ArtifactError(f"{origin}/{MANIFEST}: two files differ only in capital letters")


def _check_sizes(manifest: Manifest, sizes: Mapping[str, int], origin: str) -> None:
    """Compare the files that are there, and their sizes, with the manifest."""
    for path, entry in manifest.files.items():
        if path not in sizes:
            raise ArtifactError(f"{origin}/{path}: the file is missing")
        if sizes[path] != entry["size"]:
            raise ArtifactError(f"{origin}/{path}: damaged: {sizes[path]:,} bytes, {entry['size']:,} in the manifest")
    if extra := sorted(sizes.keys() - manifest.files.keys() - {MANIFEST}):
        raise ArtifactError(f"{origin}/{extra[0]}: the file is not in the manifest")
    if sum(sizes.values()) > MAX_BYTES:
        raise ArtifactError(f"{origin}: {sum(sizes.values()):,} bytes are too many for a stored model")


def _tensors(data: bytes, path: str, origin: str) -> list[_Tensor]:
    """Read the header of a safetensors file; the tensors must fill the file without gap or overlap."""
    where = f"{origin}/{path}"
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(MAX_HEADER, len(data) - 8):
        raise ArtifactError(f"{where}: not a safetensors file")
    try:
        header = parse_json(data[8 : 8 + length].decode("utf-8"))
        header.pop("__metadata__", None)
        entries = sorted(_entry(name, **entry) for name, entry in header.items())
    except (ValueError, TypeError, AttributeError) as e:
        raise ArtifactError(f"{where}: the header is malformed: {e}") from None
    tensors, reached = [], 0
    for start, stop, name, dtype, shape in entries:
        if start != reached or stop - start != math.prod(shape) * np.dtype(dtype).itemsize:
            raise ArtifactError(f"{where}: tensor {name!r} does not lie where its shape says")
        reached = stop
        key = path.removesuffix(TENSORS) + name
        tensors.append(_Tensor(key, path, dtype, shape, 8 + length + start))
    if reached != len(data) - 8 - length:
        raise ArtifactError(f"{where}: {len(data):,} bytes, {8 + length + reached:,} in its header")
    return tensors


def _entry(name: str, *, dtype: Any, shape: Any, data_offsets: Any) -> tuple[int, int, str, str, tuple[int, ...]]:
    """Check one entry of a tensor header: start, stop, name, numpy's dtype, shape.

    Raises
    ------
    ValueError
        If it is none that a stored model holds.
    """
    whole = isinstance(shape, list) and isinstance(data_offsets, list)
    if not whole or not all(type(n) is int and n >= 0 for n in (*shape, *data_offsets)):
        raise ValueError(f"tensor {name!r} has a shape or offsets that are no whole numbers")
    if len(shape) > _MAX_DIMENSIONS or math.prod(max(n, 1) for n in shape) > MAX_BYTES:
        raise ValueError(f"tensor {name!r} has too large a shape")
    if "/" in name or not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError(f"tensor {name!r} has a name or dtype that no stored model holds")
    start, stop = data_offsets
    return start, stop, name, _DTYPES[dtype], tuple(shape)


def _check_arrays(manifest: Manifest, tensors: list[_Tensor], origin: str) -> None:
    """Compare the declared tensors with the manifest."""
    declared = {t.key: t for t in tensors}
    for key, entry in manifest.arrays.items():
        where = f"{origin}/{_place(key)[0]}"
        if key not in declared:
            raise ArtifactError(f"{where}: the array {key!r} is missing")
        found = declared[key]
        if (found.dtype, list(found.shape)) != (entry["dtype"], entry["shape"]):
            raise ArtifactError(
                f"{where}: the array {key!r} is {found.dtype} {list(found.shape)}, "
                f"and {entry['dtype']} {entry['shape']} in the manifest"
            )
    if extra := sorted(declared.keys() - manifest.arrays.keys()):
        raise ArtifactError(f"{origin}/{declared[extra[0]].path}: the array {extra[0]!r} is not in the manifest")


def _array(tensor: _Tensor, data: bytes) -> NDArray[Any]:
    """View the bytes, read-only; copy only where they do not lie aligned."""
    dtype, count = np.dtype(tensor.dtype).newbyteorder("<"), math.prod(tensor.shape)
    flat = np.frombuffer(data, dtype, count, tensor.start) if count else np.empty(0, dtype)
    array = np.require(flat.astype(dtype.newbyteorder("="), copy=False), requirements="A").reshape(tensor.shape)
    array.flags.writeable = False
    return array


def _list_folder(folder: Path) -> dict[str, int]:
    """Size of every file below a folder by its relative path.

    Raises
    ------
    ArtifactError
        If the folder cannot be listed, or holds a link, a device or too many files.
    """
    sizes: dict[str, int] = {}
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                found = [(Path(e.path), e.stat(follow_symlinks=False)) for e in entries]
        except OSError as e:
            raise ArtifactError(f"{e.filename or folder}: cannot be read: {e.strerror}") from None
        for path, status in found:
            if stat.S_ISDIR(status.st_mode):
                waiting.append(path)
            elif stat.S_ISREG(status.st_mode):
                sizes[path.relative_to(folder).as_posix()] = status.st_size
            else:
                raise ArtifactError(f"{path}: a link or a device, not a plain file")
        if len(sizes) + len(waiting) > MAX_FILES:
            raise ArtifactError(f"{folder}: more than {MAX_FILES:,} files")
    return sizes


def _read_file(path: Path, size: int) -> bytes:
    """Content of a plain file that still has the size it was listed with."""
    try:
        with path.open("rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            data = file.read() if stat.S_ISREG(status.st_mode) and status.st_size == size else b""
    except OSError as e:
        raise ArtifactError(f"{path}: cannot be read: {e.strerror}") from None
    if len(data) != size:
        raise ArtifactError(f"{path}: changed while it was read")
    return data
