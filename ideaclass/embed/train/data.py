"""What the embedding learns from, and what is kept from it: text lines, pairs, and the rows held out for evaluation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ideaclass.errors import FileError

HELD_WRITERS = frozenset({"d", "q", "r"})
"""Writers of our own paraphrases that no training may see: d and q to choose on, r to test on."""

IDEAS_UNTIL = "2024"
"""Citizen ideas from this year on are held out."""

_TEXTS: dict[str, tuple[str, ...]] = {
    "3i4k": ("text",),
    "busan_dept_tasks": ("task", "department"),
    "easylaw": ("section", "paragraph"),
    "klue_nli_dev": ("premise", "hypothesis"),
    "kochat_ood": ("question",),
    "koco_hate_train": ("comments",),
    "kornli_xnli_dev": ("sentence1", "sentence2"),
    "kornli_xnli_test": ("sentence1", "sentence2"),
    "korsts_train": ("sentence1", "sentence2"),
    "parakqc": ("text",),
    "petitions_body": ("title", "content"),
    "petitions_titles": ("title",),
    "question_pair": ("question1", "question2"),
    "sae4k": ("text", "argument"),
    "seoul120_faq": ("title", "content"),
    "seoul_ideas": ("title", "content"),
    "songys_chatbot": ("Q", "A"),
    "stylekqc": ("sentence",),
    "ynat": ("title",),
}
_CLUSTERS = {"parakqc": ("text", 10), "stylekqc": ("sentence", 5)}
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+|[\r\n]+|(?<=다\.)|(?<=요\.)")
_DISTRICTS = re.compile(
    r"\(.*?\)|강남|강동|강북|강서|관악|광진|구로|금천|노원|도봉|동대문|동작|마포|서대문|서초|성동|성북|송파|양천|영등포|용산|은평|종로|중랑|중구|[^가-힣]|구"
)
_LINE = 250
_PASSAGE = 100
_CUT = 300
_ARTICLE = 1200


class Pair(NamedTuple):
    """Two texts that say the same or belong together, and one that seems to but does not (or None)."""

    first: str
    second: str
    negative: str | None = None


class Graded(NamedTuple):
    """Sentence pairs with a person's judgement of their likeness."""

    first: list[str]
    second: list[str]
    score: list[float]


def read(folder: Path, name: str) -> pd.DataFrame | None:
    """Read the whole table, or None if the folder has none of that name."""
    path = folder / f"{name}.parquet"
    return pd.read_parquet(path) if path.is_file() else None


def held_out(name: str, table: pd.DataFrame) -> pd.Series[bool]:
    """Which rows no training may see: by year, by group of district siblings, by paraphrase cluster."""
    if name == "seoul_ideas":
        late = table.date >= IDEAS_UNTIL
        return late | table.title.isin(set(table.title[late]))
    if name == "seoul120_faq":
        return table.title.map(lambda title: _share(_DISTRICTS.sub("", title), 2)).astype(bool)
    if name in _CLUSTERS:
        return table["set"].map(lambda key: _share(str(key), 5)).astype(bool)
    return pd.Series(False, index=table.index)


def training(folder: Path, name: str) -> pd.DataFrame | None:
    """Read the rows of a table that training may see, or None if there is no such table."""
    table = read(folder, name)
    return None if table is None else table[~held_out(name, table)]


def lines(data: Path) -> list[str]:
    """Every distinct sentence of the training rows, in the order of the files.

    Raises
    ------
    FileError
        If the folder holds none of the known tables.
    """
    found: dict[str, None] = {}
    for name, columns in _TEXTS.items():
        table = training(data, name)
        if table is None:
            continue
        for column in columns:
            for text in table[column].dropna():
                found.update(dict.fromkeys(sentences(text, 4)))
    if not found:
        raise FileError(f"{data}: holds none of {', '.join(_TEXTS)} (.parquet)")
    return list(found)


def sentences(text: str, shortest: int) -> list[str]:
    """Sentences of a text, none much longer than 250 characters."""
    result = []
    for part in _SENTENCE_END.split(str(text)):
        sentence = " ".join(part.split())
        while len(sentence) > _LINE:
            cut = max(sentence.rfind(" ", 60, _LINE), 0) or _LINE
            result.append(sentence[:cut])
            sentence = sentence[cut:].strip()
        if len(sentence) >= shortest:
            result.append(sentence)
    return result


def graded(data: Path) -> Graded:
    """KorSTS train."""
    table = training(data, "korsts_train")
    if table is None:
        return Graded([], [], [])
    return Graded(list(table.sentence1), list(table.sentence2), [float(s) for s in table.score])


