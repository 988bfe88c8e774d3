"""How each dataset lays its rows out: field names as in the registry, and what is beside and around them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """A row before it is laid out."""

    row: int
    text: str
    answer: str
    label: str | None
    #: The text as its source has it, where this dataset rewrote it.
    original: str


@dataclass(frozen=True)
class Layout:
    """A dataset's files.

    Attributes:
        record: A row as it is published.
        files: Name of a file, with {n} and {of} where the rows are spread over several; its ending
            is the format.
        shards: Over how many, at full size.
        decoys: Files that hold other rows and must not be read.
        folders: Values of {folder} in `files`, where the rows are spread over folders.
    """

    record: Callable[[Told], Record]
    files: str = "data/train-{n:05}-of-{of:05}.parquet"
    shards: int = 1
    decoys: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def _plain(question: str, answer: str, **more: str) -> Callable[[Told], Record]:
    """Question and answer under these names; `source` names the field of the label, others are constant."""
    label = more.pop("source", None)

    def record(told: Told) -> Record:
        row: Record = {question: told.text, answer: told.answer, **more}
        return {**row, label: told.label} if label else row

    return record


def _solved(question: str, solution: str, ending: str, **more: str) -> Callable[[Told], Record]:
    """A worked solution with the answer at its end."""
    label = more.pop("source", None)

    def record(told: Told) -> Record:
        worked = f"We write down what is given and solve step by step. {ending.replace('@', told.answer)}"
        row: Record = {question: told.text, solution: worked, **more}
        return {**row, label: told.label} if label else row

    return record


_BOX_IT = r"Please reason step by step, and put your final answer within \boxed{}."
_BOXED = r"Therefore the answer is $\boxed{@}$."


def _gsm8k(told: Told) -> Record:
    worked = f"First we count what is there.\nThen we use the rest, <<7*6=42>>42.\n#### {told.answer}"
    return {"question": told.text, "answer": worked}


def _metamath(told: Told) -> Record:
    response = f"We reason step by step.\n#### {told.answer}\nThe answer is: {told.answer}"
    asked = {"query": told.text, "original_question": told.original}
    return {**asked, "response": response, "type": told.label}


def _cot(told: Told) -> Record:
    row = _solved("problem", "solution", _BOXED, source="source")(told)
    said = [("user", told.text), ("assistant", row["solution"])]
    return {**row, "messages": [{"role": role, "content": text} for role, text in said]}


def _numina(told: Told) -> Record:
    worked = _solved("problem", "solution", _BOXED)(told)
    kinds = {"problem_type": "Algebra", "question_type": "math-word-problem", "synthetic": False}
    valid = {"problem_is_valid": "Yes", "solution_is_valid": "Yes"}
    return {**worked, "answer": told.answer, **kinds, "source": told.label, **valid}


def _openr1(told: Told) -> Record:
    row = _numina(told)
    judged = {"correctness_math_verify": [True, False], "uuid": f"u-{told.row}"}
    return {
        **row,
        **judged,
        "generations": [f"<think>A try.</think> It is $\\boxed{{{told.answer}}}$.", "A stop."],
    }


def _eurus(told: Told) -> Record:
    system = (
        "When tackling complex reasoning tasks, you have access to the following actions. [ASSESS] [ADVANCE]"
    )
    asked = told.text + "\n\nPresent the answer in LaTex format: \\boxed{Your answer}"
    gold = told.answer
    code = (told.label or "") in ("codeforces", "taco", "apps", "code_contests")
    if code:
        wanted = "Write Python code to solve the problem. Present the code in"
        asked = f"{told.text}\n\n{wanted} \n```python\nYour code\n```\nat the end."
        gold = json.dumps({"inputs": [f"{told.row}\n"], "outputs": [f"{told.answer}\n"]})
    return {
        "data_source": told.label,
        "prompt": [{"content": system, "role": "system"}, {"content": asked, "role": "user"}],
        "ability": "code" if code else "math",
        "reward_model": {"ground_truth": gold, "style": "rule"},
        "extra_info": {"index": told.row, "split": "train"},
    }


def _verl(asked: Callable[[str], str], gold: Callable[[str], str] = str) -> Callable[[Told], Record]:
    """Verl's own layout."""

    def record(told: Told) -> Record:
        return {
            "data_source": told.label,
            "prompt": [{"content": asked(told.text), "role": "user"}],
            "ability": "MATH",
            "reward_model": {"ground_truth": gold(told.answer), "style": "rule-lighteval/MATH_v2"},
            "extra_info": {"index": f"{told.row}-{len(told.text)}"},
        }

    return record


