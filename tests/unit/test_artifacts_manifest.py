from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ideaclass._version import __version__
from ideaclass.artifacts.manifest import (
    FORMAT,
    Manifest,
    bump,
    is_name,
    is_safe_path,
    parse_version,
    satisfies,
    utc_now,
)
from ideaclass.errors import ArtifactError, InputError

FULL = Manifest(
    kind="classifier",
    name="부서-분류",
    version="1.2.0",
    parent="1.1.0",
    created="2025-03-01T09:30:00Z",
    labels=("교통", "교통>주차"),
    libraries={"python": "3.11.7", "numpy": "2.1.0"},
    features={"buckets": 2**18, "ngrams": [1, 2, 3]},
    embedder={"name": "ko-static", "version": "1.0.0", "sha256": "a" * 64},
    data=[{"name": "민원", "rows": {"교통": 3}, "sha256": "b" * 64, "licence": "CC0-1.0", "source": "ours"}],
    seed=7,
    thresholds={"value": 0.55, "fitted_on": "validation"},
    metrics={"macro_f1": 0.91, "split": "test"},
    arrays={"weight": {"dtype": "float16", "shape": [2, 4]}},
    files={"model.safetensors": {"sha256": "c" * 64, "size": 100}},
)


def changed(**fields: object) -> str:
    data = {**json.loads(FULL.to_json()), **fields}
    return json.dumps({k: v for k, v in data.items() if v != "DROP"})


def test_json_round_trip_is_stable_and_readable() -> None:
    text = FULL.to_json()
    assert Manifest.from_json(text) == FULL
    assert Manifest.from_json(text).to_json() == text
    assert "교통>주차" in text
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_defaults_make_a_manifest_that_reads_back() -> None:
    made = Manifest(kind="embedder", name="ko-static")
    assert Manifest.from_json(made.to_json()) == made
    assert (made.format, made.version, made.parent, made.ref) == (FORMAT, "1.0.0", None, "ko-static@1.0.0")
    assert made.created[:4] == utc_now()[:4]


def test_every_changed_byte_is_noticed() -> None:
    text = FULL.to_json()
    for i in range(len(text)):
        wrong = text[:i] + ("8" if text[i] != "8" else "9") + text[i + 1 :]
        with pytest.raises(ArtifactError, match=r"^model/manifest\.json: "):
            Manifest.from_json(wrong, "model/manifest.json")


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"format": "1"}, "format is not a whole number"),
        ({"format": True}, "format"),
        ({"format": 0}, "format"),
        ({"format": "DROP"}, "format"),
        ({"kind": "A kind"}, "kind"),
        ({"name": "../swot"}, "name is not a model name"),
        ({"version": "1.2"}, "version"),
        ({"version": "01.2.0"}, "version"),
        ({"parent": 1}, "parent"),
        ({"parent": "DROP"}, "parent is missing"),
        ({"created": "2025-03-01T09:30:00"}, "created"),
        ({"created": "2025-13-01T09:30:00Z"}, "created"),
        ({"labels": ["a", "a"]}, "labels"),
        ({"labels": "ab"}, "labels"),
        ({"labels": [1]}, "labels"),
        ({"ideaclass": ">0.1;<2"}, "ideaclass is not a range"),
        ({"ideaclass": None}, "ideaclass"),
        ({"libraries": {"numpy": 2}}, r"libraries\['numpy'\]"),
        ({"libraries": []}, "libraries is not an object"),
        ({"features": []}, "features"),
        ({"embedder": {"name": "x", "version": "1.0.0"}}, r"embedder\.sha256 is missing"),
        ({"embedder": {"name": "x", "version": "1.0.0", "sha256": "z" * 64}}, r"embedder\.sha256"),
        ({"data": {}}, "data is not a list"),
        ({"data": [1]}, r"data\[0\] is not an object"),
        ({"data": [{**FULL.data[0], "rows": {"교통": -1}}]}, r"data\[0\]\.rows\['교통'\]"),
        ({"seed": 1.5}, "seed"),
        ({"thresholds": None}, "thresholds"),
        ({"metrics": [1]}, "metrics"),
        ({"arrays": {"w": {"dtype": "float32", "shape": [-1]}}}, r"arrays\['w'\]\.shape\[0\]"),
        ({"arrays": {"w": {"dtype": "float32", "shape": [True]}}}, r"arrays\['w'\]\.shape\[0\]"),
        ({"arrays": {"/w": {}}}, "plain relative path"),
        ({"files": {"../x.json": {}}}, "plain relative path"),
        ({"files": {"x.json": {"sha256": "c" * 64, "size": "9"}}}, r"files\['x.json'\]\.size"),
        ({"surprise": 1}, "'surprise' is unknown"),
        ({"seed": 8}, "sha256"),
    ],
)
def test_wrong_field_is_named(fields: dict[str, object], names: str) -> None:
    with pytest.raises(ArtifactError, match=f"^here: .*{names}"):
        Manifest.from_json(changed(**fields), "here")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 1, "format": 1}',
        '{"format": NaN}',
        '{"format": 1e999}',
        "[" * 100_000,
        '{"format": ' + "9" * 5000 + "}",
    ],
)
def test_not_a_manifest(text: str) -> None:
    with pytest.raises(ArtifactError, match=r"^here: "):
        Manifest.from_json(text, "here")


