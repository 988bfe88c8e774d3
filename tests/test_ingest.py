"""What a dataset alone decides depends on no other dataset, and is made once."""

import json

import polars as pl
import pytest

from rlvr_atlas import ingest, pipeline
from rlvr_atlas.config import parse_recipe

WRAPPED = "Reason with care and box the result of this riddle: "


def write(folder, name, texts):
    lines = [json.dumps({"problem": text, "answer": str(n)}) for n, text in enumerate(texts)]
    (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")


def recipe(folder, names, workspace):
    datasets = [
        {"id": name, "path": str(folder / f"{name}.jsonl"), "released": f"2024-01-{n + 1:02}"}
        for n, name in enumerate(names)
    ]
    return parse_recipe({"workspace": {"path": str(folder / workspace)}, "datasets": datasets})


@pytest.fixture
def folder(tmp_path):
    riddles = [
        f"How many of the {n} lanterns on pier {n * 7} are lit at {n % 12} o'clock?" for n in range(60)
    ]
    write(tmp_path, "plain", riddles[:20])
    write(tmp_path, "wrapped", [WRAPPED + riddle for riddle in riddles])
    # Too few rows for a template to be seen in them.
    write(tmp_path, "few", [WRAPPED + riddle for riddle in riddles[:2]])
    return tmp_path


def keys(workspace, dataset):
    return workspace.read("occurrences").filter(dataset=dataset).sort("row")["key"].to_list()


def test_another_dataset_never_changes_a_key(folder):
    alone = pipeline.run(recipe(folder, ["few"], "alone"), stages=("ingest",))
    among = pipeline.run(recipe(folder, ["plain", "wrapped", "few"], "among"), stages=("ingest",))
    assert "wrapped" in among.read("templates").filter(origin="inferred")["dataset"].to_list()
    assert keys(among, "few") == keys(alone, "few")
    assert keys(among, "wrapped")[:20] == keys(among, "plain")


def test_adding_and_removing_datasets_reads_no_other_again_and_gives_the_same_tables(folder, monkeypatch):
    read = []

    def counting(reader):
        read.append(reader.spec.id)
        return read_partition(reader)

    read_partition = ingest.read_partition
    monkeypatch.setattr(ingest, "read_partition", counting)
    for names in (["plain"], ["plain", "wrapped"], ["plain", "wrapped", "few"], ["plain", "few"]):
        grown = pipeline.run(recipe(folder, names, "grown"), stages=("ingest",))
    assert read == ["plain", "wrapped", "few"]
    fresh = pipeline.run(recipe(folder, ["plain", "few"], "fresh"), stages=("ingest",))
    for table in fresh.manifest["stages"]["ingest"]["tables"]:
        assert (grown.folder / f"{table}.parquet").read_bytes() == (
            fresh.folder / f"{table}.parquet"
        ).read_bytes()


def test_what_is_kept_holds_no_text_as_published(folder):
    workspace = pipeline.run(recipe(folder, ["wrapped"], "kept"), stages=("ingest",))
    (kept,) = (workspace.folder / "cache" / "rows").glob("*.parquet")
    frame = pl.read_parquet(kept)
    assert not {"question", "options", "hint"} & set(frame.columns)
    assert not any(prompt.startswith(WRAPPED) for prompt in frame["prompt"])
