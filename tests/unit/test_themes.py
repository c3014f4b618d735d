"""Themes: the same for any order, steady when a row comes in, named in words, honest about what belongs nowhere."""

import random

import numpy as np
import pytest

from ideaclass.artifacts import default_store
from ideaclass.clusters import cluster
from ideaclass.embed import stored
from ideaclass.errors import InputError
from ideaclass.keywords import read_terms
from ideaclass.themes import find_themes, restore_themes
from ideaclass.tokenize import KiwiTokenizer

TOPICS = {
    "버스": [
        "버스 배차 간격을 줄여 주세요",
        "버스 정류장에 의자를 놓아요",
        "마을버스 노선을 늘려요",
        "버스 정류장 안내판이 안 보여요",
        "심야버스 노선이 더 필요합니다",
        "버스 기사님이 급정거를 해요",
        "저상버스를 더 들여 주세요",
        "버스 환승 할인을 늘려요",
    ],
    "쓰레기": [
        "쓰레기 분리수거함을 늘려요",
        "음식물쓰레기 봉투가 잘 찢어져요",
        "길에 쓰레기통이 없어요",
        "재활용 쓰레기 수거일을 알려 주세요",
        "쓰레기 무단투기를 단속해요",
        "일회용 컵 쓰레기가 많아요",
        "재활용 분리배출 안내가 어려워요",
        "쓰레기 수거차 소음이 커요",
    ],
    "도서관": [
        "도서관을 밤까지 열어 주세요",
        "도서관에 어린이 책이 적어요",
        "작은 도서관을 동네마다 지어요",
        "도서관 열람실 자리가 모자라요",
        "도서관 책 반납함을 역에 놓아요",
        "도서관 프로그램을 늘려요",
        "전자책을 도서관에서 빌리고 싶어요",
        "도서관 휴관일을 바꿔요",
    ],
    "주차": [
        "주차장이 모자라요",
        "불법주차를 단속해요",
        "거주자 주차구역을 늘려요",
        "공영 주차장 요금이 비싸요",
        "주차 단속 카메라를 놓아요",
        "장애인 주차구역에 차를 대요",
        "주차장 입구가 좁아요",
        "골목 주차 때문에 소방차가 못 가요",
    ],
}
TEXTS = [t for texts in TOPICS.values() for t in texts]
TRUTH = [k for k, texts in TOPICS.items() for _ in texts]


@pytest.fixture(scope="module")
def tools():
    return stored.from_artifact(default_store().load(stored.DEFAULT)), KiwiTokenizer()


@pytest.fixture(scope="module")
def themes(tools):
    return find_themes(TEXTS, *tools, n_themes=4)


def partition(labels):
    return {frozenset(np.flatnonzero(labels == j).tolist()) for j in set(labels.tolist()) if j >= 0}


def test_topics_come_apart(themes):
    pure = sum(max(TRUTH[i] == k for k in TOPICS) for i in range(len(TEXTS)))
    assert pure == len(TEXTS)
    right = 0
    for group in partition(themes.labels):
        counts = [sum(TRUTH[i] == k for i in group) for k in TOPICS]
        right += max(counts)
    assert right >= 0.85 * (themes.labels >= 0).sum()
    assert (themes.labels >= 0).mean() >= 0.7


def test_each_theme_says_what_it_is(themes):
    assert [t.size for t in themes.themes] == sorted((t.size for t in themes.themes), reverse=True)
    assert len({t.name for t in themes.themes}) == len(themes.themes)
    for j, t in enumerate(themes.themes):
        assert t.size == (themes.labels == j).sum()
        assert t.share == pytest.approx(t.size / len(TEXTS))
        assert 0 < t.cohesion <= 1
        assert 1 <= len(t.representatives) <= 3
        assert all(themes.labels[i] == j for i in t.representatives)
        assert all(len(w) > 1 for w in t.keywords)
        assert 0 <= t.parent < len(themes.broad)
        words = {w.replace(" ", "") for w in t.keywords}
        assert any(w in TEXTS[i].replace(" ", "") for w in words for i in t.representatives)
    assert sum(b.size for b in themes.broad) == sum(t.size for t in themes.themes)


def test_row_order_changes_nothing(tools, themes):
    order = list(range(len(TEXTS)))
    random.Random(3).shuffle(order)
    again = find_themes([TEXTS[i] for i in order], *tools, n_themes=4)
    assert again.labels.tolist() == themes.labels[order].tolist()
    assert [t.name for t in again.themes] == [t.name for t in themes.themes]


def test_number_by_the_data_and_by_hand(tools, themes):
    free = find_themes(TEXTS, *tools)
    assert 2 <= len(free.themes) <= 12
    assert len(themes.themes) <= 4
    assert len(find_themes(TEXTS, *tools, n_themes=1).themes) == 1


def test_assign_knows_its_own_and_what_is_new(themes):
    assert themes.assign(TEXTS).tolist() == themes.labels.tolist()
    bus = int(themes.labels[TEXTS.index("마을버스 노선을 늘려요")])
    assert themes.assign(["버스 노선을 하나 더 늘려 주세요", "🙂", ""]).tolist() == [bus, -1, -1]


def test_earlier_themes_come_back(tools):
    known, names = restore_themes(TEXTS, TRUTH, *tools)
    assert [names[j] for j in known.labels] == TRUTH
    found = known.assign(["버스 정류장 의자", "도서관 책을 더 사요"])
    assert [names[j] if j >= 0 else "" for j in found] == ["버스", "도서관"]
    with pytest.raises(InputError, match="no row with both"):
        restore_themes(["가나다"], [""], *tools)


@pytest.mark.parametrize("texts", [["버스 좀"], ["버스 좀"] * 7, ["버스", "", "🙂"], ["가"] * 3 + ["나"]])
def test_little_or_repeated(tools, texts):
    found = find_themes(texts, *tools)
    assert found.themes
    assert sum(t.size for t in found.themes) == (found.labels >= 0).sum()
    assert all(found.labels[i] == -1 for i, t in enumerate(texts) if not any(map(str.isalnum, t)))


def test_nothing_to_find(tools):
    with pytest.raises(InputError, match="no row holds a letter"):
        find_themes(["🙂", ""], *tools)
    with pytest.raises(InputError, match="not one text"):
        find_themes("버스", *tools)
    with pytest.raises(InputError, match="at least 1"):
        find_themes(["버스"], *tools, n_themes=0)


def test_a_row_more_moves_few():
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(12, 32))
    which = rng.integers(0, 12, 600)
    vectors = middles[which] + rng.normal(size=(600, 32)) * 0.6
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    keys = [f"row {i}" for i in range(600)]
    before = cluster(keys[:-1], vectors[:-1])
    after = cluster(keys, vectors)
    shared = np.zeros((len(before.means) + 1, len(after.means) + 1), int)
    np.add.at(shared, (before.labels, after.labels[:-1]), 1)
    assert shared.max(1).sum() >= 0.95 * 599
    same = [(before.labels[before.labels >= 0] == j).sum() for j in range(len(before.means))]
    assert sum(same) > 480


def test_nouns_and_phrases(tools):
    terms = read_terms(["버스 정류장 개선 요청", "버스정류장이 멀어요", "활성화 방안"], tools[1])
    assert "버스정류장" in terms.rows[0]
    assert "버스정류장" in terms.rows[1]
    assert terms.written["버스정류장"] in ("버스 정류장", "버스정류장")
    assert not terms.rows[2]
    assert terms.nouns[0] == ["버스", "정류장"] or terms.nouns[0] == ["버스정류장"]
