"""Asking a model the items of benchmarks; every verdict is kept, and a killed run goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.evaluate.items import Benchmark
from rlvr_atlas.evaluate.presets import Preset
from rlvr_atlas.sca.answer_file import Asked, read_rollouts
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.rollouts import Model, Task, roll_out_all
from rlvr_atlas.workspace.graph import fingerprint

#: The folder of a model that was trained on nothing.
BASE = "base"
_SPLIT = "test"
#: Items that a model in this process is asked at once.
_BATCH = 16


@dataclass(frozen=True)
class Evaluated:
    """Whose verdicts these are, and of what.

    Attributes:
        model: Its name or digest.
        settings: How items are asked.
        k: Answers to each item, instead of what the settings say.
        trained_on: The dataset it was trained on; None for the base.
        seed: Of the training run.
    """

    model: str
    settings: Preset
    k: int | None = None
    trained_on: str | None = None
    seed: int = 0

    @property
    def folder(self) -> str:
        """Its folder among the evaluations."""
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", self.trained_on) if self.trained_on else None
        return f"{plain}-seed{self.seed}" if plain else BASE


def evaluate(  # noqa: PLR0913  each is one thing to choose
    benchmarks: Sequence[Benchmark],
    who: Evaluated,
    model: Callable[[], Model],
    judge: Judge,
    out: Path,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, pl.DataFrame]:
    """Ask all items, or those whose verdicts are still missing.

    Args:
        benchmarks: What is asked; a server gets the requests of all of them without a pause between.
        who: Whose answers these are, and how items are asked.
        model: Makes the model; not called where nothing is missing.
        judge: Compares with the gold answers.
        out: Folder of all evaluations. Verdicts are in `FOLDER/BENCHMARK.jsonl`, FOLDER as in `Evaluated`.
        on_progress: Told how many answers there are, of how many.

    Returns:
        Benchmark -> its verdicts, as `evaluated` gives them.

    Raises:
        InputError: If a file holds verdicts of another model, other settings or other items.
    """
    names = [one.name.lower() for one in benchmarks]
    if not names or len(set(names)) < len(names):
        raise InputError("no benchmark, or one given twice", where=", ".join(names) or "evaluate")
    tasks = [
        Task(_problems(one), _asked(who, one.name), out / who.folder / f"{one.name}.jsonl")
        for one in benchmarks
    ]
    roll_out_all(tasks, model, judge, on_progress)
    return {one.name: evaluated(task.path) for one, task in zip(benchmarks, tasks, strict=True)}


def evaluated(path: Path) -> pl.DataFrame:
    """The verdicts of a finished file.

    Returns:
        benchmark, key, sample, correct (null: could not be judged), outcome, empty (there was nothing in the
        answer), cut (it was cut at the limit of tokens; null where nobody said).

    Raises:
        InputError: If it is missing or not finished.
    """
    found = read_rollouts(path)
    empty = pl.col("response").str.strip_chars() == ""
    return found.select("key", "sample", "correct", "outcome", "cut", empty=empty, benchmark="source")


def _problems(one: Benchmark) -> pl.DataFrame:
    named = {"source": pl.lit(one.name), "split": pl.lit(_SPLIT)}
    return one.items.select("key", "prompt", "answer", **named)


def _asked(who: Evaluated, benchmark: str) -> Asked:
    return Asked(
        model=who.model,
        base_model=who.model,
        trained_on=who.trained_on,
        k=who.k or who.settings.answers_to(benchmark),
        seed=0,
        settings=fingerprint(asdict(who.settings.sampling), who.settings.instruction),
        batch=_BATCH,
    )
