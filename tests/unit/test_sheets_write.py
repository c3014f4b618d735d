from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import os
import re
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from ideaclass.errors import InputError, OutputError
from ideaclass.sheets import write
from ideaclass.sheets.labelling import default_output, label_file
from ideaclass.sheets.ooxml import Package
from ideaclass.sheets.read import read

sys.path.insert(0, str(Path(__file__).parents[1]))
from sheets_fake import FakeLabeler

IDEAS = [
    "버스가 늦어요",
    "=1+1",
    "와이파이를 더 늘려 주세요 부탁합니다",
    "",
    "경로당 프로그램이 좋습니다 정말",
    "+@-공원을 넓혀요",
]
LABELER = FakeLabeler("swot", "esg")


def csv_file(path: Path, ideas: list[str] = IDEAS, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["번호", "내용", "점수"])
        writer.writerows([f"{i:03}", idea, "-3"] for i, idea in enumerate(ideas, 1))
    return path


def workbook(path: Path) -> Path:
    """Everything an official's workbook may hold."""
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.title = "제안 & '목록'"
    ws["A1"] = "제안 목록"
    side = Side(style="thin", color="FF0000")
    for r, row in enumerate([["번호", "제안", None, "접수일"], [None, "제목", "내용", None]], 2):
        for c, v in enumerate(row, 1):
            cell = ws.cell(r, c, v)
            cell.fill, cell.font = PatternFill("solid", fgColor="D9E1F2"), Font(bold=True, name="궁서")
            cell.border = Border(side, side, side, side)
    for m in ("A1:D1", "A2:A3", "B2:C2", "D2:D3"):
        ws.merge_cells(m)
    for i, idea in enumerate(IDEAS):
        for c, v in enumerate([i + 1, f"제목{i}", idea or None, dt.date(2023, 5, 1)], 1):
            cell = ws.cell(4 + i, c)
            cell._value = v  # not through the setter: text that begins with = is text
            cell.data_type = {int: "n", str: "s", dt.date: "d", type(None): "n"}[type(v)]
            cell.border = Border(side, side, side, side)
            if c == 4:
                cell.number_format = "yyyy/mm/dd"
        ws.cell(4 + i, 6).fill = PatternFill("solid", fgColor="00FF00")  # styled, empty, where ours will stand
    ws["A10"] = "합계"
    ws["B10"] = "=COUNTA(B4:B9)"
    ws.column_dimensions["C"].width = 44
    ws.column_dimensions.group("E", "H", hidden=False)
    ws.freeze_panes = "B4"
    ws.auto_filter.ref = "A3:D9"
    ws.conditional_formatting.add("A4:A9", CellIsRule(operator="greaterThan", formula=["3"], font=Font(color="FF0000")))
    rule = DataValidation(type="list", formula1='"가,나"')
    ws.add_data_validation(rule)
    rule.add("B4:B9")
    ws.print_area = "A1:D9"
    other = wb.create_sheet("요약")
    other["A1"] = "=1+2"
    chart = BarChart()
    chart.add_data(Reference(ws, min_col=1, min_row=4, max_row=9))
    other.add_chart(chart, "C3")
    wb.defined_names["점수"] = DefinedName("점수", attr_text="'요약'!$A$1")
    wb.save(path)
    return path


