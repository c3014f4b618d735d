"""Rows to and from annotation tools: Label Studio and doccano, both as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ideaclass.errors import FileError, InputError
from ideaclass.sheets.reviewed import Decision
from ideaclass.taxonomy import Taxonomy
from ideaclass.types import TaskLabels

Tool = Literal["label-studio", "doccano"]
TOOLS: tuple[Tool, ...] = ("label-studio", "doccano")
_FROM = "label"


def label_studio_config(taxonomy: Taxonomy) -> str:
    """Write the labelling interface that Label Studio needs for a taxonomy."""
    from xml.sax.saxutils import quoteattr

    choice = "multiple" if taxonomy.multi else "single"
    lines = [f"    <Choice value={quoteattr(c.code)} alias={quoteattr(c.code)}/>" for c in taxonomy.categories]
    return "\n".join(
        [
            "<View>",
            '  <Text name="text" value="$text"/>',
            f'  <Choices name="{_FROM}" toName="text" choice="{choice}">',
            *lines,
            "  </Choices>",
            "</View>",
            "",
        ]
    )


def to_tool(tool: Tool, texts: Sequence[str], numbers: Sequence[int], answers: TaskLabels, model: str) -> str:
    """Write rows with the model's answers for a tool, those first from which a check would teach most.

    Parameters
    ----------
    tool : {"label-studio", "doccano"}
    texts : sequence of n str
    numbers : sequence of n int
        Row of each text in its file.
    answers : TaskLabels
        Of the n texts.
    model : str
        Reference of the model that answered.

    Returns
    -------
    str
        A JSON list of tasks for Label Studio, JSON lines for doccano.
    """
    order = sorted(range(len(texts)), key=lambda i: (-float(answers.gain[i]), i))
    rows = [i for i in order if answers.label[i] >= 0]
    said = {i: [answers.classes[j] for j in answers.assigned[i].nonzero()[0]] for i in rows}
    if tool == "doccano":
        return "".join(
            json.dumps(
                {"text": texts[i], "label": said[i], "row": numbers[i], "answer": said[i], "model": model},
                ensure_ascii=False,
            )
            + "\n"
            for i in rows
        )
    tasks = [
        {
            "data": {"text": texts[i], "row": numbers[i], "answer": said[i], "model": model},
            "predictions": [
                {
                    "model_version": model,
                    "score": round(float(answers.confidence[i]), 4),
                    "result": [
                        {"from_name": _FROM, "to_name": "text", "type": "choices", "value": {"choices": said[i]}}
                    ],
                }
            ],
        }
        for i in rows
    ]
    return json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"


def from_tool(path: str | Path) -> list[Decision]:
    """Read what people decided in a tool: Label Studio's JSON export, or doccano's JSON lines.

    In Label Studio a submitted annotation is a decision; the last one counts. In doccano every row that was exported
    is one, so export approved rows only.

    Raises
    ------
    FileError
        If the file cannot be read.
    InputError
        If a row is not as the tools write it; the message names it.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise FileError(f"{path}: cannot be read as UTF-8 text: {e}") from None
    found = []
    try:
        rows: list[Any] = (
            json.loads(text) if text.lstrip().startswith("[") else list(map(json.loads, text.splitlines()))
        )
    except ValueError as e:
        raise FileError(f"{path}: neither a JSON list nor JSON lines: {e}") from None
    for number, row in enumerate(rows, 1):
        try:
            found += _label_studio(row, number) if "data" in row else [_doccano(row, number)]
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as e:
            raise InputError(f"{path}: entry {number} is not as Label Studio or doccano export it: {e!r}") from None
    return found


def _doccano(row: dict[str, Any], number: int) -> Decision:
    label = tuple(sorted(map(str, row["label"])))
    answer = tuple(sorted(map(str, row.get("answer", ()))))
    return Decision(int(row.get("row", number)), str(row["text"]), answer, label, label != answer)


def _label_studio(task: dict[str, Any], number: int) -> list[Decision]:
    done = [a for a in task.get("annotations", ()) if not a.get("was_cancelled")]
    if not done:
        return []
    data = task["data"]
    choices = [r["value"]["choices"] for r in done[-1]["result"] if r["type"] == "choices"]
    label = tuple(sorted({str(c) for chosen in choices for c in chosen}))
    answer = tuple(sorted(map(str, data.get("answer", ()))))
    return [Decision(int(data.get("row", number)), str(data["text"]), answer, label, label != answer)]
