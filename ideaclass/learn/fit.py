"""From labelled examples to a head, its rule and honest figures: folds that keep near-duplicates together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ideaclass.classify import LinearHead, probabilities
from ideaclass.decide import Policy
from ideaclass.evaluate import ClassScores, class_scores, expected_calibration_error
from ideaclass.features import Rows, rows
from ideaclass.learn.data import Example
from ideaclass.learn.split import FOLDS, deal, near_duplicates
from ideaclass.text import clean
from ideaclass.training import Examples, HeldOut, hold_out
from ideaclass.types import Embedder

C = 0.5
SHARE = 0.3
TARGET = 0.9
CURVE = (0.125, 0.25, 0.5)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model of one question, and what to expect of it.

    Attributes
    ----------
    examples : list of n Example
        With fold, and the answer of a model that was not trained on the fold.
    rows : Rows
        Their n-grams and vectors.
    classes : tuple of k str
    head : LinearHead
        Fitted on all of them.
    policy : Policy
    probability : float32 array of shape (n, k)
        Held-out, calibrated on the other folds.
    assigned, holds : bool arrays of shape (n, k)
        Held-out answers, and the truth.
    silent : bool array of shape (n,)
        Rows that a person would be asked about.
    known : float32 array of shape (n,)
        Share of n-grams known to the model that answered.
    scores : ClassScores
    ece : float
        Expected calibration error of the confidence.
    curve : dict of int to float
        Macro-F1 by number of rows trained on.
    share : float
        Weight of the embedding beside the n-grams; 0 without one.
    """

    examples: list[Example]
    rows: Rows
    classes: tuple[str, ...]
    head: LinearHead
    policy: Policy
    probability: NDArray[np.float32]
    assigned: NDArray[np.bool_]
    holds: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    known: NDArray[np.float32]
    scores: ClassScores
    ece: float
    curve: dict[int, float]
    share: float

    @property
    def confidence(self) -> NDArray[np.float32]:
        """Held-out probability of each row's first answer."""
        return np.asarray(self.probability.max(axis=1), np.float32)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether that answer holds, bool of shape (n,)."""
        return np.asarray(self.holds[np.arange(len(self.holds)), self.probability.argmax(axis=1)], bool)


def truth_matrix(labels: Sequence[tuple[str, ...]], classes: Sequence[str]) -> NDArray[np.bool_]:
    """Which of k labels hold for n rows; labels that are no class are left out."""
    position = {c: i for i, c in enumerate(classes)}
    holds = np.zeros((len(labels), len(classes)), bool)
    for i, row in enumerate(labels):
        holds[i, [position[label] for label in row if label in position]] = True
    return holds


def fit(
    examples: Sequence[Example],
    classes: Sequence[str],
    *,
    multi: bool,
    embedder: Embedder | None = None,
    target: float = TARGET,
    curve: bool = True,
    seed: int = 0,
    tell: Tell = lambda _: None,
) -> Fitted:
    """Cross-validate on five folds, calibrate, set the rule, and fit on all examples.

    Parameters
    ----------
    examples : sequence of n Example
        Those with a fold keep it.
    classes : sequence of k str
    multi : bool
        Whether several labels can hold at once.
    embedder : Embedder, optional
    target : float
        Precision wanted among rows without review.
    curve : bool
        Whether to measure how the score grows with the rows.
    seed : int
        Of the learning curve's samples.
    tell : callable
        Told of each step.
    """
    examples = sorted(examples)
    tell("reading the texts")
    numbers = rows(clean([e.text for e in examples]), embedder)
    groups = near_duplicates(numbers.counts, seed=seed)
    taken = np.array([e.fold for e in examples])
    labels = [e.labels for e in examples]
    folds = deal([e.text for e in examples], labels, groups, taken=taken)
    holds = truth_matrix(labels, classes)
    ready = Examples(
        numbers,
        holds if multi else [row[0] for row in labels],
        folds.astype(str),
        tuple(classes),
        loss="hinge",
        class_weight="root",
    )
    share = SHARE if numbers.vectors is not None else 0.0
    points: dict[int, float] = {}
    for fraction in CURVE if curve and len(examples) >= 40 * FOLDS else ():
        tell(f"learning curve, {fraction:.1%} of the rows")
        part = hold_out(ready, share=share, C=C, fraction=fraction, seed=seed)
        _, assigned, _ = _answers(part, holds, target)
        size = round(fraction * (1 - 1 / FOLDS) * len(examples))
        points[size] = round(class_scores(holds, assigned, rounds=1).macro_f1.value, 4)
    tell("cross-validation")
    held = hold_out(ready, share=share, C=C)
    probability, assigned, silent = _answers(held, holds, target)
    scores = class_scores(holds, assigned, seed=seed)
    points[round((1 - 1 / FOLDS) * len(examples))] = round(scores.macro_f1.value, 4)
    confidence, best = probability.max(axis=1), probability.argmax(axis=1)
    right = holds[np.arange(len(holds)), best]
    tell("fitting on all rows")
    temperature, policy = held.calibrate(np.ones(len(holds), bool), target)
    names = np.array(classes, object)
    done = [
        replace(e, fold=int(f), answer=tuple(names[a]), confidence=round(float(c), 4))
        for e, f, a, c in zip(examples, folds, assigned, confidence, strict=True)
    ]
    return Fitted(
        examples=done,
        rows=numbers,
        classes=tuple(classes),
        head=ready.fit(share=share, C=C).calibrated(temperature),
        policy=policy,
        probability=probability,
        assigned=assigned,
        holds=holds,
        silent=silent,
        known=held.known,
        scores=scores,
        ece=expected_calibration_error(confidence, right),
        curve=points,
        share=share,
    )


def _answers(
    held: HeldOut, holds: NDArray[np.bool_], target: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Probabilities, labels and silence of held-out rows, each fold judged by what the others taught."""
    probability = np.zeros(holds.shape, np.float32)
    assigned, silent = np.zeros(holds.shape, bool), np.zeros(len(holds), bool)
    multi = held.holds is not None
    for fold in sorted(set(held.groups.tolist())):
        own = held.groups == fold
        temperature, policy = held.calibrate(~own, target)
        p = probabilities(held.logits[own], temperature, multi=multi)
        chosen = np.zeros(p.shape, bool)
        chosen[np.arange(len(p)), p.argmax(axis=1)] = True
        if multi:
            chosen |= p >= np.asarray(policy.label_thresholds, np.float32)
        probability[own], assigned[own] = p, chosen
        silent[own] = policy.review(p.max(axis=1), held.known[own], held.scope[own])
    return probability, assigned, silent
