"""DAPO++ by recipes/dapo_plus_plus.toml: its run stops before the mix, SCA is played, then the mix is made.

No model is trained here. The answers that `sca rollout --ingest` takes in are made: a base that solves few
problems, and a checkpoint that solves many.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import compare
import plan
import polars as pl
import texts
from watch import Done

WORKSPACE, SOURCE = "dapo-plus-plus", "stack_exchange"
START, REFILL = "dapo_math_17k_processed", "deepmath_103k"
#: Share of problems that the base solves, and the checkpoint.
SOLVED = {"base": 0.3, "trained": 0.8}
_ANSWERS = 4
#: Of the mix, in the recipe.
SIZE = 17_000


def fit(folder: Path, world: plan.World) -> None:
    """Make the mix of the recipe as much smaller as the world is."""
    recipe = folder / "dapo_plus_plus.toml"
    text = recipe.read_text(encoding="utf-8")
    published = world.datasets[START]["rows"]
    size = round(SIZE * min(1.0, world.rows[START].height / published))
    recipe.write_text(text.replace(f"size = {SIZE}\n", f"size = {size}\n"), encoding="utf-8")


def play(
    command: Callable[[Sequence[str]], Done], folder: Path, world: plan.World
) -> tuple[list[compare.Line], Done]:
    """Make the mix.

    Args:
        command: Carries out `rlvr-atlas` with these arguments.
        folder: With the recipe in it.
        world: The plan.

    Returns:
        Figures, and the run of the recipe.
    """
    ran = command(["run", f"{WORKSPACE.replace('-', '_')}.toml", "--network"])
    stopped = ran.code == 2 and "SCA" in ran.err
    steps = [command(["sca", "plan", WORKSPACE])]
    problems = pl.read_parquet(folder / WORKSPACE / "sca_problems.parquet")
    for name, asked in (("base", problems), ("trained", _asked_of_source(problems))):
        file = folder / f"{name}.jsonl"
        file.write_text("".join(_answers(asked, SOLVED[name])), encoding="utf-8")
        whose = ["--base"] if name == "base" else ["--source", SOURCE]
        steps.append(command(["sca", "rollout", WORKSPACE, *whose, "--ingest", file.name]))
    for step in (["sca", "attribute"], ["curate"], ["score"], ["export"]):
        more = {"score": ["--model-size", "1.7"], "export": ["--format", "verl"]}.get(step[0], [])
        steps.append(command([*step, WORKSPACE, *more]))
    failed = [step.err.strip() for step in steps if step.code]
    lines = [
        compare.at_least(1.0, "DAPO++: the run says that SCA is missing", int(stopped), 1),
        compare.at_most(0.0, "DAPO++: commands that failed", len(failed), len(steps)),
    ]
    for error in failed:
        print(error)
    return lines if failed else [*lines, *_mix(folder / WORKSPACE, world)], ran


def _asked_of_source(problems: pl.DataFrame) -> pl.DataFrame:
    return problems.filter((pl.col("split") == "held_out") | (pl.col("source") == SOURCE))


def _answers(problems: pl.DataFrame, solved: float) -> Iterator[str]:
    """Answers of a model that solves this share of the problems, the same ones whatever else is asked."""
    for key, answer in problems.select("key", "answer").iter_rows():
        right = int(key[:8], 16) / 16**8 < solved
        for _ in range(_ANSWERS):
            told = answer if right else "no idea"
            yield json.dumps({"key": key, "response": f"So it is \\boxed{{{told}}}."}) + "\n"


def _mix(folder: Path, world: plan.World) -> list[compare.Line]:
    """What is in the mix, beside what may be."""
    names = [START, REFILL]
    rows = pl.concat(
        [world.rows[name].with_row_index("row").with_columns(dataset=pl.lit(name)) for name in names]
    )
    items = pl.concat([world.rows[name].select("problem") for name in world.those("benchmark")]).unique()
    rows = rows.with_columns(
        pl.col("row").cast(pl.Int64), leaked=pl.col("problem").is_in(items["problem"].implode())
    )
    mix = pl.read_parquet(folder / "mix.parquet")
    mixed = rows.join(mix.select("dataset", "row"), on=["dataset", "row"], how="semi")
    own = mixed.filter(dataset=START)
    clean = rows.filter(pl.col("dataset") == START, ~pl.col("leaked"))
    drawn = mixed.filter(dataset=REFILL)
    origins = [world.pools[problem >> texts.POOL_BITS].origin for problem in drawn["problem"]]
    known = sum(origin == SOURCE for origin in origins)
    scores = pl.read_parquet(folder / "scores.parquet")
    measured = scores.filter(pl.col("dataset") == REFILL, pl.col("l_sca").is_not_null()).height
    return [
        compare.Line("DAPO++: rows of the mix", mix.height, mix.height),
        compare.at_most(0.0, "DAPO++: planted leaks in the mix", mixed.filter("leaked").height, mix.height),
        compare.at_least(
            0.99, "DAPO++: of DAPO's own rows that leak nothing, kept", own.height, clean.height
        ),
        compare.at_least(0.997, f"DAPO++: of the drawn rows, from {SOURCE}", known, drawn.height),
        compare.at_least(1.0, f"DAPO++: the Q of {REFILL} has its part from SCA", measured, 1),
    ]
