"""Answers of a model to problems: asked for, judged, and kept (`answer_file`), so that a killed run goes on.

A model in this process answers a batch at a time, each batch with a seed of its own that depends on its
problems only; a run that was killed ends with the file of an unbroken one. A server answers requests one by
one, as many at once as it is allowed: answers are kept as they come, in any order.

What a server says is written down before it is judged, because judging may take seconds: into
`NAME.unjudged`, which is gone when all is judged.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.answer_file import NAME, AnswerFile, Asked, read_rollouts
from rlvr_atlas.sca.reward import CORRECT, Judge, Outcome
from rlvr_atlas.sca.stream import Answered, Reply, Request
from rlvr_atlas.workspace.files import hold

__all__ = ["Asked", "Generator", "Model", "Streaming", "Task", "read_rollouts", "roll_out", "roll_out_all"]

#: Characters of a response that are kept, from its end.
_KEPT_CHARS = 4_000

#: Answers that may wait to be judged; then no further ones are taken.
_WAITING = 4_096

#: A model that answers a batch: (questions, k, seed) -> k answers to each. Equal calls give equal answers.
Generator = Callable[[Sequence[str], int, int], Sequence[Sequence[str | Reply]]]


@runtime_checkable
class Streaming(Protocol):
    """A model that answers many requests side by side."""

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Answered]]:
        """Give answers as they come, several together where several have come."""


Model = Generator | Streaming


@dataclass(frozen=True)
class Task:
    """Problems that a model is asked, and the file for the answers.

    Attributes:
        problems: source, key, split, prompt, answer.
        asked: Who is asked, and how.
        path: The file.
    """

    problems: pl.DataFrame
    asked: Asked
    path: Path


def roll_out(
    problems: pl.DataFrame,
    asked: Asked,
    model: Callable[[], Model],
    judge: Judge,
    path: Path,
) -> pl.DataFrame:
    """Ask a model all problems, or those that are still missing.

    Args:
        problems: source, key, split, prompt, answer; asked split by split, in this order. Models that are
            asked the same of a split draw from the same randomness: one that did not change says the same.
        asked: Who is asked, and how.
        model: Makes the model; not called where nothing is missing, because loading it takes time.
        judge: Compares with the gold answers.
        path: The file; its folder is made.

    Returns:
        schema.ROLLOUTS, with the columns response and outcome.

    Raises:
        InputError: If the file holds the answers of another model or to other problems.
        BusyError: If another process is asking.
    """
    roll_out_all([Task(problems, asked, path)], model, judge)
    return read_rollouts(path)


def roll_out_all(
    tasks: Sequence[Task],
    model: Callable[[], Model],
    judge: Judge,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Carry out several tasks with one model; a server gets the requests of all without a pause between.

    Args:
        tasks: What is asked; each has a file of its own.
        model: As for `roll_out`.
        judge: Compares with the gold answers.
        on_progress: Told how many answers there are, of how many.

    Raises:
        InputError: As `roll_out`.
        BusyError: If another process is asking one of them.
    """
    with ExitStack() as held:
        for task in tasks:
            held.enter_context(hold(task.path))
        _roll_out(tasks, model, judge, on_progress)


