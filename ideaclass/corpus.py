"""Labelled corpora on disk: one folder each, one CSV per writer, a `corpus.toml` that says what they are."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ideaclass.errors import FileError, InputError
from ideaclass.taxonomy import Taxonomy

ABOUT = "corpus.toml"


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Rows with labels and the writer of each.

    Attributes
    ----------
    name, licence, source : str
    texts : list of n str
    groups : str array of shape (n,)
        Writer of each row; a split never divides a writer.
    labels : dict of str to list of n str
        Label codes by task.
    sha256 : str
        Hash of the canonical rows.
    """

    name: str
    licence: str
    source: str
    texts: list[str]
    groups: NDArray[np.str_]
    labels: dict[str, list[str]]
    sha256: str

    def description(self, task: str) -> dict[str, object]:
        """What a manifest says about this data."""
        return {
            "name": self.name,
            "rows": dict(sorted(Counter(self.labels[task]).items())),
            "sha256": self.sha256,
            "licence": self.licence,
            "source": self.source,
        }


def read_corpus(folder: Path, taxonomies: dict[str, Taxonomy]) -> Corpus:
    """Read a corpus folder.

    Parameters
    ----------
    folder : Path
        With ``corpus.toml`` (name, licence, source, and a table ``tasks`` of task to column) and ``<writer>.csv``.
    taxonomies : dict of str to Taxonomy
        Of the tasks; labels are read as codes or names.

    Raises
    ------
    FileError
        If a file is missing or malformed.
    InputError
        If a row has no text or an unknown label; the message names file and row.
    """
    about_path = folder / ABOUT
    try:
        about = tomllib.loads(about_path.read_text(encoding="utf-8"))
        tasks: dict[str, str] = about["tasks"]
        name, licence, source = (str(about[k]) for k in ("name", "licence", "source"))
    except OSError as e:
        raise FileError(f"{about_path}: cannot be read: {e.strerror}") from None
    except (tomllib.TOMLDecodeError, KeyError) as e:
        raise FileError(f"{about_path}: not a corpus description: {e}") from None
    texts: list[str] = []
    groups: list[str] = []
    labels: dict[str, list[str]] = {task: [] for task in tasks}
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileError(f"{folder}: holds no .csv file")
    for path in files:
        with path.open(encoding="utf-8-sig", newline="") as f:
            for number, row in enumerate(csv.DictReader(f), start=2):
                text = (row.get("text") or "").strip()
                if not text:
                    raise InputError(f"{path}: line {number} has no text")
                texts.append(text)
                groups.append(path.stem)
                for task, column in tasks.items():
                    if row.get(column) is None:
                        raise InputError(f"{path}: line {number} has no column {column!r}")
                    labels[task].append(taxonomies[task].resolve(row[column]))
    digest = hashlib.sha256()
    for i in sorted(range(len(texts)), key=lambda i: (groups[i], texts[i])):
        digest.update("\x1f".join([groups[i], texts[i], *(labels[t][i] for t in sorted(labels))]).encode() + b"\n")
    return Corpus(name, licence, source, texts, np.array(groups), labels, digest.hexdigest())
