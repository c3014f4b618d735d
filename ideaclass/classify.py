"""Linear heads: fitted with scikit-learn, served with numpy, many at once.

A head scores class c of a text as ``bias[c] + sum of its n-gram weights / norm + embedding · dense[c]``, where an
n-gram counts ``(1 + ln count) · idf ** 1.5`` and `norm` makes the n-gram row one long. The idf is the head's own, so
heads fitted on different data still share one pass over the text. Beside its classes a head may have one more column,
the scope: how much a text looks like those the head was fitted on rather than like other citizens' texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ideaclass.errors import InputError
from ideaclass.features import WIDTH, Rows

IDF_POWER = 1.5

Loss = Literal["logistic", "hinge"]
_TINY = 1e-12
_NEVER = -30.0


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """One question's weights.

    Attributes
    ----------
    classes : tuple of k str
    columns : int32 array of shape (m,)
        The n-gram columns seen in fitting, ascending.
    weights : float32 array of shape (m, k) or (m, k + 1)
        Their weights, idf included, centred over the classes of a single-label head; the scope's last.
    idf : float32 array of shape (m,)
        Their inverse document frequency, to the power 1.5.
    rest : float
        The same for a column never seen; it lengthens the row and votes for nothing.
    bias : float32 array of shape (k,) or (k + 1,)
    dense : float32 array of shape (d, k) or (d, k + 1)
        Weights on the embedding; d is 0 for a head on n-grams alone.
    temperature : float
        Divides the scores before they become probabilities.
    multi : bool
        Whether labels exclude each other (False: softmax) or not (True: a sigmoid each).
    """

    classes: tuple[str, ...]
    columns: NDArray[np.int32]
    weights: NDArray[np.float32]
    idf: NDArray[np.float32]
    rest: float
    bias: NDArray[np.float32]
    dense: NDArray[np.float32]
    temperature: float = 1.0
    multi: bool = False

    @property
    def scoped(self) -> bool:
        """Whether there is a scope column."""
        return len(self.bias) > len(self.classes)

    def calibrated(self, temperature: float) -> LinearHead:
        """Copy the head with another temperature."""
        return replace(self, temperature=temperature)

    def rounded(self) -> LinearHead:
        """Copy the head with every array rounded to half precision, as it is stored."""
        return replace(
            self,
            **{
                name: getattr(self, name).astype(np.float16).astype(np.float32)
                for name in ("weights", "idf", "bias", "dense")
            },
        )


def fit_head(
    rows: Rows,
    labels: Sequence[str] | NDArray[np.bool_],
    *,
    classes: Sequence[str],
    background: Rows | None = None,
    share: float = 1.0,
    C: float = 10.0,
    sample_weight: NDArray[np.float64] | None = None,
    class_weight: str | dict[int, float] | None = None,
    loss: Loss = "logistic",
    min_df: int = 1,
) -> LinearHead:
    """Fit a linear classifier on n-grams and, where given, embeddings.

    Parameters
    ----------
    rows : Rows
        n texts.
    labels : n label codes, or bool array of shape (n, k)
        A matrix makes a multi-label head.
    classes : k label codes, in the order wanted
        One that does not occur in `labels` is never answered.
    background : Rows, optional
        Texts that the question is not about; gives the head a scope column.
    share : float
        Length of the embedding part beside the n-gram part, which has length 1.
    C : float
        Inverse regularisation strength, as in scikit-learn.
    sample_weight, class_weight : as in scikit-learn, optional
        ``class_weight="root"`` is the square root of ``"balanced"``: rare classes are heard, common ones not drowned.
    loss : {"logistic", "hinge"}
        Multinomial logistic regression, or one squared-hinge machine per class, which many classes and rows fit
        several times faster.
    min_df : int
        Texts that an n-gram column must stand in to get weights; the others count as never seen.

    Returns
    -------
    LinearHead
        With temperature 1.
    """
    seen = np.bincount(rows.counts.indices, minlength=WIDTH)
    columns = np.flatnonzero(seen >= min_df)
    n, m, k = rows.counts.shape[0], len(columns), len(classes)
    rest = float((np.log(1 + n) + 1) ** IDF_POWER)
    idf = ((np.log((1 + n) / (1 + seen[columns])) + 1) ** IDF_POWER).astype(np.float32)
    own = _design(rows, columns, idf, rest, share)
    if isinstance(labels, np.ndarray) and labels.ndim == 2:
        multi = True
        solved = [_solve(own, labels[:, j], C, sample_weight, class_weight, loss) for j in range(k)]
        coef, bias = np.concatenate([s[0] for s in solved]), np.concatenate([s[1] for s in solved])
    else:
        multi = False
        position = {c: i for i, c in enumerate(classes)}
        target = np.array([position[str(c)] for c in labels])
        present = np.unique(target)
        coef, bias = _solve(own, target, C, sample_weight, class_weight, loss)
        if len(present) == 2:
            coef, bias = np.concatenate([-coef, coef]) / 2, np.concatenate([-bias, bias]) / 2
        coef, bias = coef - coef.mean(axis=0), bias - bias.mean()
        if len(present) < k:
            some_coef, some_bias = coef, bias
            coef, bias = np.zeros((k, coef.shape[1])), np.full(k, _NEVER)
            coef[present], bias[present] = some_coef, some_bias
    if background is not None:
        other = _design(background, columns, idf, rest, share)
        inside = np.arange(own.shape[0] + other.shape[0]) < own.shape[0]
        scope, level = _solve(sp.csr_matrix(sp.vstack([own, other])), inside, C, None, "balanced", "logistic")
        coef, bias = np.concatenate([coef, scope]), np.concatenate([bias, level])
    return LinearHead(
        classes=tuple(classes),
        columns=columns.astype(np.int32),
        weights=np.ascontiguousarray((coef[:, :m] * idf).T, np.float32),
        idf=idf,
        rest=rest,
        bias=bias.astype(np.float32),
        dense=np.ascontiguousarray(coef[:, m:].T * share, np.float32),
        multi=multi,
    )


def _design(
    rows: Rows, columns: NDArray[np.int64], idf: NDArray[np.float32], rest: float, share: float
) -> sp.csr_matrix:
    """Build the fitted matrix: n-gram rows of length one over the seen columns, and the embedding."""
    weight = np.full(WIDTH, np.float32(rest))
    weight[columns] = idf
    data = rows.counts.data * weight[rows.counts.indices]
    norm = np.sqrt(np.add.reduceat(np.append(data**2, 0), rows.counts.indptr[:-1]) * (np.diff(rows.counts.indptr) > 0))
    weighted = sp.csr_matrix((data, rows.counts.indices, rows.counts.indptr), shape=rows.counts.shape)
    features = sp.diags(1 / np.maximum(norm, _TINY)) @ weighted[:, columns]
    if rows.vectors is not None and rows.vectors.shape[1]:
        features = sp.hstack([features, sp.csr_matrix(rows.vectors * np.float32(share))])
    return sp.csr_matrix(features)


def _solve(
    features: sp.csr_matrix,
    target: NDArray[np.generic],
    C: float,
    sample_weight: NDArray[np.float64] | None,
    class_weight: str | dict[int, float] | None,
    loss: Loss,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if (target == target[0]).all():
        return np.zeros((1, features.shape[1])), np.array([-_NEVER if target[0] else _NEVER])
    if class_weight == "root":
        values, size = np.unique(target, return_counts=True)
        class_weight = dict(zip(values.tolist(), np.sqrt(len(target) / (len(values) * size)).tolist(), strict=True))
    if loss == "hinge":
        model = LinearSVC(C=C, tol=1e-2, max_iter=2000, class_weight=class_weight, random_state=0)
    else:
        model = LogisticRegression(C=C, max_iter=1000, class_weight=class_weight)
    model.fit(features, target, sample_weight=sample_weight)
    return model.coef_, model.intercept_


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a stack of heads says about n texts.

    Attributes
    ----------
    logits : list of float32 arrays of shape (n, k)
        One per head.
    norm : float32 array of shape (n, heads)
        Length of each text's n-gram row in each head's idf.
    known : float32 array of shape (n, heads)
        Share of that row (squared) that lies in n-grams the head has seen: 0 to 1.
    scope : float32 array of shape (n, heads)
        Score of each head's scope column; infinite for a head without one.
    """

    logits: list[NDArray[np.float32]]
    norm: NDArray[np.float32]
    known: NDArray[np.float32]
    scope: NDArray[np.float32]


