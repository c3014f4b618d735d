"""A model as one file that verifies itself, and back: everything suspicious is refused before it is unpacked."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from ideaclass.artifacts import Artifact, Store, decode, encode
from ideaclass.artifacts.codec import MAX_FILES
from ideaclass.artifacts.disk import replace_file
from ideaclass.artifacts.manifest import is_safe_path
from ideaclass.errors import ArtifactError, FileError, OutputError
from ideaclass.learn.data import ASIDE, DATA, without_texts
from ideaclass.model import KIND, TaskModel

MAX_UNPACKED = 2**30
MAX_RATIO = 300
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CARD = "CARD.md"


def export_model(store: Store, ref: str, target: Path, *, texts: bool = False, overwrite: bool = False) -> Artifact:
    """Write a model into one zip file; equal models give equal files.

    Parameters
    ----------
    store : Store
    ref : str
        Such as ``"my-dept"`` or ``"my-dept@1.2.0"``.
    target : Path
        The file to write.
    texts : bool
        Whether the training texts go with it. Without them the receiver can use the model, not retrain it.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    UnknownModelError, ArtifactError
    OutputError
        If the file cannot be written.
    """
    artifact = store.load(ref)
    if not texts:
        files = {path: data for path, data in artifact.files.items() if path not in (DATA, ASIDE)}
        files[_CARD] = without_texts(files.get(_CARD, b"").decode()).encode()
        artifact = replace(artifact, files=files)
    if target.exists() and not overwrite:
        raise OutputError(f"{target}: it exists already; replace it with --overwrite, or choose another name")
    if not target.parent.is_dir():
        raise OutputError(f"{target}: the folder {target.parent} does not exist; make it first")
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in encode(artifact).items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), data, zipfile.ZIP_DEFLATED, 6)
    try:
        replace_file(target, buffer.getvalue())
    except OSError as e:
        raise OutputError(f"{target}: cannot be written: {e.strerror}") from None
    return artifact


def import_model(path: Path, store: Store) -> Artifact:
    """Check an exported model and save it under its own name and version.

    Raises
    ------
    FileError
        If there is no such file.
    ArtifactError
        Naming what is wrong, if the file is no exported model, or was tampered with.
    OutputError
        If the version is there already, or the store cannot be written.
    """
    artifact = read_export(path)
    if artifact.manifest.kind == KIND:
        TaskModel.from_artifact(artifact)
    return store.save(artifact, bump=None)


def read_export(path: Path) -> Artifact:
    """Read and check an exported model without saving it; see `import_model`."""
    if not path.is_file():
        raise FileError(f"{path}: there is no such file")
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = _listed(archive.infolist(), path)

            def load(name: str) -> bytes:
                with archive.open(name) as member:
                    data = member.read(sizes[name] + 1)
                if len(data) != sizes[name]:
                    raise ArtifactError(f"{path}/{name}: unpacks to another size than it declares")
                return data

            return decode(sizes, load, str(path))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, ValueError) as e:
        raise ArtifactError(f"{path}: damaged, or no exported model: {e}") from None
    except OSError as e:
        raise FileError(f"{path}: cannot be read: {e.strerror or e}") from None


def _listed(members: Iterable[zipfile.ZipInfo], path: Path) -> dict[str, int]:
    """Size of every member by name, after refusing what an export never holds."""
    sizes: dict[str, int] = {}
    for m in members:
        name, kind = m.orig_filename, stat.S_IFMT(m.external_attr >> 16)
        if not is_safe_path(name) or name != m.filename:
            raise ArtifactError(
                f"{path}: refused: the path {name[:100]!r} leaves the model's folder or is not portable"
            )
        if kind not in (0, stat.S_IFREG):
            raise ArtifactError(f"{path}/{name}: refused: a link or a device, not a plain file")
        if m.flag_bits & 1 or m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArtifactError(f"{path}/{name}: refused: encrypted, or packed in a way that exports never are")
        if name in sizes:
            raise ArtifactError(f"{path}/{name}: refused: stands twice in the file")
        if m.file_size > MAX_UNPACKED or m.file_size > MAX_RATIO * max(m.compress_size, 1024):
            raise ArtifactError(f"{path}/{name}: refused: would unpack to {m.file_size:,} bytes")
        sizes[name] = m.file_size
        if len(sizes) > MAX_FILES or sum(sizes.values()) > MAX_UNPACKED:
            raise ArtifactError(f"{path}: refused: too many files, or more than {MAX_UNPACKED:,} bytes unpacked")
    return sizes
