"""Detection on the field names and nestings under which datasets are published, with invented problems."""

import json
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.load import open_dataset

_THINGS = ("lamps", "ropes", "kites", "bricks", "maps", "seeds", "bells", "drums")


def question(i: int) -> str:
    return (
        f"A shed holds {i + 3} {_THINGS[i % 8]} and {2 * i} more arrive. How many {_THINGS[i % 8]} are there?"
    )


def worked(i: int) -> str:
    return f"First count what is there: {i + 3}. Then {2 * i} arrive, so the total is {3 * i + 3}."


def final(i: int) -> str:
    return str(3 * i + 3)


def read(folder: Path, rows: list[object], name: str = "rows.jsonl", **spec: object) -> pl.DataFrame:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    reader = open_dataset(DatasetSpec.model_validate({"id": "d", "path": name, **spec}), folder)
    return pl.concat(reader.batches())


def chat(text: str, who: str = "role", said: str = "content", user: str = "user") -> list[dict[str, str]]:
    return [{who: "system", said: "Reason step by step."}, {who: user, said: text}]


# One row each, as published; what is expected: (question is the plain one, answer, kind, source)
LAYOUTS = {
    "problem_answer": lambda i: {"problem": question(i), "answer": final(i)},
    "capitals": lambda i: {"Problem ID": f"p{i}", "Problem": question(i), "Short Answer": final(i)},
    "hyphens": lambda i: {"problem-description": question(i), "expected-answer": final(i)},
    "camel": lambda i: {"problemStatement": question(i), "finalAnswer": final(i), "problemType": "counting"},
    "verl": lambda i: {
        "data_source": "s",
        "prompt": chat(question(i)),
        "ability": "math",
        "reward_model": {"ground_truth": final(i), "style": "rule"},
        "extra_info": {"index": i, "split": "train"},
    },
    "ground_truth_list": lambda i: {
        "prompt": chat(question(i)),
        "reward_model": {"ground_truth": [final(i)]},
    },
    "ground_truth_list_as_text": lambda i: {
        "prompt": chat(question(i)),
        "reward_model": {"ground_truth": json.dumps([final(i)])},
        "extra_info": {"index": i, "model_difficulty": {"small": i % 5}},
    },
    "ground_truth_struct": lambda i: {
        "prompt": chat(question(i)),
        "reward_model": {
            "ground_truth": {"question": question(i), "target": final(i), "solution": worked(i)}
        },
    },
    "turns_as_fields": lambda i: [
        {"from": "human", "value": question(i)},
        {"from": "assistant", "ground_truth": {"value": final(i)}},
    ],
    "sharegpt": lambda i: {"conversations": chat(question(i), "from", "value", "human"), "answer": final(i)},
    "chat_as_text": lambda i: {"messages": json.dumps(chat(question(i))), "label": final(i)},
    "content_parts": lambda i: {
        "prompt": [{"role": "user", "content": [{"type": "text", "text": question(i)}]}],
        "answer": final(i),
    },
    "processed": lambda i: {
        "prompt": question(i),
        "solution": final(i),
        "data_source": "s",
        "source_prompt": chat("Solve this. " + question(i)),
        "ability": "MATH",
    },
    "solved_many_times": lambda i: {
        "problem": question(i),
        "solution": worked(i),
        "answer": final(i),
        "problem_type": "Algebra",
        "question_type": "math-word-problem",
        "uuid": f"{i:032x}",
        "generations": [worked(i), worked(i) + " Really."],
        "messages": [*chat(question(i)), {"role": "assistant", "content": worked(i)}],
    },
    "boxed_list": lambda i: {"prompt": question(i), "solutions": [f"\\boxed{{{final(i)}}}"], "task": "math"},
    "boxed_solution": lambda i: {
        "problem": question(i),
        "solution": f"{worked(i)} \\boxed{{{final(i)}}}",
        "level": "Level 1",
    },
    "hashes": lambda i: {"question": question(i), "answer": f"{worked(i)}\n#### {final(i)}"},
    "long_answer": lambda i: {"question": question(i), "answer": worked(i) + " " + worked(i + 1)},
    "query_response": lambda i: {
        "query": question(i),
        "original_question": question(i).replace("shed", "barn"),
        "response": worked(i) + f" The answer is: {final(i)}",
        "type": "rephrased",
    },
    "input_output": lambda i: {
        "input": question(i),
        "output_program": f"a = {i} + 3\nprint(a)",
        "output_answer": final(i),
        "split": "train",
        "dataset": "s",
    },
    "code_boilerplate": lambda i: {
        "task_id": f"t{i}",
        "prompt": "from typing import List\nimport math\n" + "import re\n" * (i % 2),
        "query": question(i),
        "completion": f"def f(n):\n    total = n + {i}\n    return total * 2 if total else None\n",
        "entry_point": "f",
    },
    "contest_code": lambda i: {
        "name": f"{i}_A. Shed",
        "description": question(i),
        "public_tests": {"input": ["1\n"], "output": ["2\n"]},
        "solutions": {"language": [1, 2], "solution": ["int main() { return 0; }", "print(0)  # at last"]},
    },
    "constant_instruction": lambda i: {
        "instruction": "Solve the following problem and give the number.",
        "input": question(i),
        "output": final(i),
    },
    "wrapped": lambda i: {f"Item_{i}": {"question": question(i), "answer": final(i), "label": "Algebra"}},
    "bare_text": question,
    "stem": lambda i: {
        "question": {
            "stem": question(i),
            "choices": [{"label": "A", "text": "1"}, {"label": "B", "text": "2"}],
        },
        "answerKey": "A",
    },
    "unknown_names": lambda i: {"alpha": f"k-{i}", "beta": question(i), "gamma": i % 3},
}
NO_ANSWER = {"bare_text", "unknown_names", "contest_code"}
SOLUTION_ONLY = {
    "boxed_list", "boxed_solution", "hashes", "long_answer", "query_response", "code_boilerplate",
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_published_layout_gives_the_plain_question_and_its_answer(name: str, tmp_path: Path) -> None:
    frame = read(tmp_path, [LAYOUTS[name](i) for i in range(40)])
    assert frame["question"].to_list() == [question(i) for i in range(40)]
    if name in NO_ANSWER:
        assert frame["answer"].null_count() == 40
    elif name in SOLUTION_ONLY:
        assert set(frame["answer_kind"]) == {"solution"}
        assert frame["answer"].null_count() == 0
    else:
        assert set(frame["answer_kind"]) == {"final"}
        expected = ["A"] * 40 if name == "stem" else [final(i) for i in range(40)]
        assert frame["answer"].to_list() == expected
    if '"s"' in json.dumps(LAYOUTS[name](1)):
        assert set(frame["declared_source"]) == {"s"}


REWORDED = {
    "rewritten_question": "question",
    "question_rewritten": "question",
    "rephrased_problem": "problem",
    "rewritten": "original",
    "paraphrasedQuestion": "question",
}


@pytest.mark.parametrize("name", REWORDED)
def test_the_text_of_a_rewording_is_the_reworded_one_with_the_plain_answer(name: str, tmp_path: Path) -> None:
    rows = [
        {
            REWORDED[name]: question(i),
            name: f"Reworded: {question(i)}",
            "answer": final(i),
            f"{name}_answer": "0",
        }
        for i in range(30)
    ]
    rows[7][name] = ""  # the original must not stand in for it
    frame = read(tmp_path, rows)
    assert frame["question"].str.starts_with("Reworded: ").all()
    assert frame["answer"].to_list() == [final(i) for i in range(30) if i != 7]


def test_a_changed_problem_takes_the_changed_answer(tmp_path: Path) -> None:
    rows = [
        {
            "question": question(i),
            "answer": final(i),
            "new_question": question(i + 50),
            "new_answer": final(i + 50),
        }
        for i in range(30)
    ]
    frame = read(tmp_path, rows)
    assert frame["question"][4] == question(54)
    assert frame["answer"][4] == final(54)


def test_a_context_is_joined_to_the_question_it_belongs_to(tmp_path: Path) -> None:
    rows = [
        {"Body": f"A shed holds {i} {_THINGS[i % 8]}.", "Question": f"How many after {i} go?"}
        for i in range(30)
    ]
    rows[3]["Body"] = None
    frame = read(tmp_path, rows)
    assert frame["question"][2] == "A shed holds 2 kites. How many after 2 go?"
    assert frame["question"][3] == "How many after 3 go?"


def test_a_part_of_the_question_is_not_joined_to_it_again(tmp_path: Path) -> None:
    frame = read(tmp_path, [{"Body": question(i).split(".")[0], "Question": question(i)} for i in range(30)])
    assert frame["question"].to_list() == [question(i) for i in range(30)]


def test_an_instruction_that_varies_is_joined_to_its_input(tmp_path: Path) -> None:
    frame = read(
        tmp_path, [{"instruction": question(i), "input": f"Take part {i}.", "output": "1"} for i in range(30)]
    )
    assert frame["question"][5] == f"{question(5)} Take part 5."


def test_masked_numbers_are_filled_in(tmp_path: Path) -> None:
    rows = [
        {
            "Question": f"There are number0 {_THINGS[i % 8]} and number1 go. How many of number0 stay?",
            "Numbers": f"{i + 5}.0 {i}.5",
            "Equation": "- number0 number1",
            "Answer": 4.5,
        }
        for i in range(30)
    ]
    rows[4]["Numbers"] = "9.0"  # one number for two places: nothing is guessed
    frame = read(tmp_path, rows)
    assert frame["question"][1] == "There are 6 ropes and 1.5 go. How many of 6 stay?"
    assert "number0" in frame["question"][4]


def test_one_text_with_question_and_answer_is_taken_apart(tmp_path: Path) -> None:
    rows = [{"text": f"Question: {question(i)}\nAnswer: {worked(i)}\n#### {final(i)}"} for i in range(30)]
    rows[9]["text"] = "Question: \nAnswer: \n#### 9"
    frame = read(tmp_path, rows)
    assert frame["question"].to_list() == [question(i) for i in range(30) if i != 9]
    assert frame["answer"][0] == f"{worked(0)}\n#### 3"
    assert set(frame["answer_kind"]) == {"solution"}


def test_the_last_turn_of_the_user_counts_and_no_other_speaker(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "Hello there, I have a question for you."},
        {"role": "assistant", "content": "What is it that you want to know?"},
    ]
    frame = read(
        tmp_path, [{"messages": [*turns, {"role": "user", "content": question(i)}]} for i in range(20)]
    )
    assert frame["question"].to_list() == [question(i) for i in range(20)]


