"""What is installed, and what works: for a person who has to find out why something does not."""

from __future__ import annotations

import importlib.metadata as metadata
import importlib.util
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ideaclass._version import __version__
from ideaclass.artifacts import default_store
from ideaclass.errors import IdeaclassError

_MODULES = {"sentence-transformers": "sentence_transformers", "scikit-learn": "sklearn"}


def lines(store: Path | None = None) -> Iterator[tuple[bool, str]]:
    """Findings, each with whether all is well: versions, extras, Java, models."""
    yield True, f"ideaclass {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    for name in _requirements(None):
        version = _version(name)
        yield version is not None, f"  {name} {version or 'MISSING: pip install ' + name}"
    for extra in sorted(metadata.metadata("ideaclass").get_all("Provides-Extra") or []):
        missing = [name for name in _requirements(extra) if _version(name) is None]
        state = "installed" if not missing else f"not installed: pip install 'ideaclass[{extra}]'"
        yield True, f"extra {extra}: {state}"
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


def _requirements(extra: str | None) -> list[str]:
    found = []
    for line in metadata.requires("ideaclass") or []:
        marker = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", line)
        name = re.match(r"[\w.-]+", line)
        if name and (marker.group(1) if marker else None) == extra and name[0] != "ideaclass":
            found.append(name[0])
    return found


def _version(package: str) -> str | None:
    module = _MODULES.get(package, package.replace("-", "_").lower())
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "?" if importlib.util.find_spec(module) else None


def _java() -> str:
    program = shutil.which("java")
    if program is None:
        return "not found (needed by KoNLPy only)"
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as e:
        return f"does not start: {e}"
    return (done.stderr or done.stdout).splitlines()[0]
