import numpy as np
import pytest
from tiny import CLASSES, Syllables, multi_model, sentences

from ideaclass.classify import HeadStack, fit_head
from ideaclass.explain import Reasons, piece_weights, top_words, word_weights
from ideaclass.features import Rows, ngrams, read, rows
from ideaclass.text import clean
from ideaclass.types import Reason

TEXTS, LABELS, _ = sentences()
ODD = ["", "버스 버스 버스", "공원(쓰레기통)!! 12월 3일 ABC", "ㅋㅋ", *TEXTS[:20]]


def stack_of(embedder=None) -> HeadStack:
    head = fit_head(rows(clean(TEXTS), embedder), LABELS, classes=CLASSES, background=rows(["점심 뭐 먹지"], embedder))
    return HeadStack([head, multi_model().head])


@pytest.mark.parametrize("column", range(7))
def test_word_weights_sum_to_the_score_of_each_class(column):
    stack = stack_of()
    grams = ngrams(clean(ODD))
    scores = stack.scores(Rows(grams.matrix))
    which = 0 if column < 4 else 1
    score = np.hstack([scores.logits[0], scores.scope[:, :1], scores.logits[1]])[:, column]
    weight = word_weights(
        grams, stack.table, np.full((len(ODD), 1), column), np.ascontiguousarray(scores.norm[:, [which]])
    )
    total = np.bincount(grams.word_doc, weight[:, 0], len(ODD)) + stack.bias[column]
    assert np.allclose(total, score, atol=1e-4)


@pytest.mark.parametrize("column", range(3))
def test_with_an_embedding_words_and_subwords_sum_to_the_score(column):
    stack = stack_of(Syllables())
    batch = read(clean(ODD), Syllables())
    scores = stack.scores(Rows(batch.grams.matrix, batch.vectors))
    at = np.full((len(ODD), 1), column)
    doc = batch.grams.word_doc
    weight = word_weights(batch.grams, stack.table, at, scores.norm[:, :1])
    weight = weight + piece_weights(batch.pieces, Syllables.weights @ stack.dense, at, doc)
    total = np.bincount(doc, weight[:, 0], len(ODD)) + stack.bias[column]
    assert np.allclose(total, scores.logits[0][:, column], atol=1e-4)


def test_a_word_weighs_what_the_score_loses_without_it():
    stack = stack_of()
    texts = ["버스가 안 와요", "버스가 와요"]
    grams = ngrams(texts)
    scores = stack.scores(Rows(grams.matrix))
    weight = word_weights(grams, stack.table, np.zeros((2, 1), np.int64), scores.norm[:, :1])[:, 0]
    part = (scores.logits[0][:, 0] - stack.bias[0]) * scores.norm[:, 0]
    assert weight[1] * scores.norm[0, 0] == pytest.approx(part[0] - part[1], abs=1e-3)


def test_the_heaviest_words_come_first():
    grams = ngrams(["가 나 다 라 마", "", "바 사", "아"])
    weight = np.array([[3, 0], [1, 0], [2, 0], [-1, 5], [2, 0], [-1, 1], [0, 1], [9, -9]], np.float32)
    first, second = top_words(grams, weight, 3)
    assert Reasons([first])[0] == (Reason("가", 3), Reason("다", 2), Reason("마", 2))
    assert list(Reasons([first]).words()) == [["가", "다", "마"], [], [], ["아"]]
    assert list(Reasons([second]).words()) == [["라"], [], ["바", "사"], []]


def test_reasons_of_several_batches_are_one_sequence():
    parts = [
        top_words(ngrams(batch), np.ones((sum(len(t.split()) for t in batch), 1), np.float32), 2)[0]
        for batch in (["가 나", "다"], [""], ["라 마 바"])
    ]
    reasons = Reasons(parts)
    assert len(reasons) == 4
    assert [[r.word for r in row] for row in reasons] == [["가", "나"], ["다"], [], ["라", "마"]]
    assert reasons[-1] == reasons[3]
    assert reasons[1:3] == [reasons[1], reasons[2]]
    with pytest.raises(IndexError):
        reasons[4]
    assert len(Reasons([])) == 0
    assert list(Reasons([])) == []


def test_a_word_is_named_once():
    grams = ngrams(["버스 버스! 택시"])
    (top,) = top_words(grams, np.array([[3], [2], [1]], np.float32), 3)
    assert list(Reasons([top]).words()) == [["버스", "택시"]]
    assert len(Reasons([top])[0]) == 3
