"""The whole training recipe on a tiny corpus of our own: from parquet files to a folder that both runtimes read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ideaclass.artifacts import Store
from ideaclass.embed import SentenceTransformerEmbedder, StaticEmbedder, stored
from ideaclass.embed.evaluate import evaluate, table
from ideaclass.embed.train import Recipe, distil, train
from ideaclass.embed.train.data import held_out, lines, pairs, sentences
from ideaclass.errors import FileError

for needed in ("torch", "pyarrow", "kiwipiepy", "sentence_transformers"):
    pytest.importorskip(needed, reason=f"{needed} is not installed")

THINGS = ["가로등", "벤치", "횡단보도", "쓰레기통", "도서관", "주차장", "자전거길", "놀이터", "화장실", "버스"]
PLACES = ["공원", "시장", "학교 앞", "역 앞", "골목", "하천"]
RECIPE = Recipe(landmarks=24, rank=12, pieces=300, tuning={"epochs": 2, "batch": 64, "rate": 1e-3, "graded_batch": 16})


def make_data(folder: Path) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    said = [
        (t, p, f"{p}에 {t} 설치해 주세요", f"{p}에는 {t}이 없어서 불편합니다. 하나 놓아 주시면 좋겠습니다.")
        for t in THINGS
        for p in PLACES
    ]
    years = ["2023-05-01" if i % 4 else "2024-05-01" for i in range(len(said))]
    frame = pd.DataFrame(said, columns=["thing", "place", "title", "content"])
    save = lambda name, **columns: pd.DataFrame(columns).to_parquet(folder / f"{name}.parquet")  # noqa: E731
    save("seoul_ideas", title=frame.title, content=frame.content, date=years, field=frame.thing)
    save("seoul120_faq", title=frame.thing + " 신청 방법", content=frame.content, field=frame.place)
    save("petitions_titles", title=frame.title + "!", category=frame.place)
    save("easylaw", topic=frame.thing, section=frame.place, paragraph=(frame.content + " ") * 6)
    scores = rng.integers(0, 6, len(said)).astype(float)
    for name in ("korsts_train", "korsts_dev"):
        save(name, sentence1=frame.title, sentence2=frame.content, score=scores)
    labels = ["entailment", "contradiction", "neutral"] * (len(said) // 3)
    save(
        "kornli_xnli_test",
        sentence1=np.repeat(frame.title[::3].to_numpy(), 3),
        sentence2=frame.content,
        gold_label=labels,
    )
    sets = [f"train{i // 3}" for i in range(len(said))]
    save("stylekqc", sentence=frame.title, set=sets)
    return folder


def make_corpora(folder: Path) -> Path:
    (folder / "paraphrase").mkdir(parents=True)
    for writer in ("a", "d"):
        rows = [
            (f"{writer}{i}", kind, f"{place} {thing} {text}{' 비밀' if writer == 'd' else ''}")
            for i, (thing, place) in enumerate(zip(THINGS, PLACES, strict=False))
            for kind, text in (("same", "놓자"), ("same", "만들어 주세요"), ("near", "치우자"))
        ]
        frame = pd.DataFrame(rows, columns=["group", "kind", "text"])
        frame.to_csv(folder / "paraphrase" / f"{writer}.csv", index=False)
    return folder


def test_recipe_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).standard_normal((70_000, RECIPE.rank)).astype(np.float32)
    monkeypatch.setattr(distil, "morpheme_vectors", lambda *_: vectors)
    data, corpora, told = make_data(tmp_path / "data"), make_corpora(tmp_path / "corpora"), []
    out = train(data, tmp_path / "model", corpora=corpora, progress=told.append, recipe=RECIPE)
    ours = StaticEmbedder.load(out)
    texts = ["공원에 벤치를 놓아 주세요", "", "😀", "도서관 여는 시간"]
    np.testing.assert_allclose(ours.encode(texts), SentenceTransformerEmbedder(out).encode(texts), atol=1e-5)
    assert "CC BY-SA" in (out / "CARD.md").read_text()
    assert any("epoch 2 of 2" in line for line in told)
    weights = (out / "model.safetensors").read_bytes()

    told.clear()  # every stage is kept: nothing is worked on again
    train(
        data, tmp_path / "again", corpora=corpora, progress=told.append, recipe=RECIPE, work_dir=tmp_path / "model.work"
    )
    assert not any("working" in line for line in told)
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == weights

    for path in (tmp_path / "model.work").glob("tuned-*"):  # a lost stage comes out the same
        path.unlink()
    train(data, tmp_path / "third", corpora=corpora, recipe=RECIPE, work_dir=tmp_path / "model.work")
    third = StaticEmbedder.load(tmp_path / "third")
    np.testing.assert_allclose(third.encode(texts), ours.encode(texts), atol=1e-4)

    store = Store(tmp_path / "store")
    assert [stored.save(out, store, {}) for _ in range(2)] == ["ko-citizen-static@1.0.0", "ko-citizen-static@1.1.0"]
    kept = stored.from_artifact(store.load(stored.DEFAULT))
    assert (kept.encode(texts) == ours.encode(texts)).all()

    told.clear()
    rows = evaluate(out, data, peers=False, corpora=corpora, progress=told.append)
    assert any(line.startswith("ideaclass: KorSTS dev ") for line in told)
    assert rows[0]["model"] == "ideaclass"
    assert {"KorSTS dev", "FAQ @10", "paraphrase d", "unrelated", "texts/s"} <= rows[0].keys()
    assert table(rows).startswith("| model |")


def test_held_out_rows_reach_no_training(tmp_path: Path) -> None:
    data, corpora = make_data(tmp_path / "data"), make_corpora(tmp_path / "corpora")
    ideas = pd.read_parquet(data / "seoul_ideas.parquet")
    late = set(ideas.title[held_out("seoul_ideas", ideas)])
    assert late == set(ideas.title[ideas.date >= "2024"])
    found = pairs(data, corpora, 0)
    assert late.isdisjoint(p.first for p in found["ideas"])
    assert not any("비밀" in text for own in found["our paraphrases"] for text in own if text)
    assert not any("비밀" in line for line in lines(data))
    assert all(p.negative for p in found["our paraphrases"])
    assert "petitions" not in found


def test_wrong_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such folder"):
        train(tmp_path / "none", tmp_path / "out")
    with pytest.raises(FileError, match="no such folder"):
        evaluate(tmp_path, tmp_path / "none")
    with pytest.raises(FileError, match="holds none of"):
        lines(tmp_path)


def test_sentences_are_short_and_complete() -> None:
    text = "첫 문장입니다. 둘째 문장이에요! " + "긴 말 " * 200
    found = sentences(text, 4)
    assert found[:2] == ["첫 문장입니다.", "둘째 문장이에요!"]
    assert max(map(len, found)) <= 250
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_morpheme_vectors_give_back_kiwis_cosines() -> None:
    from kiwipiepy import Kiwi

    vectors = distil.morpheme_vectors(landmarks=3, rank=3, seed=0)
    chosen = np.random.default_rng(0).choice(len(vectors), 3, replace=False)
    near = {
        m.id: m.score for m in Kiwi(num_workers=1, model_type="cong").most_similar_morphemes(int(chosen[0]), top_n=50)
    }
    ours = vectors[list(near)] @ vectors[chosen[0]]
    np.testing.assert_allclose(ours, list(near.values()), atol=1e-3)
