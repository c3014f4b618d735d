"""Lint of the corpora: what would make a model look better, or a person look worse, than they are."""

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from ideaclass import taxonomy
from ideaclass.corpus import ABOUT, Corpus, read_corpus

CORPORA = Path(__file__).resolve().parents[2] / "corpora"
FOLDERS = sorted(p.parent for p in CORPORA.glob(f"*/{ABOUT}"))
TAXONOMIES = {name: taxonomy.load(name) for name in taxonomy.available()}

LEAST_ROWS = {
    "swot": 700,
    "esg": 300,
    "action": 200,
    "grievance": 200,
    "innovation": 120,
    "review": 120,
    "business": 120,
}
LEAST_ROWS_ELSEWHERE = 70
NAMED = 0.15
# Where a class is the matter asked about (고용보험), people name it; no more than a third of them may.
NAMED_WHERE_THE_CLASS_IS_THE_MATTER = {"labour1350": 0.35, "covid19": 0.35}
ALIKE = 0.8
SAME_TWO_WORDS = 0.01
SAME_WORD = 0.05
SAME_RUN = 0.03
# Foreign-language messages came with the second writer.
CLASSES_NOT_WRITTEN = {("outofscope", "a"): {"foreign"}}
PERSONAL = {
    "mobile phone": r"01[016789][-. ]?\d{3,4}[-. ]?\d{4}",
    "telephone": r"(?<!\d)0\d{1,2}[-. )]\d{3,4}[-. ]\d{4}(?!\d)",
    "resident number": r"(?<!\d)\d{2}[01]\d[0-3]\d[- ]?[1-8]\d{6}(?!\d)",
    "e-mail": r"[\w.+-]+@[\w-]+\.\w+",
    "card or account": r"(?<!\d)\d{3,6}-\d{2,6}-\d{4,8}(?!\d)|(?<!\d)\d{4}([- ])\d{4}\1\d{4}\1\d{4}(?!\d)",
}


def bare(text: str) -> str:
    """The letters of a text, without spaces and punctuation; the text itself where it has none."""
    text = unicodedata.normalize("NFC", text).casefold()
    return re.sub(r"[\W_]", "", text) or text.replace(" ", "")


def repeated(texts: list[str]) -> list[str]:
    count = Counter(map(bare, texts))
    return [t for t in texts if count[bare(t)] > 1]


def near_copies(texts: list[str], alike: float = ALIKE) -> list[tuple[str, str]]:
    """Pairs whose character 4-grams overlap so much (Jaccard); texts of fewer than three are noise or greetings."""
    grams = [{t[i : i + 4] for i in range(len(t) - 3)} for t in map(bare, texts)]
    number = {g: i for i, g in enumerate(sorted(set().union(*grams)))}
    at = np.array([number[g] for row in grams for g in row], np.int32)
    size = np.array([len(row) for row in grams])
    ends = np.concatenate([[0], np.cumsum(size)])
    matrix = sp.csr_matrix((np.ones(len(at), np.float32), at, ends), shape=(len(texts), len(number)))
    both = sp.triu(matrix @ matrix.T, 1).tocoo()
    share = both.data / (size[both.row] + size[both.col] - both.data)
    found = (share >= alike) & (np.minimum(size[both.row], size[both.col]) >= 3)
    return [(texts[a], texts[b]) for a, b in zip(both.row[found], both.col[found], strict=True)]


def templates(texts: list[str], writers: list[str]) -> list[str]:
    """What shows that sentences were made by filling slots: beginnings, ends, and a writer's runs of words, again."""
    words = [t.split() for t in texts]
    found = []
    for what, n, limit in (("two words", 2, SAME_TWO_WORDS), ("word", 1, SAME_WORD)):
        for end, cut in (("first", slice(n)), ("last", slice(-n, None))):
            count = Counter(tuple(w[cut]) for w in words if len(w) > n)
            found += [
                f"{end} {what} {' '.join(run)!r}: {rows} rows"
                for run, rows in count.items()
                if rows > max(limit * len(texts), 4) and any(c.isalnum() for c in "".join(run))
            ]
    runs = [
        {(writer, *run) for run in zip(w, w[1:], w[2:], strict=False)} for w, writer in zip(words, writers, strict=True)
    ]
    count = Counter(run for row in runs for run in row)
    again = sum(any(count[run] >= 3 for run in row) for row in runs)
    if again > max(SAME_RUN * len(texts), 4):
        found.append(f"{again} rows share three words in a row with two others of the writer")
    return found


def named(corpus: Corpus, task: str) -> dict[str, float]:
    """Share of the rows of each class that contain the class's own name, by word of the name."""
    rows = defaultdict(list)
    for text, label in zip(corpus.texts, corpus.labels[task], strict=True):
        rows[label].append(bare(text))
    names = {c.code: [w for w in re.split(r"[\s/·()]+", c.ko) if len(w) > 1] for c in TAXONOMIES[task].categories}
    return {w: sum(bare(w) in t for t in rows[code]) / len(rows[code]) for code, ws in names.items() for w in ws}


def personal(texts: list[str]) -> list[str]:
    return [f"{what}: {t}" for t in texts for what, pattern in PERSONAL.items() if re.search(pattern, t)]


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda p: p.name)
def corpus(request) -> Corpus:
    return read_corpus(request.param, TAXONOMIES)


