"""The pictures in docs/images: every view of report and explorer, on a phone, a desk and a wide screen.

    make pictures

It needs Debian's chromium and what `make test-extra` installs. WORKSPACE is that of `rlvr-atlas demo`,
SCA_WORKSPACE that of `rlvr-atlas demo --sca`: generated worlds, so that no picture shows data of others.
"""

import argparse
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
#: Width and height in pixels. Of a longer page the upper part is shown.
SCREENS = {"390": (390, 844), "1280": (1280, 900), "1920": (1920, 1080)}
_QUALITY = 35
_SCROLL = "part => scrollTo(0, part.getBoundingClientRect().top + scrollY - 8)"


@dataclass(frozen=True)
class View:
    """What is shown: the name of the picture, an address, what is clicked, and where the picture begins."""

    name: str
    address: str
    click: str = ""
    begin: str = ""
    scheme: str = "light"


def explorer_views(workspace: Path) -> list[View]:
    """The pages of the explorer, each about a reworded leak of the mix that has most of them."""
    leaks = (
        pl.read_parquet(workspace / "leaks.parquet").filter(relation="reworded").sort("probability", "row")
    )
    dataset = leaks["dataset"].mode().sort()[0]
    leak = leaks.filter(dataset=dataset).sort("probability", "row").row(0, named=True)
    row, key, item = leak["row"], leak["key"], leak["benchmark_key"]
    return [
        View("home", "/"),
        View("explain", f"/explain?q={dataset}:{row}"),
        View("search", "/search?q=train&answers=1"),
        View("dataset", f"/dataset/{dataset}"),
        View("row", f"/dataset/{dataset}/{row}"),
        View("problem", f"/problem/{item}"),
        View("pair", f"/pair/{key}/{item}"),
        View("leaks", "/leaks"),
        View("compare", f"/compare?a={dataset}&b={leak['benchmark']}"),
        View("review", "/review", scheme="dark"),
    ]


def report_views(workspace: Path) -> list[View]:
    """The parts of the report that have pictures."""
    page = (workspace / "report.html").resolve().as_uri()
    return [
        View("report", page),
        View("report-flow", page, begin="#lineage"),
        View("report-leaks", page, begin="#leaks"),
        View("report-pair", page, click="#leaks td a", scheme="dark"),
    ]


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """The address of an explorer over a workspace."""
    command = [sys.executable, "-m", "rlvr_atlas", "serve", str(workspace), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        found = re.search(r"http://\S+:\d+", process.stdout.readline())
        yield found[0] if found else sys.exit("the explorer did not start")
    finally:
        process.terminate()
        process.wait()


def take(page: Page, view: View, base: str = "") -> None:
    """Write the pictures of a view."""
    for name, (width, height) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=view.scheme)
        page.goto(base + view.address)
        if view.click:
            page.locator(view.click).first.click()
        if view.begin:
            page.locator(view.begin).evaluate(_SCROLL)
        page.wait_for_load_state("networkidle")
        with Image.open(io.BytesIO(page.screenshot())) as taken:
            taken.save(IMAGES / f"{view.name}-{name}.webp", quality=_QUALITY, method=6)


def main() -> None:
    """Take all pictures."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("workspace", type=Path)
    arguments.add_argument("sca_workspace", type=Path)
    given = arguments.parse_args()
    chromium = shutil.which("chromium") or sys.exit("no chromium: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(120_000)
        for view in report_views(given.workspace):
            take(page, view)
        with served(given.workspace) as base:
            for view in explorer_views(given.workspace):
                take(page, view, base)
        with served(given.sca_workspace) as base:
            take(page, View("worth", "/worth"), base)
        browser.close()
    pictures = sorted(IMAGES.iterdir())
    print(f"{len(pictures)} pictures, {sum(path.stat().st_size for path in pictures) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
