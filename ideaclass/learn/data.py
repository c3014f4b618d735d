"""Labelled texts as they are kept with a model: one JSON object a line, in an order of their own."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ideaclass.artifacts import Artifact
from ideaclass.errors import ArtifactError, InputError

DATA = "data.jsonl"
ASIDE = "aside.jsonl"

_OPEN, _CLOSE = "<!-- texts -->", "<!-- /texts -->"
_MARKED = re.compile(f"{_OPEN}\n.*?{_CLOSE}\n", re.DOTALL)


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


REASONS = {
    "ko": {
        "no text": "글이 없음",
        "no label": "분류가 비어 있음",
        "several": "하나만 고르는 항목에 분류가 여럿",
        "conflict": "같은 글에 다른 분류",
        "small": "분류 {label!r}의 글이 {n}건뿐",
    },
    "en": {
        "no text": "no text",
        "no label": "no label",
        "several": "several labels where one is asked for",
        "conflict": "same text, different labels",
        "small": "the class {label!r} has only {n} texts",
    },
}


class Aside(NamedTuple):
    """A row that was left out of training, and why: a key of `REASONS`; `rows` is how many texts its class has."""

    source: str
    text: str
    labels: tuple[str, ...]
    reason: str
    rows: int = 0

    def why(self, lang: str) -> str:
        """Say why in the reader's language."""
        return REASONS[lang][self.reason].format(label=", ".join(self.labels), n=self.rows)


def dump_aside(rows: Iterable[Aside]) -> bytes:
    """Write rows that were set aside as JSON lines."""
    return "".join(json.dumps(r._asdict(), ensure_ascii=False) + "\n" for r in rows).encode("utf-8", "surrogatepass")


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


def mark_texts(lines: Iterable[str]) -> list[str]:
    """Mark lines of a card that quote training texts."""
    return [_OPEN, *lines, _CLOSE]


def without_texts(card: str) -> str:
    """Take out of a card what `mark_texts` marked."""
    return _MARKED.sub("", card)
