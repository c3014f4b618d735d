"""From a labelled corpus to a model: leave each writer out in turn, calibrate on what was left out, fit on all.

Every reported figure is on a writer whom the scored model never saw. The temperature and the threshold applied to a
left-out writer are fitted on the held-out scores of the other writers; the shipped ones on those of all writers.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ideaclass.classify import HeadStack, LinearHead, Rows, fit_head, fit_temperature, probabilities
from ideaclass.decide import Policy, fit_policy
from ideaclass.errors import InputError
from ideaclass.evaluate import Interval, confusion, expected_calibration_error, macro_f1, mean_over_groups

CURVE = (0.125, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Rows ready for fitting.

    Attributes
    ----------
    rows : Rows
        n texts as numbers.
    labels : list of n label codes
    groups : array of shape (n,)
        Rows of one group never straddle a split.
    classes : tuple of k label codes
    background : Rows or None
        Texts that the question is not about.
    """

    rows: Rows
    labels: list[str]
    groups: NDArray[np.str_]
    classes: tuple[str, ...]
    background: Rows | None = None

    def pick(self, rows: NDArray[np.int64]) -> Examples:
        """Some of the rows."""
        return replace(self, rows=self.rows.pick(rows), labels=[self.labels[i] for i in rows], groups=self.groups[rows])

    def fit(self, *, share: float, C: float) -> LinearHead:
        """Fit a head on these rows, rounded as it will be stored."""
        return fit_head(
            self.rows, self.labels, classes=self.classes, background=self.background, share=share, C=C
        ).rounded()


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Scores of every row by a model that never saw its group.

    Attributes
    ----------
    logits : float32 array of shape (n, k)
    known, scope : float32 arrays of shape (n,)
    truth : int array of shape (n,)
    groups : array of shape (n,)
    """

    logits: NDArray[np.float32]
    known: NDArray[np.float32]
    scope: NDArray[np.float32]
    truth: NDArray[np.int64]
    groups: NDArray[np.str_]

    @property
    def answer(self) -> NDArray[np.int64]:
        """Most likely class of each row."""
        return np.asarray(self.logits.argmax(axis=1), np.int64)

    def calibrate(self, rows: NDArray[np.bool_], target: float) -> tuple[float, Policy]:
        """Temperature and policy fitted on some of the rows."""
        truth = np.eye(self.logits.shape[1], dtype=bool)[self.truth[rows]]
        temperature = fit_temperature(self.logits[rows], truth, multi=False)
        confidence = probabilities(self.logits[rows], temperature, multi=False).max(axis=1)
        correct = self.answer[rows] == self.truth[rows]
        policy = fit_policy(confidence, correct, self.known[rows], self.scope[rows], target=target)
        return temperature, policy


def hold_out(examples: Examples, *, share: float, C: float, fraction: float = 1.0, seed: int = 0) -> HeldOut:
    """Leave each group out in turn; `fraction` trains on a random part of the rest, for learning curves."""
    names = sorted(set(examples.groups.tolist()))
    if len(names) < 2:
        raise InputError(f"needs rows of two writers or more to hold one out, and there is only {names}")
    position = {c: i for i, c in enumerate(examples.classes)}
    n, k = len(examples.labels), len(examples.classes)
    logits, known, scope = np.zeros((n, k), np.float32), np.zeros(n, np.float32), np.zeros(n, np.float32)
    for name in names:
        test = np.flatnonzero(examples.groups == name)
        train = np.flatnonzero(examples.groups != name)
        if fraction < 1:
            train = np.random.default_rng(seed).permutation(train)[: round(len(train) * fraction)]
        scores = HeadStack([examples.pick(train).fit(share=share, C=C)]).scores(examples.rows.pick(test))
        logits[test], known[test], scope[test] = scores.logits[0], scores.known[:, 0], scores.scope[:, 0]
    truth = np.array([position[label] for label in examples.labels])
    return HeldOut(logits, known, scope, truth, examples.groups)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What leaving each group out showed.

    Attributes
    ----------
    by_group : dict of str to float
        Macro-F1 on each group.
    macro_f1 : Interval
        Mean over groups.
    accuracy, ece : float
    answered, precision : float
        Share of rows that need no review, and how many of those are right, each group judged by the others' rule.
    confusion : int array of shape (k, k)
    """

    by_group: dict[str, float]
    macro_f1: Interval
    accuracy: float
    ece: float
    answered: float
    precision: float
    confusion: NDArray[np.int64]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a manifest."""
        return {
            "split": "each writer left out in turn",
            "macro_f1_by_writer": {k: round(v, 4) for k, v in self.by_group.items()},
            "macro_f1_mean_low_high": self.macro_f1.to_list(),
            "accuracy": round(self.accuracy, 4),
            "expected_calibration_error": round(self.ece, 4),
            "share_without_review": round(self.answered, 4),
            "precision_without_review": round(self.precision, 4),
            "confusion": self.confusion.tolist(),
        }


def report(held: HeldOut, *, target: float = 0.9) -> Report:
    """Score held-out rows; calibration and thresholds of each group come from the other groups."""
    names = sorted(set(held.groups.tolist()))
    confidence = np.zeros(len(held.truth), np.float32)
    silent = np.zeros(len(held.truth), bool)
    for name in names:
        own = held.groups == name
        temperature, policy = held.calibrate(~own, target)
        confidence[own] = probabilities(held.logits[own], temperature, multi=False).max(axis=1)
        silent[own] = policy.review(confidence[own], held.known[own], held.scope[own])
    right = held.answer == held.truth
    by_group = {name: macro_f1(held.truth[held.groups == name], held.answer[held.groups == name]) for name in names}
    return Report(
        by_group=by_group,
        macro_f1=mean_over_groups(list(by_group.values())),
        accuracy=float(right.mean()),
        ece=expected_calibration_error(confidence, right),
        answered=float((~silent).mean()),
        precision=float(right[~silent].mean()) if (~silent).any() else 0.0,
        confusion=confusion(held.truth, held.answer, held.logits.shape[1]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A head fitted on all rows, its rule, and what to expect of it on unseen writers."""

    head: LinearHead
    policy: Policy
    report: Report
    curve: dict[str, float]


