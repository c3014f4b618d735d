"""Categories by description, the SWOT matrix, and ESG candidates."""

import numpy as np
import pytest

from ideaclass import esg
from ideaclass.artifacts import default_store
from ideaclass.embed import stored
from ideaclass.errors import InputError
from ideaclass.guided import Guide, sort_by
from ideaclass.matrix import _particle, swot_matrix
from ideaclass.themes import find_themes
from ideaclass.tokenize import KiwiTokenizer

GUIDES = [
    Guide("교통", "버스, 지하철, 도로, 주차", ("버스 배차를 늘려요", "지하철이 붐벼요")),
    Guide("환경", "쓰레기, 재활용, 나무", ("쓰레기를 줄여요",)),
    Guide("도서관"),
]


@pytest.fixture(scope="module")
def embedder():
    return stored.from_artifact(default_store().load(stored.DEFAULT))


def test_guided_sorts_and_says_none(embedder):
    texts = ["마을버스 노선이 모자라요", "분리수거함 재활용 쓰레기", "도서관 책", "점심에 뭐 먹지 ㅋㅋ", ""]
    found = sort_by(texts, GUIDES, embedder)
    assert found.labels.tolist() == [0, 1, 2, -1, -1]
    assert found.scores.shape == (5, 3)
    everything = sort_by(texts, GUIDES, embedder, none_below=-2)
    assert (everything.labels >= 0).all()
    assert (sort_by(texts, GUIDES, embedder, none_below=2).labels == -1).all()


@pytest.mark.parametrize("guides", [[], [Guide("가"), Guide("가")]])
def test_guided_needs_names(embedder, guides):
    with pytest.raises(InputError, match="names of their own"):
        sort_by(["글"], guides, embedder)


def test_kesg_has_its_61_items():
    codes = [i.code for i in esg.items()]
    assert len(codes) == len(set(codes)) == 61
    assert [sum(c[0] == p for c in codes) for p in "PESG"] == [5, 17, 22, 17]
    assert all(i.name and i.about for i in esg.items())


def test_esg_candidates(embedder):
    texts = [
        "점심시간에는 불을 꺼서 전기를 아낍시다",
        "옥상에 태양광 패널을 설치해 재생에너지를 씁시다",
        "국민이 주인입니다",
        "",
        "점심",
    ]
    found = esg.candidates(texts, ["E", "E", "G", "S", ""], embedder)
    assert [(c.row, c.pillar) for c in found] == [(0, "E"), (1, "E"), (2, "G")]
    assert [c.long for c in found] == [False, True, False]
    assert found[1].item is not None
    assert found[1].item.code == "E-4-2"
    assert found[2].item is None


def test_swot_matrix_pairs_what_belongs_together(embedder):
    texts = {
        "S": ["친절한 상담사가 많다", "상담사가 친절하다", "상담 경험이 풍부하다"],
        "W": ["홈페이지 검색이 느리다", "홈페이지 검색이 안 된다", "검색 결과가 엉뚱하다"],
        "O": ["인공지능 검색 기술이 발전한다", "검색 기술이 싸졌다", "홈페이지 검색을 돕는 기업이 많다"],
        "T": ["상담사에게 폭언하는 사람이 는다", "상담사 폭언이 심하다", "상담사 구인난"],
    }
    tools = embedder, KiwiTokenizer()
    rows = {k: [4 * i + j for j in range(3)] for i, k in enumerate(texts)}
    whole = find_themes([t for k in texts for t in [*texts[k], ""]], *tools)
    cells = swot_matrix({k: (rows[k], find_themes(texts[k], *tools)) for k in texts}, whole.terms)
    assert set(cells) == {"SO", "ST", "WO", "WT"}
    assert all(cells.values())
    weak = cells["WO"][0]
    assert "검색" in weak.line
    assert weak.evidence[0] in rows["W"]
    assert weak.evidence[1] in rows["O"]
    assert cells["ST"][0].relatedness > cells["SO"][0].relatedness
    assert swot_matrix({}, whole.terms) == {"SO": [], "ST": [], "WO": [], "WT": []}
    english = swot_matrix({k: (rows[k], find_themes(texts[k], *tools)) for k in "WO"}, whole.terms, lang="en")
    assert english["WO"][0].line.startswith("Take the opportunity")


@pytest.mark.parametrize(("word", "said"), [("버스", "를"), ("상담", "을"), ("GPT", "을(를)"), ("", "을(를)")])
def test_particles(word, said):
    assert _particle(word, "을", "를") == said


def test_particle_after_rieul():
    assert [_particle(w, "으로", "로") for w in ("버스", "지하철", "상담")] == ["로", "로", "으로"]


def test_scores_are_cosines(embedder):
    assert np.abs(sort_by(["버스", "나무"], GUIDES, embedder).scores).max() <= 1.0001
