"""Models from public data: `seoul-field` and `policy`, trained on rows that stay outside the project."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ideaclass import taxonomy
from ideaclass.artifacts import Store
from ideaclass.classify import HeadStack, LinearHead, fit_temperature, probabilities
from ideaclass.decide import fit_policy
from ideaclass.embed import stored
from ideaclass.errors import FileError, MissingExtraError
from ideaclass.evaluate import class_scores, expected_calibration_error
from ideaclass.features import Rows, rows
from ideaclass.model import to_artifact
from ideaclass.text import clean
from ideaclass.training import Examples, library_versions

CS = (0.25, 0.5, 1.0)
MIN_DF = 4
TARGET = 0.9
SEED = 0
SHARES = (0.0, 0.2, 0.4, 0.6)


@dataclass(frozen=True, slots=True, eq=False)
class PublicSet:
    """Rows of public data with an honest split.

    Attributes
    ----------
    name, source, licence, split : str
    texts : list of n str
    labels : list of n str
    test : bool array of shape (n,)
        Rows to measure on.
    folds : tuple of pairs of bool arrays of shape (n,)
        Rows to fit on, and rows to choose settings and calibrate on; none of them in `test`.
    """

    name: str
    source: str
    licence: str
    split: str
    texts: list[str]
    labels: list[str]
    test: NDArray[np.bool_]
    folds: tuple[tuple[NDArray[np.bool_], NDArray[np.bool_]], ...]


def seoul_field(folder: Path) -> PublicSet:
    """Titles of Seoul's citizen proposals: chosen on 2021 to 2023, each fitted on earlier years; measured on 2024.

    Raises
    ------
    FileError, MissingExtraError
    """
    frame = _read(folder / "seoul_ideas.parquet", ("field", "title", "date"))
    kept = _kept(frame, "seoul-field", "field", "title")
    year = np.array([int(str(frame["date"][i])[:4]) for i in kept])
    return PublicSet(
        "seoul_ideas",
        "Seoul open data OA-2563, titles of citizen proposals 2017-10 to 2024-12",
        "Seoul open data, attribution",
        "settings and calibration on 2021, 2022 and 2023, each fitted on the years before it; then fitted on all years "
        "before 2024 and measured on 2024",
        [str(frame["title"][i]) for i in kept],
        [str(frame["field"][i]) for i in kept],
        year >= 2024,
        tuple((year < y, year == y) for y in (2021, 2022, 2023)),
    )


def policy(folder: Path) -> PublicSet:
    """Titles of national petitions; equal titles stay together, a fifth of them measured on, a tenth chosen on.

    Raises
    ------
    FileError, MissingExtraError
    """
    frame = _read(folder / "petitions_titles.parquet", ("category", "title"))
    kept = _kept(frame, "policy", "category", "title")
    titles = [str(frame["title"][i]) for i in kept]
    fold = np.array([int(hashlib.sha256("".join(t.split()).encode()).hexdigest()[:8], 16) % 10 for t in titles])
    return PublicSet(
        "petitions_titles",
        "National petitions of the Blue House 2017-2021, titles and the category the petitioner chose",
        "KOGL type 1",
        "grouped by title (spaces aside): a fifth measured on, a tenth for settings and calibration",
        titles,
        [str(frame["category"][i]) for i in kept],
        fold >= 8,
        ((fold < 7, fold == 7),),
    )


SETS: dict[str, Callable[[Path], PublicSet]] = {"seoul-field": seoul_field, "policy": policy}


def build_public(
    data: Path, store: Store, *, names: Sequence[str] = tuple(SETS), progress: Callable[[str], None] | None = None
) -> dict[str, dict[str, Any]]:
    """Train the models on a folder of public data, save each as a new version, and make it the stable one.

    Parameters
    ----------
    data : Path
        With ``seoul_ideas.parquet`` (field, title, date) and ``petitions_titles.parquet`` (category, title).
    store : Store
        Takes the models; its embedder, if it holds one, is used beside the n-grams where that helps.

    Returns
    -------
    dict of str to dict
        Metrics by reference.

    Raises
    ------
    FileError, MissingExtraError
    """
    tell = progress or (lambda _: None)
    about = embedder = None
    if stored.DEFAULT in store.names():
        artifact = store.load(stored.DEFAULT)
        about, embedder = stored.identity(artifact), stored.from_artifact(artifact)
    built = {}
    for name in names:
        public = SETS[name](data)
        codes = taxonomy.load(name).codes
        examples = Examples(
            rows(clean(public.texts), embedder),
            public.labels,
            np.array(public.texts),
            codes,
            loss="hinge",
            class_weight="root",
            min_df=MIN_DF,
        )
        folds = [(np.flatnonzero(fit), np.flatnonzero(choose)) for fit, choose in public.folds]
        tell(f"{name}: {int((~public.test).sum())} rows to fit and choose on, {int(public.test.sum())} to measure on")
        tried: dict[tuple[float, float], tuple[float, list[LinearHead]]] = {}
        for share, c in product(SHARES if embedder is not None else (0.0,), CS):
            heads = [examples.pick(fit).fit(share=share, C=c) for fit, _ in folds]
            found = [_scores(head, examples, choose) for head, (_, choose) in zip(heads, folds, strict=True)]
            figure = float(np.mean([(f["accuracy_low_high"][0] + f["macro_f1_low_high"][0]) / 2 for f in found]))
            tried[share, c] = (figure, heads)
            tell(f"embedding share {share}, C {c}: mean of accuracy and macro-F1 on validation rows {figure:.3f}")
        share, c = max(tried, key=lambda s: tried[s][0])
        seen = [
            _read_out(h, examples.rows.pick(choose)) for h, (_, choose) in zip(tried[share, c][1], folds, strict=True)
        ]
        logits, known, scope = (np.concatenate(parts) for parts in zip(*seen, strict=True))
        truth = np.concatenate([examples.pick(choose).holds for _, choose in folds])
        temperature = fit_temperature(logits, truth, multi=False)
        p = probabilities(logits, temperature, multi=False)
        rule = fit_policy(p.max(axis=1), truth[np.arange(len(p)), p.argmax(axis=1)], known, scope, target=TARGET)
        final = examples.pick(np.flatnonzero(~public.test)).fit(share=share, C=c).calibrated(temperature)
        metrics = {"split": public.split, **_scores(final, examples, np.flatnonzero(public.test))}
        described = {
            "name": public.name,
            "rows": dict(sorted(Counter(public.labels[i] for i in np.flatnonzero(~public.test)).items())),
            "sha256": hashlib.sha256("\n".join(sorted(public.texts)).encode()).hexdigest(),
            "licence": public.licence,
            "source": public.source,
        }
        saved = store.save(
            to_artifact(
                final,
                rule,
                taxonomy.source_text(name),
                name=name,
                card=_card(name, public, metrics, {s: f for s, (f, _) in tried.items()}),
                embedder=about if share else None,
                thresholds={"fitted_on": "the validation rows of the split", "C": c, "share": share},
                data=[described],
                seed=SEED,
                libraries=library_versions(),
                metrics=metrics,
            )
        )
        store.promote(name, saved.manifest.version)
        built[saved.manifest.ref] = metrics
        tell(f"saved {saved.manifest.ref}: {metrics}")
    return built


def _read_out(head: LinearHead, texts: Rows) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Scores, known share and scope of n texts."""
    scores = HeadStack([head]).scores(texts)
    return scores.logits[0], scores.known[:, 0], scores.scope[:, 0]


