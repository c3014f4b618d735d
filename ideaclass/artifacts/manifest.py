"""What a stored model says about itself: the manifest, its checks, and the order of versions."""

from __future__ import annotations

import hashlib
import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from ideaclass._version import __version__
from ideaclass.errors import ArtifactError, InputError

FORMAT = 1
"""The format that this release writes, and the newest that it reads."""

READERS = ">=0.1,<1"
"""Releases of ideaclass that read what this release writes."""

Part = Literal["major", "minor", "patch"]
PARTS: tuple[Part, ...] = ("major", "minor", "patch")

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_VERSION = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})")
_CLAUSE = re.compile(rf"\s*(>=|<=|==|>|<)\s*({_NUMBER}(?:\.{_NUMBER})*)\s*")
_NAME = re.compile(r"[a-z0-9가-힣][a-z0-9가-힣._-]{0,63}")
_SEGMENT = re.compile(r"[0-9A-Za-z가-힣_][0-9A-Za-z가-힣 ._+-]{0,99}")
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_MAX_DEPTH = 5
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


def utc_now() -> str:
    """Write the time now as manifests do: ``2025-03-01T09:30:00Z``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_version(text: str) -> tuple[int, int, int]:
    """Numbers of ``MAJOR.MINOR.PATCH``; the tuples sort as the versions do.

    Raises
    ------
    InputError
        If the text is not three whole numbers between dots.
    """
    found = _VERSION.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} is not a version; write MAJOR.MINOR.PATCH, such as 1.2.0")
    major, minor, patch = map(int, found.groups())
    return major, minor, patch


def is_version(text: str) -> bool:
    """Whether the text is a version, ``MAJOR.MINOR.PATCH``."""
    return _VERSION.fullmatch(text) is not None


def bump(version: str, part: Part) -> str:
    """Return the version that follows when the major, minor or patch number grows by one.

    Raises
    ------
    InputError
        If `version` or `part` is none.
    """
    if part not in PARTS:
        raise InputError(f"{part!r} is no part of a version; there are {', '.join(PARTS)}")
    numbers, at = parse_version(version), PARTS.index(part)
    return ".".join(map(str, (*numbers[:at], numbers[at] + 1, 0, 0)[:3]))


def satisfies(release: str, wanted: str) -> bool:
    """Whether a release lies in a range such as ``>=0.1,<1``; a suffix such as ``.dev0`` or ``rc1`` is ignored.

    Raises
    ------
    InputError
        If the range or the release cannot be read.
    """
    clauses = [_CLAUSE.fullmatch(clause) for clause in wanted.split(",")]
    numbers = re.match(rf"{_NUMBER}(?:\.{_NUMBER})*", release)
    if numbers is None or None in clauses:
        raise InputError(f"{wanted!r} is not a range of releases, such as {READERS}")
    ours = _padded(numbers.group())
    return all(_COMPARE[c.group(1)](ours, _padded(c.group(2))) for c in clauses if c is not None)


def _padded(dotted: str) -> tuple[int, ...]:
    """Numbers without trailing zeros, so that 1, 1.0 and 1.0.0 are equal."""
    numbers = [int(n) for n in dotted.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def is_name(text: str) -> bool:
    """Whether a model may be called that: lower case, digits, Hangul, and ``._-`` after the first character."""
    return _NAME.fullmatch(text) is not None and _is_portable(text) and text != "index.json"


def is_safe_path(text: str) -> bool:
    """Whether the text is a plain relative path that means the same on every system and leaves no folder."""
    segments = text.split("/")
    return len(segments) <= _MAX_DEPTH and all(_SEGMENT.fullmatch(s) is not None and _is_portable(s) for s in segments)


def _is_portable(segment: str) -> bool:
    return segment[-1] not in ". " and _DEVICE.fullmatch(segment) is None


class _Rule(NamedTuple):
    """One check of a plain value, and what to call a value that passes it."""

    what: str
    holds: Callable[[Any], bool]


class _Map(NamedTuple):
    """An object whose keys all follow one rule and whose values all follow one schema."""

    key: _Rule
    value: Any


class _Maybe(NamedTuple):
    """A schema, or null."""

    schema: Any


def _is_created(value: Any) -> bool:
    if not isinstance(value, str) or not value.endswith(("Z", "+00:00")):
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_range(value: Any) -> bool:
    try:
        return isinstance(value, str) and satisfies(__version__, value) in (True, False)
    except InputError:
        return False


def _is_labels(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v for v in value) and len(set(value)) == len(value)


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


_TEXT = _Rule("a string", lambda v: isinstance(v, str))
_COUNT = _Rule("a whole number from 0", lambda v: type(v) is int and 0 <= v < 2**63)
_OBJECT = _Rule("an object", lambda v: isinstance(v, dict))
_SHA256 = _Rule("64 lower-case hexadecimal digits", _matches(r"[0-9a-f]{64}"))
_RELEASE = _Rule("a version such as 1.2.0", _matches(_VERSION.pattern))
_MODEL = _Rule("a model name", lambda v: isinstance(v, str) and is_name(v))
_PATH = _Rule("a plain relative path", lambda v: isinstance(v, str) and is_safe_path(v))

_SCHEMA: Mapping[str, Any] = {
    "format": _Rule("a whole number from 1", lambda v: type(v) is int and v >= 1),
    "kind": _Rule("a lower-case word", _matches(r"[a-z][a-z0-9_-]{0,31}")),
    "name": _MODEL,
    "version": _RELEASE,
    "parent": _Maybe(_RELEASE),
    "created": _Rule("a UTC time such as 2025-03-01T09:30:00Z", _is_created),
    "labels": _Rule("a list of distinct, non-empty strings", _is_labels),
    "ideaclass": _Rule(f"a range of releases such as {READERS}", _is_range),
    "libraries": _Map(_TEXT, _TEXT),
    "features": _OBJECT,
    "embedder": _Maybe({"name": _MODEL, "version": _RELEASE, "sha256": _SHA256}),
    "data": [{"name": _TEXT, "rows": _Map(_TEXT, _COUNT), "sha256": _SHA256, "licence": _TEXT, "source": _TEXT}],
    "seed": _Rule("a whole number", lambda v: type(v) is int),
    "thresholds": _OBJECT,
    "metrics": _OBJECT,
    "arrays": _Map(_PATH, {"dtype": _TEXT, "shape": [_COUNT]}),
    "files": _Map(_PATH, {"sha256": _SHA256, "size": _COUNT}),
}


def _fault(schema: Any, value: Any, where: str) -> str | None:
    """Say what is wrong with a value under a schema, or None. Objects may hold more keys than the schema asks for."""
    match schema:
        case _Rule():
            return None if schema.holds(value) else f"{where} is not {schema.what}"
        case _Maybe():
            return None if value is None else _fault(schema.schema, value, where)
        case list():
            if not isinstance(value, list):
                return f"{where} is not a list"
            faults = (_fault(schema[0], item, f"{where}[{i}]") for i, item in enumerate(value))
        case _:
            if not isinstance(value, dict):
                return f"{where} is not an object"
            if isinstance(schema, _Map):
                wrong = next((key for key in value if not schema.key.holds(key)), None)
                if wrong is not None:
                    return f"{where} has the key {wrong!r}, which is not {schema.key.what}"
                faults = (_fault(schema.value, item, f"{where}[{key!r}]") for key, item in value.items())
            else:
                missing = next((key for key in schema if key not in value), None)
                if missing is not None:
                    return f"{where}.{missing} is missing"
                faults = (_fault(schema[key], value[key], f"{where}.{key}") for key in schema)
    return next((fault for fault in faults if fault is not None), None)


def parse_json(text: str) -> Any:
    """Read JSON strictly: no key twice in an object, no NaN, nothing infinite.

    Raises
    ------
    ValueError
        If the text is not such JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _dumps(data: Any) -> str:
    return json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not allowed")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_constant(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a stored model says about itself.

    Attributes
    ----------
    format : int
        Layout of the folder and of this manifest.
    kind : str
        What it is: ``"classifier"``, ``"embedder"``, ``"index"``, …
    name, version, parent : str
        Model, ``MAJOR.MINOR.PATCH`` and the version it was made from (None if from scratch).
    created : str
        UTC time in ISO form.
    labels : tuple of str
        Label codes, in the order of the model's outputs.
    ideaclass : str
        Releases that can read it, such as ``">=0.1,<1"``.
    libraries : dict
        Versions of Python and of each library used in training.
    features : dict
        Feature spec.
    embedder : dict or None
        ``name``, ``version`` and ``sha256`` of the embedder it was trained with.
    data : list of dict
        Training data: ``name``, ``rows`` (label to count), ``sha256`` of the canonical rows, ``licence``, ``source``.
    seed : int
        Seed of every random choice in training.
    thresholds, metrics : dict
        Free JSON: values, and the data they were fitted or measured on.
    arrays : dict
        Array key to ``dtype`` (numpy's name) and ``shape``. Filled in when the artifact is encoded.
    files : dict
        Relative path to ``sha256`` and ``size``, for every file but the manifest. Filled in likewise.
    """

    format: int = FORMAT
    kind: str
    name: str
    version: str = "1.0.0"
    parent: str | None = None
    created: str = field(default_factory=utc_now)
    labels: tuple[str, ...] = ()
    ideaclass: str = READERS
    libraries: dict[str, str] = field(default_factory=dict)
    features: dict[str, Any] = field(default_factory=dict)
    embedder: dict[str, Any] | None = None
    data: list[dict[str, Any]] = field(default_factory=list)
    seed: int = 0
    thresholds: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """Reference to exactly this version, ``name@version``."""
        return f"{self.name}@{self.version}"

    @classmethod
    def from_json(cls, text: str, origin: str = "manifest.json") -> Manifest:
        """Read and check a manifest; `origin` names the file in errors.

        The format is checked first, then the range of releases, then every field.

        Raises
        ------
        ArtifactError
            If the text is not JSON, this release cannot read the format, a field is missing, unknown or wrong, or
            any byte is not as `to_json` wrote it.
        """
        try:
            data = parse_json(text)
        except ValueError as e:
            raise ArtifactError(f"{origin}: not valid JSON: {e}") from None
        if not isinstance(data, dict):
            raise ArtifactError(f"{origin}: the manifest is not a JSON object")
        _check_readable(data, origin)
        data.pop("sha256", None)
        names = [f.name for f in fields(cls)]
        for name in names:
            fault = f"{name} is missing" if name not in data else _fault(_SCHEMA[name], data[name], name)
            if fault is not None:
                raise ArtifactError(f"{origin}: the field {fault}")
        if unknown := sorted(data.keys() - set(names)):
            raise ArtifactError(f"{origin}: the field {unknown[0]!r} is unknown")
        manifest = cls(**{**data, "labels": tuple(data["labels"])})
        if manifest.to_json() != text:
            raise ArtifactError(f"{origin}: damaged: its own sha256 does not hold")
        return manifest

    def to_json(self) -> str:
        """Write the manifest as JSON, with the hash of itself as ``sha256``; equal manifests give equal text.

        Raises
        ------
        ArtifactError
            If a free field holds what JSON cannot, such as NaN or a numpy number.
        """
        try:
            data = json.loads(json.dumps(asdict(self), allow_nan=False))
            return _dumps({**data, "sha256": hashlib.sha256(_dumps(data).encode()).hexdigest()})
        except (TypeError, ValueError) as e:
            raise ArtifactError(f"manifest of {self.name}: cannot be written as JSON: {e}") from None


def _check_readable(data: Mapping[str, Any], origin: str) -> None:
    """Refuse a format or a range of releases that is not this release's, before anything else is looked at."""
    number, wanted = data.get("format"), data.get("ideaclass")
    range_known = _is_range(wanted)
    upgrade = f"pip install --upgrade 'ideaclass{wanted if range_known else ''}'"
    if (fault := _fault(_SCHEMA["format"], number, "format")) is not None:
        raise ArtifactError(f"{origin}: the field {fault}")
    assert isinstance(number, int)
    if number > FORMAT:
        readers = f" ({wanted})" if range_known else ""
        raise ArtifactError(
            f"{origin}: format {number} was written by a newer release of ideaclass{readers}; "
            f"this is {__version__}, which reads format {FORMAT}: {upgrade}"
        )
    if range_known and not satisfies(__version__, str(wanted)):
        raise ArtifactError(f"{origin}: can be read by ideaclass {wanted}, and this is {__version__}: {upgrade}")
