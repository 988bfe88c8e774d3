"""Answers that are long because they are queries, programs or options, and not worked solutions."""

import json

import polars as pl
import pytest

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.load import open_dataset

CASES = ("bird", "long")


def question(i):
    return (
        f"Bo has {i + 5} ropes and gives {i + 2} of them to Ada. How many ropes of Bo's are left in shed {i}?"
    )


def sql(i):
    return (
        f"SELECT o.name, SUM(p.price) AS total FROM orders AS o JOIN parts AS p ON o.part_id = p.id "
        f"WHERE p.shed = {i} GROUP BY o.name HAVING SUM(p.price) > {10 * i} ORDER BY total DESC LIMIT {i + 1}"
    )


def nested_sql(i):
    return (
        f"WITH recent AS (SELECT id, shed FROM orders WHERE year > {1990 + i}) SELECT COUNT(*) FROM recent "
        * 2
    )


def program(i):
    return (
        f"def ropes_left(start={i}, given=2):\n    total = 0\n    for step in range(start):\n"
        f"        total += step % {i + 2}\n    return max(total - given, 0)\n\nprint(ropes_left())\n"
    )


def option(i):
    return (
        f"(C) The holder of the note may sue the maker number {i} at once, since a note that is payable "
        "on demand is due from the day on which it was issued, and no notice is required before that"
    )


def report(i):
    return (
        f"Shed {i} lies on the northern bank of the river, was built by two brothers in the year "
        f"{1800 + i} and holds ropes, lamps and kites, of which only the ropes were counted when it was sold"
    )


def worked(i):
    return (
        f"First count the ropes that Bo has: {i + 5}. Then {i + 2} of them go to Ada, who is glad to "
        "have them, therefore the number of ropes that are left is the difference. The answer is 3."
    )


def marked(i):
    return f"Bo has {i + 5} ropes. He gives away {i + 2}. " * 3 + "\n#### 3"


LONG = {
    "ground_truth": lambda i: {"question": question(i), "ground_truth": sql(i)},
    "reward_model": lambda i: {
        "prompt": question(i),
        "reward_model": {"ground_truth": sql(i), "style": "rule"},
    },
    "reward_spec": lambda i: {"prompt": question(i), "reward_spec": {"ground_truth": nested_sql(i)}},
    "answer": lambda i: {"question": question(i), "answer": sql(i)},
    "expected_answer": lambda i: {"problem": question(i), "expected_answer": nested_sql(i)},
    "SQL": lambda i: {"question": question(i), "db_id": f"db{i}", "SQL": sql(i)},
    "query": lambda i: {"question": question(i), "db_id": f"db{i}", "query": sql(i)},
    "gold_sql": lambda i: {"question": question(i), "gold_sql": nested_sql(i)},
    "lower case": lambda i: {"question": question(i), "sparql": sql(i).lower()},
    "program": lambda i: {"question": question(i), "ground_truth": program(i)},
    "program in a target": lambda i: {"question": question(i), "target": program(i)},
    "program in reward_model": lambda i: {
        "prompt": question(i),
        "reward_model": {"ground_truth": program(i)},
    },
    "option": lambda i: {"question": question(i), "answer": option(i)},
    "option in correct_answer": lambda i: {"question": question(i), "correct_answer": option(i)},
    "reference": lambda i: {"question": question(i), "reference_answer": report(i)},
}
WORKED = {
    "a worked answer": lambda i: {"question": question(i), "answer": worked(i)},
    "a marked answer": lambda i: {"question": question(i), "answer": marked(i)},
    "a marked ground truth": lambda i: {"question": question(i), "ground_truth": marked(i)},
    "a solution": lambda i: {"question": question(i), "solution": worked(i)},
}


def kinds(folder, make):
    rows = [make(i) for i in range(24)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read(folder)


def read(folder, name="rows.jsonl"):
    reader = open_dataset(DatasetSpec.model_validate({"id": "d", "path": name}), folder)
    return pl.concat(reader.batches())


@pytest.mark.parametrize("make", LONG.values(), ids=LONG)
def test_a_long_answer_is_an_answer_where_its_field_says_so(tmp_path, make):
    rows = kinds(tmp_path, make)
    assert rows["answer_kind"].to_list() == ["final"] * 24
    assert rows["answer"].n_unique() == 24
    assert rows["question"].to_list() == [question(i) for i in range(24)]


@pytest.mark.parametrize("make", WORKED.values(), ids=WORKED)
def test_a_worked_solution_stays_one(tmp_path, make):
    assert kinds(tmp_path, make)["answer_kind"].to_list() == ["solution"] * 24


def test_sentences_that_begin_with_select_are_no_queries(tmp_path):
    rows = kinds(
        tmp_path,
        lambda i: {
            "question": question(i),
            "note": f"Select one number from the list of {i} numbers",
            "solution": worked(i),
        },
    )
    assert rows["answer_kind"].to_list() == ["solution"] * 24


@pytest.mark.parametrize("name", CASES)
def test_the_shared_case_of_queries(name, request):
    folder = request.config.rootpath.parent / "shared" / "cases" / "load_sql_gold"
    if not folder.is_dir():
        pytest.skip(f"no shared cases at {folder}")
    rows = read(folder, f"{name}.jsonl")
    assert rows["answer_kind"].to_list() == ["final"] * 24
    assert rows["answer"].null_count() == 0
