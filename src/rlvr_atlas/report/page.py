"""The page: one HTML file that needs no network, no script to be read, and trusts no text of the data.

Every value goes through Jinja's escaping, and before it through `visible`, so that no control or direction
mark in a dataset can hide or reorder what a person reads. A content security policy
in the page forbids it to load anything, should an escape ever be forgotten.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from rlvr_atlas.report import clusters, drill, figures, graph, layout, made, near, origins, worth
from rlvr_atlas.report.examples import DISAGREE, LONGEST, MEANINGS, PER_KIND, examples
from rlvr_atlas.report.findings import findings
from rlvr_atlas.report.formulas import typeset
from rlvr_atlas.report.marked import marked
from rlvr_atlas.report.summarise import summary
from rlvr_atlas.report.tables import Tables, complete
from rlvr_atlas.report.visible import visible


def number(value: float | None) -> str:
    """A count with thousands set apart; a dash where it was not measured."""
    return "–" if value is None else f"{value:,}"


def percent(value: float | None) -> str:
    """A share as a percentage that never rounds "some" to none, or "nearly all" to all."""
    if value is None:
        return "–"
    if value in (0, 1):
        return f"{value:.0%}"
    if value < 0.001:
        return "<0.1%"
    return ">99.9%" if 0.999 < value < 1 else f"{value:.1%}"


def short(text: str | None, longest: int = 160) -> str:
    """The beginning of a text, and how much was left out."""
    if text is None or len(text) <= longest:
        return text or ""
    return f"{text[:longest]}… (+{len(text) - longest:,} characters)"


def middle(text: str, longest: int) -> str:
    """Beginning and end of a name that is too long: names of a family differ in their endings."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"


def role_class(role: str | None) -> str:
    """The end of the CSS class of a role; anything unheard of is "none"."""
    return role if role in figures.ROLES else "none"


def render(tables: Tables, manifest: Mapping[str, Any]) -> str:
    """The report of a workspace.

    Args:
        tables: Frames by table name (see `tables.SCHEMAS`); for an absent one the page says what is missing.
        manifest: The workspace's manifest; any part may be absent.

    Returns:
        One HTML page. The same tables and manifest give the same bytes.
    """
    full = complete(tables)
    facts = summary(tables, manifest)
    datasets = facts["datasets"]
    script = _file("page.js")
    cells = layout.matrix(facts)
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            **facts,
            anchors={fact["dataset"]: f"dataset-{place}" for place, fact in enumerate(datasets, start=1)},
            findings=findings(facts),
            composition=figures.composition(datasets),
            palette=figures.PALETTE,
            timeline=figures.timeline(datasets),
            graph=graph.lay_out(datasets, facts["edges"], graph.flows(full["lineage"])),
            node=(graph.NODE_WIDTH, graph.NODE_HEIGHT),
            least_share=graph.LEAST_SHARE,
            per_child=graph.PER_CHILD,
            matrix=cells,
            behind=drill.behind_cells(full, cells.shown),
            lines=layout.LINES,
            clusters=clusters.largest(full),
            examples=examples(full),
            per_kind=PER_KIND,
            disagree=DISAGREE,
            disagreements=origins.disagreements(full),
            by_source=origins.by_source(full),
            licences=origins.licences(full),
            near=near.nearest(full),
            near_bands=near.BANDS,
            worth=worth.worth(full),
            transition_kinds=worth.KINDS,
            regime=made.regime(full, manifest),
            stages=made.stage_rows(manifest),
            meanings=MEANINGS,
            longest=LONGEST,
            schemas=layout.schema_rows(full["schemas"]),
            templates=layout.template_rows(full["templates"]),
            settings=layout.setting_rows(manifest),
            limits=layout.limits(manifest),
            versions=layout.version_rows(manifest),
            style=Markup(_file("style.css")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def render_trace(files: Sequence[Mapping[str, Any]]) -> str:
    """The page of `trace FILE`.

    Args:
        files: Of each file: name, error, answer, tables (title and lines), examples, limits, steps.
    """
    template = environment().get_template("trace.html.jinja")
    return template.render(files=files, style=Markup(_file("style.css")))


def environment(*packages: str) -> jinja2.Environment:
    """Jinja with the filters of all pages: templates of these packages first, then the report's."""
    loaders = [jinja2.PackageLoader(name, "templates") for name in (*packages, "rlvr_atlas.report")]
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "num": number,
        "pct": percent,
        "short": short,
        "middle": middle,
        "role_class": role_class,
        "marked": marked,
        "typeset": typeset,
        "typeset_answer": _answer,
    }
    return made


def _answer(text: str) -> Markup:
    """A gold answer; one that is TeX is a formula even without dollars around it."""
    return typeset(text, bare=True)


def _file(name: str) -> str:
    return (resources.files("rlvr_atlas.report") / name).read_text(encoding="utf-8")
