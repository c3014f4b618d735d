from tiny import BUS, CARE, multi_model, task_model

from ideaclass.columns import columns, task_columns
from ideaclass.labeler import Labeler

LABELER = Labeler([task_model(), multi_model()])
TEXTS = [BUS[0], "", f"{BUS[1]} 그리고 {CARE[0]}"]
LABELS = LABELER.label(TEXTS)


def test_five_columns_a_task_and_a_note():
    ours = columns(LABELS, LABELER.taxonomies)
    assert [c.name for c in ours] == [
        "분야 topic", "분야 topic 확신도", "분야 topic 2순위", "분야 topic 근거 단어", "분야 topic 검토",
        "분야 topics", "분야 topics 확신도", "분야 topics 2순위", "분야 topics 근거 단어", "분야 topics 검토",
        "처리 메모",
    ]  # fmt: skip
    assert [c.kind for c in ours] == [*["label", "confidence", "second", "reasons", "review"] * 2, "note"]
    assert [c.task for c in ours] == [*["topic"] * 5, *["topics"] * 5, ""]
    assert all(len(c.values) == 3 for c in ours)
    assert ours[-1].values == ["", "empty", ""]


def test_a_single_label_and_what_goes_with_it():
    label, confidence, second, reasons, review = task_columns(LABELS.tasks["topic"], LABELER.taxonomies["topic"])
    assert label.values[:2] == ["교통", ""]
    assert confidence.values[0] == round(float(LABELS.tasks["topic"].confidence[0]), 3)
    assert confidence.values[1] is None
    assert second.values[0] in ("환경", "복지")
    assert second.values[1] == ""
    assert set(reasons.values[0].split(", ")) <= {w.strip(".") for w in BUS[0].split()}
    assert reasons.values[1] == ""
    assert review.values[1] == "검토 필요"
    assert set(review.values) <= {"", "검토 필요"}


def test_every_label_that_holds_is_named():
    label, *_ = task_columns(LABELS.tasks["topics"], LABELER.taxonomies["topics"])
    assert label.values == ["교통", "", "교통; 복지"]


def test_english_on_request():
    ours = columns(LABELS, LABELER.taxonomies, "en")
    assert [c.name for c in ours[:5]] == [
        "Topic topic", "Topic topic confidence", "Topic topic second", "Topic topic reasons", "Topic topic review",
    ]  # fmt: skip
    assert ours[0].values == ["교통-en", "", ours[0].values[2]]
    assert ours[5].values == ["교통-en", "", "교통-en; 복지-en"]
    assert ours[-1].name == "note"


def test_no_note_where_every_row_has_a_label():
    ours = columns(LABELER.label([BUS[0]]), LABELER.taxonomies)
    assert len(ours) == 10
    assert columns(LABELER.label([]), LABELER.taxonomies)[0].values == []
