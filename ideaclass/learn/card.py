"""The card of a model trained on someone's own data: what it is, how good, where it fails, what would help."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ideaclass.explain import word_weights
from ideaclass.features import batches, ngrams
from ideaclass.learn.clean import Cleaned
from ideaclass.learn.data import mark_texts
from ideaclass.learn.fit import Fitted
from ideaclass.learn.review import Suspect, suspects
from ideaclass.text import clean

SHOWN = 30
PAIRS = 15
WORDS_SHOWN = 8
_SLICE_ROWS = 30

WORDS = {
    "ko": {
        "sorts": "한국어 시민 글을 {k}개 분류로 나눕니다: {labels}",
        "private": "학습에 쓴 글은 이 컴퓨터의 모델 폴더(data.jsonl)에 함께 저장됩니다. "
        "`ideaclass models export`는 글을 빼고 내보냅니다 (함께 보내려면 --with-texts).",
        "data": "데이터",
        "rows": "{n:,}건을 학습에 사용, 중복 {d:,}건 합침, {a:,}건 제외",
        "reason": "제외한 이유",
        "conflicts": "같은 글에 다른 분류가 적힌 행 ({n}건 중 {s}건; 모두는 aside.jsonl에):",
        "count": "건수",
        "merged": "띄어쓰기만 다른 이름을 합침: {names}",
        "expect": "처음 보는 글에서 기대할 정확도",
        "how": "비슷한 글을 한 묶음으로 두고 다섯 조각으로 나누어, 각 조각을 나머지 네 조각으로 학습한 모델이 "
        "채점했습니다. 괄호는 95% 구간입니다.",
        "accuracy": "정확도 {a}, macro-F1 {f}, 확신도 오차(ECE) {e:.3f}",
        "answered": "검토 없이 처리: {s:.0%}, 그중 맞은 비율 {p:.1%} (목표 {t:.0%})",
        "class": "분류",
        "precision": "정밀도",
        "recall": "재현율",
        "pairs": "자주 혼동하는 분류",
        "truth": "실제",
        "answer": "모델",
        "curve": "데이터가 늘면",
        "trained": "학습 건수",
        "more": "{n:,}건을 더 확인해 주면 macro-F1이 약 {g:+.1f}점 달라질 것으로 예상합니다.",
        "level": "자료를 더 넣어도 점수가 거의 오르지 않는 구간입니다.",
        "fails": "약한 곳",
        "slice": "구분",
        "words": "분류별 단어",
        "suspects": "라벨이 틀려 보이는 행 ({n}건 중 {s}건)",
        "source": "위치",
        "text": "글",
        "given": "적힌 분류",
        "likely": "모델의 의견",
        "none": "없음",
        "length": "글 길이",
        "known": "아는 표현의 비율",
        "parent": "상위 분류 정확도 {a}",
        "embedding": "문장 임베딩: {name}",
        "alone": "문장 임베딩 없이 글자 조각만 사용",
    },
    "en": {
        "sorts": "Sorts Korean citizen texts into {k} classes: {labels}",
        "private": "The texts it was trained on stay on this machine, in the model's folder (data.jsonl). "
        "`ideaclass models export` leaves them out (--with-texts takes them along).",
        "data": "Data",
        "rows": "{n:,} rows trained on, {d:,} duplicates merged, {a:,} set aside",
        "reason": "set aside because",
        "conflicts": "Rows of the same text with different labels ({s} of {n}; all are in aside.jsonl):",
        "count": "rows",
        "merged": "names that differ in spelling only were merged: {names}",
        "expect": "What to expect on unseen texts",
        "how": "Five folds that never divide near-duplicates; each was scored by a model fitted on the other four. "
        "Brackets are 95 % intervals.",
        "accuracy": "accuracy {a}, macro-F1 {f}, expected calibration error {e:.3f}",
        "answered": "without review: {s:.0%}, of which {p:.1%} right (target {t:.0%})",
        "class": "class",
        "precision": "precision",
        "recall": "recall",
        "pairs": "Classes often confused",
        "truth": "truth",
        "answer": "answer",
        "curve": "What more data would bring",
        "trained": "rows trained on",
        "more": "{n:,} more rows would change macro-F1 by about {g:+.1f} points.",
        "level": "More rows would hardly raise the score.",
        "fails": "Where it is weak",
        "slice": "slice",
        "words": "Words of each class",
        "suspects": "Rows whose label looks wrong ({s} of {n})",
        "source": "place",
        "text": "text",
        "given": "label given",
        "likely": "model says",
        "none": "none",
        "length": "text length",
        "known": "share of known n-grams",
        "parent": "accuracy of the upper level {a}",
        "embedding": "sentence embedding: {name}",
        "alone": "n-grams alone, no sentence embedding",
    },
}


class Slice(NamedTuple):
    """A part of the data on which the model does worse than elsewhere."""

    name: str
    rows: int
    accuracy: float


def gain_of_more(curve: Mapping[int, float]) -> tuple[int, float] | None:
    """How much macro-F1 some more rows would bring: a power law of the error, fitted to the curve's last three points.

    Returns
    -------
    (int, float) or None
        Number of rows and points of macro-F1; None where there are fewer than three points.
    """
    points = sorted(curve.items())[-3:]
    if len(points) < 3 or any(f1 >= 1 for _, f1 in points):
        return None
    size = np.log([n for n, _ in points])
    error = np.log([1 - f1 for _, f1 in points])
    slope, level = np.polyfit(size, error, 1)
    now = points[-1][0]
    more = max(200, round(now * 0.2, -2))
    later = float(np.exp(level + slope * np.log(now + more)))
    today = float(np.exp(level + slope * np.log(now)))
    return int(more), 100 * (today - later)


def weak_slices(fitted: Fitted, columns: Mapping[str, Sequence[str]], lang: str) -> list[Slice]:
    """Parts of the data whose accuracy lies below the average by more than chance, the worst first.

    Parameters
    ----------
    fitted : Fitted
    columns : mapping of str to sequence of n str
        What else is known of the rows, by name.
    lang : str
    """
    words, right = WORDS[lang], (fitted.holds == fitted.assigned).all(axis=1)
    length = np.array([len(e.text) for e in fitted.examples])
    parts: list[tuple[str, NDArray[np.bool_]]] = []
    for name, values in ((words["length"], length), (words["known"], fitted.known)):
        edges = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
        for low, high in pairwise(edges.tolist()):
            parts.append((f"{name} {low:.3g}–{high:.3g}", (values >= low) & (values <= high)))
    for name, cells in columns.items():
        column = np.array(cells, object)
        common = [v for v, n in Counter(cells).items() if v and n >= _SLICE_ROWS]
        if 2 <= len(set(cells)) <= _SLICE_ROWS:
            parts += [(f"{name} = {v}", column == v) for v in sorted(common)]
    overall = right.mean()
    found = []
    for name, inside in parts:
        n = int(inside.sum())
        if n >= _SLICE_ROWS and not inside.all():
            share = float(right[inside].mean())
            if overall - share > 2 * np.sqrt(overall * (1 - overall) / n):
                found.append(Slice(name, n, share))
    return sorted(found, key=lambda s: (s.accuracy, s.name))[:10]


def class_words(fitted: Fitted) -> list[list[str]]:
    """Words that speak most for each class over its own texts, at least three of which hold them."""
    head = fitted.head
    table = np.zeros((fitted.rows.counts.shape[1], len(head.classes)), np.float32)
    table[head.columns] = head.weights[:, : len(head.classes)]
    idf = np.full(len(table), head.rest, np.float32)
    idf[head.columns] = head.idf
    best = fitted.holds.argmax(axis=1)
    total: list[dict[str, float]] = [defaultdict(float) for _ in head.classes]
    seen: list[Counter[str]] = [Counter() for _ in head.classes]
    texts = clean([e.text for e in fitted.examples])
    for start, stop in batches(texts):
        grams = ngrams(texts[start:stop])
        matrix, own = grams.matrix, best[start:stop]
        norm = np.sqrt(np.maximum((matrix.multiply(idf)).power(2).sum(axis=1), 1e-12)).A1
        by_word = word_weights(grams, table, own[:, None], norm.astype(np.float32)[:, None])[:, 0]
        for word, doc, value in zip(grams.words, grams.word_doc.tolist(), by_word.tolist(), strict=True):
            total[own[doc]][word] += value
            seen[own[doc]][word] += 1
    return [
        sorted((w for w in t if s[w] >= 3 and t[w] > 0), key=lambda w: (-t[w], w))[:WORDS_SHOWN]
        for t, s in zip(total, seen, strict=True)
    ]


def confusion_pairs(fitted: Fitted) -> list[tuple[str, str, int]]:
    """Truth, answer and number of the commonest mistakes."""
    missed = fitted.holds & ~fitted.assigned
    wrong = fitted.assigned & ~fitted.holds
    counts = missed.astype(np.int64).T @ wrong.astype(np.int64)
    order = np.argsort(-counts, axis=None, kind="stable")[:PAIRS]
    pairs = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, counts.shape), strict=True)]
    return [(fitted.classes[i], fitted.classes[j], int(counts[i, j])) for i, j in pairs if counts[i, j]]


def metrics(fitted: Fitted) -> dict[str, Any]:
    """Plain values for a manifest."""
    s, silent = fitted.scores, fitted.silent
    return {
        "split": "5 folds that never divide near-duplicates",
        "accuracy": s.accuracy.to_list(),
        "macro_f1": s.macro_f1.to_list(),
        "expected_calibration_error": round(fitted.ece, 4),
        "share_without_review": round(float((~silent).mean()), 4),
        "precision_without_review": round(float(fitted.right[~silent].mean()), 4) if (~silent).any() else 0.0,
        "classes": {
            c: {"rows": int(n), "precision": round(float(p), 4), "recall": round(float(r), 4), "f1": round(float(f), 4)}
            for c, n, p, r, f in zip(fitted.classes, s.rows, s.precision, s.recall, s.f1, strict=True)
        },
        "learning_curve": {str(k): v for k, v in fitted.curve.items()},
        "expected": {
            "known": round(float(fitted.known.mean()), 4),
            "confidence": round(float(fitted.confidence.mean()), 4),
            "review": round(float(silent.mean()), 4),
        },
    }


def card(
    ref: str,
    fitted: Fitted,
    cleaned: Cleaned,
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    embedder: Mapping[str, Any] | None = None,
    lang: str = "ko",
) -> str:
    """Write the model card in Markdown, in Korean (``"ko"``) or English (``"en"``)."""
    w, s, m = WORDS[lang], fitted.scores, metrics(fitted)
    labels = ", ".join(fitted.classes[:40]) + (" …" if len(fitted.classes) > 40 else "")
    lines = [f"# {ref}", "", w["sorts"].format(k=len(fitted.classes), labels=labels), ""]
    lines += [w["embedding"].format(name=f"{embedder['name']}@{embedder['version']}") if embedder else w["alone"], ""]
    lines += [w["private"], "", f"## {w['data']}", ""]
    lines += ["- " + w["rows"].format(n=len(fitted.examples), d=cleaned.duplicates, a=len(cleaned.aside))]
    if cleaned.merged:
        names = "; ".join(f"{k} ← {', '.join(v)}" for k, v in cleaned.merged.items())
        lines += ["- " + w["merged"].format(names=names)]
    if cleaned.aside:
        reasons = Counter(sorted(a.why(lang) for a in cleaned.aside))
        lines += ["", *_table((w["reason"], w["count"]), reasons.most_common())]
    conflicts = [(a.source, _cut(a.text), ", ".join(a.labels)) for a in cleaned.aside if a.reason == "conflict"]
    if conflicts:
        title = w["conflicts"].format(n=len(conflicts), s=min(SHOWN, len(conflicts)))
        by_text = sorted(conflicts, key=lambda c: (c[1], c[0]))[:SHOWN]
        lines += mark_texts(["", title, "", *_table((w["source"], w["text"], w["given"]), by_text)])
    lines += ["", f"## {w['expect']}", "", w["how"], ""]
    lines += ["- " + w["accuracy"].format(a=s.accuracy, f=s.macro_f1, e=fitted.ece)]
    answered = {"s": m["share_without_review"], "p": m["precision_without_review"], "t": fitted.policy.target}
    lines += ["- " + w["answered"].format(**answered)]
    if (upper := upper_accuracy(fitted)) is not None:
        lines += ["- " + w["parent"].format(a=f"{upper:.3f}")]
    rows = [
        (c, int(n), f"{p:.3f}", f"{r:.3f}", f"{f:.3f}")
        for c, n, p, r, f in zip(fitted.classes, s.rows, s.precision, s.recall, s.f1, strict=True)
    ]
    lines += ["", *_table((w["class"], w["count"], w["precision"], w["recall"], "F1"), rows)]
    lines += ["", f"## {w['pairs']}", "", *_table((w["truth"], w["answer"], w["count"]), confusion_pairs(fitted))]
    lines += ["", f"## {w['curve']}", ""]
    lines += _table((w["trained"], "macro-F1"), [(f"{n:,}", f"{v:.3f}") for n, v in sorted(fitted.curve.items())])
    more = gain_of_more(fitted.curve)
    if more is not None:
        lines += ["", w["more"].format(n=more[0], g=more[1]) if more[1] >= 0.1 else w["level"]]
    weak = [(p.name, p.rows, f"{p.accuracy:.3f}") for p in weak_slices(fitted, columns or {}, lang)]
    lines += ["", f"## {w['fails']}", "", *(_table((w["slice"], w["count"], "✓"), weak) if weak else [w["none"]])]
    lines += ["", f"## {w['words']}", ""]
    lines += _table(
        (w["class"], w["words"]), list(zip(fitted.classes, map(", ".join, class_words(fitted)), strict=True))
    )
    doubted = suspects(fitted)
    title = w["suspects"].format(n=len(doubted), s=min(SHOWN, len(doubted)))
    lines += mark_texts(["", f"## {title}", "", *_suspects(fitted, doubted[:SHOWN], w), ""])
    return "\n".join([*lines, ""])


def upper_accuracy(fitted: Fitted) -> float | None:
    """Share of rows whose upper class is right, where classes are written ``upper>lower``."""
    upper = np.array([c.split(">")[0] for c in fitted.classes], object)
    if not any(">" in c for c in fitted.classes):
        return None
    best, true = fitted.probability.argmax(axis=1), fitted.holds.argmax(axis=1)
    return float((upper[best] == upper[true]).mean())


def _suspects(fitted: Fitted, rows: Sequence[Suspect], w: Mapping[str, str]) -> list[str]:
    if not rows:
        return [w["none"]]
    found = [(fitted.examples[s.row].source, _cut(fitted.examples[s.row].text), s.given, s.likely) for s in rows]
    return _table((w["source"], w["text"], w["given"], w["likely"]), found)


def _cut(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(_cell(str(v)) for v in line)} |" for line in lines]


def _cell(text: str) -> str:
    """Keep a value inside its cell, whatever it holds."""
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())
