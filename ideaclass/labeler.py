"""The composition root: many tasks answered in one pass over the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from ideaclass.artifacts import Store, default_store
from ideaclass.classify import HeadStack, Scores, probabilities
from ideaclass.embed import stored
from ideaclass.embed.static import StaticEmbedder
from ideaclass.errors import ArtifactError, InputError
from ideaclass.explain import Reasons, TopWords, piece_weights, top_words, word_weights
from ideaclass.features import Batch, Rows, batches, read
from ideaclass.model import KIND, TaskModel
from ideaclass.taxonomy import Taxonomy
from ideaclass.text import clean
from ideaclass.types import Embedder, Labels, Prediction, SubwordEmbedder, TaskLabels

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALL = "all"
_IN_USE: WeakValueDictionary[str, StaticEmbedder] = WeakValueDictionary()
"""Embedders by the hash of their weights, for as long as a model needs them."""
DEFAULT_TASKS = ("swot", "esg", "action")
REASONS = 3
_THREADS = 2

_SAYS = re.compile(r"[^\W_]")


class Labeler:
    """Answers several tasks about a batch of texts.

    Parameters
    ----------
    models : sequence of TaskModel
        One per task, in the order of the answers.
    embedder : Embedder, optional
        Needed where a model has weights on the embedding.

    Raises
    ------
    InputError
        If two models answer the same task, or there is none.

    Attributes
    ----------
    taxonomies : dict of str to Taxonomy
        By task.
    models : dict of str to str
        Reference of the model that answers each task, such as ``"swot@1.0.0"``.
    """

    def __init__(self, models: Sequence[TaskModel], embedder: Embedder | None = None) -> None:
        self._models: dict[str, TaskModel] = {}
        for m in models:
            other = self._models.setdefault(m.taxonomy.name, m)
            if other is not m:
                raise InputError(f"{other.ref} and {m.ref} both answer {m.taxonomy.name!r}: ask for one of them")
        if not self._models:
            raise InputError("no task was asked for: name one, such as 'swot'")
        self._stack = HeadStack([m.head for m in self._models.values()])
        self._embedder = embedder if self._stack.dimension else None
        self._pieces = (
            self._embedder.weights @ self._stack.dense if isinstance(self._embedder, SubwordEmbedder) else None
        )
        self.taxonomies: dict[str, Taxonomy] = {task: m.taxonomy for task, m in self._models.items()}
        self.models = {task: m.ref for task, m in self._models.items()}

    @classmethod
    def load(cls, tasks: Iterable[str] | None = None, *, store: Store | None = None) -> Labeler:
        """Load the models of some tasks.

        Parameters
        ----------
        tasks : iterable of str, optional
            References such as ``"swot"`` or ``"swot@1"``; ``"all"`` stands for every classifier there is. By default
            swot, esg and action.
        store : Store, optional

        Raises
        ------
        UnknownModelError, ArtifactError
        InputError
            If there is no task, one is asked for twice, or the models need different embedders.
        """
        store = store or default_store()
        wanted = dict.fromkeys(DEFAULT_TASKS if tasks is None else [tasks] if isinstance(tasks, str) else tasks)
        if ALL in wanted:
            artifacts = [a for a in map(store.load, store.names()) if a.manifest.kind == KIND]
        else:
            artifacts = [store.load(ref) for ref in wanted]
        models = [TaskModel.from_artifact(a) for a in artifacts]
        return cls(models, embedder_of(models, store))

    def label(self, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None) -> Labels:
        """Label n texts.

        Parameters
        ----------
        texts : sequence of n str
        progress : callable, optional
            Called with the number done and n after each batch.

        Returns
        -------
        Labels
            A text without a letter or digit gets no label and a note.

        Raises
        ------
        InputError
            If `texts` is one string, or holds something else than strings.
        """
        if isinstance(texts, str):
            raise InputError("texts must be a list of strings, not one string: pass [text]")
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(f"text {i} is of type {type(text).__name__}, not str: turn it into a string first")
        spans = list(batches(texts)) or [(0, 0)]
        parts: list[list[_Part]] = []
        with ThreadPoolExecutor(_THREADS) as pool:
            every = map if len(spans) == 1 else pool.map
            for (_, stop), answered in zip(
                spans, every(lambda s: self._answer(texts[s[0] : s[1]]), spans), strict=True
            ):
                parts.append(answered)
                if progress is not None:
                    progress(stop, len(texts))
        tasks = {
            task: _joined(model, [answered[i] for answered in parts])
            for i, (task, model) in enumerate(self._models.items())
        }
        silent = np.flatnonzero(next(iter(tasks.values())).label < 0)
        return Labels(len(texts), tasks, dict.fromkeys(silent.tolist(), "empty"))

    def _answer(self, texts: Sequence[str]) -> list[_Part]:
        """Answers of every task for one batch."""
        batch = self._read(texts)
        scores = self._scores(batch)
        silent = np.diff(batch.grams.matrix.indptr) == 0
        parts = [_decide(model, scores, i, silent) for i, model in enumerate(self._models.values())]
        chosen = np.stack([np.maximum(p.label, 0) for p in parts], axis=1)
        words = self._reasons(batch, scores, chosen)
        return [p._replace(words=w) for p, w in zip(parts, words, strict=True)]

    def _scores(self, batch: Batch) -> Scores:
        dense = batch.pieces.dot(self._pieces) if batch.pieces is not None and self._pieces is not None else None
        return self._stack.scores(Rows(batch.grams.matrix, batch.vectors), dense)

    def _reasons(self, batch: Batch, scores: Scores, answers: NDArray[np.int64]) -> list[TopWords]:
        """Heaviest words for the chosen class of each row, task by task; `answers` has shape (n, tasks)."""
        column = answers + self._stack.offsets[:-1]
        weight = word_weights(batch.grams, self._stack.table, column, scores.norm)
        if batch.pieces is not None and self._pieces is not None:
            weight += piece_weights(batch.pieces, self._pieces, column, batch.grams.word_doc)
        return top_words(batch.grams, weight, REASONS)

    def probabilities(self, texts: Sequence[str], task: str) -> NDArray[np.float32]:
        """Calibrated probabilities of one task, float32 of shape (n, k), in the order of its model's classes."""
        head = self._models[task].head
        i = list(self._models).index(task)
        parts = [np.zeros((0, len(head.classes)), np.float32)]
        for start, stop in batches(texts):
            batch = self._read(texts[start:stop])
            logits = self._scores(batch).logits[i]
            parts.append(probabilities(logits, head.temperature, multi=head.multi))
        return np.concatenate(parts)

    def classes(self, task: str) -> tuple[str, ...]:
        """Label codes of one task, in its model's order."""
        return self._models[task].head.classes

    def _read(self, texts: Sequence[str]) -> Batch:
        """Read a batch; a text without a letter or digit is as good as empty."""
        return read([t if _SAYS.search(t) else "" for t in clean(texts)], self._embedder)


