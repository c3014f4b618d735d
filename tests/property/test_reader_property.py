from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import Syllables

from ideaclass.features import read
from ideaclass.routing import reader
from ideaclass.routing.reader import WordReader

words = st.one_of(
    st.text(st.sampled_from("가나다라ABab019.!?ㅋ"), min_size=1, max_size=8),
    st.text(st.characters(exclude_characters="\x1e "), min_size=1, max_size=40),
)
texts = st.lists(st.lists(words, max_size=6).map(" ".join), max_size=6)


def check(subject: WordReader, batch: list[str], embedder: Syllables | None) -> None:
    together = read(batch, embedder)
    alone_or_not = [*subject.read(batch), *[subject.read([text])[0] for text in batch]]
    for i, alone in enumerate(alone_or_not):
        i %= len(batch)
        row = together.grams.matrix[i]
        assert np.array_equal(alone.columns, row.indices)
        assert np.array_equal(alone.counts, row.data)
        if embedder is None:
            assert alone.vector is None
        else:
            assert np.allclose(alone.vector, together.vectors[i], atol=1e-5)


@given(texts, st.sampled_from([1, 64]))
@settings(max_examples=200, deadline=None)
def test_texts_read_here_and_again_are_as_in_a_batch(batch, many):
    with mock.patch.object(reader, "_MANY", many):
        for embedder in (None, Syllables()):
            subject = WordReader(embedder)
            check(subject, batch, embedder)
            check(subject, batch, embedder)


@pytest.mark.parametrize("room", [0, 3])
def test_little_memory_and_long_words_change_nothing(monkeypatch, room):
    monkeypatch.setattr(reader, "_REMEMBERED", room)
    batch = ["가 나 다", "나 라 마 바", "가 " + "하" * 5000, "바 가 나 하하"]
    subject = WordReader(Syllables())
    check(subject, batch * 2, Syllables())
    assert all(len(word) < 100 for word in subject._known)
    assert all(array.base is None for word in subject._known.values() for array in word)
