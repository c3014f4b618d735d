"""The values that pass between rooms: frozen dataclasses and protocols, nothing that computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Reason:
    """One word of the text and what it added to the score of the chosen label."""

    word: str
    weight: float


class ReasonRows(Protocol):
    """The reasons of n rows, heaviest word first."""

    def __len__(self) -> int: ...

    def __getitem__(self, i: int, /) -> tuple[Reason, ...]:
        """Words and weights of row i."""
        ...

    def words(self) -> Iterator[list[str]]:
        """Yield the words alone, row by row."""
        ...


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one task answers about one text.

    Attributes
    ----------
    label : str or None
        Code of the most likely label; None where the text could not be labelled (see `note`).
    confidence : float
        Calibrated probability of `label`, 0 to 1.
    second : str or None
        Code of the runner-up.
    review : bool
        True where a person should check: below the threshold fitted for the target precision.
    reasons : tuple of Reason
        The words that weighed most for `label`, heaviest first.
    labels : tuple of str
        Every label that holds. One for a single-label task, any number for a multi-label task.
    note : str
        Why the text could not be labelled, empty where it could.
    """

    label: str | None
    confidence: float
    second: str | None
    review: bool
    reasons: tuple[Reason, ...] = ()
    labels: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TaskLabels:
    """The answers of one task for a batch of n texts, as columns.

    Attributes
    ----------
    task : str
        Name of the taxonomy, such as ``"swot"``.
    classes : tuple of str
        The k label codes, in the model's order.
    label, second : int array of shape (n,)
        Indices into `classes`; -1 where there is no answer.
    confidence : float32 array of shape (n,)
        Calibrated probability of `label`.
    review : bool array of shape (n,)
        True where a person should check.
    assigned : bool array of shape (n, k)
        Every label that holds (one per row unless the task is multi-label).
    reasons : ReasonRows of length n
        The words that weighed most for `label`, heaviest first.
    gain : float32 array of shape (n,)
        How much a person's check of the row would teach, for sorting reviews; 0 to 1.
    multi : bool
        Whether the task is multi-label.
    """

    task: str
    classes: tuple[str, ...]
    label: NDArray[np.int64]
    second: NDArray[np.int64]
    confidence: NDArray[np.float32]
    review: NDArray[np.bool_]
    assigned: NDArray[np.bool_]
    reasons: ReasonRows
    gain: NDArray[np.float32]
    multi: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """The answers of several tasks for one batch.

    Attributes
    ----------
    size : int
        Number of texts.
    tasks : dict of str to TaskLabels
        In the order asked for.
    notes : dict of int to str
        Position of each text that could not be labelled, and why.
    """

    size: int
    tasks: dict[str, TaskLabels]
    notes: dict[int, str] = field(default_factory=dict)


class Morph(NamedTuple):
    """One morpheme: its form, its Sejong tag, and the characters of the text it covers."""

    form: str
    tag: str
    start: int
    end: int


@runtime_checkable
class Tokenizer(Protocol):
    """Cuts a text into morphemes."""

    def morphs(self, text: str) -> list[str]:
        """Surface forms of the morphemes, in order."""
        ...

    def nouns(self, text: str) -> list[str]:
        """Nouns of the text, in order."""
        ...

    def pos(self, text: str) -> list[Morph]:
        """Morphemes with their Sejong tags and spans."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors; the signature is sentence-transformers' own."""

    def encode(self, sentences: Sequence[str], batch_size: int = 1024) -> NDArray[np.float32]:
        """Vectors of shape (n, d), float32, each of length one."""
        ...


@runtime_checkable
class SubwordEmbedder(Embedder, Protocol):
    """An embedder whose vector of a text is the sum of its subwords' vectors, scaled to length one."""

    @property
    def weights(self) -> NDArray[np.float32]:
        """Vectors of the subwords, shape (V, d)."""
        ...

    def word_pieces(self, words: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Subwords of single words end to end, and the n + 1 offsets of the words in them."""
        ...

    def pool(
        self, ids: NDArray[np.int32], offsets: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Sum subwords to unit vectors of texts, and give the length of each sum."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """One domain that a text may belong to.

    Attributes
    ----------
    domain, name : str
        Code and Korean name.
    confidence : float
        Calibrated probability, 0 to 1.
    """

    domain: str
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class IntentHit:
    """One entry of an intent index that a text may ask for.

    Attributes
    ----------
    id, title, domain : str
    score : float
        Mean of the lexical and the embedding cosine, at most 1.
    utterance : str
        The entry's utterance that matched best.
    """

    id: str
    title: str
    domain: str
    score: float
    utterance: str


@dataclass(frozen=True, slots=True)
class Place:
    """A place named in a text: ``text[start:end]`` and the districts it may lie in."""

    text: str
    start: int
    end: int
    districts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slots:
    """What a text says beside its subject.

    Attributes
    ----------
    district : str or None
        The one district (자치구) that all named places agree on.
    districts : tuple of str
        Every district that the places leave open; more than one where a name is ambiguous (신사동) or several places
        are named.
    ambiguous : bool
        Whether a named place lies in several districts and nothing else in the text says which.
    places : tuple of Place
        In the order of the text.
    language : str
        ``"ko"``, or the language or script seen: ``"en" "zh" "ja" "vi" "ru" "th" "other"``; ``"none"`` without letters.
    """

    district: str | None = None
    districts: tuple[str, ...] = ()
    ambiguous: bool = False
    places: tuple[Place, ...] = ()
    language: str = "ko"


@dataclass(frozen=True, slots=True)
class RequestPart:
    """One of several requests in a message: ``text[start:end]`` of the text as given, and its domain."""

    text: str
    start: int
    end: int
    domain: str
    confidence: float


@dataclass(frozen=True, slots=True)
class RouteDecision:
    """Where a message should go.

    Attributes
    ----------
    status : str
        ``"routed"``, ``"clarify"`` (ask which of `candidates`), ``"handoff"`` (to a person or another desk) or
        ``"multi"`` (several requests, see `parts`).
    domain : str or None
        Code of the desk; None unless routed.
    confidence : float
        Calibrated probability of the most likely domain.
    candidates : tuple of Candidate
        The likeliest domains, best first; the two or three to choose from where the status is ``"clarify"``.
    margin : float
        Confidence of the first candidate minus that of the second.
    intent : IntentHit or None
        The best entry of the intent index, where there is one.
    slots : Slots
    flags : tuple of str
        Any of ``"abusive" "폭언" "협박" "성희롱" "emergency" "person" "foreign-language" "unreadable" "out-of-scope"
        "ambiguous-place"``.
    reason : str
        Why this status: ``"confident" "small-margin" "out-of-scope" "unreadable" "foreign-language" "abusive"
        "emergency" "asked-for-person" "several-requests"``. An ``"emergency"`` tells of danger to life.
    model : str
        Reference of the router and of its domain model, such as ``"seoul120-router@1.0.0 seoul120@1.0.0"``.
    parts : tuple of RequestPart
        The requests of a ``"multi"``.
    """

    status: str
    domain: str | None
    confidence: float
    candidates: tuple[Candidate, ...]
    margin: float
    intent: IntentHit | None
    slots: Slots
    flags: tuple[str, ...]
    reason: str
    model: str
    parts: tuple[RequestPart, ...] = ()
