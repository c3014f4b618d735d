"""Versions of models in folders: find, load, save, and say which one is stable."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ideaclass.artifacts.codec import Artifact, read_folder, write_folder
from ideaclass.artifacts.disk import locked, replace_file, sweep, sync_folder, temporary
from ideaclass.artifacts.manifest import PARTS, Manifest, Part, is_name, is_version, parse_json, parse_version
from ideaclass.artifacts.manifest import bump as next_version
from ideaclass.errors import ArtifactError, InputError, OutputError, UnknownModelError

INDEX = "index.json"
_PARTIAL = re.compile(r"[0-9]+(\.[0-9]+){0,2}")


class Store:
    """Model folders laid over one another: the first takes what is saved, the others are only read.

    Each holds ``<name>/<MAJOR.MINOR.PATCH>/`` and ``index.json``, which names each model's stable version. A model is
    asked for as ``swot`` (stable version), ``swot@1`` or ``swot@1.2`` (highest that begins so), ``swot@1.2.0``, or as
    a path to its folder.

    Parameters
    ----------
    *folders : Path
        The user's folder, then those below it. They need not be there yet.

    Raises
    ------
    InputError
        If no folder is given.
    """

    def __init__(self, *folders: Path | str) -> None:
        if not folders:
            raise InputError("a store needs at least one folder")
        self.folders = tuple(dict.fromkeys(Path(f) for f in folders))

    def __repr__(self) -> str:
        return f"Store({', '.join(repr(str(f)) for f in self.folders)})"

    def names(self) -> tuple[str, ...]:
        """Names of the models there are, sorted."""
        found = {path.name for folder in self.folders for path in _subfolders(folder) if is_name(path.name)}
        return tuple(sorted(name for name in found if self._places(name)))

    def versions(self, name: str) -> tuple[str, ...]:
        """Versions of a model, oldest first; none if there is no such model."""
        return tuple(self._places(name))

    def stable(self, name: str) -> str:
        """Version that the bare name stands for: the one that an index names, else the highest.

        Raises
        ------
        UnknownModelError
            If there is no such model, or the index names a version that is not there.
        ArtifactError
            If an index is damaged.
        """
        places = self._known(name)
        for folder in self.folders:
            entry = _read_index(folder).get(name)
            if entry is not None:
                version = str(entry["stable"])
                if version not in places:
                    raise UnknownModelError(
                        f"{folder / INDEX}: the stable version of {name} is {version}, which is not there; "
                        f"there are {', '.join(places)}: promote one of them"
                    )
                return version
        return list(places)[-1]

    def resolve(self, ref: str | Path) -> Path:
        """Folder of the model that a reference names.

        Raises
        ------
        UnknownModelError
            If there is none; the message lists what there is.
        ArtifactError
            If an index is damaged.
        """
        if isinstance(ref, Path) or is_path(ref):
            folder = _expanded(ref)
            if not folder.is_dir():
                raise UnknownModelError(f"{folder}: there is no such folder")
            return folder
        name, at, wanted = unicodedata.normalize("NFC", ref).partition("@")
        places = self._known(name)
        if not at:
            return places[self.stable(name)]
        matching = [v for v in places if (v + ".").startswith(wanted + ".")] if _PARTIAL.fullmatch(wanted) else []
        if not matching:
            raise UnknownModelError(f"there is no version {wanted!r} of {name}; there are {', '.join(places)}")
        return places[matching[-1]]

    def load(self, ref: str | Path) -> Artifact:
        """Read the model that a reference names, all checks included.

        Raises
        ------
        UnknownModelError
            If there is none.
        ArtifactError
            If it is damaged, or is another model or version than its folder says.
        """
        folder = self.resolve(ref)
        artifact = read_folder(folder)
        if not (isinstance(ref, Path) or is_path(ref)):
            found = (artifact.manifest.name, artifact.manifest.version)
            if found != (folder.parent.name, folder.name):
                raise ArtifactError(f"{folder / 'manifest.json'}: says that this is {artifact.manifest.ref}")
        return artifact

    def verify(self, ref: str | Path) -> Manifest:
        """Check every byte of the model that a reference names, and return its manifest.

        Raises
        ------
        UnknownModelError
            If there is none.
        ArtifactError
            If it is damaged.
        """
        return self.load(ref).manifest

    def save(self, artifact: Artifact, *, bump: Part | None = "minor") -> Artifact:
        """Save an artifact as a new version, wholly or not at all, and return it as saved.

        Parameters
        ----------
        bump : {"major", "minor", "patch"} or None
            Which number grows. Counted from the highest version of the parent's line (of all versions if the
            manifest names no parent): a patch of 1.2.0 is the next free 1.2.x. The first version is 1.0.0. With
            None the manifest's own version is kept.

        Raises
        ------
        ArtifactError
            If the artifact holds what could not be read back.
        OutputError
            If the version is there already, or the store cannot be written.
        InputError
            If `bump` is something else.
        """
        root, name = self.folders[0], artifact.manifest.name
        if bump not in (*PARTS, None):
            raise InputError(f"{bump!r} is no part of a version; there are {', '.join(PARTS)}")
        if not is_name(name):
            raise ArtifactError(f"{name!r} is not a model name: lower-case letters, digits, Hangul and . _ - up to 64")
        try:
            (root / name).mkdir(parents=True, exist_ok=True)
            sync_folder(root)
            sweep(root)
            while True:
                version = artifact.manifest.version if bump is None else self._next(artifact.manifest, bump)
                target = root / name / version
                if bump is None and version in self._places(name):
                    raise OutputError(f"{target}: the version is there already; a version is never overwritten")
                unfinished = temporary(root)
                try:
                    numbered = replace(artifact, manifest=replace(artifact.manifest, version=version))
                    saved = write_folder(numbered, unfinished)
                    if _renamed(unfinished, target):
                        return saved
                finally:
                    shutil.rmtree(unfinished, ignore_errors=True)
        except OSError as e:
            raise OutputError(f"{e.filename or root}: cannot be written: {e.strerror}") from None

    def promote(self, name: str, version: str) -> str:
        """Make a version the stable one, after checking it; the one before it is remembered for `rollback`.

        Returns
        -------
        str
            The version in full.

        Raises
        ------
        UnknownModelError
            If there is no such version.
        ArtifactError
            If it, or the index, is damaged.
        OutputError
            If the index cannot be written.
        """
        chosen = self.verify(f"{name}@{version}").version
        with _index(self.folders[0]) as index:
            try:
                before = self.stable(name)
            except UnknownModelError:
                before = chosen
            history = index.get(name, {}).get("history", [])
            index[name] = {"stable": chosen, "history": history if before == chosen else [*history, before]}
        return chosen

    def rollback(self, name: str) -> str:
        """Make the version that was stable before the last promotion the stable one again.

        Returns
        -------
        str
            The version that is stable now.

        Raises
        ------
        InputError
            If there is no earlier one, or it is no longer there.
        ArtifactError
            If the index is damaged.
        OutputError
            If the index cannot be written.
        """
        with _index(self.folders[0]) as index:
            history = [v for v in index.get(name, {}).get("history", []) if v in self._places(name)]
            if not history:
                raise InputError(f"{name!r} has no earlier stable version in {self.folders[0]} to go back to")
            index[name] = {"stable": history[-1], "history": history[:-1]}
        return str(history[-1])

    def prune(self, name: str, *, keep: int = 3) -> tuple[str, ...]:
        """Delete old versions from the upper folder, and return which.

        The newest `keep`, the stable version and the one that `rollback` would return to stay.

        Raises
        ------
        UnknownModelError
            If there is no such model.
        InputError
            If `keep` is below 1.
        OutputError
            If the folder cannot be written.
        """
        if keep < 1:
            raise InputError(f"keep is {keep}; at least the newest version stays")
        root = self.folders[0]
        with _index(root) as index:
            stable = self.stable(name)
            back = index.get(name, {}).get("history", [])[-1:]
            newest = list(self._known(name))[-keep:]
            gone = [v for v, p in self._places(name).items() if p.parent.parent == root]
            gone = [v for v in gone if v not in (stable, *back, *newest)]
            for version in gone:
                unfinished = temporary(root)
                (root / name / version).rename(unfinished)
                shutil.rmtree(unfinished, ignore_errors=True)
            if name in index:
                left = [v for v in index[name].get("history", []) if v not in gone]
                index[name] = {**index[name], "history": left}
        return tuple(gone)

    def _places(self, name: str) -> dict[str, Path]:
        """Folder of every version of a model, oldest first; the upper folder's where two hold the same."""
        places: dict[str, Path] = {}
        if is_name(name):
            for folder in reversed(self.folders):
                places |= {path.name: path for path in _subfolders(folder / name) if is_version(path.name)}
        return dict(sorted(places.items(), key=lambda place: parse_version(place[0])))

    def _known(self, name: str) -> dict[str, Path]:
        """As `_places`, for a model that must be there."""
        places = self._places(name)
        if not places:
            there = ", ".join(self.names()) or f"none in {' or '.join(map(str, self.folders))}"
            raise UnknownModelError(f"there is no model {name!r}; there are: {there}")
        return places

    def _next(self, manifest: Manifest, part: Part) -> str:
        """Find the version that follows the highest of the parent's line."""
        versions = list(self._places(manifest.name))
        parent = manifest.parent
        if parent is not None:
            line = parse_version(parent)[: PARTS.index(part)]
            versions = [parent, *(v for v in versions if parse_version(v)[: len(line)] == line)]
        return next_version(max(versions, key=parse_version), part) if versions else "1.0.0"