def test_newer_format_says_what_to_do_whatever_else_it_holds() -> None:
    with pytest.raises(ArtifactError, match=r"^m\.json: format 2 was written by a newer release .*>=1\.0,<3.*upgrade"):
        Manifest.from_json('{"format": 2, "ideaclass": ">=1.0,<3", "unheard": 1}', "m.json")
    with pytest.raises(ArtifactError, match=r"format 99 was written by a newer release .*pip install --upgrade"):
        Manifest.from_json('{"format": 99, "ideaclass": {}}')


def test_range_of_releases_is_kept() -> None:
    with pytest.raises(ArtifactError, match=f"can be read by ideaclass >=77, and this is {__version__}"):
        Manifest.from_json(replace(FULL, ideaclass=">=77").to_json())


def test_free_fields_take_what_json_turns_into_its_own() -> None:
    given = {"rows": {2: 0.1, 10: np.float64(1 / 3)}, "pair": (1, 2), "big": 1e22}
    found = Manifest.from_json(replace(FULL, metrics=given).to_json())
    assert found.metrics == {"rows": {"2": 0.1, "10": 1 / 3}, "pair": [1, 2], "big": 1e22}
    assert Manifest.from_json(found.to_json()) == found


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, "\ud800", object()])
def test_what_json_cannot_hold_is_refused_when_writing(value: object) -> None:
    with pytest.raises(ArtifactError, match="부서-분류"):
        replace(FULL, metrics={"x": value}).to_json()


def test_versions_sort_by_number_and_bump() -> None:
    assert sorted(["1.10.0", "1.9.9", "10.0.0", "2.0.0"], key=parse_version) == ["1.9.9", "1.10.0", "2.0.0", "10.0.0"]
    assert [bump("1.2.3", part) for part in ("major", "minor", "patch")] == ["2.0.0", "1.3.0", "1.2.4"]
    with pytest.raises(InputError, match="no part of a version"):
        bump("1.2.3", "micro")  # type: ignore[arg-type]
    for wrong in ("1", "1.2", "1.2.3.4", "v1.2.3", "1.2.3 ", "1.2.-3", "1.02.3", "١.2.3", ""):
        with pytest.raises(InputError, match="MAJOR"):
            parse_version(wrong)


@pytest.mark.parametrize(
    ("release", "wanted", "expected"),
    [
        ("0.1.0", ">=0.1,<1", True),
        ("0.1", "==0.1.0", True),
        ("0.10.0", ">0.9", True),
        ("1.0", ">=0.1,<1", False),
        ("1.0.0", "<1", False),
        ("0.1.0", ">0.1", False),
        ("0.2.0.dev3", " >=0.2 , <=0.2 ", True),
        ("0", "<=0.0", True),
    ],
)
def test_ranges(release: str, wanted: str, expected: bool) -> None:
    assert satisfies(release, wanted) is expected


@pytest.mark.parametrize("wanted", ["", "0.1", ">=", "~=1.0", ">=1,,<2", ">=1.x"])
def test_malformed_range(wanted: str) -> None:
    with pytest.raises(InputError, match="range"):
        satisfies("0.1.0", wanted)


def test_names_and_paths() -> None:
    assert all(map(is_name, ["swot", "covid19", "부서-분류", "a.b_c-d", "9", "x" * 64]))
    wrong = [
        "",
        "Swot",
        ".x",
        "-x",
        "a/b",
        "..",
        "a..",
        "a b",
        "x" * 65,
        "a\\b",
        "con",
        "nul.x",
        "index.json",
        "x\n",
        "ｘ",
    ]
    assert not any(map(is_name, wrong))
    assert all(map(is_safe_path, ["CARD.md", "0_StaticEmbedding/tokenizer.json", "a/b/c/d/e", "문서/안내 1.md"]))
    bad = [
        "",
        "/a",
        "a//b",
        "../a",
        "a/..",
        "./a",
        "a\\b",
        "C:a",
        "a:b",
        "a/",
        "a.",
        "a ",
        "aux.md",
        "a\0",
        "a/b/c/d/e/f",
    ]
    assert not any(map(is_safe_path, bad))
