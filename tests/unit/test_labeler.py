import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from tiny import BUS, CARE, CLASSES, PARK, Letters, Syllables, multi_model, policy, sentences, task_model, taxonomy_toml

import ideaclass
from ideaclass.artifacts import Store, default_store
from ideaclass.classify import probabilities
from ideaclass.errors import ArtifactError, InputError, UnknownModelError
from ideaclass.labeler import Classifier, Labeler, load, predictions
from ideaclass.model import to_artifact

TEXTS = [*sentences()[0], "", "?!", *[f"{a} 그리고 {b}" for a, b in zip(BUS, CARE, strict=True)], "버스 " * 3000]
LABELER = Labeler([task_model(background=True), multi_model()])


def everything(labels):
    """All answers of all tasks, row by row."""
    return list(zip(*(predictions(labels, task) for task in labels.tasks), strict=True))


def same_but_for_rounding(one, other):
    for a, b in zip(one, other, strict=True):
        assert [(p.label, p.labels, p.second, p.review, p.note) for p in a] == [
            (p.label, p.labels, p.second, p.review, p.note) for p in b
        ]
        assert [p.confidence for p in a] == pytest.approx([p.confidence for p in b], abs=1e-6)
        assert [r.word for p in a for r in p.reasons] == [r.word for p in b for r in p.reasons]
        assert [r.weight for p in a for r in p.reasons] == pytest.approx(
            [r.weight for p in b for r in p.reasons], abs=1e-5
        )


def test_a_text_alone_is_answered_as_in_any_batch():
    together = everything(LABELER.label(TEXTS))
    for i, text in enumerate(TEXTS):
        assert everything(LABELER.label([text]))[0] == together[i]


def test_row_order_does_not_matter():
    many = [f"{t} {i}호선" for i, t in enumerate(TEXTS * 5)]
    order = np.random.default_rng(0).permutation(len(many))
    straight = everything(LABELER.label(many))
    shuffled = everything(LABELER.label([many[i] for i in order]))
    assert shuffled == [straight[i] for i in order]


@pytest.mark.parametrize("embedder", [Letters(), Syllables()])
def test_with_an_embedder_too(embedder):
    labeler = Labeler([task_model(embedder=embedder), task_model("plain")], embedder)
    together = everything(labeler.label(TEXTS))
    order = np.random.default_rng(0).permutation(len(TEXTS))
    same_but_for_rounding(everything(labeler.label([TEXTS[i] for i in order])), [together[i] for i in order])
    for i in range(0, len(TEXTS), 9):
        same_but_for_rounding(everything(labeler.label([TEXTS[i]])), [together[i]])


def test_a_model_of_an_embedder_is_not_asked_without_it():
    with pytest.raises(InputError, match="vectors are needed"):
        Labeler([task_model(embedder=Letters())]).label(["버스"])


def test_decomposed_text_is_answered_alike():
    texts = [t for t in TEXTS if len(t) < 100]
    assert everything(LABELER.label([unicodedata.normalize("NFD", t) for t in texts])) == everything(
        LABELER.label(texts)
    )


def test_several_tasks_are_answered_as_each_alone():
    labels = LABELER.label(TEXTS)
    for model in (task_model(background=True), multi_model()):
        task = model.taxonomy.name
        alone = predictions(Labeler([model]).label(TEXTS), task)
        same_but_for_rounding([(p,) for p in predictions(labels, task)], [(p,) for p in alone])


def test_a_text_without_words_gets_a_note_and_no_label():
    texts = ["", " \n", "?!", "□ ○", "👍", "버스가 늦어요", "3"]
    labels = LABELER.label(texts)
    assert labels.notes == dict.fromkeys(range(5), "empty")
    for task in labels.tasks.values():
        assert task.label[:5].tolist() == task.second[:5].tolist() == [-1] * 5
        assert not task.confidence[:5].any()
        assert not task.gain[:5].any()
        assert not task.assigned[:5].any()
        assert task.review[:5].all()
        assert (task.label[5:] >= 0).all()
        assert [task.reasons[i] for i in range(5)] == [()] * 5
    for p in predictions(labels, "topic")[:5]:
        assert (p.label, p.second, p.labels, p.reasons, p.note) == (None, None, (), (), "empty")


