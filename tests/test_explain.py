"""Explaining one problem: its leak by name, its ancestry as a tree, what is nearest to an unknown one."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from rlvr_atlas import pipeline
from rlvr_atlas.cli import app
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.explorer import pages
from rlvr_atlas.explorer.held import HeldWorkspace
from rlvr_atlas.explorer.links import LiveLinks
from rlvr_atlas.explorer.rendering import render
from rlvr_atlas.workspace import query
from rlvr_atlas.workspace.store import Workspace


def ferry(number):
    return (
        f"A ferry leaves the harbour of Quillton every {5 + number} minutes and carries {113 + 7 * number} "
        f"barrels of salted herring. How many barrels has it carried after {3 + number % 9} hours?"
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    parts = {"wells": range(12), "exam": range(20, 26), "mix": [*range(6), 21, 22]}
    for name, numbers in parts.items():
        rows = [{"problem": ferry(number), "answer": str(number)} for number in numbers]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    entries = [
        {"id": "wells", "path": "wells.jsonl", "released": "2020-01-01", "atomic_source": "wells"},
        {"id": "exam", "role": "benchmark", "path": "exam.jsonl", "released": "2021-01-01"},
        {"id": "mix", "path": "mix.jsonl", "released": "2022-01-01"},
    ]
    settings = {"workspace": {"path": "ws"}, "datasets": entries, "match": {"semantic": False}}
    pipeline.run(parse_recipe(settings, base=folder), stages=["ingest", "trace", "audit"])
    return folder / "ws"


@pytest.fixture(scope="module")
def mixed(workspace):
    """The same with a mix."""
    folder = workspace.parent
    settings = json.loads((workspace / "manifest.json").read_text())["recipe"]
    settings |= {"workspace": {"path": "mixed"}, "curate": {"datasets": ["mix"]}}
    made = parse_recipe(json.loads(json.dumps(settings)), base=folder)
    pipeline.run(made, stages=["ingest", "trace", "audit", "curate"])
    return folder / "mixed"


def told(workspace, query, *options):
    result = CliRunner().invoke(app, ["explain", str(workspace), query, *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_leak_is_named_with_its_benchmark_and_row(workspace):
    assert "leak           mix:6 is the problem of exam:1 (identical, 1.00)" in told(workspace, "mix:6")
    assert "mix:6 is the problem of exam:1" in told(workspace, "exam:1")
    assert "leak  " not in told(workspace, "mix:2")


def test_the_ancestry_is_a_tree_down_to_the_root(workspace):
    said = told(workspace, "mix:2")
    assert "ancestry\n  mix:2\n  └─ identical (exact, 1.00) of wells:2  (root)\n" in said


def test_what_is_nearest_is_shown_with_evidence_where_nothing_matched(workspace):
    asked = "A ferry carries 9 barrels of herring and a lighthouse keeper paints 4 of them. Of what colour?"
    assert json.loads(told(workspace, asked, "--json"))["relation"] is None
    said = told(workspace, asked)
    assert said.count("nearest  ") == 5
    assert "another problem: lexical 0." in said


def test_it_is_said_why_a_row_is_not_in_the_mix(workspace, mixed):
    said = told(mixed, "mix:6")
    assert "in the mix     mix:6 drop: leak (benchmark exam, benchmark_row 1, relation identical" in said
    assert "in the mix     mix:2 keep: passed every rule" in told(mixed, "wells:2")
    (line,) = json.loads(told(mixed, "mix:6", "--json"))["decisions"]
    assert (line["action"], line["reason"], line["evidence"]["benchmark"]) == ("drop", "leak", "exam")
    assert "in the mix" not in told(workspace, "mix:6")


def test_the_row_that_was_asked_for_comes_first(mixed):
    key = json.loads(told(mixed, "mix:2", "--json"))["key"]
    lines = query.decisions(Workspace(mixed), key, ("mix", 2))
    twice = pl.concat([Workspace(mixed).read("decisions")] * 2).with_columns(
        dataset=pl.lit("mix"), row=pl.int_range(16) % 8, key=pl.lit(key)
    )
    held = HeldWorkspace(mixed)
    held.once("table decisions", lambda: twice)
    assert query.decisions(held, key, ("mix", 5))[0]["row"] == 5
    assert [line["row"] for line in lines] == [2]


def test_the_explorer_says_it_too(mixed):
    held = HeldWorkspace(mixed)
    page = render("explain", LiveLinks(), token="t", behind=False, **pages.explained(held, "mix:6", False))
    assert "What became of its rows in the mix" in page
    assert "<strong>drop</strong>: leak" in page
    assert "benchmark_key" not in page and "benchmark key" not in page
