"""A file of judged answers: a line that says what was asked of whom, then a line for each answer.

Lines are only ever added, whole and synced, so that a process killed at any moment leaves whole lines and at
most one torn at the end. What was asked otherwise is refused, never mixed in.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.files import explained
from rlvr_atlas.schema import ROLLOUTS, conform

#: What names an answer in a file.
NAME = ("source", "split", "key", "sample")


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


class AnswerFile:
    """A file that is being written; what is in it stays.

    Args:
        path: The file; its folder is made.
        problems: source, key, split, answer.
        asked: Who is asked, and how.

    Attributes:
        rows: The lines of answers that it holds.

    Raises:
        InputError: If it holds the answers of another model or to other problems, or is damaged.
    """

    def __init__(self, path: Path, problems: pl.DataFrame, asked: Asked) -> None:
        self.path, self.asked = path, asked
        header = json.loads(json.dumps({"asked": asdict(asked), "problems": _names(problems)}))
        lines = parse(path)
        if lines and lines[0] != header:
            raise InputError(
                _difference(lines[0], header),
                where=str(path),
                fix="move the file away, or ask as it was asked",
            )
        self.rows = lines[1:]
        if not lines:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"")
            except OSError as refused:
                raise explained(refused, path, InputError) from None
            self.append([header])
        self.keep(len(self.rows))

    def keep(self, number: int) -> None:
        """Cut off everything behind so many answers, torn lines too."""
        self.rows = self.rows[:number]
        kept = self.path.read_bytes().split(b"\n")[: 1 + number]
        with self.path.open("r+b") as handle:
            handle.truncate(sum(len(line) + 1 for line in kept))

    def append(self, lines: Sequence[dict[str, Any]]) -> None:
        """Add lines in one write; they are on the disk when this returns."""
        data = b"".join(
            json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for line in lines
        )
        try:
            with self.path.open("ab") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
        except OSError as refused:
            raise explained(refused, self.path, InputError) from None

    def remove(self) -> None:
        """Take the file away."""
        self.path.unlink(missing_ok=True)

    def names(self) -> set[tuple[Any, ...]]:
        """The answers that it holds, each by its fields of NAME."""
        return {tuple(row[name] for name in NAME) for row in self.rows}


def read_rollouts(path: Path) -> pl.DataFrame:
    """A finished file.

    Returns:
        schema.ROLLOUTS with response, outcome, and cut (whether the answer was cut at the limit of tokens;
        null where nobody said), sorted: answers come in any order.

    Raises:
        InputError: If it is missing, not finished, or not one of ours.
    """
    lines = parse(path)
    if not lines or "asked" not in lines[0]:
        raise InputError("no rollouts", where=str(path), fix="ask the model first: rlvr-atlas sca rollout")
    header, rows = lines[0], lines[1:]
    wanted = header["problems"]["count"] * header["asked"]["k"]
    if len(rows) != wanted:
        fix = "run the same command again, it goes on where it stopped"
        raise InputError(f"{len(rows)} of {wanted} answers", where=str(path), fix=fix)
    schema = {**ROLLOUTS, "response": pl.String, "outcome": pl.String, "cut": pl.Boolean}
    return conform(pl.DataFrame(rows, schema=schema), ROLLOUTS).sort(NAME)


def parse(path: Path) -> list[dict[str, Any]]:
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


def _names(problems: pl.DataFrame) -> dict[str, Any]:
    named = problems.select("source", "key", "split", "answer").write_ndjson()
    return {"count": problems.height, "digest": hashlib.sha256(named.encode()).hexdigest()[:16]}


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    before = old.get("asked", {})
    changed = [f"{n}: {before.get(n)!r}, now {v!r}" for n, v in new["asked"].items() if before.get(n) != v]
    return "answers that were asked for otherwise (" + ("; ".join(changed) or "other problems") + ")"
