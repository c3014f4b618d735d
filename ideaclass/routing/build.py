"""Fit a router on the corpora: every signal behind its rules is measured on writers left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ideaclass import taxonomy
from ideaclass.artifacts import Artifact, Manifest, Store
from ideaclass.classify import HeadStack, fit_head, probabilities
from ideaclass.corpus import Corpus, read_corpus
from ideaclass.embed import stored
from ideaclass.errors import FileError
from ideaclass.features import SPEC, Rows, rows
from ideaclass.labeler import embedder_of
from ideaclass.model import TaskModel, arrays_of
from ideaclass.routing import FINE, KIND, SUFFIX
from ideaclass.routing.abuse import AbuseFloors, fit_floors
from ideaclass.routing.measure import Meter, Scope
from ideaclass.routing.policy import RoutePolicy, fit_route_policy
from ideaclass.routing.scope import SIGNALS, fit_scope_rule
from ideaclass.text import clean
from ideaclass.training import Examples, hold_out, library_versions

ROUTERS = ("seoul120", "labour1350")
OUTSIDE = "outofscope"
ABUSE = "abuse"
C = 10.0
SHARE = 0.3
PROTOTYPES = 128
FALSE_REJECTION = 0.04
PRECISION = 0.9
SEED = 0


def build_routers(
    corpora: Path,
    store: Store,
    *,
    names: Sequence[str] = ROUTERS,
    progress: Callable[[str], None] | None = None,
) -> dict[str, dict[str, Any]]:
    """Fit a router for each domain, save it as a new version, and make it the stable one.

    The store must hold the domain's model and ``abuse`` (see `ideaclass.build`), the corpora those two and
    ``outofscope``.

    Returns
    -------
    dict of str to dict
        What leaving writers out showed, by reference.

    Raises
    ------
    FileError, UnknownModelError, ArtifactError
    """
    tell = progress or (lambda _: None)
    taxonomies = {name: taxonomy.load(name) for name in taxonomy.available()}
    for needed in (*names, OUTSIDE, ABUSE):
        if not (corpora / needed).is_dir():
            raise FileError(f"{corpora / needed}: there is no such corpus, and a router needs it")
    outside, abusive = (read_corpus(corpora / name, taxonomies) for name in (OUTSIDE, ABUSE))
    built = {}
    for name in names:
        domain, abuse = (TaskModel.from_artifact(store.load(n)) for n in (name, ABUSE))
        embedder = embedder_of([domain, abuse], store)
        if embedder is None and stored.DEFAULT in store.names():
            embedder = stored.from_artifact(store.load(stored.DEFAULT))
        inside = read_corpus(corpora / name, taxonomies)
        settings = {m: store.load(m).manifest for m in (name, ABUSE)}
        own, other = (rows(clean(c.texts), embedder) for c in (inside, outside))
        usual = clean([*inside.texts, *outside.texts])
        floors, abuse_figures = _abuse_floors(
            abusive, rows(clean(abusive.texts), embedder), abuse, settings[ABUSE], rows(usual, embedder), usual
        )
        tell(f"{name}: abuse {abuse_figures}")
        where = f"corpora/{name} and corpora/{OUTSIDE}, each writer left out in turn"
        held = _held_out(inside, own, outside, other, domain, settings[name])
        rule = fit_scope_rule(held.inside, held.outside, false_rejection=FALSE_REJECTION, fitted_on=where)
        figures = _nested(held, np.array(outside.labels[OUTSIDE]))
        classes = domain.head.classes
        accepted = rule.score(held.inside) >= rule.threshold
        policies = {
            p: fit_route_policy(
                classes, held.answer, held.confidence, held.right, precision=p, fitted_on=where, eligible=accepted
            )
            for p in (PRECISION, 0.95, 0.98)
        }
        scope = _fit_scope(own, other)
        about = stored.identity(store.load(stored.DEFAULT)) if embedder is not None else None
        metrics = {
            "scope": figures,
            "abuse": abuse_figures,
            "policies": {str(p): json.loads(json.dumps(policy.to_dict())) for p, policy in policies.items()},
        }
        manifest = Manifest(
            kind=KIND,
            name=f"{name}{SUFFIX}",
            labels=classes,
            features=dict(SPEC),
            embedder=about,
            data=[inside.description(name), outside.description(OUTSIDE), abusive.description(ABUSE)],
            seed=SEED,
            libraries=library_versions(),
            thresholds={
                "domain": name,
                "abuse": ABUSE,
                "fitted_with": [domain.ref, abuse.ref],
                "scope": rule.to_dict(),
                "abuse_floors": floors._asdict(),
                "policy": json.loads(json.dumps(policies[PRECISION].to_dict())),
                "rest_idf": scope.head.rest,
            },
            metrics=metrics,
        )
        prototypes = {"inside": scope.inside.astype(np.float16), "outside": scope.outside.astype(np.float16)}
        arrays = arrays_of(scope.head) | prototypes
        card = _card(name, metrics, policies).encode()
        saved = store.save(Artifact(manifest, arrays, {"CARD.md": card}))
        store.promote(manifest.name, saved.manifest.version)
        built[saved.manifest.ref] = metrics
        tell(f"saved {saved.manifest.ref}: {figures}; {policies[0.98]}")
    return built


class _Held:
    """Signals and answers of rows whose writers the models behind them never saw."""

    def __init__(self, inside: int, outside: int) -> None:
        self.inside, self.outside = np.zeros((inside, len(SIGNALS))), np.zeros((outside, len(SIGNALS)))
        self.fold_in, self.fold_out = np.zeros(inside, np.int64), np.zeros(outside, np.int64)
        self.answer, self.right = np.zeros(inside, np.int64), np.zeros(inside, bool)
        self.confidence = np.zeros(inside, np.float32)


def _held_out(inside: Corpus, own: Rows, outside: Corpus, other: Rows, domain: TaskModel, manifest: Manifest) -> _Held:
    """Leave one writer of each side out at a time, and measure both."""
    name = manifest.name
    labels = inside.labels[name]
    codes = domain.head.classes
    share, c = float(manifest.thresholds["share"]), float(manifest.thresholds["C"])
    held = _Held(len(labels), len(outside.texts))
    ours, theirs = sorted(set(inside.groups.tolist())), sorted(set(outside.groups.tolist()))
    for fold in range(max(len(ours), len(theirs))):
        test_in = inside.groups == ours[fold % len(ours)]
        test_out = outside.groups == theirs[fold % len(theirs)]
        train_in, train_out = np.flatnonzero(~test_in), np.flatnonzero(~test_out)
        kept = Examples(own.pick(train_in), [labels[i] for i in train_in], inside.groups[train_in], codes)
        head = kept.fit(share=share, C=c).calibrated(domain.head.temperature)
        meter = Meter(head, _fit_scope(own.pick(train_in), other.pick(train_out)))
        for i in np.flatnonzero(test_in) if fold < len(ours) else ():
            p, held.inside[i] = _row(own, int(i), meter)
            held.fold_in[i], held.answer[i], held.confidence[i] = fold, int(p.argmax()), p.max()
            held.right[i] = codes[held.answer[i]] == labels[i]
        for i in np.flatnonzero(test_out) if fold < len(theirs) else ():
            held.outside[i], held.fold_out[i] = _row(other, int(i), meter)[1], fold
    return held


def _row(read: Rows, i: int, meter: Meter) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Domain probabilities and signals of row i."""
    at = slice(read.counts.indptr[i], read.counts.indptr[i + 1])
    vector = None if read.vectors is None else read.vectors[i]
    seen = meter.row(read.counts.indices[at], read.counts.data[at], vector)
    return seen.probability, seen.signals