def rows_of(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def well_formed(path: Path) -> None:
    """Every part parses, every relationship leads somewhere, every style number exists, rows and cells ascend."""
    package = Package.open(path)
    for name, data in package.parts.items():
        if name.endswith((".xml", ".rels")):
            ElementTree.fromstring(data)
    for name in package.parts:
        if not name.endswith(".rels"):
            for kind, target in package.relations(name).values():
                assert target in package.parts or "hyperlink" in kind, (name, target)
    styles = ElementTree.fromstring(package.parts["xl/styles.xml"])
    ns = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    xfs = styles.findall("m:cellXfs/m:xf", ns)
    for kind, at in (("fonts", "fontId"), ("fills", "fillId"), ("borders", "borderId")):
        count = len(styles.findall(f"m:{kind}/*", ns))
        assert int(styles.find(f"m:{kind}", ns).get("count", count)) == count
        assert all(int(x.get(at, 0)) < count for x in xfs)
    for _, part in package.sheets():
        root = ElementTree.fromstring(package.parts[part])
        order = [write.append._ORDER.index(c.tag.rpartition("}")[2]) for c in root]
        assert order == sorted(order), part
        last_row = 0
        for row in root.findall("m:sheetData/m:row", ns):
            assert int(row.get("r")) > last_row
            last_row = int(row.get("r"))
            columns = [write.append.column_number(re.sub(r"\d", "", c.get("r"))) for c in row]
            assert columns == sorted(set(columns))
            assert all(int(c.get("s", 0)) < len(xfs) for c in row)
        spans = [(int(c.get("min")), int(c.get("max"))) for c in root.findall("m:cols/m:col", ns)]
        assert all(a[1] < b[0] for a, b in itertools.pairwise(spans))


def test_csv_keeps_their_columns_and_appends_ours(tmp_path):
    done = label_file(csv_file(tmp_path / "a.csv", encoding="cp949"), LABELER)
    assert done.path == tmp_path / "a.labelled.csv"
    rows = rows_of(done.path)
    assert rows[0][:4] == ["번호", "내용", "점수", "SWOT"]
    assert rows[0][-1] == "처리 메모"
    assert len(rows) == 1 + len(IDEAS)
    assert [r[0] for r in rows[1:]] == [f"{i:03}" for i in range(1, 7)]
    assert [r[1] for r in rows[1:]] == ["버스가 늦어요", "'=1+1", IDEAS[2], "", IDEAS[4], "'+@-공원을 넓혀요"]
    assert {r[2] for r in rows[1:]} == {"-3"}
    assert rows[4][-1] == "빈 칸"
    assert rows[4][3:6] == ["", "", ""]
    assert rows[2][6].startswith("'") or not rows[2][6], "reasons that begin with = are escaped too"
    assert (done.rows, done.size) == (6, 6)


@pytest.mark.parametrize(
    ("value", "out"),
    [
    ("=1+1", "'=1+1"), ("-3", "-3"), ("+82.5", "+82.5"), ("-1,234.5%", "-1,234.5%"), ("@SUM(A1)", "'@SUM(A1)"), (-3, "-3"),  # noqa: E501
     ("- 의견", "'- 의견"), ("\t=1", "'\t=1"), ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"), ("+82-42-1234", "'+82-42-1234"),  # noqa: E501
     ("가=나", "가=나"), ("", ""), (None, ""), (3.0, "3")],
)  # fmt: skip
def test_formula_injection(value, out):
    assert write.escaped(value) == out


def test_the_users_workbook_survives(tmp_path):
    source = workbook(tmp_path / "a.xlsx")
    before = Package.open(source)
    done = label_file(source, LABELER)
    assert done.path == tmp_path / "a.labelled.xlsx"
    well_formed(done.path)
    after = Package.open(done.path)
    for name in before.parts:
        if name not in ("[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
                        before.sheet("제안 & '목록'")):  # fmt: skip
            assert after.parts[name] == before.parts[name], name
    old, new = (openpyxl.load_workbook(p)["제안 & '목록'"] for p in (source, done.path))
    for row in old.iter_rows(max_col=4):
        for cell in row:
            twin = new[cell.coordinate]
            assert (twin.value, twin.data_type, twin.number_format) == (cell.value, cell.data_type, cell.number_format)
            assert [repr(x) for x in (twin.font, twin.fill, twin.border)] == [
                repr(x) for x in (cell.font, cell.fill, cell.border)
            ]
    assert new["C5"].value == "=1+1"
    assert new["C5"].data_type == "s"
    assert new["B10"].data_type == "f"
    assert new.freeze_panes == "B4"
    assert new.column_dimensions["C"].width == 44
    assert new.print_area == old.print_area
    assert len(new.conditional_formatting) == 1
    ours = [c.value for c in new[2]][4:]
    assert ours[:5] == ["SWOT", "SWOT 확신도", "SWOT 2순위", "SWOT 근거 단어", "SWOT 검토"]
    assert new.auto_filter.ref == f"A3:{openpyxl.utils.get_column_letter(4 + len(ours))}9"
    assert "E2:E3" in {str(m) for m in new.merged_cells.ranges}
    assert repr(new["E2"].fill) == repr(new["D2"].fill)
    assert repr(new["E2"].font) == repr(new["D2"].font)
    assert repr(new["E4"].border) == repr(new["D4"].border)
    assert new["F4"].number_format == "0%"
    assert isinstance(new["F4"].value, float)
    lists = {str(v.sqref): v.formula1 for v in new.data_validations.dataValidation}
    assert lists["B4:B9"] == '"가,나"'
    assert lists["E4:E9"].startswith("'_ideaclass'!$G$6:")
    assert new["O7"].value == "빈 칸"
    assert new["E7"].value is None


def test_new_sheets_summary_review_and_record(tmp_path):
    done = label_file(workbook(tmp_path / "a.xlsx"), LABELER)
    wb = openpyxl.load_workbook(done.path)
    assert wb.sheetnames == ["제안 & '목록'", "요약", "요약2", "검토", "_ideaclass"]
    assert wb["_ideaclass"].sheet_state == "veryHidden"
    assert wb.active.title == "제안 & '목록'"
    assert not any(ws.sheet_view.tabSelected for ws in wb.worksheets[1:])
    summary = [c.value for row in wb["요약2"].iter_rows() for c in row if c.value is not None]
    assert "의견 분류 결과 요약" in summary
    assert "a.xlsx" in summary
    assert len(wb["요약2"]._charts) == 2
    review = list(wb["검토"].iter_rows(values_only=True))
    assert review[0] == ("행", "내용", "구분", "추천 분류", "확신도", "2순위", "근거 단어", "확정")
    confidence = [r[4] for r in review[1:]]
    assert confidence
    assert confidence == sorted(confidence), "gain is one minus confidence in the fake"
    assert wb["검토"]["A2"].hyperlink.location == f"'제안 & ''목록'''!A{review[1][0]}"
    assert wb["검토"].freeze_panes == "A2"
    assert wb["검토"].auto_filter.ref
    record = [r[:5] for r in wb["_ideaclass"].iter_rows(values_only=True) if r[0] is not None]
    assert record[0] == ("row", "task", "code", "confidence", "model")
    assert len(record) == 1 + 2 * 4
    assert record[1][1] == "swot"
    assert record[1][4] == "swot@1.0.0"
    assert [wb["_ideaclass"].cell(r, 7).value for r in range(1, 5)] == ["SWOT", "swot", "swot@1.0.0", "E"]


def test_a_labelled_workbook_can_be_labelled_again(tmp_path):
    first = label_file(workbook(tmp_path / "a.xlsx"), LABELER).path
    again = label_file(first, LABELER, text=["내용"]).path
    well_formed(again)
    wb = openpyxl.load_workbook(again)
    assert wb.sheetnames[-3:] == ["요약3", "검토2", "_ideaclass2"]
    assert "SWOT (2)" in [c.value for c in wb.worksheets[0][2]]


@pytest.mark.parametrize("suffix", [".csv", ".xls", ".html"])
def test_other_inputs_become_a_workbook(tmp_path, suffix):
    source = csv_file(tmp_path / "a.csv")
    if suffix == ".html":
        cells = "".join(f"<tr><td>{i:03}<td>{t}<td>-3" for i, t in enumerate(IDEAS, 1))
        source = tmp_path / "a.xls"
        source.write_text(f"<table><tr><th>번호<th>내용<th>점수{cells}</table>", encoding="cp949")
    elif suffix == ".xls":
        import xlwt

        book = xlwt.Workbook(encoding="utf-8")
        sheet = book.add_sheet("목록")
        for r, row in enumerate(csv.reader((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines())):
            for c, v in enumerate(row):
                sheet.write(r, c, v)
        source = tmp_path / "a.xls"
        book.save(str(source))
    done = label_file(source, LABELER, out=tmp_path / "out.xlsx")
    well_formed(done.path)
    ws = openpyxl.load_workbook(done.path).worksheets[0]
    assert [ws.cell(2 + i, 2).value or "" for i in range(6)] == IDEAS
    assert ws["B3"].data_type == "s"
    assert ws["A2"].value == "001"
    assert ws["D1"].value == "SWOT"
    assert ws["D2"].value


def test_long_cells_and_control_characters(tmp_path):
    long = "긴 의견 " * 10_000
    source = csv_file(tmp_path / "a.csv", [long, "제어\x07문자 _x0041_ 와 \x0b탭", "끝\ufffe글자 😀 \u200b"])
    done = label_file(source, LABELER, out=tmp_path / "o.xlsx")
    well_formed(done.path)
    t = read(done.path, text=["내용"])
    assert len(str(t.rows[0][1])) <= 32_767
    assert "_x0041_" in str(t.rows[1][1])


def test_split_csv_and_workbook(tmp_path):
    ideas = ["○ 버스를 늘려 주세요 ○ 요금을 내려 주세요", "", "하나뿐인 의견"]
    source = csv_file(tmp_path / "a.csv", ideas)
    done = label_file(source, LABELER, split=True)
    assert (done.rows, done.size) == (3, 4)
    rows = rows_of(done.path)
    assert rows[0][3:6] == ["원본 행", "의견 번호", "나눈 의견"]
    assert [r[3:6] for r in rows[1:]] == [
        ["2", "1", "버스를 늘려 주세요"], ["2", "2", "요금을 내려 주세요"], ["3", "1", ""], ["4", "1", "하나뿐인 의견"],
    ]  # fmt: skip
    book = workbook(tmp_path / "b.xlsx")
    before = Package.open(book)
    done = label_file(book, LABELER, split=True)
    well_formed(done.path)
    after = Package.open(done.path)
    part = before.sheet("제안 & '목록'")
    assert after.parts[part] == before.parts[part]
    ws = openpyxl.load_workbook(done.path)["나눈 의견"]
    assert [c.value for c in ws[1]][:6] == ["원본 행", "의견 번호", "나눈 의견", "번호", "제안 제목", "접수일"]
    assert ws.max_row == 1 + len(IDEAS)


def test_prefixed_parts_and_rows_without_numbers(tmp_path):
    """As the Open XML SDK writes: a prefix on every element, no row or cell references, an absent blank row."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    office = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    rows = "".join(
        f"<x:row{n}><x:c t='inlineStr'><x:is><x:t>{a}</x:t></x:is></x:c>"
        f"<x:c t='inlineStr'><x:is><x:t>{b}</x:t></x:is></x:c></x:row>"
        for n, a, b in [
            ("", "번호", "내용"),
            ("", "1", "버스가 늦습니다"),
            (" r='4' spans='1:2'", "3", "의자를 놓아 주세요"),
        ]
    )
    parts = {
        "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'>"
        "<Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
        f"<Override PartName='/xl/workbook.xml' ContentType='{office}.sheet.main+xml'/>"
        f"<Override PartName='/xl/worksheets/sheet1.xml' ContentType='{office}.worksheet+xml'/>"
        f"<Override PartName='/xl/styles.xml' ContentType='{office}.styles+xml'/></Types>",
        "_rels/.rels": f"<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
        f"<Relationship Id='a' Type='{rel}/officeDocument' Target='/xl/workbook.xml'/></Relationships>",
        "xl/workbook.xml": f"<?xml version='1.0'?><x:workbook xmlns:x='{main}' xmlns:r='{rel}'>"
        "<x:sheets><x:sheet name='S' sheetId='7' r:id='q'/></x:sheets></x:workbook>",
        "xl/_rels/workbook.xml.rels": "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
        f"<Relationship Id='q' Type='{rel}/worksheet' Target='worksheets/sheet1.xml'/>"
        f"<Relationship Id='z' Type='{rel}/styles' Target='styles.xml'/></Relationships>",
        "xl/worksheets/sheet1.xml": f"<x:worksheet xmlns:x='{main}'><x:sheetData>{rows}</x:sheetData></x:worksheet>",
        "xl/styles.xml": f"<x:styleSheet xmlns:x='{main}'><x:fonts><x:font/></x:fonts><x:fills count='1'><x:fill><x:patternFill/></x:fill></x:fills>"  # noqa: E501
        "<x:borders><x:border/></x:borders><x:cellXfs><x:xf/></x:cellXfs></x:styleSheet>",
    }
    source = tmp_path / "a.xlsx"
    with zipfile.ZipFile(source, "w") as z:
        for name, data in parts.items():
            z.writestr(name, data)
    done = label_file(source, LABELER)
    package = Package.open(done.path)
    for name, data in package.parts.items():
        ElementTree.fromstring(data) if name.endswith((".xml", ".rels")) else None
    assert not any("새 통합 문서" in n for n in done.notices)
    t = read(done.path, text=["내용"])
    assert t.texts == ["버스가 늦습니다", "", "의자를 놓아 주세요"]
    assert t.columns[2] == "SWOT"
    assert t.rows[1][-1] == "빈 칸"
    assert [name for name, _ in package.sheets()] == ["S", "요약", "검토", "_ideaclass"]


def test_a_workbook_that_cannot_be_spliced_is_written_anew(tmp_path):
    source = workbook(tmp_path / "a.xlsx")
    package = Package.open(source)
    package.parts["xl/styles.xml"] = package.parts["xl/styles.xml"].replace(b"cellXfs", b"cellYfs")
    package.save(source)
    done = label_file(source, LABELER)
    assert any("새 통합 문서" in n for n in done.notices)
    well_formed(done.path)


def test_macros_stay_and_need_their_ending(tmp_path):
    package = Package.open(workbook(tmp_path / "a.xlsx"))
    types = package.parts["[Content_Types].xml"]
    package.parts["[Content_Types].xml"] = types.replace(write._TYPES[".xlsx"], write._TYPES[".xlsm"])
    package.parts["xl/vbaProject.bin"] = b"macro"
    source = tmp_path / "m.xlsm"
    package.save(source)
    with pytest.raises(OutputError, match="xlsm"):
        label_file(source, LABELER, out=tmp_path / "m.labelled.xlsx")
    done = label_file(source, LABELER)
    assert done.path.name == "m.labelled.xlsm"
    assert Package.open(done.path).parts["xl/vbaProject.bin"] == b"macro"


class Never(FakeLabeler):
    def label(self, texts, *, progress=None):
        raise AssertionError("no work before the output was checked")


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("there.csv", "--overwrite"),
        ("a.csv", "input itself"),
        ("no/x.csv", "does not exist"),
        ("a.pdf", "kind of file"),
        ("d.csv", "folder"),
    ],
)
def test_outputs_refused_before_the_work(tmp_path, out, says):
    source = csv_file(tmp_path / "a.csv")
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(OutputError, match=says) as e:
        label_file(source, Never(), out=tmp_path / out)
    assert "\n" not in str(e.value)
    assert (tmp_path / "there.csv").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "d.csv", "there.csv"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("error", [PermissionError(13, "open"), OSError(28, "no space left")])
def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch, suffix, error):
    source = csv_file(tmp_path / "a.csv")
    target = tmp_path / f"o{suffix}"
    target.write_text("before")

    def refuse(self, other):
        raise error

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError) as e:
        label_file(source, LABELER, out=target, overwrite=True)
    assert "\n" not in str(e.value)
    assert target.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    source = csv_file(tmp_path / "a.csv")
    monkeypatch.setattr(os, "access", lambda *a: False)
    with pytest.raises(OutputError, match="permission"):
        label_file(source, Never())


def test_a_kill_while_writing_leaves_the_target_as_it_was(tmp_path):
    source, target = csv_file(tmp_path / "a.csv"), tmp_path / "o.xlsx"
    target.write_text("before")
    code = textwrap.dedent(f"""
        import os, signal, sys
        sys.path[:0] = {[str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]!r}
        from pathlib import Path
        from sheets_fake import FakeLabeler
        from ideaclass.sheets.labelling import label_file
        Path.replace = lambda self, other: os.kill(os.getpid(), signal.SIGKILL)
        label_file({str(source)!r}, FakeLabeler(), out={str(target)!r}, overwrite=True)
    """)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert target.read_text() == "before"


def test_bad_input_leaves_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("번호,내용\r\n", encoding="utf-8")
    with pytest.raises(InputError, match="only a header"):
        label_file(tmp_path / "a.csv", LABELER)
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_english(tmp_path):
    done = label_file(workbook(tmp_path / "a.xlsx"), LABELER, lang="en")
    assert openpyxl.load_workbook(done.path).sheetnames[2:] == ["Summary", "Review", "_ideaclass"]


def test_default_output():
    assert default_output(Path("x/a.tsv")).name == "a.labelled.tsv"
    assert default_output(Path("x/a.ods")).name == "a.labelled.xlsx"


def test_many_rows_are_quick(tmp_path):
    ideas = [f"제안 {i} 버스를 늘려 주세요" for i in range(15_500)]
    source = csv_file(tmp_path / "a.csv", ideas)
    table = read(source)
    columns = [write.Column(f"c{i}", "second", "t", ["=값"] * len(ideas)) for i in range(47)]
    start = time.process_time()
    write.write_csv(tmp_path / "o.csv", table, columns)
    assert time.process_time() - start < 3
    assert len(rows_of(tmp_path / "o.csv")) == 15_501
