"""Answers of a model to problems: asked for in batches, judged, and kept as JSON lines.

A file begins with a line that says what was asked of whom. Each batch is one write, with a seed of its own
that depends on its problems only, so that a run killed at any moment goes on and ends with the file of an
unbroken one. Another model or other settings are refused, never mixed in.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.reward import CORRECT, Judge
from rlvr_atlas.schema import ROLLOUTS, conform

#: Characters of a response that are kept, from its end.
_KEPT_CHARS = 4_000


#: Whatever answers questions, a model here or at a server: (questions, k, seed) -> k answers to each. Equal
#: calls give equal answers.
Generator = Callable[[Sequence[str], int, int], list[list[str]]]


@dataclass(frozen=True)
class Asked:
    """What a file of answers is of.

    Attributes:
        model: Digest or name of the model that answers.
        base_model: Of the base it was trained from; of itself where it is the base.
        trained_on: Atomic source; None for the base.
        k: Answers to each problem.
        seed: Where randomness begins.
        settings: Whatever else decides the answers.
        batch: Problems answered at once. It is one of the settings, because padding changes the last bits.
    """

    model: str
    base_model: str
    trained_on: str | None
    k: int
    seed: int
    settings: str
    batch: int = 16


def roll_out(
    problems: pl.DataFrame,
    asked: Asked,
    generator: Callable[[], Generator],
    judge: Judge,
    path: Path,
) -> pl.DataFrame:
    """Ask a model all problems, or those that are still missing.

    Args:
        problems: source, key, split, prompt, answer; asked split by split, in this order. Models that are
            asked the same of a split draw from the same randomness: one that did not change says the same.
        asked: Who is asked, and how.
        generator: Makes the model; not called where nothing is missing, because loading it takes time.
        judge: Compares with the gold answers.
        path: The file; its folder is made.

    Returns:
        schema.ROLLOUTS, with the columns response and outcome.

    Raises:
        InputError: If the file holds the answers of another model or to other problems.
    """
    header = {"asked": asked.__dict__, "problems": _names(problems)}
    path.parent.mkdir(parents=True, exist_ok=True)
    batches = [
        part.slice(start, asked.batch).to_dicts()
        for part in problems.partition_by("split", maintain_order=True)
        for start in range(0, part.height, asked.batch)
    ]
    done = _resume(path, header, [len(batch) * asked.k for batch in batches])
    model: Generator | None = None
    for batch in batches[done:]:
        model = model or generator()
        seed = _seed(asked.seed, *(row["key"] for row in batch))
        answers = model([row["prompt"] for row in batch], asked.k, seed)
        _append(path, _lines(batch, answers, asked, judge))
    return read_rollouts(path)


def read_rollouts(path: Path) -> pl.DataFrame:
    """A file that `roll_out` wrote.

    Raises:
        InputError: If it is missing, not finished, or not one of ours.
    """
    lines = _parse(path)
    if not lines or "asked" not in lines[0]:
        raise InputError("no rollouts", where=str(path), fix="ask the model first: rlvr-atlas sca rollout")
    header, rows = lines[0], lines[1:]
    wanted = header["problems"]["count"] * header["asked"]["k"]
    if len(rows) != wanted:
        fix = "run the same command again, it goes on where it stopped"
        raise InputError(f"{len(rows)} of {wanted} answers", where=str(path), fix=fix)
    schema = {**ROLLOUTS, "response": pl.String, "outcome": pl.String}
    return conform(pl.DataFrame(rows, schema=schema), ROLLOUTS)


def judged_rows(
    row: dict[str, Any], responses: Sequence[str], trained_on: str | None, base_model: str, judge: Judge
) -> list[dict[str, Any]]:
    """Lines of schema.ROLLOUTS (with response and outcome) for the responses to one problem."""
    outcomes = judge.judge([row["answer"]] * len(responses), responses)
    return [
        {
            **{name: row[name] for name in ("source", "key", "split")},
            "sample": sample,
            "correct": CORRECT[outcome],
            "outcome": outcome,
            "trained_on": trained_on,
            "base_model": base_model,
            "response": response[-_KEPT_CHARS:],
        }
        for sample, (response, outcome) in enumerate(zip(responses, outcomes, strict=True))
    ]


def _lines(
    batch: list[dict[str, Any]], answers: list[list[str]], asked: Asked, judge: Judge
) -> list[dict[str, Any]]:
    lines = []
    for row, responses in zip(batch, answers, strict=True):
        if len(responses) != asked.k:
            raise InputError(f"{len(responses)} answers instead of {asked.k}", where=f"key {row['key']}")
        lines += judged_rows(row, responses, asked.trained_on, asked.base_model, judge)
    return lines


def _names(problems: pl.DataFrame) -> dict[str, Any]:
    named = problems.select("source", "key", "split", "answer").write_ndjson()
    return {"count": problems.height, "digest": hashlib.sha256(named.encode()).hexdigest()[:16]}


def _seed(*parts: object) -> int:
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1  # what every server takes as a seed


def _resume(path: Path, header: dict[str, Any], sizes: Sequence[int]) -> int:
    """How many batches are answered; one that was torn is cut off, a new file gets its header."""
    lines = _parse(path)
    if not lines:
        path.write_bytes(b"")
        _append(path, [header])
        return 0
    if lines[0] != json.loads(json.dumps(header)):
        old = lines[0].get("asked", {})
        changed = [f"{n}: {old.get(n)!r}, now {v!r}" for n, v in header["asked"].items() if old.get(n) != v]
        what = "answers that were asked for otherwise (" + ("; ".join(changed) or "other problems") + ")"
        raise InputError(what, where=str(path), fix="move the file away, or ask as it was asked")
    ends = [end for end in accumulate(sizes) if end < len(lines)]
    kept = path.read_bytes().split(b"\n")[: 1 + (ends[-1] if ends else 0)]
    with path.open("r+b") as handle:
        handle.truncate(sum(len(line) + 1 for line in kept))
    return len(ends)


def _parse(path: Path) -> list[dict[str, Any]]:
    """Whole lines; what a crash tore off at the end is not one.

    Raises:
        InputError: For a damaged line before the end.
    """
    if not path.exists():
        return []
    lines = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        try:
            lines.append(dict(json.loads(line)))
        except (ValueError, TypeError):
            fix = "move the file away and ask again"
            raise InputError("damaged line", where=f"{path}, line {number}", fix=fix) from None
    return lines


def _append(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    data = b"".join(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for line in lines)
    with path.open("ab") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
