"""``ideaclass evaluate``: how a model does on a labelled file."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ideaclass.cli.base import lang_option, main, store_option
from ideaclass.cli.train import labelled_options

if TYPE_CHECKING:
    from ideaclass.learn.assess import Assessment

SAID = {
    "ko": {
        "scores": "{ref}: {n:,}건, 정확도 {a}, macro-F1 {f}, 확신도 오차 {e:.3f}",
        "answered": "검토 없이 처리 {s:.0%}, 그중 맞은 비율 {p:.1%}",
        "left": "글이나 분류가 없어 채점하지 않은 행 {n:,}건",
        "unknown": "모델에 없는 분류 (틀린 것으로 셈): {names}",
        "trained": "주의: {n:,}건은 이 모델이 학습한 글입니다. 처음 보는 글에서는 아래 수치보다 낮습니다",
        "class": "  {c}: F1 {f:.3f}, {n:,}건",
        "risk": "확신도 높은 순으로 처리할 때 맞은 비율: {points}",
        "drift": "학습 데이터와의 차이: 분류 비율 {d:.2f} (0 같음, 1 전혀 다름), "
        "아는 표현 {k0} → {k1:.0%}, 확신도 {c0} → {c1:.2f}, 검토 비율 {r0} → {r1:.0%}",
        "moved": "  {c}: {a:.1%} → {b:.1%}",
        "against": "{other} 대비: 정확도 {a:+.3f} [{al:+.3f}, {ah:+.3f}], macro-F1 {f:+.3f} [{fl:+.3f}, {fh:+.3f}]",
        "wrong": "틀린 {n:,}건을 {path} 에 저장했습니다",
        "gate": "기준 미달: macro-F1 {f:.3f} < {least:.3f}",
    },
    "en": {
        "scores": "{ref}: {n:,} rows, accuracy {a}, macro-F1 {f}, calibration error {e:.3f}",
        "answered": "without review {s:.0%}, of which {p:.1%} right",
        "left": "{n:,} rows without text or label were not scored",
        "unknown": "labels that the model does not have (counted as wrong): {names}",
        "trained": "note: the model was trained on {n:,} of these rows; on new ones it does worse than this",
        "class": "  {c}: F1 {f:.3f}, {n:,} rows",
        "risk": "precision when only the surest are answered: {points}",
        "drift": "difference to the training data: label shares {d:.2f} (0 the same, 1 nothing in common), "
        "known n-grams {k0} → {k1:.0%}, confidence {c0} → {c1:.2f}, review {r0} → {r1:.0%}",
        "moved": "  {c}: {a:.1%} → {b:.1%}",
        "against": "against {other}: accuracy {a:+.3f} [{al:+.3f}, {ah:+.3f}], "
        "macro-F1 {f:+.3f} [{fl:+.3f}, {fh:+.3f}]",
        "wrong": "wrote {n:,} wrong rows to {path}",
        "gate": "below the gate: macro-F1 {f:.3f} < {least:.3f}",
    },
}


@main.command()
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path))
@labelled_options
@click.option("--against", "other", help="Another model or version to compare with on the same rows.")
@click.option("--out", type=click.Path(path_type=Path), help="Workbook (.xlsx) for the rows it got wrong.")
@click.option("--overwrite", is_flag=True, help="Replace that workbook if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print figures as JSON.")
@click.option("--min-macro-f1", type=click.FloatRange(0, 1), help="Exit with code 1 if macro-F1 is lower.")
@lang_option
@store_option
def evaluate(
    model: str,
    file: Path,
    text: tuple[str, ...],
    label: tuple[str, ...],
    separator: str,
    sheet: str | None,
    header: tuple[int, ...],
    encoding: str | None,
    other: str | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    min_macro_f1: float | None,
    lang: str,
    store: Path | None,
) -> None:
    """Score MODEL on the labelled rows of FILE."""
    from ideaclass.artifacts import default_store
    from ideaclass.learn import assess
    from ideaclass.learn.own import read_labelled

    there, said = default_store(store), SAID[lang]
    source = read_labelled(
        file, label, text=text, sheet=sheet, header=header or None, encoding=encoding, separators=separator, lang=lang
    )
    found = assess.assess(model, source, store=there)
    compared = None if other is None else assess.against(found, assess.assess(other, source, store=there))
    figures = found.to_dict()
    if compared is not None:
        figures["against"] = {
            "model": other, "accuracy": compared[0].to_list(), "macro_f1": compared[1].to_list()
        }  # fmt: skip
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
    else:
        _say(found, source.table.notices, lang)
        if compared is not None:
            (a, f) = compared
            line = said["against"]
            click.echo(line.format(other=other, a=a.value, al=a.low, ah=a.high, f=f.value, fl=f.low, fh=f.high))
    if out is not None:
        n = assess.write_wrong(out, source, found, lang=lang, overwrite=overwrite)
        if not as_json:
            click.echo(said["wrong"].format(n=n, path=out))
    if min_macro_f1 is not None and found.scores.macro_f1.value < min_macro_f1:
        click.echo(said["gate"].format(f=found.scores.macro_f1.value, least=min_macro_f1), err=True)
        sys.exit(1)


def _say(found: Assessment, notices: list[str], lang: str) -> None:
    said, s, d = SAID[lang], found.scores, found.drift
    for line in notices:
        click.echo(line)
    n = len(found.positions)
    if found.trained_on:
        click.echo(said["trained"].format(n=found.trained_on))
    click.echo(said["scores"].format(ref=found.ref, n=n, a=s.accuracy, f=s.macro_f1, e=found.ece))
    click.echo(said["answered"].format(s=found.answered, p=found.precision))
    if found.left_out:
        click.echo(said["left"].format(n=found.left_out))
    if found.unknown:
        click.echo(said["unknown"].format(names=", ".join(f"{c} ({n})" for c, n in found.unknown.items())))
    for c, f, rows in zip(found.classes, s.f1, s.rows, strict=True):
        click.echo(said["class"].format(c=c, f=f, n=int(rows)))
    click.echo(said["risk"].format(points=", ".join(f"{c:.0%} {p:.1%}" for c, p in found.risk)))
    k0, c0, r0 = d.known[0], d.confidence[0], d.review[0]
    expected = {
        "k0": "?" if math.isnan(k0) else f"{k0:.0%}",
        "c0": "?" if math.isnan(c0) else f"{c0:.2f}",
        "r0": "?" if math.isnan(r0) else f"{r0:.0%}",
    }
    found_here = {"k1": d.known[1], "c1": d.confidence[1], "r1": d.review[1]}
    click.echo(said["drift"].format(d=d.distance, **expected, **found_here))
    moved = sorted(d.shares.items(), key=lambda share: -abs(share[1][0] - share[1][1]))[:3]
    for c, (a, b) in moved:
        click.echo(said["moved"].format(c=c, a=a, b=b))
