"""Wrong gold answers: a vote of independent sources, and what it finds of errors planted in real data."""

import importlib.util
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.audit.golds import doubtful_golds
from rlvr_atlas.audit.votes import Statement, probabilities, supporters
from rlvr_atlas.cli import main
from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.ingest import read_partition
from rlvr_atlas.load import open_dataset
from rlvr_atlas.schema import EDGES, GOLD_ERRORS, LINEAGE, MATCHES, OCCURRENCES, conform

# --- the vote ------------------------------------------------------------------------------------------


def said(source, answers):
    """A source and its copies, in this order."""
    return [Statement(source, source if at == 0 else f"{source}-copy{at}", a) for at, a in enumerate(answers)]


def test_one_outlier_among_five_copies_is_the_error():
    found = probabilities(said("a", [72, 72, 72, 72, 27]))
    assert 1 - found[27] > 0.9
    assert 1 - found[72] < 0.1
    found = probabilities(said("a", [27, 72, 72, 72, 72]))
    assert 1 - found[27] > 0.9, "the row of the source itself may be the outlier"


def test_of_two_rows_either_may_be_wrong():
    found = probabilities(said("a", [72, 27]))
    assert found[72] == pytest.approx(found[27])
    assert found[72] == pytest.approx(0.5, abs=0.01)


def test_copies_of_one_source_count_once():
    statements = [*said("a", [72] * 9), *said("b", [27]), *said("c", [27])]
    found = probabilities(statements)
    assert found[27] > 0.9
    assert supporters(statements) == {72: 1, 27: 2}


def test_a_copy_of_a_changed_copy_is_no_second_witness():
    copies = [Statement("a", "y", 27), *(Statement("a", f"z{n}", 27, repeats=True) for n in range(5))]
    found = probabilities([*said("a", [72, 72]), *copies])
    assert found[72] > 0.9


def test_a_source_that_contradicts_itself_is_believed_by_how_often_it_says_what():
    own = [Statement("a", "a", answer) for answer in (72, 72, 72, 72, 27)]
    found = probabilities(own)
    assert 1 - found[27] > 0.7
    assert 0.1 < 1 - found[72] < 0.4
    passed_on = [Statement("a", f"copy{n}", 27) for n in range(6)]
    assert probabilities([*own, *passed_on]) == found, "copies pass a contradiction on"
    assert probabilities([*own, *said("b", [27])])[27] > 0.5, "another source settles it"


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=12)
)
def test_probabilities_are_some_and_the_order_of_rows_changes_nothing(rows):
    statements = [Statement(source, f"{source}{copy}" if copy else source, a) for source, copy, a in rows]
    found = probabilities(statements)
    assert all(0 <= value <= 1 for value in found.values())
    assert sum(found.values()) <= 1 + 1e-9
    assert probabilities(statements[::-1]) == pytest.approx(found)


@given(st.integers(2, 8), st.integers(1, 3))
def test_one_more_independent_source_never_speaks_against_what_it_says(sources, against):
    statements = [s for n in range(sources) for s in said(f"s{n}", [1])]
    statements += [s for n in range(against) for s in said(f"t{n}", [2])]
    more = [*statements, *said("new", [2])]
    assert probabilities(more)[2] > probabilities(statements)[2]


# --- from tables ---------------------------------------------------------------------------------------


def tables(rows, near=(), documented=()):
    """rows: dataset, row, key, answer, parent (dataset, row) or None, relation."""
    schema = {"dataset": pl.String, "row": pl.Int64, "key": pl.String, "answer": pl.String,
              "parent_dataset": pl.String, "parent_row": pl.Int64, "relation": pl.String}  # fmt: skip
    flat = [(d, r, k, a, *(parent or (None, None)), relation) for d, r, k, a, parent, relation in rows]
    frame = pl.DataFrame(flat, schema, orient="row")
    pairs = pl.DataFrame(near, {"child": pl.String, "parent": pl.String, "relation": pl.String,
                                "probability": pl.Float64}, orient="row")  # fmt: skip
    edges = pl.DataFrame(documented, {"child": pl.String, "parent": pl.String}, orient="row")
    return {
        "occurrences": conform(frame.select("dataset", "row", "key", "answer"), OCCURRENCES),
        "lineage": conform(frame.drop("answer"), LINEAGE),
        "matches": conform(pairs, MATCHES),
        "edges": conform(edges.with_columns(documented=pl.lit(value=True)), EDGES),
    }


FIRST = ("root", 0)
COPIES = [
    ("root", 0, "k", "72", None, None),
    ("b", 3, "k", "72.0", FIRST, "identical"),
    ("c", 1, "k", "72", FIRST, "identical"),
    ("d", 0, "k", "$72$", FIRST, "identical"),
    ("e", 9, "k", "27", FIRST, "identical"),
]


def listed(found, least=0.5):
    return {(row["dataset"], row["row"]): row for row in found.to_dicts() if row["probability"] >= least}


def test_the_row_with_the_outlier_is_listed_with_its_evidence():
    found = doubtful_golds(tables([*COPIES, ("e", 10, "other", "5", None, None)]))
    assert found.schema == GOLD_ERRORS
    assert found.height == 5, "every contradicted row has its probability"
    (row,) = listed(found).values()
    assert (row["dataset"], row["row"], row["suggested"]) == ("e", 9, "72")
    assert row["suggested_probability"] > 0.9
    assert (row["sources_for"], row["sources_against"], row["rows_against"]) == (0, 1, 4)
    evidence = json.loads(row["evidence"])
    assert [(one["answer"], one["rows"]) for one in evidence] == [("72", 4), ("27", 1)]
    assert evidence[1]["for example"] == ["e:9"]


