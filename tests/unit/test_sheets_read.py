from __future__ import annotations

import datetime as dt
import unicodedata
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlwt

from ideaclass.errors import ColumnError, FileError, SheetError
from ideaclass.sheets.read import read

IDEAS = ["버스 배차 간격이 길어 불편합니다", "공공 와이파이를 늘려 주세요", "경로당 프로그램이 다양해서 좋습니다"]
HEAD = ["번호", "성명", "제안내용", "비고"]


def grid() -> list[list[str]]:
    return [HEAD, *([f"00{i}", "박*미", idea, ""] for i, idea in enumerate(IDEAS, 1))]


def csv_text(rows: list[list[str]], delimiter: str = ",") -> str:
    return "".join(delimiter.join(r) + "\r\n" for r in rows)


def put(path: Path, data: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_text_files_in_every_encoding_and_separator(tmp_path, encoding, delimiter):
    t = read(put(tmp_path / "a.csv", csv_text(grid(), delimiter), encoding))
    assert t.kind == "csv"
    assert t.delimiter == delimiter
    assert t.columns == tuple(HEAD)
    assert t.texts == IDEAS
    assert [r[0] for r in t.rows] == ["001", "002", "003"]
    assert t.row_numbers == [2, 3, 4]


def test_title_date_and_blank_lines_above_and_notes_below(tmp_path):
    text = "국민참여단 제안 목록\r\n작성일: 2023-05-01\r\n\r\n" + csv_text(grid()) + ",,※ 이상 끝,\r\n합계,3,,\r\n\r\n"
    t = read(put(tmp_path / "a.csv", text, "cp949"))
    assert t.header == (4,)
    assert t.row_numbers == [5, 6, 7]
    assert [d[0] for d in t.dropped] == [8, 9]
    assert any("cp949" in n for n in t.notices)
    assert any("제안내용" in n for n in t.notices)
    assert any("이상 끝" in n for n in t.notices)
    assert "header: row 4" in " ".join(read(tmp_path / "a.csv", lang="en").notices)


def test_a_bullet_at_the_end_of_the_data_is_data(tmp_path):
    rows = [*grid(), ["004", "김*수", "※ 도서관을 늘려 주세요", "x"]]
    assert len(read(put(tmp_path / "a.csv", csv_text(rows))).rows) == 4


def test_cells_without_text_keep_their_row_and_get_a_reason(tmp_path):
    rows = [*grid()[:3], ["003", "이", "", ""], ["004", "이", "#REF!", ""], ["005", "이", "12.5", ""], grid()[3]]
    t = read(put(tmp_path / "a.csv", csv_text(rows)))
    assert t.problems == {2: "빈 칸", 3: "오류 값 #REF!", 4: "글자가 없음"}
    assert len(t.rows) == 6
    assert t.texts[2:5] == ["", "", ""]


def test_damaged_bytes_become_a_row_with_a_reason(tmp_path):
    data = csv_text([HEAD, *[["1", "a", i, ""] for i in IDEAS * 20]]).encode()
    t = read(put(tmp_path / "a.csv", data.replace("길어".encode(), "길".encode() + b"\xff", 1)))
    assert list(t.problems.values()) == ["깨진 글자"]
    assert len(t.rows) == 60


def test_decomposed_hangul_in_name_header_and_text(tmp_path):
    path = tmp_path / unicodedata.normalize("NFD", "국민참여단.csv")
    put(path, unicodedata.normalize("NFD", csv_text(grid())))
    t = read(tmp_path / "국민참여단.csv", text=["제안내용"])
    assert t.path.exists()
    assert t.texts == IDEAS
    assert t.columns == tuple(HEAD)


def test_text_option_by_name_number_and_letter_joined(tmp_path):
    rows = [["제목", "내용"], ["가나다", "라마바"], ["사아자", ""]]
    path = put(tmp_path / "a.csv", csv_text(rows))
    assert read(path, text=["제목", "내용"]).texts == ["가나다\n라마바", "사아자"]
    assert read(path, text=["B"]).texts == ["라마바", ""]
    assert read(path, text=[2]).texts == ["라마바", ""]
    assert read(path, text="내 용").texts == ["라마바", ""]
    assert read(path).text_columns == (0, 1), "the content is often empty: title and content"


def test_without_a_known_name_the_longest_varied_hangul(tmp_path):
    rows = [
        ["id", "부서", "q7"],
        *[["1", "교통정책과 교통행정팀 담당자", i + str(n)] for n in range(20) for i in IDEAS],
    ]
    assert read(put(tmp_path / "a.csv", csv_text(rows))).text_columns == (2,)


def two_rows(path: Path, merged: bool = True) -> Path:
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.title = "제안"
    ws.append(["2023 제안 목록"])
    ws.append(["번호", "제안자", None, "제안", None, "비고"])
    ws.append([None, "성명", "지역", "제목", "내용", None])
    for i, idea in enumerate(IDEAS):
        ws.append([i + 1, "박*미", "대전", f"제목 {i}", idea, dt.date(2023, 5, 1)])
    if merged:
        for m in ("A1:F1", "A2:A3", "B2:C2", "D2:E2", "F2:F3", "B4:B6"):
            ws.merge_cells(m)
    wb.create_sheet("코드표").append(["코드", "이름"])
    wb.save(path)
    return path


@pytest.mark.parametrize("merged", [True, False])
def test_two_header_rows(tmp_path, merged):
    t = read(two_rows(tmp_path / "a.xlsx", merged))
    assert t.header == (2, 3)
    assert t.columns == ("번호", "제안자 성명", "제안자 지역", "제안 제목", "제안 내용", "비고")
    assert t.texts == IDEAS
    assert t.others == ("코드표",)
    assert read(tmp_path / "a.xlsx", header=(2, 3)).columns == t.columns
    assert read(tmp_path / "a.xlsx", text=["내용"]).texts == IDEAS


def test_error_cells_of_a_workbook_are_told(tmp_path):
    two_rows(tmp_path / "a.xlsx")
    wb = openpyxl.load_workbook(tmp_path / "a.xlsx")
    wb["제안"]["E5"] = "#REF!"
    wb.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx").problems == {1: "오류 값 #REF!"}


def test_binary_xls_and_ods(tmp_path):
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("목록")
    for r, row in enumerate(grid()):
        for c, v in enumerate(row):
            sheet.write(r, c, v)
    book.save(str(tmp_path / "a.xls"))
    t = read(tmp_path / "a.xls")
    assert (t.kind, t.texts, t.sheet) == ("xls", IDEAS, "목록")

    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    doc = OpenDocumentSpreadsheet()
    table = Table(name="목록")
    for row in grid():
        tr = TableRow()
        for v in row:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=v))
            tr.addElement(cell)
        table.addElement(tr)
    doc.spreadsheet.addElement(table)
    doc.save(str(tmp_path / "a.ods"))
    t = read(tmp_path / "a.ods")
    assert (t.kind, t.texts) == ("ods", IDEAS)


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_html_named_xls(tmp_path, encoding):
    html = (
        f"<html><head><meta charset={encoding}><style>td {{}}</style></head><body><table><tr><td>제안 목록</table>"
        "<table border=1><tr><th rowspan=2>번호<th colspan=2>제안<th rowspan='2'>비고</tr><tr><th>제목<th>내용</tr>"
        "<tr><td>1<td rowspan=2>교통<td>버스가 &lt;너무&gt; 늦어<br>불편합니다<td></tr>"
        "<tr><td>2<td>정류장에 의자를 놓아 주세요<td>x</td></tr></table></body></html>"
    )
    t = read(put(tmp_path / "a.xls", html, encoding))
    assert (t.kind, t.encoding) == ("html", encoding)
    assert t.columns == ("번호", "제안 제목", "제안 내용", "비고")
    assert t.texts == ["버스가 <너무> 늦어\n불편합니다", "정류장에 의자를 놓아 주세요"]
    assert t.rows[1][3] == "x"


