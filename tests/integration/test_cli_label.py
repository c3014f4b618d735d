"""The command line as a person at an office uses it: what it says, what it leaves behind, and how it fails."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from tiny import BUS, WRITERS, sentences, write_corpus

from ideaclass import __version__
from ideaclass.artifacts import Store
from ideaclass.cli import base, main
from ideaclass.labeler import Labeler, load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ROWS = {
    "202306_유튜브_인스타그램.csv": 66,
    "202307_전화_보이는ARS.xlsx": 49,
    "202308_SWOT.xlsx": 140,
    "202309_ESG.xlsx": 118,
    "국민참여단_2023.xlsx": 373,
}
ESG = EXAMPLES / "202309_ESG.xlsx"


def run(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def shell(*arguments: object, cwd: Path, **how) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "ideaclass", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"PYTHONUTF8": "1"},
        **how,
    )


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def grid(path: Path) -> list[list[object]]:
    """The first sheet of a workbook, or a text file, cell by cell."""
    if path.suffix == ".csv":
        encoding = "utf-8-sig" if path.read_bytes().startswith(b"\xef\xbb\xbf") else "cp949"
        with path.open(encoding=encoding, newline="") as f:
            return [list(row) for row in csv.reader(f)]
    return [list(row) for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)]


def test_every_example_is_here():
    assert {p.name for p in EXAMPLES.iterdir() if p.suffix in (".xlsx", ".csv")} == ROWS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_as_many_rows_come_out_as_went_in(name, tmp_path):
    out = tmp_path / f"out{Path(name).suffix}"
    done = run("label", EXAMPLES / name, "--out", out)
    assert done.exit_code == 0, done.output
    assert f"{out} 에 {ROWS[name]}건을 저장했습니다" in done.output
    assert done.stderr == ""
    before, after = grid(EXAMPLES / name), grid(out)
    if name.endswith(".csv"):
        before = before[next(i for i, row in enumerate(before) if "번호" in row) :]
    assert len(after) == len(before)
    head = next(i for i, row in enumerate(after) if "SWOT" in row)
    first = after[head].index("SWOT")
    for old, new in zip(before, after, strict=True):
        assert new[: len(old)] == old
    esg = after[head].index("ESG")
    for at, names in (
        (first, {"강점(S)", "약점(W)", "기회(O)", "위협(T)"}),
        (esg, {"환경(E)", "사회(S)", "지배구조(G)"}),
    ):
        labels = [row[at] for row in after[head + 1 :] if row[at]]
        assert len(labels) == ROWS[name]
        assert set(labels) <= names


def test_the_labels_of_the_file_are_those_of_the_library(tmp_path):
    out = tmp_path / "out.csv"
    assert run("label", EXAMPLES / "202306_유튜브_인스타그램.csv", "--task", "esg", "--out", out).exit_code == 0
    rows = grid(out)
    head = next(row for row in rows if "제안내용" in row)
    body = rows[rows.index(head) + 1 :]
    texts = [row[head.index("제안내용")] for row in body]
    esg = load("esg")
    found = esg.predict(texts)
    assert [row[head.index("ESG")] for row in body] == [
        esg.taxonomy.names()[esg.classes_.index(p.label)] for p in found
    ]
    assert [row[head.index("ESG 검토")] for row in body] == ["검토 필요" if p.review else "" for p in found]
    assert [float(row[head.index("ESG 확신도")]) for row in body] == [round(p.confidence, 3) for p in found]


def test_what_it_says_is_what_it_took_for_granted(tmp_path):
    out = tmp_path / "out.xlsx"
    lines = run("label", EXAMPLES / "국민참여단_2023.xlsx", "--task", "swot", "--out", out).output.splitlines()
    assert [line.split(":")[0] for line in lines[:4]] == ["파일", "시트", "머리글", "글 열"]
    assert lines[-2].startswith("SWOT: 사람이 확인할 행 ")
    english = run(
        "label", EXAMPLES / "국민참여단_2023.xlsx", "--task", "swot", "--out", out, "--overwrite", "--lang", "en"
    )
    assert "% of rows to check by hand" in english.output
    assert f"wrote 373 rows to {out}" in english.output
    assert "Strength" in {c for row in grid(out) for c in row}


def test_the_file_is_written_beside_the_input(tmp_path):
    source = tmp_path / "의견.xlsx"
    source.write_bytes(ESG.read_bytes())
    done = shell("label", "의견.xlsx", "--task", "esg", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["의견.labelled.xlsx", "의견.xlsx"]
    again = shell("label", "의견.xlsx", "--task", "esg", cwd=tmp_path)
    assert again.returncode == 2
    assert "의견.labelled.xlsx: it exists already; replace it with --overwrite" in again.stderr
    assert shell("label", "의견.xlsx", "--task", "esg", "--overwrite", cwd=tmp_path).returncode == 0


def test_cells_of_several_ideas_are_split_on_request(tmp_path):
    source = tmp_path / "a.csv"
    source.write_text(f'번호,내용\n1,"□ {BUS[0]}\n□ {BUS[1]}"\n2,{BUS[2]}\n3,\n', encoding="utf-8")
    done = run("label", source, "--task", "esg", "--split", "--lang", "en")
    assert done.exit_code == 0, done.output
    assert "wrote 4 rows" in done.output
    assert "1 rows could not be labelled: the column 'note' says why" in done.output
    rows = grid(tmp_path / "a.labelled.csv")
    assert len(rows) == 5
    assert [row[0] for row in rows[1:]] == ["1", "1", "2", "3"]


def test_a_model_of_ones_own_is_asked_by_name(tmp_path):
    corpus = write_corpus(tmp_path / "corpora" / "tiny", task="business", classes=("정보화", "고용", "정책"))
    store = tmp_path / "store"
    built = run("models", "build", corpus.parent, "--out", store)
    assert built.exit_code == 0, built.output
    assert "saved business@1.0.0" in built.output
    out = tmp_path / "out.csv"
    done = run(
        "label", EXAMPLES / "202306_유튜브_인스타그램.csv", "--task", "business@1", "--store", store, "--out", out
    )
    assert done.exit_code == 0, done.output
    assert {"정보화", "고용", "정책"} >= {row[-5] for row in grid(out)[3:]}


# What goes wrong: one line, exit code 2, and the folder as it was.


def cut(folder: Path, name: str, size: int) -> None:
    (folder / name).write_bytes(ESG.read_bytes()[:size])


BAD = {
    "missing file": (["없음.xlsx"], "없음.xlsx: there is no such file"),
    "folder": (["."], "folder"),
    "empty": (["empty.csv"], "empty.csv: the file is empty"),
    "empty workbook": (["empty.xlsx"], "empty.xlsx: "),
    "header only": (["header.csv"], "header.csv: only a header (row 1), no rows below it"),
    "no text column": (["numbers.csv"], "no column with text was found; name one with --text: 번호, 나이"),
    "unknown column": (["ok.xlsx", "--text", "제안"], "제안"),
    "unknown task": (["ok.xlsx", "--task", "swat"], "there is no model 'swat'; there are: "),
    "unknown version": (["ok.xlsx", "--task", "swot@9"], "there is no version '9' of swot; there are "),
    "task asked for twice": (["ok.xlsx", "--task", "swot", "--task", "swot@1"], "both answer 'swot'"),
    "wrong sheet": (["ok.xlsx", "--sheet", "9월"], "there is no sheet '9월'; it has 의견"),
    "header that is not there": (["ok.xlsx", "--header", "900"], "900"),
    "truncated workbook": (["cut.xlsx"], "cut.xlsx: damaged or cut short"),
    "no workbook": (["picture.xlsx"], "picture.xlsx: "),
    "unknown kind": (["photo.hwp"], "photo.hwp: "),
    "unknown encoding": (["numbers.csv", "--encoding", "klingon"], "there is no encoding called 'klingon'"),
    "wrong encoding": (["cp949.csv", "--encoding", "utf-8"], "cp949.csv: "),
    "output present": (["ok.xlsx", "--out", "there.xlsx"], "there.xlsx: it exists already"),
    "output is the input": (["ok.xlsx", "--out", "ok.xlsx", "--overwrite"], "ok.xlsx: this is the input itself"),
    "output in no folder": (["ok.xlsx", "--out", "no/out.xlsx"], "the folder no does not exist"),
    "output of unknown kind": (["ok.xlsx", "--out", "out.pdf"], "cannot write this kind of file"),
    "output is a folder": (["ok.xlsx", "--out", "folder.xlsx"], "this is a folder"),
}


@pytest.fixture
def office(tmp_path):
    (tmp_path / "ok.xlsx").write_bytes(ESG.read_bytes())
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "empty.xlsx").write_bytes(b"")
    (tmp_path / "header.csv").write_text("번호,내용\n", encoding="utf-8")
    (tmp_path / "numbers.csv").write_text("번호,나이\n1,30\n2,40\n", encoding="utf-8")
    (tmp_path / "cp949.csv").write_bytes("번호,내용\n1,버스가 늦어요\n".encode("cp949"))
    (tmp_path / "picture.xlsx").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    (tmp_path / "photo.hwp").write_bytes(bytes(200))
    (tmp_path / "there.xlsx").write_bytes(b"mine")
    (tmp_path / "folder.xlsx").mkdir()
    cut(tmp_path, "cut.xlsx", 9000)
    return tmp_path


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(case, office, monkeypatch):
    monkeypatch.chdir(office)
    before = everything(office)
    arguments, words = BAD[case]
    done = run("label", *arguments)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert words in done.stderr
    assert everything(office) == before


@pytest.mark.parametrize("case", ["missing file", "truncated workbook", "unknown task"])
def test_bad_input_in_a_process_of_its_own(case, office):
    before = everything(office)
    arguments, words = BAD[case]
    done = shell("label", *arguments, cwd=office)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert everything(office) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize(("locked", "words"), [("ok.xlsx", "permission"), (".", "no permission to write")])
def test_no_permission(locked, words, office, monkeypatch):
    monkeypatch.chdir(office)
    before = everything(office)
    mode = (office / locked).stat().st_mode
    (office / locked).chmod(0o500 if locked == "." else 0)
    try:
        done = run("label", "ok.xlsx", "--out", "out.xlsx")
    finally:
        (office / locked).chmod(mode)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert words in done.stderr.lower()
    assert everything(office) == before


def test_a_damaged_model_is_refused_by_name(tmp_path):
    folder = Store(EXAMPLES.parent / "models").resolve("esg")
    copy = tmp_path / "store" / "esg" / folder.name
    copy.mkdir(parents=True)
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    path = copy / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    for arguments in (("label", ESG, "--task", "esg", "--out", tmp_path / "out.xlsx"), ("models", "verify", "esg")):
        done = run(*arguments, "--store", tmp_path / "store")
        assert done.exit_code == 2
        assert "model.safetensors" in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out.xlsx").exists()


def test_a_stop_in_the_middle_leaves_nothing(office, monkeypatch):
    def stop(*args, **how):
        raise KeyboardInterrupt

    monkeypatch.chdir(office)
    before = everything(office)
    monkeypatch.setattr(Labeler, "label", stop)
    done = run("label", "ok.xlsx")
    assert done.exit_code == 130
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("stopped")
    assert everything(office) == before


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_in_a_process_of_its_own(tmp_path):
    """A long file, a real interrupt once the work has begun."""
    texts = sentences()[0]
    with (tmp_path / "long.csv").open("w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(["번호", "내용"])
        out.writerows([i, texts[i % len(texts)]] for i in range(60_000))
    code = """
