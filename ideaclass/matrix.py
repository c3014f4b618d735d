"""The SWOT matrix: themes of strengths and weaknesses paired with themes of opportunities and threats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ideaclass.keywords import Terms
from ideaclass.themes import Themes

CELLS = (("S", "O"), ("S", "T"), ("W", "O"), ("W", "T"))
PER_CELL = 3
_LINES = {
    "ko": {
        "SO": "강점 ‘{a}’{eul_a} 살려 기회 ‘{b}’{eul_b} 잡습니다.",
        "ST": "강점 ‘{a}’{ro_a} 위협 ‘{b}’에 맞섭니다.",
        "WO": "기회 ‘{b}’{eul_b} 이용해 약점 ‘{a}’{eul_a} 고칩니다.",
        "WT": "약점 ‘{a}’{wa_a} 위협 ‘{b}’{iga_b} 겹치지 않게 먼저 대비합니다.",
        "shared": "두 쪽 모두 {words}{eul_words} 말합니다.",
        "near": "두 쪽의 의견이 뜻으로 가깝습니다.",
    },
    "en": {
        "SO": "Use the strength “{a}” to take the opportunity “{b}”.",
        "ST": "Meet the threat “{b}” with the strength “{a}”.",
        "WO": "Take the opportunity “{b}” to mend the weakness “{a}”.",
        "WT": "Prepare first for where the weakness “{a}” meets the threat “{b}”.",
        "shared": "Both speak of {words}.",
        "near": "What both say is near in meaning.",
    },
}


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two themes that meet in one cell.

    Attributes
    ----------
    cell : str
        ``"SO"``, ``"ST"``, ``"WO"`` or ``"WT"``.
    inside, outside : str
        Names of the two themes.
    relatedness : float
        Cosine of what the themes' rows say, -1 to 1.
    evidence : tuple of (int, int)
        Row of the inner and of the outer theme that are nearest to one another.
    line : str
        Why they meet, in plain language.
    """

    cell: str
    inside: str
    outside: str
    relatedness: float
    evidence: tuple[int, int]
    line: str


def swot_matrix(
    parts: Mapping[str, tuple[Sequence[int], Themes]], terms: Terms, lang: str = "ko"
) -> dict[str, list[Meeting]]:
    """Pair the themes of a SWOT.

    Parameters
    ----------
    parts : mapping of str to (sequence of int, Themes)
        For each of S, W, O and T that has texts: the rows of the sheet, and the themes found in them.
    terms : Terms
        Of the whole sheet.
    lang : str

    Returns
    -------
    dict of str to list of Meeting
        The four cells; in each, the most related pairs, every theme at most twice.
    """
    cells: dict[str, list[Meeting]] = {a + b: [] for a, b in CELLS}
    for a, b in CELLS:
        if a not in parts or b not in parts:
            continue
        (rows_a, inner), (rows_b, outer) = parts[a], parts[b]
        cosine = inner.clusters.means @ outer.clusters.means.T
        used_a: dict[int, int] = {}
        used_b: dict[int, int] = {}
        for flat in np.argsort(-cosine, axis=None, kind="stable").tolist():
            i, j = divmod(flat, cosine.shape[1])
            if used_a.get(i, 0) >= 1 or used_b.get(j, 0) >= 2 or len(cells[a + b]) == PER_CELL:
                continue
            mine, theirs = np.flatnonzero(inner.labels == i), np.flatnonzero(outer.labels == j)
            if not len(mine) or not len(theirs):
                continue
            near = inner.vectors[mine] @ outer.vectors[theirs].T
            p, q = divmod(int(near.argmax()), len(theirs))
            evidence = rows_a[int(mine[p])], rows_b[int(theirs[q])]
            names = inner.themes[i].name, outer.themes[j].name
            line = _line(a + b, *names, _shared(terms, evidence), lang)
            cells[a + b].append(Meeting(a + b, *names, round(float(cosine[i, j]), 3), evidence, line))
            used_a[i], used_b[j] = used_a.get(i, 0) + 1, used_b.get(j, 0) + 1
    return cells


def _shared(terms: Terms, evidence: tuple[int, int]) -> list[str]:
    """Words that both rows have, longest first, none within another."""
    words: list[str] = []
    for term in sorted(terms.rows[evidence[0]] & terms.rows[evidence[1]], key=lambda t: (-len(t), t)):
        if not any(term in w for w in words):
            words.append(term)
    return [terms.written[t] for t in words[:2]]


def _line(cell: str, a: str, b: str, words: Sequence[str], lang: str) -> str:
    said = _LINES[lang]
    shared = ", ".join(f"‘{w}’" for w in words)
    particles: dict[str, str] = {}
    for key, word in (("a", a), ("b", b), ("words", words[-1] if words else "")):
        particles |= {f"{name}_{key}": _particle(word, *pair) for name, pair in _PARTICLES.items()}
    first = said[cell].format(a=a, b=b, **particles)
    return first + " " + (said["shared"].format(words=shared, **particles) if words else said["near"])


_PARTICLES = {"eul": ("을", "를"), "wa": ("과", "와"), "iga": ("이", "가"), "ro": ("으로", "로")}


def _particle(word: str, closed: str, open_: str) -> str:
    """Choose the particle that Korean puts after this word, by whether its last syllable ends in a consonant."""
    last = ord(word[-1]) - 0xAC00 if word else -1
    if not 0 <= last < 11172:
        return f"{closed}({open_})"
    final = last % 28
    return open_ if not final or (closed == "으로" and final == 8) else closed
