"""A mix of the demo world: complete ledger, the same bytes again, and no leak when audited as a dataset."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from rlvr_atlas import pipeline
from rlvr_atlas.cli import app
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.demo import build
from rlvr_atlas.errors import RecipeError
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.workspace.store import Workspace

CURATE = """
[curate]
name = "clean"
datasets = ["leaky_mix", "embed_forge", "two_tongues"]
mcq = "convert"
size = 420
max_per_source = { orchard_stories = 150 }
[curate.refill]
datasets = ["grand_mix"]
mcq = "drop"
"""
BEFORE = [stage for stage in pipeline.STAGES if stage != "report"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = build(tmp_path_factory.mktemp("world"), seed=3, scale=0.25)
    with made.recipe.open("a") as handle:
        handle.write(CURATE)
    return made, pipeline.run(read_recipe(made.recipe), stages=BEFORE)


def test_the_ledger_has_a_line_for_every_row_of_every_dataset_it_considered(world):
    _, workspace = world
    decisions = workspace.read("decisions")
    datasets = workspace.read("datasets").filter(
        pl.col("dataset").is_in(decisions["dataset"].unique().implode())
    )
    assert datasets["dataset"].n_unique() == 4
    counted = decisions.group_by("dataset").agg(rows=pl.len())
    both = counted.join(datasets.select("dataset", all="rows"), on="dataset")
    assert both.filter(pl.col("rows") != pl.col("all")).is_empty()
    assert decisions.select("dataset", "row").is_duplicated().sum() == 0
    actions = dict(decisions["action"].value_counts().iter_rows())
    assert sum(actions.values()) == datasets["rows"].sum()
    assert actions["keep"] + actions["replace"] + actions.get("add", 0) == workspace.read("mix").height == 420


def test_converted_rows_have_the_answer_that_is_right_in_truth(world):
    made, workspace = world
    exact = workspace.read("mix").filter(action="replace")
    assert exact.height > 10
    asked = exact.join(
        made.truth.select("dataset", "row", right="answer", problem="problem"), on=["dataset", "row"]
    )
    # The truth says the answer as this row asks for it: the letter, or the text of the option.
    plain = made.truth.filter(~pl.col("form").fill_null("").str.contains("option"))
    values = plain.group_by("problem").agg(pl.col("answer").unique())
    known = (
        asked.drop("answer")
        .join(values, on="problem")
        .join(exact.select("dataset", "row", mine="answer"), on=["dataset", "row"])
    )
    wrong = known.filter(~pl.col("answer").list.contains(pl.col("mine")))
    assert known.height > 10
    assert wrong.height <= 0.05 * known.height, wrong.select("prompt", "mine", "answer").head(3).to_dicts()


def test_the_same_recipe_gives_the_same_bytes(world):
    made, workspace = world
    before = workspace.manifest["stages"]["curate"]["tables"]
    with workspace.locked():
        workspace.forget("curate")
    again = pipeline.run(read_recipe(made.recipe), stages=["curate"])
    assert again.manifest["stages"]["curate"]["tables"] == before


def test_an_exported_mix_audited_again_has_no_leak(world, tmp_path):
    made, _ = world
    result = CliRunner().invoke(
        app, ["export", str(made.folder), "--format", "verl", "--out", str(tmp_path), "--json"]
    )
    assert result.exit_code == 0, result.output
    ((file, size),) = [(entry["file"], entry["bytes"]) for entry in json.loads(result.stdout)]
    assert size == (tmp_path / "clean.parquet").stat().st_size
    recipe = read_recipe(made.recipe)
    benchmarks = [
        {**spec.model_dump(), "path": [str(recipe.base / path) for path in spec.paths]}
        for spec in recipe.datasets
        if spec.role == "benchmark"
    ]
    workspace = {"path": str(tmp_path / "again")}
    asked = parse_recipe({"workspace": workspace, "datasets": [{"id": "clean", "path": file}, *benchmarks]})
    audited = pipeline.run(asked, stages=BEFORE)
    assert not audited.has("mix")
    assert audited.read("occurrences").filter(dataset="clean").height == 420
    same = pl.col("relation").is_in(SAME_PROBLEM)
    assert audited.read("leaks").filter(same, pl.col("dataset") == "clean").is_empty()


def test_the_command_says_what_became_of_the_rows(world):
    made, _ = world
    result = CliRunner().invoke(app, ["curate", str(made.folder), "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["rows"] == 420
    assert sum(line["rows"] for line in said["decisions"]) == said["considered"]
    assert said["considered"] == Workspace(made.folder).read("decisions").height
    assert said["license"] == "CC0-1.0"
    assert "What became of" in CliRunner().invoke(app, ["curate", str(made.folder)]).output


def test_a_mix_that_is_no_longer_asked_for_is_forgotten(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"question": "How many legs do 4 storks have?", "answer": "8"}\n')
    base = {"datasets": [{"id": "a", "path": "a.jsonl"}]}
    run = {"base": tmp_path}
    pipeline.run(parse_recipe({**base, "curate": {"datasets": ["a"]}}, **run), stages=BEFORE)
    assert Workspace(tmp_path / "workspace").has("mix")
    pipeline.run(parse_recipe(base, **run), stages=BEFORE)
    assert not Workspace(tmp_path / "workspace").has("mix")
    result = CliRunner().invoke(app, ["curate", str(tmp_path / "workspace")])
    assert isinstance(result.exception, RecipeError)
    assert "no [curate] table" in str(result.exception)


@pytest.mark.parametrize(
    ("curate", "said"),
    [
        ({"datasets": ["b"]}, "names 'b', which is no dataset"),
        ({"datasets": ["exam"]}, "names 'exam', which is a benchmark"),
        ({"datasets": []}, "at least 1 item"),
        (
            {"datasets": ["a"], "licenses": ["Apach-2.0"]},
            "'Apach-2.0' is no SPDX licence (did you mean 'Apache-2.0'?)",
        ),
        ({"datasets": ["a"], "template": "no slot"}, "template must have {prompt} in it"),
        ({"datasets": ["a"], "min_score": 1}, "need 'scores'"),
        (
            {"datasets": ["a"], "scores": "s", "min_score": 2, "max_score": 1},
            "min_score is greater than max_score",
        ),
        ({"datasets": ["a"], "refill": {"datasets": ["c"]}}, "a refill needs 'size'"),
        (
            {"datasets": ["a"], "size": 3, "refill": {"datasets": ["a"]}},
            "cannot be in 'datasets' and in the refill's",
        ),
        ({"datasets": ["a"], "drop_leaks": ["similar"]}, "drop_leaks"),
        ({"datasets": ["a"], "size": 0}, "curate.size"),
        ({"datasets": ["a"], "name": "../up"}, "is no id"),
        ({"datasets": ["a"], "mqc": "drop"}, "unknown key 'mqc' in curate (did you mean 'mcq'?)"),
        (
            {"datasets": ["a"], "size": 3, "refill": {"datasets": ["c"], "mqc": 1}},
            "unknown key 'mqc' in curate.refill",
        ),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_an_error_at_once(curate, said):
    datasets = [
        {"id": "a", "path": "a"},
        {"id": "c", "path": "c"},
        {"id": "exam", "path": "e", "role": "benchmark"},
    ]
    with pytest.raises(RecipeError) as caught:
        parse_recipe({"datasets": datasets, "curate": curate})
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["dapo_plus_plus.toml", "dapo_plus_plus_shared.toml"])
def test_the_recipes_of_dapo_plus_plus_can_be_read(name):
    from pathlib import Path

    recipe = read_recipe(Path(__file__).resolve().parents[2] / "recipes" / name)
    assert recipe.curate.size == 17000
    assert recipe.curate.refill.mcq == "drop"
