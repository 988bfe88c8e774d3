"""The pipeline as a whole on small files: right answers, resume, same bytes, and every kind of bad input."""

import gzip
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import polars as pl
import pytest

from rlvr_atlas import pipeline
from rlvr_atlas.compare import compare
from rlvr_atlas.errors import AtlasError, InputError
from rlvr_atlas.explain import explain
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.workspace.store import Workspace

NAMES = ["Ada", "Bo", "Cleo", "Dov", "Ena", "Finn", "Gus", "Hana", "Ivo", "June", "Kai", "Lena"]
THINGS = ["lanterns", "kites", "marbles", "ferns", "shells", "buttons", "maps", "drums", "candles", "ropes"]


def problem(i):
    name, thing, other = NAMES[i % 12], THINGS[i % 10], THINGS[(i // 10 + 3) % 10]
    text = (
        f"{name} keeps {3 * i + 7} {thing} in the attic and trades {i + 2} of them for {2 * i + 5} {other} "
        f"at the harbour fair. How many things does {name} own after the trade number {i}?"
    )
    return text, str(3 * i + 7 - i - 2 + 2 * i + 5)


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def world(tmp_path):
    """A source, a verl copy of part of it in a wrapping, and a benchmark that leaks into the copy."""
    problems = [problem(i) for i in range(60)]
    write_jsonl(tmp_path / "origin.jsonl", [{"question": q, "answer": a} for q, a in problems])
    suffix = "\nPlease reason step by step, and put your final answer within \\boxed{}."
    pl.DataFrame(
        [
            {
                "data_source": "somewhere",
                "prompt": [{"role": "user", "content": q + suffix}],
                "reward_model": {"style": "rule", "ground_truth": a},
            }
            for q, a in problems[:40]
        ]
    ).write_parquet(tmp_path / "copy.parquet")
    with gzip.open(tmp_path / "bench.jsonl.gz", "wt") as handle:
        for q, a in problems[30:45]:
            handle.write(json.dumps({"problem": q, "solution": f"So it is \\boxed{{{a}}}."}) + "\n")
    (tmp_path / "recipe.toml").write_text(
        textwrap.dedent("""
            [workspace]
            path = "ws"
            [[datasets]]
            id = "origin"
            role = "source"
            path = "origin.jsonl"
            released = 2023-01-01
            atomic_source = "attic"
            [[datasets]]
            id = "copy"
            path = "copy.parquet"
            released = 2024-01-01
            derived_from = ["origin"]
            [[datasets]]
            id = "bench"
            role = "benchmark"
            path = "bench.jsonl.gz"
            released = 2024-06-01
        """)
    )
    return tmp_path


def run_cli(*args, cwd=None, **kwargs):
    command = [sys.executable, "-m", "rlvr_atlas", *map(str, args)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **kwargs)


def tables(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}


def test_every_row_is_traced_to_its_source(world):
    workspace = pipeline.run(read_recipe(world / "recipe.toml"))
    lineage = workspace.read("lineage")
    assert lineage.height == 60 + 40 + 15
    assert set(lineage["atomic_source"]) == {"attic"}
    copied = lineage.filter(dataset="copy")
    assert copied.select("row").to_series().to_list() == copied["parent_row"].to_list()
    assert set(copied["relation"]) == {"identical"}
    there, back = compare(workspace, "bench", "copy")
    assert (there.found, there.distinct, back.found) == (10, 15, 10)
    assert (world / "ws" / "report.html").stat().st_size > 5_000


def test_a_second_run_repeats_nothing_and_a_changed_recipe_does(world):
    recipe = world / "recipe.toml"
    pipeline.run(read_recipe(recipe))
    before = {path: path.stat().st_mtime_ns for path in (world / "ws").glob("*.parquet")}
    pipeline.run(read_recipe(recipe))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    recipe.write_text(recipe.read_text() + "\n[match]\nvariants = false\n")
    pipeline.run(read_recipe(recipe))
    changed = {path.name for path, then in before.items() if path.stat().st_mtime_ns != then}
    assert "matches.parquet" in changed
    assert "occurrences.parquet" not in changed


def test_same_input_same_bytes(world):
    pipeline.run(read_recipe(world / "recipe.toml"))
    first = tables(world / "ws")
    recipe = world / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('"ws"', '"ws2"'))
    pipeline.run(read_recipe(recipe))
    assert tables(world / "ws2") == first


def stages_done(folder):
    """How many stages a run has finished; -1 before it has made its folder."""
    if not folder.exists():
        return -1
    manifest = folder / "manifest.json"
    return len(json.loads(manifest.read_text())["stages"]) if manifest.exists() else 0


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_a_run_that_is_stopped_anywhere_is_taken_up_again(world, name):
    """Stopped at several moments, then run to the end: the same tables as a run that was never stopped."""
    pipeline.run(read_recipe(world / "recipe.toml"))
    unbroken = tables(world / "ws")
    recipe = world / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('"ws"', '"stopped"'))
    for stages in (0, 1, 2):
        command = [sys.executable, "-m", "rlvr_atlas", "run", str(recipe)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and stages_done(world / "stopped") < stages:
                time.sleep(0.01)
            process.send_signal(getattr(signal, name))
            process.wait()
            assert process.returncode in (0, 130, -getattr(signal, name))
    assert run_cli("run", recipe).returncode == 0
    assert tables(world / "stopped") == unbroken


@pytest.mark.parametrize(
    ("ask", "relation"),
    [
        (lambda q: q, "identical"),
        (lambda q: f"Question: {q.replace(' ', '  ')}\n\nAnswer:", "identical"),
        (lambda q: q.replace("7 ", "$7$ ").upper(), "reformatted"),
        (
            lambda q: q.replace("in the attic", "up in the attic").replace("How many", "So how many"),
            "reworded",
        ),
        (lambda q: q.replace("trades 9", "trades 8"), "variant"),
        (lambda q: "What is the colour of the seventh lighthouse?", None),
    ],
)
def test_explain_knows_a_text_in_other_forms(world, ask, relation):
    workspace = pipeline.run(read_recipe(world / "recipe.toml"))
    found = explain(workspace, ask(problem(7)[0]))
    assert found.relation == relation
    assert found.atomic_source == ("attic" if relation else None)


def test_explain_knows_a_programming_problem_by_its_statement(tmp_path):
    told = (
        "Given the heights of the steps of a staircase, return the length of its longest run of rising steps."
    )
    stub = "```python\nclass Solution:\n    def longestRise(self, heights: List[int]) -> int:\n```"
    rows = [{"prompt": f"{told}\nPlease complete this code:\n{stub}"}]
    rows += [{"prompt": f"Write a function to count the {thing} in a list of words."} for thing in THINGS]
    write_jsonl(tmp_path / "code.jsonl", rows)
    (tmp_path / "recipe.toml").write_text(
        '[workspace]\npath = "ws"\n[[datasets]]\nid = "code"\npath = "code.jsonl"\natomic_source = "stairs"\n'
    )
    workspace = pipeline.run(read_recipe(tmp_path / "recipe.toml"))
    asked = (
        f"{told}\n\nExample 1:\n\nInput: heights = [3, 4, 1]\nOutput: 2\n\nConstraints: fewer than 500 steps"
    )
    found = explain(workspace, asked)
    assert (found.relation, found.atomic_source) == ("embedded", "stairs")
    assert found.evidence["statement"] == 1.0 and found.evidence["tests_shared"] is None


def test_explain_by_place_and_key(world):
    workspace = pipeline.run(read_recipe(world / "recipe.toml"))
    by_place = explain(workspace, "copy:5")
    assert [step["dataset"] for step in by_place.chain] == ["copy", "origin"]
    assert explain(workspace, by_place.key).occurrences == by_place.occurrences
    for query, complaint in [
        ("copy:4000", "no row 4000"),
        ("f" * 40, "no problem with this key"),
        (" ", "nothing"),
    ]:
        with pytest.raises(InputError, match=complaint):
            explain(workspace, query)


BAD = {
    "truncated Parquet": ("bad.parquet", lambda good: good[: len(good) // 2], "bad.parquet"),
    "an empty file": ("bad.jsonl", lambda good: b"", "bad.jsonl"),
    "nothing but noise": ("bad.jsonl", lambda good: bytes(range(256)) * 20, "bad.jsonl"),
    "no prompt anywhere": (
        "bad.jsonl",
        lambda good: b'{"colour": 1}\n{"colour": 2}\n' * 10,
        "one of: colour",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_dataset_that_cannot_be_read_is_a_clear_error(world, case):
    name, spoil, named = BAD[case]
    (world / name).write_bytes(spoil((world / "copy.parquet").read_bytes()))
    recipe = world / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("copy.parquet", name))
    result = run_cli("run", recipe)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert "copy" in result.stderr
    assert named in result.stderr


def test_bad_rows_are_counted_and_lose_no_good_ones(world):
    good = [json.dumps({"question": problem(i)[0], "answer": problem(i)[1]}).encode() for i in range(60)]
    bad = {
        "not JSON": b'{"question": "broken',
        "not UTF-8": b'{"question": "caf\xe9 \xff\xfe", "answer": "1"}',
        "no prompt": b'{"answer": "7"}',
        "null prompt": b'{"question": null, "answer": "7"}',
        "10 MB prompt": b'{"question": "' + b"word " * 2_000_000 + b'", "answer": "1"}',
    }
    odd_answers = [b"null", b'["1", ["2", {"a": [3]}]]', b'{"x": {"y": null}}', b"NaN", b"1e999"]
    odd = [
        b'{"question": "' + problem(100 + i)[0].encode() + b'", "answer": ' + a + b"}"
        for i, a in enumerate(odd_answers)
    ]
    (world / "origin.jsonl").write_bytes(b"\n".join([*good[:30], *bad.values(), *good[30:], *odd]) + b"\n")
    workspace = pipeline.run(read_recipe(world / "recipe.toml"))
    skipped = workspace.read("skipped_rows").filter(dataset="origin")
    kept = workspace.read("occurrences").filter(dataset="origin")
    assert set(skipped["row"]) >= set(range(30, 35))
    assert skipped["reason"].null_count() == 0
    assert sorted([*skipped["row"], *kept["row"]]) == list(range(60 + len(bad) + len(odd)))
    assert set(kept["row"]) >= {*range(30), *range(35, 65)}
    datasets = workspace.read("datasets").filter(dataset="origin")
    assert datasets["rows"].item() == 60 + len(bad) + len(odd)
    assert datasets["skipped_rows"].item() == skipped.height


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('id = "copy"', 'id = "origin"', "two datasets have the id"),
        ('id = "copy"', 'id = "../copy"', "../copy"),
        ('path = "copy.parquet"', 'path = "copy.parquet"\nreleasd = 2024-01-01', "releasd"),
        ('path = "copy.parquet"', 'path = "nowhere/*.parquet"', "nowhere"),
        (
            'path = "copy.parquet"',
            'path = "copy.parquet"\nadapter = { prompt = "promt[0].content" }',
            "promt",
        ),
        ("[workspace]", "[workspace", "TOML"),
    ],
)
def test_bad_recipes_are_clear_errors(world, old, new, complaint):
    recipe = world / "recipe.toml"
    recipe.write_text(recipe.read_text().replace(old, new))
    result = run_cli("run", recipe)
    assert result.returncode == 2, result.stderr
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr


def test_a_disk_that_is_full_is_said_and_the_run_can_be_finished_later(world):
    import resource

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))

    result = run_cli("run", world / "recipe.toml", preexec_fn=small_files)
    assert result.returncode == 2, result.stderr
    assert "cannot write" in result.stderr
    assert "Traceback" not in result.stderr
    assert run_cli("run", world / "recipe.toml").returncode == 0


