"""A registry file of the user: added to, checked, and read by recipes and commands."""

import json
import tomllib

import polars as pl
import pytest
from typer.testing import CliRunner

from rlvr_atlas import registry
from rlvr_atlas.cli import app
from rlvr_atlas.errors import AtlasError, InputError
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.registry.tables import FILE, VARIABLE

RECIPE = '[workspace]\npath = "ws"\n[[datasets]]\nid = "mill"\n'


@pytest.fixture(autouse=True)
def only_own(monkeypatch):
    # The option and recipes leave both behind, for the process that a command has to itself.
    monkeypatch.setenv(VARIABLE, "")
    registry.use(None)
    yield
    registry.use(None)


@pytest.fixture
def own(tmp_path):
    (tmp_path / "rows.jsonl").write_text(
        "".join(
            json.dumps(
                {
                    "question": f"A mill with {n} stones grinds how many sacks?",
                    "answer": n,
                    "from": "Old Mill",
                }
            )
            + "\n"
            for n in range(12)
        )
    )
    file = tmp_path / FILE
    file.write_text(
        '[sources.old_mill]\ntitle = "Old mill"\naliases = ["Old Mill"]\n'
        '[datasets.mill]\npath = "rows.jsonl"\nreleased = 2024-05-01\ntrust_labels = true\n'
        'adapter = { prompt = "question", source = "from" }\naliases = ["the mill"]\n'
        'evidence = { released = "the miller" }\n'
    )
    return file


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_own_entries_go_over_the_packaged_ones(own):
    known = registry.of(own)
    assert known.find("The-Mill").released.isoformat() == "2024-05-01"
    assert known.map_label("old mill") == "old_mill"
    assert known.find("openai/gsm8k").id == "gsm8k"
    assert registry.find("mill") is None and registry.map_label("old mill") is None
    registry.use(own)
    assert registry.find("mill") and registry.map_label("old mill") == "old_mill"