def test_content_decides_not_the_ending(tmp_path):
    path = two_rows(tmp_path / "a.xlsx").rename(tmp_path / "a.csv")
    assert read(path).kind == "xlsx"
    assert read(put(tmp_path / "b.xlsx", csv_text(grid()))).kind == "csv"


def test_a_cover_sheet_is_passed_over_and_hidden_sheets_too(tmp_path):
    two_rows(tmp_path / "a.xlsx")
    wb = openpyxl.load_workbook(tmp_path / "a.xlsx")
    wb.create_sheet("표지", 0)["B2"] = "보고서"
    hidden = wb.create_sheet("숨김", 0)
    hidden.append(["번호", "내용"])
    hidden.append([1, "숨은 시트의 아주 긴 내용입니다"])
    hidden.sheet_state = "hidden"
    wb.active = 1
    wb.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx").sheet == "제안"
    assert read(tmp_path / "a.xlsx", sheet="숨김").texts == ["숨은 시트의 아주 긴 내용입니다"]
    assert read(tmp_path / "a.xlsx", sheet=3).sheet == "제안"


def truncated(p: Path) -> Path:
    data = two_rows(p / "x.xlsx").read_bytes()
    return put(p / "t.xlsx", data[: len(data) // 2])


def broken_inside(p: Path) -> Path:
    two_rows(p / "x.xlsx")
    with zipfile.ZipFile(p / "x.xlsx") as a, zipfile.ZipFile(p / "b.xlsx", "w") as b:
        for n in a.namelist():
            b.writestr(n, a.read(n)[:200] if "sheet1" in n or "workbook.xml" in n else a.read(n))
    return p / "b.xlsx"


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


@pytest.mark.parametrize(
    ("make", "options", "error", "says"),
    [
        (lambda p: p / "none.csv", {}, FileError, "no such file"),
        (lambda p: p, {}, FileError, "folder"),
        (lambda p: put(p / "e.csv", b""), {}, FileError, "empty"),
        (lambda p: put(p / "e.csv", "\ufeff \r\n"), {}, FileError, "empty"),
        (lambda p: put(p / "h.csv", csv_text(grid()[:1])), {}, SheetError, "only a header"),
        (lambda p: put(p / "h.csv", csv_text([*grid()[:1], ["합계", "0", "", ""]])), {}, (SheetError, ColumnError), ""),
        (lambda p: put(p / "n.csv", "a,b\r\n1,2\r\n3,4\r\n"), {}, ColumnError, "a, b"),
        (lambda p: put(p / "n.csv", "1,2\r\n3,4\r\n"), {}, SheetError, "--header"),
        (lambda p: put(p / "c.csv", csv_text(grid())), {"text": ["없는열"]}, ColumnError, "번호, 성명, 제안내용, 비고"),
        (lambda p: put(p / "c.csv", csv_text(grid())), {"header": 99}, SheetError, "99"),
        (lambda p: put(p / "c.csv", csv_text(grid())), {"sheet": "x"}, SheetError, "no sheets"),
        (lambda p: put(p / "c.csv", csv_text(grid()), "cp949"), {"encoding": "utf-8"}, FileError, "cp949"),
        (lambda p: put(p / "c.csv", csv_text(grid())), {"encoding": "klingon"}, FileError, "utf-8"),
        (lambda p: put(p / "q.csv", '번호,내용\r\n1,"열린 따옴표\r\n2,둘째 줄\r\n'), {}, FileError, "quotation"),
        (lambda p: two_rows(p / "a.xlsx"), {"sheet": "없음"}, SheetError, "제안, 코드표"),
        (truncated, {}, FileError, "damaged"),
        (broken_inside, {}, FileError, "damaged"),
        (lambda p: put(p / "p.xlsx", OLE + "EncryptedPackage".encode("utf-16-le")), {}, FileError, "password"),
        (lambda p: put(p / "d.xls", OLE + "HwpSummary".encode("utf-16-le")), {}, FileError, "document"),
        (lambda p: put(p / "d.xls", OLE + "Workbook".encode("utf-16-le")), {}, FileError, "damaged"),
        (lambda p: put(p / "d.xls", b"%PDF-1.7"), {}, FileError, "PDF"),
        (lambda p: put(p / "d.bin", bytes(range(256)) * 20), {}, FileError, "not a spreadsheet"),
        (lambda p: put(p / "d.xls", "<html><body>로그인</body></html>"), {}, FileError, "web page"),
    ],
)
def test_bad_input_gets_one_clear_line(tmp_path, make, options, error, says):
    with pytest.raises(error) as e:
        read(make(tmp_path), **options)
    assert says in str(e.value)
    assert "\n" not in str(e.value)


def test_no_permission(tmp_path, monkeypatch):
    path = put(tmp_path / "a.csv", csv_text(grid()))

    def refuse(self):
        raise PermissionError(13, "denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(FileError, match="permission"):
        read(path)
