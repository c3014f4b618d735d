"""Korean text as people and office software leave it, made even: one cell in, one clean text or several ideas out.

`clean` works on a whole batch at once: the texts are joined, every rule runs once over the joined text in C, and the
result is cut again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

SEPARATOR = "\x1e"

BULLETS = "□■○●◎◇◆◦❍❏❑❒▪▫▶▷►◀◁▣▢▸▹•‣⁃∙·⦁⊙☐☑☆★♦♣♠➢➤➔➜→⇒※◈▲△▼▽☞☛✓✔"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd"

_WIDTH = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)} | {
    0x3000: " ",
    0x00A0: " ",
    0x200B: None,
    0x200C: None,
    0x200D: None,
    0xFEFF: None,
    0x00AD: None,
    0x2018: "'",
    0x2019: "'",
    0x201C: '"',
    0x201D: '"',
    0x2013: "-",
    0x2014: "-",
    0x2212: "-",
    0x223C: "~",
    0x301C: "~",
    0x2026: "...",
    0x22EF: "...",
}
_ODD = re.compile(f"[{''.join(map(chr, _WIDTH))}]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1d\x1f\x7f\ufffe\uffff]")
_ENDINGS = "은|는|을|를|이|가|에|의|도|로|와|과|만|다|요|까|서|고|며|면|니다|습니다|입니다|합니다"
_BROKEN_LINE = re.compile(rf"(?<=[가-힣])[ \t]*\n[ \t]*(?=(?:{_ENDINGS})(?:[\s.,!?]|$))")
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_LEAD_MINUS = re.compile(r"(?<![-△▲▽▼])[-△▲▽▼]*[△▲▽▼](?=[ \t]?\d)")
_GLYPHS = re.compile(f"[{re.escape(BULLETS)}{_PRIVATE}\ufe0f]")
_JAMO_RUN = re.compile(r"([ㄱ-ㅎㅏ-ㅣ])\1{2,}")
_MARK_RUN = re.compile(r"([!?.~,;:^*=_\-+#])\1{2,}")
_SPACES = re.compile(r"(?:[^\S\x1e ]| (?=[^\S\x1e]))[^\S\x1e]*")
_EDGES = re.compile(r" \x1e ?|\x1e ")


def _even(text: str) -> str:
    """Rules that keep line ends: NFC, width, zero-width and control characters, jamo and punctuation runs."""
    text = unicodedata.normalize("NFC", _CONTROL.sub("", text))
    text = unicodedata.normalize("NFC", _ODD.sub(lambda odd: odd[0].translate(_WIDTH), text))
    text = _LINE_END.sub("\n", text)
    text = _JAMO_RUN.sub(r"\1\1", text)
    return _MARK_RUN.sub(r"\1\1", text)


def clean(texts: Sequence[str]) -> list[str]:
    """One line of even text for each of n texts, in order.

    Decomposed Hangul is composed (NFC), full-width letters become half-width, runs of jamo and punctuation shrink to
    two (ㅋㅋㅋㅋ → ㅋㅋ), HWP bullets and private-use glyphs become spaces, △ before a number becomes a minus sign, a
    line end inside a word (before a lone particle or ending) is removed and any other becomes a space.

    Parameters
    ----------
    texts : sequence of n str

    Returns
    -------
    list of n str
        Without leading, trailing or doubled spaces; empty where nothing is left.

    Examples
    --------
    >>> clean(["□ 챗봇이  늦어요ㅠㅠㅠㅠ", "ＡＲＳ 예산 △3억"])
    ['챗봇이 늦어요ㅠㅠ', 'ARS 예산 -3억']
    """
    if not texts:
        return []
    joined = SEPARATOR.join([t.replace(SEPARATOR, " ") if SEPARATOR in t else t for t in texts])
    joined = _even(joined)
    if "\n" in joined:
        joined = _BROKEN_LINE.sub("", joined)
    joined = _GLYPHS.sub(" ", _LEAD_MINUS.sub("-", joined))
    return _EDGES.sub(SEPARATOR, _SPACES.sub(" ", joined)).strip(" ").split(SEPARATOR)


_ITEM = re.compile(
    rf"""(?:^|(?<=\n))[ \t]*(?:
      [{re.escape(BULLETS.replace("·", "").replace("→", "").replace("⇒", ""))}{_PRIVATE}]\ufe0f?[ \t]*
    | [-*·ㆍ＊•o][ \t]+(?=\S) | -(?=[가-힣A-Za-z(<\[])
    | [①-⑳⑴-⒇㉠-㉻㈀-㈜❶-❿➀-➓][ \t]*
    | \(?\d{{1,2}}[.)](?!\d)[ \t]*
    )""",
    re.VERBOSE,
)
_LETTERS = "가나다라마바사아자차카타파하"
_LETTERED = re.compile(rf"[ \t]*\(?([{_LETTERS}])[.)][ \t]+")
_INLINE = re.compile(r"[ \t]*(?=[□■○●◎❍▪▶▷◆◇①-⑳❶-❿➀-➓])")
_INLINE_MARK = re.compile(r"[□■○●◎❍▪▶▷◆◇①-⑳❶-❿➀-➓]")
_NOTE = re.compile(r"^[ \t]*※")


def split_ideas(text: str) -> list[str]:
    r"""Cut one cell into its ideas, cleaned, in order.

    A new idea starts at a bullet (□ ○ ❍ - ▪ ▶, HWP's private glyphs) or number (① 1. 가.) at the start of a line, or at
    a bullet inside a line when the cell has two or more of them. Letters count in their order only, for a broken line
    may begin with the end of a word (한⏎다.). A line without a mark belongs to the idea above it, and a ※ note to the
    idea it explains. A cell without marks is one idea; an empty cell is none.

    Examples
    --------
    >>> split_ideas("① 챗봇 개선\n② 대기 시간\n안내")
    ['챗봇 개선', '대기 시간 안내']
    """
    even = _even(text.replace(SEPARATOR, " "))
    if len(_INLINE_MARK.findall(even)) > 1:
        even = _INLINE.sub("\n", even)
    ideas: list[str] = []
    letters = 0
    for line in even.split("\n"):
        mark = _ITEM.match(line)
        lettered = _LETTERED.match(line)
        if lettered and lettered[1] in (_LETTERS[0], _LETTERS[letters : letters + 1]):
            mark, letters = lettered, _LETTERS.index(lettered[1]) + 1
        if ideas and (_NOTE.match(line) or not mark):
            ideas[-1] += "\n" + line
        else:
            ideas.append(line[mark.end() :] if mark else line)
    return [t for t in clean(ideas) if t]
