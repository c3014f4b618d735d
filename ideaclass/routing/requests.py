"""What a message asks for beside its subject: a person, or two things at once."""

from __future__ import annotations

import re

_WHO = r"(?:상담\s?[원사](?:분|님)?|상담\s?직원|직원(?:분|님)?|담당자(?:분|님)?|사람|윗사람|책임자|팀장(?:님)?|인간)"
_GIVE = r"(?:연결|바꿔|바꾸|돌려|불러|나와|나오라|대\s?줘|(?:이랑|하고)\s?(?:얘기|말|통화|대화|상담))"
_ASKED = re.compile(
    rf"{_WHO}\s?(?:으로|로|한테|에게|을|를|좀|한\s?분|한\s?명|직접|바로|\s)*\s?{_GIVE}(?!이?\s?(?:안|너무|왜|잘|되지|이\s?안))"
)
_COMPLAINT = re.compile(
    r"(?:연결|통화)(?:이|가|은|도|조차)?\s?(?:안|왜|못|너무|도통|하늘|힘들|어렵|되지|됐|되면|되길|되기)"
)
_BORDER = re.compile(
    r"(?<=[.?!])\s+|\n+|\s+(?=(?:그리고|그리구|글고|또한|아울러|추가로|하나\s더|참고로|그거랑\s별개로|그나저나|또\s하나)\s)"
)
_WORD = re.compile(r"[가-힣A-Za-z0-9]{2,}")


def asks_for_person(text: str) -> bool:
    """Whether a message asks to be put through to a person; complaining that one cannot is not asking.

    Examples
    --------
    >>> asks_for_person("상담원 연결해 주세요"), asks_for_person("상담원 연결이 안 돼요")
    (True, False)
    """
    return _ASKED.search(text) is not None and _COMPLAINT.search(text) is None


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of the sentences of a message that could each be a request: two words or more; at most four."""
    out, start = [], 0
    for border in _BORDER.finditer(text):
        out.append((start, border.start()))
        start = border.end()
    out.append((start, len(text)))
    return [(a, b) for a, b in out if len(_WORD.findall(text, a, b)) >= 2][:4]
