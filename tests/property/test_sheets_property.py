from __future__ import annotations

import csv
import io
import sys
import tempfile
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ideaclass.sheets import book, decode, htmltable, ooxml, write
from ideaclass.sheets.labelling import label_file
from ideaclass.sheets.read import read

sys.path.insert(0, str(Path(__file__).parents[1]))
from sheets_fake import FakeLabeler

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NASTY = st.text(st.sampled_from("가나\x00\x01\x0b\x1f\ufffe_x0041=+-@'\"<>&,;\t\r\n\ufeff😀\ud800 "), max_size=20)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(st.lists(st.one_of(ANY, NASTY), min_size=1, max_size=5))
def test_any_text_is_written_to_a_workbook_that_opens(texts):
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "a.csv"
        with source.open("w", encoding="utf-8", errors="replace", newline="") as f:
            csv.writer(f).writerows(
                [["번호", "내용"], *([str(i), "의견입니다 " + t.replace("\0", "")] for i, t in enumerate(texts))]
            )
        done = label_file(source, FakeLabeler("swot"), out=Path(folder) / "o.xlsx")
        ws = openpyxl.load_workbook(done.path).worksheets[0]
        assert ws.max_row == 1 + len(texts)
        assert all(c.data_type != "f" for row in ws.iter_rows() for c in row)
        done = label_file(source, FakeLabeler("swot"), out=Path(folder) / "o.csv")
        table = read(done.path, text=["내용"])
        assert len(table.rows) == len(texts)
        again = label_file(Path(folder) / "o.xlsx", FakeLabeler("swot"), text=["내용"])
        assert again.rows == len(texts)


@given(st.one_of(ANY, NASTY))
@example("=cmd|' /C calc'!A0")
def test_no_csv_cell_is_a_formula(text):
    out = write.escaped(text)
    assert out.removeprefix("'") == text.removeprefix("'") or out == text
    assert not out or out[0] not in "=@\t\r"
    if out[:1] in ("+", "-") and out[:1]:
        assert float(out.rstrip("%").replace(",", "")) is not None


@given(st.one_of(ANY, NASTY))
def test_safe_text_is_xml(text):
    from xml.etree import ElementTree

    ElementTree.fromstring(f"<t>{ooxml.text_xml(text)}</t>".encode())


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="cp949"), max_size=12), min_size=2, max_size=4), min_size=1, max_size=6
    )
)
def test_parse_is_the_inverse_of_writing(rows):
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    assert decode.parse(buffer.getvalue(), ",", "x") == rows


@given(st.binary(max_size=300))
def test_any_bytes_decode_or_are_refused(data):
    from ideaclass.errors import FileError

    try:
        text, encoding = decode.decode(data, "x")
    except FileError:
        pass
    else:
        assert isinstance(text, str)
        assert encoding


@given(st.text(alphabet="<>/tabler dthowspn=\"'0123456789가&;!-", max_size=200))
def test_any_html_parses(text):
    cells, merges = htmltable.parse("<table><tr><td>x" + text)
    assert isinstance(cells, list)
    assert all(r1 < len(cells) for _, _, r1, _ in merges)


@given(st.text(max_size=40))
def test_sheet_titles_are_legal(name):
    import dataclasses

    from ideaclass.sheets.table import Table

    table = Table(Path("x"), "xls", "", "", name, (), (1,), (), (), [], [], [], {}, [], [])
    title = book.sheet_title(dataclasses.replace(table), "ko")
    assert 0 < len(title) <= 31
    assert not set(title) & set("[]:*?/\\")
