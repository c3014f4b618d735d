"""The models in `models/`: whole, small, and made from the corpora beside them."""

from pathlib import Path

import numpy as np
import pytest

from ideaclass import taxonomy
from ideaclass.artifacts import Store
from ideaclass.build import examples_of
from ideaclass.corpus import ABOUT, read_corpus
from ideaclass.embed import stored
from ideaclass.model import KIND, TaskModel, arrays_of

ROOT = Path(__file__).resolve().parents[2]
STORE = Store(ROOT / "models")
NAMES = STORE.names()
TAXONOMIES = {name: taxonomy.load(name) for name in taxonomy.available()}
CORPORA = {p.parent.name: read_corpus(p.parent, TAXONOMIES) for p in sorted((ROOT / "corpora").glob(f"*/{ABOUT}"))}
CLASSIFIERS = [name for name in NAMES if STORE.verify(name).kind == KIND]
TASKS = [name for name in CLASSIFIERS if {d["name"] for d in STORE.verify(name).data} <= CORPORA.keys()]
"""Those made from `corpora/`; others name public data that is not ours to ship."""


def test_the_tasks_of_the_library_are_there():
    assert {"swot", "esg", "action", "innovation", "grievance", "review", "polarity", "business"} <= set(TASKS)


@pytest.mark.parametrize("name", NAMES)
def test_every_version_verifies(name):
    for version in STORE.versions(name):
        assert STORE.verify(f"{name}@{version}").version == version


@pytest.mark.parametrize("task", TASKS)
def test_a_model_is_made_from_the_corpora_as_they_are(task):
    manifest = STORE.verify(task)
    assert manifest.data
    for entry in manifest.data:
        corpus = CORPORA[entry["name"]]
        assert entry == corpus.description(task), "rebuild: ideaclass models build corpora --out models"


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_model_names_its_data(name):
    artifact = STORE.load(name)
    assert artifact.manifest.data
    for entry in artifact.manifest.data:
        assert all(entry[k] for k in ("name", "rows", "sha256", "licence", "source"))
        assert entry["licence"] in artifact.files["CARD.md"].decode()


@pytest.mark.parametrize("task", TASKS)
def test_a_model_says_what_to_expect_of_it(task):
    artifact = STORE.load(task)
    manifest, model = artifact.manifest, TaskModel.from_artifact(artifact)
    assert model.taxonomy == TAXONOMIES[task]
    assert manifest.metrics["split"] == "each writer left out in turn"
    assert manifest.metrics["expected_calibration_error"] <= 0.06
    assert model.policy.target == 0.9
    assert model.head.scoped
    card = artifact.files["CARD.md"].decode()
    assert "What to expect on unseen writers" in card
    assert "Limits" in card


def test_all_models_together_stay_small():
    size = sum(f.stat().st_size for f in (ROOT / "models").rglob("*") if f.is_file())
    assert size <= 60 * 1024**2


def test_a_rebuild_gives_the_shipped_arrays():
    """The head of the smallest task, fitted anew: the bytes of the model in `models/` where it was built.

    Another processor may add in another order and differ in the last place of half precision, no more.
    """
    task = min(TASKS, key=lambda name: sum(sum(d["rows"].values()) for d in STORE.verify(name).data))
    shipped = STORE.load(task)
    embedder = stored.from_artifact(STORE.load(stored.DEFAULT)) if stored.DEFAULT in NAMES else None
    examples = next(e for _, name, e in examples_of(list(CORPORA.values()), embedder) if name == task)
    share, C = (float(shipped.manifest.thresholds[k]) for k in ("share", "C"))
    built = arrays_of(examples.fit(share=share, C=C))
    assert built.keys() == shipped.arrays.keys()
    for name, array in shipped.arrays.items():
        assert (built[name].dtype, built[name].shape) == (array.dtype, array.shape)
        if built[name].tobytes() != array.tobytes():
            np.testing.assert_allclose(built[name].astype(float), array.astype(float), rtol=2e-3, atol=1e-4)
            assert (built[name] == array).mean() > 0.99
