"""What a message asks for beside its subject: a person, help in an emergency, or two things at once."""

from __future__ import annotations

import re

_AGENT = r"상담\s?(?:[원사]|직원)(?:분|님)?"
_OTHER = (
    r"(?:직원(?:분|님)?|담당\s?(?:자|공무원|직원)(?:분|님)?|공무원|주무관(?:님)?|(?:근로)?감독관(?:님)?|사람|윗사람|책임자"
    r"|팀장(?:님)?|인간)"
)
_WHO = rf"(?:{_AGENT}|(?<![가-힣]){_OTHER})"
_GIVE = (
    r"(?:연결(?!이|\s?(?:하지|해\s?주는|되는|안|왜|못))|바꿔(?!야|서|드)|바꾸(?:라고|세요|시)|돌려\s?(?:줘|주)|불러\s?(?:줘|주|요)"
    r"|나와\s?(?:라|봐|주)|나오라|대\s?줘|찾아\s?주|(?:이?랑|하고|과|와)\s?(?:직접\s?)?(?:얘기|이야기|말|통화|대화|상담|연결))"
)
_ASKED = re.compile(
    rf"{_WHO}\s?(?:으로|로|한테|에게|을|를|이|좀|한\s?분|한\s?명|직접|바로|빨리|\s)*\s?{_GIVE}"
    rf"|(?:챗봇|로봇|기계|ars|에이알에스|인공지능|ai)\s?말고\s?(?:진짜\s?)?(?:{_AGENT}|{_OTHER})"
    r"|^\s?상담\s?[원사](?:분|님)?\s?(?:좀|요|연결|이요)?[\s.!?~]*$|연결해\s?(?:줘|주세요)\s상담\s?[원사]",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(
    r"(?:연결|통화)(?:이|가|은|도|조차)?\s?(?:안|왜|못|너무|도통|하늘|힘들|어렵|되지|됐|되면|되길|되기)"
)
_PLAIN = re.compile(r"(?:바꿔|연결해|불러)\s?(?:줘|주세요|달라|주시|요)")
_EMERGENCY = re.compile(
    r"죽고\s?싶(?!을\s?만큼|을\s?정도)|자살\s?(?:하고|할래|하려|할\s?거|할거)|살려\s?(?:주세요|줘요?)(?:[\s.!~]|$)"
    r"|(?:119|일일구|구급차|앰뷸런스|경찰)\s?(?:좀\s?)?(?:불러|보내)\s?(?:주|줘)|칼\s?(?:을\s?)?(?:들고|휘두)"
    r"|숨(?:을|이)?\s?(?:못|안)\s?(?:쉬|쉬어)|가스\s?냄새가?\s?(?:나|심)"
)
_BORDER = re.compile(
    r"(?<=[.?!])\s+|\n+"
    r"|(?<!\s)\s+(?=(?:그리고|그리구|글고|또한|아울러|추가로|하나\s더|참고로|그거랑\s별개로|그나저나|또\s하나)\s)"
)
_WORD = re.compile(r"[가-힣A-Za-z0-9]{2,}")


def asks_for_person(text: str) -> bool:
    """Whether a message asks to be put through to a person; complaining that one cannot is not asking.

    Examples
    --------
    >>> asks_for_person("상담원 연결해 주세요"), asks_for_person("상담원 연결이 안 돼요")
    (True, False)
    """
    asked = _ASKED.search(text) is not None
    return asked and (_COMPLAINT.search(text) is None or _PLAIN.search(text) is not None)


def tells_emergency(text: str) -> bool:
    """Whether a message tells of danger to life, which no desk should answer.

    Examples
    --------
    >>> tells_emergency("죽고 싶어요"), tells_emergency("자살예방센터 위치 알려 주세요")
    (True, False)
    """
    return _EMERGENCY.search(text) is not None


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of the sentences of a message that could each be a request: two words or more; at most four."""
    out, start = [], 0
    for border in _BORDER.finditer(text):
        out.append((start, border.start()))
        start = border.end()
    out.append((start, len(text)))
    return [(a, b) for a, b in out if len(_WORD.findall(text, a, b)) >= 2][:4]
