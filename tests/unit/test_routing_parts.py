"""Characters, places, requests and the policy of the router."""

import random

import numpy as np
import pytest

from ideaclass.errors import InputError
from ideaclass.routing.characters import UNREADABLE, language, unreadable
from ideaclass.routing.gazetteer import Gazetteer, seoul, settle
from ideaclass.routing.policy import NEVER, RoutePolicy, fit_route_policy
from ideaclass.routing.requests import asks_for_person, spans
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
