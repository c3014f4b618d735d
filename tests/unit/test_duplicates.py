"""Copies are grouped and siblings are not; the same in other words is ranked, never merged."""

import csv
import json
import random
import sys
from pathlib import Path

import pytest

from ideaclass.artifacts import default_store
from ideaclass.duplicates import find_duplicates, squeeze, thresholds
from ideaclass.embed import stored
from ideaclass.errors import InputError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from copies import copy_of  # noqa: E402


@pytest.fixture(scope="module")
def embedder():
    return stored.from_artifact(default_store().load(stored.DEFAULT))


def test_copies_of_an_unseen_writer():
    with (ROOT / "corpora/paraphrase/d.csv").open(encoding="utf-8") as f:
        texts = [r["text"] for r in csv.DictReader(f)]
    rng, source = random.Random(7), list(range(len(texts)))
    for i in range(0, len(texts), 3):
        texts.append(copy_of(texts[i], rng))
        source.append(i)
    groups = find_duplicates(texts).copies
    pairs = [(a, b) for g in groups for i, a in enumerate(g) for b in g[i + 1 :]]
    right = sum(source[a] == source[b] for a, b in pairs)
    assert right / len(pairs) >= 0.98
    assert right / (len(texts) - len(set(source))) >= 0.9


@pytest.mark.parametrize(
    "texts",
    [
        ["강남구 대형폐기물 배출 방법 안내", "강동구 대형폐기물 배출 방법 안내", "중구 대형폐기물 배출 방법 안내"],
        ["2호선 막차 시간을 늦춰 주세요", "3호선 막차 시간을 늦춰 주세요"],
        ["주민센터를 9시까지 열어 주세요", "주민센터를 8시까지 열어 주세요"],
    ],
)
def test_another_place_or_number_is_another_idea(texts):
    assert find_duplicates(texts).copies == ()


def test_edits_are_seen_through():
    texts = [
        "버스 정류장에 그늘막을 설치해 주세요",
        "버스정류장에 그늘막을 설치해주세요!!",
        "버스 정류장에 그늘막을 설치 바랍니다",
        "도서관을 밤 열 시까지 열어 주세요",
        "",
    ]
    assert find_duplicates(texts).copies == ((0, 1, 2),)
    assert squeeze(texts[0]) == squeeze(texts[1])


def test_all_the_same_and_nothing():
    assert find_duplicates(["같은 글입니다"] * 2000).copies == (tuple(range(2000)),)
    assert find_duplicates(["", "", "🙂"]).copies == ()
    assert find_duplicates([]).copies == ()
    with pytest.raises(InputError, match="a list"):
        find_duplicates("한 글")


def test_row_order_changes_nothing(embedder):
    with (ROOT / "corpora/paraphrase/a.csv").open(encoding="utf-8") as f:
        texts = [r["text"] for r in csv.DictReader(f)][:150]
    texts += [copy_of(t, random.Random(1)) for t in texts[:20]]
    order = list(range(len(texts)))
    random.Random(5).shuffle(order)
    one, two = find_duplicates(texts, embedder), find_duplicates([texts[i] for i in order], embedder)
    first = {frozenset(texts[i] for i in g) for g in one.copies}
    assert first == {frozenset(texts[order[i]] for i in g) for g in two.copies}
    scores = [p.score for p in one.pairs]
    assert scores == sorted(scores, reverse=True)
    assert len(one.pairs) <= 100


def test_other_words_beat_chance(embedder):
    with (ROOT / "corpora/paraphrase/a.csv").open(encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f) if r["kind"] == "same"]
    groups = sorted({r["group"] for r in rows})[:35]
    sheet = [r for g in groups for r in [x for x in rows if x["group"] == g][:3]]
    pairs = find_duplicates([r["text"] for r in sheet], embedder).pairs[:20]
    right = sum(sheet[p.first]["group"] == sheet[p.second]["group"] for p in pairs)
    assert right >= 6  # by chance 0.4


def test_thresholds_are_stored():
    path = ROOT / "ideaclass/duplicates.json"
    assert thresholds().copy == json.loads(path.read_text(encoding="utf-8"))["copy"]
