"""Kakao chatbot skills, version 2.0: what a request holds, and a reply inside every limit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ideaclass.types import IntentHit, RouteDecision

MAX_BYTES = 30_720
MAX_TEXT = 1000
MAX_REPLIES = 10
MAX_LABEL = 14
MAX_TITLE = 50
MAX_DESCRIPTION = 230
ANSWERS_FROM = 0.45

_HANDOFF = {
    "out-of-scope": ("상담원이 도와드릴게요", "제가 안내할 수 있는 문의가 아닌 것 같아요. 상담원에게 연결할까요?"),
    "unreadable": (
        "다시 말씀해 주시겠어요?",
        "내용을 읽지 못했어요. 문장으로 다시 적어 주시거나 상담원에게 연결해 주세요.",
    ),
    "foreign-language": (
        "Foreign language help desk",
        "We will connect you to an interpreter. 외국어 상담 창구로 연결해 드릴게요.",
    ),
    "abusive": (
        "상담원에게 연결합니다",
        "상담하는 사람을 존중해 주세요. 도움이 필요하시면 상담원이 이어서 안내합니다.",
    ),
    "emergency": (
        "지금 바로 도움을 받으세요",
        "위급하면 119(화재·구급), 112(범죄), 109(자살예방상담)로 바로 전화해 주세요. 상담원에게도 연결해 드릴게요.",
    ),
    "asked-for-person": ("상담원에게 연결합니다", "아래 단추를 누르시면 상담원이 이어서 안내합니다."),
}


def utterance(body: Any) -> str:
    """Take what the user said; empty where the request leaves it out.

    Raises
    ------
    ValueError
        If the body is no object, or the utterance no text.
    """
    if not isinstance(body, Mapping):
        raise ValueError("the body is not a JSON object")
    request = body.get("userRequest") or {}
    said = request.get("utterance") if isinstance(request, Mapping) else None
    if said is None:
        return ""
    if not isinstance(said, str):
        raise ValueError("userRequest.utterance is not a string")
    return said


def reply(decision: RouteDecision, names: Mapping[str, str], hits: Sequence[IntentHit] = ()) -> dict[str, Any]:
    """Build the answer to one message.

    Parameters
    ----------
    decision : RouteDecision
    names : mapping of str to str
        Korean name of every desk.
    hits : sequence of IntentHit
        Entries that may answer, best first; any number.

    Returns
    -------
    dict
        A skill response of version 2.0, at most `MAX_BYTES` long as UTF-8 JSON.
    """
    near = [h for h in hits if h.score >= ANSWERS_FROM]
    quick: list[dict[str, str]] = []
    if decision.status == "handoff":
        title, description = _HANDOFF[decision.reason]
        output = {
            "basicCard": {
                "title": _cut(title, MAX_TITLE),
                "description": _cut(description, MAX_DESCRIPTION),
                "buttons": [{"action": "operator", "label": "상담원 연결"}],
            }
        }
    else:
        if decision.status == "routed":
            said = f"{names[str(decision.domain)]} 분야로 안내해 드릴게요."
            if near:
                said += f"\n가까운 안내: {near[0].title}"
                quick = [_say(h.title) for h in near[1:]]
        elif decision.status == "multi":
            said = "여러 가지를 물으셨어요. 어느 것부터 안내할까요?"
            quick = [_say(p.text) for p in decision.parts]
        else:
            said = "어느 분야의 문의인가요?"
            quick = [_say(c.name) for c in decision.candidates]
            quick += [_say(h.title) for h in near]
        output = {"simpleText": {"text": _cut(said, MAX_TEXT)}}
    template: dict[str, Any] = {"outputs": [output]}
    if replies := _distinct(quick)[:MAX_REPLIES]:
        template["quickReplies"] = replies
    params = {
        "status": decision.status,
        "domain": decision.domain or "",
        "district": decision.slots.district or "",
        "confidence": f"{decision.confidence:.3f}",
    }
    answer = {
        "version": "2.0",
        "template": template,
        "context": {"values": [{"name": "route", "lifeSpan": 5, "ttl": 60, "params": params}]},
        "data": {**params, "reason": decision.reason, "intent": near[0].id if near else ""},
    }
    while size(answer) > MAX_BYTES:
        template["quickReplies"].pop()
    return answer


def size(answer: Mapping[str, Any]) -> int:
    """Bytes of an answer as it is sent."""
    return len(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))


def _say(text: str) -> dict[str, str]:
    return {"action": "message", "label": _cut(text, MAX_LABEL), "messageText": _cut(text, MAX_TEXT)}


def _cut(text: str, most: int) -> str:
    """Shorten a text; an ellipsis says so. Never empty, as labels must not be."""
    text = " ".join(text.split()) if most <= MAX_TITLE else text.strip()
    return (text if len(text) <= most else text[: most - 1].rstrip() + "…") or "-"


def _distinct(quick: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return list({q["label"]: q for q in reversed(quick)}.values())[::-1]