def test_a_workspace_that_may_not_be_written(world):
    if os.geteuid() == 0:
        (world / "ws").write_text("a file where the folder should be")
    else:
        world.chmod(0o500)
    result = run_cli("run", world / "recipe.toml")
    world.chmod(0o700)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_stage_commands_need_what_comes_before(world):
    recipe = read_recipe(world / "recipe.toml")
    with pytest.raises(AtlasError, match="has not been run"):
        pipeline.run(recipe, stages=["trace"])
    pipeline.run(recipe, stages=["ingest"])
    with pytest.raises(AtlasError, match="not complete"):
        Workspace(world / "ws").read("lineage")


def test_a_dataset_replaced_and_only_ingested_never_shows_the_old_lineage(world):
    recipe = read_recipe(world / "recipe.toml")
    pipeline.run(recipe)
    write_jsonl(world / "origin.jsonl", [{"question": problem(500 + i)[0], "answer": "1"} for i in range(4)])
    workspace = pipeline.run(recipe, stages=["ingest"])
    assert set(workspace.tables()) == {
        *("datasets", "occurrences", "instances", "skipped_rows", "schemas", "templates")
    }
    with pytest.raises(AtlasError, match=r"not complete.*rlvr-atlas match"):
        explain(workspace, "origin:1")
    with pytest.raises(AtlasError, match=r"rlvr-atlas match"):
        pipeline.run(recipe, stages=["audit"])


