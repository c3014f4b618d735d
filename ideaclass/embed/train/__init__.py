"""Trains the embedding from raw files to a sentence-transformers folder (extra ``train``).

Stages, each kept in the working folder under a fingerprint of all it depends on, so that a broken run goes on where it
stopped: morpheme vectors, text lines, vocabulary, distilled subword vectors, fine-tuned vectors.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ideaclass.embed.train import data, distil
from ideaclass.embed.train.export import export
from ideaclass.errors import FileError, MissingExtraError

Arrays = Mapping[str, NDArray[Any]]

_REPEATS = {"petition passages": 2, "ideas": 3, "faq": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Every number of the recipe.

    Attributes
    ----------
    landmarks, rank : int
        For Kiwi's vectors; the rank is the width of the embedding.
    pieces : int
        Size of the subword vocabulary.
    smoothing : float
        Of the inverse frequencies of morphemes.
    centre : float
        Share of the mean that is taken off after the fine-tuning.
    repeats : dict of str to int
        How often a source's pairs are seen in an epoch, where that is not once; chosen on the development sets.
    tuning : dict
        Settings of the fine-tuning (`ideaclass.embed.train.tune.Settings`).
    """

    landmarks: int = 640
    rank: int = 255
    pieces: int = 40_000
    smoothing: float = 3e-4
    centre: float = 1.0
    repeats: dict[str, int] = field(default_factory=lambda: dict(_REPEATS))
    tuning: dict[str, float] = field(default_factory=dict)


def train(
    data_dir: Path | str,
    out_dir: Path | str,
    *,
    corpora: Path | str | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    work_dir: Path | str | None = None,
    recipe: Recipe | None = None,
) -> Path:
    """Run the whole recipe.

    Parameters
    ----------
    data_dir : Path
        Folder of the parquet files; those that are not there are passed over.
    out_dir : Path
        Takes the model: ``modules.json``, ``tokenizer.json``, ``model.safetensors``, ``CARD.md``.
    corpora : Path, optional
        Our own corpora; ``paraphrase/*.csv`` gives pairs, except the held-out writers'.
    seed : int
        Of every random choice.
    progress : callable, optional
        Told of each step.
    work_dir : Path, optional
        Keeps the stages; by default ``<out_dir>.work``.
    recipe : Recipe, optional
        Other numbers than the recipe's.

    Returns
    -------
    Path
        `out_dir`.

    Raises
    ------
    MissingExtraError
        If the extra ``train`` is not installed.
    FileError
        If the data folder is not there, or has nothing to learn from.
    """
    for package in ("torch", "pyarrow"):
        if find_spec(package) is None:
            raise MissingExtraError("train", package)
    from ideaclass.embed.train.tune import Settings, tune

    data_dir, out_dir = Path(data_dir), Path(out_dir)
    own = None if corpora is None else Path(corpora)
    for folder in (data_dir, own):
        if folder is not None and not folder.is_dir():
            raise FileError(f"{folder}: no such folder")
    recipe, tell = recipe or Recipe(), progress or (lambda _: None)
    stages = _Stages(Path(work_dir) if work_dir else out_dir.with_name(out_dir.name + ".work"), tell)
    files, written = _fingerprint(data_dir), _fingerprint(own)

    morphemes = stages.run(
        "morphemes", [recipe.landmarks, recipe.rank, seed, _version("kiwipiepy")],
        lambda: {"vectors": distil.morpheme_vectors(recipe.landmarks, recipe.rank, seed)},
    )  # fmt: skip
    text = stages.run("text", [files], lambda: {"utf8": _pack(data.lines(data_dir))})
    lines = _unpack(text["utf8"])
    words = stages.run(
        "vocabulary", [files, recipe.pieces, _version("tokenizers")],
        lambda: {"json": _bytes(distil.vocabulary(lines, recipe.pieces).to_str())},
    )  # fmt: skip
    tokenizer = Tokenizer.from_buffer(words["json"].tobytes())

    def distilled() -> Arrays:
        counts = distil.morpheme_counts(lines, len(morphemes["vectors"]))
        targets = distil.sentence_targets(counts, morphemes["vectors"], recipe.smoothing)
        pieces = distil.piece_counts(tokenizer, lines)
        count = np.asarray(pieces.sum(0), np.float64).ravel()
        return {"vectors": distil.solve(pieces, targets), "count": count}

    size = [recipe.landmarks, recipe.rank, recipe.pieces, recipe.smoothing]
    start = stages.run("distilled", [files, size, seed, _version("kiwipiepy")], distilled)
    pairs, graded = data.pairs(data_dir, own, seed), data.graded(data_dir)
    seen = {source: found * recipe.repeats.get(source, 1) for source, found in pairs.items()}
    settings = Settings(**recipe.tuning)  # type: ignore[arg-type]
    tuned = stages.run(
        "tuned", [files, written, size, recipe.repeats, settings, seed, _version("torch")],
        lambda: {"vectors": tune(tokenizer, start["vectors"], seen, graded, settings, seed, tell)},
    )  # fmt: skip
    counted = {source: len(found) for source, found in pairs.items()}
    vectors = distil.centred(tuned["vectors"], start["count"], recipe.centre)
    export(tokenizer, vectors, out_dir, _card(recipe, settings._asdict(), counted, len(lines), seed))
    tell(f"written to {out_dir}")
    return out_dir