class HeadStack:
    """Several heads side by side in one table, so that one sparse product answers all of them.

    Attributes
    ----------
    heads : tuple of LinearHead
    table : float32 array of shape (2**18, columns)
        Weight of every n-gram for every class, and the scope, of every head; head i's begin at ``offsets[i]``.
    """

    def __init__(self, heads: Sequence[LinearHead]) -> None:
        self.heads = tuple(heads)
        self.offsets = np.cumsum([0, *(len(h.bias) for h in self.heads)])
        self.table = np.zeros((WIDTH, int(self.offsets[-1])), np.float32)
        self._squares = np.zeros((WIDTH, 2 * len(self.heads)), np.float32)
        for i, head in enumerate(self.heads):
            self.table[head.columns, self.offsets[i] : self.offsets[i + 1]] = head.weights
            self._squares[:, i] = head.rest**2
            self._squares[head.columns, i] = head.idf**2
            self._squares[head.columns, len(self.heads) + i] = head.idf**2
        sizes = [h.dense.shape[0] for h in self.heads]
        self.dimension = max(sizes, default=0)
        self.dense = np.zeros((self.dimension, int(self.offsets[-1])), np.float32)
        for i, head in enumerate(self.heads):
            self.dense[: sizes[i], self.offsets[i] : self.offsets[i + 1]] = head.dense
        self.bias = np.concatenate([h.bias for h in self.heads]) if self.heads else np.zeros(0, np.float32)

    def lengths(self, counts: sp.csr_matrix) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give the n-gram rows' lengths and known shares, each of shape (n, heads); see `Scores`."""
        squared = sp.csr_matrix((counts.data**2, counts.indices, counts.indptr), shape=counts.shape)
        squares = squared @ self._squares
        total, seen = squares[:, : len(self.heads)], squares[:, len(self.heads) :]
        return np.sqrt(np.maximum(total, _TINY)), seen / np.maximum(total, _TINY)

    def scores(self, rows: Rows, dense: NDArray[np.float32] | None = None) -> Scores:
        """Score n texts with every head.

        Parameters
        ----------
        rows : Rows
            n texts.
        dense : float32 array of shape (n, columns), optional
            Their vectors times `dense`, where that is known already.

        Raises
        ------
        InputError
            If a head has weights on the embedding and the rows have no vectors.
        """
        counts, vectors = rows.counts, rows.vectors
        norm, known = self.lengths(counts)
        raw = counts @ self.table
        if self.dimension and dense is None:
            if vectors is None:
                raise InputError("a head has weights on the embedding: the texts' vectors are needed too")
            dense = vectors @ self.dense
        logits = []
        scope = np.full(norm.shape, np.inf, np.float32)
        for i, head in enumerate(self.heads):
            at = slice(self.offsets[i], self.offsets[i + 1])
            score = raw[:, at] / norm[:, i : i + 1] + self.bias[at]
            if dense is not None:
                score += dense[:, at]
            logits.append(score[:, : len(head.classes)])
            if head.scoped:
                scope[:, i] = score[:, -1]
        return Scores(logits, norm, known, scope)


def probabilities(logits: NDArray[np.float32], temperature: float, *, multi: bool) -> NDArray[np.float32]:
    """Calibrated probabilities of shape (n, k): softmax over the classes, or a sigmoid each where `multi`."""
    scaled = logits / np.float32(temperature)
    if multi:
        return np.asarray(np.exp(-np.logaddexp(0, -scaled)), np.float32)
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True), np.float32)


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.bool_], *, multi: bool) -> float:
    """Temperature that makes held-out scores most likely (Guo et al. 2017, temperature scaling).

    Parameters
    ----------
    logits : array of shape (n, k)
        Scores of texts that the head was not fitted on.
    truth : bool array of shape (n, k)
        The labels that hold.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        p = np.clip(probabilities(logits, float(np.exp(log_temperature)), multi=multi).astype(np.float64), 1e-9, 1)
        if multi:
            return -float(np.mean(np.where(truth, np.log(p), np.log(np.maximum(1 - p, 1e-9)))))
        return -float(np.mean(np.log(p[truth])))

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))
