"""Train, evaluate, learn, look after models and change labels as a user does it."""

import json
import shutil
import unicodedata

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from learn_data import rows, write_csv

from ideaclass.artifacts import Store
from ideaclass.cli import main
from ideaclass.learn.data import DATA, of_artifact


def run(*arguments, code=0):
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    data = rows()
    held = data[::7]
    write_csv(folder / "train.csv", [r for i, r in enumerate(data) if i % 7])
    write_csv(folder / "test.csv", held)
    write_csv(folder / "new.csv", [(t, "") for t, _ in held])
    said = run("train", folder / "train.csv", "--label", "부서", "--name", "my-dept", "--store", folder / "store")
    assert "my-dept@1.0.0 저장: 92건, 분류 3개" in said
    return folder


@pytest.fixture
def own(trained, tmp_path):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path


def labelled(folder):
    """A labelled workbook with two label cells changed and one row confirmed on the review sheet."""
    book = openpyxl.Workbook()
    for row in [("번호", "내용"), *((i, t) for i, (t, _) in enumerate(rows()[::7]))]:
        book.active.append(row)
    book.save(folder / "new.xlsx")
    run("label", folder / "new.xlsx", "--task", "my-dept", "--store", folder / "store", "--out", folder / "out.xlsx")
    return openpyxl.load_workbook(folder / "out.xlsx")


def test_the_first_version_is_in_use_and_labels(own):
    assert "my-dept: 1.0.0*" in run("models", "list", "--store", own / "store")
    assert "files verified" in run("models", "verify", "my-dept", "--store", own / "store")
    card = run("models", "show", "my-dept", "--store", own / "store")
    assert "라벨이 틀려 보이는 행" in card
    out = own / "labelled.csv"
    run("label", own / "new.csv", "--text", "내용", "--task", "my-dept", "--store", own / "store", "--out", out)
    assert "교통" in out.read_text(encoding="utf-8-sig")


def test_training_again_makes_a_minor_version_that_waits(own):
    said = run("train", own / "train.csv", "--label", "부서", "--name", "my-dept", "--store", own / "store")
    assert "my-dept@1.1.0" in said
    assert "models promote my-dept@1.1.0" in said
    assert "1.0.0* 1.1.0" in run("models", "list", "--store", own / "store")
    same = run("models", "diff", "my-dept@1.0.0", "my-dept@1.1.0", "--store", own / "store")
    assert "달라진 것이 없습니다" in same
    run("models", "promote", "my-dept@1.1.0", "--store", own / "store")
    assert "1.0.0 버전" in run("models", "rollback", "my-dept", "--store", own / "store")


def test_prune_keeps_what_is_in_use(own):
    store = ("--store", own / "store")
    for _ in range(3):
        run("train", own / "train.csv", "--label", "부서", "--name", "my-dept", *store)
    assert "1.1.0, 1.2.0" in run("models", "prune", "my-dept", "--keep", "1", *store)
    assert "1.0.0* 1.3.0" in run("models", "list", *store)


def test_evaluate_measures_compares_and_gates(own):
    args = ("evaluate", "my-dept", own / "test.csv", "--label", "부서", "--store", own / "store")
    said = run(*args, "--against", "my-dept@1.0.0", "--out", own / "wrong.xlsx", "--min-macro-f1", "0.5")
    assert "my-dept@1.0.0: 16건" in said
    assert "학습한 글" not in said
    assert "학습한 글" in run("evaluate", "my-dept", own / "train.csv", *args[3:])
    assert "+0.000" in said
    assert "아는 표현 " in said
    assert openpyxl.load_workbook(own / "wrong.xlsx").active["A1"].value == "행"
    write_csv(own / "wrong.csv", [(t, "환경") for t, _ in rows()[::7]])
    gate = (
        "evaluate",
        "my-dept",
        own / "wrong.csv",
        "--label",
        "부서",
        "--store",
        own / "store",
        "--min-macro-f1",
        "0.9",
    )
    assert "기준 미달" in run(*gate, code=1)
    assert '"macro_f1"' in run(*args, "--json")


