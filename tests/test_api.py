"""The Python API: every kind of data, every function, and errors that say what, where and what to do."""

import doctest
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import rlvr_atlas as atlas
from rlvr_atlas import pipeline
from rlvr_atlas.api import functions
from rlvr_atlas.demo import problems
from rlvr_atlas.workspace.store import Workspace

ROOT = Path(__file__).resolve().parent.parent
ROWS = [{"problem": p.text, "answer": p.answer} for p in problems("orchard_stories", 30)]
MINE, EXAM, ORCHARD = ROWS[5:20], ROWS[15:25], ROWS[:10]
#: Rows of MINE that are in EXAM, and those that are in ORCHARD.
LEAKED, FROM_ORCHARD = [10, 11, 12, 13, 14], [0, 1, 2, 3, 4]
PLAIN = {"semantic": False}


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def traced():
    return atlas.trace(MINE, against={"exam": EXAM}, sources={"orchard": ORCHARD}, match=PLAIN)


# --- the package --------------------------------------------------------------------------------------


def test_importing_the_package_loads_nothing_of_it():
    code = (
        "import sys, rlvr_atlas; print([m for m in sys.modules if m.startswith(('rlvr_atlas.', 'polars'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("first", ["import rlvr_atlas.audit, rlvr_atlas.check, rlvr_atlas.curate", "pass"])
def test_a_function_is_never_hidden_by_the_module_of_its_name(first):
    names = ("audit", "check", "compare", "curate", "explain")
    code = f"{first}\nimport rlvr_atlas as a, rlvr_atlas.compare, rlvr_atlas.explain\n" + "\n".join(
        f"a.{name}; assert callable(a.{name}) and a.{name}.__module__ == 'rlvr_atlas.api.functions'"
        for name in names
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there_and_no_other():
    assert all(getattr(atlas, name) for name in atlas.__all__)
    assert set(atlas.__all__) <= set(dir(atlas))
    with pytest.raises(AttributeError, match="no_such"):
        _ = atlas.no_such


# --- the documentation --------------------------------------------------------------------------------


def test_the_examples_of_the_functions_are_true():
    assert doctest.testmod(functions) == (0, 5)


def test_the_examples_of_the_page_are_true():
    failed, tried = doctest.testfile(str(ROOT / "docs" / "api.md"), module_relative=False)
    assert failed == 0
    assert tried > 15


def test_the_script_runs(tmp_path, capsys):
    spec = importlib.util.spec_from_file_location("trace_a_file", ROOT / "examples" / "trace_a_file.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(tmp_path)
    assert "leaks: 5 of 35 rows" in capsys.readouterr().out
    assert (tmp_path / "report.html").exists()


def test_the_notebook_runs_cell_by_cell():
    notebook = json.loads((ROOT / "examples" / "trace.ipynb").read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names = {}
    for cell in cells:
        exec(compile(cell, "trace.ipynb", "exec"), names)
    assert names["traced"].leaks.height == 5
    assert names["mix"].rows.height == 30


# --- every kind of data -------------------------------------------------------------------------------


class FakeDataset:
    """Looks like a `datasets.Dataset`."""

    def to_polars(self):
        return pl.DataFrame(MINE)

    def to_dict(self):
        raise AssertionError("not needed")


class FakePandas:
    """Looks like a pandas frame."""

    iloc = columns = ()

    def to_dict(self, orient):
        assert orient == "records"
        return [{**row, "difficulty": float("nan")} for row in MINE]


class FakeArrow:
    """A frame of a library that nobody has heard of."""

    def __arrow_c_stream__(self, requested_schema=None):
        return pa.Table.from_pylist(MINE).__arrow_c_stream__(requested_schema)


KINDS = {
    "list of dicts": lambda folder: MINE,
    "generator": lambda folder: (row for row in MINE),
    "Polars": lambda folder: pl.DataFrame(MINE),
    "lazy Polars": lambda folder: pl.LazyFrame(MINE),
    "Arrow": lambda folder: pa.Table.from_pylist(MINE),
    "datasets": lambda folder: FakeDataset(),
    "pandas": lambda folder: FakePandas(),
    "any Arrow stream": lambda folder: FakeArrow(),
    "path": lambda folder: write(folder / "data.jsonl", MINE),
    "text of a path": lambda folder: str(write(folder / "data.jsonl", MINE)),
    "glob": lambda folder: str(write(folder / "data.jsonl", MINE).parent / "d*.jsonl"),
    "folder": lambda folder: write(folder / "data" / "x.jsonl", MINE).parent,
    "list of paths": lambda folder: [
        write(folder / "a.jsonl", MINE[:7]),
        write(folder / "b.jsonl", MINE[7:]),
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_is_read_alike(kind, tmp_path):
    found = atlas.check(KINDS[kind](tmp_path), against=EXAM)
    assert found.found.rows == len(MINE)
    assert sorted(found.leaks["row"]) == LEAKED


@pytest.mark.parametrize(
    ("against", "names"),
    [
        (EXAM, {"benchmark"}),
        ([pl.DataFrame(EXAM), EXAM], {"benchmark", "benchmark-2"}),
        ({"a": EXAM, "b": pl.DataFrame(EXAM)}, {"a", "b"}),
        ((), set()),
    ],
)
def test_benchmarks_are_one_or_several_with_or_without_names(against, names):
    traced = atlas.trace(MINE, against=against, match=PLAIN)
    assert set(traced.leaks["benchmark"]) == names


def test_files_of_one_name_get_names_that_tell_them_apart(tmp_path):
    mine = write(tmp_path / "train.jsonl", MINE)
    against = [write(tmp_path / name / "train.jsonl", EXAM) for name in ("a", "b")]
    traced = atlas.trace(mine, against=against[0], sources=against[1], match=PLAIN)
    assert traced.datasets["dataset"].to_list() == ["train-3", "train-2", "train"]


# --- every function -----------------------------------------------------------------------------------


def test_a_trace_tells_sources_and_leaks(traced):
    sources = traced.lineage.filter(atomic_source="orchard")
    assert sources["row"].to_list() == FROM_ORCHARD
    assert sorted(traced.leaks["row"]) == LEAKED
    assert set(traced.leaks["benchmark"]) == {"exam"}
    assert traced.lineage["dataset"].unique().to_list() == ["data"]
    assert traced.table("lineage").height == len(MINE) + len(EXAM) + len(ORCHARD)
    assert "orchard 5 (33.3%), unknown 10 (66.7%)" in traced.summary
    assert str(traced) == traced.summary


def test_explain_takes_a_row_of_the_traced_dataset(traced):
    assert traced.explain(2).atomic_source == "orchard"
    assert atlas.explain(traced, 2) == traced.explain("data:2")
    assert atlas.explain(traced.workspace, ROWS[16]["problem"]).relation == "identical"


def test_compare_counts_both_ways(traced):
    left, right = atlas.compare(traced, "data", "orchard")
    assert (left.found, left.distinct, right.distinct) == (5, 15, 10)


def test_audit_of_rows_is_the_audit_of_their_trace(traced):
    of_rows = atlas.audit(MINE, {"exam": EXAM}, sources={"orchard": ORCHARD}, match=PLAIN)
    assert of_rows.leaks.equals(traced.leaks)
    assert atlas.audit(traced).rates.equals(of_rows.rates)
    assert of_rows.summary == "data: 5 of 15 rows (33.3%); 0 use a template; 0 unjudged"
    assert of_rows.paths.height == 5
    assert of_rows.families["benchmark"].to_list() == ["exam"]


def test_a_mix_has_no_leak_and_its_settings_count(traced):
    mix = atlas.curate(traced)
    assert sorted(mix.rows["row"]) == [row for row in range(15) if row not in LEAKED]
    assert mix.decisions.height == 15
    assert "drop 5: leak" in mix.summary
    assert atlas.curate(traced, size=3, seed=1).rows.height == 3


def test_a_check_passes_by_its_tolerance():
    found = atlas.check(MINE, against=EXAM)
    assert found.leaked == 5
    assert not found.passed(0.33)
    assert found.passed(0.34)
    assert found.summary.startswith("5 of 15 rows leak (33.3%, 95% interval ")


def test_an_index_does_for_a_check(traced, tmp_path):
    from rlvr_atlas import fingerprints

    tables = (traced.table(name) for name in ("occurrences", "instances", "datasets"))
    fingerprints.write(fingerprints.build(*tables), tmp_path / "exam.index")
    assert atlas.check(MINE, indexes=[tmp_path / "exam.index"]).leaked == 5


def test_another_threshold_matches_nothing_again_and_changes_nothing_here(tmp_path, monkeypatch):
    reworded = [{**row, "problem": "Consider this. " + row["problem"].lower()} for row in MINE]
    traced = atlas.trace(reworded, against={"exam": EXAM}, workspace=tmp_path / "ws", match=PLAIN)
    before = {path: path.read_bytes() for path in (tmp_path / "ws").rglob("*") if path.is_file()}
    monkeypatch.setattr(pipeline, "match", None)
    monkeypatch.setattr(pipeline, "open_dataset", None)
    none, every = traced.rethreshold(1.0), traced.rethreshold(0.0)
    least = traced.matches["probability"].min()
    assert least < 1.0
    assert none.leaks.filter(pl.col("probability") < 1.0).is_empty()
    assert every.leaks.height >= traced.leaks.height > none.leaks.height
    assert every.workspace.manifest["recipe"]["match"]["min_probability"] == 0.0
    assert {path: path.read_bytes() for path in (tmp_path / "ws").rglob("*") if path.is_file()} == before


def test_an_audits_threshold_leaves_lineage_as_it_is(traced):
    strict = atlas.audit(traced, min_probability=1.0)
    assert strict.trace.lineage.equals(traced.lineage)
    assert strict.leaks.filter(pl.col("probability") < 1.0).is_empty()


# --- workspaces ---------------------------------------------------------------------------------------


def test_a_workspace_is_kept_and_a_second_trace_repeats_nothing(tmp_path, monkeypatch):
    folder = tmp_path / "ws"
    first = atlas.trace(MINE, against=EXAM, workspace=folder, match=PLAIN)
    assert (folder / "inputs" / "data.jsonl").exists()
    monkeypatch.setattr(pipeline, "match", None)
    again = atlas.trace(MINE, against=EXAM, workspace=folder, match=PLAIN)
    assert again.leaks.equals(first.leaks)
    opened = atlas.open_workspace(folder)
    assert opened.lineage.height == len(MINE) + len(EXAM)
    assert opened.leaks.equals(first.leaks)
    assert atlas.curate(str(folder)).rows.height == 10


def test_a_temporary_workspace_lives_as_long_as_a_result_needs_it():
    traced = atlas.trace(MINE, against=EXAM, match=PLAIN)
    folder, mix = traced.workspace.folder, atlas.curate(traced)
    del traced
    assert folder.exists()
    assert mix.rows.height == 10
    del mix
    assert not folder.exists()


# --- HTML ---------------------------------------------------------------------------------------------


def test_a_result_shows_itself_in_a_notebook_with_nothing_of_the_data_as_markup():
    evil = {"problem": "<script>alert(1)</script> \u202eWhat is 17 times the number 4711?", "answer": "80087"}
    found = atlas.check([evil], against=[evil])
    assert found.leaked + found.unjudged.height > 0
    shown = found._repr_html_() + atlas.check([evil], against=[evil], min_probability=0.0).to_html()
    assert "<script>" not in shown
    assert "\u202e" not in shown
    assert "rows leak" in shown


def test_every_result_has_html(traced, tmp_path):
    results = [traced, atlas.audit(traced), atlas.curate(traced), atlas.check(MINE, against=EXAM)]
    for number, result in enumerate(results):
        path = tmp_path / f"{number}.html"
        page = result.to_html(path)
        assert path.read_text(encoding="utf-8") == page
        assert page.lower().startswith("<!doctype html>")
        assert "<pre>" in result._repr_html_()
        assert "<table" in result._repr_html_()


# --- errors -------------------------------------------------------------------------------------------

WRONG = {
    "None": (lambda: atlas.trace(None), "data", "NoneType", "list of dicts"),
    "a number": (lambda: atlas.trace(7), "data", "int", "list of dicts"),
    "no rows": (lambda: atlas.trace([]), "data", "no rows", "at least one row"),
    "no rows of a frame": (lambda: atlas.trace(pl.DataFrame({"problem": []})), "data", "no rows", "one row"),
    "a row that is none": (lambda: atlas.trace([{"a": "b"}, 3]), "data", "row 1 is a int", "list of dicts"),
    "splits": (lambda: atlas.trace({"train": MINE}), "data", "keys 'train'", "the split 'train'"),
    "a key": (lambda: atlas.trace([{(1, 2): 3}]), "data", "row 0 cannot be stored", "text as keys"),
    "no prompt": (lambda: atlas.trace([{"id": 1}, {"id": 2}]), "dataset data", "no prompt", "adapter"),
    "no such file": (lambda: atlas.trace("gone.jsonl"), "gone.jsonl", "neither a file", "check the path"),
    "no network": (
        lambda: atlas.trace("acme/sums"),
        "dataset sums",
        "the network is not allowed",
        "network=True",
    ),
    "a name": (lambda: atlas.trace(MINE, name="a/b"), "name", "cannot be the name", "letter or digit"),
    "a name twice": (
        lambda: atlas.trace(MINE, {"data": EXAM}),
        "",
        "two datasets are called 'data'",
        "another",
    ),
    "a setting": (
        lambda: atlas.trace(MINE, match={"sed": 1}),
        "trace",
        "did you mean 'seed'",
        "docs/recipes.md",
    ),
    "a share": (
        lambda: atlas.check(MINE, EXAM, min_probability=3),
        "check",
        "min_probability is 3",
        "0 to 1",
    ),
    "no workspace": (lambda: atlas.open_workspace("nowhere"), "nowhere", "no workspace", "run a recipe"),
    "no trace": (
        lambda: atlas.explain(7, "x"),
        "workspace",
        "a int is no traced workspace",
        "result of trace",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_error_says_what_where_and_what_to_do(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, where, what, fix = WRONG[case]
    with pytest.raises(atlas.AtlasError) as caught:
        call()
    assert (caught.value.where, what in caught.value.what, fix in caught.value.fix) == (where, True, True), (
        caught.value
    )


def test_errors_about_a_traced_workspace(traced):
    with pytest.raises(atlas.AtlasError, match="no row 99"):
        traced.explain(99)
    with pytest.raises(atlas.AtlasError, match="numbered from 0"):
        traced.explain(-1)
    with pytest.raises(atlas.AtlasError, match="DATASET:ROW"):
        atlas.explain(Workspace(traced.workspace.folder), 1)
    with pytest.raises(atlas.AtlasError, match="no dataset 'nothing'"):
        traced.compare("data", "nothing")
    with pytest.raises(atlas.AtlasError, match="min_probability"):
        traced.rethreshold(1.5)
    with pytest.raises(atlas.AtlasError, match="Trace the rows against it"):
        atlas.audit(traced, against=EXAM)
    with pytest.raises(atlas.AtlasError, match="unknown key 'sise'"):
        atlas.curate(traced, sise=3)


# --- libraries that the core does without ---------------------------------------------------------------


@pytest.mark.extra
def test_the_real_libraries_are_recognised():
    import datasets
    import pandas

    whole = datasets.Dataset.from_list(ROWS)
    for data in (whole.select(range(5, 20)), pandas.DataFrame(MINE), iter(whole.select(range(5, 20)))):
        assert sorted(atlas.check(data, against=pandas.DataFrame(EXAM)).leaks["row"]) == LEAKED
    with pytest.raises(atlas.AtlasError, match="keys 'train'"):
        atlas.check(datasets.DatasetDict({"train": whole}), against=EXAM)


def test_a_result_outlasts_a_mix_that_is_made_again(traced):
    atlas.curate(traced, size=2)
    atlas.curate(traced, size=1)
    assert "<html" in traced.to_html()
    assert traced.leaks.height
