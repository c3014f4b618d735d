"""``ideaclass learn``: a new version from a workbook that people went over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ideaclass.cli.base import lang_option, main, steps, store_option

if TYPE_CHECKING:
    from ideaclass.learn.tools import Tool

SAID = {
    "ko": {
        "used": "고친 {changed:,}건, 확인한 {confirmed:,}건을 학습 데이터에 더했습니다",
        "lost": "글이 바뀌었거나 없어져 쓰지 못한 결정 {n:,}건",
        "disputed": "데이터 시트와 검토 시트의 결정이 서로 달라 쓰지 않은 행 {n:,}건",
        "unknown label": "모델에 없는 분류라 쓰지 않은 행 {n:,}건 (분류를 바꾸려면 ideaclass taxonomy migrate)",
        "frozen": "처음 데이터에서 macro-F1: {a} → {b} (차이 {d:+.3f} [{dl:+.3f}, {dh:+.3f}])",
        "corrected": "확인한 행에서 맞은 비율: {a:.0%} → {b:.0%}",
        "promoted": "{ref} 저장, 이제 이 버전을 씁니다 (되돌리기: ideaclass models rollback {name})",
        "written": "{n:,}건을 확인하면 도움이 큰 순서로 {path} 에 저장했습니다",
        "config": "Label Studio의 Labeling Interface에 붙여 넣으십시오: {path}",
        "kept": "{ref} 저장. 처음 데이터에서 나빠져 {before} 버전을 그대로 씁니다 (그래도 쓰려면 --force)",
    },
    "en": {
        "used": "{changed:,} changed and {confirmed:,} confirmed rows were added to the training data",
        "lost": "{n:,} decisions were not used: their text was changed or is gone",
        "disputed": "{n:,} rows were not used: data sheet and review sheet decide differently",
        "unknown label": "{n:,} rows were not used: the model has no such label (see ideaclass taxonomy migrate)",
        "frozen": "macro-F1 on the first version's data: {a} → {b} (difference {d:+.3f} [{dl:+.3f}, {dh:+.3f}])",
        "corrected": "right on the reviewed rows: {a:.0%} → {b:.0%}",
        "promoted": "saved {ref}, now the version in use (undo: ideaclass models rollback {name})",
        "written": "wrote {n:,} rows to {path}, those first from which a check would teach most",
        "config": "paste into Label Studio's labeling interface: {path}",
        "kept": "saved {ref}. It is worse on the first version's data, so {before} stays in use (--force to use it)",
    },
}


@main.command()
@click.argument("reviewed", type=click.Path(path_type=Path))
@click.option("--model", required=True, help="The model whose answers were gone over: my-dept.")
@click.option("--text", multiple=True, help="Column with the text, where it is not found by itself.")
@click.option("--force", is_flag=True, help="Use the new version even if it is worse.")
@lang_option
@store_option
def learn(reviewed: Path, model: str, text: tuple[str, ...], force: bool, lang: str, store: Path | None) -> None:
    """Learn from REVIEWED: a labelled workbook people went over, or an export of Label Studio or doccano."""
    from ideaclass.artifacts import default_store
    from ideaclass.learn.corrections import learn_file

    said = SAID[lang]
    with steps() as tell:
        done = learn_file(
            reviewed, model=model, store=default_store(store), text=text, force=force, lang=lang, tell=tell
        )
    click.echo(said["used"].format(changed=done.changed, confirmed=done.confirmed))
    for why, n in done.unused.items():
        click.echo(said[why].format(n=n))
    a, b, d = done.frozen
    click.echo(said["frozen"].format(a=a, b=b, d=d.value, dl=d.low, dh=d.high))
    click.echo(said["corrected"].format(a=done.corrected[0], b=done.corrected[1]))
    key = "promoted" if done.promoted else "kept"
    name = done.made.artifact.manifest.name
    click.echo(said[key].format(ref=done.made.ref, name=name, before=done.before))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", required=True, help="The model that answers: my-dept.")
@click.option("--tool", type=click.Choice(["label-studio", "doccano"]), required=True)
@click.option("--text", multiple=True, help="Column with the text; give it again to join several.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="File to write (.json, .jsonl for doccano)."
)
@lang_option
@store_option
def annotate(
    file: Path, model: str, tool: Tool, text: tuple[str, ...], out: Path, lang: str, store: Path | None
) -> None:
    """Write FILE's rows with a model's answers for an annotation tool; its export goes back with 'learn'."""
    from ideaclass.artifacts import default_store
    from ideaclass.labeler import Labeler
    from ideaclass.learn.tools import label_studio_config, to_tool
    from ideaclass.sheets.read import read
    from ideaclass.sheets.write import write_text

    said, labeler = SAID[lang], Labeler.load([model], store=default_store(store))
    (task,) = labeler.taxonomies
    table = read(file, text=text, lang=lang)
    answers = labeler.label(table.texts).tasks[task]
    write_text(out, to_tool(tool, table.texts, table.row_numbers, answers, labeler.models[task]))
    click.echo(said["written"].format(n=int((answers.label >= 0).sum()), path=out))
    if tool == "label-studio":
        config = out.with_suffix(".xml")
        write_text(config, label_studio_config(labeler.taxonomies[task]))
        click.echo(said["config"].format(path=config))