def _roll_out(
    tasks: Sequence[Task],
    model: Callable[[], Model],
    judge: Judge,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    files = _opened(tasks)
    if any(_journal_path(task).exists() for task in tasks):
        _judge_left_over(tasks, files, judge)
        files = _opened(tasks)
    total = sum(task.problems.height * task.asked.k for task in tasks)
    told = _Counter(sum(len(file.rows) for file in files), total, on_progress)
    if told.done == total:
        return
    made = model()
    if isinstance(made, Streaming):
        _stream(tasks, files, made, judge, told)
        return
    for task, file in zip(tasks, files, strict=True):
        _batches(task, file, made, judge, told)


def _opened(tasks: Sequence[Task]) -> list[AnswerFile]:
    return [AnswerFile(task.path, task.problems, task.asked) for task in tasks]


class _Counter:
    def __init__(self, done: int, total: int, on_progress: Callable[[int, int], None] | None) -> None:
        self.done, self._total, self._say = done, total, on_progress
        self.add(0)

    def add(self, number: int) -> None:
        self.done += number
        if self._say is not None:
            self._say(self.done, self._total)


def _stream(
    tasks: Sequence[Task], files: Sequence[AnswerFile], model: Streaming, judge: Judge, told: _Counter
) -> None:
    asked = [(at, row) for at, task in enumerate(tasks) for row in task.problems.iter_rows(named=True)]

    def missing() -> Iterator[Request]:
        for number, (at, row) in enumerate(asked):
            task, there = tasks[at].asked, held[at]
            for sample in range(task.k):
                if (row["source"], row["split"], row["key"], sample) not in there:
                    seed = _seed(task.seed, row["key"], sample)
                    yield Request(number, sample, row["prompt"], seed)

    def keep(answers: Sequence[Answered]) -> None:
        unjudged = [
            (asked[request.problem][0], asked[request.problem][1], request.sample, _reply(reply))
            for request, reply in answers
        ]
        for at, group in _by_task(unjudged).items():
            journals[at].append([_unjudged(row, sample, reply) for _, row, sample, reply in group])
        waiting.append((judging.submit(_judge, tasks, files, judge, unjudged), len(unjudged)))

    held = [file.names() for file in files]
    journals = [AnswerFile(_journal_path(task), task.problems, task.asked) for task in tasks]
    waiting: deque[tuple[Future[None], int]] = deque()

    def settle(most: int) -> None:
        """Wait until at most so many answers wait to be judged; count those that are."""
        while waiting and (waiting[0][0].done() or sum(number for _, number in waiting) > most):
            done, number = waiting.popleft()
            done.result()
            told.add(number)

    # One thread, so that answers are judged in the order in which they came.
    with ThreadPoolExecutor(1, "judge") as judging:
        try:
            for answers in model.stream(missing()):
                keep(answers)
                settle(_WAITING)
            settle(0)
        except BaseException:
            # What waits is in the journals, and judged when the run goes on.
            judging.shutdown(cancel_futures=True)
            raise
    for journal in journals:
        journal.remove()


_Unjudged = tuple[int, dict[str, Any], int, Reply]  # task, problem, sample, what was said


def _judge(
    tasks: Sequence[Task], files: Sequence[AnswerFile], judge: Judge, unjudged: Sequence[_Unjudged]
) -> None:
    """Judge answers, and write them into the files of their tasks."""
    golds = [row["answer"] for _, row, _, _ in unjudged]
    outcomes = judge.judge(golds, [reply.text for *_, reply in unjudged])
    lines: dict[int, list[dict[str, Any]]] = {}
    for (at, row, sample, reply), outcome in zip(unjudged, outcomes, strict=True):
        lines.setdefault(at, []).append(_line(row, sample, reply, outcome, tasks[at].asked))
    for at, some in lines.items():
        files[at].append(some)


def _judge_left_over(tasks: Sequence[Task], files: Sequence[AnswerFile], judge: Judge) -> None:
    """What a run that was killed had been told and not yet judged."""
    for at, (task, file) in enumerate(zip(tasks, files, strict=True)):
        if not _journal_path(task).exists():
            continue
        journal = AnswerFile(_journal_path(task), task.problems, task.asked)
        problems = {
            (row["source"], row["split"], row["key"]): row for row in task.problems.iter_rows(named=True)
        }
        there = file.names()
        left = [line for line in journal.rows if tuple(line[name] for name in NAME) not in there]
        unjudged = [
            (at, problems[line["source"], line["split"], line["key"]], line["sample"],
             Reply(line["response"], line["cut"]))
            for line in left
        ]  # fmt: skip
        _judge(tasks, files, judge, unjudged)
        journal.remove()


def _journal_path(task: Task) -> Path:
    return task.path.with_suffix(".unjudged")


def _by_task(unjudged: Sequence[_Unjudged]) -> dict[int, list[_Unjudged]]:
    groups: dict[int, list[_Unjudged]] = {}
    for one in unjudged:
        groups.setdefault(one[0], []).append(one)
    return groups


def _unjudged(row: dict[str, Any], sample: int, reply: Reply) -> dict[str, Any]:
    named = {name: row[name] for name in ("source", "key", "split")}
    return {**named, "sample": sample, "response": reply.text, "cut": reply.cut}


def _reply(said: str | Reply) -> Reply:
    return said if isinstance(said, Reply) else Reply(said)


def _batches(task: Task, file: AnswerFile, model: Generator, judge: Judge, told: _Counter) -> None:
    asked = task.asked
    batches = [
        part.slice(start, asked.batch).to_dicts()
        for part in task.problems.partition_by("split", maintain_order=True)
        for start in range(0, part.height, asked.batch)
    ]
    order = [(row["key"], at) for batch in batches for row in batch for at in range(asked.k)]
    if [(row["key"], row["sample"]) for row in file.rows] != order[: len(file.rows)]:
        fix = "go on with the server, or move the file away"
        raise InputError("answers in the order of a server", where=str(task.path), fix=fix)
    ends = [end for end in accumulate(len(batch) * asked.k for batch in batches) if end <= len(file.rows)]
    torn = len(file.rows) - (ends[-1] if ends else 0)
    file.keep(len(file.rows) - torn)
    told.add(-torn)
    for batch in batches[len(ends) :]:
        seed = _seed(asked.seed, *(row["key"] for row in batch))
        answers = model([row["prompt"] for row in batch], asked.k, seed)
        file.append(_lines(batch, answers, asked, judge))
        told.add(len(batch) * asked.k)


def judged_rows(
    row: dict[str, Any],
    said: Sequence[str | Reply],
    trained_on: str | None,
    base_model: str,
    judge: Judge,
) -> list[dict[str, Any]]:
    """Lines of schema.ROLLOUTS (with response, outcome and cut) for the responses to one problem."""
    responses = [_reply(one) for one in said]
    outcomes = judge.judge([row["answer"]] * len(responses), [one.text for one in responses])
    asked = Asked("", base_model, trained_on, len(responses), 0, "")
    return [
        _line(row, sample, response, outcome, asked)
        for sample, (response, outcome) in enumerate(zip(responses, outcomes, strict=True))
    ]


def _line(row: dict[str, Any], sample: int, reply: Reply, outcome: Outcome, asked: Asked) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("source", "key", "split")},
        "sample": sample,
        "correct": CORRECT[outcome],
        "outcome": outcome,
        "trained_on": asked.trained_on,
        "base_model": asked.base_model,
        "response": reply.text[-_KEPT_CHARS:],
        "cut": reply.cut,
    }


def _lines(
    batch: list[dict[str, Any]], answers: Sequence[Sequence[str | Reply]], asked: Asked, judge: Judge
) -> list[dict[str, Any]]:
    lines = []
    for row, responses in zip(batch, answers, strict=True):
        if len(responses) != asked.k:
            raise InputError(f"{len(responses)} answers instead of {asked.k}", where=f"key {row['key']}")
        lines += judged_rows(row, responses, asked.trained_on, asked.base_model, judge)
    return lines


def _seed(*parts: object) -> int:
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1  # what every server takes as a seed
