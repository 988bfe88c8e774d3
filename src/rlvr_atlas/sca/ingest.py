"""Answers made elsewhere: verl's validation dumps, samples of lm-evaluation-harness, or plain JSON lines.

Responses are judged here, against the plan's gold answers, because every trainer has its own idea of a right
one. A record is told to belong to a problem by its `key`, or else by the problem's text in its prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.model import identity
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.rollouts import Asked, roll_out
from rlvr_atlas.sca.runs import rollout_file
from rlvr_atlas.sca.sources import Plan
from rlvr_atlas.workspace.store import fingerprint

#: Fields of a record that may hold what was asked, and what was answered, first found first taken.
_ASKED = ("prompt", "question", "problem", "input", "query")
_ANSWERED = ("response", "responses", "output", "outputs", "completion", "completions", "resps")
#: Characters at the beginning of a problem by which it is looked up in a longer prompt.
_HEAD = 24


def ingest_rollouts(
    plan: Plan, source: str | None, seed: int, files: Sequence[Path], judge: Judge
) -> pl.DataFrame:
    """Take in the answers of one model, as if `rollout` had asked it.

    Args:
        plan: The plan whose problems were asked.
        source: What the model was trained on; None for the base.
        seed: Of the checkpoint.
        files: JSON lines; answers to a problem count in the order they stand in. More than k are cut to k.
        judge: Compares with gold answers.

    Returns:
        schema.ROLLOUTS.

    Raises:
        InputError: If a file cannot be read, problems are missing, or one has fewer than k answers.
    """
    problems, k = plan.asked(source), plan.settings.k
    found: dict[str, list[str]] = {}
    places = _Places(problems)
    strangers = 0
    for path in files:
        for record in _records(path):
            key = places.key(record)
            strangers += key is None
            if key is not None:
                found.setdefault(key, []).extend(_responses(record, path))
    where = ", ".join(map(str, files))
    missing = [key for key in problems["key"] if key not in found]
    if missing:
        what = f"answers to {len(missing)} of {problems.height} problems are missing"
        also = f"; {strangers} records are of no problem of the plan" if strangers else ""
        raise InputError(f"{what}, the first is {missing[0]}{also}", where=where, fix="ask all of them")
    few = {key: len(texts) for key, texts in found.items() if len(texts) < k}
    if few:
        key, count = next(iter(few.items()))
        what = f"{len(few)} problems have fewer than {k} answers ({key} has {count})"
        raise InputError(what, where=where, fix="draw more, or lower [sca] k for all models")
    asked = Asked(
        model=fingerprint(sorted((key, texts[:k]) for key, texts in found.items())),
        base_model=identity(plan.settings.base_model),
        trained_on=source,
        k=k,
        seed=0,
        settings="made elsewhere",
    )
    by_prompt = dict(problems.select("prompt", "key").iter_rows())

    def recorded(questions: Sequence[str], k: int, _seed: int) -> list[list[str]]:
        return [found[by_prompt[question]][:k] for question in questions]

    return roll_out(problems, asked, lambda: recorded, judge, rollout_file(plan, source, seed))


class _Places:
    """Which problem a record is of."""

    def __init__(self, problems: pl.DataFrame) -> None:
        self._keys = set(problems["key"])
        self._by_head: dict[str, list[tuple[str, str]]] = {}
        for key, prompt in problems.select("key", "prompt").iter_rows():
            text = _plain(prompt)
            self._by_head.setdefault(text[:_HEAD], []).append((text, key))
        self._heads = sorted({len(head) for head in self._by_head})

    def key(self, record: Mapping[str, Any]) -> str | None:
        if record.get("key") in self._keys:
            return str(record["key"])
        return self._longest(_plain(_question(record)))

    def _longest(self, text: str) -> str | None:
        """The longest problem whose text stands in the prompt."""
        found = [
            (len(problem), key)
            for size in self._heads
            for at in range(len(text) - size + 1)
            for problem, key in self._by_head.get(text[at : at + size], ())
            if text.startswith(problem, at)
        ]
        return max(found, default=(0, None))[1]


def _question(record: Mapping[str, Any]) -> str:
    arguments = record.get("arguments")  # lm-evaluation-harness: what went to the model
    if arguments:
        return " ".join(_texts(arguments))
    texts = [text for name in _ASKED for text in _texts(record.get(name))]
    return texts[0] if texts else " ".join(_texts(record.get("doc")))


def _responses(record: Mapping[str, Any], path: Path) -> list[str]:
    for name in _ANSWERED:
        if name in record:
            return list(_texts(record[name]))
    fix = f"name the field one of: {', '.join(_ANSWERED)}"
    raise InputError(f"a record without an answer, fields {', '.join(record)}", where=str(path), fix=fix)


def _texts(value: object) -> Iterator[str]:
    """All texts in a value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _records(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                if line.strip():
                    yield _record(line, f"{path}, line {number}")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from None


def _record(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"not a line of JSON ({error})", where=where) from None
    if not isinstance(record, dict):
        raise InputError("not a JSON object", where=where)
    return record
