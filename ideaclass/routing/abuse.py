"""When is a message abusive? A floor under the probability of being fine, a lower one for very short messages.

A word or two hold too little to tell abuse from a bare subject (쓰레기), so their floor is set by ordinary messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SHORT = 3
FALSE_ALARMS = 0.04


class AbuseFloors(NamedTuple):
    """Probabilities of being fine below which a cleaned message is abusive.

    Attributes
    ----------
    long, short : float
        Of more than `SHORT` words, and of as many or fewer.
    """

    long: float
    short: float

    def of(self, text: str) -> float:
        """Give the floor for one cleaned text; one of a single letter (네) is never abusive."""
        if sum(map(str.isalpha, text)) < 2:
            return 0.0
        return self.short if _is_short(text) else self.long


def _is_short(text: str) -> bool:
    return text.count(" ") < SHORT


def fit_floors(
    fine: NDArray[np.float32],
    fair: NDArray[np.bool_],
    groups: NDArray[np.str_],
    texts: Sequence[str],
    ordinary: NDArray[np.float32],
    ordinary_texts: Sequence[str],
) -> tuple[AbuseFloors, dict[str, Any]]:
    """Set the floors so that few fair messages are flagged, and measure them with each writer left out.

    Parameters
    ----------
    fine, fair, groups, texts : n values each
        Held-out probability of being fine, whether that is so, writer, and cleaned text of the abuse corpus.
    ordinary, ordinary_texts : m values each
        The same probability and text of ordinary messages, which the abuse model never saw as fair or not.
    """
    short = np.array([*map(_is_short, texts)], bool)
    low = float(np.quantile(ordinary[[*map(_is_short, ordinary_texts)]], FALSE_ALARMS))

    def floors(rows: NDArray[np.bool_]) -> AbuseFloors:
        high = float(np.quantile(fine[rows & fair & ~short], FALSE_ALARMS))
        return AbuseFloors(high, min(low, high))

    flagged = np.zeros(len(fine), bool)
    for name in sorted(set(groups.tolist())):
        own = groups == name
        found = floors(~own)
        flagged[own] = fine[own] < np.where(short[own], found.short, found.long)
    fitted = floors(np.ones(len(fine), bool))
    usual = np.array([p < fitted.of(t) for p, t in zip(ordinary.tolist(), ordinary_texts, strict=True)])
    return fitted, {
        "split": "each writer left out in turn, floors from the other writers and ordinary messages",
        "recall": round(float(flagged[~fair].mean()), 4),
        "fair_flagged": round(float(flagged[fair].mean()), 4),
        "ordinary_flagged": round(float(usual.mean()), 4),
    }
