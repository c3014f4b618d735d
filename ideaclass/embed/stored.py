"""The embedder as an artifact: built from a store, and named in the models that were fitted with it."""

from __future__ import annotations

from typing import Any

from ideaclass.artifacts import Artifact
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
