"""FAQ entries and topics, searched by their letters and their meaning at once; changed without retraining."""

from __future__ import annotations

import csv
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ideaclass.errors import FileError, InputError
from ideaclass.features import Rows, highest, inverse_frequency, rows, weighted_rows
from ideaclass.text import clean
from ideaclass.types import Embedder, IntentHit

COLUMNS = ("id", "title", "domain", "utterance")
_COMMON = 0.02
_SKETCH = 32
_SKETCH_FROM = 3000
_CANDIDATES = 128
_RAREST = 40
_SAMPLE = 16
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Intent:
    """One entry: what it is called, where it belongs, and how people ask for it; the title is always searched too."""

    id: str
    title: str
    domain: str = ""
    utterances: tuple[str, ...] = ()


class Collision(NamedTuple):
    """Two entries that one utterance may mean: `utterance` is of `id`, `other_utterance` of `other`."""

    id: str
    other: str
    score: float
    utterance: str
    other_utterance: str


class Gap(NamedTuple):
    """Questions alike that no entry answers: how many, the most typical, and all of them."""

    times: int
    question: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Snapshot:
    """The searchable state; never changed, only replaced."""

    intents: dict[str, Intent]
    owner: tuple[str, ...]
    texts: tuple[str, ...]
    rows: Rows
    idf: NDArray[np.float32]
    posts: NDArray[np.int64]
    post_row: NDArray[np.int32]
    post_weight: NDArray[np.float32]
    basis: NDArray[np.float32] | None
    sketch: NDArray[np.float32] | None


