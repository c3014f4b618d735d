"""From a labelled corpus to a model: leave each writer out in turn, calibrate on what was left out, fit on all.

Every reported figure is on a writer whom the scored model never saw. The temperature and the threshold applied to a
left-out writer, and the weight of the embedding, are chosen on the held-out scores of the other writers; the shipped
ones on those of all writers.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from ideaclass.classify import HeadStack, LinearHead, Loss, Scores, fit_head, fit_temperature, probabilities
from ideaclass.decide import Policy, fit_label_thresholds, fit_policy
from ideaclass.errors import InputError
from ideaclass.evaluate import Interval, confusion, expected_calibration_error, macro_f1, mean_over_groups
from ideaclass.features import Rows

CURVE = (0.25, 0.5)
SHARES = (0.0, 0.15, 0.3)


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Rows ready for fitting.

    Attributes
    ----------
    rows : Rows
        n texts as numbers.
    labels : list of n label codes, or bool array of shape (n, k)
        A matrix where several labels can hold at once.
    groups : array of shape (n,)
        Rows of one group never straddle a split.
    classes : tuple of k label codes
    background : Rows or None
        Texts that the question is not about.
    loss, class_weight, min_df
        See `ideaclass.classify.fit_head`.
    """

    rows: Rows
    labels: list[str] | NDArray[np.bool_]
    groups: NDArray[np.str_]
    classes: tuple[str, ...]
    background: Rows | None = None
    loss: Loss = "logistic"
    class_weight: str | None = None
    min_df: int = 1

    @property
    def holds(self) -> NDArray[np.bool_]:
        """Which labels hold, bool of shape (n, k)."""
        if isinstance(self.labels, np.ndarray):
            return self.labels
        position = {c: i for i, c in enumerate(self.classes)}
        return np.eye(len(self.classes), dtype=bool)[[position[label] for label in self.labels]]

    def pick(self, rows: NDArray[np.int64]) -> Examples:
        """Take some of the rows."""
        labels = self.labels[rows] if isinstance(self.labels, np.ndarray) else [self.labels[i] for i in rows]
        return replace(self, rows=self.rows.pick(rows), labels=labels, groups=self.groups[rows])

    def without_vectors(self) -> Examples:
        """Copy the rows as n-grams alone."""
        background = None if self.background is None else Rows(self.background.counts)
        return replace(self, rows=Rows(self.rows.counts), background=background)

    def fit(self, *, share: float, C: float) -> LinearHead:
        """Fit a head on these rows, rounded as it will be stored; a share of 0 leaves the embedding out."""
        e = self if share else self.without_vectors()
        return fit_head(
            e.rows,
            e.labels,
            classes=e.classes,
            background=e.background,
            share=share,
            C=C,
            loss=e.loss,
            class_weight=e.class_weight,
            min_df=e.min_df,
        ).rounded()


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Scores of every row by a model that never saw its group.

    Attributes
    ----------
    logits : float32 array of shape (n, k)
    known, scope : float32 arrays of shape (n,)
    truth : int array of shape (n,)
        The label that holds, where exactly one does.
    groups : array of shape (n,)
    holds : bool array of shape (n, k), or None
        The labels that hold, where any number can.
    """

    logits: NDArray[np.float32]
    known: NDArray[np.float32]
    scope: NDArray[np.float32]
    truth: NDArray[np.int64]
    groups: NDArray[np.str_]
    holds: NDArray[np.bool_] | None = None

    @property
    def answer(self) -> NDArray[np.int64]:
        """Most likely class of each row."""
        return np.asarray(self.logits.argmax(axis=1), np.int64)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the most likely class of each row holds."""
        return self.truth == self.answer if self.holds is None else self.holds[np.arange(len(self.truth)), self.answer]

    def calibrate(self, rows: NDArray[np.bool_], target: float) -> tuple[float, Policy]:
        """Temperature and policy fitted on some of the rows."""
        multi = self.holds is not None
        truth = np.eye(self.logits.shape[1], dtype=bool)[self.truth[rows]] if self.holds is None else self.holds[rows]
        temperature = fit_temperature(self.logits[rows], truth, multi=multi)
        p = probabilities(self.logits[rows], temperature, multi=multi)
        policy = fit_policy(p.max(axis=1), self.correct[rows], self.known[rows], self.scope[rows], target=target)
        return temperature, replace(policy, label_thresholds=fit_label_thresholds(p, truth)) if multi else policy


