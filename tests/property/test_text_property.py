import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from ideaclass.text import clean, split_ideas

HANGUL = re.compile("[가-힣]")
ODD = "□○▪※▶①△▲-가힣은ㅋaＡ３3 .!~…’\n\r\t\v\x1e\x00\u200b\u3000\u0301\u0338∼=\uf06c\ufe0f\u1100\u1161\u11a8"
odd = st.text(st.sampled_from(ODD), max_size=30)
anything = st.one_of(odd, st.text(st.characters(codec="utf-16"), max_size=20))
anything_at_all = st.one_of(odd, st.text(max_size=20), st.text(st.characters(), max_size=20))
thorough = settings(max_examples=400, deadline=None)
words = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=6)
# A lone particle after a line end joins the word before it, so an idea starts with two syllables or more.
ideas = st.lists(
    st.lists(st.text(st.sampled_from("챗봇대기시간상담안내전화"), min_size=2, max_size=5), min_size=1, max_size=4).map(
        " ".join
    ),
    min_size=1,
    max_size=6,
)
marks = st.sampled_from(["□ ", "○ ", "❍ ", "- ", "▪ ", "▶ ", "\uf06c ", "  - ", "① ", "1. ", "2) ", "* "])


@given(st.lists(anything_at_all, max_size=8))
@thorough
def test_clean_in_a_batch_is_clean_alone(texts):
    assert clean(texts) == [clean([t])[0] for t in texts]


@given(anything_at_all)
@thorough
def test_clean_twice_is_clean_once(text):
    once = clean([text])
    assert clean(once) == once


@given(anything_at_all)
@thorough
def test_clean_text_is_one_even_line(text):
    (even,) = clean([text])
    assert even == even.strip()
    assert "  " not in even
    assert not re.search(r"[\n\r\t\x1e]", even)
    assert unicodedata.is_normalized("NFC", even)


@given(anything)
@thorough
def test_composed_and_decomposed_texts_are_the_same(text):
    assert clean([unicodedata.normalize("NFD", text)]) == clean([unicodedata.normalize("NFC", text)])


@given(st.lists(words, min_size=1, max_size=8), st.lists(st.sampled_from([" ", "\n", " □ ", "\n○ ", "①"]), min_size=8))
def test_splitting_loses_no_syllable(parts, between):
    cell = "".join(f"{gap}{part}" for gap, part in zip(between, parts, strict=False))
    assert "".join(HANGUL.findall(" ".join(split_ideas(cell)))) == "".join(parts)


@given(ideas, marks)
@settings(max_examples=60)
def test_marked_lines_come_back_as_ideas(wanted, mark):
    assert split_ideas("\n".join(mark + idea for idea in wanted)) == wanted


@given(anything_at_all)
def test_ideas_are_clean_and_not_empty(text):
    found = split_ideas(text)
    assert all(found)
    assert clean(found) == found
