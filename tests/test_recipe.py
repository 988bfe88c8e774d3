"""Recipes: completed from the registry, key by key, and refused where they contradict themselves."""

import re
import tomllib
from pathlib import Path

import pytest

from rlvr_atlas import registry
from rlvr_atlas.config import Adapter, DatasetSpec
from rlvr_atlas.errors import RecipeError
from rlvr_atlas.recipe import read_recipe, upstream_warnings

ROOT = Path(__file__).resolve().parent.parent
RECIPES = sorted((ROOT / "recipes").glob("*.toml"))


@pytest.fixture
def read(tmp_path):
    def from_text(text: str):
        file = tmp_path / "recipe.toml"
        file.write_text(text, encoding="utf-8")
        return read_recipe(file)

    return from_text


def dataset(*lines: str) -> str:
    return "\n".join(["[[datasets]]", *lines, ""])


def test_an_id_alone_is_completed_from_the_registry(read):
    spec = read(dataset("id = 'gsm8k'")).datasets[0]
    known = registry.datasets()["gsm8k"]
    assert spec == DatasetSpec.model_validate(known.model_dump(include=set(DatasetSpec.model_fields)))
    assert type(spec) is DatasetSpec
    assert spec.hub == "openai/gsm8k" and spec.role == "source" and spec.adapter.solution == "answer"


def test_an_alias_is_completed_and_keeps_the_id_of_the_recipe(read):
    spec = read(dataset("id = 'MATH500'")).datasets[0]
    assert (spec.id, spec.role, spec.hub) == ("MATH500", "benchmark", "HuggingFaceH4/MATH-500")


def test_the_recipe_wins_key_by_key(read):
    spec = read(
        dataset("id = 'numinamath_cot'", "role = 'train'", "revision = 'abc'", "derived_from = []")
    ).datasets[0]
    assert (spec.role, spec.revision, spec.derived_from) == ("train", "abc", [])
    assert spec.hub == "AI-MO/NuminaMath-CoT" and spec.trust_labels


def test_adapters_are_merged_part_by_part(read):
    adapter = read(dataset("id = 'skywork_or1'", "adapter = { strip_suffix = ['x'] }")).datasets[0].adapter
    assert adapter.strip_suffix == ["x"]
    assert adapter.answer == "reward_model.ground_truth"


def test_an_answer_of_the_recipe_replaces_a_solution_of_the_registry(read):
    adapter = read(dataset("id = 'gsm8k'", "adapter = { answer = 'final' }")).datasets[0].adapter
    assert (adapter.prompt, adapter.answer, adapter.solution) == ("question", "final", None)


@pytest.mark.parametrize("place", ["path = 'mine.jsonl'", "hub = 'somebody/a-copy'"])
def test_files_of_ones_own_keep_the_facts_but_not_the_layout_of_the_published_ones(read, place):
    spec = read(dataset("id = 'gsm8k'", place)).datasets[0]
    assert spec.adapter == Adapter() and spec.files is None
    assert (spec.hub is None) == place.startswith("path")
    assert spec.atomic_source == "gsm8k" and spec.released == registry.datasets()["gsm8k"].released


def test_the_registrys_own_hub_id_in_any_case_is_its_place(read):
    assert read(dataset("id = 'gsm8k'", "hub = 'OpenAI/GSM8K'")).datasets[0].files == "main/train-*"


def test_a_dataset_that_nobody_knows_is_left_as_it_is(read):
    spec = read(dataset("id = 'mine'", "path = 'a'")).datasets[0]
    assert spec == DatasetSpec(id="mine", path="a")


def test_an_unknown_id_without_a_place_gets_suggestions(read):
    with pytest.raises(RecipeError, match=r"dataset gsm8kk: not in the registry \(did you mean 'gsm8k'"):
        read(dataset("id = 'gsm8kk'"))


def test_a_known_dataset_that_is_nowhere_on_the_hub_says_where_it_is(read):
    with pytest.raises(
        RecipeError, match=r"dataset harp: .*give its 'path' \(published at https://github\.com/"
    ):
        read(dataset("id = 'harp'"))
    assert read(dataset("id = 'harp'", "path = 'h.jsonl'")).datasets[0].role == "benchmark"


