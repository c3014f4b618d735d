"""Kiwi's morpheme vectors, recovered and distilled into the vectors of a subword vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

UNKNOWN = "[UNK]"
_MOST = 200_000
_BATCH = 20_000
_STEPS = 15
_RIDGE = 0.1
_LONGEST_PIECE = 8


def morpheme_vectors(landmarks: int, rank: int, seed: int) -> NDArray[np.float32]:
    """Kiwi's CoNg morpheme vectors, up to rotation, from its public similarity call.

    The cosines of all morphemes to a few landmarks determine the vectors: with the landmarks' Gram matrix
    U diag(λ) Uᵀ, they are S U diag(λ)^-½.

    Returns
    -------
    float32 array of shape (morphemes, rank)
    """
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=1, model_type="cong")
    size = len(kiwi.most_similar_morphemes("민원", top_n=_MOST))
    chosen = np.random.default_rng(seed).choice(size, landmarks, replace=False)
    cosine = np.zeros((size, landmarks), np.float32)
    for column, landmark in enumerate(chosen):
        for other in kiwi.most_similar_morphemes(int(landmark), top_n=_MOST):
            if other.id < size:
                cosine[other.id, column] = other.score
        cosine[landmark, column] = 1.0
    gram = cosine[chosen]
    value, vector = np.linalg.eigh((gram + gram.T) / 2)
    value, vector = value[::-1][:rank], vector[:, ::-1][:, :rank]
    return np.asarray(cosine @ (vector / np.sqrt(value)), np.float32)


def vocabulary(lines: Sequence[str], size: int) -> Tokenizer:
    """Train a unigram tokenizer: NFKC, lower case, no punctuation, a mark before each word, pieces of at most 8.

    Punctuation would be glued to word endings and split the evidence for them (KorSTS dev 67.3 against 67.9 before any
    fine-tuning).
    """
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("removed"), pre_tokenizers.Metaspace()]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=[UNKNOWN], unk_token=UNKNOWN, max_piece_length=_LONGEST_PIECE,
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def piece_counts(tokenizer: Tokenizer, lines: Sequence[str]) -> sp.csr_matrix:
    """How often each subword occurs in each line, shape (n, V), float32."""
    ids: list[NDArray[np.int32]] = []
    for start in range(0, len(lines), _BATCH):
        batch = tokenizer.encode_batch_fast(list(lines[start : start + _BATCH]), add_special_tokens=False)
        ids.extend(np.array(e.ids, np.int32) for e in batch)
    return _counts(ids, tokenizer.get_vocab_size())


def morpheme_counts(lines: Sequence[str], size: int) -> sp.csr_matrix:
    """How often each of Kiwi's morphemes occurs in each line, shape (n, size), float32."""
    from kiwipiepy import Kiwi

    parsed = Kiwi(num_workers=2, model_type="cong").tokenize(lines)
    return _counts([np.array([t.id for t in tokens if t.id < size], np.int32) for tokens in parsed], size)


def sentence_targets(morphemes: sp.csr_matrix, vectors: NDArray[np.float32], smoothing: float) -> NDArray[np.float32]:
    """Sum each line's morpheme vectors by smooth inverse frequency: weight a / (a + p) for a frequency of p."""
    count = np.asarray(morphemes.sum(0), np.float64).ravel() + 0.5
    weight = smoothing / (smoothing + count / count.sum())
    return np.asarray(morphemes @ (vectors * weight[:, None].astype(np.float32)), np.float32)


def solve(pieces: sp.csr_matrix, targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subword vectors whose sums match the targets: ridge regression by conjugate gradients, all columns at once."""
    weight = (1 / (np.linalg.norm(targets, axis=1) + 0.3)).astype(np.float32)
    matrix = (sp.diags(weight) @ pieces).tocsr()
    across = matrix.T.tocsr()
    scale = (np.asarray(matrix.multiply(matrix).sum(0)).ravel() + _RIDGE).astype(np.float32)[:, None]
    solution = np.zeros((pieces.shape[1], targets.shape[1]), np.float32)
    residual = across @ (targets * weight[:, None])
    step = residual / scale
    energy = (residual * step).sum(0)
    for _ in range(_STEPS):
        image = across @ (matrix @ step) + _RIDGE * step
        length = energy / ((step * image).sum(0) + 1e-12)
        solution += step * length
        residual -= image * length
        scaled = residual / scale
        energy, before = (residual * scaled).sum(0), energy
        step = scaled + step * (energy / (before + 1e-12))
    return solution


def centred(vectors: NDArray[np.float32], count: NDArray[np.float64], share: float = 1.0) -> NDArray[np.float32]:
    """Subtract a share of the mean over the text, so that unrelated sentences are near cosine 0; pooling keeps it."""
    return vectors - np.asarray(share * (count / count.sum()) @ vectors, np.float32)


def _counts(ids: list[NDArray[np.int32]], width: int) -> sp.csr_matrix:
    offsets = np.concatenate([[0], np.cumsum([len(i) for i in ids])])
    flat = np.concatenate(ids) if ids else np.empty(0, np.int32)
    return sp.csr_matrix((np.ones(len(flat), np.float32), flat, offsets), shape=(len(ids), width))
