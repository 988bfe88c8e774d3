"""Settings: what is wrong with a recipe is said at once, by name, with what to write instead."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.config import Recipe, parse_recipe, read_toml
from rlvr_atlas.errors import RecipeError

GOOD = {"id": "a", "path": "a.jsonl"}


def complaint(*datasets, **tables) -> str:
    with pytest.raises(RecipeError) as caught:
        parse_recipe({"datasets": list(datasets or [GOOD]), **tables})
    return caught.value.what


def test_a_minimal_recipe_gets_every_default(tmp_path):
    recipe = parse_recipe({"datasets": [GOOD]}, base=tmp_path)
    assert recipe.workspace_path == tmp_path / "workspace"
    assert recipe.datasets[0].role == "train"
    assert recipe.datasets[0].paths == ["a.jsonl"]


def test_dates_may_be_toml_dates_or_text():
    for date in (dt.date(2025, 3, 17), "2025-03-17"):
        recipe = parse_recipe({"datasets": [{**GOOD, "released": date}]})
        assert recipe.datasets[0].released == dt.date(2025, 3, 17)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"rol": "train"}, "unknown key 'rol' in dataset a (did you mean 'role'?)"),
        ({"derived_form": []}, "unknown key 'derived_form' in dataset a (did you mean 'derived_from'?)"),
        ({"answer": "x"}, "unknown key 'answer' in dataset a (it belongs in [datasets.adapter])"),
        (
            {"adapter": {"promt": "x"}},
            "unknown key 'promt' in dataset a, adapter (did you mean 'prompt'?)",
        ),
        (
            {"adapter": {"trust_labels": True}},
            "unknown key 'trust_labels' in dataset a, adapter (it belongs in [datasets])",
        ),
        ({"zzz": 1}, "unknown key 'zzz' in dataset a"),
        ({"role": "training"}, "dataset a, role: Input should be 'source', 'train' or 'benchmark'"),
        ({"path": 3}, "dataset a, path must be text or a list of texts"),
        ({"path": [3]}, "dataset a, path must be text or a list of texts"),
        ({"derived_from": "b"}, "dataset a, derived_from must be a list of texts"),
        ({"released": "last year"}, "dataset a, released must be a date such as 2025-03-17"),
        ({"trust_labels": "perhaps"}, "dataset a, trust_labels must be true or false"),
        ({"adapter": "prompt"}, "dataset a, adapter must be a table"),
        ({"hub": "o/n"}, "dataset a: give either 'path' or 'hub', not both"),
        ({"id": "../up"}, "dataset ../up, id: '../up' is no id"),
        ({"id": ""}, "is no id"),
        ({"id": "a/b"}, "is no id"),
        ({"id": "x" * 129}, "is no id"),
        ({"atomic_source": "../up"}, "dataset a, atomic_source: '../up' is no id"),
    ],
)
def test_what_is_wrong_with_a_dataset_is_said_by_its_name(bad, said):
    assert said in complaint({**GOOD, **bad})


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"macth": {}}, "unknown key 'macth' in the recipe (did you mean 'match'?)"),
        ({"match": {"sed": 1}}, "unknown key 'sed' in match (did you mean 'seed'?)"),
        ({"match": {"seed": "x"}}, "match.seed must be a whole number"),
        (
            {"match": {"min_probability": 2}},
            "match.min_probability: Input should be less than or equal to 1",
        ),
        ({"min_probability": 0.4}, "unknown key 'min_probability' in the recipe (it belongs in [match])"),
        ({"base": "/somewhere"}, "unknown key 'base' in the recipe"),
        ({"workspace": "here"}, "workspace must be a table"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_by_its_name(tables, said):
    assert said in complaint(**tables)


def test_a_dataset_without_an_id_is_named_by_its_position():
    assert complaint(GOOD, {"path": "b"}) == "dataset number 2, id is missing"


@pytest.mark.parametrize("datasets", [None, [], {"id": "a"}, 3])
def test_a_recipe_without_datasets_shows_how_to_write_one(datasets):
    with pytest.raises(RecipeError, match=r"\[\[datasets\]\]"):
        parse_recipe({} if datasets is None else {"datasets": datasets})


def test_ids_that_differ_in_case_only_are_one_id():
    assert complaint(GOOD, {"id": "A", "path": "b"}) == "two datasets have the id 'A'"
    with pytest.raises(ValueError, match="two datasets"):
        Recipe.model_validate({"datasets": [GOOD, GOOD]})


def test_all_that_is_wrong_is_said_at_once():
    said = complaint({**GOOD, "rol": 1, "released": "x"}, {"id": "a"}, {"id": "b/c"}, match={"sed": 1})
    for part in ("'rol'", "released must be", "two datasets have the id 'a'", "'b/c' is no id", "'sed'"):
        assert part in said


def test_the_error_names_the_file_and_the_page_to_read():
    with pytest.raises(RecipeError) as caught:
        parse_recipe({"datasets": []}, where="mine.toml")
    assert str(caught.value).startswith("mine.toml: ")
    assert "docs/recipes.md" in caught.value.fix


keys = st.sampled_from([*Recipe.model_fields, "id", "path", "hub", "adapter", "prompt", "released", "seed"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(keys | st.text(max_size=5), values, max_size=5))
def test_whatever_the_recipe_holds_only_a_recipe_error_comes_out(data):
    try:
        parse_recipe(data)
    except RecipeError as error:
        assert error.what


@pytest.mark.parametrize("content", [b"id = ", b"\xff\xfe", b"[a]\n[a]\n", b"a = 1\na = 2"])
def test_what_is_not_toml_is_a_recipe_error(tmp_path, content):
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(RecipeError, match=r"bad\.toml: not a readable TOML file"):
        read_toml(file)


def test_a_missing_recipe_is_a_recipe_error(tmp_path):
    with pytest.raises(RecipeError, match="no such recipe"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(RecipeError, match="not a readable"):
        read_toml(tmp_path)