def embedder_of(models: Sequence[TaskModel], store: Store) -> Embedder | None:
    """Load the embedder that the models were fitted with; one in use already is shared."""
    needed = {m.embedder["sha256"]: m for m in models if m.embedder is not None}
    if not needed:
        return None
    if len(needed) > 1:
        pairs = ", ".join(
            f"{m.ref} needs {m.embedder['name']}@{m.embedder['version']}" for m in needed.values() if m.embedder
        )
        raise InputError(f"these models need different embedders and cannot be asked at once: {pairs}")
    ((sha256, model),) = needed.items()
    assert model.embedder is not None
    if (held := _IN_USE.get(sha256)) is not None:
        return held
    artifact = store.load(f"{model.embedder['name']}@{model.embedder['version']}")
    if stored.identity(artifact)["sha256"] != sha256:
        raise ArtifactError(f"{artifact.manifest.ref}: is not the embedder that {model.ref} was fitted with")
    embedder = _IN_USE[sha256] = stored.from_artifact(artifact)
    return embedder


class _Part(NamedTuple):
    """The answers of one task for one batch; fields as in `TaskLabels`."""

    label: NDArray[np.int64]
    second: NDArray[np.int64]
    confidence: NDArray[np.float32]
    review: NDArray[np.bool_]
    assigned: NDArray[np.bool_]
    gain: NDArray[np.float32]
    words: TopWords | None = None


