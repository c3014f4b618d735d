import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from ideaclass.errors import InputError, NotFittedError
from ideaclass.sklearn_api import IdeaClassifier

BUS = [
    "버스 배차 간격을 줄여 주세요",
    "지하철 환승이 불편해요",
    "버스 정류장 의자",
    "자전거 도로 확충",
    "주차장이 모자라요",
]
PARK = [
    "공원에 나무를 심어 주세요",
    "미세먼지 대책 필요",
    "쓰레기 분리수거 안내",
    "하천 냄새가 나요",
    "공원 쓰레기통 설치",
]
TEXTS = [f"{t} {n}동" for n in range(4) for t in BUS + PARK]
LABELS = (["교통"] * 5 + ["환경"] * 5) * 4


with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Can't test estimator IdeaClassifier which requires input", SkipTestWarning)
    checks = parametrize_with_checks([IdeaClassifier(calibration_folds=0)])


@checks
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "name",
    [
        "check_estimator_tags_renamed",
        "check_valid_tag_types",
        "check_estimator_repr",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_get_params_invariance",
        "check_set_params",
        "check_mixin_order",
    ],
)
def test_scikit_learn_checks_that_need_no_numbers(name):
    getattr(estimator_checks, name)("IdeaClassifier", IdeaClassifier())


def test_labels_are_learned_and_probabilities_agree():
    model = IdeaClassifier().fit(TEXTS, LABELS)
    new = ["버스가 안 와요", "공원 나무가 말라요"]
    p = model.predict_proba(new)
    assert model.predict(new).tolist() == ["교통", "환경"]
    assert model.classes_[p.argmax(axis=1)].tolist() == ["교통", "환경"]
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-9)
    assert model.decision_function(new).shape == (2,)


def test_pipeline_grid_search_clone_and_cross_validation():
    pipe = make_pipeline(FunctionTransformer(), IdeaClassifier(calibration_folds=0))
    assert isinstance(clone(pipe), Pipeline)
    search = GridSearchCV(pipe, {"ideaclassifier__C": [0.1, 1.0]}, cv=2).fit(np.array(TEXTS, object), LABELS)
    assert search.best_score_ > 0.8
    assert cross_val_score(IdeaClassifier(), TEXTS, LABELS, cv=3).mean() > 0.8
    assert cross_val_predict(IdeaClassifier(), TEXTS, LABELS, cv=3, method="predict_proba").shape == (40, 2)


def test_pickled_and_parallel_models_predict_the_same():
    model = IdeaClassifier().fit(TEXTS, LABELS)
    want = model.predict_proba(TEXTS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(TEXTS), want)
    parts = joblib.Parallel(2)(joblib.delayed(model.predict_proba)(TEXTS[i : i + 20]) for i in (0, 20))
    np.testing.assert_allclose(np.concatenate(parts), want, rtol=1e-6)


def test_sample_weight_and_class_weight_move_the_answer():
    texts, labels = ["주차 문의", "주차 문의 둘", "주차 문의 셋", "주차 안내"], ["가", "나", "나", "가"]
    even = IdeaClassifier(calibration_folds=0, class_weight=None)
    low = even.fit(texts, labels, sample_weight=[1, 1, 1, 1]).predict_proba(["주차"])[0, 0]
    high = even.fit(texts, labels, sample_weight=[9, 1, 1, 9]).predict_proba(["주차"])[0, 0]
    assert high > low
    by_class = IdeaClassifier(calibration_folds=0, class_weight={"가": 9.0, "나": 1.0}).fit(texts, labels)
    assert by_class.predict_proba(["주차"])[0, 0] > low


def test_a_matrix_of_labels_gives_a_matrix_of_answers():
    y = np.array([[label == "교통", "쓰레기" in text] for text, label in zip(TEXTS, LABELS, strict=True)], int)
    model = IdeaClassifier().fit(TEXTS, y)
    p = model.predict_proba(TEXTS)
    np.testing.assert_array_equal(model.predict(TEXTS), p >= 0.5)
    assert (model.predict(TEXTS) == y).mean() > 0.95


def test_row_order_does_not_matter():
    order = np.random.default_rng(0).permutation(len(TEXTS))
    one = IdeaClassifier().fit(TEXTS, LABELS).predict_proba(TEXTS)
    two = IdeaClassifier().fit([TEXTS[i] for i in order], [LABELS[i] for i in order]).predict_proba(TEXTS)
    np.testing.assert_allclose(one, two, atol=2e-3)


def test_wrong_input_is_refused_in_one_line():
    with pytest.raises(InputError, match="one class only"):
        IdeaClassifier().fit(["가나", "다라"], ["x", "x"])
    with pytest.raises(InputError, match="row 1 of X is of type int"):
        IdeaClassifier().fit(["가나", 3], ["x", "y"])
    with pytest.raises(InputError, match="not one text"):
        IdeaClassifier().fit("가나", ["x"])
    with pytest.raises(InputError, match="2 texts and 1 labels"):
        IdeaClassifier().fit(["가", "나"], ["x"])
    with pytest.raises(NotFittedError) as caught:
        IdeaClassifier().predict(["가"])
    assert isinstance(caught.value, SklearnNotFittedError)