def _dapo_asks(text: str) -> str:
    before = (
        "Solve the following math problem step by step. The last line of your response should be of the form "
        "Answer: $Answer (without quotes) where $Answer is the answer to the problem."
    )
    return f'{before}\n\n{text}\n\nRemember to put your answer on its own line after "Answer:".'


def _still3(told: Told) -> Record:
    before = (
        "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. "
        "The assistant first thinks about the reasoning process in the mind and then provides the user with "
        "the answer. The reasoning process and answer are enclosed within <think> </think> and <answer> "
        "</answer> tags, respectively, i.e., <think> reasoning process here </think>"
        "<answer> answer here </answer>."
    )
    asked = f"{before} User: {told.text} {_BOX_IT} Assistant:"
    return {
        "prompt": [{"content": asked, "role": "user"}],
        "reward_model": {"ground_truth": told.answer, "style": "rule"},
    }


def _areal(told: Told) -> Record:
    asked = f"<｜User｜>{told.text}\n{_BOX_IT}<｜Assistant｜><think>\n"
    return {
        "prompt": asked,
        "task": "math",
        "query_id": f"q{told.row}",
        "solutions": [f"\\boxed{{{told.answer}}}"],
    }


def _orz(told: Told) -> Record:
    return {
        "0": {"from": "human", "value": told.text},
        "1": {"from": "assistant", "ground_truth": {"value": told.answer}},
    }


def _deepmath(told: Told) -> Record:
    steps = {f"r1_solution_{number}": f"A thought, and so {told.answer}." for number in (1, 2, 3)}
    return {
        "question": told.text,
        "final_answer": told.answer,
        "difficulty": 5.5,
        "topic": "Analysis",
        **steps,
    }


def _amo(told: Told) -> Record:
    ends = (
        "your response in the following format: \\boxed{Your answer}.",
        "present your final answer as a number in the form \\boxed{x}.",
    )
    asked = f"{told.text}\n\nAfter solving the above problem, please output {ends[told.row % 2]}"
    return {
        "question_id": told.row,
        "prompt": asked,
        "answer": f"\\boxed{{{told.answer}}}",
        "answer_type": "number",
    }


def _omni(told: Told) -> Record:
    worked = _solved("problem", "solution", _BOXED)(told)
    return {**worked, "answer": told.answer, "difficulty": 6.5, "source": f"contest_{told.row % 9}"}


_SUBJECTS = (
    "algebra", "counting_and_probability", "geometry", "intermediate_algebra", "number_theory", "prealgebra",
    "precalculus",
)  # fmt: skip
_TEST = "data/test-{n:05}-of-{of:05}.parquet"