def test_the_corpora_are_there():
    assert set(LEAST_ROWS) <= {folder.name for folder in FOLDERS}


def test_the_description_fits_the_folder(corpus):
    folder = next(f for f in FOLDERS if f.name == corpus.name)
    assert corpus.licence == "CC BY 4.0"
    assert "synthetic" in corpus.source
    assert all(re.fullmatch(r"[a-z]\.csv", p.name) for p in folder.glob("*.csv"))


def test_no_text_is_there_twice(corpus):
    assert repeated(corpus.texts) == []


def test_no_text_is_nearly_another(corpus):
    assert near_copies(corpus.texts) == []


def test_no_text_was_made_from_a_template(corpus):
    assert templates(corpus.texts, corpus.groups.tolist()) == []


def test_every_class_has_its_rows_by_every_writer(corpus):
    for task, labels in corpus.labels.items():
        codes = set(TAXONOMIES[task].codes)
        rows = Counter(labels)
        least = LEAST_ROWS.get(task, LEAST_ROWS_ELSEWHERE)
        assert {c: rows[c] for c in codes if rows[c] < least} == {}
        assert len(set(corpus.groups)) >= 2
        for writer in sorted(set(corpus.groups)):
            own = {label for label, group in zip(labels, corpus.groups, strict=True) if group == writer}
            assert codes - own == CLASSES_NOT_WRITTEN.get((corpus.name, writer), set()), writer


def test_class_names_do_not_give_the_answer_away(corpus):
    limit = NAMED_WHERE_THE_CLASS_IS_THE_MATTER.get(corpus.name, NAMED)
    for task in corpus.labels:
        assert {word: share for word, share in named(corpus, task).items() if share > limit} == {}


def test_texts_are_as_long_as_people_write(corpus):
    lengths = np.array([len(t) for t in corpus.texts])
    assert lengths.max() <= 200
    assert 15 <= np.median(lengths) <= 80
    assert np.percentile(lengths, 90) - np.percentile(lengths, 10) >= 20
    assert not [t for t in corpus.texts if "\ufffd" in t or t != unicodedata.normalize("NFC", t)]


def test_no_personal_data(corpus):
    assert personal(corpus.texts) == []


# The rules themselves: each must catch what it is there for.

NOUNS = [f"{a}{b}" for a in "공교복환주문예안행정" for b in "원통지경택화산전사책"]


@pytest.mark.parametrize(
    "texts",
    [
        [f"우리 동네 {noun} 좀 늘려 주세요" for noun in NOUNS],
        [f"{noun} 때문에 너무 불편합니다" for noun in NOUNS],
        [f"요즘 {noun} 문제가 심각한데 {other} 담당자는 무엇을 하나요" for noun, other in pairwise(NOUNS)],
        [f"{noun} 개선" for noun in NOUNS],
        [f"{a} {b} 쪽은 한번 꼭 다시 {b} {a}" for a, b in pairwise(NOUNS)],
    ],
)
def test_a_template_is_noticed(texts):
    assert templates(texts, ["a"] * len(texts))


def test_copies_are_noticed():
    assert repeated(["챗봇이 늦어요!", "챗봇 이  늦어요", "상담이 늦어요"]) == ["챗봇이 늦어요!", "챗봇 이  늦어요"]
    assert repeated(["???", "!!!"]) == []
    text = "육아휴직 급여 신청 화면을 처음부터 끝까지 녹화해서 올려 주세요"
    assert near_copies([text, f"{text}요", "다른 이야기를 전혀 다르게 합니다"]) == [(text, f"{text}요")]
    assert near_copies(["ㅎㅇㅎㅇ", "ㅎㅇㅎㅇ"]) == []


def test_class_names_are_counted():
    labels = ["E", "S", "G", "E"]
    texts = ["환경을 지켜요", "안전", "지배 구조를 바꿉시다", "종이컵"]
    fake = Corpus("fake", "", "", texts, np.array(["a"] * 4), {"esg": labels}, "")
    assert named(fake, "esg") == {"환경": 0.5, "사회": 0.0, "지배구조": 1.0}


@pytest.mark.parametrize(
    "text",
    [
        "제 번호는 010-1234-5678입니다",
        "01012345678로 전화 주세요",
        "02-123-4567로 걸었는데",
        "주민번호 900101-1234567",
        "hong@example.com으로 답 주세요",
        "계좌 110-234-567890에 넣어 주세요",
        "카드 1234 5678 1234 5678",
    ],
)
def test_personal_data_is_noticed(text):
    assert personal([text])


@pytest.mark.parametrize(
    "text", ["1350에 걸었어요", "국번 없이 120", "2023-06-05에 접수", "3월 12일 10시~18시", "주52시간"]
)
def test_other_numbers_are_let_pass(text):
    assert personal([text]) == []


def test_paraphrases_are_whole_and_their_own():
    """Groups of two or more wordings that lie in one file, and no text twice, not even between writers."""
    home: dict[str, str] = {}
    texts: list[str] = []
    for path in sorted((CORPORA / "paraphrase").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        said = Counter(row["group"] for row in found if row["kind"] == "same")
        assert min(said.values()) >= 2, path.name
        assert {row["kind"] for row in found} <= {"same", "near"}
        assert {row["group"] for row in found} == set(said)
        for group in said:
            assert home.setdefault(group, path.name) == path.name
        texts += [row["text"] for row in found]
    assert all(texts)
    assert repeated(texts) == []
