"""Which directions hang on a date that nothing vouches for: in the summary, on the page, after a run."""

import datetime as dt
import json

import polars as pl
from typer.testing import CliRunner

from rlvr_atlas import schema
from rlvr_atlas.cli import app
from rlvr_atlas.report import render, summary
from rlvr_atlas.report.dates import unverified


def edge(child, parent, rows, direction="dates", relation="identical"):
    return {"child": child, "parent": parent, "relation": relation, "rows": rows, "direction": direction}


def edges(*lines):
    return pl.DataFrame(lines, schema=schema.EDGES)


def manifest(**evidence):
    return {"recipe": {"datasets": [{"id": name, "evidence": told} for name, told in evidence.items()]}}


DATASETS = pl.DataFrame(
    [{"dataset": name, "released": dt.date(2024, 2 if name == "a" else 3, 1)} for name in "abcd"],
    schema=schema.DATASETS,
)
DATED = {"released": "its paper"}


def test_a_direction_by_dates_needs_evidence_of_both():
    table = edges(edge("b", "a", 3), edge("c", "a", 5), edge("c", "a", 2, relation="variant"))
    known = manifest(a=DATED, b=DATED, c={"license": "card"})
    assert unverified(table, DATASETS, known) == [
        {
            "child": "c",
            "parent": "a",
            "rows": 7,
            "released": "2024-03-01",
            "released_parent": "2024-02-01",
            "days": 29,
            "without_evidence": ["c"],
        }
    ]
    (line,) = unverified(edges(edge("b", "a", 3)), DATASETS, {})
    assert line["without_evidence"] == ["b", "a"]


def test_what_is_documented_or_has_no_order_by_dates_is_not_listed():
    table = edges(*(edge("b", "a", 3, direction) for direction in ("documented", "same date", "no date")))
    assert unverified(table, DATASETS, {}) == []


def test_the_most_rows_come_first():
    table = edges(edge("b", "a", 3), edge("d", "a", 4), edge("c", "a", 4))
    assert [line["child"] for line in unverified(table, DATASETS, {})] == ["c", "d", "b"]


def test_summary_and_page_say_so():
    tables = {"edges": edges(edge("b", "a", 3)), "datasets": DATASETS}
    assert summary(tables, manifest(a=DATED, b=DATED))["unverified_dates"] == []
    assert "dates-table" not in render(tables, manifest(a=DATED, b=DATED))
    assert len(summary(tables)["unverified_dates"]) == 1
    page = render(tables, manifest(a=DATED))
    assert '<table id="dates-table"' in page and "29 days apart" in page


def test_a_run_lists_them_until_the_recipe_says_what_the_dates_rest_on(tmp_path):
    rows = "".join(
        json.dumps({"question": f"How many of the {n} gates open?", "answer": n}) + "\n" for n in range(9)
    )
    (tmp_path / "a.jsonl").write_text(rows)
    (tmp_path / "b.jsonl").write_text(rows)
    recipe = '[workspace]\npath = "ws"\n' + "".join(
        f'[[datasets]]\nid = "{name}"\npath = "{name}.jsonl"\nreleased = {year}-01-01\nEVIDENCE'
        for name, year in (("a", 2023), ("b", 2024))
    )
    said = "Directions that hang on an unverified date"
    for evidence, told in (("", True), ('evidence = { released = "its card" }\n', False)):
        (tmp_path / "recipe.toml").write_text(recipe.replace("EVIDENCE", evidence))
        ran = CliRunner().invoke(app, ["run", str(tmp_path / "recipe.toml")])
        assert ran.exit_code == 0, ran.output
        assert (said in ran.stdout) == told
        assert ('<table id="dates-table"' in (tmp_path / "ws" / "report.html").read_text()) == told
