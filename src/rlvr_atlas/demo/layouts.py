r"""How the demo's datasets are laid out in files: the shapes and names that published datasets use.

A layout takes rows in order and one path, and writes all of them. A row without a question is written as the
null or empty text that such rows have in published files.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

#: Templates that many published datasets use, and one that nobody knows.
BOXED_SUFFIX = "\n\nLet's think step by step and output the final answer within \\boxed{}."
BOXED_SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."
EXAM_PREFIX = (
    "You are sitting a quiet exam. Read the task, work it out on paper, and finish with the bare result."
    "\n\nTask: "
)
EXAM_SUFFIX = "\n\nWrite the bare result after the word RESULT, on a line of its own."
ARENA_PREFIX = (
    "Player and Referee share a table. The Referee lays out a puzzle and the Player thinks aloud between "
    "<plan> and </plan> before giving a reply between <reply> and </reply>.\nReferee: "
)
ARENA_SUFFIX = "\nPlayer: <plan>"


@dataclass(frozen=True)
class Row:
    """One row as it goes into a file: the dataset's own wrapping is already around the question."""

    index: int
    question: str | None
    answer: str | None
    solution: str
    label: str | None = None


Fields = Callable[[Row], Mapping[str, Any]]


def _boxed(row: Row) -> str | None:
    if row.answer is None:
        return None
    return (
        row.solution
        if "\\boxed" in row.solution
        else f"{row.solution} The answer is $\\boxed{{{row.answer}}}$."
    )


def _verl(row: Row, system: str = "") -> dict[str, Any]:
    messages = [{"role": "system", "content": system}] if system else []
    return {
        "data_source": row.label or "demo",
        "prompt": [*messages, {"role": "user", "content": row.question or ""}],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": row.answer},
        "extra_info": {"split": "train", "index": row.index},
    }


def _chatml(row: Row) -> dict[str, Any]:
    turns = (
        f"<|im_start|>system\n{BOXED_SYSTEM}<|im_end|>\n<|im_start|>user\n{row.question or ''}<|im_end|>\n"
    )
    return {"input": f"{turns}<|im_start|>assistant\n", "gt_answer": row.answer, "output": _boxed(row)}


def _chat(row: Row) -> dict[str, Any]:
    turns = [{"from": "system", "value": BOXED_SYSTEM}, {"from": "user", "value": row.question or ""}]
    return {"prompt": turns, "final_answer": row.answer}


def _hashes(row: Row) -> dict[str, Any]:
    return {"question": row.question, "answer": row.answer and f"{row.solution}\n#### {row.answer}"}


#: What the fields of each layout are called and hold.
FIELDS: dict[str, Fields] = {
    "hashes": _hashes,
    "boxed": lambda row: {"problem": row.question, "type": "Mixed", "solution": _boxed(row)},
    "titled": lambda row: {"Number": row.index + 1, "Problem": row.question, "Answer": row.answer},
    "plain": lambda row: {"problem": row.question, "answer": row.answer},
    "final": lambda row: {
        "id": f"q-{row.index}",
        "question": row.question,
        "final_answer": row.answer and [row.answer],
    },
    "instruction": lambda row: {"instruction": row.question, "output": row.answer},
    "query": lambda row: {"query": row.question, "response": _boxed(row)},
    "labelled": lambda row: {"prompt": row.question, "answer": row.answer, "source": row.label},
    "verl": _verl,
    "verl_system": lambda row: _verl(row, BOXED_SYSTEM),
    "chat": _chat,
    "chatml": _chatml,
}


def wrap(question: str, wrapping: str) -> str:
    """Put a named template around a question; the empty name is no template."""
    prefix, suffix = {
        "": ("", ""),
        "boxed": ("", BOXED_SUFFIX),
        "exam": (EXAM_PREFIX, EXAM_SUFFIX),
        "arena": (ARENA_PREFIX, ARENA_SUFFIX),
    }[wrapping]
    return f"{prefix}{question}{suffix}"


def write(rows: Sequence[Row | str], layout: str, path: Path) -> None:
    """Write one file; its ending says the file form.

    Args:
        rows: In file order. A text instead of a row is a broken line, which only JSON lines can have.
        layout: A key of `FIELDS`.
        path: `.jsonl` (also `.jsonl.gz`; under `.json` where the name ends in `_lines.json`), `.json` (array,
            or one object of columns where the name ends in `_columns.json`), `.csv`, `.parquet`, `.arrow`
            (stream) or `.feather` (Arrow file).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = FIELDS[layout]
    if path.name.endswith((".jsonl", ".jsonl.gz", "_lines.json")):
        lines = [row if isinstance(row, str) else json.dumps(fields(row), ensure_ascii=False) for row in rows]
        data = ("\n".join(lines) + "\n").encode()
        # Without a fixed time in its header the same rows would give other bytes every second.
        path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
        return
    records = [dict(fields(row)) for row in rows if isinstance(row, Row)]
    if path.suffix == ".json":
        columns = {name: [record[name] for record in records] for name in records[0]}
        data_out = columns if path.name.endswith("_columns.json") else records
        path.write_text(json.dumps(data_out, ensure_ascii=False, indent=1), encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, fieldnames=list(records[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(records)
    else:
        frame = pl.DataFrame(records, infer_schema_length=None)
        if path.suffix == ".parquet":
            frame.write_parquet(path)
        elif path.suffix == ".arrow":
            frame.write_ipc_stream(path)
        else:
            frame.write_ipc(path)
