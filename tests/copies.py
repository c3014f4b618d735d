"""Copies as people make them: one text re-spaced, re-ordered, with another ending, a typo or a greeting."""

import random
import re

ENDINGS = ["해주세요", "해 주십시오", "바랍니다", "부탁드립니다", "했으면 합니다", "하면 좋겠어요", "요망", "합시다"]
HELLO = ["안녕하세요. ", "건의드립니다: ", "제안합니다. ", ""]
BYE = [" 감사합니다", " 부탁드려요", "!!", " ㅠㅠ", ""]


def respaced(text, rng):
    words = text.split()
    if len(words) > 2:
        i = rng.randrange(len(words) - 1)
        words[i : i + 2] = [words[i] + words[i + 1]]
    return " ".join(words) if len(words) > 2 else text.replace(" ", "")


def reordered(text, rng):
    parts = [p for p in re.split(r"(?<=[.!?,])\s+", text) if p]
    if len(parts) > 1:
        return " ".join(parts[1:] + parts[:1])
    words = text.split()
    return " ".join(words[len(words) // 2 :] + words[: len(words) // 2])


def other_ending(text, rng):
    cut = re.sub(
        r"(해|하여)?\s*(주세요|주십시오|주십쇼|주시길|바랍니다|부탁드립니다|합시다|하자|요망|했으면|좋겠어요|해요|합니다|요)[.!?~]*$",
        "",
        text,
    )
    return cut.rstrip(" .!?") + " " + rng.choice(ENDINGS)


def greeted(text, rng):
    return rng.choice(HELLO) + text + rng.choice(BYE)


def typo(text, rng):
    if len(text) < 12:
        return text + "."
    i = rng.randrange(len(text) - 1)
    return text[:i] + text[i + 1 :]


EDITS = [respaced, reordered, other_ending, greeted, typo]


def copy_of(text, rng: random.Random):
    """The text with one or two edits, different from it."""
    while True:
        out = text
        for edit in rng.sample(EDITS, rng.choice([1, 2])):
            out = edit(out, rng)
        if out != text:
            return out
