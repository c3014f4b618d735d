import numpy as np
import pandas as pd
import pytest
from tiny import BUS, CARE, PARK, task_model, taxonomy_toml

import ideaclass
from ideaclass.artifacts import Store
from ideaclass.errors import ColumnError, InputError, UnknownModelError
from ideaclass.model import to_artifact

OURS = ["분야 topic", "분야 topic 확신도", "분야 topic 2순위", "분야 topic 근거 단어", "분야 topic 검토"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    there = Store(tmp_path_factory.mktemp("store"))
    model = task_model()
    there.save(to_artifact(model.head, model.policy, taxonomy_toml(), name="topic"))
    return there


@pytest.fixture
def ask(store):
    return lambda data, **how: ideaclass.label(data, ["topic"], store=store, **how)


def test_a_list_has_a_plain_index(ask):
    found = ask([BUS[0], PARK[0], CARE[0]])
    assert list(found.columns) == OURS
    assert found.index.equals(pd.RangeIndex(3))
    assert found["분야 topic"].tolist() == ["교통", "환경", "복지"]
    assert found["분야 topic 확신도"].between(0, 1).all()


def test_a_table_keeps_the_callers_index(ask):
    data = pd.DataFrame({"번호": [7, 8, 9], "내용": [BUS[0], None, CARE[0]]}, index=["b", "a", "b"])
    before = data.copy()
    found = ask(data, text="내용")
    assert found.index.tolist() == ["b", "a", "b"]
    assert found["분야 topic"].tolist() == ["교통", "", "복지"]
    assert found["처리 메모"].tolist() == ["", "empty", ""]
    pd.testing.assert_frame_equal(data, before)
    assert data.join(found.reset_index(drop=True), how="cross").shape[0] == 9


def test_a_column_is_labelled(ask):
    found = ask(pd.Series([BUS[0], np.nan, pd.NA, pd.NaT, None, 3, 2.5], index=range(10, 17), dtype=object))
    assert found.index.tolist() == list(range(10, 17))
    assert found["처리 메모"].tolist() == ["", *["empty"] * 4, "", ""]


def test_several_text_columns_are_joined(ask):
    data = pd.DataFrame({"제목": ["버스", "", None], "내용": [BUS[0], PARK[0], None]})
    found = ask(data, text=["제목", "내용"])
    together = ask([f"버스 {BUS[0]}", PARK[0], ""])
    pd.testing.assert_frame_equal(found, together)


def test_english_names_on_request(ask):
    found = ask([BUS[0]], lang="en")
    assert found.columns[0] == "Topic topic"
    assert found.iloc[0, 0] == "교통-en"
    with pytest.raises(InputError, match="lang must be 'ko' or 'en', not 'jp'"):
        ask([BUS[0]], lang="jp")


def test_an_empty_table_stays_empty(ask):
    found = ask(pd.DataFrame({"내용": []}), text="내용")
    assert list(found.columns) == OURS
    assert len(found) == 0


def test_row_order_does_not_matter(ask):
    data = pd.DataFrame({"t": [f"{t} {i}" for i in range(200) for t in (BUS[0], PARK[1], CARE[2], "음")]})
    mixed = data.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(ask(mixed, text="t").sort_index(), ask(data, text="t"))


def test_columns_that_are_not_there_are_named(ask):
    data = pd.DataFrame([["가", "나", 1]], columns=["내용", "내용", 3])
    with pytest.raises(ColumnError, match=r"say which column holds the text: .*; the columns are 내용, 내용, 3"):
        ask(data)
    with pytest.raises(ColumnError, match="there is no column '의견'; the columns are 내용, 내용, 3"):
        ask(data, text="의견")
    with pytest.raises(ColumnError, match="there are two columns '내용'"):
        ask(data, text=["내용"])


def test_other_things_are_refused(ask, store):
    with pytest.raises(InputError, match=r"pass \[text\]"):
        ask("버스가 늦어요")
    with pytest.raises(UnknownModelError, match="there is no model 'x'; there are: topic"):
        ideaclass.label(["버스"], ["x"], store=store)


def test_the_one_liner_asks_the_shipped_models():
    found = ideaclass.label(["버스가 늦어요", "감사 결과를 공개합시다"])
    assert [c for c in found.columns if " " not in c] == ["SWOT", "ESG", "더하자·바꾸자·빼자"]
    assert len(found.columns) == 15
