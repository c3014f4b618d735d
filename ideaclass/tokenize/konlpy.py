"""KoNLPy's analysers as `Tokenizer`s: Okt, Komoran, Hannanum and Kkma, their tags turned into Sejong's."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Any

from ideaclass.errors import InputError, MissingJavaError
from ideaclass.types import Morph

NOUNS = frozenset({"NNG", "NNP", "SL"})

_OKT = {
    "Noun": "NNG", "Verb": "VV", "Adjective": "VA", "Adverb": "MAG", "Alpha": "SL", "Conjunction": "MAJ",
    "Determiner": "MM", "Modifier": "MM", "Eomi": "EF", "PreEomi": "EP", "Exclamation": "IC", "Foreign": "SW",
    "Hashtag": "SW", "Josa": "JX", "KoreanParticle": "IC", "Number": "SN", "Punctuation": "SF", "ScreenName": "SL",
    "Suffix": "XSN", "VerbPrefix": "XPN", "NounPrefix": "XPN", "ProperNoun": "NNP", "URL": "SL", "Email": "SL",
    "CashTag": "SL", "Unknown": "NA",
}  # fmt: skip
_HANNANUM = {"N": "NNG", "P": "VV", "M": "MAG", "I": "IC", "J": "JX", "E": "EF", "X": "XSN", "S": "SW", "F": "SL"}
_KOMORAN = {"NF": "NNG", "NV": "VV", "SH": "SL"}
_KKMA = {
    "NNM": "NNB", "NN": "NNG", "VXA": "VX", "VXV": "VX", "VC": "VCP", "MD": "MM", "MDN": "MM", "MDT": "MM",
    "MAC": "MAJ", "MA": "MAG", "JK": "JX", "JKM": "JKB", "JKI": "JKV", "EPH": "EP", "EPT": "EP", "EPP": "EP",
    "EFN": "EF", "EFQ": "EF", "EFO": "EF", "EFA": "EF", "EFI": "EF", "EFR": "EF", "ECE": "EC", "ECD": "EC",
    "ECS": "EC", "ET": "ETM", "ETD": "ETM", "XP": "XPN", "XPV": "XPN", "OL": "SL", "OH": "SL", "ON": "SN",
    "UN": "NNG", "UV": "VV", "UE": "NA", "EMO": "IC",
}  # fmt: skip
_TAGS = {"okt": _OKT, "komoran": _KOMORAN, "hannanum": _HANNANUM, "kkma": _KKMA}
_CLASSES = {"okt": "Okt", "komoran": "Komoran", "hannanum": "Hannanum", "kkma": "Kkma"}
ENGINES = tuple(_CLASSES)


class KonlpyTokenizer:
    """Morphemes by one of KoNLPy's analysers, which run in a Java machine that starts on first use.

    Parameters
    ----------
    engine : str
        ``"okt"``, ``"komoran"``, ``"hannanum"`` or ``"kkma"``. Okt and Hannanum know a few word classes only, so their
        tags are the commonest Sejong tag of the class.

    Raises
    ------
    InputError
        If there is no such analyser.
    """

    def __init__(self, engine: str = "okt") -> None:
        if engine not in _CLASSES:
            raise InputError(f"KoNLPy has no analyser {engine!r} here; there are {', '.join(ENGINES)}")
        self.engine = engine
        self._analyser: Any = None

    def __repr__(self) -> str:
        return f"KonlpyTokenizer({self.engine!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"engine": self.engine, "_analyser": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @property
    def spec(self) -> dict[str, object]:
        """What decides the result: the analyser and the version of KoNLPy."""
        return {"name": self.engine, "version": metadata.version("konlpy")}

    def pos(self, text: str) -> list[Morph]:
        """Morphemes with Sejong tags and spans.

        A form that the analyser restored, so that it does not stand in the text (하 + 았 for 했), gets the span of the
        word it belongs to.

        Raises
        ------
        MissingJavaError
            If there is no Java, or it cannot start.
        """
        plain = _BEYOND.sub(" ", text)
        if not plain.strip():
            return []
        if self._analyser is None:
            self._analyser = _start(_CLASSES[self.engine])
        tags = _TAGS[self.engine]
        return _placed(plain, [(form, tags.get(tag, tag)) for form, tag in self._analyser.pos(plain)])

    def morphs(self, text: str) -> list[str]:
        """Forms of the morphemes, in order."""
        return [m.form for m in self.pos(text)]

    def nouns(self, text: str) -> list[str]:
        """List common and proper nouns and words in Latin letters, in order."""
        return [m.form for m in self.pos(text) if m.tag in NOUNS]


_BEYOND = re.compile(r"[\U00010000-\U0010ffff\ud800-\udfff]")
"""Emoji and their like, which some analysers hand back in halves that are no text: they are read as spaces."""


def _start(name: str) -> Any:
    from konlpy import tag

    try:
        return getattr(tag, name)()
    except Exception as e:  # JPype raises many kinds, none of them its own
        raise MissingJavaError(str(e) or type(e).__name__) from None


def _placed(text: str, morphs: list[tuple[str, str]]) -> list[Morph]:
    """Find each form from where the last one ended, no further away than the next word."""
    out, at = [], 0
    for form, tag in morphs:
        while at < len(text) and text[at].isspace():
            at += 1
        here = _word_end(text, at)
        there = _word_end(text, here + 1)
        found = text.find(form, at, there) if form else -1
        if found < 0:
            start = max(text.rfind(" ", 0, at) + 1, 0)
            out.append(Morph(form, tag, start, here))
        else:
            at = found + len(form)
            out.append(Morph(form, tag, found, at))
    return out


def _word_end(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at