def test_a_second_run_of_every_stage_does_nothing_again(world, monkeypatch):
    recipe = world / "recipe.toml"
    recipe.write_text(recipe.read_text() + '\n[curate]\ndatasets = ["copy"]\n')
    pipeline.run(read_recipe(recipe))
    assert Workspace(world / "ws").has("mix")
    redone = []
    monkeypatch.setattr(Workspace, "finish", lambda self, stage, *_, **__: redone.append(stage))
    pipeline.run(read_recipe(recipe))
    assert redone == []


@pytest.mark.parametrize("change", ["removed", "edited", "another page"])
def test_the_report_is_written_again_where_it_is_not_the_page_of_these_tables(world, change):
    recipe, page = world / "recipe.toml", world / "ws" / "report.html"
    pipeline.run(read_recipe(recipe))
    before, then = page.read_text(), page.stat().st_mtime_ns
    pipeline.run(read_recipe(recipe))
    assert page.stat().st_mtime_ns == then
    if change == "another page":
        recipe.write_text(recipe.read_text() + "\n[match]\nvariants = false\n")
    else:
        page.write_text("<p>mine") if change == "edited" else page.unlink()
    pipeline.run(read_recipe(recipe))
    assert (page.read_text() == before) == (change != "another page")
    assert "<p>mine" not in page.read_text()
