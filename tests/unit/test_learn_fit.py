import numpy as np
import pytest
from learn_data import rows as pairs

from ideaclass.evaluate import class_scores, difference
from ideaclass.features import rows
from ideaclass.learn.card import card, confusion_pairs, gain_of_more, upper_accuracy
from ideaclass.learn.clean import tidy
from ideaclass.learn.fit import fit, truth_matrix
from ideaclass.learn.review import doubt, suspects
from ideaclass.learn.split import deal, near_duplicates
from ideaclass.text import clean


def tidied(found, **options):
    return tidy(
        [t for t, _ in found], [[label] for _, label in found], [f"f#{i}" for i in range(len(found))], **options
    )


@pytest.fixture(scope="module")
def fitted():
    cleaned = tidied(pairs())
    return cleaned, fit(cleaned.examples, cleaned.classes, multi=False)


def test_near_duplicates_are_grouped_and_others_are_not():
    texts = ["고양이들 살려주세요", "고양이들을 살려주세요", "버스 노선을 늘려 주세요", "세금이 너무 많아요", ""]
    groups = near_duplicates(rows(clean(texts)).counts, alike=0.6)
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 4


def test_groups_stay_whole_labels_are_even_and_order_does_not_matter():
    texts = [f"글 {i}" for i in range(100)]
    labels = [("가",) if i % 4 else ("나",) for i in range(100)]
    groups = np.array([i // 2 for i in range(100)])
    folds = deal(texts, labels, groups)
    assert all(len(set(folds[groups == g])) == 1 for g in range(50))
    assert np.bincount(folds).tolist() == pytest.approx([20] * 5, abs=4)
    order = np.random.default_rng(0).permutation(100)
    again = deal([texts[i] for i in order], [labels[i] for i in order], groups[order])
    np.testing.assert_array_equal(again, folds[order])


def test_a_new_text_joins_the_fold_of_its_near_duplicate():
    taken = np.array([3, -1, -1])
    assert deal(["a", "a!", "b"], [("x",)] * 3, np.array([0, 0, 1]), taken=taken)[:2].tolist() == [3, 3]


def test_class_scores_agree_with_scikit_learn():
    from sklearn.metrics import accuracy_score, f1_score

    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    found = class_scores(np.eye(4, dtype=bool)[y], np.eye(4, dtype=bool)[p], rounds=200)
    assert found.macro_f1.value == pytest.approx(f1_score(y, p, average="macro"))
    assert found.accuracy.value == pytest.approx(accuracy_score(y, p))
    assert found.macro_f1.low < found.macro_f1.value < found.macro_f1.high
    worse = difference(np.eye(4, dtype=bool)[y], np.eye(4, dtype=bool)[y], np.eye(4, dtype=bool)[p])[1]
    assert worse.high < 0


def test_classes_are_learned_on_held_out_folds(fitted):
    _, found = fitted
    assert found.scores.accuracy.value > 0.9
    assert {e.fold for e in found.examples} == {0, 1, 2, 3, 4}
    assert found.head.classes == found.classes == ("교통", "복지", "환경")


def test_row_order_gives_the_same_weights(fitted):
    cleaned, found = fitted
    again = fit(cleaned.examples[::-1], cleaned.classes, multi=False)
    np.testing.assert_array_equal(again.head.weights, found.head.weights)
    assert again.examples == found.examples


def test_planted_wrong_labels_are_listed():
    found = pairs()
    for i in (3, 50, 90):
        found[i] = (found[i][0], "교통" if found[i][1] != "교통" else "환경")
    cleaned = tidied(found)
    f = fit(cleaned.examples, cleaned.classes, multi=False)
    listed = {f.examples[s.row].text for s in suspects(f)}
    planted = {found[i][0] for i in (3, 50, 90)}
    assert len(listed & planted) >= 2
    assert len(listed) <= 6


def test_no_doubt_where_the_label_is_the_most_probable():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]], np.float32)
    holds = np.array([[True, False], [False, True], [True, False]])
    assert doubt(p, holds).round(2).tolist() == [0, 0, 0.8]


def test_the_card_says_everything_and_marks_what_quotes_texts(fitted):
    cleaned, found = fitted
    for lang, words in {"ko": ["macro-F1", "학습 건수", "분류별 단어", "버스"], "en": ["rows trained on"]}.items():
        text = card("my-dept", found, cleaned, lang=lang)
        assert all(w in text for w in words)
        assert "<!-- texts -->" in text


def test_hierarchy_and_growth():
    assert gain_of_more({100: 0.5, 200: 0.6, 400: 0.68})[1] > 0
    assert gain_of_more({100: 0.5}) is None


def test_several_labels_at_once():
    found = pairs()
    cleaned = tidy(
        [t for t, _ in found],
        [[label, "안내"] if "안내" in t else [label] for t, label in found],
        [str(i) for i in range(len(found))],
    )
    f = fit(cleaned.examples, cleaned.classes, multi=True)
    assert f.head.multi
    assert len(f.policy.label_thresholds) == 4
    assert f.scores.macro_f1.value > 0.85
    assert upper_accuracy(f) is None
    assert all(n > 0 for *_, n in confusion_pairs(f))


def test_a_label_outside_the_classes_is_left_out():
    assert truth_matrix([("a", "z"), ("b",)], ["a", "b"]).tolist() == [[True, False], [False, True]]
