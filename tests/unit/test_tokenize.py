"""The tokenisers: one protocol, spans that fit the text, settings that survive pickling, clear errors."""

import pickle
import shutil

import pytest

from ideaclass.errors import FileError, InputError, MissingJavaError
from ideaclass.tokenize import KiwiTokenizer, KonlpyTokenizer
from ideaclass.tokenize import konlpy as konlpy_room
from ideaclass.tokenize.konlpy import ENGINES
from ideaclass.types import Morph, Tokenizer

TEXT = "내일배움카드로 보이는 ARS에서 상담 신청했는데 고용24가 안 돼요"

SEJONG = set(
    """
    NNG NNP NNB NR NP VV VA VX VCP VCN MM MAG MAJ IC JKS JKC JKG JKO JKB JKV JKQ JX JC EP EF EC ETN ETM
    XPN XSN XSV XSA XR SF SP SS SE SO SW SL SN NA
    """.split()  # noqa: SIM905
)

needs_java = pytest.mark.skipif(
    shutil.which("java") is None, reason="no Java here: apt-get install default-jre-headless"
)


@pytest.fixture(scope="module")
def kiwi():
    return KiwiTokenizer()


def test_kiwi_knows_the_domain(kiwi):
    assert isinstance(kiwi, Tokenizer)
    assert kiwi.nouns(TEXT) == ["내일배움카드", "보이는 ARS", "상담", "신청", "고용24"]
    assert "국민취업지원제도" in kiwi.nouns("국민취업지원제도가 어려워요")


def test_kiwi_spans_and_tags(kiwi):
    for m in kiwi.pos(TEXT):
        assert m.tag.isalpha()
        if m.tag in ("NNG", "NNP", "SL", "JKB"):
            assert TEXT[m.start : m.end] == m.form
    assert {m.tag for m in kiwi.pos("도와주셨다 집을 지어요")} >= {"VV", "EP", "NNG", "JKO"}
    assert kiwi.morphs("카드가") == ["카드", "가"]


def test_kiwi_batch_is_single(kiwi):
    texts = [TEXT, "", "🙂🙂", "챗봇이 느려요"]
    assert list(kiwi.pos_all(texts)) == [kiwi.pos(t) for t in texts]
    assert kiwi.pos("") == []


def test_kiwi_pickles_by_its_settings(kiwi, tmp_path):
    kiwi.pos("가")
    data = pickle.dumps(kiwi)
    assert len(data) < 20_000
    again = pickle.loads(data)
    assert again.nouns(TEXT) == kiwi.nouns(TEXT)
    assert again.spec == kiwi.spec
    assert kiwi.spec["version"]
    words = tmp_path / "w.tsv"
    words.write_text("# 우리 말\n도란도란앱\tNNP\t1.5\n", encoding="utf-8")
    own = pickle.loads(pickle.dumps(KiwiTokenizer(words)))
    words.unlink()
    assert own.nouns("도란도란앱을 켜요") == ["도란도란앱"]
    assert own.spec["words"] != kiwi.spec["words"]


def test_kiwi_starts_late():
    assert KiwiTokenizer()._kiwi is None


@pytest.mark.parametrize("line", ["단어", "단어\tXYZ", "단어\tNNP\t많이", "\tNNP", "단어\tNNP\t1\t남음"])
def test_bad_dictionary_line_is_named(tmp_path, line):
    words = tmp_path / "w.tsv"
    words.write_text("좋은말\tNNG\n" + line, encoding="utf-8")
    with pytest.raises(InputError, match=r"w\.tsv, line 2"):
        KiwiTokenizer(words)


def test_unreadable_dictionary(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        KiwiTokenizer(tmp_path / "none.tsv")
    (tmp_path / "cp949.tsv").write_bytes("단어\tNNP".encode("cp949"))
    with pytest.raises(FileError, match="UTF-8"):
        KiwiTokenizer(tmp_path / "cp949.tsv")


def test_unknown_engine():
    with pytest.raises(InputError, match="okt, komoran"):
        KonlpyTokenizer("mecab")


def test_placing_finds_what_stands_in_the_text():
    placed = konlpy_room._placed(
        "신청 했는데 요", [("신청", "NNG"), ("하", "XSV"), ("았", "EP"), ("는데", "EC"), ("요", "JX")]
    )
    assert placed == [
        Morph("신청", "NNG", 0, 2), Morph("하", "XSV", 3, 6), Morph("았", "EP", 3, 6), Morph("는데", "EC", 4, 6),
        Morph("요", "JX", 7, 8),
    ]  # fmt: skip


def test_java_that_does_not_start(monkeypatch):
    from konlpy import tag

    def broken():
        raise ValueError("no JVM shared library file (libjvm.so) found")

    monkeypatch.setattr(tag, "Okt", broken)
    with pytest.raises(MissingJavaError, match=r"libjvm.*apt-get install default-jre-headless"):
        KonlpyTokenizer("okt").pos("카드")


@needs_java
@pytest.mark.parametrize("engine", ENGINES)
def test_konlpy_speaks_sejong(engine):
    tokenizer = KonlpyTokenizer(engine)
    assert isinstance(tokenizer, Tokenizer)
    morphs = tokenizer.pos("상담 예약이 어려워서 전화했어요!")
    assert tokenizer.morphs("") == tokenizer.morphs("😀") == []
    with_emoji = "상담😀 예약 🙏🏻감사 \ud83d"
    assert {"상담", "예약"} <= {with_emoji[m.start : m.end] for m in tokenizer.pos(with_emoji)}
    tags = {m.tag for m in morphs}
    assert tags <= SEJONG
    assert {"상담", "예약"} <= set(tokenizer.nouns("상담 예약이 어려워서 전화했어요!"))
    for m in morphs:
        assert 0 <= m.start < m.end <= len("상담 예약이 어려워서 전화했어요!")
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again.pos("상담 예약") == tokenizer.pos("상담 예약")
    assert again.spec == {"name": engine, "version": tokenizer.spec["version"]}
