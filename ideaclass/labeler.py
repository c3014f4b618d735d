"""The composition root: many tasks answered in one pass over the text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ideaclass.artifacts import Store, default_store
from ideaclass.classify import HeadStack, Rows, Scores, probabilities
from ideaclass.errors import InputError
from ideaclass.explain import Reasons, TopWords, top_words, word_weights
from ideaclass.features import Grams, batches, ngrams
from ideaclass.model import KIND, TaskModel
from ideaclass.taxonomy import Taxonomy
from ideaclass.text import clean
from ideaclass.types import Embedder, Labels, Prediction, TaskLabels

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALL = "all"
DEFAULT_TASKS = ("swot", "esg", "action")
REASONS = 3


class Labeler:
    """Answers several tasks about a batch of texts.

    Parameters
    ----------
    models : sequence of TaskModel
        One per task, in the order of the answers.
    embedder : Embedder, optional
        Needed where a model has weights on the embedding.

    Attributes
    ----------
    taxonomies : dict of str to Taxonomy
        By task.
    models : dict of str to str
        Reference of the model that answers each task, such as ``"swot@1.0.0"``.
    """

    def __init__(self, models: Sequence[TaskModel], embedder: Embedder | None = None) -> None:
        self._models = {m.taxonomy.name: m for m in models}
        self._stack = HeadStack([m.head for m in self._models.values()])
        self._embedder = embedder
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
        """
        store = store or default_store()
        wanted = dict.fromkeys(DEFAULT_TASKS if tasks is None else [tasks] if isinstance(tasks, str) else tasks)
        if ALL in wanted:
            artifacts = [a for a in map(store.load, store.names()) if a.manifest.kind == KIND]
        else:
            artifacts = [store.load(ref) for ref in wanted]
        return cls([TaskModel.from_artifact(a) for a in artifacts])

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
        columns: list[_Columns] = [_Columns(m) for m in self._models.values()]
        empty: list[int] = []
        for start, stop in batches(texts):
            cleaned = clean(texts[start:stop])
            grams = ngrams(cleaned)
            scores = self._scores(grams, cleaned)
            size = np.diff(grams.matrix.indptr)
            at = grams.matrix.indices.astype(np.int64) * self._stack.table.shape[1]
            silent = size == 0
            empty += (np.flatnonzero(silent) + start).tolist()
            for i, column in enumerate(columns):
                answer = column.add(scores, i, silent)
                weight = self._stack.table.take(at + np.repeat(answer + self._stack.offsets[i], size))
                column.words.append(top_words(grams, word_weights(grams, weight, scores.norm[:, i]), REASONS))
            if progress is not None:
                progress(stop, len(texts))
        return Labels(len(texts), {c.task: c.finish() for c in columns}, dict.fromkeys(empty, "empty"))

    def _scores(self, grams: Grams, cleaned: Sequence[str]) -> Scores:
        vectors = self._embedder.encode(cleaned) if self._embedder is not None and self._stack.dimension else None
        return self._stack.scores(Rows(grams.matrix, vectors))


class _Columns:
    """The answers of one task, batch after batch."""

    def __init__(self, model: TaskModel) -> None:
        self.task, self._model = model.taxonomy.name, model
        self._parts: list[tuple[NDArray[np.generic], ...]] = []
        self.words: list[TopWords] = []

    def add(self, scores: Scores, i: int, silent: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Decide a batch by what head i scored; return the index of the chosen class of each row."""
        head, policy = self._model.head, self._model.policy
        p = probabilities(scores.logits[i], head.temperature, multi=head.multi)
        n = len(p)
        order = np.argsort(-p, axis=1, kind="stable")
        label, second = order[:, 0], order[:, 1] if p.shape[1] > 1 else np.full(n, -1)
        confidence = p[np.arange(n), label]
        assigned = np.zeros(p.shape, bool)
        assigned[np.arange(n), label] = True
        review = policy.review(confidence, scores.known[:, i], scores.scope[:, i])
        if head.multi:
            passed = p >= np.asarray(policy.label_thresholds, np.float32)
            review |= ~passed[np.arange(n), label]
            assigned |= passed
        runner_up = p[np.arange(n), second] if p.shape[1] > 1 else np.zeros(n, np.float32)
        gain = 1 - (confidence - runner_up)
        self._parts.append(
            (
                np.where(silent, -1, label),
                np.where(silent, -1, second),
                np.where(silent, np.float32(0), confidence),
                review | silent,
                assigned & ~silent[:, None],
                np.where(silent, np.float32(0), gain).astype(np.float32),
            )
        )
        return label

    def finish(self) -> TaskLabels:
        """All batches as one."""
        k = len(self._model.head.classes)
        nothing = (
            np.zeros(0, np.int64),
            np.zeros(0, np.int64),
            np.zeros(0, np.float32),
            np.zeros(0, bool),
            np.zeros((0, k), bool),
            np.zeros(0, np.float32),
        )
        label, second, confidence, review, assigned, gain = (
            np.concatenate(parts) for parts in zip(nothing, *self._parts, strict=True)
        )
        return TaskLabels(
            self.task,
            self._model.head.classes,
            label,
            second,
            confidence,
            review,
            assigned,
            Reasons(self.words),
            gain,
            self._model.head.multi,
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
        self.classes_ = labeler._models[self._task].head.classes

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Label n texts; see `Labeler.label`."""
        labels = self._labeler.label(texts)
        return predictions(labels, self._task)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Calibrated probabilities of shape (n, k), float32, in the order of `classes_`."""
        model = self._labeler._models[self._task]
        parts = [
            probabilities(
                self._labeler._scores(ngrams(cleaned), cleaned).logits[0],
                model.head.temperature,
                multi=model.head.multi,
            )
            for a, b in batches(texts)
            for cleaned in [clean(texts[a:b])]
        ]
        return np.concatenate([np.zeros((0, len(self.classes_)), np.float32), *parts])


def predictions(labels: Labels, task: str) -> list[Prediction]:
    """The answers of one task, row by row."""
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