def test_a_problem_beside_a_prompt_is_preferred_only_where_it_is_the_same(tmp_path: Path) -> None:
    same = read(
        tmp_path, [{"problem": question(i), "prompt": f"Solve: {question(i)} Now."} for i in range(20)]
    )
    assert same["question"][0] == question(0)
    made_from = read(tmp_path, [{"problem": question(i), "prompt": question(i + 50)} for i in range(20)])
    assert made_from["question"][0] == question(50)


def test_two_kinds_of_row_in_one_file_are_both_read(tmp_path: Path) -> None:
    kinds = (
        lambda i: {"problem": question(i), "answer": final(i)},
        lambda i: {"prompt": chat(question(i)), "reward_model": {"ground_truth": final(i)}},
        lambda i: {"input": question(i), "target": final(i)},
    )
    frame = read(tmp_path, [kinds[i % 3](i) for i in range(60)])
    assert frame["question"].to_list() == [question(i) for i in range(60)]
    assert frame["answer"].to_list() == [final(i) for i in range(60)]


OPTIONS = {
    "list": {"options": ["A)4", "B)5", "C)6"]},
    "structs": {"choices": {"text": ["A)4", "B)5", "C)6"], "label": ["A", "B", "C"]}},
    "nested": {"answer_option_list": [[{"aoVal": x[0], "content": x}] for x in ("A)4", "B)5", "C)6")]},
    "by_letter": {"options": {"A": "A)4", "B": "B)5", "C": "C)6"}},
    "columns": {"A": "A)4", "B": "B)5", "C": "C)6"},
    "numbered": {"option_1": "A)4", "option_2": "B)5", "option_3": "C)6"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_are_found_in_their_own_field(name: str, tmp_path: Path) -> None:
    frame = read(tmp_path, [{"question": question(i), **OPTIONS[name], "answer": 2} for i in range(20)])
    assert frame["options"].to_list() == [["A)4", "B)5", "C)6"]] * 20
    assert frame["answer"].to_list() == ["2"] * 20


def test_lettered_options_in_one_text_are_separated(tmp_path: Path) -> None:
    rows = [{"Problem": question(i), "options": "a ) 38 , b ) 27.5 , c ) none of these"} for i in range(20)]
    assert read(tmp_path, rows)["options"][0].to_list() == ["38", "27.5", "none of these"]


ANSWERS = [
    ("4", "4"),
    (4, "4"),
    (142.0, "142.0"),
    (True, "true"),
    (["9.6\n"], "9.6\n"),
    (["1", "2"], '["1", "2"]'),
    ({"target": 7}, "7"),
    ({"target": None, "solution": "See above."}, None),
    ({"numbers": [1, 2], "other": None}, '{"numbers": [1, 2]}'),
    (123456789012345678901234567890, "123456789012345678901234567890"),
    (None, None),
    ("", None),
    ("  ", None),
    ([], None),
    ({}, None),
    (float("nan"), None),
]


@pytest.mark.parametrize(("value", "text"), ANSWERS)
def test_an_answer_of_any_shape_becomes_text_and_never_costs_the_row(
    value: object, text: object, tmp_path: Path
) -> None:
    frame = read(tmp_path, [{"question": question(i), "answer": value} for i in range(12)])
    assert frame["answer"].to_list() == [text] * 12


def test_a_struct_that_only_identifies_the_problem_is_no_answer_to_it(tmp_path: Path) -> None:
    about = {
        "question_title": "Kites",
        "contest_id": "k1",
        "contest_date": "2024-08-03",
        "difficulty": "easy",
    }
    rows = [{"prompt": question(i), "final_answer": about | {"contest_id": f"k{i}"}} for i in range(9)]
    assert read(tmp_path, rows)["answer"].to_list() == [None] * 9
    # A grid is an answer, and so is a struct that has one among its notes.
    for name, told in (("a", {"header": ["House"], "rows": [["1"]]}), ("b", about | {"answer": "7"})):
        rows = [{"prompt": question(i), "final_answer": told} for i in range(9)]
        assert read(tmp_path, rows, f"{name}.jsonl")["answer"].null_count() == 0


def test_a_missing_answer_is_looked_for_in_the_solution(tmp_path: Path) -> None:
    rows = [
        {
            "problem": question(i),
            "answer": None if i == 3 else final(i),
            "solution": f"{worked(i)} \\boxed{{1}}",
        }
        for i in range(20)
    ]
    frame = read(tmp_path, rows)
    assert frame["answer_kind"].to_list() == ["solution" if i == 3 else "final" for i in range(20)]
    assert frame["answer"][3] == f"{worked(3)} \\boxed{{1}}"


SPLITS = {
    "train.jsonl": "train",
    "algebra__test-00000-of-00001.jsonl": "test",
    "val.jsonl": "validation",
    "trainset.jsonl": "train",
    "dev.jsonl": "dev",
    "latest.jsonl": None,
    "constrained.jsonl": None,
}


@pytest.mark.parametrize("name", SPLITS)
def test_the_split_comes_from_the_file_name_where_no_field_says_it(name: str, tmp_path: Path) -> None:
    assert set(read(tmp_path, [{"question": question(i)} for i in range(5)], name)["split"]) == {SPLITS[name]}


def test_labels_are_kept_as_they_are(tmp_path: Path) -> None:
    rows = [
        {
            "question": question(i),
            "source": "Cup 1999, final",
            "dataset": "x",
            "type": "word",
            "split": "held-out",
        }
        for i in range(8)
    ]
    frame = read(tmp_path, rows, "train.jsonl")
    assert frame.select("declared_source", "hint", "split").unique().rows() == [
        ("Cup 1999, final", "word", "held-out")
    ]