class _Stages:
    """Results of the stages, one file each, named by a hash of what they depend on."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._tell = folder, tell

    def run(self, name: str, depends: list[Any], make: Callable[[], Arrays]) -> Arrays:
        """Return the stage's arrays, from its file if it was run before with the same inputs."""
        key = hashlib.sha256(json.dumps(depends, sort_keys=True, default=str).encode()).hexdigest()[:16]
        path = self._folder / f"{name}-{key}.npz"
        if path.is_file():
            self._tell(f"{name}: kept from an earlier run")
        else:
            self._tell(f"{name}: working")
            partial = path.with_name(path.name + ".partial")
            with partial.open("wb") as file:
                np.savez(file, **dict(make()))  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}


def _fingerprint(folder: Path | None) -> str:
    """Hash of the name and content of every file that is learnt from: the data's, or our own paraphrases."""
    digest = hashlib.sha256()
    found = [*folder.glob("*.parquet"), *folder.glob("paraphrase/*.csv")] if folder else []
    for path in sorted(p for p in found if p.stem not in data.HELD_WRITERS):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def _pack(lines: list[str]) -> NDArray[np.uint8]:
    return _bytes("\n".join(lines))


def _unpack(packed: NDArray[Any]) -> list[str]:
    return packed.tobytes().decode().split("\n")


def _card(recipe: Recipe, settings: dict[str, float], pairs: dict[str, int], lines: int, seed: int) -> str:
    """Write data, licences, date and numbers in Markdown; `ideaclass.embed.evaluate` gives the figures."""
    rows = "\n".join(f"| {source} | {count:,} |" for source, count in pairs.items())
    return f"""# A static Korean sentence embedding

Made {datetime.now(UTC):%Y-%m-%d} by `ideaclass.embed.train`, seed {seed}: {recipe.pieces:,} subwords, {recipe.rank}
dimensions, stored as float32 rounded to float16 precision. A stock sentence-transformers model.

Start: Kiwi's CoNg morpheme vectors (kiwipiepy {_version("kiwipiepy")}, Apache-2.0), distilled into subwords over
{lines:,} lines of text. Fine-tuning: {json.dumps(settings)}.
Seen several times an epoch: {json.dumps(recipe.repeats)}.

| pairs | count |
|---|---:|
{rows}

Data and licences: Seoul open data (ideas OA-2563, 120 FAQ; attribution), national petitions (KOGL type 1), easylaw
(Ministry of Government Legislation), Busan public data, KLUE YNAT and NLI, KorNLU (KorSTS, KorNLI), ParaKQC, StyleKQC,
SAE4K, 3i4K, KOCO (all CC BY-SA 4.0), Songys' chatbot data and question pairs (MIT), KoChat (Apache-2.0), and synthetic
sentences of our own. Weights only; no row of the data is in here.

Never seen in training: KorSTS dev; Seoul ideas from {data.IDEAS_UNTIL} on; half of the 120 FAQ by group of district
siblings; a fifth of the ParaKQC and StyleKQC clusters; the paraphrases of
writer {", ".join(sorted(data.HELD_WRITERS))}. No label of any classification task was used.
"""
