"""Problems that tests make for themselves, and the shortest way to read what they were written to."""

from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.load import DatasetReader, open_dataset

_THINGS = ["lamps", "ropes", "kites", "shells", "drums", "crates", "pens", "boats"]


def problems(count: int = 24) -> list[dict[str, Any]]:
    """Questions with their answers, each different from the others."""
    return [
        {
            "question": f"Ada buys {7 * i + 13} {_THINGS[i % 8]} and sells {i + 5}. How many are left?",
            "answer": str(6 * i + 8),
        }
        for i in range(count)
    ]


def questions(count: int = 24) -> list[str]:
    """Only the questions."""
    return [row["question"] for row in problems(count)]


def answers(count: int = 24) -> list[str]:
    """Only the answers."""
    return [row["answer"] for row in problems(count)]


def load(folder: Path, *paths: str) -> tuple[pl.DataFrame, DatasetReader]:
    """All rows of a dataset and its reader."""
    reader = open_dataset(DatasetSpec(id="d", path=list(paths) or ["."]), folder)
    return pl.concat(reader.batches()), reader


def check(frame: pl.DataFrame, count: int = 24) -> None:
    """Each problem is there once, in order, with its answer."""
    assert frame["question"].to_list() == questions(count)
    assert frame["answer"].to_list() == answers(count)
    assert frame["row"].to_list() == list(range(count))
