import unicodedata

import pytest

from ideaclass.errors import ColumnError, InputError
from ideaclass.learn.clean import merge_spellings, read_labels, split_labels, tidy
from ideaclass.learn.data import Example, dump, mark_texts, parse, without_texts
from ideaclass.learn.taxa import from_labels, to_toml
from ideaclass.taxonomy import parse as parse_taxonomy

TEXTS = [f"버스가 늦어요 {c}동" for c in "가나다라마"] + [f"공원이 더러워요 {c}동" for c in "가나다라마"]
LABELS = [["교통"]] * 5 + [["환경"]] * 5


def run(texts=TEXTS, labels=LABELS, **options):
    return tidy(texts, labels, [f"f.csv#{i}" for i in range(len(texts))], **options)


def test_spellings_that_differ_by_space_case_or_nfd_are_one_label():
    nfd = unicodedata.normalize("NFD", "민원 상담과")
    chosen, merged = merge_spellings([["민원상담과"], ["민원상담과"], split_labels(nfd), ["CS팀"], ["cs 팀"], ["CS팀"]])
    assert chosen["민원 상담과"] == "민원상담과"
    assert merged == {"민원상담과": ["민원 상담과"], "CS팀": ["cs 팀"]}


def test_label_lists_marks_and_levels():
    assert split_labels("교통; 환경;교통") == ["교통", "환경"]
    assert split_labels("교통 > 주차") == ["교통>주차"]
    assert read_labels([["O", "", "x"], ["1", "1", "0"]], ["교통", "환경"]) == [["교통", "환경"], ["환경"], []]
    assert read_labels([["1", "0"]], ["등급"]) == [["1"], ["0"]]


def test_copies_count_once_and_conflicts_are_listed():
    texts = [*TEXTS, "버스가  늦어요 가동", "새 글이에요", "새 글이에요!", "버스가 늦어요 나동"]
    labels = [*LABELS, ["교통"], ["교통"], ["환경"], ["환경"]]
    found = run(texts, labels, min_rows=4)
    assert found.duplicates == 1
    assert sorted(a.text for a in found.aside) == sorted(
        ["새 글이에요", "새 글이에요!", "버스가 늦어요 나동", "버스가 늦어요 나동"]
    )
    assert {a.reason for a in found.aside} == {"conflict"}
    assert len(found.examples) + len(found.aside) + found.duplicates == len(texts)


def test_majority_decides_a_conflict():
    found = run([*TEXTS, TEXTS[0], TEXTS[0]], [*LABELS, ["교통"], ["환경"]])
    assert next(e for e in found.examples if e.text == TEXTS[0]).labels == ("교통",)
    assert [a.labels for a in found.aside] == [("환경",)]


def test_rows_without_text_or_label_and_small_classes_are_named():
    texts = [*TEXTS, "", "라벨 없음", "하나뿐인 글"]
    found = run(texts, [*LABELS, ["교통"], [], ["세금"]])
    assert sorted(a.reason for a in found.aside) == ["no label", "no text", "small"]
    small = next(a for a in found.aside if a.reason == "small")
    assert small.why("ko") == "분류 '세금'의 글이 1건뿐"
    assert small.why("en") == "the class '세금' has only 1 texts"
    assert found.classes == ("교통", "환경")


def test_several_labels_only_where_asked_for():
    labels = [["교통", "환경"], *LABELS[1:]]
    assert run(labels=labels).multi
    single = run(labels=labels, multi=False, min_rows=4)
    assert [a.reason for a in single.aside] == ["several"]


def test_row_order_does_not_change_the_result():
    assert run(TEXTS[::-1], LABELS[::-1]).classes == run().classes
    assert [e.text for e in run(TEXTS[::-1], LABELS[::-1]).examples] == [e.text for e in run().examples]


@pytest.mark.parametrize(
    ("texts", "labels", "error", "said"),
    [
        (TEXTS, [["교통"]] * 10, InputError, "only the class '교통' is left"),
        (TEXTS, [["교통"]] * 9 + [["환경"]], InputError, "--min-rows"),
        ([str(i) for i in range(10)], LABELS, ColumnError, "only 0 of 10 cells of the text column hold words"),
        ([f"글 {i}번" for i in range(5000)], [[f"분류{i}"] for i in range(5000)], InputError, "5,000 different labels"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_on_is_refused_in_one_line(texts, labels, error, said):
    with pytest.raises(error, match=said) as caught:
        run(texts, labels)
    assert "\n" not in str(caught.value)


def test_an_empty_label_column_is_refused():
    with pytest.raises(ColumnError, match="'부서' is empty in every row"):
        read_labels([["", " "]], ["부서"])


def test_examples_survive_writing_and_sort_by_themselves():
    examples = [Example("나 \n 글", ("b",), "f#2", 1), Example("가", ("a", "b"), "f#1", 0, "1.0.0", ("a",), 0.5)]
    assert parse(dump(examples), "x") == sorted(examples)
    assert dump(examples) == dump(examples[::-1])


def test_marked_lines_of_a_card_can_be_left_out():
    card = "\n".join(["# 카드", *mark_texts(["| 글 |", "비밀"]), "끝", ""])
    assert without_texts(card) == "# 카드\n끝\n"


def test_a_taxonomy_from_labels_reads_back():
    made = from_labels("우리", '이름 "따옴표"', ["교통>주차", "환경\\미화"], multi=True, source="파일\x7f")
    assert parse_taxonomy(to_toml(made)) == made
    assert made.categories[0].parent == "교통"
