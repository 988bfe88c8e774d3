"""The function that marks and drops leaking rows, without any library around it."""

import json
import pickle
import subprocess
import sys

import polars as pl
import pytest

from rlvr_atlas.check import check
from rlvr_atlas.errors import InputError
from rlvr_atlas.integrations import LeakFilter

from .conftest import REASONS, item


def columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_each_row_is_marked_with_its_reason_and_item(rows, index):
    marked = LeakFilter(indexes=[index]).mark(columns(rows))
    assert marked["atlas_reason"] == REASONS
    assert (marked["atlas_benchmark"][1], marked["atlas_benchmark_row"][1]) == ("bench", 0)
    assert marked["atlas_relation"][1] == "identical"
    assert (marked["atlas_benchmark"][0], marked["atlas_benchmark_row"][0]) == ("", -1)


@pytest.mark.parametrize("function", ["mark", "keep"])
def test_without_batched_it_is_said_what_is_missing(rows, index, function):
    with pytest.raises(InputError, match="batched=True"):
        getattr(LeakFilter(indexes=[index]), function)(rows[0])


def test_common_text_is_a_possible_leak(rows, index):
    told = LeakFilter(indexes=[index]).tell([*rows[4:], {"problem": "Compute 2+3.", "answer": "5"}])
    assert (told[-1]["reason"], told[-1]["benchmark_row"]) == ("possible leak", 24)


@pytest.mark.parametrize(
    ("drop", "gone"), [(["leak"], {1, 3}), (["possible leak"], set()), (["unreadable"], {2}), ([], set())]
)
def test_rows_are_dropped_for_the_reasons_that_are_asked_for(rows, index, drop, gone):
    kept = LeakFilter(indexes=[index], drop=drop).keep(columns(rows))
    assert {at for at, stays in enumerate(kept) if not stays} == gone


def test_leaks_and_possible_leaks_are_dropped_where_nothing_is_said(rows, index):
    kept = LeakFilter(indexes=[index]).keep(columns([*rows[4:], {"problem": "Compute 2+3.", "answer": "5"}]))
    assert kept == [True] * 20 + [False]


def test_it_says_what_check_says(rows, index, tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = check(file, indexes=[index]).leaks.filter(pl.col("relation") != "variant")
    found = LeakFilter(indexes=[index]).find(pl.DataFrame(rows)).filter(reason="leak")
    assert found["row"].to_list() == said["row"].unique().sort().to_list() != []


def test_batches_say_of_rare_texts_what_the_whole_says(rows, index):
    leaks = LeakFilter(indexes=[index])
    parts = [leaks.tell(rows[at : at + 1]) for at in (0, 3)]
    assert [part[0]["reason"] for part in parts] == ["", "leak"]


def test_a_benchmark_can_be_named_by_its_file(rows, index):
    leaks = LeakFilter(against=[str(index.parent / "bench.jsonl")])
    assert leaks.tell(rows[:2])[1]["relation"] == "identical"


def test_the_problem_is_read_where_it_is_said_to_be(index):
    rows = [{"problem": "A long text that names no problem of any kind at all, twice.", "note": item(2)}]
    assert LeakFilter(indexes=[index], prompt="problem").tell(rows)[0]["reason"] == ""
    assert LeakFilter(indexes=[index]).reading("note").tell(rows)[0]["reason"] == "leak"


def test_what_is_sent_to_workers_is_settings_alone(rows, index):
    leaks = LeakFilter(indexes=[index])
    before = pickle.dumps(leaks)
    leaks.tell(rows[:2])
    assert pickle.dumps(leaks) == before  # so that a cache knows the function again
    assert pickle.loads(before).tell(rows[:2])[1]["reason"] == "leak"


def test_without_anything_named_the_public_atlas_is_asked():
    assert LeakFilter().keep({"problem": [item(0)]}) == [True]


def test_no_rows_are_no_error(index):
    assert LeakFilter(indexes=[index]).mark({"problem": []})["atlas_reason"] == []


def test_a_reason_that_does_not_exist_is_named():
    with pytest.raises(InputError, match=r"drop: no row is dropped for 'leek'.*possible leak"):
        LeakFilter(drop=["leek"])


def test_decoded_pictures_are_refused(rows):
    picture = type("Picture", (), {"__module__": "PIL.Image"})()
    with pytest.raises(InputError, match=r"column 'image'.*cast_column"):
        LeakFilter().tell([rows[0] | {"image": picture}])


def test_a_forked_process_is_told_what_to_do_instead_of_waiting_forever(rows, index):
    # Polars' threads do not live on in it. A process by itself, so that nothing else is forked.
    code = f"""
import os, multiprocessing
from rlvr_atlas.integrations import LeakFilter
leaks = LeakFilter(indexes=[{str(index)!r}])
leaks.tell([{{"problem": "How many are 17 boats and 4 boats?"}}])
with multiprocessing.get_context("fork").Pool(1) as pool:
    try:
        pool.apply_async(leaks.keep, ({{"problem": ["How many?"]}},)).get(timeout=60)
    except Exception as error:
        print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "num_proc" in run.stdout


@pytest.mark.parametrize(
    "given",
    [
        {"indexes": ["gone.index"]},
        {"against": ["gone.jsonl"]},
        {"against": ["gone-*.jsonl"]},
        {"against": ["gone"]},
    ],
)
def test_what_is_not_there_is_said_when_the_filter_is_made(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="gone"):
        LeakFilter(**given)


def test_a_benchmark_on_the_hub_is_not_fetched_when_the_filter_is_made():
    assert LeakFilter(against=["aime24", "owner/name"]).against == ["aime24", "owner/name"]