def test_labels_have_the_shapes_they_promise():
    labels = LABELER.label(TEXTS)
    n = len(TEXTS)
    assert labels.size == n
    for task in labels.tasks.values():
        assert task.classes == CLASSES
        assert task.label.shape == task.second.shape == task.confidence.shape == task.review.shape == (n,)
        assert task.assigned.shape == (n, 3)
        assert task.confidence.dtype == task.gain.dtype == np.float32
        assert task.assigned.dtype == task.review.dtype == np.bool_
        assert len(task.reasons) == n
        assert ((task.gain >= 0) & (task.gain <= 1)).all()
        given = task.label >= 0
        assert task.assigned[given, task.label[given]].all()
        assert (task.label != task.second)[given].all()
    assert (labels.tasks["topic"].assigned.sum(axis=1) <= 1).all()


def test_no_texts_no_rows():
    labels = LABELER.label([])
    assert labels.size == 0
    assert everything(labels) == []
    assert LABELER.probabilities([], "topic").shape == (0, 3)


def test_several_labels_hold_where_several_topics_are_named():
    labels = LABELER.label([BUS[0], f"{BUS[1]} 그리고 {CARE[1]}"])
    one, two = predictions(labels, "topics")
    assert one.labels == ("교통",)
    assert two.labels == ("교통", "복지")
    assert two.label in two.labels
    assert labels.tasks["topics"].multi


def test_a_label_below_its_threshold_is_given_for_review():
    model = multi_model()
    strict = Labeler([replace(model, policy=policy(0.0, (1.01, 1.01, 1.01)))])
    (p,) = predictions(strict.label([BUS[0]]), "topics")
    assert p.labels == ("교통",)
    assert p.review
    assert not predictions(Labeler([replace(model, policy=policy(0.0, (0.5,) * 3))]).label([BUS[0]]), "topics")[
        0
    ].review


def test_review_follows_the_policy():
    model = task_model()
    for threshold, review in ((0.0, False), (1.01, True)):
        (p,) = predictions(Labeler([replace(model, policy=policy(threshold))]).label([BUS[0]]), "topic")
        assert p.review is review


def test_rare_and_doubtful_rows_come_first_for_review():
    model = replace(task_model(), trained=(1000, 1000, 10))
    labels = Labeler([model]).label([BUS[0], CARE[0], "그냥 한마디"]).tasks["topic"]
    assert labels.gain[2] > labels.gain[0]
    even = Labeler([task_model()]).label([BUS[0], CARE[0], "그냥 한마디"]).tasks["topic"]
    assert labels.gain[0] < even.gain[0]


def test_progress_is_told_after_each_batch():
    told = []
    LABELER.label(["버스"] * 1200, progress=lambda done, n: told.append((done, n)))
    assert told == [(512, 1200), (1024, 1200), (1200, 1200)]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ("버스가 늦어요", r"pass \[text\]"),
        (["버스", None], "text 1 is of type NoneType"),
        ([3.5], "text 0 is of type float"),
    ],
)
def test_what_is_no_list_of_strings_is_refused(texts, words):
    with pytest.raises(InputError, match=words):
        LABELER.label(texts)


def test_two_models_of_one_task_are_not_mixed_up():
    with pytest.raises(InputError, match=r"topic@1\.0\.0 and mine@2\.0\.0 both answer 'topic'"):
        Labeler([task_model(), replace(task_model(), ref="mine@2.0.0")])
    with pytest.raises(InputError, match="no task was asked for"):
        Labeler([])


def test_classifier_speaks_as_scikit_learn():
    topic = Classifier(Labeler([task_model()]))
    assert topic.classes_ == CLASSES
    assert topic.taxonomy.name == "topic"
    p = topic.predict_proba(TEXTS)
    found = topic.predict(TEXTS)
    assert p.shape == (len(TEXTS), 3)
    assert p.dtype == np.float32
    assert np.allclose(p.sum(axis=1), 1, atol=1e-5)
    for row, answer in zip(p, found, strict=True):
        if answer.label is not None:
            assert answer.label == CLASSES[row.argmax()]
            assert answer.confidence == pytest.approx(float(row.max()))
            assert answer.second == CLASSES[np.argsort(-row)[1]]