def _decide(model: TaskModel, scores: Scores, i: int, silent: NDArray[np.bool_]) -> _Part:
    """Answer a batch by what head i scored; silent rows get nothing."""
    head, policy = model.head, model.policy
    p = probabilities(scores.logits[i], head.temperature, multi=head.multi)
    row = np.arange(len(p))
    order = np.argsort(-p, axis=1, kind="stable")
    several = p.shape[1] > 1
    label, second = order[:, 0], order[:, 1] if several else np.full(len(p), -1)
    confidence = p[row, label]
    assigned = np.zeros(p.shape, bool)
    assigned[row, label] = True
    review = policy.review(confidence, scores.known[:, i], scores.scope[:, i])
    if head.multi:
        passed = p >= np.asarray(policy.label_thresholds, np.float32)
        review |= ~passed[row, label]
        assigned |= passed
    runner_up = p[row, second] if several else np.zeros(len(p), np.float32)
    gain = (1 - (confidence - runner_up)) * np.minimum(p @ model.rarity, 1)
    nothing = np.float32(0)
    return _Part(
        np.where(silent, -1, label),
        np.where(silent, -1, second),
        np.where(silent, nothing, confidence),
        review | silent,
        assigned & ~silent[:, None],
        np.where(silent, nothing, gain).astype(np.float32),
    )


def _joined(model: TaskModel, parts: Sequence[_Part]) -> TaskLabels:
    """All batches of one task as one."""
    columns = [np.concatenate(column) for column in zip(*(p[:6] for p in parts), strict=True)]
    label, second, confidence, review, assigned, gain = columns
    reasons = Reasons([p.words for p in parts if p.words is not None])
    return TaskLabels(
        model.taxonomy.name,
        model.head.classes,
        label,
        second,
        confidence,
        review,
        assigned,
        reasons,
        gain,
        model.head.multi,
    )


class Classifier:
    """One task's model behind scikit-learn's names.

    Attributes
    ----------
    classes_ : tuple of k str
        Label codes.
    taxonomy : Taxonomy
    """

    def __init__(self, labeler: Labeler) -> None:
        (self._task,) = labeler.taxonomies
        self._labeler = labeler
        self.taxonomy = labeler.taxonomies[self._task]
        self.classes_ = labeler.classes(self._task)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Label n texts; see `Labeler.label`."""
        labels = self._labeler.label(texts)
        return predictions(labels, self._task)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Calibrated probabilities of shape (n, k), float32, in the order of `classes_`."""
        return self._labeler.probabilities(texts, self._task)


def predictions(labels: Labels, task: str) -> list[Prediction]:
    """List the answers of one task, row by row."""
    t = labels.tasks[task]
    names = (*t.classes, None)
    return [
        Prediction(
            label=names[i],
            confidence=c,
            second=names[s],
            review=r,
            reasons=t.reasons[row],
            labels=tuple(t.classes[j] for j in a.nonzero()[0]),
            note=labels.notes.get(row, ""),
        )
        for row, (i, c, s, r, a) in enumerate(
            zip(t.label.tolist(), t.confidence.tolist(), t.second.tolist(), t.review.tolist(), t.assigned, strict=True)
        )
    ]


def load(ref: str, *, store: Store | None = None) -> Classifier:
    """Load one model by reference, such as ``"swot"``, ``"swot@1.0.0"`` or a path.

    Raises
    ------
    UnknownModelError, ArtifactError
    """
    return Classifier(Labeler.load([ref], store=store))