def train(
    examples: Examples,
    *,
    share: float = 1.0,
    C: float = 10.0,
    target: float = 0.9,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Trained:
    """Hold each group out, report, calibrate, and fit on all rows.

    Parameters
    ----------
    examples : Examples
        Of two groups or more.
    share : float
        Weight of the embedding beside the n-grams.
    C : float
        Inverse regularisation strength.
    target : float
        Precision wanted among rows without review.
    seed : int
        Of the learning curve's samples; nothing else is random.
    progress : callable, optional
        Told of each step.
    """
    curve: dict[str, float] = {}
    held = None
    for fraction in CURVE:
        held = hold_out(examples, share=share, C=C, fraction=fraction, seed=seed)
        score = report(held, target=target) if fraction == 1 else None
        names = sorted(set(held.groups.tolist()))
        mean = np.mean([macro_f1(held.truth[held.groups == g], held.answer[held.groups == g]) for g in names])
        curve[str(round(fraction * (1 - 1 / len(names)) * len(held.truth)))] = round(float(mean), 4)
        if progress is not None:
            progress(f"{fraction:.3g} of the rows: macro-F1 {mean:.3f}")
    assert held is not None
    assert score is not None
    temperature, policy = held.calibrate(np.ones(len(held.truth), bool), target)
    head = examples.fit(share=share, C=C).calibrated(temperature)
    return Trained(head, policy, score, curve)


def library_versions() -> dict[str, str]:
    """Python and the libraries whose versions can change a fitted model."""
    import importlib.metadata as metadata

    return {"python": platform.python_version()} | {
        name: metadata.version(name) for name in ("numpy", "scipy", "scikit-learn", "safetensors", "tokenizers")
    }


def cards(task: str, trained: Trained, data: Sequence[dict[str, Any]]) -> str:
    """Model card in Markdown."""
    r, p = trained.report, trained.policy
    classes = trained.head.classes
    lines = [
        f"# {task}",
        "",
        f"Sorts Korean citizen texts into {', '.join(classes)}.",
        "",
        "## Data",
        "",
        *[f"- {d['name']}: {sum(d['rows'].values())} rows ({d['rows']}); {d['licence']}; {d['source']}" for d in data],
        "",
        "## What to expect on unseen writers",
        "",
        "Each writer was left out in turn and scored by a model fitted on the others.",
        "",
        f"- macro-F1, mean over writers with 95 % interval: {r.macro_f1}",
        f"- accuracy {r.accuracy:.3f}, expected calibration error {r.ece:.3f}",
        f"- without review: {r.answered:.0%} of rows, of which {r.precision:.1%} right (target {p.target:.0%})",
        "",
        "| writer left out | macro-F1 |",
        "|---|---|",
        *[f"| {name} | {value:.3f} |" for name, value in r.by_group.items()],
        "",
        "| rows trained on | macro-F1 |",
        "|---|---|",
        *[f"| {rows} | {value:.3f} |" for rows, value in trained.curve.items()],
        "",
        "Rows are the truth, columns the answer:",
        "",
        f"| | {' | '.join(classes)} |",
        f"|---|{'---|' * len(classes)}",
        *[f"| {c} | {' | '.join(map(str, row))} |" for c, row in zip(classes, r.confusion.tolist(), strict=True)],
        "",
        "## Limits",
        "",
        "Trained on synthetic sentences written for this project, one persona a file. Texts of another kind of office,",
        "register or length will score lower; the review flag, not the label, is what to trust there.",
        "",
    ]
    return "\n".join(lines)