def hold_out(examples: Examples, *, share: float, C: float, fraction: float = 1.0, seed: int = 0) -> HeldOut:
    """Leave each group out in turn; `fraction` trains on a random part of the rest, for learning curves."""
    names = sorted(set(examples.groups.tolist()))
    if len(names) < 2:
        raise InputError(f"needs rows of two writers or more to hold one out, and there is only {names}")
    n, k = len(examples.labels), len(examples.classes)
    logits, known, scope = np.zeros((n, k), np.float32), np.zeros(n, np.float32), np.zeros(n, np.float32)

    def score(name: str) -> tuple[NDArray[np.int64], Scores]:
        test = np.flatnonzero(examples.groups == name)
        train = np.flatnonzero(examples.groups != name)
        if fraction < 1:
            train = np.random.default_rng(seed).permutation(train)[: round(len(train) * fraction)]
        head = examples.pick(train).fit(share=share, C=C)
        return test, HeadStack([head]).scores(examples.rows.pick(test))

    jobs = 1 if examples.loss == "hinge" else 2  # liblinear draws from one generator for all threads
    for test, scores in Parallel(n_jobs=jobs, prefer="threads")(delayed(score)(name) for name in names):
        logits[test], known[test], scope[test] = scores.logits[0], scores.known[:, 0], scores.scope[:, 0]
    holds = examples.holds
    several = holds if isinstance(examples.labels, np.ndarray) else None
    return HeldOut(logits, known, scope, holds.argmax(axis=1), examples.groups, several)


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
        p = probabilities(held.logits[own], temperature, multi=held.holds is not None)
        confidence[own] = p.max(axis=1)
        silent[own] = policy.review(confidence[own], held.known[own], held.scope[own])
    right = held.correct
    by_group = scores_by_group(held)
    return Report(
        by_group=by_group,
        macro_f1=mean_over_groups(list(by_group.values())),
        accuracy=float(right.mean()),
        ece=expected_calibration_error(confidence, right),
        answered=float((~silent).mean()),
        precision=float(right[~silent].mean()) if (~silent).any() else 0.0,
        confusion=confusion(held.truth, held.answer, held.logits.shape[1]),
    )


def scores_by_group(held: HeldOut) -> dict[str, float]:
    """Macro-F1 on each group."""
    names = sorted(set(held.groups.tolist()))
    return {g: macro_f1(held.truth[held.groups == g], held.answer[held.groups == g]) for g in names}


def _chosen(held: dict[float, HeldOut]) -> tuple[HeldOut, float]:
    """Put together the best share for every group by the other groups' scores; name the best by all."""
    by_group = {share: scores_by_group(h) for share, h in held.items()}
    first = next(iter(held.values()))
    mixed = replace(first, logits=first.logits.copy(), known=first.known.copy(), scope=first.scope.copy())

    def best(without: str | None) -> float:
        return max(held, key=lambda share: float(np.mean([v for g, v in by_group[share].items() if g != without])))

    for group in by_group[next(iter(held))]:
        own, source = first.groups == group, held[best(group)]
        mixed.logits[own], mixed.known[own], mixed.scope[own] = source.logits[own], source.known[own], source.scope[own]
    return mixed, best(None)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A head fitted on all rows, its rule, and what to expect of it on unseen writers.

    Attributes
    ----------
    share : float
        Weight of the embedding beside the n-grams; 0 where n-grams alone did best.
    by_share : dict of float to float
        Mean macro-F1 over left-out groups with each share; 0 is n-grams alone.
    curve : dict of int to float
        The same by number of rows trained on.
    """

    head: LinearHead
    policy: Policy
    report: Report
    share: float
    by_share: dict[float, float]
    curve: dict[int, float]

    def metrics(self) -> dict[str, Any]:
        """Plain values for a manifest."""
        return {
            **self.report.to_dict(),
            "macro_f1_by_embedding_share": {str(k): v for k, v in self.by_share.items()},
            "learning_curve": {str(k): v for k, v in self.curve.items()},
        }


def train(
    examples: Examples,
    *,
    shares: Sequence[float] = SHARES,
    C: float = 10.0,
    target: float = 0.9,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Trained:
    """Hold each group out, choose the embedding's share, report, calibrate, and fit on all rows.

    Parameters
    ----------
    examples : Examples
        Of two groups or more.
    shares : sequence of float
        Weights of the embedding to choose from; only 0 counts where there are no vectors. The share, temperature and
        threshold used on a group are chosen on the other groups.
    C : float
        Inverse regularisation strength.
    target : float
        Precision wanted among rows without review.
    seed : int
        Of the learning curve's samples; nothing else is random.
    progress : callable, optional
        Told of each step.
    """
    tell = progress or (lambda _: None)
    held: dict[float, HeldOut] = {}
    by_share: dict[float, float] = {}
    for share in shares if examples.rows.vectors is not None else (0.0,):
        held[share] = hold_out(examples, share=share, C=C)
        by_share[share] = round(float(np.mean(list(scores_by_group(held[share]).values()))), 4)
        tell(f"embedding share {share}: macro-F1 {by_share[share]:.3f}")
    mixed, share = _chosen(held)
    n, groups = len(examples.labels), len(set(examples.groups.tolist()))
    curve = {}
    for fraction in CURVE:
        part = hold_out(examples, share=share, C=C, fraction=fraction, seed=seed)
        curve[round(fraction * (1 - 1 / groups) * n)] = round(float(np.mean(list(scores_by_group(part).values()))), 4)
    curve[round((1 - 1 / groups) * n)] = by_share[share]
    temperature, policy = held[share].calibrate(np.ones(n, bool), target)
    head = examples.fit(share=share, C=C).calibrated(temperature)
    return Trained(head, policy, report(mixed, target=target), share, by_share, curve)


def library_versions() -> dict[str, str]:
    """Python and the libraries whose versions can change a fitted model."""
    import importlib.metadata as metadata

    return {"python": platform.python_version()} | {
        name: metadata.version(name) for name in ("numpy", "scipy", "scikit-learn", "safetensors", "tokenizers")
    }


def card(task: str, trained: Trained, data: Sequence[dict[str, Any]]) -> str:
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
        "| share of the embedding (0: n-grams alone) | macro-F1 |",
        "|---|---|",
        *[f"| {share} | {value:.3f} |" for share, value in trained.by_share.items()],
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
