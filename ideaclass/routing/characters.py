"""What the characters alone say: which language a text is in, and whether anything in it can be read."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import pairwise

UNREADABLE = 0.5

_SYLLABLE = re.compile(r"[가-힣]")
_JAMO = re.compile(r"[ㄱ-ㅎㅏ-ㅣ]")
_LAUGH = re.compile(r"[ㅋㅎㅠㅜㅡㅇㄷㄱㄴ]{1,}")
_ACRONYM = re.compile(r"[A-Z]{2,6}\d?")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ][A-Za-zÀ-ɏḀ-ỿ'’-]*")
_VIETNAMESE = re.compile(r"[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.IGNORECASE)
_SCRIPTS = {
    "ja": re.compile(r"[぀-ヿ]"),
    "zh": re.compile(r"[一-鿿㐀-䶿]"),
    "th": re.compile(r"[฀-๿]"),
    "ru": re.compile(r"[Ѐ-ӿ]"),
    "other": re.compile(r"[؀-ۿऀ-ॿԱ-֏א-תက-႟ក-៿ᠠ-ᢪა-ჿ]"),
}
_VOWELS = frozenset("aeiouy")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
_NEXT_KEY = frozenset(a + b for row in _ROWS for a, b in pairwise(row)) | frozenset(
    b + a for row in _ROWS for a, b in pairwise(row)
)
_CODE = re.compile(r"[A-Za-z]*\d[A-Za-z\d]*")
_TESTS = frozenset({"test", "testing", "asdf", "qwer", "zxcv", "aaa", "abc", "abcd", "hjkl"})


def language(text: str) -> str:
    """Language of a cleaned text by its script: ``ko``, another, or ``none`` where there is no letter.

    Korean with foreign names in it, or one acronym (KTX), is Korean, and addresses do not count. A text most of whose
    words are Latin, or with more letters of another script than Hangul syllables, is not.

    Examples
    --------
    >>> language("KTX 막차 몇 시예요"), language("I lost my bag in a taxi"), language("你好 버스")
    ('ko', 'en', 'ko')
    """
    if "@" in text or "://" in text or "www." in text:
        text = _ADDRESS.sub("", text)
    syllables = len(_SYLLABLE.findall(text))
    if _ACRONYM.fullmatch(text):
        return "ko"
    if text.isascii() or not syllables or len(text) > 2 * syllables:
        counts = {name: len(script.findall(text)) for name, script in _SCRIPTS.items()}
        if counts["ja"]:
            counts["ja"] += counts.pop("zh")
        best = max(counts, key=lambda name: counts[name])
        latin = _LATIN_WORD.findall(text)
        if counts[best] > 2 and counts[best] >= syllables:
            return best
        if len(latin) > max(1, sum(_SYLLABLE.search(w) is not None for w in text.split())) and sum(map(len, latin)) > 5:
            return "vi" if sum(bool(_VIETNAMESE.search(w)) for w in latin) > 1 else "en"
        if not syllables and not _JAMO.search(text):
            return best if counts[best] else "en" if latin else "none"
    return "ko"


def unreadable(text: str) -> float:
    """How little of a cleaned text can be read: 0 for words, 1 for mash; `UNREADABLE` and above is mash.

    Looked at: lone jamo, syllables that no Korean word has (outside KS X 1001), one character over and over, Latin
    letters that lie side by side on the keyboard or hold no vowel, digits and symbols alone.

    Examples
    --------
    >>> unreadable("등본 어디서 떼요ㅠㅠ") < UNREADABLE, unreadable("ㅁㄴㅇㄻㄴㅇㄹ") >= UNREADABLE
    (True, True)
    """
    if _ACRONYM.fullmatch(text) and text.lower() not in _TESTS:
        return 0.0
    letters = list(filter(str.isalpha, text))
    if not letters:
        return 1.0
    kinds = set(letters)
    few = len(letters) > 3 and len(kinds) <= 0.3 * len(letters) + 1
    if few and max(Counter(letters).values()) >= 0.7 * len(letters):
        return 1.0
    if kinds <= _common():
        return 0.0
    syllables = [c for c in letters if "가" <= c <= "힣"]
    jamo = len(_JAMO.findall(text))
    latin = [w.lower() for w in _LATIN_WORD.findall(text) if w.isascii()]
    foreign = len(letters) - len(syllables) - jamo - sum(map(len, latin))
    if foreign > len(letters) / 2:
        return 0.0
    odd = len(syllables) - sum(map(_common().__contains__, syllables))
    laughing = sum(map(len, _LAUGH.findall(text)))
    lone = jamo if not syllables else max(0, jamo - laughing)
    mashed = sum(len(w) for w in latin if _mashed(w, alone=len(latin) == 1 and not syllables))
    if not syllables and not foreign and latin and _CODE.fullmatch(text):
        mashed = sum(map(len, latin))
    return min(1.0, (2 * odd + (1.5 if syllables else 1) * lone + mashed) / len(letters))


@cache
def _common() -> frozenset[str]:
    """List the 2,350 syllables of KS X 1001, which holds those of nearly every Korean word."""
    rows, cells = range(0xB0, 0xC9), range(0xA1, 0xFF)
    return frozenset(bytes([row, cell]).decode("euc-kr") for row in rows for cell in cells)


def _mashed(word: str, *, alone: bool) -> bool:
    """Whether a lower-case Latin word was hit rather than written."""
    if word in _TESTS:
        return alone
    if len(word) < 4:
        return alone and len(set(word)) < 2
    vowels = sum(c in _VOWELS for c in word) / len(word)
    near = sum(word[i : i + 2] in _NEXT_KEY for i in range(len(word) - 1)) / (len(word) - 1)
    return near >= 0.6 or (alone and not 0.2 <= vowels <= 0.75) or len(set(word)) == 1