def test_a_packaged_entry_is_changed_key_by_key_and_loses_evidence_of_what_changed(tmp_path):
    before = registry.find("gsm8k")
    file = tmp_path / "own.toml"
    file.write_text("[datasets.gsm8k]\nreleased = 2021-11-01\n")
    changed = registry.of(file).find("openai/gsm8k")
    assert changed.released.isoformat() == "2021-11-01"
    assert (changed.license, changed.adapter) == (before.license, before.adapter)
    assert "released" not in changed.evidence
    assert "license" in before.evidence and changed.evidence["license"] == before.evidence["license"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[datasets.a]\n", "nobody could find it"),
        ('[datasets.a]\nhub = "x/y"\natomic_source = "gsm9k"\n', "did you mean 'gsm8k'"),
        (
            '[datasets.a]\nhub = "x/y"\nreleased = 2020-01-01\nderived_from = ["gsm8k"]\n',
            "before its upstream gsm8k",
        ),
        ('[datasets.a]\nhub = "x/y"\nreleasd = 2020-01-01\n', "did you mean 'released'"),
        ('[datasets.a]\nhub = "x/y"\nreleased = "May"\n', "a date such as"),
        ('[datasets.a]\nhub = "x/y"\naliases = ["MATH 500"]\n', "is a name of [benchmarks.math_500] too"),
        ('[benchmarks.a]\nhub = "x/y"\n[datasets.b]\nurl = "u"\naliases = ["A"]\n', "too"),
        ('[sources.a]\ntitle = "A"\naliases = ["gsm8k"]\n', "is a name of [sources.gsm8k] too"),
        ("[sources.a]\n", "'title' is missing"),
        ('[datasets.a]\nhub = "x/y"\nevidence = { license = "card" }\n', "which the entry does not say"),
        ('[datasets.a]\nhub = "x/y"\ntrust_labels = true\natomic_source = "gsm8k"\n', "would override"),
        ("[mixes.a]\n", "unknown table [mixes]"),
        ("datasets = 3\n", "is no table of entries"),
        ("[datasets", "not a readable TOML file"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, text, what):
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        registry.of(file)
    assert what in str(error.value) and "own.toml" in str(error.value)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[datasets.a]\n[datasets.b]\n")
    with pytest.raises(InputError, match=r"datasets\.a.*datasets\.b"):
        registry.of(file)


def test_add_writes_what_is_read_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("registry", "add", "quay", "--kind", "sources").exit_code == 0
    hard = 'The "quay"\\ set\n\x7f\u2028'
    options = ["--title", hard, "--path", "a.jsonl", "--path", "b.jsonl", "--released", "2025-01-02"]
    options += ["--atomic-source", "quay", "--evidence", "released=its card", "--alias", "quay 2"]
    added = run("registry", "add", "quay_set", *options, "--json")
    assert added.exit_code == 0, added.output
    assert json.loads(added.stdout)["released"] == "2025-01-02"
    entry = registry.of(tmp_path / FILE).find("quay-2")
    assert entry.title == hard
    assert entry.paths == [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]
    assert entry.evidence == {"released": "its card"}
    assert "quay_set" in run("registry", "list").stdout
    assert "its card" in run("registry", "show", "quay 2").stdout
    assert json.loads(run("registry", "list", "--json").stdout)[0]["id"] == "quay_set"


def test_a_wrong_entry_or_a_second_one_leaves_the_file_as_it_was(own, monkeypatch):
    before = own.read_bytes()
    for command in (
        ["mill", "--path", "x.jsonl"],
        ["other", "--path", "x.jsonl", "--alias", "mill"],
        ["other", "--path", "x.jsonl", "--evidence", "released"],
        ["no/id", "--path", "x.jsonl"],
        ["other", "--kind", "mixes"],
    ):
        result = run("--registry", own, "registry", "add", *command)
        assert isinstance(result.exception, AtlasError), command
        assert own.read_bytes() == before


def test_add_keeps_comments_and_other_entries(own):
    own.write_text("# ours\n" + own.read_text().rstrip())
    assert run("--registry", own, "registry", "add", "barn", "--hub", "x/y").exit_code == 0
    text = own.read_text()
    assert text.startswith("# ours\n") and set(tomllib.loads(text)["datasets"]) == {"mill", "barn"}


def test_a_recipe_reads_the_file_beside_it(own):
    (own.parent / "recipe.toml").write_text(RECIPE)
    recipe = read_recipe(own.parent / "recipe.toml")
    assert recipe.registry == FILE
    assert recipe.datasets[0].paths == [str(own.parent / "rows.jsonl")]
    assert recipe.datasets[0].evidence == {"released": "the miller"}


def test_a_recipe_names_a_file_and_the_option_goes_before_it(own, tmp_path):
    other = tmp_path / "team.toml"
    other.write_text(own.read_text().replace("2024-05-01", "2024-06-01"))
    (tmp_path / "recipe.toml").write_text(f'registry = "team.toml"\n{RECIPE}')
    assert read_recipe(tmp_path / "recipe.toml").datasets[0].released.isoformat() == "2024-06-01"
    result = run("--registry", own, "run", tmp_path / "recipe.toml", "--json")
    assert result.exit_code == 0, result.output
    assert pl.read_parquet(tmp_path / "ws" / "datasets.parquet")["released"][0].isoformat() == "2024-05-01"


def test_a_date_of_the_recipe_has_not_the_evidence_of_the_registry(own):
    (own.parent / "recipe.toml").write_text(RECIPE + "released = 2020-01-01\n")
    assert read_recipe(own.parent / "recipe.toml").datasets[0].evidence == {}


def test_own_labels_decide_and_a_change_of_them_is_seen(own):
    (own.parent / "recipe.toml").write_text(RECIPE)
    sources = []
    for replaced in ("old_mill", "new_mill"):
        own.write_text(own.read_text().replace("old_mill", replaced))
        assert run("run", own.parent / "recipe.toml").exit_code == 0
        registry.use(None)
        sources.append(
            pl.read_parquet(own.parent / "ws" / "lineage.parquet")["atomic_source"].unique().to_list()
        )
    assert sources == [["old_mill"], ["new_mill"]]
    own.write_text(own.read_text().replace("new_mill", "third_mill"))
    assert run("match", own.parent / "ws").exit_code == 0
    assert pl.read_parquet(own.parent / "ws" / "lineage.parquet")["atomic_source"][0] == "third_mill"


def test_a_file_that_is_gone_is_named(own):
    (own.parent / "recipe.toml").write_text(f'registry = "gone.toml"\n{RECIPE}')
    with pytest.raises(InputError, match=r"gone\.toml.*no such registry file"):
        read_recipe(own.parent / "recipe.toml")


def test_a_name_of_the_file_is_data_for_check(own):
    rows = own.parent / "mine.jsonl"
    rows.write_text((own.parent / "rows.jsonl").read_text())
    found = run("--registry", own, "check", rows, "--against", "the mill", "--json")
    assert found.exit_code == 1, found.output
    assert json.loads(found.stdout)["leaked_rows"] == 12
