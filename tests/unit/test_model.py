from dataclasses import replace

import numpy as np
import pytest
from tiny import CLASSES, multi_model, policy, task_model, taxonomy_toml

from ideaclass import features, taxonomy
from ideaclass.artifacts import Artifact, Store
from ideaclass.errors import ArtifactError
from ideaclass.model import TaskModel, arrays_of, to_artifact

MODEL = task_model(background=True)


def artifact(model=MODEL, **about) -> Artifact:
    text = taxonomy_toml(model.taxonomy.name, multi=model.taxonomy.multi)
    return to_artifact(model.head, model.policy, text, name=model.taxonomy.name, card="# card\n", **about)


def changed(arrays=(), files=(), **fields) -> Artifact:
    a = artifact()
    manifest = replace(a.manifest, **{k: v for k, v in fields.items() if k != "thresholds"})
    if "thresholds" in fields:
        manifest = replace(manifest, thresholds=fields["thresholds"](dict(manifest.thresholds)))
    return Artifact(manifest, {**a.arrays, **dict(arrays)}, {**a.files, **dict(files)})


@pytest.mark.parametrize("model", [MODEL, multi_model(), task_model("plain")])
def test_a_model_comes_back_from_the_store_as_it_was(tmp_path, model):
    saved = Store(tmp_path).save(artifact(model))
    there = TaskModel.from_artifact(Store(tmp_path).load(saved.manifest.ref))
    assert there.ref == f"{model.taxonomy.name}@1.0.0"
    assert there.taxonomy == model.taxonomy
    assert there.policy == model.policy
    for name in ("classes", "rest", "temperature", "multi", "scoped"):
        assert getattr(there.head, name) == getattr(model.head, name)
    for name in ("columns", "weights", "idf", "bias", "dense"):
        mine, theirs = getattr(model.head, name), getattr(there.head, name)
        assert mine.dtype == theirs.dtype
        assert np.array_equal(mine, theirs)


def test_what_is_stored():
    a = artifact(seed=7, thresholds={"C": 10.0, "threshold": "ours wins"}, metrics={"accuracy": 0.5})
    assert a.manifest.kind == "classifier"
    assert a.manifest.labels == CLASSES
    assert a.manifest.features == features.SPEC
    assert a.manifest.thresholds["threshold"] == 0.5
    assert a.manifest.thresholds["C"] == 10.0
    assert a.manifest.seed == 7
    assert a.manifest.metrics == {"accuracy": 0.5}
    assert a.files["CARD.md"] == b"# card\n"
    assert taxonomy.parse(a.files["taxonomy.toml"].decode()) == MODEL.taxonomy
    assert {k: str(v.dtype) for k, v in arrays_of(MODEL.head).items()} == {
        "columns": "int32", "weights": "float16", "idf": "float16", "bias": "float16", "dense": "float16",
    }  # fmt: skip


def test_rare_classes_teach_most():
    assert MODEL.rarity.tolist() == [1, 1, 1]
    data = [{"name": "one", "rows": {"교통": 99, "환경": 24}}, {"name": "two", "rows": {"복지": 399}}]
    model = TaskModel.from_artifact(artifact(data=data))
    assert model.trained == (99, 24, 399)
    assert model.rarity.tolist() == pytest.approx([0.5, 1, 0.25])


HEAD = MODEL.head
TWICE = np.concatenate([HEAD.columns[:-1], HEAD.columns[-2:-1]])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: changed(kind="embedder"), "is of kind 'embedder', not a classifier"),
        (lambda: changed(features={**features.SPEC, "bits": 20}), "made with other text features"),
        (
            lambda: changed(thresholds=lambda t: {k: v for k, v in t.items() if k != "rest_idf"}),
            "'rest_idf' is missing",
        ),
        (lambda: changed(thresholds=lambda t: {k: v for k, v in t.items() if k != "threshold"}), "'threshold'"),
        (lambda: changed(thresholds=lambda t: {**t, "temperature": "warm"}), "of the wrong kind"),
        (lambda: changed(files={"taxonomy.toml": b"\xff"}), "of the wrong kind"),
        (lambda: changed(files={"taxonomy.toml": b"name ="}), "topic@1.0.0/taxonomy.toml: not valid TOML"),
        (
            lambda: changed(files={"taxonomy.toml": taxonomy_toml(classes=("교통", "환경", "체육")).encode()}),
            "the manifest's labels are not those of taxonomy.toml",
        ),
        (
            lambda: changed(files={"taxonomy.toml": taxonomy_toml(multi=True).encode()}),
            "'label_thresholds' needs one value for each",
        ),
        (lambda: changed({"weights": HEAD.weights[:-1]}), "array 'weights' has shape"),
        (lambda: changed({"weights": HEAD.weights[:, :-1]}), "array 'weights' has shape"),
        (lambda: changed({"idf": HEAD.idf[:-1]}), "array 'idf' has shape"),
        (lambda: changed({"bias": np.zeros(2, np.float32)}), "has shape"),
        (lambda: changed({"bias": np.zeros(9, np.float32)}), "has shape"),
        (lambda: changed({"dense": np.zeros((0, 3), np.float32)}), "array 'dense' has shape"),
        (lambda: changed({"columns": TWICE}), "columns that do not exist or stand twice"),
        (lambda: changed({"columns": HEAD.columns - HEAD.columns[0] - 1}), "columns that do not exist or stand twice"),
        (lambda: changed({"columns": HEAD.columns + features.WIDTH}), "columns that do not exist or stand twice"),
    ],
)
def test_parts_that_do_not_fit_are_refused_by_name(build, words):
    with pytest.raises(ArtifactError, match=r"^topic@1\.0\.0[:/]") as e:
        TaskModel.from_artifact(build())
    assert words in str(e.value)


@pytest.mark.parametrize("name", ["columns", "weights", "idf", "bias", "dense"])
def test_a_missing_array_is_named(name):
    a = artifact()
    with pytest.raises(ArtifactError, match=f"'{name}' is missing"):
        TaskModel.from_artifact(replace(a, arrays={k: v for k, v in a.arrays.items() if k != name}))


def test_a_model_without_its_taxonomy_is_refused():
    a = artifact()
    with pytest.raises(ArtifactError, match=r"'taxonomy\.toml' is missing"):
        TaskModel.from_artifact(replace(a, files={}))


def test_policy_thresholds_are_stored_for_each_label(tmp_path):
    model = replace(multi_model(), policy=policy(0.4, (0.1, 0.2, 0.3)))
    ref = Store(tmp_path).save(artifact(model)).manifest.ref
    assert TaskModel.from_artifact(Store(tmp_path).load(ref)).policy.label_thresholds == (0.1, 0.2, 0.3)
