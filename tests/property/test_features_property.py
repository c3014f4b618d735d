import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ideaclass.features import BITS, LONGEST, WIDTH, batches, ngrams, rows

MASK = (1 << 64) - 1
texts = st.lists(
    st.one_of(
        st.text(st.sampled_from("가나다 라ABab019.!?ㅋ"), max_size=25),
        st.text(st.characters(exclude_characters="\x1e"), max_size=12),
    ),
    max_size=8,
)
thorough = settings(max_examples=200, deadline=None)


def column(gram: str) -> int:
    """The column of one n-gram, with Python's own integers."""
    h = 0
    for n, character in enumerate(gram, 1):
        h = (h * 0x9E3779B97F4A7C15 + ord(character) * 0xC2B2AE3D27D4EB4F + n) & MASK
    return (((h ^ (h >> 29)) * 0xBF58476D1CE4E5B9) & MASK) >> (64 - BITS)


def grams_of(text: str) -> Counter[str]:
    """The n-grams of one text, word by word: those inside the word with one space before and behind."""
    folded = "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else "0" if "1" <= c <= "9" else c for c in text)
    found: Counter[str] = Counter()
    for word in filter(None, folded.split(" ")):
        padded = f" {word} "
        for n in range(1, LONGEST + 1):
            found.update(g for g in (padded[i : i + n] for i in range(len(padded) - n + 1)) if g != " ")
    return found


def naive(text: str) -> dict[int, int]:
    found: Counter[int] = Counter()
    for gram, count in grams_of(text).items():
        found[column(gram)] += count
    return found


@given(texts)
@thorough
def test_hashed_ngrams_equal_a_naive_count(batch):
    matrix = ngrams(batch).matrix
    assert matrix.shape == (len(batch), WIDTH)
    for i, text in enumerate(batch):
        row = matrix[i]
        wanted = naive(text)
        assert dict(zip(row.indices.tolist(), row.data.tolist(), strict=True)).keys() == wanted.keys()
        for at, value in zip(row.indices.tolist(), row.data.tolist(), strict=True):
            assert math.isclose(value, 1 + math.log(wanted[at]), rel_tol=1e-6)


@given(texts)
@thorough
def test_every_ngram_is_spread_over_its_words(batch):
    grams = ngrams(batch)
    tokens = [w for text in batch for w in text.split(" ") if w]
    assert grams.tokens == tokens
    assert grams.word_doc.tolist() == [i for i, text in enumerate(batch) for w in text.split(" ") if w]
    assert np.allclose(grams.spread @ grams.count, [sum(grams_of(w).values()) for w in tokens], atol=1e-3)
    assert np.allclose(np.asarray(grams.spread.sum(axis=0)), 1, atol=1e-5)
    row = np.repeat(np.arange(len(batch)), np.diff(grams.matrix.indptr))
    word, entry = grams.spread.nonzero()
    assert np.array_equal(row[entry], grams.word_doc[word])


@given(texts, st.randoms(use_true_random=False))
@thorough
def test_a_row_is_the_same_in_any_batch_and_order(batch, random):
    order = list(range(len(batch)))
    random.shuffle(order)
    together, shuffled = ngrams(batch).matrix, ngrams([batch[i] for i in order]).matrix
    for place, i in enumerate(order):
        alone = ngrams([batch[i]]).matrix
        for other in (together[i], shuffled[place]):
            assert np.array_equal(alone.indices, other.indices)
            assert np.array_equal(alone.data, other.data)


@given(st.lists(st.integers(0, 3 << 16), max_size=30))
@thorough
def test_batches_cover_every_row_once(lengths):
    batch = ["가" * n for n in lengths]
    cuts = list(batches(batch))
    assert [i for a, b in cuts for i in range(a, b)] == list(range(len(batch)))
    assert all(b - a == 1 or sum(lengths[a:b]) <= 1 << 18 for a, b in cuts)


def test_many_rows_come_in_several_batches():
    batch = [f"{i}번 민원 {i % 7}" for i in range(1300)]
    assert len(list(batches(batch))) == 3
    numbers = rows(batch)
    assert numbers.vectors is None
    for i in (0, 511, 512, 1299):
        assert (numbers.counts[i] != ngrams([batch[i]]).matrix).nnz == 0
