"""Fine-tunes subword vectors: contrastive on pairs and CoSENT on graded pairs.

The loop is written by hand: every step sums two losses over batches of different shapes, which sentence-transformers'
trainer does not do (it takes one loss per step, in turn over the data sets), and texts are cut into pieces once, not at
every step. The contrastive loss is its ``MultipleNegativesSymmetricRankingLoss`` and the graded one its ``CoSENTLoss``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from ideaclass.embed.train.data import Graded, Pair

_SCALE = 16.0
_GRADED_SCALE = 20.0
_NEVER = -1e4
_LEAST = 64

Ids = list[list[int]]


class Settings(NamedTuple):
    """How long and how hard to train.

    Attributes
    ----------
    epochs : int
        Passes over the pairs.
    rate : float
        Adam's learning rate at the start; it falls to zero in a straight line.
    batch, graded_batch : int
        Pairs and graded pairs in a step.
    graded_weight : float
        Weight of the second loss; the first has 1.
    """

    epochs: int = 8
    rate: float = 5e-4
    batch: int = 512
    graded_batch: int = 256
    graded_weight: float = 4.0


class _Source(NamedTuple):
    first: Ids
    second: Ids
    negative: list[list[int] | None]


def tune(
    tokenizer: Tokenizer,
    vectors: NDArray[np.float32],
    pairs: Mapping[str, Sequence[Pair]],
    graded: Graded,
    settings: Settings,
    seed: int,
    tell: Callable[[str], None],
) -> NDArray[np.float32]:
    """Fine-tuned copies of the subword vectors.

    Parameters
    ----------
    tokenizer, vectors
        The model to start from.
    pairs : mapping of source to pairs
        A batch is of one source, so that its negatives are of the same kind as its pairs.
    graded : Graded
        Sentence pairs with likeness scores; may be empty.
    settings : Settings
        How long and how hard.
    seed : int
        Of the order of batches.
    tell : callable
        Told of each epoch.
    """
    rng = np.random.default_rng(seed)
    bag = nn.EmbeddingBag.from_pretrained(torch.tensor(vectors), freeze=False, mode="mean")

    def cut(texts: Sequence[str]) -> Ids:
        return [e.ids or [0] for e in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def encode(rows: Ids) -> Tensor:
        flat = torch.tensor([piece for row in rows for piece in row])
        vectors: Tensor = bag(flat, torch.tensor(np.cumsum([0, *(len(row) for row in rows[:-1])])))
        return F.normalize(vectors, dim=1)

    sources = [_source(found, cut) for found in pairs.values()]
    first, second, score = cut(graded.first), cut(graded.second), torch.tensor(graded.score)
    optimizer = torch.optim.Adam(bag.parameters(), lr=settings.rate, fused=True)
    step, total = 0, settings.epochs * len(_batches(sources, settings.batch, rng))
    for epoch in range(settings.epochs):
        losses = []
        for source, rows in _batches(sources, settings.batch, rng):
            loss = _contrastive(encode, source, rows)
            if len(score) and settings.graded_weight:
                chosen = rng.choice(len(score), min(settings.graded_batch, len(score)), replace=False)
                cosine = (encode([first[i] for i in chosen]) * encode([second[i] for i in chosen])).sum(1)
                loss = loss + settings.graded_weight * _cosent(cosine, score[chosen])
            for group in optimizer.param_groups:
                group["lr"] = settings.rate * (1 - step / total)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(float(loss.detach()))
            step += 1
        tell(f"epoch {epoch + 1} of {settings.epochs}: mean loss {np.mean(losses):.3f}")
    return np.array(bag.weight.detach().numpy(), np.float32)


def _source(pairs: Sequence[Pair], cut: Callable[[Sequence[str]], Ids]) -> _Source:
    negative = [None if p.negative is None else cut([p.negative])[0] for p in pairs]
    return _Source(cut([p.first for p in pairs]), cut([p.second for p in pairs]), negative)


def _batches(sources: list[_Source], size: int, rng: np.random.Generator) -> list[tuple[_Source, NDArray[np.int64]]]:
    """All pairs in batches of one source, shuffled; a last scrap of a source is left out."""
    found = []
    for source in sources:
        order = rng.permutation(len(source.first))
        found += [(source, order[i : i + size]) for i in range(0, max(1, len(order) - _LEAST), size)]
    return [found[i] for i in rng.permutation(len(found))]


def _contrastive(encode: Callable[[Ids], Tensor], source: _Source, rows: NDArray[np.int64]) -> Tensor:
    """Each text picks its partner out of the batch, both ways; repeats of either text are no negatives."""
    first, second = [source.first[i] for i in rows], [source.second[i] for i in rows]
    a = encode(first)
    logits = a @ encode(second).T * _SCALE
    left, right = (np.array([hash(tuple(row)) for row in side]) for side in (first, second))
    same = (left[:, None] == left) | (right[:, None] == right) | (left[:, None] == right) | (right[:, None] == left)
    np.fill_diagonal(same, False)
    logits = logits.masked_fill(torch.from_numpy(same), _NEVER)
    target = torch.arange(len(rows))
    against = [row for i in rows if (row := source.negative[i]) is not None]
    wider = torch.cat([logits, a @ encode(against).T * _SCALE], 1) if against else logits
    return F.cross_entropy(wider, target) + F.cross_entropy(logits.T, target)


def _cosent(cosine: Tensor, score: Tensor) -> Tensor:
    """Pairs that people call more alike should have the higher cosine."""
    wrong = ((cosine[None] - cosine[:, None]) * _GRADED_SCALE)[score[None] < score[:, None]]
    return torch.logsumexp(torch.cat([torch.zeros(1), wrong]), 0)
