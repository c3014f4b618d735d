"""One text as every head and rule of the router sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ideaclass.classify import LinearHead
from ideaclass.routing.heads import RowHeads, row_probabilities
from ideaclass.routing.reader import WordReader
from ideaclass.routing.scope import ScopeRule, signals
from ideaclass.types import Embedder, SubwordEmbedder


class Scope(NamedTuple):
    """What tells requests for us from others.

    Attributes
    ----------
    head : LinearHead
        Of the classes ``in`` and ``out``.
    inside, outside : float32 arrays of shape (p, d) and (q, d)
        Unit prototypes of texts of each kind; none without an embedder.
    """

    head: LinearHead
    inside: NDArray[np.float32]
    outside: NDArray[np.float32]


class Measured(NamedTuple):
    """What one text shows.

    Attributes
    ----------
    probability : float32 array of shape (k,)
        Of the domains.
    signals : float64 array
        See `ideaclass.routing.scope.SIGNALS`.
    abuse : float32 array, or None
        Probabilities of the classes of the abuse head, where there is one.
    columns, counts, vector : arrays
        Its n-grams, and its embedding where there is one.
    """

    probability: NDArray[np.float32]
    signals: NDArray[np.float64]
    abuse: NDArray[np.float32] | None
    columns: NDArray[np.int32]
    counts: NDArray[np.float32]
    vector: NDArray[np.float32] | None


class Meter:
    """Measures texts with a domain head, a scope and, where given, an abuse head."""

    def __init__(
        self,
        domain: LinearHead,
        scope: Scope,
        abuse: LinearHead | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._prototypes = np.concatenate([scope.inside, scope.outside])
        self._inside = len(scope.inside)
        self._heads = RowHeads([domain, scope.head] if abuse is None else [domain, scope.head, abuse])
        subwords = embedder if isinstance(embedder, SubwordEmbedder) else None
        self._reader = WordReader(subwords)
        self._whole = embedder if subwords is None else None

    def measure(self, texts: Sequence[str]) -> list[Measured]:
        """Measure n cleaned texts."""
        readings = self._reader.read(texts)
        if self._whole is not None:
            readings = [r._replace(vector=v) for r, v in zip(readings, self._whole.encode(texts), strict=True)]
        return [self.row(*reading) for reading in readings]

    def row(
        self, columns: NDArray[np.int32], counts: NDArray[np.float32], vector: NDArray[np.float32] | None
    ) -> Measured:
        """Measure one text that was read already: its n-gram columns and counts, and its vector."""
        domain, inside, *rest = self._heads.answers(columns, counts, vector)
        p = row_probabilities(domain, self._heads.heads[0])
        near = far = 0.0
        if vector is not None and self._inside:
            cosine = self._prototypes @ vector
            near, far = float(cosine[: self._inside].max()), float(cosine[self._inside :].max())
        score = float(inside.logits[0] - inside.logits[1])
        seen = signals(p, float(domain.logits.max()), score, domain.known, domain.norm, near, far)
        abuse = row_probabilities(rest[0], self._heads.heads[2]) if rest else None
        return Measured(p, seen, abuse, columns, counts, vector)


class ScopeScore:
    """A scope rule as one dot product; negative is out of scope."""

    def __init__(self, rule: ScopeRule) -> None:
        self._weights, bias = rule.weights()
        self._bias = bias - rule.threshold

    def __call__(self, seen: Measured) -> float:
        """Score one text."""
        return float(seen.signals @ self._weights) + self._bias
