import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from tiny import CLASSES, sentences

from ideaclass.classify import IDF_POWER, HeadStack, fit_head, fit_temperature, probabilities
from ideaclass.errors import InputError
from ideaclass.evaluate import expected_calibration_error
from ideaclass.features import WIDTH, Rows, rows
from ideaclass.text import clean

TEXTS, LABELS, _ = sentences()
ROWS = rows(clean(TEXTS))
OTHER = rows(["오늘 점심 뭐 먹지", "노래 추천 좀", "주가가 또 내렸네"])


def vectors(n: int, d: int = 5, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_scores_are_those_of_scikit_learn():
    n = len(TEXTS)
    seen = np.bincount(ROWS.counts.indices, minlength=WIDTH)
    idf = (np.log((1 + n) / (1 + seen)) + 1) ** IDF_POWER
    weighted = (ROWS.counts @ sp.diags(idf)).tocsr()[:, seen > 0]
    unit = sp.diags(1 / np.sqrt(np.asarray(weighted.power(2).sum(axis=1)).ravel())) @ weighted
    model = LogisticRegression(C=3.0, max_iter=1000).fit(unit, LABELS)
    head = fit_head(ROWS, LABELS, classes=tuple(model.classes_), C=3.0)
    p = probabilities(HeadStack([head]).scores(ROWS).logits[0], 1.0, multi=False)
    assert np.allclose(p, model.predict_proba(unit), atol=2e-4)


@pytest.mark.parametrize("loss", ["logistic", "hinge"])
@pytest.mark.parametrize("class_weight", [None, "balanced", "root"])
@pytest.mark.parametrize("classes", [CLASSES, CLASSES[:2], CLASSES[::-1]])
def test_a_head_learns_its_classes_in_the_order_given(loss, class_weight, classes):
    own = np.flatnonzero([label in classes for label in LABELS])
    labels = [LABELS[i] for i in own]
    head = fit_head(ROWS.pick(own), labels, classes=classes, loss=loss, class_weight=class_weight)
    assert head.classes == classes
    logits = HeadStack([head]).scores(ROWS.pick(own)).logits[0]
    assert [classes[i] for i in logits.argmax(axis=1)] == labels
    assert np.allclose(logits.sum(axis=1), 0, atol=1e-4)
    assert not head.multi
    assert not head.scoped


def test_a_class_without_rows_is_never_answered():
    head = fit_head(ROWS, LABELS, classes=("체육", *CLASSES, "문화"), background=OTHER)
    p = probabilities(HeadStack([head]).scores(ROWS).logits[0], 1.0, multi=False)
    assert p.shape == (len(TEXTS), 5)
    assert p[:, [0, 4]].max() < 1e-6


@pytest.mark.parametrize("classes", [CLASSES, CLASSES[:2]])
def test_one_class_alone_is_always_answered(classes):
    own = np.flatnonzero([label == classes[1] for label in LABELS])
    head = fit_head(ROWS.pick(own), [classes[1]] * len(own), classes=classes)
    p = probabilities(HeadStack([head]).scores(OTHER).logits[0], 1.0, multi=False)
    assert p[:, 1].min() > 0.999


def test_rows_count_by_their_weight():
    texts = ["버스 늘려요"] * 6
    numbers = rows(texts)
    labels = ["더", "더", "더", "바꿔", "바꿔", "바꿔"]
    heavy = fit_head(numbers, labels, classes=("더", "바꿔"), sample_weight=np.array([1.0] * 3 + [5.0] * 3))
    assert HeadStack([heavy]).scores(numbers).logits[0][0].argmax() == 1


def test_many_labels_have_a_sigmoid_each():
    truth = np.array([[label == c or c == "복지" for c in CLASSES] for label in LABELS])
    head = fit_head(ROWS, truth, classes=CLASSES)
    assert head.multi
    p = probabilities(HeadStack([head]).scores(ROWS).logits[0], 1.0, multi=True)
    assert np.array_equal(p > 0.5, truth)


def test_the_scope_tells_its_own_texts_from_others():
    scores = HeadStack([fit_head(ROWS, LABELS, classes=CLASSES, background=OTHER)])
    assert scores.heads[0].scoped
    assert scores.scores(ROWS).scope.min() > scores.scores(OTHER).scope.max()
    assert np.isinf(HeadStack([fit_head(ROWS, LABELS, classes=CLASSES)]).scores(OTHER).scope).all()


def test_known_is_the_share_of_ngrams_seen():
    stack = HeadStack([fit_head(ROWS, LABELS, classes=CLASSES)])
    known = stack.scores(rows(["버스 배차 간격을", "qzx wvk", "버스 배차 qzxwvkj", ""])).known[:, 0]
    assert known[0] == pytest.approx(1)
    assert known[1] < 0.3
    assert known[1] < known[2] < known[0]
    assert known[3] == 0
    assert stack.scores(ROWS).known.min() == pytest.approx(1, abs=1e-5)


def test_heads_side_by_side_score_as_alone():
    n = len(TEXTS)
    one = fit_head(ROWS, LABELS, classes=CLASSES, background=OTHER)
    two = fit_head(ROWS, [label == "교통" for label in LABELS], classes=("False", "True"))
    three = fit_head(Rows(ROWS.counts, vectors(n)), LABELS, classes=CLASSES, share=0.5)
    numbers = Rows(ROWS.counts, vectors(n, seed=1))
    together = HeadStack([one, two, three]).scores(numbers)
    for i, head in enumerate((one, two, three)):
        alone = HeadStack([head]).scores(numbers)
        assert np.allclose(together.logits[i], alone.logits[0], atol=1e-5)
        assert np.allclose(together.norm[:, i], alone.norm[:, 0], rtol=1e-6)
        assert np.allclose(together.known[:, i], alone.known[:, 0], atol=1e-6)
        assert np.allclose(together.scope[:, i], alone.scope[:, 0], atol=1e-5)


def test_the_embedding_counts_by_its_share():
    n = len(TEXTS)
    only = vectors(n)
    only[:, :3] += 3 * np.eye(3, dtype=np.float32)[[CLASSES.index(x) for x in LABELS]]
    blank = Rows(rows([""] * n).counts, only / np.linalg.norm(only, axis=1, keepdims=True))
    head = fit_head(blank, LABELS, classes=CLASSES, share=2.0)
    assert head.dense.shape == (5, 3)
    assert (HeadStack([head]).scores(blank).logits[0].argmax(axis=1) == [CLASSES.index(x) for x in LABELS]).all()
    with pytest.raises(InputError, match="vectors are needed"):
        HeadStack([head]).scores(ROWS)


def test_rounding_is_what_storing_does():
    head = fit_head(ROWS, LABELS, classes=CLASSES).rounded()
    for name in ("weights", "idf", "bias", "dense"):
        array = getattr(head, name)
        assert array.dtype == np.float32
        assert np.array_equal(array, array.astype(np.float16).astype(np.float32))
    assert head.calibrated(2.0).temperature == 2.0
    assert head.temperature == 1.0


def test_probabilities_sum_to_one_and_do_not_overflow():
    logits = np.array([[1000, -1000, 0], [1, 2, 3]], np.float32)
    single = probabilities(logits, 0.5, multi=False)
    assert np.allclose(single.sum(axis=1), 1)
    assert np.allclose(single[1], np.exp([2, 4, 6]) / np.exp([2, 4, 6]).sum(), rtol=1e-5)
    several = probabilities(np.array([[0, 2], [-200, 200]], np.float32), 1.0, multi=True)
    assert np.allclose(several, [[0.5, 0.8808], [0, 1]], atol=1e-4)


@pytest.mark.parametrize("sharp", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("multi", [False, True])
def test_the_temperature_of_synthetic_scores_is_found(sharp, multi):
    rng = np.random.default_rng(3)
    true = rng.normal(scale=2, size=(6000, 3)).astype(np.float32)
    p = probabilities(true, 1.0, multi=multi)
    if multi:
        truth = rng.random(p.shape) < p
    else:
        truth = np.eye(3, dtype=bool)[(rng.random((6000, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=2)]
    found = fit_temperature(true * np.float32(sharp), truth, multi=multi)
    assert found == pytest.approx(sharp, rel=0.08)
    if not multi:
        p = probabilities(true * np.float32(sharp), found, multi=False)
        right = truth[np.arange(6000), p.argmax(axis=1)]
        assert expected_calibration_error(p.max(axis=1), right) < 0.025
        if sharp != 1:
            raw = probabilities(true * np.float32(sharp), 1.0, multi=False)
            assert expected_calibration_error(raw.max(axis=1), right) > 0.1