import sys
from ideaclass.labeler import Labeler
label = Labeler.label
def told(self, texts, *, progress=None):
    print("begun", flush=True)
    return label(self, texts, progress=progress)
Labeler.label = told
from ideaclass.cli import main
main(["label", "long.csv", "--task", "all"])
"""
    work = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert work.stdout is not None
    assert work.stdout.readline() == "begun\n"
    time.sleep(0.1)
    work.send_signal(signal.SIGINT)
    _, said = work.communicate(timeout=60)
    assert work.returncode == 130
    assert said.count("\n") == 1
    assert said.startswith("stopped")
    assert [p.name for p in tmp_path.iterdir()] == ["long.csv"]


# The other commands.


def test_doctor_says_what_is_there(tmp_path):
    done = shell("doctor", cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.startswith(f"ideaclass {__version__}, Python ")
    assert "Java: " in done.stdout
    assert "model esg@" in done.stdout
    assert done.stderr == ""


def test_doctor_fails_where_something_is_wrong(tmp_path):
    (tmp_path / "mine" / "1.0.0").mkdir(parents=True)
    done = run("doctor", "--store", tmp_path)
    assert done.exit_code == 1
    assert "model mine: " in done.output


def test_models_are_listed_verified_and_built(tmp_path):
    listed = run("models", "list")
    assert listed.exit_code == 0
    assert any(line.startswith("swot: ") and "*" in line for line in listed.output.splitlines())
    assert "files verified" in run("models", "verify", "swot").output
    classes = ("정보화", "고용", "정책")
    corpora = tmp_path / "corpora"
    write_corpus(corpora / "one", task="business", classes=classes, name="one")
    write_corpus(corpora / "two", task="polarity", classes=("긍정", "부정"), name="two")
    (corpora / "notes").mkdir()
    for version in ("1.0.0", "1.1.0"):
        built = run("models", "build", corpora, "--out", tmp_path / "store")
        assert built.exit_code == 0, built.output
        assert f"business: {72 * 3} rows by {len(WRITERS)} writers" in built.output
        assert f"saved polarity@{version}: macro-F1" in built.output
    one, two = (Store(tmp_path / "store").load(f"business@{v}") for v in ("1.0.0", "1.1.0"))
    assert {k: a.tobytes() for k, a in one.arrays.items()} == {k: a.tobytes() for k, a in two.arrays.items()}
    listed = run("models", "list", "--store", tmp_path / "store").output.splitlines()
    assert any(line.startswith("business: 1.0.0 1.1.0*") or "1.0.0 1.1.0*" in line for line in listed)
    assert run("models", "verify", "business@1.0.0", "--store", tmp_path / "store").exit_code == 0


def test_building_fails_in_one_line(tmp_path):
    for arguments, words in (
        (("models", "build", tmp_path, "--out", tmp_path / "store"), "holds no corpus"),
        (("models", "verify", "swat"), "there is no model 'swat'"),
    ):
        done = run(*arguments)
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1
        assert words in done.stderr
    corpus = write_corpus(tmp_path / "corpora" / "tiny", task="business", classes=("정보화", "고용", "정책"))
    with (corpus / "a.csv").open("a", encoding="utf-8") as f:
        f.write("버스,교통\n")
    done = run("models", "build", tmp_path / "corpora", "--out", tmp_path / "store")
    assert done.exit_code == 2
    assert "a.csv: line 74: taxonomy 'business' has no label '교통'" in done.stderr
    assert not (tmp_path / "store").exists()


def test_version_and_help():
    assert run("--version").output == f"ideaclass, version {__version__}\n"
    for command in ("label", "doctor", "models"):
        assert command in run("-h").output
        assert run(command, "-h").exit_code == 0


def test_a_bar_is_shown_on_a_terminal_only(monkeypatch, capsys):
    with base.progress_bar("의견.xlsx") as quiet:
        assert quiet is None
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with base.progress_bar("의견.xlsx") as show:
        show(512, 1024)
        show(1024, 1024)
    assert "의견.xlsx" in capsys.readouterr().err