@pytest.mark.parametrize("answer", ["72", "72.00", "\\boxed{72}", None])
def test_answers_that_are_the_same_contradict_nothing(answer):
    assert doubtful_golds(tables([*COPIES[:4], ("e", 9, "k", answer, FIRST, "identical")])).is_empty()


def test_a_reworded_row_bears_witness_and_a_variant_does_not():
    rows = [("a", 0, "k", "72", None, None), ("b", 0, "k", "27", ("a", 0), "identical"),
            ("z", 0, "near", "72", ("a", 0), "reworded")]  # fmt: skip
    either = doubtful_golds(tables(rows))
    assert {round(row["probability"], 1) for row in either.to_dicts()} == {0.5}
    near = doubtful_golds(tables(rows, near=[("near", "k", "reworded", 0.95)]))
    assert set(listed(near)) == {("b", 0)}
    for relation, probability in (("variant", 0.95), ("embedded", 0.95), ("reworded", 0.6)):
        assert doubtful_golds(tables(rows, near=[("near", "k", relation, probability)])).equals(either)


def test_a_reworded_row_is_a_copy_where_that_is_documented():
    rows = [("a", 0, "k", "72", None, None), ("b", 0, "near", "27", ("a", 0), "reworded"),
            ("c", 0, "near", "27", ("b", 0), "identical"), ("x", 0, "k2", "72", None, None)]  # fmt: skip
    near = [("near", "k", "reworded", 0.95), ("k2", "k", "reworded", 0.95)]
    apart = listed(doubtful_golds(tables(rows, near)), 0)
    copied = listed(doubtful_golds(tables(rows, near, documented=[("b", "a")])), 0)
    assert apart["b", 0]["sources_for"] == 1
    assert copied["b", 0]["sources_for"] == 0
    assert copied["b", 0]["probability"] > apart["b", 0]["probability"]


# --- the command ---------------------------------------------------------------------------------------


def call(*arguments):
    """Run a command as a shell does: (exit code, standard output, standard error)."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.argv", ["rlvr-atlas", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
    return stop.value.code or 0, out.getvalue(), err.getvalue()


def test_the_command_lists_them_and_reads_what_it_wrote(tmp_path, monkeypatch):
    recipe = ['[workspace]\npath = "ws"\n[match]\nsemantic = false']
    for at, answer in enumerate([72, 72, 27, 72]):
        line = {
            "problem": "A farmer sells 48 clips in April and half as many in May. How many?",
            "answer": answer,
        }
        birds = {"problem": "Twelve birds sit there and two leave. How many birds are left?", "answer": -10}
        lines = [line, birds] if at == 3 else [line]
        (tmp_path / f"d{at}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
        recipe.append(f'[[datasets]]\nid = "d{at}"\npath = "d{at}.jsonl"\nreleased = 2024-01-0{at + 1}')
    (tmp_path / "recipe.toml").write_text("\n".join(recipe))
    monkeypatch.chdir(tmp_path)
    assert call("run", "recipe.toml")[0] == 0
    code, out, err = call("labels", "ws", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["contradicted"], found["excluded"]) == (4, 1)
    assert [(row["dataset"], row["answer"], row["suggested"]) for row in found["rows"]] == [
        ("d2", "27", "72"),
        ("d3", "-10", None),
    ]
    assert pl.read_parquet("ws/gold_errors.parquet").height == 5
    assert json.loads(call("labels", "ws", "--json", "--dataset", "d1")[1]) == {
        "contradicted": 1,
        "excluded": 0,
        "rows": [],
    }
    code, out, _ = call("labels", "ws")
    assert "2 of 4 contradicted ones and 1 that their question excludes" in " ".join(out.split())
    assert "rlvr-atlas explain ws d2:0" in out
    code, _, err = call("labels", "ws", "--dataset", "d9")
    assert (code, "it holds: d0, d1, d2, d3" in err or "It holds: d0, d1, d2, d3" in err) == (2, True)


# --- planted errors ------------------------------------------------------------------------------------


def test_errors_planted_in_real_golds_are_found(real_data):
    """Copies of GSM8K as published by three people, 5% of all golds changed in four ways."""
    place = Path(__file__).resolve().parents[2] / "benchmarks" / "planted_labels.py"
    spec = importlib.util.spec_from_file_location("planted_labels", place)
    planted_labels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(planted_labels)
    parts = []
    for name in ("gsm8k_train", "gsm8k_verl", "benbench_gsm8k_train"):
        files = sorted(str(path) for path in (real_data / "train" / name).iterdir() if path.is_file())
        data = [path for path in files if path.endswith((".jsonl", ".parquet"))]
        if data:
            reader = open_dataset(DatasetSpec(id=name, path=data), Path())
            parts.append(read_partition(reader).rows.select("dataset", "row", "key", "answer"))
    rows = pl.concat(parts).join(parts[-1].head(1200).select("key").unique(), on="key", how="semi")
    first = rows.group_by("key", maintain_order=True).first().rename({"dataset": "up", "row": "at"})
    rows = rows.join(first.select("key", "up", "at"), on="key")
    own = (pl.col("up") == pl.col("dataset")) & (pl.col("at") == pl.col("row"))
    lines = [
        (d, r, k, a, None if same else (up, at), None if same else "identical")
        for d, r, k, a, up, at, same in rows.with_columns(own=own).iter_rows()
    ]
    assert rows.group_by("key").len().filter(pl.col("len") > 2).height > 500
    found = planted_labels.measure(tables(lines), 0.05, 0)
    assert found["with copies"] > 100
    assert found["precision, first half"] >= 0.9
    assert found["recall with copies, first half"] >= 0.5 * found["recall with copies, all"]
    assert found["recall with copies, all"] >= 0.5
