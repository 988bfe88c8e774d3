"""Exports: every row arrives unchanged in every format, whatever is in it; the same bytes every time."""

import importlib.util
import io
import json
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.config import parse_recipe
from rlvr_atlas.errors import InputError, MissingExtraError, WorkspaceError
from rlvr_atlas.export import export
from rlvr_atlas.export.card import safe
from rlvr_atlas.export.training import lines

ORIGIN = {"dataset", "row", "key", "action", "atomic_source", "root_dataset", "root_row", "license"}


def written(workspace, form):
    """File name -> content; the rows of these workspaces were never in a file."""
    with tempfile.TemporaryDirectory() as folder:
        exported = export(*workspace, form, Path(folder), originals=False)
        return {file.name: file.read_bytes() for file in exported.files}


def content(workspace, form):
    return next(iter(written(workspace, form).values()))


def prompts(workspace):
    return workspace[0]["mix"].collect()["prompt"].to_list()


def test_verl_rows_have_the_columns_that_its_dataset_class_reads(workspace):
    rows = pl.read_parquet(io.BytesIO(content(workspace, "verl")))
    assert rows.columns == ["data_source", "prompt", "ability", "reward_model", "extra_info"]
    for at, (row, prompt) in enumerate(zip(rows.to_dicts(), prompts(workspace), strict=True)):
        assert row["prompt"] == [{"role": "user", "content": prompt}]
        assert set(row["reward_model"]) == {"style", "ground_truth"}
        assert row["reward_model"]["style"] == "rule"
        assert isinstance(row["reward_model"]["ground_truth"], str)
        assert isinstance(row["data_source"], str)
        assert row["extra_info"]["index"] == at
        assert row["extra_info"]["split"] == "train"
        assert set(row["extra_info"]) >= ORIGIN


@pytest.mark.parametrize(
    ("answer", "solution"),
    [("7", "$7$"), (r"3\sqrt{5}", r"$3\sqrt{5}$"), ("$x$", "$x$"), ("5 or $6$ m", "5 or $6$ m")],
)
def test_trl_solutions_are_read_as_a_whole_by_its_accuracy_reward(workspace, answer, solution):
    tables, recipe = workspace
    tables["mix"] = tables["mix"].with_columns(answer=pl.lit(answer))
    rows = pl.read_parquet(io.BytesIO(content((tables, recipe), "trl")))
    assert rows["solution"].unique().to_list() == [solution]
    assert [turns[0]["content"] for turns in rows["prompt"].to_list()] == prompts(workspace)


@pytest.mark.parametrize(("form", "field"), [("openrlhf", "input"), ("flat", "prompt")])
def test_lines_hold_every_row_however_they_are_split(workspace, form, field):
    text = content(workspace, form).decode("utf-8")
    expected = prompts(workspace)
    for split in (text.splitlines(), text.rstrip("\n").split("\n")):
        assert [json.loads(line)[field] for line in split] == expected
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text.replace("\n", ""))


@given(st.lists(st.text(), max_size=5))
def test_any_text_survives_lines(texts):
    written = lines({"t": text} for text in texts).decode("utf-8")
    assert [json.loads(line)["t"] for line in written.splitlines()] == texts


def test_a_template_is_put_around_the_problem_and_nothing_in_it_is_replaced(workspace):
    tables, _ = workspace
    template = "Solve {braces} and \\boxed{}:\n{prompt}\nAnswer:"
    recipe = parse_recipe(
        {"datasets": [{"id": "a", "path": "a"}], "curate": {"datasets": ["a"], "template": template}}
    )
    before, after = template.split("{prompt}")
    rows = [json.loads(line) for line in content((tables, recipe), "flat").splitlines()]
    assert [row["prompt"] for row in rows] == [before + prompt + after for prompt in prompts(workspace)]


@pytest.mark.parametrize("form", ["verl", "trl", "openrlhf"])
def test_a_row_without_an_answer_is_an_error_for_trainers_and_none_elsewhere(workspace, form):
    tables, recipe = workspace
    tables["mix"] = tables["mix"].with_columns(answer=pl.lit(None, pl.String))
    with pytest.raises(InputError, match=r"rows have no answer, first of them a:0"):
        written((tables, recipe), form)
    assert content((tables, recipe), "flat").count(b"\n") == 11