def test_confidence_is_calibrated_by_the_temperature():
    model = task_model()
    hot = replace(model, head=model.head.calibrated(3.0))
    logits = np.log(Labeler([model]).probabilities([BUS[0]], "topic"))
    assert np.allclose(
        Labeler([hot]).probabilities([BUS[0]], "topic"), probabilities(logits, 3.0, multi=False), atol=1e-4
    )


@pytest.fixture
def store(tmp_path):
    there = Store(tmp_path)
    for model in (task_model("swot"), task_model("mine"), multi_model("several")):
        name = model.taxonomy.name
        text = taxonomy_toml(name, multi=model.taxonomy.multi)
        there.save(to_artifact(model.head, model.policy, text, name=name))
    embedder = replace(
        to_artifact(task_model().head, policy(), taxonomy_toml(), name="words").manifest, kind="embedder"
    )
    there.save(replace(to_artifact(task_model().head, policy(), taxonomy_toml(), name="words"), manifest=embedder))
    return there


def test_models_are_loaded_by_reference(store):
    labeler = Labeler.load(["mine", "swot@1"], store=store)
    assert labeler.models == {"mine": "mine@1.0.0", "swot": "swot@1.0.0"}
    assert list(labeler.taxonomies) == ["mine", "swot"]
    assert Labeler.load("mine", store=store).models == {"mine": "mine@1.0.0"}
    assert set(Labeler.load(["all"], store=store).models) == {"swot", "mine", "several"}
    assert load("several", store=store).taxonomy.multi
    with pytest.raises(UnknownModelError, match="there is no model 'swat'; there are: mine, several, swot, words"):
        Labeler.load(["swat"], store=store)
    with pytest.raises(ArtifactError, match=r"words@1\.0\.0: is of kind 'embedder'"):
        load("words", store=store)
    with pytest.raises(InputError, match="no task"):
        Labeler.load([], store=store)
    with pytest.raises(InputError, match="both answer"):
        Labeler.load(["swot", "swot@1.0.0"], store=store)


def test_models_of_two_embedders_cannot_be_asked_at_once(store):
    for name, version in (("one", "1.0.0"), ("two", "2.0.0")):
        about = {"name": "words", "version": version, "sha256": version[0] * 64}
        store.save(to_artifact(task_model().head, policy(), taxonomy_toml(name), name=name, embedder=about))
    with pytest.raises(InputError, match=r"one@1\.0\.0 needs words@1\.0\.0, two@1\.0\.0 needs words@2\.0\.0"):
        Labeler.load(["one", "two"], store=store)
    with pytest.raises(UnknownModelError, match=r"no version '2\.0\.0' of words"):
        Labeler.load(["two"], store=store)


def test_the_shipped_models_answer_by_default():
    labeler = Labeler.load()
    assert list(labeler.models) == ["swot", "esg", "action"]
    assert {*Labeler.load(["all"]).models} >= {"swot", "esg", "action", "innovation", "grievance", "review", "business"}
    found = ideaclass.load("esg").predict(["탕비실 종이컵을 없애고 개인컵을 씁시다", PARK[1]])
    assert [p.label for p in found] == ["E", "E"]


def test_a_model_of_another_embedder_is_refused(tmp_path):
    shipped = next(f for f in default_store().folders if (f / "ko-citizen-static").is_dir())
    store = Store(tmp_path, shipped)
    version = store.stable("ko-citizen-static")
    about = {"name": "ko-citizen-static", "version": version, "sha256": "0" * 64}
    store.save(to_artifact(task_model().head, policy(), taxonomy_toml("mine"), name="mine", embedder=about))
    with pytest.raises(
        ArtifactError, match=r"ko-citizen-static@.*: is not the embedder that mine@1\.0\.0 was fitted with"
    ):
        Labeler.load(["mine"], store=store)