LAYOUTS: dict[str, Layout] = {
    "gsm8k": Layout(
        _gsm8k, "main/train-{n:05}-of-{of:05}.parquet", decoys=("socratic/train-00000-of-00001.parquet",)
    ),
    "gsm8k_test": Layout(_gsm8k, "main/test-{n:05}-of-{of:05}.parquet"),
    "math_train": Layout(
        _solved("problem", "solution", _BOXED, level="Level 3", type="Algebra"),
        "{folder}/train-{n:05}-of-{of:05}.parquet",
        folders=_SUBJECTS,
        decoys=("algebra/test-00000-of-00001.parquet",),
    ),
    "lila": Layout(
        _plain("input", "output_answer", output_program="print(1)", split="train", source="dataset"), shards=2
    ),
    "metamathqa": Layout(_metamath, "MetaMathQA-395K.json"),
    "orca_math": Layout(_solved("question", "answer", "The answer is @.")),
    "numinamath_cot": Layout(_cot, shards=5),
    "still_1": Layout(_solved("question", "combined_text", _BOXED, source="domain"), "data/train.jsonl"),
    "olympiads_ref": Layout(_plain("problem", "answer", solution="By symmetry.")),
    "areal_boba": Layout(_areal, "AReaL-boba-106k.jsonl", decoys=("AReaL-boba-SFT-200.jsonl",)),
    "acereason_math": Layout(_plain("problem", "answer"), "math.jsonl"),
    "big_math": Layout(
        _plain("prompt", "answer", domain="Mathematics", llama8b_solve_rate="0.5", source="source"),
        "all/train-{n:05}-of-{of:05}.parquet",
        decoys=("level_1/train-00000-of-00001.parquet",),
    ),
    "dapo_math_17k": Layout(_verl(_dapo_asks), "data/dapo-math-17k.parquet"),
    "dapo_math_17k_processed": Layout(
        _plain("prompt", "solution", ability="MATH", source="data_source"),
        "all/train-{n:05}-of-{of:05}.parquet",
    ),
    "deepmath_103k": Layout(_deepmath, shards=10),
    "deepscaler": Layout(_plain("problem", "answer", solution=""), "deepscaler.json"),
    "eurus_2_rl": Layout(_eurus, shards=3),
    "klear_mathsub_30k": Layout(
        _verl(
            lambda text: f"{text}\nPlease reason step by step, and put your final answer within \\boxed{{}}."
        )
    ),
    "numinamath_1_5": Layout(_numina, shards=3),
    "open_rs": Layout(_solved("problem", "solution", _BOXED, level="Hard")),
    "openr1_math_220k": Layout(
        _openr1,
        "all/train-{n:05}-of-{of:05}.parquet",
        shards=10,
        decoys=("data/train-00000-of-00001.parquet", "extended/train-00000-of-00001.parquet"),
    ),
    "orz_math_72k": Layout(_orz, "orz_math_72k_collection_extended.json"),
    "polaris_53k": Layout(_plain("problem", "answer", difficulty="4/8"), "polaris-data-53K.parquet"),
    "skywork_or1": Layout(
        _verl(
            lambda text: (
                f"{text}\n\nLet's think step by step and output the final answer within \\boxed{{}}."
            ),
            lambda answer: json.dumps([answer]),
        ),
        "data/math-{n:05}-of-{of:05}.parquet",
        shards=2,
    ),
    "still_3_rl_90k": Layout(_still3, "data/train.jsonl"),
    "math_500": Layout(
        _plain("problem", "answer", solution="Worked.", subject="Algebra", level="2"), "test.jsonl"
    ),
    "aime24": Layout(_solved("problem", "solution", _BOXED, url="https://example.org"), _TEST),
    "aime25": Layout(_plain("problem", "answer", id="0"), "test.jsonl"),
    "amc23": Layout(_plain("question", "answer", url="https://example.org"), _TEST),
    "olympiadbench": Layout(_plain("question", "answer", subfield="Algebra", answer_type="Numerical"), _TEST),
    "minerva_math": Layout(_plain("question", "answer"), "test.jsonl"),
    "omni_math": Layout(_omni, "test.jsonl"),
    "beyond_aime": Layout(_plain("problem", "answer"), _TEST),
    "amo_bench": Layout(_amo, _TEST),
    "imo_answerbench": Layout(
        _plain("Problem", "Short Answer", Category="Algebra", Source="A shortlist"), "answerbench.csv"
    ),
    "harp": Layout(_plain("problem", "answer", subject="algebra"), "HARP.jsonl"),
    "hle_math": Layout(_plain("question", "answer", category="Math"), "hle_math.jsonl"),
    "math_odyssey": Layout(
        _plain("problem_statement", "answer", level="High School"), "final-odyssey-math.jsonl"
    ),
}
