"""Where should this message go? Domain, intent, district, and when to hand over to a person.

>>> from ideaclass.route import Router
>>> Router.load("seoul120").route("지하철에 지갑을 두고 내렸어요").domain
'교통'
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ideaclass.artifacts import Artifact, Store, default_store
from ideaclass.classify import LinearHead
from ideaclass.errors import ArtifactError, InputError
from ideaclass.features import batches
from ideaclass.labeler import Labeler, embedder_of
from ideaclass.model import TaskModel
from ideaclass.routing import FINE, KIND, SUFFIX
from ideaclass.routing.abuse import AbuseFloors
from ideaclass.routing.characters import UNREADABLE, language, unreadable
from ideaclass.routing.gazetteer import Gazetteer, seoul, settle
from ideaclass.routing.intents import IntentIndex
from ideaclass.routing.measure import Measured, Meter, Scope, ScopeScore
from ideaclass.routing.policy import RoutePolicy, fit_route_policy
from ideaclass.routing.report import RouteReport, report
from ideaclass.routing.requests import asks_for_person, spans, tells_emergency
from ideaclass.routing.scope import ScopeRule
from ideaclass.text import clean
from ideaclass.types import Candidate, Embedder, Reason, RequestPart, RouteDecision, Slots

INTENTS = "intents.csv"
_CHOICES = 3
_CHOICE_FLOOR = 0.1
_PART_FLOOR = 0.6
_SUBJECT = 4


class Router:
    """Sends messages to the desks of one domain model.

    Parameters
    ----------
    domain, abuse : TaskModel
        Which desk; and whether the message is abusive (taxonomy ``abuse``).
    scope : Scope
    rule : ScopeRule
        What is out of scope.
    abuse_floors : AbuseFloors
        Probabilities of being fine below which a message is called abusive.
    policy : RoutePolicy
    embedder : Embedder, optional
        Needed where a model has weights on the embedding.
    intents : IntentIndex, optional
        Entries to look for; empty by default.
    gazetteer : Gazetteer, optional
        Places to look for; Seoul's by default.
    ref : str
        Name and version, for the decisions.

    Attributes
    ----------
    intents : IntentIndex
    policy : RoutePolicy
    model : str
        Reference of the router and its domain model.
    """

    def __init__(
        self,
        domain: TaskModel,
        abuse: TaskModel,
        scope: Scope,
        rule: ScopeRule,
        *,
        abuse_floors: AbuseFloors,
        policy: RoutePolicy,
        embedder: Embedder | None = None,
        intents: IntentIndex | None = None,
        gazetteer: Gazetteer | None = None,
        ref: str = "router",
    ) -> None:
        self._domain, self._kinds, self._floors = domain, abuse.head.classes, abuse_floors
        self._fine = self._kinds.index(FINE)
        self._meter = Meter(domain.head, scope, abuse.head, embedder)
        self._inside = ScopeScore(rule)
        self._embedder = embedder
        self._limits = np.array([policy.thresholds.get(c, 2.0) for c in domain.head.classes], np.float32)
        self._names = dict(zip(domain.taxonomy.codes, domain.taxonomy.names(), strict=True))
        self._gazetteer = gazetteer or seoul()
        self._ref = ref
        self.policy = policy
        self.intents = IntentIndex(embedder) if intents is None else intents
        self.model = f"{ref} {domain.ref}"

    @classmethod
    def load(cls, ref: str, *, store: Store | None = None, intents: str | Path | None = None) -> Router:
        """Load a router by the name of its domain, such as ``"seoul120"`` or ``"seoul120@1.0.0"`` (its own version).

        The stable versions of its domain and abuse models are used, so a promoted one is picked up at the next load.

        Parameters
        ----------
        ref : str
        store : Store, optional
        intents : str or Path, optional
            CSV of an intent index (columns id, title, domain, utterance) instead of the stored one.

        Raises
        ------
        UnknownModelError, ArtifactError, FileError
        """
        store = store or default_store()
        name, at, version = ref.partition("@")
        artifact = store.load(f"{name.removesuffix(SUFFIX)}{SUFFIX}{at}{version}")
        manifest = artifact.manifest
        if manifest.kind != KIND:
            raise ArtifactError(f"{manifest.ref}: is of kind {manifest.kind!r}, not a {KIND}")
        try:
            about = manifest.thresholds
            domain, abuse = (TaskModel.from_artifact(store.load(about[part])) for part in ("domain", "abuse"))
            embedder = embedder_of([replace(domain, embedder=manifest.embedder), domain, abuse], store)
            wide = {k: v.astype(np.float32) for k, v in artifact.arrays.items() if k != "columns"}
            head = LinearHead(
                classes=("in", "out"),
                columns=artifact.arrays["columns"],
                weights=wide["weights"],
                idf=wide["idf"],
                rest=float(about["rest_idf"]),
                bias=wide["bias"],
                dense=wide["dense"],
            )
            scope, rule = Scope(head, wide["inside"], wide["outside"]), ScopeRule.from_dict(about["scope"])
            policy, floors = RoutePolicy.from_dict(about["policy"]), AbuseFloors(**about["abuse_floors"])
        except (KeyError, TypeError, InputError) as e:
            raise ArtifactError(f"{manifest.ref}: {e}") from None
        if set(manifest.labels) != set(domain.head.classes):
            raise ArtifactError(f"{manifest.ref}: was fitted on other desks than {domain.ref} has: fit it again")
        if intents is None and INTENTS in artifact.files:
            index = IntentIndex.parse(artifact.files[INTENTS].decode(), f"{manifest.ref}/{INTENTS}", embedder)
        else:
            index = IntentIndex(embedder) if intents is None else IntentIndex.read(intents, embedder)
        return cls(
            domain,
            abuse,
            scope,
            rule,
            abuse_floors=floors,
            policy=policy,
            embedder=embedder,
            intents=index,
            ref=manifest.ref,
        )

    def save(self, store: Store) -> str:
        """Save the router, its policy and intents included, as a new version of the stored one; return its reference.

        The stable version stays what it was until the new one is promoted (`Store.promote`).

        Raises
        ------
        UnknownModelError
            If the router was never stored: there is no training data to name.
        OutputError
        """
        old = store.load(self._ref)
        manifest = replace(
            old.manifest,
            parent=old.manifest.version,
            thresholds={**old.manifest.thresholds, "policy": json.loads(json.dumps(self.policy.to_dict()))},
        )
        files = {name: content for name, content in old.files.items() if name != INTENTS}
        if len(self.intents):
            files[INTENTS] = self.intents.to_csv().encode()
        return store.save(Artifact(manifest, old.arrays, files)).manifest.ref

    @property
    def domains(self) -> dict[str, str]:
        """Korean name of every desk by its code."""
        return dict(self._names)

    def route(self, text: str) -> RouteDecision:
        """Decide where one message should go.

        Raises
        ------
        InputError
            If it is no string.
        """
        return self.route_many([text])[0]

    def route_many(self, texts: Sequence[str]) -> list[RouteDecision]:
        """Decide n messages, each as `route` does.

        Raises
        ------
        InputError
            If `texts` is one string, or holds something else than strings.
        """
        if isinstance(texts, str):
            raise InputError("texts must be a list of strings, not one string: use route(text)")
        texts = list(texts)
        if wrong := [type(t).__name__ for t in texts if not isinstance(t, str)]:
            raise InputError(f"a message is of type {wrong[0]}, not str")
        return [d for start, stop in batches(texts) for d in self._decide(texts[start:stop])]

    def explain(self, text: str) -> tuple[Reason, ...]:
        """List the words that weighed most for the likeliest domain, heaviest first."""
        labels = Labeler([self._domain], self._embedder).label([text])
        return labels.tasks[self._domain.taxonomy.name].reasons[0]

    def fit_policy(
        self, texts: Sequence[str], labels: Sequence[str], *, precision: float = 0.98, name: str = "the caller's rows"
    ) -> RoutePolicy:
        """Fit the thresholds from which on a desk is chosen without asking, use them from now on, and return them.

        Parameters
        ----------
        texts, labels : sequences of n str
            Messages that the models were not trained on, and their right desks (codes or names).
        precision : float
            Share of automatic answers that must be right, 0 to 1.
        name : str
            What the rows are called in the manifest.

        Raises
        ------
        InputError, TaxonomyError
        """
        if not 0 < precision <= 1:
            raise InputError(f"precision is {precision}; it must be above 0 and at most 1, such as 0.98")
        classes, answer, confidence, right, open_ = self._scored(texts, labels)
        self.policy = fit_route_policy(
            classes, answer, confidence, right, precision=precision, fitted_on=name, eligible=open_
        )
        self._limits = np.array([self.policy.thresholds[c] for c in classes], np.float32)
        return self.policy

    def evaluate(self, texts: Sequence[str], labels: Sequence[str]) -> RouteReport:
        """Score the router on messages with their right desks: accuracy, macro-F1, what is automatic, risk–coverage.

        Raises
        ------
        InputError, TaxonomyError
        """
        classes, answer, confidence, right, open_ = self._scored(texts, labels)
        truth = np.array([classes.index(self._domain.taxonomy.resolve(label)) for label in labels], np.int64)
        automatic = open_ & (confidence >= self._limits[answer])
        return report(classes, truth, answer, np.where(open_, confidence, np.float32(0)), automatic, right)

    def _scored(
        self, texts: Sequence[str], labels: Sequence[str]
    ) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        """List the classes, and of each text the likeliest, its confidence, if it is right and if it may be routed."""
        if len(texts) != len(labels) or not len(texts):
            raise InputError(
                f"{len(texts)} texts and {len(labels)} labels: there must be one of each, and at least one"
            )
        classes = self._domain.head.classes
        decisions = self.route_many(texts)
        answer = np.array([classes.index(d.candidates[0].domain) for d in decisions], np.int64)
        right = np.array(
            [classes[a] == self._domain.taxonomy.resolve(label) for a, label in zip(answer, labels, strict=True)]
        )
        confidence = np.array([d.confidence for d in decisions], np.float32)
        return classes, answer, confidence, right, np.array([d.status in ("routed", "clarify") for d in decisions])

    def _decide(self, texts: Sequence[str]) -> list[RouteDecision]:
        """Decide one batch; the sentences of a message are read with it, in the same pass."""
        given = [unicodedata.normalize("NFC", t) for t in texts]
        cut = [found if len(found := spans(t)) > 1 else [] for t in given]
        parts = [t[a:b] for t, found in zip(given, cut, strict=True) for a, b in found]
        cleaned = clean([*given, *parts])
        measured = self._meter.measure(cleaned)
        out, at = [], len(given)
        for i, (text, found) in enumerate(zip(given, cut, strict=True)):
            own = measured[at : at + len(found)]
            at += len(found)
            out.append(self._one(text, cleaned[i], measured[i], list(zip(found, own, strict=True))))
        return out

    def _one(
        self, given: str, text: str, seen: Measured, parts: list[tuple[tuple[int, int], Measured]]
    ) -> RouteDecision:
        """Decide one message."""
        classes = self._domain.head.classes
        order = np.argsort(-seen.probability, kind="stable")[:_CHOICES].tolist()
        ranked = tuple(Candidate(classes[j], self._names[classes[j]], float(seen.probability[j])) for j in order)
        confidence = ranked[0].confidence
        margin = confidence - (ranked[1].confidence if len(ranked) > 1 else 0.0)
        places = self._gazetteer.find(given)
        district, districts, ambiguous = settle(places)
        slots = Slots(district, districts, ambiguous, places, language(text))
        mash = unreadable(text) >= UNREADABLE
        abuse = np.zeros(0, np.float32) if seen.abuse is None else seen.abuse
        foreign = not mash and slots.language not in ("ko", "none")
        outside = mash or self._inside(seen) < 0
        sure = confidence >= self._limits[order[0]]
        subject = len(text) <= _SUBJECT and sure and not outside
        abusive = not (mash or foreign or subject) and float(abuse[self._fine]) < self._floors.of(text)
        person, emergency = asks_for_person(text), tells_emergency(text)
        flags = []
        if abusive:
            kinds = (j for j in range(len(abuse)) if j != self._fine)
            flags += ["abusive", self._kinds[max(kinds, key=lambda j: float(abuse[j]))]]
        named = {
            "emergency": emergency,
            "person": person,
            "foreign-language": foreign,
            "unreadable": mash,
            "ambiguous-place": ambiguous,
        }
        flags += [flag for flag, holds in named.items() if holds]
        flags += ["out-of-scope"] if outside else []
        hits = self.intents.nearest(seen.columns, seen.counts, seen.vector, 1)
        requests = self._requests(given, parts)
        if emergency:
            status, reason = "handoff", "emergency"
        elif abusive:
            status, reason = "handoff", "abusive"
        elif mash:
            status, reason = "handoff", "unreadable"
        elif foreign:
            status, reason = "handoff", "foreign-language"
        elif person:
            status, reason = "handoff", "asked-for-person"
        elif len(requests) > 1:
            status, reason = "multi", "several-requests"
        elif outside:
            status, reason = "handoff", "out-of-scope"
        elif not sure:
            status, reason = "clarify", "small-margin"
            ranked = tuple(c for i, c in enumerate(ranked) if i < 2 or c.confidence >= _CHOICE_FLOOR)
        else:
            status, reason = "routed", "confident"
        return RouteDecision(
            status=status,
            domain=ranked[0].domain if status == "routed" else None,
            confidence=confidence,
            candidates=ranked,
            margin=margin,
            intent=hits[0] if hits else None,
            slots=slots,
            flags=tuple(flags),
            reason=reason,
            model=self.model,
            parts=requests if status == "multi" else (),
        )

    def _requests(self, given: str, parts: list[tuple[tuple[int, int], Measured]]) -> tuple[RequestPart, ...]:
        """Two or more parts of a message that are sure and belong to different desks; neighbours alike are one."""
        found: list[RequestPart] = []
        for (start, end), seen in parts:
            best = int(seen.probability.argmax())
            if self._inside(seen) < 0 or seen.probability[best] < _PART_FLOOR:
                continue
            domain, confidence = self._domain.head.classes[best], float(seen.probability[best])
            if found and found[-1].domain == domain:
                start, confidence = found[-1].start, max(confidence, found.pop().confidence)
            found.append(RequestPart(given[start:end], start, end, domain, confidence))
        return tuple(found) if len({p.domain for p in found}) > 1 else ()
