"""What is installed, and what works: for a person who has to find out why something does not."""

from __future__ import annotations

import importlib.metadata as metadata
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ideaclass._version import __version__
from ideaclass.artifacts import default_store
from ideaclass.errors import IdeaclassError

_OURS = "ideaclass"


def lines(store: Path | None = None) -> Iterator[tuple[bool, str]]:
    """Yield findings, each with whether all is well: versions, extras, Java, models."""
    yield True, f"ideaclass {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    if _version(_OURS) is None:
        yield False, "  ideaclass itself is not installed, so its requirements are unknown: pip install ."
    else:
        yield from _packages()
    yield True, f"Java: {_java()}"
    models = default_store(store)
    names = models.names()
    if not names:
        yield False, "models: none found"
    for name in names:
        try:
            manifest = models.verify(name)
            yield True, f"model {manifest.ref}: loads ({manifest.kind})"
        except IdeaclassError as e:
            yield False, f"model {name}: {e}"


def _packages() -> Iterator[tuple[bool, str]]:
    for name in _requirements(None):
        version = _version(name)
        yield version is not None, f"  {name} {version or 'MISSING: pip install ' + name}"
    for extra in sorted(metadata.metadata(_OURS).get_all("Provides-Extra") or []):
        missing = [name for name in _requirements(extra) if _version(name) is None]
        state = "installed" if not missing else f"not installed: pip install 'ideaclass[{extra}]'"
        yield True, f"extra {extra}: {state}"


def _requirements(extra: str | None) -> list[str]:
    """List the packages that the library (None), or one of its extras, asks for; an extra may name others of ours."""
    found: list[str] = []
    for line in metadata.requires(_OURS) or []:
        marker = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", line)
        wanted = re.match(r"([\w.-]+)(?:\[([\w, -]+)\])?", line)
        if wanted is None or (marker.group(1) if marker else None) != extra:
            continue
        name, extras = wanted.groups()
        found += [p for e in extras.split(",") for p in _requirements(e.strip())] if name == _OURS else [name]
    return sorted(set(found))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _java() -> str:
    program = shutil.which("java")
    if program is None:
        return "not found (needed by KoNLPy only)"
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as e:
        return f"does not start: {e}"
    return (done.stderr or done.stdout).partition("\n")[0]
