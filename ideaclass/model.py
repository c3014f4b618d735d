"""One task's model: taxonomy, head and decision rule together, and their form as an artifact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ideaclass import features, taxonomy
from ideaclass.artifacts import Artifact, Manifest
from ideaclass.classify import LinearHead
from ideaclass.decide import Policy
from ideaclass.errors import ArtifactError, TaxonomyError
from ideaclass.taxonomy import Taxonomy

KIND = "classifier"
TAXONOMY = "taxonomy.toml"


@dataclass(frozen=True, slots=True, eq=False)
class TaskModel:
    """What answers one question.

    Attributes
    ----------
    ref : str
        Name and version, such as ``"swot@1.0.0"``.
    embedder : dict or None
        ``name``, ``version`` and ``sha256`` of the embedder that the head was fitted with.
    trained : tuple of k int
        Rows of each class it was fitted on; empty where that is not known.
    """

    ref: str
    taxonomy: Taxonomy
    head: LinearHead
    policy: Policy
    embedder: dict[str, Any] | None = None
    trained: tuple[int, ...] = ()

    @property
    def rarity(self) -> NDArray[np.float32]:
        """Tell how much a further row of each class would teach, float32 of shape (k,): 1 for the rarest."""
        rows = np.asarray(self.trained or (0,) * len(self.head.classes), np.float32) + 1
        return np.asarray(np.sqrt(rows.min() / rows), np.float32)

    @classmethod
    def from_artifact(cls, artifact: Artifact) -> TaskModel:
        """Build a model from a loaded artifact.

        Raises
        ------
        ArtifactError
            If the artifact is of another kind, or its parts do not fit together.
        """
        manifest = artifact.manifest
        if manifest.kind != KIND:
            raise ArtifactError(f"{manifest.ref}: is of kind {manifest.kind!r}, not a {KIND}")
        spec = {k: v for k, v in manifest.features.items() if k in features.SPEC}
        if spec != features.SPEC:
            raise ArtifactError(f"{manifest.ref}: was made with other text features: {spec}, not {features.SPEC}")
        try:
            arrays = {k: artifact.arrays[k] for k in ("columns", "weights", "idf", "bias", "dense")}
            labels = taxonomy.parse(artifact.files[TAXONOMY].decode(), f"{manifest.ref}/{TAXONOMY}")
            head = LinearHead(
                classes=manifest.labels,
                columns=arrays["columns"].astype(np.int32, copy=False),
                weights=arrays["weights"].astype(np.float32),
                idf=arrays["idf"].astype(np.float32),
                rest=float(manifest.thresholds["rest_idf"]),
                bias=arrays["bias"].astype(np.float32),
                dense=arrays["dense"].astype(np.float32),
                temperature=float(manifest.thresholds["temperature"]),
                multi=labels.multi,
            )
            policy = Policy.from_dict(manifest.thresholds)
        except TaxonomyError as e:
            raise ArtifactError(str(e)) from None
        except (KeyError, TypeError, ValueError) as e:
            raise ArtifactError(f"{manifest.ref}: {e} is missing or of the wrong kind") from None
        _check(manifest.ref, head, labels)
        if labels.multi and len(policy.label_thresholds) != len(head.classes):
            raise ArtifactError(f"{manifest.ref}: 'label_thresholds' needs one value for each of the labels")
        trained = tuple(sum(d["rows"].get(c, 0) for d in manifest.data) for c in head.classes)
        return cls(manifest.ref, labels, head, policy, manifest.embedder, trained)


def arrays_of(head: LinearHead) -> dict[str, NDArray[Any]]:
    """List the arrays of a head as they are stored: half precision, which costs nothing that can be measured."""
    half = {name: getattr(head, name).astype(np.float16) for name in ("weights", "idf", "bias", "dense")}
    return {"columns": head.columns, **half}


def to_artifact(
    head: LinearHead, policy: Policy, taxonomy_text: str, *, name: str, card: str = "", **about: Any
) -> Artifact:
    """Pack a head and its rule; `about` gives further fields of the manifest (data, metrics, seed, libraries …)."""
    extra = about.pop("thresholds", {})
    manifest = Manifest(
        kind=KIND,
        name=name,
        labels=head.classes,
        features=dict(features.SPEC),
        thresholds={**extra, **policy.to_dict(), "temperature": head.temperature, "rest_idf": head.rest},
        **about,
    )
    return Artifact(manifest, arrays_of(head), {TAXONOMY: taxonomy_text.encode(), "CARD.md": card.encode()})


def _check(ref: str, head: LinearHead, labels: Taxonomy) -> None:
    m, k = len(head.columns), len(head.classes)
    wide = k + head.scoped
    wanted = {"weights": (m, wide), "idf": (m,), "bias": (wide,), "dense": (head.dense.shape[0], wide)}
    for name, shape in wanted.items():
        if getattr(head, name).shape != shape:
            raise ArtifactError(f"{ref}: array {name!r} has shape {getattr(head, name).shape}, not {shape}")
    if m and (head.columns.min() < 0 or head.columns.max() >= features.WIDTH or (np.diff(head.columns) <= 0).any()):
        raise ArtifactError(f"{ref}: array 'columns' holds n-gram columns that do not exist or stand twice")
    if set(head.classes) != set(labels.codes):
        raise ArtifactError(f"{ref}: the manifest's labels are not those of {TAXONOMY}")
