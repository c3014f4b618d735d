from dataclasses import replace

import numpy as np
import pytest
from tiny import CLASSES, WRITERS, sentences

from ideaclass.classify import HeadStack, probabilities
from ideaclass.errors import InputError
from ideaclass.evaluate import expected_calibration_error, macro_f1
from ideaclass.features import Rows, rows
from ideaclass.text import clean
from ideaclass.training import CURVE, Examples, card, hold_out, library_versions, report, scores_by_group, train

TEXTS, LABELS, GROUPS = sentences()
OTHER = rows(["오늘 점심 뭐 먹지", "노래 추천 좀", "주가가 또 내렸네"])


def examples(**changes) -> Examples:
    return replace(Examples(rows(clean(TEXTS)), list(LABELS), GROUPS, CLASSES, OTHER), **changes)


def noisy(seed: int = 0) -> Examples:
    """A third of the labels wrong, so that there is something to calibrate."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(LABELS)) < 0.35
    return examples(labels=[str(rng.choice(CLASSES)) if w else label for w, label in zip(wrong, LABELS, strict=True)])


def with_vectors(e: Examples, lift: float) -> Examples:
    """Vectors that point to the true class, more so the greater the lift."""
    found = np.random.default_rng(1).normal(size=(len(TEXTS), 6)).astype(np.float32)
    found[:, :3] += np.float32(lift) * np.eye(3, dtype=np.float32)[[CLASSES.index(x) for x in LABELS]]
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    other = np.zeros((3, 6), np.float32)
    return replace(e, rows=Rows(e.rows.counts, found), background=Rows(OTHER.counts, other))


def arrays(head):
    return [getattr(head, name) for name in ("columns", "weights", "idf", "bias", "dense")]


@pytest.mark.parametrize("writer", WRITERS)
def test_no_row_is_scored_by_a_model_that_saw_its_writer(writer):
    """Other labels and other texts of a writer change the scores of everyone but that writer."""
    own = writer == GROUPS
    base = hold_out(examples(), share=0.0, C=10.0)
    shuffled = list(LABELS)
    for i, j in zip(np.flatnonzero(own), np.random.default_rng(0).permutation(np.flatnonzero(own)), strict=True):
        shuffled[i] = LABELS[j]
    held = hold_out(examples(labels=shuffled), share=0.0, C=10.0)
    assert np.array_equal(held.logits[own], base.logits[own])
    assert np.array_equal(held.scope[own], base.scope[own])
    assert np.array_equal(held.known[own], base.known[own])
    assert not np.array_equal(held.logits[~own], base.logits[~own])


def test_a_word_of_one_writer_alone_is_unknown_when_that_writer_is_left_out():
    texts = [f"{t} 붑쀍뾸춻" if g == "가영" else t for t, g in zip(TEXTS, GROUPS, strict=True)]
    held = hold_out(examples(rows=rows(clean(texts))), share=0.0, C=10.0)
    assert held.known[GROUPS == "가영"].max() < 0.95


def test_held_out_rows_say_what_was_true():
    held = hold_out(examples(), share=0.0, C=10.0)
    assert [CLASSES[i] for i in held.truth] == LABELS
    assert held.logits.shape == (len(TEXTS), 3)
    assert held.groups is GROUPS
    assert held.holds is None
    assert set(scores_by_group(held)) == set(WRITERS)
    assert min(scores_by_group(held).values()) == 1.0


def test_one_writer_cannot_be_left_out():
    one = examples(groups=np.full(len(TEXTS), "가영"))
    with pytest.raises(InputError, match=r"two writers or more to hold one out, and there is only \['가영'\]"):
        hold_out(one, share=0.0, C=10.0)


@pytest.fixture(scope="module")
def trained():
    told = []
    return train(noisy(), target=0.6, progress=told.append), told


def test_training_twice_gives_the_same_arrays(trained):
    one, two = trained[0], train(noisy(), target=0.6)
    assert all(np.array_equal(a, b) for a, b in zip(arrays(one.head), arrays(two.head), strict=True))
    assert one.policy == two.policy
    assert one.metrics() == two.metrics()
    assert one.head.temperature == two.head.temperature


def test_row_order_does_not_matter():
    e = noisy()
    order = np.random.default_rng(4).permutation(len(TEXTS))
    one, two = e.fit(share=0.0, C=10.0), e.pick(order).fit(share=0.0, C=10.0)
    for a, b in zip(arrays(one), arrays(two), strict=True):
        assert np.allclose(a, b, rtol=2e-3, atol=1e-6)
    a, b = (HeadStack([head]).scores(e.rows).logits[0] for head in (one, two))
    assert np.abs(a - b).max() < 5e-3
    held, mixed = hold_out(e, share=0.0, C=10.0), hold_out(e.pick(order), share=0.0, C=10.0)
    assert np.abs(held.logits[order] - mixed.logits).max() < 5e-3
    assert np.array_equal(held.answer[order], mixed.answer)


def test_a_report_judges_each_writer_by_the_others():
    held = hold_out(noisy(), share=0.0, C=10.0)
    found = report(held, target=0.6)
    for writer in WRITERS:
        own = held.groups == writer
        assert found.by_group[writer] == macro_f1(held.truth[own], held.answer[own])
    assert found.macro_f1.value == pytest.approx(np.mean(list(found.by_group.values())))
    assert found.accuracy == pytest.approx((held.truth == held.answer).mean())
    assert found.confusion.sum() == len(TEXTS)
    assert np.trace(found.confusion) == (held.truth == held.answer).sum()
    confidence = np.zeros(len(TEXTS), np.float32)
    silent = np.zeros(len(TEXTS), bool)
    for writer in WRITERS:
        own = held.groups == writer
        temperature, policy = held.calibrate(~own, 0.6)
        confidence[own] = probabilities(held.logits[own], temperature, multi=False).max(axis=1)
        silent[own] = ~policy.review(confidence[own], held.known[own], held.scope[own])
    right = held.truth == held.answer
    assert found.ece == pytest.approx(expected_calibration_error(confidence, right))
    assert found.answered == pytest.approx(silent.mean())
    assert found.precision == pytest.approx(right[silent].mean())
    assert found.to_dict()["split"] == "each writer left out in turn"


def test_calibration_of_a_writer_does_not_see_that_writer():
    held = hold_out(noisy(), share=0.0, C=10.0)
    other = replace(held, truth=np.where(held.groups == "나리", (held.truth + 1) % 3, held.truth))
    own = held.groups == "나리"
    assert held.calibrate(~own, 0.6) == other.calibrate(~own, 0.6)
    assert held.calibrate(own, 0.6) != other.calibrate(own, 0.6)


def test_training_reports_on_left_out_writers(trained):
    found, told = trained
    assert found.share == 0.0
    assert list(found.by_share) == [0.0]
    assert found.by_share[0.0] == pytest.approx(found.report.macro_f1.value, abs=1e-4)
    assert list(found.curve) == [*(round(144 * share) for share in CURVE), 144]
    assert found.curve[144] == found.by_share[0.0]
    assert found.policy.rows == len(TEXTS)
    assert found.head.temperature != 1.0
    assert told
    metrics = found.metrics()
    assert metrics["learning_curve"].keys() == {str(rows) for rows in found.curve}
    assert metrics["macro_f1_by_embedding_share"].keys() == {"0.0"}


def test_the_embedding_is_used_where_it_helps_and_only_there():
    order = np.random.default_rng(2).permutation(len(TEXTS))
    helpful = train(with_vectors(examples(rows=rows(clean([TEXTS[i] for i in order]))), 3.0), shares=(0.0, 2.0))
    assert helpful.share == 2.0
    assert helpful.head.dense.shape == (6, 4)
    assert helpful.by_share[2.0] > helpful.by_share[0.0]
    useless = train(with_vectors(examples(), 0.0), shares=(0.0, 2.0))
    assert useless.share == 0.0
    assert useless.head.dense.shape == (0, 4)


def test_several_labels_a_row():
    truth = np.array([[label == c or (c == "복지" and i % 2 == 0) for c in CLASSES] for i, label in enumerate(LABELS)])
    held = hold_out(examples(labels=truth), share=0.0, C=10.0)
    assert np.array_equal(held.holds, truth)
    temperature, policy = held.calibrate(np.ones(len(TEXTS), bool), 0.6)
    assert 0.04 < temperature < 21
    assert len(policy.label_thresholds) == 3
    p = probabilities(held.logits, temperature, multi=True)
    assert ((p >= policy.label_thresholds)[:, :2] == truth[:, :2]).mean() > 0.9
    found = report(held, target=0.6)
    right = truth[np.arange(len(TEXTS)), held.answer]
    assert found.accuracy == pytest.approx(right.mean())
    p = p.max(axis=1)
    assert found.ece == pytest.approx(expected_calibration_error(p, right), abs=0.05)


def test_the_card_says_what_was_found(trained):
    found, _ = trained
    data = [{"name": "tiny", "rows": {"교통": 72, "환경": 144}, "licence": "CC BY 4.0", "source": "tests"}]
    text = card("topic", found, data)
    assert text.startswith("# topic\n")
    assert "tiny: 216 rows" in text
    assert "CC BY 4.0" in text
    assert str(found.report.macro_f1) in text
    assert f"| 나리 | {found.report.by_group['나리']:.3f} |" in text
    assert f"| 144 | {found.curve[144]:.3f} |" in text
    assert f"target {0.6:.0%}" in text
    for name, row in zip(CLASSES, found.report.confusion.tolist(), strict=True):
        assert f"| {name} | {' | '.join(map(str, row))} |" in text


def test_versions_name_what_can_change_a_model():
    assert {"python", "numpy", "scipy", "scikit-learn"} <= library_versions().keys()