class IntentIndex:
    """Entries searched by the mean of a lexical and an embedding cosine.

    Changes are visible to the next search, whatever thread it runs in; a search sees the index as it was when it began.

    Parameters
    ----------
    embedder : Embedder, optional
        Without one the search is lexical.
    """

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._now = self._build({}, {}, None)

    def __len__(self) -> int:
        return len(self._now.intents)

    @property
    def intents(self) -> tuple[Intent, ...]:
        """Every entry, in the order added."""
        return tuple(self._now.intents.values())

    @classmethod
    def read(cls, path: str | Path, embedder: Embedder | None = None) -> IntentIndex:
        """Read a UTF-8 CSV with the columns id, title, domain, utterance; one row per utterance.

        Raises
        ------
        FileError
            If it cannot be read or has no such columns.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as e:
            raise FileError(f"{path}: cannot be read: {e}") from None
        return cls.parse(text, str(path), embedder)

    @classmethod
    def parse(cls, text: str, origin: str, embedder: Embedder | None = None) -> IntentIndex:
        """As `read`, for the text of such a file; `origin` names it in errors."""
        reader = csv.DictReader(io.StringIO(text, newline=""))
        if missing := {"id", "title"} - set(reader.fieldnames or ()):
            raise FileError(f"{origin}: has no column {', '.join(sorted(missing))}")
        found: dict[str, Intent] = {}
        for row in reader:
            key, title, said = ((row.get(c) or "").strip() for c in ("id", "title", "utterance"))
            if not key or not title:
                raise FileError(f"{origin}: line {reader.line_num} has no id or no title")
            old = found.get(key, Intent(key, title, (row.get("domain") or "").strip()))
            found[key] = Intent(old.id, old.title, old.domain, (*old.utterances, said) if said else old.utterances)
        index = cls(embedder)
        index.add(found.values())
        return index

    def to_csv(self) -> str:
        """Write the entries as `read` takes them."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for i in self.intents:
            writer.writerows((i.id, i.title, i.domain, said) for said in i.utterances or ("",))
        return out.getvalue()

    def add(self, intents: Iterable[Intent]) -> None:
        """Add entries.

        Raises
        ------
        InputError
            If an id is there already or stands twice, or an entry has no id, no title, or utterances that are no texts.
        """
        new = [_checked(i) for i in intents]
        ids = [i.id for i in new]

        def change(old: dict[str, Intent]) -> dict[str, Intent]:
            if clash := sorted((set(ids) & set(old)) | {i for i, times in Counter(ids).items() if times > 1}):
                raise InputError(f"intent {clash[0]!r} is there already: use update")
            return old | {i.id: i for i in new}

        self._change(change)

    def update(self, intent: Intent) -> None:
        """Replace the entry of the same id.

        Raises
        ------
        InputError
            If there is none.
        """
        _checked(intent)

        def change(old: dict[str, Intent]) -> dict[str, Intent]:
            if intent.id not in old:
                raise InputError(f"there is no intent {intent.id!r}: use add")
            return old | {intent.id: intent}

        self._change(change)

    def remove(self, ids: Iterable[str]) -> None:
        """Remove entries.

        Raises
        ------
        InputError
            If one is not there.
        """
        if isinstance(ids, str):
            raise InputError(f"remove takes a list of ids, not one: [{ids!r}]")
        gone = set(ids)

        def change(old: dict[str, Intent]) -> dict[str, Intent]:
            if unknown := sorted(gone - set(old)):
                raise InputError(f"there is no intent {unknown[0]!r}")
            return {k: v for k, v in old.items() if k not in gone}

        self._change(change)

    def search(self, text: str, k: int = 3) -> list[IntentHit]:
        """Find the k entries nearest to a text, best first.

        Raises
        ------
        InputError
            If k is not positive.
        """
        if k < 1:
            raise InputError(f"k is {k}; it must be at least 1")
        read = rows(clean([text]), self._embedder)
        vector = None if read.vectors is None else read.vectors[0]
        return self.nearest(read.counts.indices, read.counts.data, vector, k)

    def nearest(
        self, columns: NDArray[np.int32], counts: NDArray[np.float32], vector: NDArray[np.float32] | None, k: int = 3
    ) -> list[IntentHit]:
        """As `search`, for a text already read: its n-gram columns and counts, and its vector."""
        s = self._now
        if not s.texts:
            return []
        score: NDArray[np.floating[Any]] = _lexical(s, columns, counts)
        if s.rows.vectors is not None and vector is not None:
            if s.sketch is not None and s.basis is not None:
                near = _likely(score + s.sketch @ (vector @ s.basis), _CANDIDATES + 4 * k)
                score, at = (score[near] + s.rows.vectors.take(near, axis=0) @ vector) / 2, near
            else:
                score, at = (score + s.rows.vectors @ vector) / 2, np.arange(len(score))
        else:
            at = np.arange(len(score))
        hits: dict[str, IntentHit] = {}
        for j in highest(score, 8 * k if k > 1 else 1):
            entry = s.intents[s.owner[at[j]]]
            if entry.id not in hits:
                hits[entry.id] = IntentHit(entry.id, entry.title, entry.domain, float(score[j]), s.texts[at[j]])
            if len(hits) == k:
                break
        return list(hits.values())

    def lint(self, *, floor: float = 0.6) -> list[Collision]:
        """Pairs of entries with utterances that score `floor` or more with each other, most alike first."""
        s = self._now
        weighted = weighted_rows(s.rows.counts, s.idf)
        best: dict[tuple[str, str], Collision] = {}
        for start in range(0, len(s.texts), _BLOCK):
            block = np.asarray((weighted[start : start + _BLOCK] @ weighted.T).todense())
            if s.rows.vectors is not None:
                block = (block + s.rows.vectors[start : start + _BLOCK] @ s.rows.vectors.T) / 2
            for i, j in zip(*np.nonzero(block >= floor), strict=True):
                a, b = start + int(i), int(j)
                if a < b and s.owner[a] != s.owner[b]:
                    found = Collision(s.owner[a], s.owner[b], float(block[i, j]), s.texts[a], s.texts[b])
                    pair = (found.id, found.other) if found.id < found.other else (found.other, found.id)
                    if pair not in best or best[pair].score < found.score:
                        best[pair] = found
        return sorted(best.values(), key=lambda c: (-c.score, c.id, c.other))

    def gaps(self, texts: Sequence[str], *, floor: float = 0.45, alike: float = 0.6) -> list[Gap]:
        """Group the questions whose best entry scores below `floor`; the most frequent group first.

        Parameters
        ----------
        texts : sequence of n str
            What people asked.
        floor : float
            Score from which an entry answers a question.
        alike : float
            Cosine from which two questions are the same one.
        """
        asked = sorted(set(texts))
        open_ = [t for t in asked if not (hit := self.search(t, 1)) or hit[0].score < floor]
        if not open_:
            return []
        read = rows(clean(open_), self._embedder)
        if read.vectors is None:
            weighted = weighted_rows(read.counts, inverse_frequency(read.counts))
            cosine = np.asarray((weighted @ weighted.T).todense())
        else:
            cosine = read.vectors @ read.vectors.T
        times = Counter(texts)
        left, groups = set(range(len(open_))), []
        for i in sorted(left, key=lambda i: (-float((cosine[i] >= alike).sum()), open_[i])):
            if i in left:
                members = [j for j in sorted(left) if j == i or cosine[i, j] >= alike]
                left -= set(members)
                groups.append(Gap(sum(times[open_[j]] for j in members), open_[i], tuple(open_[j] for j in members)))
        return sorted(groups, key=lambda g: (-g.times, g.question))

    def _change(self, change: Callable[[dict[str, Intent]], dict[str, Intent]]) -> None:
        with self._lock:
            old = self._now
            kept = {t: i for i, t in enumerate(old.texts)}
            self._now = self._build(change(dict(old.intents)), kept, old.rows)

    def _build(self, intents: dict[str, Intent], kept: dict[str, int], old: Rows | None) -> _Snapshot:
        said = [(i.id, t) for i in intents.values() for t in dict.fromkeys((i.title, *i.utterances))]
        owner, texts = tuple(i for i, _ in said), tuple(t for _, t in said)
        new = list(dict.fromkeys(t for t in texts if t not in kept))
        fresh = rows(clean(new), self._embedder)
        place = {t: len(kept) + i for i, t in enumerate(new)}
        source = fresh if old is None else _stacked(old, fresh)
        picked = source.pick(np.array([place[t] if t in place else kept[t] for t in texts], np.int64))
        idf = inverse_frequency(picked.counts)
        by_column = sp.csc_matrix(weighted_rows(picked.counts, idf))
        size = np.diff(by_column.indptr)
        dropped = size > max(50, _COMMON * len(texts))
        keep = np.repeat(~dropped, size)
        size = np.where(dropped, 0, size).astype(np.int64)
        posts = np.stack([size.cumsum() - size, size], axis=1)
        basis = sketch = None
        if picked.vectors is not None and len(texts) >= _SKETCH_FROM and picked.vectors.shape[1] > _SKETCH:
            _, axes = np.linalg.eigh(picked.vectors.T @ picked.vectors)
            basis = np.ascontiguousarray(axes[:, -_SKETCH:], np.float32)
            sketch = picked.vectors @ basis
        return _Snapshot(
            intents,
            owner,
            texts,
            picked,
            idf,
            posts,
            by_column.indices[keep].astype(np.int32),
            by_column.data[keep].astype(np.float32),
            basis,
            sketch,
        )


