"""The embedder as an artifact: built from a store, and named in the models that were fitted with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from ideaclass.artifacts import Artifact, Manifest, Store
from ideaclass.embed.static import TENSOR, TOKENIZER, WEIGHTS, StaticEmbedder
from ideaclass.errors import ArtifactError, InputError

KIND = "embedder"
DEFAULT = "ko-citizen-static"


def from_artifact(artifact: Artifact) -> StaticEmbedder:
    """Build the embedder that an artifact holds.

    Raises
    ------
    ArtifactError
        If the artifact is of another kind, or its parts do not fit together.
    """
    manifest = artifact.manifest
    if manifest.kind != KIND:
        raise ArtifactError(f"{manifest.ref}: is of kind {manifest.kind!r}, not an {KIND}")
    try:
        return StaticEmbedder(artifact.files[TOKENIZER], artifact.arrays[TENSOR])
    except KeyError as e:
        raise ArtifactError(f"{manifest.ref}: {e} is missing") from None
    except InputError as e:
        raise ArtifactError(f"{manifest.ref}: {e}") from None


def identity(artifact: Artifact) -> dict[str, Any]:
    """Name the embedder as a model fitted with it does: name, version and hash of its weights."""
    manifest = artifact.manifest
    return {"name": manifest.name, "version": manifest.version, "sha256": manifest.files[WEIGHTS]["sha256"]}


def save(folder: Path, store: Store, libraries: dict[str, str]) -> str:
    """Keep a sentence-transformers folder as the next version of the default embedder, make it stable, name it.

    Raises
    ------
    OutputError
        If the store cannot be written.
    """
    arrays = load_file(folder / WEIGHTS)
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != WEIGHTS
    }
    size, dimension = arrays[TENSOR].shape
    manifest = Manifest(
        kind=KIND,
        name=DEFAULT,
        parent=store.stable(DEFAULT) if DEFAULT in store.names() else None,
        libraries=libraries,
        features={"vocabulary": size, "dimension": dimension},
    )
    saved = store.save(Artifact(manifest, arrays, files)).manifest
    store.promote(DEFAULT, saved.version)
    return saved.ref
