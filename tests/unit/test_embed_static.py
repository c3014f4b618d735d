"""The run-time embedder: equal to sentence-transformers, defined for any text, deterministic, safe to share."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ideaclass.embed import SentenceTransformerEmbedder, StaticEmbedder
from ideaclass.embed.train.distil import vocabulary
from ideaclass.embed.train.export import export
from ideaclass.errors import ArtifactError, IdeaclassError, InputError, UnknownModelError
from ideaclass.search import SimilarIndex, similar
from ideaclass.types import Embedder

TEXTS = [
    "정류장에 벤치를 놓아 주세요",
    "버스 기다리는 곳에 의자가 필요합니다",
    "도서관을 밤 열 시까지 열어 주세요",
    "쓰레기 버리는 날을 문자로 알려 주세요",
    "골목길 가로등이 어두워서 무섭습니다",
    "공원 화장실을 깨끗하게 관리해 주세요",
    "주민센터 무인 발급기에서 카드로 내고 싶어요",
    "실업급여 신청 방법을 알고 싶습니다",
]
ODD = [
    "",
    "   ",
    "★☆",
    "😀👍🏽",
    unicodedata.normalize("NFD", TEXTS[0]),
    "ㅋㅋㅋㅋㅠㅠ",
    "가" * 30_000,
    "\n\t",
    "A\u00a0b",
    "①㈜",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("embed") / "model"
    tokenizer = vocabulary(TEXTS * 3, 200)
    vectors = np.random.default_rng(0).standard_normal((tokenizer.get_vocab_size(), 16)).astype(np.float32)
    export(tokenizer, vectors, path, "# tiny\n")
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> StaticEmbedder:
    return StaticEmbedder.load(folder)


@pytest.fixture(scope="module")
def reference(folder: Path) -> SentenceTransformerEmbedder:
    pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    return SentenceTransformerEmbedder(folder, device="cpu")


def test_is_an_embedder_of_unit_float32_rows(model: StaticEmbedder) -> None:
    assert isinstance(model, Embedder)
    vectors = model.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), 16) == (len(TEXTS), model.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert model.get_sentence_embedding_dimension() == 16
    assert "16 dimensions" in repr(model)


def test_equals_sentence_transformers(model: StaticEmbedder, reference: SentenceTransformerEmbedder) -> None:
    np.testing.assert_allclose(model.encode(TEXTS + ODD), reference.encode(TEXTS + ODD), atol=1e-5)
    assert reference.encode([]).shape == (0, 16)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60) | st.text("각하힣ㄱㅏ \u1112\u1161", max_size=40)))
def test_equals_sentence_transformers_on_any_text(
    model: StaticEmbedder, reference: SentenceTransformerEmbedder, texts: list[str]
) -> None:
    vectors = model.encode(texts)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(vectors, reference.encode(texts), atol=1e-5)


def test_empty_and_odd_texts_are_defined(model: StaticEmbedder) -> None:
    vectors = model.encode(["", "   ", *ODD, "\ud800깨진 글자"])
    assert np.isfinite(vectors).all()
    assert not vectors[0].any()
    assert model.encode([]).shape == (0, 16)
    nfc, nfd = model.encode([TEXTS[0], unicodedata.normalize("NFD", TEXTS[0])])
    np.testing.assert_allclose(nfc, nfd, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_batches_and_order_do_not_matter(model: StaticEmbedder, batch_size: int) -> None:
    whole = model.encode(TEXTS)
    np.testing.assert_array_equal(model.encode(TEXTS, batch_size=batch_size), whole)
    np.testing.assert_array_equal(model.encode(TEXTS[::-1])[::-1], whole)


def test_threads_may_share_it(model: StaticEmbedder) -> None:
    whole = model.encode(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for vectors in pool.map(lambda _: model.encode(TEXTS, batch_size=2), range(64)):
            np.testing.assert_array_equal(vectors, whole)


def test_pieces_add_up_to_the_vector(model: StaticEmbedder) -> None:
    texts = [*TEXTS, "", unicodedata.normalize("NFD", TEXTS[1])]
    pieces = model.pieces(texts)
    assert pieces.ids.dtype == np.int32
    assert pieces.offsets.dtype == np.int64
    assert len(pieces.offsets) == len(texts) + 1
    for i, (text, vector) in enumerate(zip(texts, model.encode(texts), strict=True)):
        mine = slice(pieces.offsets[i], pieces.offsets[i + 1])
        total = model.weights[pieces.ids[mine]].sum(0)
        np.testing.assert_allclose(total / max(np.linalg.norm(total), 1e-12), vector, atol=1e-5)
        assert all(0 <= a <= b <= len(text) for a, b in zip(pieces.starts[mine], pieces.ends[mine], strict=True))
        if i < len(TEXTS):
            covered = {k for a, b in zip(pieces.starts[mine], pieces.ends[mine], strict=True) for k in range(a, b)}
            assert covered >= {k for k, c in enumerate(text) if c != " "}


def test_refuses_what_it_cannot_use(model: StaticEmbedder, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not one text"):
        model.encode("한 문장")
    with pytest.raises(InputError, match="batch_size"):
        model.encode(TEXTS, batch_size=0)
    with pytest.raises(InputError, match="do not fit"):
        StaticEmbedder((folder / "tokenizer.json").read_text(), np.zeros((3, 4), np.float32))
    with pytest.raises(InputError, match="damaged"):
        StaticEmbedder("{", np.zeros((3, 4), np.float32))
    with pytest.raises(ArtifactError, match="cannot be read"):
        StaticEmbedder.load(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(ArtifactError, match=r"model\.safetensors"):
        StaticEmbedder.load(tmp_path)
    assert not model.weights.flags.writeable


def test_sentence_transformers_says_what_is_missing(
    reference: SentenceTransformerEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownModelError, match="no such folder"):
        SentenceTransformerEmbedder(tmp_path / "none")
    with pytest.raises(InputError, match="not one text"):
        reference.encode("한 문장")
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(IdeaclassError, match=r"ideaclass\[transformers\]"):
        SentenceTransformerEmbedder("any/model")


def test_index_finds_the_nearest_and_comes_back(model: StaticEmbedder, tmp_path: Path) -> None:
    index = SimilarIndex.build(TEXTS, model)
    hits = index.search(TEXTS[2], 3)
    assert (hits[0].position, hits[0].text) == (2, TEXTS[2])
    assert hits[0].score == pytest.approx(1, abs=1e-5)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert len(index.search(TEXTS[0], 100)) == len(index) == len(TEXTS)
    assert [h.position for h in index.search([TEXTS[1], TEXTS[2]], 3)[1]] == [h.position for h in hits]
    assert index.search([], 3) == []
    assert SimilarIndex.build([], model).search("무엇", 3) == []
    index.save(tmp_path / "index")
    again = SimilarIndex.load(tmp_path / "index", model)
    assert again.search(TEXTS[2], 3) == hits
    assert similar(TEXTS[2], TEXTS, 3, model) == hits
    twice = SimilarIndex.build([TEXTS[0], TEXTS[0], TEXTS[1]], model).search(TEXTS[0], 1)
    assert twice[0].position == 0


def test_index_finds_a_name_that_the_vectors_do_not_tell_apart() -> None:
    class Blind:
        def encode(self, sentences, batch_size=32):
            return np.ones((len(sentences), 1), np.float32)

    texts = ["상암동 버스 노선", "중계동 버스 노선", "화곡동 버스 노선"]
    hits = SimilarIndex.build(texts, Blind()).search("중계동에 버스가 없어요", 3)
    assert hits[0].text == "중계동 버스 노선"
    assert 0.5 < hits[0].score < 1


def test_index_refuses_what_does_not_fit(model: StaticEmbedder, tmp_path: Path) -> None:
    index = SimilarIndex.build(TEXTS, model)
    with pytest.raises(InputError, match="k is 0"):
        index.search("무엇", 0)
    with pytest.raises(InputError, match="list of texts"):
        SimilarIndex.build("한 문장", model)
    with pytest.raises(InputError, match="do not fit"):
        SimilarIndex(TEXTS, np.zeros((2, 16), np.float32), model)
    with pytest.raises(InputError, match="not the one"):
        SimilarIndex(TEXTS, np.zeros((len(TEXTS), 5), np.float32), model).search("무엇")
    with pytest.raises(ArtifactError):
        SimilarIndex.load(tmp_path, model)
