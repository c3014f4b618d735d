"""The report: a page and a workbook from any sheet, corrections kept, nothing run that a citizen wrote."""

import datetime as dt
import json
import re
from html.parser import HTMLParser

import openpyxl
import pytest
from click.testing import CliRunner

from ideaclass.cli import main
from ideaclass.errors import ColumnError, InputError, OutputError, SheetError
from ideaclass.report import report_file
from ideaclass.report.dates import date_column, month
from ideaclass.report.trends import months_between

TEXTS = [
    "버스 배차 간격을 줄여 주세요", "버스 정류장에 의자를 놓아요",
    "마을버스 노선을 늘려요", "심야버스가 필요합니다",
    "쓰레기 분리수거함을 늘려요", "음식물쓰레기 봉투가 찢어져요",
    "길에 쓰레기통이 없어요", "재활용 쓰레기를 줄입시다",
    "도서관을 밤까지 열어 주세요", "도서관에 어린이 책이 적어요",
    "도서관 열람실 자리가 모자라요", "작은 도서관을 지어요",
]  # fmt: skip


class Links(HTMLParser):
    """Whatever an element would fetch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "action", "poster")]
        assert not any(name.startswith("on") for name, _ in attrs)


EVIL = "<script>alert(1)</script> <img src=x onerror=alert(2)> 버스 \u2028 & 'x'"


def sheet(path, heads, rows):
    book = openpyxl.Workbook()
    book.active.append(heads)
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    rows = [
        [f"2023-{5 + i // 4:02d}-03", ("20대", "60대")[i % 2], "환경(E)" if i in range(4, 8) else "사회(S)", t]
        for i, t in enumerate([*TEXTS, EVIL])
    ]
    path = sheet(folder / "의견.xlsx", ["접수일", "연령대", "ESG", "의견"], rows)
    return report_file(path)


def test_page_stands_alone(made):
    html = made.page.read_text(encoding="utf-8")
    links = Links()
    links.feed(html)
    assert links.found == ["data:,"]
    assert "http" not in re.sub(r"http-equiv|http://www.w3.org/2000/svg", "", html)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, re.S).group(1))
    assert len(data["points"]) == 13
    assert EVIL.replace("\u2028", "").split()[0] in data["points"][12][4]
    assert "국민 의견 분석 보고서" in html


def test_labels_of_a_person_are_kept(made):
    answers = made.study.answers
    assert list(answers) == ["esg"]
    assert answers["esg"].by_person
    assert dict(answers["esg"].counts) == {"환경(E)": 4, "사회(S)": 9, "지배구조(G)": 0}


def test_months_and_crosses(made):
    assert made.study.months == [("2023-05", 4), ("2023-06", 4), ("2023-07", 4), ("2023-08", 1)]
    titles = [c.title for c in made.study.crosses]
    assert "연령대별 ESG" in titles
    assert not any("접수일" in t for t in titles)
    cross = made.study.crosses[titles.index("연령대별 ESG")]
    assert cross.rows == ("20대", "60대")
    assert sum(map(sum, cross.counts)) == 13


def test_workbook_has_charts_and_every_row(made):
    book = openpyxl.load_workbook(made.book)
    assert book.sheetnames[0] == "주제"
    assert book["주제"]._charts
    assert book["분류"]._charts
    rows = list(book["의견"].values)
    assert rows[0] == ("접수일", "연령대", "의견", "ESG", "의견 주제", "의견 상위 주제", "같은 글 묶음")
    assert len(rows) == 14
    assert rows[13][2].startswith("<script>")
    assert all(cell.data_type != "f" for ws in book for row in ws.iter_rows() for cell in row)


def test_a_report_starts_from_a_report(made, tmp_path):
    again = report_file(made.book, sheet="의견", out=tmp_path / "again.html", earlier=made.book)
    assert [t.name for t in again.study.themes.themes] == [t.name for t in made.study.themes.themes]
    assert again.study.answers["esg"].rows == made.study.answers["esg"].rows
    change = again.study.change
    assert change is not None
    assert sum(now for _, _, now in change.themes) > 0.5
    assert "지난번과 달라진 점" in again.page.read_text(encoding="utf-8")


def test_what_a_person_changed_in_a_labelled_workbook(tmp_path):
    path = sheet(tmp_path / "a.xlsx", ["의견"], [[t] for t in TEXTS])
    runner = CliRunner()
    assert runner.invoke(main, ["label", str(path), "--task", "esg"]).exit_code == 0
    labelled = tmp_path / "a.labelled.xlsx"
    book = openpyxl.load_workbook(labelled)
    at = next(c for c in book.active[1] if c.value == "ESG")
    other = "지배구조(G)"
    book.active.cell(2, at.column).value = other
    book.save(labelled)
    found = report_file(labelled).study.answers["esg"]
    assert found.rows[0] == other
    assert found.by_person


@pytest.mark.parametrize(
    ("texts", "themes"),
    [(["버스를 늘려 주세요"], 1), (["같은 말입니다"] * 30, 1), (["버스", "", "🙂🙂"], 1)],
)
def test_small_sheets(tmp_path, texts, themes):
    path = sheet(tmp_path / "s.xlsx", ["의견", "비고"], [[t, "x"] for t in texts])
    found = report_file(path, tasks=["esg"], text=["의견"])
    assert len(found.study.themes.themes) == themes
    assert found.page.stat().st_size > 1000
    assert found.study.months == []


@pytest.mark.parametrize("texts", [["🙂🙂🙂"] * 1000, ["!!", "??"]])
def test_no_words_at_all(tmp_path, texts):
    path = sheet(tmp_path / "s.xlsx", ["의견", "비고"], [[t, "x"] for t in texts])
    with pytest.raises(InputError, match=r"nothing to report on|no text"):
        report_file(path, text=["의견"])
    assert [p.name for p in tmp_path.iterdir()] == ["s.xlsx"]


def test_refuses_before_work(tmp_path):
    path = sheet(tmp_path / "s.xlsx", ["의견"], [[t] for t in TEXTS])
    (tmp_path / "s.report.html").write_text("mine")
    with pytest.raises(OutputError, match="--overwrite"):
        report_file(path)
    with pytest.raises(SheetError, match="not the workbook of an earlier report"):
        report_file(path, out=tmp_path / "b.html", earlier=path)
    plain = sheet(tmp_path / "old.xlsx", ["의견"], [[t] for t in TEXTS])
    book = openpyxl.load_workbook(plain)
    book.active.title = "의견"
    book.save(plain)
    with pytest.raises(ColumnError, match="의견 주제"):
        report_file(path, out=tmp_path / "b.html", earlier=plain)
    done = CliRunner().invoke(main, ["report", str(tmp_path / "none.xlsx")])
    assert done.exit_code == 2
    assert "no such file" in done.output


def test_command_line_in_english(tmp_path):
    path = sheet(tmp_path / "s.xlsx", ["의견", "월"], [[t, f"{1 + i % 3}월"] for i, t in enumerate(TEXTS)])
    done = CliRunner().invoke(main, ["report", str(path), "--lang", "en", "--task", "swot", "--themes", "3"])
    assert done.exit_code == 0, done.output
    assert "12 ideas" in done.output
    assert "Map of ideas" in (tmp_path / "s.report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2023-06-05", "2023-06"), ("2023. 6. 5.", "2023-06"), ("2023년 6월 5일", "2023-06"), ("20230605", "2023-06"),
        ("23/06/05", "2023-06"), ("'23.6.5", "2023-06"), ("6월", "06"), (45082.0, "2023-06"), (20230605.0, "2023-06"),
        (dt.datetime(2023, 6, 5), "2023-06"), ("2023-06-05 13:20", "2023-06"), ("2023-13-01", None), ("상담 6월", None),
        (None, None), (7.0, None), ("010-1234-5678", None),
    ],
)  # fmt: skip
def test_dates_as_people_type_them(value, said):
    assert month(value) == said


def test_mixed_date_formats_in_one_column():
    rows = [["2023-06-05"], ["2023. 7. 1."], ["20230805"], ["23/09/05"], ["2023년 10월"], ["모름"]]
    found = date_column(["접수일"], rows)
    assert found == (0, ["2023-06", "2023-07", "2023-08", "2023-09", "2023-10", None])
    assert date_column(["의견"], rows) is None
    assert months_between(["2022-11", "2023-02", None]) == ["2022-11", "2022-12", "2023-01", "2023-02"]