def test_corrections_make_a_minor_version(own):
    book = labelled(own)
    sheet = book[book.sheetnames[0]]
    head = [c.value for c in sheet[1]]
    at = head.index("부서") + 1
    for r in (2, 3):
        sheet.cell(r, at).value = "환경" if sheet.cell(r, at).value != "환경" else "복지"
    book.save(own / "reviewed.xlsx")
    said = run("learn", own / "reviewed.xlsx", "--model", "my-dept", "--force", "--store", own / "store")
    assert "고친 2건, 확인한 0건" in said
    assert "my-dept@1.1.0" in said
    kept = of_artifact(Store(own / "store").load("my-dept@1.1.0"))
    added = [e for e in kept if e.added == "1.0.0"]
    assert sorted(e.source for e in added) == ["reviewed.xlsx#2", "reviewed.xlsx#3"]
    old = {e.text: e.fold for e in of_artifact(Store(own / "store").load("my-dept@1.0.0"))}
    assert all(e.fold == old[e.text] for e in kept if not e.added)


def test_sorted_rows_are_found_and_unknown_labels_named(own):
    book = labelled(own)
    sheet = book[book.sheetnames[0]]
    at = [c.value for c in sheet[1]].index("부서") + 1
    sheet.cell(2, at).value, sheet.cell(3, at).value = "소방", "환경"
    text = sheet.cell(3, 2).value
    body = [[c.value for c in row] for row in sheet.iter_rows(min_row=2)]
    for r, row in enumerate(reversed(body), 2):
        for c, value in enumerate(row, 1):
            sheet.cell(r, c).value = value
    book.save(own / "sorted.xlsx")
    said = run("learn", own / "sorted.xlsx", "--model", "my-dept", "--store", own / "store")
    assert "고친 1건" in said
    assert "모델에 없는 분류라 쓰지 않은 행 1건" in said
    kept = of_artifact(Store(own / "store").load("my-dept@1.1.0"))
    assert [e.labels for e in kept if e.text == text] == [("환경",)]


def test_nothing_corrected_is_an_error(own):
    labelled(own)
    said = run("learn", own / "out.xlsx", "--model", "my-dept", "--store", own / "store", code=2)
    assert "nothing to learn from" in said
    assert "holds no record" in run("learn", own / "new.xlsx", "--model", "my-dept", "--store", own / "store", code=2)


def test_labels_are_renamed_merged_and_split(own):
    (own / "map.csv").write_text(
        "old,new,text\n교통,교통 일반,\n복지,주차,중구 주차장 늘려 주세요\n복지,복지,중구 경로당 안내가 부족해요\n",
        encoding="utf-8",
    )
    said = run(
        "taxonomy", "migrate", "my-dept", "my-dept", own / "map.csv", "--out", own / "moved.xlsx",
        "--store", own / "store",
    )  # fmt: skip
    assert "my-dept@1.0.0 → my-dept@2.0.0" in said
    after = Store(own / "store").load("my-dept@2.0.0")
    assert "교통 일반" in after.manifest.labels
    assert after.manifest.parent == "1.0.0"
    assert openpyxl.load_workbook(own / "moved.xlsx").active.max_row > 30
    assert "my-dept: 1.0.0* 2.0.0" in run("models", "list", "--store", own / "store")
    (own / "bad.csv").write_text("old,new\n없는과,교통\n", encoding="utf-8")
    said = run(
        "taxonomy",
        "migrate",
        "my-dept",
        "x",
        own / "bad.csv",
        "--out",
        own / "b.xlsx",
        "--store",
        own / "store",
        code=2,
    )
    assert "'없는과'" in said


def test_lint_names_what_is_mixed_up(own):
    random = np.random.default_rng(0)
    mixed = [(t, str(random.choice(["길", "교통"])) if label == "교통" else label) for t, label in rows()]
    write_csv(own / "mixed.csv", mixed)
    run("train", own / "mixed.csv", "--label", "부서", "--name", "mixed", "--store", own / "store")
    assert "is answered as" in run("taxonomy", "lint", "mixed", "--store", own / "store", code=1)
    assert "문제를 찾지" in run("taxonomy", "lint", "my-dept", "--store", own / "store")


