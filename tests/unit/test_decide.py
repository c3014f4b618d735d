import json

import numpy as np
import pytest

from ideaclass.decide import Policy, fit_label_thresholds, fit_policy, wilson_lower


def draw(n: int, seed: int, lift: float = 0.0):
    """Calibrated answers: each is right as often as its confidence says."""
    rng = np.random.default_rng(seed)
    confidence = rng.beta(4, 2, n).astype(np.float32)
    right = rng.random(n) < np.clip(confidence + lift, 0, 1)
    known = rng.uniform(0.2, 1, n).astype(np.float32)
    scope = rng.normal(size=n).astype(np.float32)
    return confidence, right, known, scope


@pytest.mark.parametrize("target", [0.8, 0.9])
def test_the_target_holds_on_fresh_rows(target):
    reached = []
    for seed in range(30):
        confidence, right, known, scope = draw(3000, seed)
        policy = fit_policy(confidence, right, known, scope, target=target)
        assert policy.precision >= target
        assert policy.rows == 3000
        confidence, right, known, scope = draw(20_000, 1000 + seed)
        silent = ~policy.review(confidence, known, scope)
        reached.append(right[silent].mean())
        assert silent.mean() == pytest.approx(policy.coverage, abs=0.03)
    assert np.mean(reached) >= target
    assert np.mean(np.array(reached) >= target - 0.01) >= 0.8


def test_a_target_out_of_reach_sends_every_row_to_a_person():
    rng = np.random.default_rng(0)
    confidence, _, known, scope = draw(2000, 0)
    policy = fit_policy(confidence, rng.random(2000) < 0.5, known, scope, target=0.9)
    assert (policy.threshold, policy.precision, policy.coverage) == (1.01, 0.0, 0.0)
    assert policy.review(np.ones(3, np.float32), np.ones(3, np.float32), np.full(3, 9, np.float32)).all()


def test_a_few_right_rows_prove_nothing():
    one = np.ones(5, np.float32)
    assert fit_policy(one * np.float32(0.99), np.ones(5, bool), one, one, target=0.9).threshold == 1.01


def test_an_answer_more_likely_wrong_than_right_is_always_checked():
    n = 500
    confidence = np.linspace(0.2, 0.9, n).astype(np.float32)
    policy = fit_policy(confidence, np.ones(n, bool), np.ones(n, np.float32), np.ones(n, np.float32), target=0.5)
    assert 0.5 <= policy.threshold < 0.51


def test_the_threshold_does_not_cut_through_equal_confidences():
    confidence = np.repeat(np.array([0.9, 0.8, 0.7], np.float32), 200)
    right = np.concatenate([np.ones(200), np.ones(200), np.tile([1, 0], 100)]).astype(bool)
    one = np.ones(600, np.float32)
    policy = fit_policy(confidence, right, one, one, target=0.9)
    assert policy.threshold == pytest.approx(0.8)
    assert policy.coverage == pytest.approx(400 / 600, abs=1e-4)
    assert policy.precision == 1.0


def test_floors_send_strange_rows_to_a_person():
    confidence, right, known, scope = draw(4000, 5)
    policy = fit_policy(confidence, right, known, scope, target=0.7)
    assert policy.known_floor == pytest.approx(np.quantile(known, 0.02))
    assert policy.scope_floor == pytest.approx(np.quantile(scope, 0.03))
    sure = np.full(3, 0.999, np.float32)
    known_rows = np.array([0.0, 1.0, 1.0], np.float32)
    scope_rows = np.array([9.0, -9.0, 9.0], np.float32)
    assert policy.review(sure, known_rows, scope_rows).tolist() == [True, True, False]


def test_a_head_without_scope_has_no_scope_floor():
    confidence, right, known, _ = draw(1000, 5)
    policy = fit_policy(confidence, right, known, np.full(1000, np.inf, np.float32), target=0.7)
    assert policy.scope_floor is None
    assert not policy.review(np.ones(1, np.float32), np.ones(1, np.float32), np.full(1, -9, np.float32)).any()


def test_row_order_does_not_matter():
    parts = draw(2000, 8)
    order = np.random.default_rng(1).permutation(2000)
    assert fit_policy(*parts, target=0.8) == fit_policy(*(p[order] for p in parts), target=0.8)


def test_a_policy_survives_a_manifest():
    policy = Policy(0.62, 0.1, None, 0.9, 0.91, 0.4, 100, (0.3, 0.5))
    there = json.loads(json.dumps({**policy.to_dict(), "temperature": 1.0}))
    assert Policy.from_dict(there) == policy


def test_wilson_bound_against_known_values():
    low = wilson_lower(np.array([0, 45, 50]), np.array([50, 50, 50]), z=1.959964)
    assert low == pytest.approx([0.0, 0.7864, 0.9287], abs=1e-4)


def test_label_thresholds_give_the_best_f1():
    rng = np.random.default_rng(2)
    truth = rng.random((400, 3)) < [0.5, 0.1, 0.0]
    p = np.clip(truth * 0.3 + rng.random((400, 3)) * 0.7, 0, 1).astype(np.float32).round(1)

    def f1(column: int, threshold: float) -> float:
        said = p[:, column] >= np.float32(threshold)
        return 2 * (said & truth[:, column]).sum() / max(said.sum() + truth[:, column].sum(), 1)

    found = fit_label_thresholds(p, truth)
    for column in range(2):
        assert f1(column, found[column]) == pytest.approx(max(f1(column, t) for t in np.unique(p)))
    assert found[2] == pytest.approx(p[:, 2].max())


def test_where_no_held_out_row_is_wrong_the_threshold_is_the_least():
    confidence = np.linspace(0.93, 0.99, 400, dtype=np.float32)
    sure, scope = np.ones(400, np.float32), np.zeros(400, np.float32)
    assert fit_policy(confidence, np.ones(400, bool), sure, scope).threshold == 0.5
    right = confidence > 0.94
    assert fit_policy(confidence, right, sure, scope, target=0.95).threshold > 0.93
