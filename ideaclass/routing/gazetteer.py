"""Which district does a message mean? Names of districts, neighbourhoods and landmarks looked up word by word."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

from ideaclass.errors import InputError
from ideaclass.types import Place

_WORD = re.compile(r"[가-힣A-Za-z0-9·.]+")
_NUMBERED = re.compile(r"(?<=[가-힣])제?\d+(?:[.,·]\d+)*(?:가제?\d*)?(?=동)")
_DIGIT = re.compile(r"\d")
_STREET = re.compile(r"(?<=[가-힣])\d+가")
_ELSEWHERE = re.compile(
    r"(?:부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주)(?:광역시|특별시|시|도)?$"
)
_AFTER = re.compile(
    r"$|구|동|청|민|역|시장|로|길|쪽|에|은|는|이(?!름)|가|의|도|만|까지|부터|으로|과|와|랑|하고|인데|입니다|요|사는|살|주민|근처|앞|옆"
    r"|대교|공원|센터|주변|지역|일대|방면|방향|거리|[^가-힣]"
)
_NOT_PLACES = ("중구난방", "강남스타일", "종로학원", "상봉하", "시흥시", "광주시")


@dataclass(frozen=True)
class Gazetteer:
    """Place names of one city.

    Attributes
    ----------
    city : str
        Korean name of the city.
    districts : tuple of str
    names : dict of str to tuple of str
        Districts by place name.
    weak : frozenset of str
        Names that are also common words: believed only beside another place or the name of the city.
    source : str
    """

    city: str
    districts: tuple[str, ...]
    names: dict[str, tuple[str, ...]]
    weak: frozenset[str]
    source: str

    @classmethod
    def parse(cls, text: str, city: str) -> Gazetteer:
        """Read a gazetteer from TOML text.

        Raises
        ------
        InputError
            If it is not one.
        """
        try:
            data: dict[str, Any] = tomllib.loads(text)
            names: dict[str, list[str]] = {}
            for district, parts in data["district"].items():
                for name in (district, *parts["neighbourhoods"], *parts.get("wards", ()), *parts["places"]):
                    names.setdefault(name, []).append(district)
            shared = {name: list(districts) for name, districts in data["shared"].items()}
            found = {name: tuple(dict.fromkeys(d)) for name, d in {**names, **shared}.items()}
            return cls(city, tuple(data["district"]), found, frozenset(data["weak"]), str(data["source"]))
        except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as e:
            raise InputError(f"not a gazetteer: {e}") from None

    def find(self, text: str) -> tuple[Place, ...]:
        """Every place named in a text, in order; a name must start a word, and the longest name wins."""
        words = list(_WORD.finditer(text))
        found: list[tuple[Place, bool]] = []
        skip_to = 0
        sure = f"{self.city} " in f"{text} " or f"{self.city}시" in text
        for i, match in enumerate(words):
            if match.start() < skip_to:
                continue
            word = match[0]
            following = words[i + 1][0] if i + 1 < len(words) else ""
            name, length = self._longest(word, following)
            if name and not (i and _ELSEWHERE.search(words[i - 1][0])):
                end = min(match.start() + length, len(text))
                skip_to = end
                place = Place(text[match.start() : end], match.start(), end, self.names[name])
                found.append((place, name in self.weak))
        strong = sure or any(not weak for _, weak in found)
        return tuple(place for place, weak in found if strong or not weak)

    def _longest(self, word: str, following: str) -> tuple[str, int]:
        """Longest name that a word starts with, and its length in the text; two words where the name is written so."""
        numbered = _DIGIT.search(word) is not None
        if not (numbered or word[:2] in self._openings) or word.startswith(_NOT_PLACES):
            return "", 0
        both = word + following
        if name := self._prefix(word):
            wider = self._prefix(both) if following and len(word) == len(name) else name
            if wider != name and _AFTER.match(both, len(wider)):
                return wider, len(wider) + 1
            whole = _complete(name) or _AFTER.match(word, len(name))
            return (name, len(name)) if whole else ("", 0)
        plain = _STREET.sub("", _NUMBERED.sub("", word)) if numbered else word
        if plain != word and (name := self._prefix(plain)):
            return name, len(name) + len(word) - len(plain)
        name = self._prefix(both) if 2 <= len(word) <= 5 and following else ""
        if len(name) > len(word) + 1 and (_complete(name) or _AFTER.match(both, len(name))):
            return name, len(name) + 1
        return "", 0

    @cached_property
    def _openings(self) -> frozenset[str]:
        """First two letters of every name."""
        return frozenset(name[:2] for name in self.names)

    def _prefix(self, word: str) -> str:
        if word[:2] not in self._openings:
            return ""
        for size in range(min(len(word), 14), 1, -1):
            if word[:size] in self.names:
                return word[:size]
        return ""


def _complete(name: str) -> bool:
    """Whether a name says itself that it is a place, so that anything may be written on to it (신사동쓰레기)."""
    return len(name) > 2 and name[-1] in "구동역가로길"


@cache
def seoul() -> Gazetteer:
    """Seoul's 25 districts, as they come with the library."""
    text = (resources.files("ideaclass") / "gazetteers" / "seoul.toml").read_text(encoding="utf-8")
    return Gazetteer.parse(text, "서울")


def settle(places: tuple[Place, ...]) -> tuple[str | None, tuple[str, ...], bool]:
    """Find the district that the places agree on, all that are left open, and whether a place by itself is ambiguous.

    A place that lies in several districts (신사동) means the one that another place of the text names.
    """
    if not places:
        return None, (), False
    sure = {p.districts[0] for p in places if len(p.districts) == 1}
    left: dict[str, None] = dict.fromkeys(p.districts[0] for p in places if len(p.districts) == 1)
    ambiguous = False
    for place in places:
        if len(place.districts) > 1 and not sure & set(place.districts):
            ambiguous = True
            left |= dict.fromkeys(place.districts)
    common = set.intersection(*(set(p.districts) for p in places))
    if len(common) == 1:
        (district,) = common
        return district, (district,), False
    return (next(iter(left)) if len(left) == 1 else None), tuple(left), ambiguous
