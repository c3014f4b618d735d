"""The same features and heads as a scikit-learn classifier of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from ideaclass.classify import HeadStack, LinearHead, fit_head, fit_temperature, probabilities
from ideaclass.errors import InputError, NotFittedError
from ideaclass.features import rows
from ideaclass.learn.split import deal, near_duplicates
from ideaclass.text import clean
from ideaclass.types import Embedder


class _NotFittedError(NotFittedError, SklearnNotFittedError):  # type: ignore[misc]
    """Both libraries' error for a model that was not fitted."""


class IdeaClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifies Korean texts; works wherever scikit-learn's classifiers do.

    Parameters
    ----------
    C : float
        Inverse regularisation strength.
    class_weight : "root", "balanced", dict or None
        ``"root"`` is the square root of ``"balanced"``.
    embedder : Embedder, optional
        Adds sentence vectors to the character n-grams.
    share : float
        Length of the vectors beside the n-grams.
    calibration_folds : int
        Folds that never divide near-duplicates, for the temperature of the probabilities; 0 leaves it at 1.
    random_state : int
        Seed of the search for near-duplicates.

    Attributes
    ----------
    classes_ : array of shape (k,)
        The labels; the columns of `y` where it was a matrix.
    head_ : LinearHead
        The fitted weights, calibrated.

    Examples
    --------
    >>> texts = ["버스가 늦어요", "공원이 더러워요", "버스 노선", "공원 나무"]
    >>> model = IdeaClassifier().fit(texts, ["교통", "환경", "교통", "환경"])
    >>> model.predict(["버스 정류장"]).tolist()
    ['교통']
    """

    def __init__(
        self,
        C: float = 0.5,
        class_weight: str | dict[Any, float] | None = "root",
        embedder: Embedder | None = None,
        share: float = 1.0,
        calibration_folds: int = 3,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.embedder = embedder
        self.share = share
        self.calibration_folds = calibration_folds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Say that the input is text, one string a row."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: ArrayLike | Sequence[str], y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on n texts.

        Parameters
        ----------
        X : sequence of n str
        y : labels of shape (n,), or a 0/1 matrix of shape (n, k) where several can hold at once
        sample_weight : array of shape (n,), optional
        """
        texts = _texts(X)
        if y is None:
            raise InputError("requires y to be passed, but the target y is None")
        target = np.asarray(y)
        self.multi_ = target.ndim == 2 and target.shape[1] > 1
        if not self.multi_:
            target = column_or_1d(target, warn=True)
        if len(target) != len(texts):
            raise InputError(f"{len(texts)} texts and {len(target)} labels: as many of each are needed")
        check_classification_targets(target)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, np.zeros((len(texts), 1)))
        numbers = rows(clean(texts), self.embedder)
        if self.multi_:
            self.classes_ = np.arange(target.shape[1])
            labels: list[str] | NDArray[np.bool_] = target.astype(bool)
            keys = [tuple(map(str, np.flatnonzero(row))) for row in target]
        else:
            self.classes_, index = np.unique(target, return_inverse=True)
            if len(self.classes_) < 2:
                raise InputError(f"the labels hold one class only, {self.classes_[0]!r}; it takes two")
            labels = [str(i) for i in index]
            keys = [(label,) for label in labels]
        names = tuple(str(i) for i in range(len(self.classes_)))
        by_class = self.class_weight
        if isinstance(by_class, dict):
            by_class = {i: float(by_class.get(c, 1.0)) for i, c in enumerate(self.classes_.tolist())}

        def head(at: NDArray[np.int64]) -> LinearHead:
            return fit_head(
                numbers.pick(at),
                labels[at] if isinstance(labels, np.ndarray) else [labels[i] for i in at],
                classes=names,
                share=self.share,
                C=self.C,
                sample_weight=None if weight is None else weight[at],
                class_weight=by_class,
                loss="hinge",
            )

        whole = head(np.arange(len(texts)))
        temperature = 1.0
        if self.calibration_folds > 1 and len(texts) >= 2 * self.calibration_folds:
            groups = near_duplicates(numbers.counts, seed=self.random_state)
            folds = deal(texts, keys, groups, folds=self.calibration_folds)
            truth = np.zeros((len(texts), len(names)), bool)
            for i, row in enumerate(keys):
                truth[i, [int(c) for c in row]] = True
            logits = np.zeros(truth.shape, np.float32)
            for fold in np.unique(folds):
                out = folds == fold
                if 0 < out.sum() < len(texts):
                    logits[out] = (
                        HeadStack([head(np.flatnonzero(~out))]).scores(numbers.pick(np.flatnonzero(out))).logits[0]
                    )
            temperature = fit_temperature(logits, truth, multi=self.multi_)
        self.head_ = whole.calibrated(temperature)
        return self

    def decision_function(self, X: ArrayLike | Sequence[str]) -> NDArray[np.float32]:
        """Give scores of shape (n, k); of shape (n,) for two classes, as scikit-learn does."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 and not self.multi_ else logits

    def predict_proba(self, X: ArrayLike | Sequence[str]) -> NDArray[np.float64]:
        """Give calibrated probabilities of shape (n, k)."""
        p = probabilities(self._logits(X), self.head_.temperature, multi=self.multi_).astype(np.float64)
        return p if self.multi_ else np.asarray(p / p.sum(axis=1, keepdims=True))

    def predict(self, X: ArrayLike | Sequence[str]) -> NDArray[Any]:
        """Give the most probable label of each text; a 0/1 matrix where several can hold."""
        p = self.predict_proba(X)
        return (p >= 0.5).astype(int) if self.multi_ else np.asarray(self.classes_[p.argmax(axis=1)])

    def _logits(self, X: ArrayLike | Sequence[str]) -> NDArray[np.float32]:
        if not hasattr(self, "head_"):
            raise _NotFittedError(f"This {type(self).__name__} instance is not fitted yet; call fit first")
        return HeadStack([self.head_]).scores(rows(clean(_texts(X)), self.embedder)).logits[0]


def _texts(X: ArrayLike | Sequence[str]) -> list[str]:
    """Take texts from a list, an array, a Series or a one-column table.

    Raises
    ------
    InputError
        If they are no texts, or there are none.
    """
    if isinstance(X, str):
        raise InputError("X must be a list of texts, not one text: pass [text]")
    array = np.asarray(X, dtype=object)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(f"X must be one text a row, and it has the shape {array.shape}")
    if not len(array):
        raise InputError("Found array with 0 sample(s): X holds no text")
    for i, text in enumerate(array.tolist()):
        if not isinstance(text, str):
            raise InputError(f"row {i} of X is of type {type(text).__name__}, not str")
    return list(array)
