"""Real answers: the same problems published several times, with answers written in different ways."""

import collections
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rlvr_atlas.answer import compare, extract, normal_form

pytestmark = pytest.mark.real


def verl_rows(path: Path) -> list[dict]:
    return pq.read_table(path).to_pylist()


def json_rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def final(value: object) -> str | None:
    return extract(value if isinstance(value, str) else json.dumps(value), "final")


def tally(pairs):
    return collections.Counter(compare(a, b) for a, b in pairs)


def test_structs_with_spaces_and_text_commands_lost_are_read(real_data):
    plain = {}
    for row in verl_rows(real_data / "train/math7500_decs/train.parquet"):
        problem = row["prompt"][0]["content"].rpartition(" Please reason step by step")[0]
        plain[problem] = final(row["reward_model"]["ground_truth"])
    pairs = []
    for row in verl_rows(real_data / "train/math7500_rlvr_decomposed/train.parquet"):
        truth = row["reward_model"]["ground_truth"]
        pairs.append((plain.get(truth["question"]), final(truth)))
    pairs = [(a, b) for a, b in pairs if a is not None]
    found = tally(pairs)
    assert sum(a != b for a, b in pairs) > 1000
    assert found["same"] > 7400
    assert found["different"] + found["unknown"] < 20


def test_answers_out_of_solutions_agree_with_the_published_ones(real_data):
    solutions = json_rows(real_data / "train/gsm8k_train/train.jsonl")
    published = verl_rows(real_data / "train/gsm8k_verl/train.parquet")
    pairs = [
        (extract(row["answer"], "solution"), final(other["reward_model"]["ground_truth"]))
        for row, other in zip(solutions, published, strict=True)
    ]
    assert tally(pairs) == {"same": 7473}

    solutions = json_rows(real_data / "benchmarks/minerva_qwen/test.jsonl")
    published = json_rows(real_data / "benchmarks/minerva_atlas/test.jsonl")
    pairs = [
        (extract(row["solution"], "solution"), final(other["answer"]))
        for row, other in zip(solutions, published, strict=True)
    ]
    assert tally(pairs) == {"same": 272}

    rows = json_rows(real_data / "benchmarks/math500_atlas/test.jsonl")
    assert tally((extract(row["solution"], "solution"), final(row["answer"])) for row in rows) == {
        "same": 500
    }

    rows = json.loads((real_data / "train/svamp_reft_nl/svamp_nl.json").read_text(encoding="utf-8"))
    found = tally((extract(row["answer_cot"], "solution"), final(row["answer_value"])) for row in rows)
    assert found["same"] > 3060
    assert found["different"] <= 3


def test_lists_of_texts_are_read(real_data):
    lists = json_rows(real_data / "benchmarks/olympiadbench_qwen/test.jsonl")
    plain = json_rows(real_data / "benchmarks/olympiadbench_atlas/test.jsonl")
    pairs = [
        (final(row["final_answer"]), final(other["answer"])) for row, other in zip(lists, plain, strict=True)
    ]
    assert tally(pairs) == {"same": 675}


def test_every_boxed_solution_has_an_answer_with_a_form(real_data):
    rows = json_rows(real_data / "benchmarks/math_test/test.jsonl")
    forms = [normal_form(extract(row["solution"], "solution")) for row in rows]
    assert len(forms) == 5000
    assert None not in forms