def pairs(data: Path, corpora: Path | None, seed: int) -> dict[str, list[Pair]]:
    """Training pairs of every source that is there."""
    rng = np.random.default_rng(seed)
    makers: dict[str, Callable[[], Iterable[Pair]]] = {
        "ideas": lambda: _columns(_with_body(training(data, "seoul_ideas")), "title", "content"),
        "petitions": lambda: _columns(read(data, "petitions_body"), "title", "content"),
        "petitions, further down": lambda: _further(read(data, "petitions_body"), "title", "content", 4, rng),
        "faq": lambda: _columns(training(data, "seoul120_faq"), "title", "content", _ARTICLE),
        "law": lambda: _columns(_law(read(data, "easylaw")), "title", "paragraph", _ARTICLE),
        "law passages": lambda: _passages(_law(read(data, "easylaw")), "paragraph", 3, rng),
        "petition passages": lambda: _passages(read(data, "petitions_body"), "content", 2, rng),
        "idea passages": lambda: _passages(_with_body(training(data, "seoul_ideas")), "content", 2, rng),
        "questions": lambda: _columns(_duplicates(read(data, "question_pair")), "question1", "question2"),
        "requests": lambda: _columns(read(data, "sae4k"), "text", "argument"),
        "xnli dev": lambda: _entailments(read(data, "kornli_xnli_dev"), "sentence1", "sentence2", rng),
        "xnli test": lambda: _entailments(read(data, "kornli_xnli_test"), "sentence1", "sentence2", rng),
        "klue nli": lambda: _entailments(read(data, "klue_nli_dev"), "premise", "hypothesis", rng),
        "parakqc": lambda: _clusters(training(data, "parakqc"), *_CLUSTERS["parakqc"], rng),
        "stylekqc": lambda: _clusters(training(data, "stylekqc"), *_CLUSTERS["stylekqc"], rng),
        "korsts": lambda: _columns(_alike(read(data, "korsts_train")), "sentence1", "sentence2"),
        "small talk": lambda: _columns(read(data, "songys_chatbot"), "Q", "A"),
        "duties": lambda: _same(read(data, "busan_dept_tasks"), "department", "task", rng),
        "our paraphrases": lambda: _own_paraphrases(corpora, rng),
    }
    made = {source: [p for p in make() if len(p.first) > 1 and len(p.second) > 1] for source, make in makers.items()}
    return {source: found for source, found in made.items() if found}


def _share(key: str, parts: int) -> bool:
    """Whether a group falls into the one part of `parts` that is held out."""
    return int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) % parts == 0


def _cut(text: str, length: int = _CUT) -> str:
    return " ".join(str(text).split())[:length]


def _columns(table: pd.DataFrame | None, first: str, second: str, length: int = _CUT) -> Iterator[Pair]:
    if table is not None:
        once = table.dropna(subset=[first, second]).drop_duplicates([first, second])
        yield from (Pair(_cut(a), _cut(b, length)) for a, b in zip(once[first], once[second], strict=True))


def _with_body(table: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if table is None else table[table.content.fillna("").str.len() > 20]


def _duplicates(table: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if table is None else table[table.is_duplicate.astype(int) == 1]


def _alike(table: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if table is None else table[table.score.astype(float) >= 4]


def _law(table: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if table is None else table.assign(title=table.topic + " " + table.section)


def _further(
    table: pd.DataFrame | None, first: str, second: str, most: int, rng: np.random.Generator
) -> Iterator[Pair]:
    """Pair a title with passages of its text past the greeting."""
    for title, text in () if table is None else zip(table[first], table[second], strict=True):
        passages = _split(text)[1:]
        for i in rng.permutation(len(passages))[:most]:
            yield Pair(_cut(title), _cut(passages[i]))


def _passages(table: pd.DataFrame | None, column: str, most: int, rng: np.random.Generator) -> Iterator[Pair]:
    """Two passages of one document."""
    for text in () if table is None else table[column].dropna():
        passages = _split(text)
        for _ in range(min(most, len(passages) - 1)):
            i, j = rng.choice(len(passages), 2, replace=False)
            yield Pair(_cut(passages[i]), _cut(passages[j]))


def _split(text: str) -> list[str]:
    """Passages of whole sentences, a hundred characters or more each; what is left over is dropped."""
    passages = [""]
    for sentence in sentences(text, 15):
        passages[-1] = f"{passages[-1]} {sentence}".strip()
        if len(passages[-1]) >= _PASSAGE:
            passages.append("")
    return passages[:-1]


def _entailments(table: pd.DataFrame | None, first: str, second: str, rng: np.random.Generator) -> Iterator[Pair]:
    """Pair a premise with what follows from it, and what contradicts it as the hard negative."""
    if table is None:
        return
    for premise, group in table.groupby(first, sort=False):
        against = list(group[second][group.gold_label == "contradiction"])
        for hypothesis in group[second][group.gold_label == "entailment"]:
            yield Pair(_cut(str(premise)), _cut(hypothesis), _pick(against, rng))


def _clusters(table: pd.DataFrame | None, column: str, draws: int, rng: np.random.Generator) -> Iterator[Pair]:
    if table is None:
        return
    for _, group in table.groupby("set", sort=False):
        texts = list(group[column])
        for _ in range(draws if len(texts) > 1 else 0):
            i, j = rng.choice(len(texts), 2, replace=False)
            yield Pair(_cut(texts[i]), _cut(texts[j]))


def _same(table: pd.DataFrame | None, key: str, column: str, rng: np.random.Generator) -> Iterator[Pair]:
    """Pair texts of one group at random, half as many pairs as the group has texts."""
    for _, group in () if table is None else table.groupby(key, sort=False):
        texts = list(group[column])
        for _ in range(len(texts) // 2):
            i, j = rng.choice(len(texts), 2, replace=False)
            yield Pair(_cut(texts[i]), _cut(texts[j]))


def _own_paraphrases(corpora: Path | None, rng: np.random.Generator) -> Iterator[Pair]:
    for path in sorted(corpora.glob("paraphrase/*.csv")) if corpora else ():
        if path.stem in HELD_WRITERS:
            continue
        for _, group in pd.read_csv(path).groupby("group"):
            same, near = list(group.text[group.kind == "same"]), list(group.text[group.kind == "near"])
            for a in same:
                yield from (Pair(_cut(a), _cut(b), _pick(near, rng)) for b in same if a != b)


def _pick(texts: Sequence[str], rng: np.random.Generator) -> str | None:
    return _cut(texts[int(rng.integers(len(texts)))]) if texts else None