def _checked(intent: Intent) -> Intent:
    """Give back an entry that can be searched, and read again once it is saved."""
    if not isinstance(intent, Intent):
        raise InputError(f"an entry must be an Intent, not {type(intent).__name__}")
    named = all(isinstance(v, str) and v.strip() for v in (intent.id, intent.title))
    said = isinstance(intent.utterances, tuple | list) and all(isinstance(u, str) for u in intent.utterances)
    if not (named and said and isinstance(intent.domain, str)):
        raise InputError(f"{intent!r}: id and title must be texts, and utterances a tuple of texts")
    return intent


def _stacked(a: Rows, b: Rows) -> Rows:
    if a.counts.shape[0] == 0:
        return b
    if b.counts.shape[0] == 0:
        return a
    vectors = None if a.vectors is None or b.vectors is None else np.concatenate([a.vectors, b.vectors])
    return Rows(sp.vstack([a.counts, b.counts], format="csr"), vectors)


def _lexical(s: _Snapshot, columns: NDArray[np.int32], counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine of one text with every row by the text's rarest n-grams.

    N-grams that stand in more than a fiftieth of the rows are left out.
    """
    idf = s.idf.take(columns)
    weight = counts * idf
    if len(columns) > _RAREST:
        rarest = idf.argpartition(len(idf) - _RAREST)[-_RAREST:]
        columns, weight = columns.take(rarest), weight.take(rarest)
    weight /= max(float(weight @ weight) ** 0.5, 1e-12)
    first, size = s.posts.take(columns, axis=0).T
    ends = size.cumsum()
    at = (first - ends + size).repeat(size)
    at += np.arange(len(at))
    score = np.bincount(s.post_row.take(at), s.post_weight.take(at) * weight.repeat(size), len(s.texts))
    return score.astype(np.float32)


def _likely(score: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """Positions of about the k highest scores, ascending; the cut is the k-th of a sample of them."""
    sample = -score[::_SAMPLE]
    rank = max(1, k // _SAMPLE)
    if rank < len(sample):
        sample.partition(rank)
        near = (score >= -sample[rank]).nonzero()[0]
    else:
        near = np.arange(len(score))
    return near if len(near) >= min(k // 2, len(score)) else highest(score, k)
