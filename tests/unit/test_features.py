import numpy as np
import pytest
from tiny import Letters, Syllables

from ideaclass.features import SPEC, WIDTH, ngrams, read, rows


def same(a: str, b: str) -> bool:
    matrix = ngrams([a, b]).matrix
    return (matrix[0] != matrix[1]).nnz == 0


@pytest.mark.parametrize(
    ("a", "b"), [("ARS 안내", "ars 안내"), ("3월 12일", "4월 87일"), ("0900", "1577"), ("버스 택시", "택시 버스")]
)
def test_texts_with_the_same_ngrams(a, b):
    assert same(a, b)


@pytest.mark.parametrize(
    ("a", "b"), [("버스", "택시"), ("버스", "버 스"), ("10", "100"), ("버스", "버스 버스"), ("e", "é")]
)
def test_texts_with_other_ngrams(a, b):
    assert not same(a, b)


def test_an_empty_text_has_an_empty_row():
    matrix = ngrams(["", "가", ""]).matrix
    assert np.diff(matrix.indptr).tolist() == [0, matrix.nnz, 0]
    assert ngrams([]).matrix.shape == (0, WIDTH)
    assert rows([]).counts.shape == (0, WIDTH)


def test_lone_surrogates_are_read():
    assert ngrams(["\ud83d 버스"]).matrix.nnz > 0


def test_words_lose_the_punctuation_around_them():
    assert ngrams(["(버스)가 늦어요!!", "~ 주52시간·"]).words == ["버스)가", "늦어요", "~", "주52시간"]


def test_the_spec_says_what_is_hashed():
    assert SPEC == {"kind": "hashed-char-ngrams", "n": [1, 4], "bits": 18, "fold": "lower,digit"}


def test_vectors_of_a_plain_embedder():
    texts = ["가가", "나 다", ""]
    batch = read(texts, Letters())
    assert batch.pieces is None
    assert np.array_equal(batch.vectors, Letters().encode(texts))
    assert rows(texts, Letters()).vectors.shape == (3, 3)


def test_vectors_of_subwords_come_with_their_words():
    texts = ["가나 다", "", "라 마바사"]
    batch = read(texts, Syllables())
    assert batch.pieces.word.tolist() == [0, 0, 1, 2, 3, 3, 3]
    assert batch.pieces.ids.tolist() == [ord(c) for c in "가나다라마바사"]
    lengths = np.linalg.norm(batch.vectors, axis=1)
    assert np.allclose(lengths[[0, 2]], 1)
    assert lengths[1] == 0
    first = Syllables.weights[[ord(c) for c in "가나다"]].sum(axis=0)
    assert np.allclose(batch.vectors[0] * batch.pieces.length[0], first, atol=1e-5)


def test_rows_are_picked_with_their_vectors():
    numbers = rows(["가", "나", "다"], Letters())
    some = numbers.pick(np.array([2, 0]))
    assert np.array_equal(some.vectors, numbers.vectors[[2, 0]])
    assert (some.counts[0] != numbers.counts[2]).nnz == 0
    assert rows(["가"]).pick(np.array([0])).vectors is None
