"""Is this a request for us at all? A fitted rule on several signals at once."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ideaclass.errors import InputError

SIGNALS = (
    "log top probability",
    "margin",
    "top score",
    "scope score",
    "known n-gram share",
    "log length",
    "nearness to in-scope texts",
    "nearness to out-of-scope texts",
)


def signals(
    probability: NDArray[np.float32], top: float, scope: float, known: float, norm: float, near: float, far: float
) -> NDArray[np.float64]:
    """Measure one text, in the order of `SIGNALS`.

    Parameters
    ----------
    probability : float32 array of shape (k,)
        Of the domains.
    top, scope : float
        Highest domain score; score of in scope minus out of scope.
    known, norm : float
        As in `ideaclass.routing.heads.Answer`, of the domain head.
    near, far : float
        Highest cosine with a prototype of in-scope and of out-of-scope texts.
    """
    *_, second, first = sorted([0.0, *probability.tolist()])
    return np.array([math.log(max(first, 1e-9)), first - second, top, scope, known, math.log1p(norm), near, far])


@dataclass(frozen=True, slots=True)
class ScopeRule:
    """A logistic score of the signals and the score below which a text is out of scope.

    Attributes
    ----------
    mean, scale, coef : tuple of float
        One per signal.
    intercept, threshold : float
    false_rejection : float
        Share of in-scope texts that the threshold was set to reject.
    fitted_on : str
        Name of the data.
    rows : int
        How many rows those were.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coef: tuple[float, ...]
    intercept: float
    threshold: float
    false_rejection: float
    fitted_on: str
    rows: int

    def score(self, measured: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores of shape (n,) of texts measured by `signals`, shape (n, s); higher is more in scope."""
        scaled = (measured - np.array(self.mean)) / np.array(self.scale)
        return np.asarray(scaled @ np.array(self.coef) + self.intercept, np.float64)

    def weights(self) -> tuple[NDArray[np.float64], float]:
        """Give the same score as one dot product: weights of the raw signals, and what to add."""
        weight = np.array(self.coef) / np.array(self.scale)
        return weight, float(self.intercept - weight @ np.array(self.mean))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a manifest."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()} | {"signals": list(SIGNALS)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ScopeRule:
        """Undo `to_dict`.

        Raises
        ------
        InputError
            If the signals are not those of this release.
        """
        if tuple(values["signals"]) != SIGNALS:
            raise InputError(f"the scope rule was fitted on other signals: {values['signals']}, not {list(SIGNALS)}")
        kept = {k: v for k, v in values.items() if k in cls.__dataclass_fields__}
        return cls(**kept | {name: tuple(values[name]) for name in ("mean", "scale", "coef")})


def fit_scope_rule(
    inside: NDArray[np.float64], outside: NDArray[np.float64], *, false_rejection: float = 0.05, fitted_on: str
) -> ScopeRule:
    """Fit the rule on held-out rows, and set the threshold so that it rejects a given share of the in-scope ones.

    Parameters
    ----------
    inside, outside : arrays of shape (n, s) and (m, s)
        Signals of rows that the models behind the signals were not fitted on.
    false_rejection : float
        Share of `inside` to reject at most.
    fitted_on : str
        What the rows are, for the manifest.
    """
    from sklearn.linear_model import LogisticRegression

    features = np.concatenate([inside, outside])
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    target = np.arange(len(features)) < len(inside)
    model = LogisticRegression(class_weight="balanced", max_iter=1000).fit((features - mean) / scale, target)
    rule = ScopeRule(
        tuple(map(float, mean)),
        tuple(map(float, scale)),
        tuple(map(float, model.coef_[0])),
        float(model.intercept_[0]),
        0.0,
        false_rejection,
        fitted_on,
        len(features),
    )
    threshold = float(np.quantile(rule.score(inside), false_rejection))
    return replace(rule, threshold=threshold)
