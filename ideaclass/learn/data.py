"""Labelled texts as they are kept with a model: one JSON object a line, in an order of their own."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ideaclass.artifacts import Artifact
from ideaclass.errors import ArtifactError, InputError

DATA = "data.jsonl"


@dataclass(frozen=True, slots=True, order=True)
class Example:
    """One text and what a person said about it.

    Attributes
    ----------
    text : str
        As written.
    labels : tuple of str
        Codes of the labels that hold, sorted; one of them in a single-label task.
    source : str
        Where it came from: a file and row, a review.
    fold : int
        Which held-out part it belongs to, for good; -1 before it was dealt.
    added : str
        Version that it came in with, empty for the first.
    answer : tuple of str
        What a model said that was not trained on its fold.
    confidence : float
        How sure that model was.
    """

    text: str
    labels: tuple[str, ...]
    source: str = ""
    fold: int = -1
    added: str = ""
    answer: tuple[str, ...] = ()
    confidence: float = 0.0


class Aside(NamedTuple):
    """A row that was left out of training, and why."""

    source: str
    text: str
    labels: tuple[str, ...]
    reason: str


def dump(examples: Iterable[Example]) -> bytes:
    """Write examples as JSON lines, sorted; equal data gives equal bytes."""
    lines = [json.dumps(asdict(e), ensure_ascii=False) for e in sorted(examples)]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def parse(data: bytes, origin: str) -> list[Example]:
    """Read what `dump` wrote; `origin` names it in errors.

    Raises
    ------
    ArtifactError
        If a line is not such an object.
    """
    examples = []
    for number, line in enumerate(data.decode("utf-8", "surrogatepass").splitlines(), 1):
        try:
            row: dict[str, Any] = json.loads(line)
            labels, answer = (tuple(str(label) for label in row[key]) for key in ("labels", "answer"))
            example = Example(
                str(row["text"]), labels, str(row["source"]), int(row["fold"]), str(row["added"]), answer,
                float(row["confidence"]),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError) as e:
            raise ArtifactError(f"{origin}: line {number} is no labelled text: {e}") from None
        examples.append(example)
    return examples


def of_artifact(artifact: Artifact) -> list[Example]:
    """Give the texts that a model was trained on.

    Raises
    ------
    InputError
        If they are not kept with it.
    """
    if DATA not in artifact.files:
        raise InputError(
            f"{artifact.manifest.ref}: its training texts are not kept with it, so it cannot be retrained; "
            "only models made by 'ideaclass train' on this machine can"
        )
    return parse(artifact.files[DATA], f"{artifact.manifest.ref}/{DATA}")


def description(name: str, examples: Iterable[Example], source: str) -> dict[str, Any]:
    """Say in a manifest what the data is."""
    rows = sorted(examples)
    counted = Counter(label for e in rows for label in e.labels)
    digest = hashlib.sha256(b"".join(json.dumps([e.text, e.labels]).encode() + b"\n" for e in rows)).hexdigest()
    return {
        "name": name,
        "rows": dict(sorted(counted.items())),
        "sha256": digest,
        "licence": "the owner's; not for passing on",
        "source": source,
    }
