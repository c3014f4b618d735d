"""ESG candidates: for each pillar, what could be done soon and what takes longer, with a K-ESG item where one fits."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ideaclass.guided import Guide, sort_by
from ideaclass.types import Embedder

ITEM_FITS = 0.48
"""Least nearness of an idea to a K-ESG item; it must name what the item is about, too."""

PILLARS = ("E", "S", "G")
_PARTICLE = re.compile(r"(?:에서|으로|까지|[을를이가의와과로에은는])$")
_VAGUE = frozenset(
    """
    비율 직원 외부 내부 공개 결과 관리 보장 보호 규정 활동 사용 참여 체계 환경 사회 목표 성과
    경영 조사 위반 담당 위원회 인증 고용 채용 여성 업체 전문가 회의 서비스 물품 사고
    """.split()  # noqa: SIM905
)
_LONG = re.compile(
    r"법|조례|규정|제도|의무화|인증|평가|위원회|감사|채용|충원|증원|정규직|전환|예산|건립|신축|리모델링|태양광|시스템|구축|개편|체계|"
    r"로드맵|목표|중장기|장기|협약|비율|직속|이사회|공시|보고서|전기차|인력|임금|성과|계획"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of K-ESG v1.0."""

    code: str
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One idea as a task: its row, pillar, whether it takes long, and the K-ESG item it fits, if any."""

    row: int
    pillar: str
    long: bool
    item: Item | None


@cache
def items() -> tuple[Item, ...]:
    """Read the 61 items of K-ESG v1.0."""
    text = (resources.files("ideaclass") / "kesg.toml").read_text(encoding="utf-8")
    return tuple(Item(*i) for i in tomllib.loads(text)["item"])


def candidates(texts: Sequence[str], pillars: Sequence[str], embedder: Embedder) -> list[Candidate]:
    """Make a candidate of each of n ideas that has a pillar, by its code E, S or G; other codes are passed over.

    Whether an idea takes long is a suggestion by its words (rules, staff, budgets, building); a person decides.
    """
    found = []
    for pillar in PILLARS:
        rows = [i for i, p in enumerate(pillars) if p == pillar and texts[i].strip()]
        if not rows:
            continue
        known = [item for item in items() if item.code[0] == pillar]
        guides = [Guide(item.name, "", (item.about,)) for item in known]
        near = sort_by([texts[i] for i in rows], guides, embedder, none_below=ITEM_FITS).labels.tolist()
        fits = [k if k >= 0 and _names(known[k], texts[row]) else -1 for row, k in zip(rows, near, strict=True)]
        found += [
            Candidate(row, pillar, bool(_LONG.search(texts[row])), known[k] if k >= 0 else None)
            for row, k in zip(rows, fits, strict=True)
        ]
    return found


def _names(item: Item, text: str) -> bool:
    """Whether a text names what an item is about: nearness alone takes any idea on the pillar for a match."""
    words = {_PARTICLE.sub("", w) for w in re.findall(r"[가-힣A-Z]{2,}", f"{item.name} {item.about}")}
    bare = text.replace(" ", "")
    return any(len(w) > 1 and w not in _VAGUE and w in bare for w in words)