def _fit_scope(inside: Rows, outside: Rows) -> Scope:
    """Head and prototypes of in-scope and out-of-scope texts."""
    n, m = inside.counts.shape[0], outside.counts.shape[0]
    vectors = None
    if inside.vectors is not None and outside.vectors is not None:
        vectors = np.concatenate([inside.vectors, outside.vectors])
    both = Rows(sp.vstack([inside.counts, outside.counts], format="csr"), vectors)
    head = fit_head(
        both, ["in"] * n + ["out"] * m, classes=("in", "out"), share=SHARE, C=C, class_weight="balanced"
    ).rounded()
    return Scope(head, _prototypes(inside.vectors), _prototypes(outside.vectors))


def _prototypes(vectors: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Centres of k-means, each of length one."""
    from sklearn.cluster import KMeans

    if vectors is None:
        return np.zeros((0, 0), np.float32)
    k = min(PROTOTYPES, len(np.unique(vectors, axis=0)))
    centres = KMeans(k, n_init=1, max_iter=30, random_state=SEED).fit(vectors).cluster_centers_
    unit = centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    return np.asarray(unit, np.float16).astype(np.float32)


def _nested(held: _Held, kind: NDArray[np.str_]) -> dict[str, Any]:
    """Rejection by kind at the fitted threshold, each writer judged by a rule fitted on the others."""
    inside, outside = np.zeros(len(held.inside), bool), np.zeros(len(held.outside), bool)
    for fold in range(int(max(held.fold_in.max(), held.fold_out.max())) + 1):
        own, theirs = held.fold_in == fold, held.fold_out == fold
        rule = fit_scope_rule(
            held.inside[~own], held.outside[~theirs], false_rejection=FALSE_REJECTION, fitted_on="the other writers"
        )
        inside[own] = rule.score(held.inside[own]) < rule.threshold
        outside[theirs] = rule.score(held.outside[theirs]) < rule.threshold
    return {
        "split": "each writer left out in turn, threshold from the other writers",
        "false_rejection": round(float(inside.mean()), 4),
        "rejected": {k: round(float(outside[kind == k].mean()), 4) for k in sorted(set(kind.tolist()))},
    }


def _abuse_floors(
    corpus: Corpus, read: Rows, model: TaskModel, manifest: Manifest, ordinary: Rows, ordinary_texts: Sequence[str]
) -> tuple[AbuseFloors, dict[str, Any]]:
    """Floors under the probability of being fine, and what they catch; `ordinary` are messages that are not abusive."""
    share, c = float(manifest.thresholds["share"]), float(manifest.thresholds["C"])
    held = hold_out(Examples(read, corpus.labels[ABUSE], corpus.groups, model.head.classes), share=share, C=c)
    fine, temperature = model.head.classes.index(FINE), model.head.temperature
    usual = HeadStack([model.head]).scores(ordinary).logits[0]
    return fit_floors(
        probabilities(held.logits, temperature, multi=False)[:, fine],
        held.truth == fine,
        corpus.groups,
        clean(corpus.texts),
        probabilities(usual, temperature, multi=False)[:, fine],
        ordinary_texts,
    )


def _card(name: str, metrics: dict[str, Any], policies: dict[float, RoutePolicy]) -> str:
    """Model card in Markdown."""
    scope, abuse = metrics["scope"], metrics["abuse"]
    lines = [
        f"# {name}{SUFFIX}",
        "",
        f"Decides whether a message is one for the desks of `{name}`, to which, and when to ask or to hand over.",
        "",
        "## What to expect on unseen writers",
        "",
        f"- in-scope messages rejected as out of scope: {scope['false_rejection']:.1%} (set to {FALSE_REJECTION:.0%})",
        *[f"- out-of-scope messages rejected, {kind}: {share:.1%}" for kind, share in scope["rejected"].items()],
        f"- abusive messages flagged: {abuse['recall']:.1%}; fair but angry ones flagged: "
        f"{abuse['fair_flagged']:.1%}; ordinary ones: {abuse['ordinary_flagged']:.1%}",
        *[f"- {policy}" for policy in policies.values()],
        "",
        "Every figure: each writer left out in turn, thresholds from the other writers (the policies: five folds of",
        "the held-out answers). Trained on synthetic sentences; fit the policy again on your own messages",
        "(`router.fit_policy(texts, labels)`) before you trust its coverage.",
        "",
    ]
    return "\n".join(lines)
