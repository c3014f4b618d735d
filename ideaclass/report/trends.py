"""What rises and falls: months, keywords, and themes since an earlier run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ideaclass.keywords import Terms

SHOWN = 8
_SURE = 1.64


@dataclass(frozen=True, slots=True)
class Rise:
    """A keyword, in how many rows it stands before and in the recent months, and how sure the change is (z)."""

    word: str
    before: int
    recent: int
    z: float


def months_between(months: Iterable[str | None]) -> list[str]:
    """Every month from the first to the last, those without rows too."""
    known = sorted({m for m in months if m})
    if not known:
        return []
    if len(known[0]) == 2:
        return [f"{m:02d}" for m in range(int(known[0]), int(known[-1]) + 1)]
    first, last = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (known[0], known[-1]))
    return [f"{m // 12:04d}-{m % 12 + 1:02d}" for m in range(first, last + 1)]


def rising(terms: Terms, months: Sequence[str | None]) -> tuple[list[str], list[Rise], list[Rise]]:
    """Recent months, and the keywords that rose and fell in them, surest first.

    The recent months are the last quarter of those that there are, at least one. The change is the log odds ratio
    between recent and earlier rows, with the whole sheet for prior (Monroe and others, 2008).
    """
    known = sorted({m for m in months if m})
    if len(known) < 2:
        return [], [], []
    recent = known[-max(1, len(known) // 4) :]
    late, early = Counter[str](), Counter[str]()
    for row, m in zip(terms.rows, months, strict=True):
        if m:
            (late if m in recent else early).update(row)
    n, o = sum(late.values()), sum(early.values())
    found = []
    for term in {*late, *early}:
        a, b = late[term], early[term]
        if a + b < 4 or not n or not o:
            continue
        prior = (a + b) / (n + o) * 100
        rest = 100 - prior
        delta = math.log((a + prior) / (n + rest - a)) - math.log((b + prior) / (o + rest - b))
        z = delta / math.sqrt(1 / (a + prior) + 1 / (b + prior))
        found.append(Rise(terms.written[term], b, a, round(z, 2)))
    up = sorted((r for r in found if r.z >= _SURE), key=lambda r: (-r.z, r.word))
    down = sorted((r for r in found if r.z <= -_SURE), key=lambda r: (r.z, r.word))
    return recent, _unlike(up), _unlike(down)


def _unlike(rises: Sequence[Rise]) -> list[Rise]:
    """Take the first few, without words that stand within one another."""
    kept: list[Rise] = []
    for r in rises:
        bare = r.word.replace(" ", "")
        if not any(bare in k.word.replace(" ", "") or k.word.replace(" ", "") in bare for k in kept):
            kept.append(r)
        if len(kept) == SHOWN:
            break
    return kept
