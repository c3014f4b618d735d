"""Characters, places, requests and the policy of the router."""

import random

import numpy as np
import pytest

from ideaclass.errors import InputError
from ideaclass.routing.abuse import fit_floors
from ideaclass.routing.characters import UNREADABLE, language, unreadable
from ideaclass.routing.gazetteer import Gazetteer, seoul, settle
from ideaclass.routing.policy import NEVER, RoutePolicy, fit_route_policy
from ideaclass.routing.requests import asks_for_person, spans, tells_emergency
from ideaclass.routing.scope import SIGNALS, ScopeRule, fit_scope_rule


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("KTX 막차 몇 시예요", "ko"),
        ("LG 정수기 코디님이 안 와요", "ko"),
        ("I lost my bag in a taxi", "en"),
        ("boss 월급 no give me, 3 month, please help", "en"),
        ("Tôi muốn hỏi về visa E-9", "vi"),
        ("外国人登录证丢了在哪里补办", "zh"),
        ("ゴミの出し方がわかりません", "ja"),
        ("すみません 비자 연장 どこですか", "ja"),
        ("ขอล่ามภาษาไทยหน่อยค่ะ", "th"),
        ("Можно говорить по-русски?", "ru"),
        ("12345 !!", "none"),
        ("ㅋㅋㅋ", "ko"),
    ],
)
def test_language_is_read_from_the_script(text, code):
    assert language(text) == code


@pytest.mark.parametrize(
    "text",
    ["ㅁㄴㅇㄻㄴㅇㄹ", "asdfasdf", "...", "1111111", "👍👍", "뷁쉚뛟", "ㅂㅈㄷㄱ쇼ㅕㅑ", "zxcv,./"],
)
def test_mash_is_unreadable(text):
    assert unreadable(text) >= UNREADABLE


@pytest.mark.parametrize("text", ["등본 떼는 법ㅠㅠㅠㅠ", "와이파이 wifi 안됨", "네", "你好，请问地铁"])
def test_words_are_readable(text):
    assert unreadable(text) < UNREADABLE


def test_random_keys_are_unreadable():
    rng = random.Random(0)
    jamo = "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ"
    runs = ["".join(rng.choices(jamo, k=rng.randint(4, 20))) for _ in range(500)]
    runs += ["".join(rng.choices("!@#$%^&*()_+-=[];',./0123456789", k=rng.randint(1, 20))) for _ in range(500)]
    assert np.mean([unreadable(t) >= UNREADABLE for t in runs]) >= 0.99


@pytest.mark.parametrize(
    ("text", "district", "ambiguous"),
    [
        ("신사동 가로등 나갔어요", None, True),
        ("은평구 신사동 가로등", "은평구", False),
        ("상계5동 주민센터 전화", "노원구", False),
        ("성수동2가 공사장", "성동구", False),
        ("을지로3가역 앞 노점", "중구", False),
        ("서울 시청 앞 집회", "중구", False),
        ("강남역 11번 출구", None, True),
        ("부산 중구 주차", None, False),
        ("중구난방이네요", None, False),
        ("합동 단속 나오세요", None, False),
        ("강동구 길동 공원", "강동구", False),
        ("길동이가 그랬어요", None, False),
        ("목동에서 여의도 가는 버스", None, False),
    ],
)
def test_districts_from_names_neighbourhoods_and_landmarks(text, district, ambiguous):
    found, _, unsure = settle(seoul().find(text))
    assert (found, unsure) == (district, ambiguous)


def test_places_lie_where_they_say():
    text = "어제 신사동이랑 목동에서"
    for place in seoul().find(text):
        assert text[place.start : place.end] == place.text


def test_every_district_and_its_neighbourhoods_are_there():
    g = seoul()
    assert len(g.districts) == 25
    assert g.names["신사동"] == ("은평구", "관악구", "강남구")
    assert g.names["신정동"] == ("마포구", "양천구")
    assert {d for names in g.names.values() for d in names} == set(g.districts)
    assert "code.go.kr" in g.source


def test_a_broken_gazetteer_is_refused():
    with pytest.raises(InputError, match="gazetteer"):
        Gazetteer.parse("name = 3", "서울")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("상담원 연결해 주세요", True),
        ("사람 바꿔주시오", True),
        ("직원이랑 얘기하고 싶어요", True),
        ("상담원 연결이 안 돼요", False),
        ("상담원이 친절했어요", False),
        ("사람이 너무 많아요", False),
    ],
)
def test_who_asks_for_a_person(text, asked):
    assert asks_for_person(text) is asked


def test_sentences_that_could_be_requests():
    text = "등본 떼는 법 알려주세요. 그리고 주차 단속도 해주세요"
    assert [text[a:b] for a, b in spans(text)] == ["등본 떼는 법 알려주세요.", "그리고 주차 단속도 해주세요"]
    assert len(spans("네. 알겠어요.")) == 0
    assert len(spans(". ".join(["하나 둘"] * 9))) <= 4


