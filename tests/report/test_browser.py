"""The report in a browser: it fits, is silent and accessible, and its controls do what they say."""

import shutil
from importlib import resources

import polars as pl
import pytest

from rlvr_atlas.report import render

pytestmark = pytest.mark.extra
WIDTHS = (390, 1280, 1920)
#: Milliseconds: a slow machine is no reason to fail.
PATIENCE = 120_000
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser():
    sync = pytest.importorskip(
        "playwright.sync_api", reason="playwright (requirements/extra.txt) is not here"
    )
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    with sync.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(small, manifest, tmp_path_factory):
    """Of a workspace whose every problem ends in a formula that is wider than a phone."""
    formula = " $$" + " + ".join(["12345678901"] * 12) + "$$"
    wide = {**small, "instances": small["instances"].with_columns(pl.col("prompt") + formula)}
    return write(tmp_path_factory.mktemp("report") / "report.html", wide, manifest)


def write(path, tables, manifest):
    path.write_text(render(tables, manifest), encoding="utf-8")
    return path.as_uri()


class Watched:
    """A page of the browser, and all that it says, asks for and opens."""

    def __init__(self, browser, address, width=1280, **more):
        self.page = browser.new_context(viewport={"width": width, "height": 900}, **more).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)

    def unfold(self):
        self.page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")


def faults(page):
    """What axe-core finds that is more than minor: rule, impact, and the first element."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    page.evaluate((resources.files(axe) / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [
        (fault["id"], fault["impact"], fault["nodes"][0]["html"])
        for fault in found
        if fault["impact"] != "minor"
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_its_width_and_is_silent_and_asks_for_nothing(browser, address, width):
    watched = Watched(browser, address + "#leak-1-1", width)
    watched.unfold()
    assert watched.page.locator(".behind > article:visible math").count() > 0
    assert watched.page.evaluate("document.documentElement.scrollWidth") == width
    assert watched.said == []
    assert [url.split("#")[0] for url in watched.asked] == [address]


def test_a_wide_screen_is_used(browser, address):
    main = Watched(browser, address, 1920).page.query_selector("main").bounding_box()
    assert main["width"] > 1600


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_or_moderate_fault(browser, address, scheme):
    watched = Watched(browser, address + "#leak-1-1", color_scheme=scheme)
    watched.unfold()
    assert watched.page.locator(".behind > article:visible").count() == 1
    assert faults(watched.page) == []


def test_axe_finds_no_serious_or_moderate_fault_on_a_phone(browser, address):
    watched = Watched(browser, address, 390)
    watched.unfold()
    assert faults(watched.page) == []


@pytest.mark.parametrize("scripts", [True, False])
def test_the_number_of_a_cell_shows_its_pairs_with_and_without_scripts(browser, address, scripts):
    page = Watched(browser, address, java_script_enabled=scripts).page
    shown = page.locator(".behind > article:visible")
    assert shown.count() == 0
    page.locator('.matrix a[href^="#leak-"]').first.click()
    assert shown.count() == 1
    assert "Benchmark item" in shown.inner_text()


def test_without_scripts_no_control_is_shown_that_would_do_nothing(browser, address):
    page = Watched(browser, address, java_script_enabled=False).page
    assert page.locator("input:visible, select:visible").count() == 0
    assert page.locator("#datasets-table tbody tr:visible").count() == 7


def test_a_source_can_be_chosen_and_only_what_carries_it_stays_lit(browser, address):
    page = Watched(browser, address).page
    page.select_option("select[data-flow]", index=1)
    lit = page.locator("svg.graph.focused .edge.on")
    assert lit.count() > 0
    for carried in lit.evaluate_all("edges => edges.map(edge => edge.dataset.sources)"):
        assert "0" in carried.split()
    assert f"{lit.count()} lines carry it" in page.locator("#lineage output").first.inner_text()
    page.select_option("select[data-flow]", index=0)
    assert page.locator("svg.graph.focused").count() == 0


def test_a_table_can_be_filtered_and_sorted(browser, address):
    page = Watched(browser, address).page
    page.fill('input[data-filters="datasets-table"]', "train_01")
    assert page.locator("#datasets-table tbody tr:visible").count() == 1
    page.fill('input[data-filters="datasets-table"]', "")
    page.locator("#datasets-table th button", has_text="Leaked").click()
    leaked = page.locator("#datasets-table tbody tr td:nth-child(7)")
    counts = leaked.evaluate_all("cells => cells.map(cell => Number(cell.dataset.v))")
    assert counts == sorted(counts, reverse=True)


def test_hostile_texts_run_nothing_and_ask_for_nothing(browser, hostile, manifest, tmp_path):
    address = write(tmp_path / "hostile.html", hostile, manifest)
    watched = Watched(browser, address)
    watched.unfold()
    watched.page.locator('.matrix a[href^="#leak-"]').first.click()
    watched.page.select_option("select[data-flow]", index=1)
    assert watched.said == []
    assert [url.split("#")[0] for url in watched.asked] == [address]


def test_printed_folds_are_open_and_what_is_read_on_a_screen_only_is_left_out(browser, address):
    page = Watched(browser, address).page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator("details:not(.long):not([open])").count() == 0
