"""Models of every released version and format must load, and answer what they answered then."""

import json
from pathlib import Path

import numpy as np
import pytest

from ideaclass import Store, load
from ideaclass.exchange import import_model
from ideaclass.learn.data import of_artifact

KEPT = sorted(Path(__file__).parent.glob("*.zip"))


def test_there_is_one():
    assert KEPT


@pytest.mark.parametrize("path", KEPT, ids=[p.stem for p in KEPT])
def test_a_kept_model_loads_and_predicts_the_same_numbers(path, tmp_path):
    store = Store(tmp_path)
    artifact = import_model(path, store)
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    model = load("golden", store=store)
    texts = [row["text"] for row in expected["rows"]]
    answers = model.predict(texts)
    assert list(model.classes_) == expected["classes"]
    assert [p.label for p in answers] == [row["label"] for row in expected["rows"]]
    assert [p.review for p in answers] == [row["review"] for row in expected["rows"]]
    want = [row["probability"] for row in expected["rows"]]
    np.testing.assert_allclose(model.predict_proba(texts), want, atol=2e-6)
    assert len(of_artifact(artifact)) == 54
