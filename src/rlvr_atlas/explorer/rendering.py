"""Templates of the explorer: the report's filters and style, links of the explorer or of a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

import jinja2

from rlvr_atlas.explorer.links import LiveLinks
from rlvr_atlas.explorer.pages import PARTS
from rlvr_atlas.report import figures
from rlvr_atlas.report.page import environment
from rlvr_atlas.workspace.query import RowFilter

#: Style sheets and scripts by the name they are served under.
ASSETS = {"style.css": "text/css", "review.js": "text/javascript"}


@cache
def _environment() -> jinja2.Environment:
    return environment("rlvr_atlas.explorer")


def render(name: str, links: LiveLinks, /, **facts: Any) -> str:  # noqa: ANN401
    """A page.

    Args:
        name: Of its template, without the ending.
        links: Where other pages are.
        facts: What the template shows.
    """
    template = _environment().get_template(f"{name}.html.jinja")
    return template.render(links=links, **_addresses(links, facts), **facts)


def _addresses(links: LiveLinks, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Where the other pages of a list are: functions of what was asked and the offset."""

    def page(name: str) -> Callable[[Mapping[str, Any], int], str]:
        return lambda asked, offset: links.page(name, **asked, offset=offset)

    def rows(dataset: str, offset: int) -> str:
        return (
            f"{links.dataset(dataset)}?{urlencode({**_asked(facts['wanted']), 'offset': offset})}#rows-title"
        )

    def below(key: str, offset: int) -> str:
        return f"{links.problem(key)}?offset={offset}#down-title"

    listed = {f"{name}_address": page(name) for name in ("search", "compare", "leaks")}
    return {**listed, "rows_address": rows, "below_address": below, "below_size": PARTS}


def _asked(wanted: RowFilter) -> dict[str, str]:
    """A filter as the form of a dataset's page sends it."""
    given = {
        "q": wanted.text or None,
        "source": {None: None, "": "unknown"}.get(wanted.source, f"={wanted.source}"),
        "relation": {None: None, "": "none"}.get(wanted.relation, wanted.relation),
        "leaked": {None: None, True: "yes", False: "no"}[wanted.leaked],
    }
    return {name: value for name, value in given.items() if value is not None}


@cache
def asset(name: str) -> str:
    """The text of a style sheet or script; the style sheet is the report's, and what only the explorer has.

    Raises:
        KeyError: For another name.
    """
    if name not in ASSETS:
        raise KeyError(name)
    own = (resources.files("rlvr_atlas.explorer") / name).read_text(encoding="utf-8")
    if name != "style.css":
        return own
    shared = (resources.files("rlvr_atlas.report") / name).read_text(encoding="utf-8")
    palette = "".join(
        f".p-{place}{{fill:{colour}}}.t-{place}{{fill:{ink}}}\n"
        for place, (colour, ink) in enumerate(figures.PALETTE)
    )
    return f"{shared}{palette}{own}"