def _scores(head: LinearHead, examples: Examples, at: NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy and macro-F1 with their intervals, and the calibration error, on some of the rows."""
    truth = examples.pick(at).holds
    p = probabilities(_read_out(head, examples.rows.pick(at))[0], head.temperature, multi=False)
    answer = p.argmax(axis=1)
    found = class_scores(truth, np.eye(p.shape[1], dtype=bool)[answer])
    return {
        "rows": len(at),
        "accuracy_low_high": found.accuracy.to_list(),
        "macro_f1_low_high": found.macro_f1.to_list(),
        "expected_calibration_error": round(
            expected_calibration_error(p.max(axis=1), truth[np.arange(len(p)), answer]), 4
        ),
    }


def _kept(frame: dict[str, list[Any]], task: str, label: str, text: str) -> list[int]:
    """Rows with a text and a label of the taxonomy; catch-alls are none."""
    codes = set(taxonomy.load(task).codes)
    return [i for i, (c, t) in enumerate(zip(frame[label], frame[text], strict=True)) if c in codes and str(t).strip()]


def _read(path: Path, columns: Sequence[str]) -> dict[str, list[Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("train", "pyarrow") from None
    try:
        found: dict[str, list[Any]] = pq.read_table(path, columns=list(columns)).to_pydict()
    except (OSError, pa.ArrowException) as e:
        raise FileError(f"{path}: cannot be read: {e}") from None
    return found


def _card(name: str, public: PublicSet, metrics: dict[str, Any], tried: dict[tuple[float, float], float]) -> str:
    accuracy, f1 = metrics["accuracy_low_high"], metrics["macro_f1_low_high"]
    lines = [
        f"# {name}",
        "",
        f"Sorts Korean titles into {', '.join(taxonomy.load(name).codes)}.",
        "",
        "## Data",
        "",
        f"- {public.source}; {public.licence}. The rows are not part of this project, only the weights fitted on them.",
        "- Catch-all fields are left out; the model never answers them.",
        "",
        "## What to expect",
        "",
        f"Split: {public.split}.",
        "",
        f"- accuracy {accuracy[0]:.3f} [{accuracy[1]:.3f}, {accuracy[2]:.3f}] on {metrics['rows']} rows",
        f"- macro-F1 {f1[0]:.3f} [{f1[1]:.3f}, {f1[2]:.3f}]; calibration error "
        f"{metrics['expected_calibration_error']:.3f}",
        "",
        "| share of the embedding (0: n-grams alone) | C | mean of accuracy and macro-F1 on validation rows |",
        "|---|---|---|",
        *[f"| {share} | {c} | {value:.3f} |" for (share, c), value in tried.items()],
        "",
        "## Limits",
        "",
        "Labels were chosen by officials or petitioners and overlap (행정 and others); a lower score is partly theirs.",
        "",
    ]
    return "\n".join(lines)
