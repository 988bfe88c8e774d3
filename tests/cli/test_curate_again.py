"""`curate` after the recipe's file was edited."""

import json

import pytest
from typer.testing import CliRunner

from rlvr_atlas import pipeline
from rlvr_atlas.cli import app
from rlvr_atlas.recipe import read_recipe

RECIPE = """
[workspace]
path = "ws"
[[datasets]]
id = "a"
path = "a.jsonl"
[match]
semantic = false
[curate]
datasets = ["a"]
size = {size}
"""


@pytest.fixture
def folder(tmp_path):
    rows = [
        {"question": f"A crane lifts {n + 3} crates of {n * n} figs. How many?", "answer": str(n)}
        for n in range(9)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "recipe.toml").write_text(RECIPE.format(size=6))
    pipeline.run(read_recipe(tmp_path / "recipe.toml"), stages=["ingest", "trace", "audit", "curate"])
    return tmp_path


def curated(folder):
    result = CliRunner().invoke(app, ["curate", str(folder / "ws"), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["rows"], result.stderr


def test_the_recipe_beside_the_workspace_is_read_where_it_changed(folder):
    assert curated(folder) == (6, "")
    (folder / "recipe.toml").write_text(RECIPE.format(size=4))
    rows, said = curated(folder)
    assert rows == 4
    assert "recipe.toml, which changed since the run" in said.replace("\n", " ")


def test_of_two_recipes_of_one_workspace_none_is_meant(folder):
    (folder / "other.toml").write_text(RECIPE.format(size=3))
    (folder / "broken.toml").write_text("[workspace")
    rows, said = curated(folder)
    assert rows == 6
    assert "other.toml, recipe.toml are all of this workspace" in said.replace("\n", " ")


def test_two_recipes_that_say_the_same_are_no_question(folder):
    (folder / "other.toml").write_text(RECIPE.format(size=6))
    assert curated(folder) == (6, "")