def default_store(folder: Path | str | None = None) -> Store:
    """Lay the user's store over the models that come with the library.

    Parameters
    ----------
    folder : Path, optional
        The user's folder; by default the environment's ``IDEACLASS_STORE``, else the platform's data folder.
    """
    user = _expanded(folder or os.environ.get("IDEACLASS_STORE") or _data_folder())
    package = Path(__file__).resolve().parent.parent
    shipped = next((f for f in (package / "_models", package.parent / "models") if f.is_dir()), None)
    return Store(user) if shipped is None else Store(user, shipped)


def _data_folder() -> Path:
    """Where this platform keeps the data of a user's programs."""
    home, environment = Path.home(), os.environ
    if sys.platform == "win32":
        base = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        named = Path(environment.get("XDG_DATA_HOME", ""))
        base = named if named.is_absolute() else home / ".local" / "share"
    return base / "ideaclass" / "models"


def is_path(ref: str) -> bool:
    """Whether a reference is written as a path: with a slash, or as a drive, or ``.`` or ``~``."""
    return "/" in ref or "\\" in ref or ref.startswith((".", "~")) or Path(ref).is_absolute()


def _expanded(path: Path | str) -> Path:
    """Put the home folder in place of ``~``, where there is one."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _subfolders(folder: Path) -> list[Path]:
    """Folders in a folder, links and unfinished ones left out."""
    try:
        return [p for p in folder.iterdir() if p.name[0] != "." and p.is_dir() and not p.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as e:
        raise ArtifactError(f"{folder}: cannot be read: {e.strerror}") from None


def _renamed(unfinished: Path, target: Path) -> bool:
    """Give a finished folder its name; False where another writer was faster."""
    try:
        unfinished.rename(target)
    except OSError:
        if target.is_dir():
            return False
        raise
    sync_folder(target.parent)
    return True


def _read_index(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the index of a folder; empty where there is none.

    Raises
    ------
    ArtifactError
        If it is damaged.
    """
    path = folder / INDEX
    try:
        index = parse_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as e:
        raise ArtifactError(f"{path}: cannot be read: {e}") from None
    if not isinstance(index, dict):
        raise ArtifactError(f"{path}: not a JSON object")
    for name, entry in index.items():
        history = entry.get("history", []) if isinstance(entry, dict) else None
        if not isinstance(history, list) or not all(
            isinstance(v, str) and is_version(v) for v in (entry.get("stable"), *history)
        ):
            raise ArtifactError(f"{path}: the entry {name!r} does not say which version is stable")
    return index


@contextmanager
def _index(folder: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """Hand out the index for changes by one process at a time; write it when the block ends without error."""
    try:
        with locked(folder):
            index = _read_index(folder)
            yield index
            text = json.dumps(index, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
            replace_file(folder / INDEX, text.encode())
    except OSError as e:
        raise OutputError(f"{e.filename or folder}: cannot be written: {e.strerror}") from None
