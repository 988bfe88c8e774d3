"""Atomic sources whose worth is known: mastered, learnable, hopeless, and spoilt in three ways.

A problem shows three digits and names a task, `4 7 2 learnable/1`; the answer is one of the digits. Which one
a task asks for is known to the base always or in a third of its answers (see `model`). The answers of the
hopeless source are no digits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from random import Random
from typing import Any, Literal

import polars as pl

Knowledge = Literal["known", "latent", "unknown"]
Spoilt = Literal["", "wrong labels", "half wrong", "few problems"]

#: Tasks of each source: which of the digits is asked for.
TASKS = 3


@dataclass(frozen=True)
class Kind:
    """What the base knows of a source's problems, and what is wrong with them as training data."""

    knowledge: Knowledge
    spoilt: Spoilt = ""


SOURCES: dict[str, Kind] = {
    "mastered": Kind("known"),
    "learnable": Kind("latent"),
    "learnable_too": Kind("latent"),
    "hopeless": Kind("unknown"),
    "wrong_labels": Kind("latent", "wrong labels"),
    "half_wrong": Kind("latent", "half wrong"),
    "duplicated": Kind("latent", "few problems"),
}


def problems(seed: int = 0, train: int = 192, held_out: int = 36) -> pl.DataFrame:
    """Problems of all sources; held-out ones have the true answer, training ones the label of the source.

    Args:
        seed: Of the draws.
        train: Training problems of a source; one that is `few problems` has two, for two of its three tasks.
        held_out: Held-out problems of a source, equally many of each task.

    Returns:
        source, key, split, prompt, answer.
    """
    rows = []
    for source, kind in SOURCES.items():
        rng = Random(f"{source}/{seed}")
        # Three different digits, so that a wrong answer is never right by chance.
        shown = rng.sample(list(permutations("0123456789", TASKS)), train + held_out)
        drawn = [problem(source, "".join(digits), at % TASKS) for at, digits in enumerate(shown)]
        rows += [{**row, "split": "held_out"} for row in drawn[:held_out]]
        few = 2 if kind.spoilt == "few problems" else None
        rows += [{**row, "split": "train"} for row in _labelled(drawn[held_out:][:few], kind, rng)]
    return pl.DataFrame(rows).select("source", "key", "split", "prompt", "answer")


def problem(source: str, digits: str, task: int) -> dict[str, Any]:
    """One problem with its true answer: source, key, prompt, answer."""
    prompt = f"{' '.join(digits)} {source}/{task}"
    key = hashlib.sha1(prompt.encode(), usedforsecurity=False).hexdigest()
    # What is beyond the model has to be beyond its luck too: it writes one digit, and this has three.
    answer = str(100 + sum(map(int, digits))) if SOURCES[source].knowledge == "unknown" else digits[task]
    return {"source": source, "key": key, "prompt": prompt, "answer": answer}


def _labelled(rows: list[dict[str, Any]], kind: Kind, rng: Random) -> Iterator[dict[str, Any]]:
    """Training rows with the labels of the source: a wrong one is any digit but the right one."""
    wrong = {"wrong labels": 1.0, "half wrong": 0.5}.get(kind.spoilt, 0.0)
    for at, row in enumerate(rows):
        other = str((int(row["answer"]) + rng.randrange(1, 10)) % 10)
        yield {**row, "answer": other} if at < wrong * len(rows) else row
