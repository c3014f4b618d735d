"""Kakao replies stay inside every limit, whatever goes in."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ideaclass.serve import kakao
from ideaclass.types import Candidate, IntentHit, RequestPart, RouteDecision, Slots

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "kakao_request.json"
NAMES = {"a": "주택도시계획과 아주 긴 이름의 담당 부서", "b": "교통"}
REASONS = {
    "routed": ["confident"],
    "clarify": ["small-margin"],
    "multi": ["several-requests"],
    "handoff": ["out-of-scope", "unreadable", "foreign-language", "abusive", "emergency", "asked-for-person"],
}


def decision(status, reason, text="말"):
    return RouteDecision(
        status=status,
        domain="a" if status == "routed" else None,
        confidence=0.5,
        candidates=(Candidate("a", NAMES["a"], 0.5), Candidate("b", NAMES["b"], 0.4)),
        margin=0.1,
        intent=None,
        slots=Slots(),
        flags=(),
        reason=reason,
        model="m",
        parts=(RequestPart(text, 0, len(text), "a", 0.9), RequestPart(text + "2", 0, 1, "b", 0.9)),
    )


def check(answer):
    assert answer["version"] == "2.0"
    assert kakao.size(answer) <= kakao.MAX_BYTES
    outputs = answer["template"]["outputs"]
    assert 1 <= len(outputs) <= 3
    replies = answer["template"].get("quickReplies", [])
    assert len(replies) <= 10
    assert len({r["label"] for r in replies}) == len(replies)
    for r in replies:
        assert 1 <= len(r["label"]) <= 14
        assert r["messageText"]
    for output in outputs:
        if "simpleText" in output:
            assert 1 <= len(output["simpleText"]["text"]) <= 1000
        else:
            card = output["basicCard"]
            assert len(card["title"]) <= 50
            assert len(card["description"]) <= 230
            assert 1 <= len(card["buttons"]) <= 3
            assert all(len(b["label"]) <= 14 for b in card["buttons"])
            assert {"action": "operator"}.items() <= card["buttons"][0].items()
    assert all(isinstance(v, str) for v in answer["context"]["values"][0]["params"].values())
    json.dumps(answer)


@pytest.mark.parametrize("status", REASONS)
def test_every_status_has_a_reply_within_the_limits(status):
    hits = [IntentHit(str(i), "가" * 5000 + str(i), "a", 0.9, "") for i in range(40)]
    for reason in REASONS[status]:
        check(kakao.reply(decision(status, reason, "글" * 5000), NAMES, hits))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(REASONS)), st.text(max_size=3000), st.lists(st.text(max_size=300), max_size=40))
def test_no_text_breaks_a_limit(status, text, titles):
    hits = [IntentHit(str(i), t, "a", 0.9, "") for i, t in enumerate(titles)]
    check(kakao.reply(decision(status, REASONS[status][0], text or "-"), NAMES, hits))


def test_clarify_offers_the_candidates():
    replies = kakao.reply(decision("clarify", "small-margin"), NAMES)["template"]["quickReplies"]
    assert [r["messageText"] for r in replies] == [NAMES["a"], NAMES["b"]]


def test_the_recorded_request_is_read():
    assert kakao.utterance(json.loads(GOLDEN.read_text(encoding="utf-8"))) == "신사동 불법주차 신고하려고요"


@pytest.mark.parametrize("body", [[], "x", None, {"userRequest": {"utterance": 3}}])
def test_what_is_no_request_is_refused(body):
    with pytest.raises(ValueError, match="not a"):
        kakao.utterance(body)


@pytest.mark.parametrize("body", [{}, {"userRequest": None}, {"userRequest": {"utterance": None}}])
def test_a_missing_utterance_is_empty(body):
    assert kakao.utterance(body) == ""
