"""The intent index: search, change, lint, gaps."""

import threading
from itertools import pairwise

import numpy as np
import pytest

from ideaclass.errors import FileError, InputError
from ideaclass.routing import intents as module
from ideaclass.routing.intents import Intent, IntentIndex

ENTRIES = [
    Intent("1", "주민등록등본 발급 방법", "행정", ("등본 인터넷으로 떼기", "등본 어디서 뽑아요")),
    Intent("2", "대형 폐기물 버리는 방법", "환경", ("소파 버리려면", "냉장고 수거 신청")),
    Intent("3", "따릉이 이용 요금", "교통"),
]


class Hashed:
    """An embedder of character pairs."""

    def encode(self, sentences, batch_size=1024):
        out = np.zeros((len(sentences), 80), np.float32)
        for i, s in enumerate(sentences):
            for a, b in pairwise(s):
                out[i, (ord(a) * 31 + ord(b)) % 80] += 1
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


@pytest.fixture(params=[None, Hashed()], ids=["lexical", "fused"])
def index(request):
    index = IntentIndex(request.param)
    index.add(ENTRIES)
    return index


def test_the_nearest_entry_is_found(index):
    hit = index.search("등본 인터넷으로 떼는 법")[0]
    assert (hit.id, hit.domain, hit.utterance) == ("1", "행정", "등본 인터넷으로 떼기")
    assert index.search("따릉이 이용 요금")[0].score > 0.8
    assert index.search("버리는 방법", 3)[0].id == "2"
    assert len({h.id for h in index.search("방법", 3)}) == len(index.search("방법", 3))


def test_changes_are_seen_at_once(index):
    index.add([Intent("4", "전기차 충전소 위치", "교통")])
    assert index.search("전기차 충전소")[0].id == "4"
    index.update(Intent("4", "장애인 콜택시 신청", "교통"))
    assert index.search("장애인 콜택시 신청")[0].id == "4"
    assert index.search("전기차 충전소")[0].score < 0.5
    index.remove(["4"])
    assert all(h.id != "4" for h in index.search("장애인 콜택시 신청"))
    assert len(index) == 3


def test_wrong_changes_change_nothing(index):
    for change in (
        lambda: index.add([Intent("1", "또")]),
        lambda: index.add([Intent("9", "가"), Intent("9", "나")]),
        lambda: index.update(Intent("7", "없음")),
        lambda: index.remove(["1", "7"]),
        lambda: index.search("등본", 0),
    ):
        with pytest.raises(InputError):
            change()
    assert index.intents == tuple(ENTRIES)


def test_an_empty_index_finds_nothing():
    index = IntentIndex()
    assert index.search("등본") == []
    assert index.lint() == []
    assert index.gaps(["등본", "등본"])[0].times == 2


def test_csv_goes_round(index, tmp_path):
    path = tmp_path / "faq.csv"
    path.write_text(index.to_csv(), encoding="utf-8")
    assert IntentIndex.read(path).intents == index.intents
    path.write_text("id,name\n1,가\n", encoding="utf-8")
    with pytest.raises(FileError, match="title"):
        IntentIndex.read(path)
    path.write_text("id,title\n1,\n", encoding="utf-8")
    with pytest.raises(FileError, match="line 2"):
        IntentIndex.read(path)
    with pytest.raises(FileError, match=r"none\.csv"):
        IntentIndex.read(tmp_path / "none.csv")


def test_lint_names_colliding_entries_and_their_utterances(index):
    index.add([Intent("5", "등본 신청", "행정", ("등본 인터넷으로 떼기 방법",))])
    worst = index.lint(floor=0.5)[0]
    assert {worst.id, worst.other} == {"1", "5"}
    assert {worst.utterance, worst.other_utterance} == {"등본 인터넷으로 떼기", "등본 인터넷으로 떼기 방법"}
    assert not index.lint(floor=1.01)


def test_gaps_are_questions_that_no_entry_answers(index):
    asked = ["수영장 몇 시에 열어요", "수영장 몇 시에 열어요", "등본 인터넷으로 떼기", "수영장 몇 시에 여나요"]
    gaps = index.gaps(asked)
    assert gaps[0].times >= 2
    assert sum(g.times for g in gaps) == 3
    assert all("등본" not in g.question for g in gaps)


def test_a_large_index_finds_what_a_full_search_finds(monkeypatch):
    rng = np.random.default_rng(0)
    words = ["주차", "단속", "소음", "등본", "여권", "버스", "요금", "신청", "발급", "공원", "도서관", "예약", "수거"]
    texts = [" ".join(rng.choice(words, 4)) + f" {i}번" for i in range(3500)]
    entries = [Intent(str(i), t) for i, t in enumerate(dict.fromkeys(texts))]
    large = IntentIndex(Hashed())
    large.add(entries)
    monkeypatch.setattr(module, "_SKETCH_FROM", 10**9)
    full = IntentIndex(Hashed())
    full.add(entries)
    queries = [entries[i].title for i in rng.integers(0, len(entries), 60)]
    assert np.mean([large.search(q, 1)[0].score >= full.search(q, 1)[0].score - 1e-6 for q in queries]) >= 0.95


def test_readers_and_a_writer_at_once(index):
    errors = []

    def read():
        try:
            for _ in range(50):
                assert index.search("등본 떼기", 2)
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for t in threads:
        t.start()
    for i in range(15):
        index.add([Intent(f"n{i}", f"새 안내 {i}")])
    for t in threads:
        t.join()
    assert not errors
    assert len(index) == 18


@pytest.mark.parametrize(
    "entry",
    [Intent("", "제목"), Intent("1", " "), Intent(11, "열하나"), Intent("1", "하나", "", "한 문장"), {"id": "1"}, "1"],
)
def test_an_entry_that_could_not_be_read_again_is_refused(entry):
    index = IntentIndex()
    with pytest.raises(InputError):
        index.add([entry])
    assert not len(index)


def test_remove_wants_a_list_of_ids():
    index = IntentIndex()
    index.add([Intent("1", "하나"), Intent("10", "열")])
    with pytest.raises(InputError, match="list"):
        index.remove("10")
    assert len(index) == 2


def test_equal_scores_come_by_position_whatever_k():
    index = IntentIndex()
    index.add([Intent(str(i), f"제목 {i}") for i in range(400)])
    assert [h.id for h in index.search("없는말", 3)][:1] == [h.id for h in index.search("없는말", 1)]
