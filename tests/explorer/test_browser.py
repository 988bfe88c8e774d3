"""The explorer in a real browser: search, explain, filter, drill down, review with keys, axe-core."""

import json
import shutil

import pytest

pytest.importorskip("uvicorn", reason="the extra 'serve' is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")

from axe_playwright_python import sync_playwright as axe_api
from playwright import sync_api

from rlvr_atlas.explorer.held import HeldWorkspace
from rlvr_atlas.explorer.static import write_bundle
from rlvr_atlas.lineage import review
from rlvr_atlas.workspace.query import named
from rlvr_atlas.workspace.store import Workspace

from .conftest import HOSTILE, problem
from .test_served import Served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.extra,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
#: Another person's slow machine is no reason to fail.
PATIENCE = 120_000
WIDTHS = [390, 1280, 1920]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def served(traced, tmp_path_factory):
    running = Served(shutil.copytree(traced, tmp_path_factory.mktemp("browsed") / "ws"))
    yield running
    running.process.terminate()
    running.process.wait(30)


@pytest.fixture
def page(browser, served):
    """A page that fails the test if the browser says anything, or asks another host for anything."""
    context = browser.new_context(base_url=served.address)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    said = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("dialog", lambda dialog: said.append(dialog.message))
    opened.on("request", lambda asked: None if is_ours(asked.url, served) else said.append(asked.url))
    yield opened
    context.close()
    assert said == []


def is_ours(address, served):
    return address.startswith((served.address, "data:", "file:"))


def test_search_drill_down_and_walk_the_graph(page):
    page.goto("/search")
    page.get_by_label("Text of a problem").fill("lot 40)")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Mira packs").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "One problem"
    below = page.get_by_role("region", name="What comes from it")
    below.get_by_role("link", name="side by side").first.click()
    assert page.locator("ins").count() and page.get_by_text("Later:").count()
    page.get_by_role("link", name="row 40").last.click()
    page.get_by_role("heading", name="Where it comes from").wait_for()


def test_a_pasted_problem_is_explained(page):
    page.goto("/")
    page.get_by_label("A problem, a key, or DATASET:ROW").fill("\n\n" + problem(5)[0])
    page.get_by_role("button", name="Explain").click()
    page.get_by_role("heading", name="Known").wait_for()
    assert page.get_by_role("region", name="Leaks").get_by_role("link", name="bench").count()


def test_rows_are_filtered_and_a_row_shows_its_image(page):
    page.goto("/dataset/train")
    page.get_by_label("Leak").select_option("yes")
    page.get_by_role("button", name="Filter").click()
    assert page.get_by_role("heading", name="Rows 2").count() == 1
    page.goto("/dataset/train/46")
    image = page.get_by_role("img", name="Image 1 of the row")
    assert image.evaluate("image => image.complete && image.naturalWidth") == 2


def test_review_with_keys(page, served):
    page.goto("/review")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Why").fill("r is typed here, and decides nothing")
    page.get_by_role("heading", level=1).click()
    first = page.locator("input[name=child]").input_value()
    page.keyboard.press("s")
    page.wait_for_url("**skip=1**")
    page.get_by_role("link", name="from the first again").click()
    assert page.locator("input[name=child]").input_value() == first
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("r")
    page.get_by_text("1 decision is kept").wait_for()
    (decision,) = review.read(Workspace(served.folder))[0]
    assert (decision.child, decision.relation, decision.by) == (first, None, "Ada")
    page.get_by_role("button", name="Apply now").click()
    page.get_by_text("Applied: the origin of").wait_for()
    assert page.get_by_text("is kept, and not in the tables").count() == 0


def test_hostile_text_is_only_shown(page, served):
    key = named(HeldWorkspace(served.folder), "source:60")[0]
    page.goto(f"/problem/{key}")
    assert HOSTILE[:40] in page.locator("main").inner_text()
    assert page.locator("main script, main b, main i, [onclick], [onerror]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_fault_that_axe_finds_or_is_wider_than_its_screen(browser, served, scheme):
    keys = [named(HeldWorkspace(served.folder), place)[0] for place in ("source:40", "train:40")]
    paths = ["/", "/explain?q=train:3", "/search?q=mira", "/dataset/train", "/dataset/train/46", "/leaks"]
    paths += [
        "/compare?a=train&b=bench",
        "/review",
        "/worth",
        f"/problem/{keys[0]}",
        f"/pair/{keys[1]}/{keys[0]}",
    ]
    faults = {}
    context = browser.new_context(base_url=served.address, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    for path in paths:
        page.goto(path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if over > 0:
                faults[f"{path} at {width}"] = f"{over} px too wide"
        found = axe_api.Axe().run(page).response["violations"]
        if found:
            faults[path] = json.dumps([(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found])
    context.close()
    assert faults == {}


def test_a_bundle_opens_from_a_folder(browser, served, tmp_path):
    write_bundle(served.folder, tmp_path / "bundle", most_problems=5)
    said = []
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / "bundle" / "index.html").as_uri())
    page.get_by_role("link", name="train").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "train"
    assert page.evaluate("getComputedStyle(document.querySelector('.tiles')).display") == "grid"
    page.close()
    assert said == []
