"""Writes subword vectors as a stock sentence-transformers folder, with a card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from ideaclass.embed.static import TENSOR, TOKENIZER, WEIGHTS

_TYPES = ("StaticEmbedding", "Normalize")


def export(tokenizer: Tokenizer, vectors: NDArray[np.float32], folder: Path, card: str) -> None:
    """Write a folder that ``SentenceTransformer(folder)`` and `StaticEmbedder.load` read.

    The vectors are rounded to float16 precision and stored as float32: sentence-transformers computes in the type
    that it finds, and half precision misses 1e-5 and gives NaN for an empty text; the zero bits compress away in git
    and in the wheel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / TOKENIZER), pretty=False)
    scaled = vectors / max(float(np.sqrt(np.mean(vectors**2))), 1e-12)
    save_file({TENSOR: scaled.astype(np.float16).astype(np.float32)}, folder / WEIGHTS)
    modules = [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(_TYPES)
    ]
    settings: dict[str, object] = {"similarity_fn_name": "cosine", "prompts": {}, "default_prompt_name": None}
    _write_json(folder / "modules.json", modules)
    _write_json(folder / "config_sentence_transformers.json", settings)
    (folder / f"1_{_TYPES[1]}").mkdir(exist_ok=True)
    _write_json(folder / f"1_{_TYPES[1]}" / "config.json", {})
    (folder / "CARD.md").write_text(card, encoding="utf-8")


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