def test_export_leaves_the_texts_out_unless_asked(own):
    run("models", "export", "my-dept", own / "bare.zip", "--store", own / "store")
    run("models", "export", "my-dept", own / "full.zip", "--with-texts", "--store", own / "store")
    text = rows()[1][0].encode()
    run("models", "import", own / "bare.zip", "--store", own / "other")
    bare = Store(own / "other").load("my-dept")
    assert DATA not in bare.files
    assert all(text not in data for data in bare.files.values())
    said = run("models", "import", own / "full.zip", "--store", own / "other", code=2)
    assert "never overwritten" in said
    run("models", "import", own / "full.zip", "--store", own / "third")
    assert DATA in Store(own / "third").load("my-dept").files
    said = run("learn", own / "new.csv", "--model", "my-dept", "--store", own / "other", code=2)
    assert "cannot be retrained" in said


@pytest.mark.parametrize(
    ("head", "pairs", "options", "said"),
    [
        (("내용", "부서"), [(t, "") for t, _ in rows()], (), "'부서' is empty in every row"),
        (("내용", "부서"), [(t, "교통") for t, _ in rows()], (), "only the class '교통'"),
        (("내용", "부서"), [(i, label) for i, (_, label) in enumerate(rows())], ("--text", "내용"), "words"),
        (("내용", "부서"), [(f"{t} {i}", f"과{i}") for i, (t, _) in enumerate(rows())], (), "different labels"),
        (("내용", "분류"), rows(), (), "no column '부서'"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path, head, pairs, options, said):
    file = write_csv(tmp_path / "bad.csv", pairs, head)
    out = run("train", file, "--label", "부서", *options, "--name", "x", "--store", tmp_path / "s", code=2)
    assert said in out
    assert len([line for line in out.splitlines() if line.startswith("error: ")]) == 1
    assert not (tmp_path / "s").exists()


def test_spellings_are_merged_with_notice_and_small_classes_named(tmp_path):
    data = rows()
    data[0] = (data[0][0], unicodedata.normalize("NFD", "교 통"))
    file = write_csv(tmp_path / "x.csv", [*data, ("하나뿐인 글입니다", "세금")])
    said = run("train", file, "--label", "부서", "--name", "x", "--store", tmp_path / "s", "--lang", "en")
    assert "교통 ← 교 통" in said
    assert "the class '세금' has only 1 texts" in said


@pytest.mark.parametrize("tool", ["label-studio", "doccano"])
def test_rows_go_to_annotation_tools_and_come_back(own, tool):
    out = own / ("tasks.json" if tool == "label-studio" else "tasks.jsonl")
    args = ("--model", "my-dept", "--store", own / "store")
    said = run("annotate", own / "new.csv", "--text", "내용", "--tool", tool, "--out", out, *args)
    assert "16건" in said
    assert "exists already" in run(
        "annotate", own / "new.csv", "--text", "내용", "--tool", tool, "--out", out, *args, code=2
    )
    if tool == "doccano":
        tasks = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        for task in tasks[:3]:
            task["label"] = ["복지"]
        back = "\n".join(json.dumps(t) for t in tasks[:3])
    else:
        assert '<Choice value="교통"' in out.with_suffix(".xml").read_text(encoding="utf-8")
        tasks = json.loads(out.read_text(encoding="utf-8"))
        for task in tasks[:3]:
            result = [{"type": "choices", "value": {"choices": ["복지"]}, "from_name": "label", "to_name": "text"}]
            task["annotations"] = [{"result": result}]
        tasks[3]["annotations"] = [{"was_cancelled": True, "result": []}]
        back = json.dumps(tasks)
    (own / ("back" + out.suffix)).write_text(back, encoding="utf-8")
    said = run("learn", own / ("back" + out.suffix), *args, "--force")
    assert "my-dept@1.1.0" in said
    kept = of_artifact(Store(own / "store").load("my-dept@1.1.0"))
    assert [e.labels for e in kept if e.added] == [("복지",)] * 3
    (own / "bad.json").write_text('[{"data": {}, "annotations": [{"result": [{}]}]}]', encoding="utf-8")
    assert "entry 1" in run("learn", own / "bad.json", *args, code=2)
