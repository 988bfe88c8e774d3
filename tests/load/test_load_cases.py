"""The shared cases of files: each is read as its WANT says."""

from pathlib import Path

import polars as pl
import pytest

from .problems import load

WHOLE = {
    "load_bz2_jsonl": "a.jsonl.bz2", "load_csv_backslash": "a.csv", "load_instruction_output_key": "a.json",
    "load_json_string_prompt": "a.parquet", "load_nested_gz": "a.jsonl.gz", "load_prime_verifiers": "a.jsonl",
    "load_save_to_disk": "x", "load_sequence_struct": "a.parquet", "load_tar_jsonl": "a.tar.gz",
    "load_utf16_jsonl": "a.jsonl", "load_xz_jsonl": "a.jsonl.xz", "load_zip_jsonl": "a.zip",
}  # fmt: skip


def test_every_case_of_files_is_tested(cases: Path) -> None:
    there = {path.name for path in cases.glob("load_*")}
    assert there == {*WHOLE, "load_sql_gold"}


@pytest.mark.parametrize("case", WHOLE)
def test_all_rows_are_read_with_their_answers(case: str, cases: Path) -> None:
    frame, reader = load(cases / case, WHOLE[case])
    assert (frame.height, frame["question"].n_unique()) == (24, 24)
    assert frame["answer"].str.contains(r"^\d+$").all()
    assert frame["question"].str.contains("pears|crates|marbles|rope").any()
    assert set(frame["answer_kind"]) == {"final"}
    assert reader.skipped_rows.is_empty()


def test_escaped_quotes_are_restored(cases: Path) -> None:
    frame, _ = load(cases / "load_csv_backslash", "a.csv")
    assert frame["question"].str.ends_with('He said "go".').all()


def test_the_turn_of_the_user_is_the_prompt(cases: Path) -> None:
    for case in ("load_sequence_struct", "load_json_string_prompt"):
        frame, _ = load(cases / case, "a.parquet")
        assert not frame["question"].str.contains("helpful assistant|role").any()


def test_splits_come_from_the_folders(cases: Path) -> None:
    frame, _ = load(cases / "load_save_to_disk", "x")
    assert dict(frame["split"].value_counts().iter_rows()) == {"train": 16, "test": 8}


@pytest.mark.parametrize(("name", "least"), [("bird.jsonl", 30), ("long.jsonl", 200)])
def test_a_query_is_an_answer_however_long_it_is(name: str, least: int, cases: Path) -> None:
    frame, _ = load(cases / "load_sql_gold", name)
    assert set(frame["answer_kind"]) == {"final"}
    assert frame.filter(pl.col("answer").str.starts_with("SELECT")).height == 24
    assert frame["answer"].str.len_chars().min() > least