def test_all_problems_come_at_once(read):
    with pytest.raises(RecipeError) as caught:
        read(dataset("id = 'zzz1'") + dataset("id = 'zzz2'", "rol = 1") + "[match]\nsed = 1\n")
    for part in ("zzz1: not in the registry", "zzz2: not in the registry", "'rol'", "'sed'"):
        assert part in caught.value.what


@pytest.mark.parametrize(
    ("text", "circle"),
    [
        (dataset("id = 'a'", "path = 'a'", "derived_from = ['a']"), "a -> a"),
        (
            dataset("id = 'a'", "path = 'a'", "derived_from = ['b']")
            + dataset("id = 'b'", "path = 'b'", "derived_from = ['A']"),
            "(a -> b -> a|b -> a -> b)",
        ),
        (
            dataset("id = 'gsm8k'", "derived_from = ['metamathqa']") + dataset("id = 'metamathqa'"),
            "(gsm8k -> metamathqa -> gsm8k|metamathqa -> gsm8k -> metamathqa)",
        ),
    ],
)
def test_a_circle_of_upstreams_is_named(read, text, circle):
    with pytest.raises(RecipeError, match=f"derived_from runs in a circle: {circle}"):
        read(text)


def test_upstreams_mean_the_datasets_of_the_recipe_whatever_they_are_called_there(read):
    recipe = read(
        dataset("id = 'GSM8K_train'", "path = 'g'")
        + dataset("id = 'numina'", "hub = 'AI-MO/NuminaMath-CoT'")
        + dataset(
            "id = 'mix'",
            "path = 'm'",
            "derived_from = ['openai/gsm8k', 'numinamath_cot', 'MIX2', 'gone', 'deepscaler']",
        )
        + dataset("id = 'mix2'", "path = 'n'")
    )
    assert recipe.datasets[2].derived_from == ["GSM8K_train", "numina", "mix2", "gone", "deepscaler"]


def test_only_upstreams_that_nobody_knows_are_warned_of(read):
    recipe = read(
        dataset("id = 'seeds'", "path = 's'")
        + dataset(
            "id = 'mix'",
            "path = 'm'",
            "derived_from = ['seeds', 'Seeds2', 'deepscaler', 'hendrycks/math (train)', 'gms8k']",
        )
    )
    first, second = upstream_warnings(recipe)
    assert "'Seeds2'" in first and "did you mean 'seeds'" in first
    assert "'gms8k'" in second and "'gsm8k'" in second


@pytest.mark.parametrize("bad", ["derived_from = 'a'", "derived_from = [1]", "adapter = 3", "path = {}"])
def test_values_of_the_wrong_kind_are_complaints_not_crashes(read, bad):
    for name in ("gsm8k", "unheard_of"):
        with pytest.raises(RecipeError, match=f"dataset {name}, "):
            read(dataset(f"id = '{name}'", bad))


def test_entries_that_are_no_datasets_are_complaints_not_crashes(read):
    for text in (
        "datasets = 3",
        "datasets = [1]",
        "datasets = [{}]",
        "[datasets]\nid = 'a'",
        dataset("id = 5"),
    ):
        with pytest.raises(RecipeError, match="dataset"):
            read(text)


def test_relative_paths_start_from_the_folder_of_the_recipe(read, tmp_path):
    assert (
        read("[workspace]\npath = 'w'\n" + dataset("id = 'a'", "path = 'a'")).workspace_path == tmp_path / "w"
    )


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.name)
def test_the_recipes_of_the_project_can_be_read(file):
    recipe = read_recipe(file)
    assert upstream_warnings(recipe) == []
    assert {"train", "benchmark"} <= {spec.role for spec in recipe.datasets}


def test_the_recipe_of_the_paper_names_its_benchmarks_and_commented_ones_are_known():
    text = (ROOT / "recipes" / "paper.toml").read_text(encoding="utf-8")
    recipe = tomllib.loads(re.sub(r"^# (?=\[\[|id =|path =)", "", text, flags=re.MULTILINE))
    known = [registry.find(entry["id"]) for entry in recipe["datasets"]]
    assert sum(entry.role == "benchmark" for entry in known) == 14
    assert sum(entry.role == "train" for entry in known) >= 15


def test_the_recipe_page_begins_with_a_recipe_that_is_one(read):
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert len(read(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1]).datasets) == 3
