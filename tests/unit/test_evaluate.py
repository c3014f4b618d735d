import numpy as np
import pytest
from scipy.stats import t as student
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from ideaclass.evaluate import (
    Interval,
    bootstrap,
    class_scores,
    confusion,
    difference,
    expected_calibration_error,
    macro_f1,
    mean_over_groups,
    risk_coverage,
)

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 4, 300)
ANSWER = np.where(RNG.random(300) < 0.7, TRUTH, RNG.integers(0, 4, 300))


def test_macro_f1_and_confusion_are_those_of_scikit_learn():
    assert macro_f1(TRUTH, ANSWER) == pytest.approx(f1_score(TRUTH, ANSWER, average="macro"))
    assert macro_f1(np.array([0, 0]), np.array([0, 1])) == pytest.approx((2 / 3 + 0) / 2)
    assert np.array_equal(confusion(TRUTH, ANSWER, 4), confusion_matrix(TRUTH, ANSWER))
    assert confusion(np.array([0, 2]), np.array([1, 2]), 3).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_mean_over_groups_is_students():
    values = [0.70, 0.74, 0.66, 0.81]
    low, high = student.interval(0.95, 3, np.mean(values), np.std(values, ddof=1) / 2)
    assert mean_over_groups(values).to_list() == [round(np.mean(values), 4), round(low, 4), round(high, 4)]
    assert mean_over_groups([0.9, 1.0]).high == 1.0
    assert np.isnan(mean_over_groups([0.9]).low)
    assert str(Interval(0.71234, 0.6, 0.8)) == "0.712 [0.600, 0.800]"


def test_bootstrap_covers_the_binomial_interval():
    right = RNG.random(500) < 0.8
    found = bootstrap(lambda rows: float(right[rows].mean()), 500)
    half = 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / 500)
    assert found.value == right.mean()
    assert found.low == pytest.approx(right.mean() - half, abs=0.006)
    assert found.high == pytest.approx(right.mean() + half, abs=0.006)
    assert found == bootstrap(lambda rows: float(right[rows].mean()), 500)
    assert found != bootstrap(lambda rows: float(right[rows].mean()), 500, seed=1)


def test_calibration_error_against_known_values():
    sure, half = np.full(100, 0.9, np.float32), np.full(100, 0.55, np.float32)
    right = np.arange(100) < 90
    assert expected_calibration_error(sure, right) == pytest.approx(0, abs=1e-6)
    assert expected_calibration_error(sure, np.arange(100) < 50) == pytest.approx(0.4, abs=1e-6)
    both = np.concatenate([sure, half]), np.concatenate([right, np.arange(100) < 75])
    assert expected_calibration_error(*both) == pytest.approx((0 + 0.2) / 2, abs=1e-6)
    assert expected_calibration_error(np.array([0.0, 1.0], np.float32), np.array([False, True])) == 0
    assert expected_calibration_error(np.zeros(0, np.float32), np.zeros(0, bool)) == 0


def test_risk_coverage_answers_the_surest_first():
    confidence = np.array([0.9, 0.2, 0.8, 0.4], np.float32)
    right = np.array([True, False, True, True])
    assert risk_coverage(confidence, right, (0.0, 0.5, 0.75, 1.0)) == [(0.0, 1.0), (0.5, 1.0), (0.75, 1.0), (1.0, 0.75)]


@pytest.mark.parametrize("several", [False, True])
def test_class_scores_are_those_of_scikit_learn(several):
    holds, said = np.eye(4, dtype=bool)[TRUTH], np.eye(4, dtype=bool)[ANSWER]
    if several:
        holds, said = holds | (RNG.random(holds.shape) < 0.2), said | (RNG.random(said.shape) < 0.2)
    found = class_scores(holds, said)
    assert np.allclose(found.precision, precision_score(holds, said, average=None))
    assert np.allclose(found.recall, recall_score(holds, said, average=None))
    assert np.allclose(found.f1, f1_score(holds, said, average=None))
    assert found.macro_f1.value == pytest.approx(f1_score(holds, said, average="macro"), abs=1e-6)
    assert found.accuracy.value == pytest.approx((holds == said).all(axis=1).mean(), abs=1e-6)
    assert found.rows.tolist() == holds.sum(axis=0).tolist()
    for figure in (found.accuracy, found.macro_f1):
        assert figure.low < figure.value < figure.high
        assert 0.03 < figure.high - figure.low < 0.2


def test_a_difference_is_paired():
    holds = np.eye(4, dtype=bool)[TRUTH]
    before = np.eye(4, dtype=bool)[ANSWER]
    accuracy, f1 = difference(holds, before, before)
    assert accuracy.to_list() == f1.to_list() == [0, 0, 0]
    accuracy, f1 = difference(holds, before, holds)
    assert accuracy.value == pytest.approx(1 - (ANSWER == TRUTH).mean(), abs=1e-6)
    assert accuracy.low > 0
    assert f1.low > 0
