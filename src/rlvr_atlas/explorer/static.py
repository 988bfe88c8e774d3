"""A bundle of static pages for any host: what needs no question to be answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.explorer import pages
from rlvr_atlas.explorer.held import HeldWorkspace
from rlvr_atlas.explorer.links import StaticLinks
from rlvr_atlas.explorer.rendering import asset, render
from rlvr_atlas.files import explained
from rlvr_atlas.workspace.query import RowFilter
from rlvr_atlas.workspace.store import write_export

#: In every bundle, so that a later one may replace it and nothing else is ever replaced.
MARK = "rlvr-atlas-bundle.txt"


def write_bundle(folder: Path, target: Path, *, most_problems: int = 2000) -> int:
    """Write pages of a workspace: datasets with their first rows, the surest leaks, SCA and Q, problems.

    Problems have a page of their own in this order until there are `most_problems`: those that leak, those
    on the pages of datasets, those that stand in most places. The first page says how many have none.

    Args:
        folder: A traced workspace.
        target: Becomes the bundle: a folder that is not there, empty, or a bundle.
        most_problems: Most problems with a page.

    Returns:
        How many pages were written.

    Raises:
        InputError: If `target` holds something else, or cannot be written.
        WorkspaceError: If the workspace was not traced.
    """
    held = HeldWorkspace(folder).load()
    _refuse(target, folder)
    facts = pages.overview(held)
    names = [fact["dataset"] for fact in facts["datasets"]]
    keys = _keys(held, names, most_problems)
    files = {name: f"dataset-{place}.html" for place, name in enumerate(names, start=1)}
    links = StaticLinks(files, keys, ("leaks", "worth"))
    total = held.read("instances").height
    said = (
        f"{len(keys):,} of {total:,} problems have a page here, and each dataset its first {pages.ROWS} rows"
    )
    facts["limit_said"] = f"{said}. To see all, and to search and explain: rlvr-atlas serve WORKSPACE."
    made: dict[str, tuple[str, dict[str, Any]]] = {"index.html": ("home", facts)}
    made["leaks.html"] = "leak_list", pages.leaks(held, None, None, 0)
    made["worth.html"] = "worth", pages.worth(held)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for old in [*target.glob("*.html")]:
            old.unlink()
        write_export(target / MARK, b"Made by rlvr-atlas serve --static, which may replace it.\n")
        write_export(target / "style.css", asset("style.css").encode())
        for file, (template, shown) in made.items():
            _write(target / file, template, links, shown)
        for name, file in files.items():
            _write(target / file, "dataset", links, pages.dataset(held, name, RowFilter()))
        for key in keys:
            _write(target / links.problem(key), "problem", links, pages.problem(held, key))
    except OSError as error:
        raise explained(error, target) from None
    return len(made) + len(files) + len(keys)


def _refuse(target: Path, folder: Path) -> None:
    if target.resolve() == folder.resolve():
        raise InputError("this is the workspace", where=str(target), fix="name another folder")
    try:
        there = sorted(target.iterdir()) if target.exists() else []
    except OSError as error:
        raise InputError(f"cannot write here ({error.strerror})", where=str(target)) from None
    if there and not (target / MARK).is_file():
        fix = "name a folder that is empty or not there"
        raise InputError(
            f"this folder holds something else, such as {there[0].name}", where=str(target), fix=fix
        )


def _keys(held: HeldWorkspace, names: list[str], most: int) -> list[str]:
    """Problems that get a page."""
    leaking = []
    if held.has("leaks"):
        leaks = held.read("leaks").filter(pl.col("relation") != "variant")
        leaking = [leaks["key"], leaks["benchmark_key"]]
    rows = held.scan("lineage").filter(pl.col("row") < pages.ROWS, pl.col("dataset").is_in(names))
    often = held.scan("instances").sort("occurrences", descending=True, maintain_order=True).head(most)
    listed = [*leaking, rows.select("key").collect()["key"], often.select("key").collect()["key"]]
    return pl.concat(listed).unique(maintain_order=True).head(most).to_list()


def _write(path: Path, template: str, links: StaticLinks, facts: dict[str, Any]) -> None:
    write_export(path, render(template, links, **facts).encode())