def test_what_cannot_be_exported_says_why(workspace):
    tables, recipe = workspace
    with pytest.raises(InputError, match="unknown format 'csv'.*verl"):
        written((tables, recipe), "csv")
    with pytest.raises(WorkspaceError, match="no mix"):
        written(({name: frame for name, frame in tables.items() if name != "mix"}, recipe), "verl")


@pytest.mark.parametrize("form", ["verl", "trl", "openrlhf", "flat", "card"])
def test_the_same_mix_gives_the_same_bytes(workspace, form):
    assert written(workspace, form) == written(workspace, form)


# --- the card -----------------------------------------------------------------------------------------


def test_the_card_is_one_that_the_hub_reads_and_holds_no_markup_of_others(workspace):
    from huggingface_hub import DatasetCard

    text = content(workspace, "card").decode("utf-8")
    card = DatasetCard(text)
    assert card.data.license == "cc-by-sa-4.0"
    assert card.data.configs[0]["data_files"] == "mix.parquet"
    assert card.data.size_categories == ["n<1K"]
    assert "<img" not in text
    assert "](javascript" not in text
    assert "\n# head" not in text
    assert "| variant | exam | 1 |" in text
    assert "| drop | duplicate | 1 |" in text


def test_an_unknown_licence_is_said_to_be_unknown(workspace):
    tables, recipe = workspace
    tables["mix"] = tables["mix"].with_columns(license=pl.lit(None, pl.String))
    text = content((tables, recipe), "card").decode("utf-8")
    assert "\nlicense: unknown\n" in text
    assert "Licence: unknown" in text


@given(st.text())
def test_a_cell_is_one_line_without_markup(text):
    cell = safe(text)
    assert "\n" not in cell
    assert "<" not in cell
    assert all(c.isprintable() for c in cell)
    assert "|" not in cell.replace("\\|", "")


# --- what needs a library -----------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "module"), [("prov", "prov.model"), ("croissant", "mlcroissant")])
def test_without_the_library_the_error_has_the_install_line(workspace, monkeypatch, form, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rlvr-atlas\[export\]'"):
        written(workspace, form)


@pytest.mark.extra
def test_the_libraries_of_the_extra_are_there():
    # A skip would read as a pass where the extras' tests are asked for.
    assert all(importlib.util.find_spec(name) for name in ("prov", "mlcroissant"))


@pytest.mark.extra
def test_prov_reads_the_document_and_every_row_has_its_origin(workspace):
    from prov.model import ProvDerivation, ProvDocument

    text = content(workspace, "prov").decode("ascii")
    document = ProvDocument.deserialize(content=text, format="json")
    derived = {(str(d.args[0]), str(d.args[1])) for d in document.get_records(ProvDerivation)}
    for row in workspace[0]["mix"].collect().iter_rows(named=True):
        assert (f"atlas:mix/mix/{row['index']}", f"atlas:a/{row['row']}") in derived
    assert ("atlas:mix/mix", "atlas:a") in derived
    assert written(workspace, "prov") == written(workspace, "prov")


@pytest.mark.extra
def test_mlcroissant_finds_no_error_and_reads_every_row_with_its_origin(workspace, tmp_path):
    import mlcroissant

    files = written(workspace, "croissant")
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    described = json.loads(files["croissant.json"])
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert described["prov:wasDerivedFrom"] == {"@id": "urn:rlvr-atlas:a"} or described[
        "prov:wasDerivedFrom"
    ] == [{"@id": "urn:rlvr-atlas:a"}]
    properties = {
        field["name"]: field.get("equivalentProperty") for field in described["recordSet"][0]["field"]
    }
    assert properties["derived_from"].endswith("wasDerivedFrom")
    dataset = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    rows = list(dataset.records("rows"))
    assert [row["rows/prompt"].decode("utf-8") for row in rows] == prompts(workspace)
    assert rows[3]["rows/derived_from"] == b"urn:rlvr-atlas:a/3"
    assert b"<" not in files["croissant.json"]
    assert written(workspace, "croissant") == files
