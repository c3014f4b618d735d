"""Words that stand for a group of texts: nouns and noun phrases, weighed against all other groups."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ideaclass.types import Morph, Tokenizer

_NOUNS = frozenset({"NNG", "NNP", "SL"})
_LOOSE = frozenset("들 님 씨 적 별 당 쯤 째 짜리 끼리 네 씩 어치 꼴 상 하".split())  # noqa: SIM905
_COMMON_ROWS = 100

GENERIC = frozenset(
    """
    제안 건의 요청 요망 의견 아이디어 방안 방법 개선 개선안 문제 문제점 관련 필요 대책 대안 대한
    경우 정도 부분 이유 생각 부탁 바람 희망 검토 마련 추진 실시 시행 도입 설치 운영 이용 사용 활용
    활성화 확대 강화 추가 변경 조성 관리 지원 제공 사업 정책 제도 사람 시민 우리 저희 여러분 내용
    사항 현황 현재 기존 전체 모두 각종 기타 이상 이하 때문 하나 가지 가능 불가 누구 여기 거기 오늘
    내일 요즘 이번 다음 지금 최근 그때 이것 그것 저것 무엇 자체 최대 최소 대상 기준 진행 처리 해결
    발생 방지 완화 개발 구축 안녕 감사 수고 말씀 해당 이거 그거 나라 위해 통해 요구 신설 촉구 보완
    정비 개편 전환 증설 확충 효율 방향 통한 적극 적극적
    """.split()  # noqa: SIM905
)
"""Words of asking as such: they stand in every kind of idea, and tell none apart."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Nouns and noun phrases of n texts, and how they are best written.

    Attributes
    ----------
    rows : list of n frozenset of str
        Terms of each text, without spaces, so that 버스 정류장 and 버스정류장 are one.
    written : dict of str to str
        How most texts write each term.
    nouns : list of n list of str
        The nouns alone, in order; without generic words and those of `common`.
    common : frozenset of str
        Words in so many of the texts that they tell none apart.
    """

    rows: list[frozenset[str]]
    written: dict[str, str]
    nouns: list[list[str]]
    common: frozenset[str]


def read_terms(texts: Sequence[str], tokenizer: Tokenizer, without: frozenset[str] = frozenset()) -> Terms:
    """Find the nouns, and the pairs of nouns that stand side by side, of n cleaned texts; leave out some words."""
    spellings: dict[str, Counter[str]] = {}
    rows, nouns = [], []
    for text, morphs in zip(texts, _morphs(texts, tokenizer), strict=True):
        found = _nouns(morphs)
        nouns.append([m.form for m in found])
        terms = set()
        for surface in _phrases(text, found):
            key = surface.replace(" ", "").upper()
            spellings.setdefault(key, Counter())[surface] += 1
            terms.add(key)
        rows.append(frozenset(terms))
    common = _everywhere(nouns) | without
    dull = GENERIC | common
    written = {key: max(c.items(), key=lambda s: (s[1], s[0]))[0] for key, c in spellings.items()}
    rows = [frozenset(t for t in row if t not in dull) for row in rows]
    return Terms(rows, written, [[w for w in row if w not in dull] for row in nouns], common)


def _morphs(texts: Sequence[str], tokenizer: Tokenizer) -> Iterable[list[Morph]]:
    batch = getattr(tokenizer, "pos_all", None)
    return batch(texts) if batch is not None else map(tokenizer.pos, texts)


def _nouns(morphs: Sequence[Morph]) -> list[Morph]:
    """Nouns, each with the suffix that makes it another one (활성 + 화)."""
    found: list[Morph] = []
    for m in morphs:
        if m.tag == "XSN" and m.form not in _LOOSE and found and found[-1].end == m.start:
            before = found.pop()
            found.append(Morph(before.form + m.form, before.tag, before.start, m.end))
        elif m.tag in _NOUNS and not (m.form.islower() and len(m.form) < 4):  # in, the, of
            found.append(m)
    return found


def _phrases(text: str, nouns: Sequence[Morph]) -> Iterable[str]:
    """Single nouns of two letters or more, and pairs with nothing but a space between."""
    for i, m in enumerate(nouns):
        if len(m.form) > 1 and m.form not in GENERIC:
            yield m.form
        before = nouns[i - 1] if i else m
        gap = text[before.end : m.start]
        if i and gap in ("", " ") and min(len(before.form), len(m.form)) > 1 and not {before.form, m.form} & GENERIC:
            yield text[before.start : m.end]


def _everywhere(nouns: Sequence[Sequence[str]]) -> frozenset[str]:
    """Words in a sixth of a hundred texts, or a sixteenth of ten thousand: what the sheet is about as a whole."""
    if len(nouns) < _COMMON_ROWS:
        return frozenset()
    counts = Counter(w for row in nouns for w in set(row))
    return frozenset(w for w, n in counts.items() if n > 0.43 * len(nouns) ** 0.8)


def name_groups(terms: Terms, groups: Sequence[Sequence[int]], words: int = 3, listed: int = 10) -> list[list[str]]:
    """Keywords of each group of rows by class-based TF-IDF, heaviest first, as people write them.

    A word is left out where a phrase that holds it is there. The first `words` of two groups are never the same.

    Parameters
    ----------
    terms : Terms
    groups : sequence of sequences of int
        Positions of the rows of each group.
    words, listed : int
        How many words a name has, and how many keywords are listed.
    """
    inside = [Counter(t for i in rows for t in terms.rows[i]) for rows in groups]
    everywhere: Counter[str] = Counter()
    for counts in inside:
        everywhere.update(counts)
    average = sum(map(len, groups)) / max(1, len(groups))
    taken: set[tuple[str, ...]] = set()
    names = []
    for rows, counts in zip(groups, inside, strict=True):
        least = 2 if len(rows) > 3 else 1
        weight = {
            t: n / len(rows) * math.log(1 + average / everywhere[t]) * (1.15 if " " in terms.written[t] else 1)
            for t, n in counts.items()
            if n >= least
        } or {t: n / len(rows) * math.log(1 + average / everywhere[t]) for t, n in counts.items()}
        chosen = _distinct(sorted(weight, key=lambda t: (-weight[t], t)), counts, listed)
        while len(chosen) > words and tuple(chosen[:words]) in taken:
            del chosen[words - 1]
        taken.add(tuple(chosen[:words]))
        names.append([terms.written[t] for t in chosen])
    return names


def _distinct(ranked: Sequence[str], counts: Mapping[str, int], listed: int) -> list[str]:
    """Take the first terms that do not repeat one another; a phrase replaces its word if it is half of its uses."""
    chosen: list[str] = []
    for term in ranked:
        twin = next((i for i, c in enumerate(chosen) if c in term or term in c), None)
        if twin is None:
            chosen.append(term)
        elif (
            chosen[twin] in term
            and 2 * counts[term] >= counts[chosen[twin]]
            and not any(c in term for i, c in enumerate(chosen) if i != twin)
        ):
            chosen[twin] = term
        if len(chosen) == listed:
            break
    return chosen