def test_the_scope_rule_separates_and_keeps_its_share():
    rng = np.random.default_rng(0)
    inside = rng.normal(1, 1, (400, len(SIGNALS)))
    outside = rng.normal(-1, 1, (300, len(SIGNALS)))
    rule = fit_scope_rule(inside, outside, false_rejection=0.05, fitted_on="made up")
    assert (rule.score(inside) < rule.threshold).mean() == pytest.approx(0.05, abs=0.01)
    assert (rule.score(outside) < rule.threshold).mean() > 0.9
    again = ScopeRule.from_dict(rule.to_dict())
    assert again == rule
    weight, bias = rule.weights()
    assert np.allclose(inside @ weight + bias, rule.score(inside))
    with pytest.raises(InputError, match="other signals"):
        ScopeRule.from_dict({**rule.to_dict(), "signals": ["one"]})


def made_up_answers(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.2, 1, n).astype(np.float32)
    return rng.integers(0, 2, n), confidence, rng.uniform(0, 1, n) < confidence**0.2


def test_the_policy_meets_its_precision_on_rows_it_never_saw():
    answer, confidence, right = made_up_answers()
    policy = fit_route_policy(["a", "b"], answer, confidence, right, precision=0.95, fitted_on="made up")
    assert policy.precision.value >= 0.93
    assert 0 < policy.coverage.low < policy.coverage.value < policy.coverage.high < 1
    answer, confidence, right = made_up_answers(20000, seed=1)
    taken = confidence >= np.array([policy.thresholds["a"], policy.thresholds["b"]])[answer]
    assert right[taken].mean() >= 0.945
    assert RoutePolicy.from_dict(policy.to_dict()) == policy
    assert "covers" in str(policy)


def test_a_policy_that_cannot_be_met_answers_nothing():
    answer, confidence = np.zeros(50, np.int64), np.linspace(0, 1, 50).astype(np.float32)
    policy = fit_route_policy(["a"], answer, confidence, np.zeros(50, bool), precision=0.9, fitted_on="made up")
    assert policy.thresholds == {"a": pytest.approx(NEVER)}
    assert policy.coverage.value == 0


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("상담원과 통화하고 싶어요", True),
        ("상담원", True),
        ("하루종일통화가안돼요상담원바꿔줘", True),
        ("챗봇 말고 진짜 상담사요", True),
        ("담당 공무원이랑 통화하고 싶어요", True),
        ("상담사 연결 안되면 상담원 바꿔주세요", True),
        ("상담원 연결이 안돼요", False),
        ("쓰레기 버리는 사람 불러서 벌금 물려주세요", False),
        ("축제에 어떤 가수랑 사람 나와요", False),
        ("식품위생책임자 바꾸려면 어떻게 하나요", False),
        ("청년 취업 상담사 연결해 주는 프로그램 있나요", False),
        ("상담원 연결하지 마세요", False),
    ],
)
def test_a_person_is_asked_for_or_only_spoken_of(text, asked):
    assert asks_for_person(text) is asked


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("죽고싶어요", True),
        ("구급차 좀 불러주세요", True),
        ("아버지가 칼을 들고 있어요", True),
        ("가스 냄새가 나요", True),
        ("자살예방센터 위치 알려 주세요", False),
        ("죽고 싶을 만큼 더워요", False),
        ("살려주세요골목 축제 언제예요", False),
    ],
)
def test_danger_to_life_is_told_from_its_subject(text, danger):
    assert tells_emergency(text) is danger


@pytest.mark.parametrize(
    "text", ["성수기 숙박요금", "강동원 팬미팅", "강서방 어디가나", "당산나무 보호수", "사당오락 독서실"]
)
def test_a_word_that_begins_like_a_place_is_none(text):
    assert seoul().find(text) == ()


@pytest.mark.parametrize(
    ("text", "name"), [("성수동쓰레기", "성수동"), ("성수 쪽 버스", "성수"), ("사당에서 버스", "사당")]
)
def test_a_place_may_have_a_particle_or_be_written_on(text, name):
    assert seoul().find(text)[0].text == name


@pytest.mark.parametrize("text", ["KTX", "CCTV", "TBS", "seoul@naver.com 으로 보내주세요", "https://www.seoul.go.kr/a"])
def test_acronyms_and_addresses_are_no_foreign_language(text):
    assert language(text) in ("ko", "none")


def test_an_acronym_can_be_read_and_mash_cannot():
    assert unreadable("CCTV") < UNREADABLE <= unreadable("ASDF")


def test_short_messages_have_a_floor_of_their_own():
    rng = np.random.default_rng(0)
    groups = np.array(["a", "b"] * 200)
    fair = np.arange(400) % 4 < 2
    long = np.array([i % 8 < 4 for i in range(400)])
    texts = ["하나 둘 셋 넷" if is_long else "하나" for is_long in long]
    fine = np.where(fair, rng.uniform(0.5, 1, 400), rng.uniform(0, 0.4, 400)).astype(np.float32)
    ordinary = rng.uniform(0.2, 1, 300).astype(np.float32)
    floors, figures = fit_floors(fine, fair, groups, texts, ordinary, ["하나 둘"] * 300)
    assert 0.2 < floors.short < 0.25 < 0.5 < floors.long < 0.55
    assert floors.of("하나 둘 셋") == floors.short
    assert floors.of("하나 둘 셋 넷") == floors.long
    assert floors.of("네") == 0
    assert figures["fair_flagged"] < 0.08
    assert figures["ordinary_flagged"] < 0.06
