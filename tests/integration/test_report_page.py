"""The page in a real browser: hovering, filtering, nothing asked of the network, nothing run that a citizen wrote."""

import shutil
from pathlib import Path

import openpyxl
import pytest

from ideaclass.report import report_file

CHROMIUM = shutil.which("chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here: pip install playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

EVIL = "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\"> 버스를 늘려요"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as p:
        running = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    book = openpyxl.load_workbook(EXAMPLES / "202308_SWOT.xlsx")
    book.active.cell(5, 6).value = EVIL
    book.save(folder / "의견.xlsx")
    return report_file(folder / "의견.xlsx").page


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_page(browser, page_file, width, height):
    page = browser.new_page(viewport={"width": width, "height": height})
    said, asked = [], []
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: said.append(str(e)))
    page.on("request", lambda r: asked.append(r.url))
    page.goto(page_file.as_uri())
    points = page.locator("#map circle.p")
    assert points.count() == 140
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#map text").count() >= 4

    points.nth(0).hover(force=True)
    tip = page.locator("#tip")
    assert tip.is_visible()
    assert "<script>document.title" in tip.inner_text()
    box = tip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width

    shown = page.locator("#shown")
    assert shown.inner_text().startswith("140")
    page.locator("#filter").select_option(label="위협(T)")
    assert shown.inner_text().startswith("39")
    assert page.locator("#map circle.p:not(.off)").count() == 39
    page.locator("#filter").select_option(label="전체")
    assert page.locator("#map circle.off").count() == 0

    page.locator("details.bar summary").first.click()
    assert page.locator("details.bar li").first.is_visible()
    assert "hacked" not in page.title()
    assert said == []
    assert asked == [page_file.as_uri()]
    page.close()


def test_labels_on_the_map_do_not_overlap(browser, page_file):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(page_file.as_uri())
    page.wait_for_selector("#map text")
    boxes = page.evaluate("[...document.querySelectorAll('#map text')].map(t => {const b = t.getBoundingClientRect();"
                          "return [b.left, b.top + 4, b.right, b.bottom - 4]})")  # fmt: skip
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    page.close()
