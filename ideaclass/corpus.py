"""Labelled corpora on disk: one folder each, one CSV per writer, a `corpus.toml` that says what they are."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ideaclass.errors import FileError, InputError, TaxonomyError
from ideaclass.taxonomy import Taxonomy

ABOUT = "corpus.toml"


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Rows with labels and the writer of each.

    Attributes
    ----------
    name, licence, source : str
    texts : list of n str
        In an order of their own, whatever the order of the lines.
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
        """Describe this data as a manifest does."""
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
        If a row has no text, a cell too many or too few, or an unknown label; the message names file and line.
    """
    about_path = folder / ABOUT
    try:
        about = tomllib.loads(about_path.read_text(encoding="utf-8"))
        tasks: dict[str, str] = dict(about["tasks"])
        name, licence, source = (str(about[k]) for k in ("name", "licence", "source"))
    except OSError as e:
        raise FileError(f"{about_path}: cannot be read: {e.strerror}") from None
    except (ValueError, TypeError, KeyError) as e:
        raise FileError(f"{about_path}: not a corpus description: {e}") from None
    if unknown := sorted(tasks.keys() - taxonomies.keys()):
        raise FileError(f"{about_path}: there is no task {unknown[0]!r}; there are {', '.join(sorted(taxonomies))}")
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileError(f"{folder}: holds no .csv file")
    rows = sorted((path.stem, text, codes) for path in files for text, codes in _rows(path, tasks, taxonomies))
    digest = hashlib.sha256()
    by_task = sorted(range(len(tasks)), key=list(tasks).__getitem__)
    for group, text, codes in rows:
        digest.update("\x1f".join([group, text, *(codes[i] for i in by_task)]).encode() + b"\n")
    labels = {task: [codes[i] for _, _, codes in rows] for i, task in enumerate(tasks)}
    groups = np.array([group for group, _, _ in rows])
    return Corpus(name, licence, source, [text for _, text, _ in rows], groups, labels, digest.hexdigest())


def _rows(path: Path, tasks: dict[str, str], taxonomies: dict[str, Taxonomy]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Read one writer's file: text and label codes, task by task, of each row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as f:
            reader = csv.DictReader(f, strict=True)
            for column in ("text", *tasks.values()):
                if column not in (reader.fieldnames or ()):
                    raise FileError(f"{path}: has no column {column!r}")
            for row in reader:
                where = f"{path}: line {reader.line_num}"
                if None in row or None in row.values():
                    raise InputError(f"{where} has not as many cells as the header: quote texts that hold a comma")
                text = row["text"].strip()
                if not text:
                    raise InputError(f"{where} has no text")
                try:
                    yield text, tuple(taxonomies[task].resolve(row[column]) for task, column in tasks.items())
                except TaxonomyError as e:
                    raise InputError(f"{where}: {e}") from None
    except OSError as e:
        raise FileError(f"{path}: cannot be read: {e.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as e:
        raise FileError(f"{path}: not a CSV file in UTF-8: {e}") from None
