"""Small models and corpora made on the spot: quick to fit, and nothing in them is shipped."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np

from ideaclass import taxonomy
from ideaclass.artifacts import Manifest
from ideaclass.classify import fit_head
from ideaclass.decide import Policy
from ideaclass.features import rows
from ideaclass.model import TaskModel
from ideaclass.text import clean

BUS = (
    "버스 배차 간격을 줄여 주세요",
    "지하철 환승이 불편해요",
    "정류장에 의자를 놓아 주세요",
    "자전거 도로를 늘립시다",
    "주차장이 모자라요",
    "택시가 안 잡혀요",
)
PARK = (
    "공원에 나무를 심어 주세요",
    "미세먼지 대책이 필요합니다",
    "쓰레기 분리수거를 안내해 주세요",
    "하천에서 냄새가 나요",
    "공원 쓰레기통이 넘칩니다",
    "산책길 벤치가 낡았어요",
)
CARE = (
    "경로당 난방비를 지원해 주세요",
    "어린이집 대기가 너무 길어요",
    "장애인 이동 도우미가 부족합니다",
    "홀로 사는 어르신 안부를 물어 주세요",
    "산모 돌봄을 늘려 주세요",
    "치매 어르신 쉼터가 필요해요",
)
TOPICS = {"교통": BUS, "환경": PARK, "복지": CARE}
CLASSES = tuple(TOPICS)
WRITERS = ("가영", "나리", "다온")
_MANNERS = ("{} 부탁드립니다", "제발 {}", "{} 작년에도 말했습니다", "저희 동네 {}")


class Letters:
    """Embeds a text by three of its letters; knows nothing of subwords."""

    def encode(self, sentences, batch_size=1024):
        found = np.array([[s.count(c) + 0.1 for c in "가나다"] for s in sentences], np.float32).reshape(-1, 3)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


class Syllables(Letters):
    """The sum of one vector per character, scaled: a `SubwordEmbedder`."""

    weights = np.random.default_rng(0).normal(size=(0x10000, 4)).astype(np.float32)

    def word_pieces(self, words):
        ids = np.array([ord(c) % 0x10000 for w in words for c in w], np.int32)
        return ids, np.cumsum([0, *map(len, words)])

    def pool(self, ids, offsets):
        total = np.array([self.weights[ids[a:b]].sum(axis=0) for a, b in pairwise(offsets)])
        length = np.maximum(np.linalg.norm(total.reshape(-1, 4), axis=1), 1e-9).astype(np.float32)
        return (total.reshape(-1, 4) / length[:, None]).astype(np.float32), length


def sentences() -> tuple[list[str], list[str], np.ndarray]:
    """Texts, labels and writers: every topic by every writer, 72 for each writer."""
    found = [
        (f"{manner.format(text)} {writer}", topic, writer)
        for writer in WRITERS
        for topic, texts in TOPICS.items()
        for text in texts
        for manner in _MANNERS
    ]
    texts, labels, writers = zip(*found, strict=True)
    return list(texts), list(labels), np.array(writers)


def taxonomy_toml(name: str = "topic", classes: tuple[str, ...] = CLASSES, *, multi: bool = False) -> str:
    head = f'name = "{name}"\nko = "분야 {name}"\nen = "Topic {name}"\nversion = "1.0"\nsource = "tests"\n'
    return (
        head
        + f"multi = {str(multi).lower()}\n"
        + "".join(f'[[category]]\ncode = "{c}"\nko = "{c}"\nen = "{c}-en"\n' for c in classes)
    )


def policy(threshold: float = 0.5, labels: tuple[float, ...] = ()) -> Policy:
    return Policy(threshold, 0.0, None, 0.9, 0.9, 0.5, 72, labels)


def task_model(name: str = "topic", *, background: bool = False, embedder=None) -> TaskModel:
    """A single-label model of the three topics."""
    texts, labels, _ = sentences()
    other = rows(clean(["오늘 점심 뭐 먹지", "노래 추천 좀", "주가가 또 내렸네"]), embedder) if background else None
    head = fit_head(rows(clean(texts), embedder), labels, classes=CLASSES, background=other, C=10.0).rounded()
    return TaskModel(f"{name}@1.0.0", taxonomy.parse(taxonomy_toml(name)), head, policy())


def multi_model(name: str = "topics") -> TaskModel:
    """A multi-label model: sentences of one topic, and pairs of two."""
    texts, truth = [], []
    eye = np.eye(3, dtype=bool)
    for i, one in enumerate(CLASSES):
        for text in TOPICS[one]:
            texts.append(text)
            truth.append(eye[i])
            for j, other in enumerate(CLASSES):
                if i < j:
                    for more in TOPICS[other]:
                        texts.append(f"{text} 그리고 {more}")
                        truth.append(eye[i] | eye[j])
    head = fit_head(rows(clean(texts)), np.array(truth), classes=CLASSES).rounded()
    return TaskModel(
        f"{name}@1.0.0", taxonomy.parse(taxonomy_toml(name, multi=True)), head, policy(0.5, (0.5, 0.5, 0.5))
    )


def manifest(**fields) -> Manifest:
    return Manifest(**({"kind": "classifier", "name": "topic", "labels": CLASSES} | fields))


def write_corpus(folder: Path, *, task: str, classes: tuple[str, ...], name: str = "tiny") -> Path:
    """A corpus folder of three writers for a task with these class names, topic by topic."""
    folder.mkdir(parents=True)
    about = f'name = "{name}"\nlicence = "CC BY 4.0"\nsource = "tests"\n\n[tasks]\n{task} = "label"\n'
    (folder / "corpus.toml").write_text(about, encoding="utf-8")
    texts, labels, writers = sentences()
    for number, writer in enumerate(WRITERS):
        with (folder / f"{'abc'[number]}.csv").open("w", encoding="utf-8", newline="") as f:
            out = csv.writer(f)
            out.writerow(["text", "label"])
            for text, label, by in zip(texts, labels, writers, strict=True):
                if by == writer and CLASSES.index(label) < len(classes):
                    out.writerow([text, classes[CLASSES.index(label)]])
    return folder
