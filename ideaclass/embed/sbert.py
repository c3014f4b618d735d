"""Any sentence-transformers model as an embedder (extra ``transformers``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ideaclass.errors import InputError, MissingExtraError, UnknownModelError


class SentenceTransformerEmbedder:
    """A sentence-transformers model, by its name on the Hugging Face hub or by the path of its folder.

    Parameters
    ----------
    name_or_path : str or Path
        Such as ``"intfloat/multilingual-e5-small"``, or a folder.
    device : str, optional
        PyTorch device; chosen by sentence-transformers if None.

    Raises
    ------
    MissingExtraError
        If sentence-transformers is not installed.
    UnknownModelError
        If the model is neither a folder here nor in the cache, and the hub cannot be reached or does not know it.
    """

    def __init__(self, name_or_path: str | Path, device: str | None = None) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise MissingExtraError("transformers", "sentence-transformers") from None
        name = str(name_or_path)
        looks_local = isinstance(name_or_path, Path) or name.startswith((".", "/", "~")) or name.count("/") > 1
        if looks_local and not Path(name).expanduser().is_dir():
            raise UnknownModelError(f"{name}: there is no such folder")
        try:
            self.model = SentenceTransformer(str(Path(name).expanduser()) if looks_local else name, device=device)
        except (OSError, ValueError) as e:
            raise UnknownModelError(
                f"{name}: no such folder here, not in the cache, and it could not be fetched from the hub (offline, or "
                f"no such model). Give the path of a downloaded folder, or fetch it once where there is a network. "
                f"The cause: {str(e).splitlines()[0] if str(e) else type(e).__name__}"
            ) from e
        self.name = name

    def __repr__(self) -> str:
        return f"SentenceTransformerEmbedder({self.name!r})"

    def encode(self, sentences: Sequence[str], batch_size: int = 32) -> NDArray[np.float32]:
        """Vectors of shape (n, d), float32, each of length one (zero where the model itself gives zero).

        Raises
        ------
        InputError
            If one text is given in place of a list.
        """
        if isinstance(sentences, str):
            raise InputError("encode takes a list of texts, not one text")
        if not len(sentences):
            return np.empty((0, len(self.encode([" "])[0])), np.float32)
        vectors = self.model.encode(
            list(sentences), batch_size=batch_size, normalize_embeddings=True, convert_to_numpy=True,
            show_progress_bar=False,
        )  # fmt: skip
        return np.asarray(vectors, np.float32)
