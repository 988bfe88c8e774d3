"""What each source of a plan would cost, and what it could show, in a sentence, before anything starts."""

from __future__ import annotations

from typing import Any

import polars as pl

from rlvr_atlas.sca.cost import Cost, Means, asking, prompt_tokens, training
from rlvr_atlas.sca.power import smallest_effect
from rlvr_atlas.sca.runs import grpo_of
from rlvr_atlas.sca.sources import Plan
from rlvr_atlas.schema import Schema

#: Of one line. Hours and price are null where the size of the model, or the price, is not known.
OUTLOOK: Schema = {
    "source": pl.String,  # null for the base, which is asked all problems once
    "train": pl.Int64,  # problems
    "answers": pl.Int64,  # asked of the checkpoint, or of the base
    "gpu_hours": pl.Float64,
    "hours": pl.Float64,  # on all GPUs together
    "price": pl.Float64,
    "shows_own": pl.Float64,  # smallest gain on its own held-out problems that is told from none
    "shows_others": pl.Float64,  # the same on those of all other sources together
    "sentence": pl.String,
}

EFFECTS = (
    "what could be shown is the smallest true gain that an interval tells from none in 80% of cases, if "
    "gains differ between problems by a standard deviation of 20 points; other seeds are not in it"
)


def outlook(plan: Plan, means: Means | None, asked: pl.DataFrame | None = None) -> pl.DataFrame:
    """Cost and smallest effect of each planned source, and the cost of asking the base.

    Args:
        plan: The plan.
        means: Model and GPUs; None where the size of the model is not known: then no hours are told.
        asked: source, mean, as `runs.preflight` gives them; without it effects are those of the worst case.

    Returns:
        The columns of OUTLOOK: the base first, then the sources in the order of the plan.
    """
    k = plan.settings.k
    rates: dict[str, float] = {} if asked is None else dict(asked.select("source", "mean").iter_rows())
    counted = plan.problems.filter(split="held_out")["source"].value_counts()
    held_out: dict[str, int] = dict(counted.iter_rows())
    answers = plan.problems.height * k
    spent = None if means is None else asking(answers, prompt_tokens(plan.problems), means)
    told = f"the base, asked once for all sources: {answers:,} answers, {_cost(spent, means)}"
    lines = [{"answers": answers, **_figures(spent, means), "sentence": told}]
    for source in plan.planned:
        own = held_out.get(source, 0)
        others = sum(held_out.values()) - own
        elsewhere = [rate for name, rate in rates.items() if name != source]
        mean = sum(elsewhere) / len(elsewhere) if elsewhere else None
        effects = smallest_effect(own, k, rates.get(source)), smallest_effect(others, k, mean)
        lines.append(_line(plan, source, means, effects, (own, others)))
    return pl.DataFrame(lines, OUTLOOK)


def _line(
    plan: Plan,
    source: str,
    means: Means | None,
    effects: tuple[float | None, float | None],
    problems: tuple[int, int],
) -> dict[str, Any]:
    grpo, train = grpo_of(plan.settings), plan.train(source)
    answers = plan.asked(source).height * plan.settings.k
    spent = None
    if means is not None:
        length = prompt_tokens(train)
        spent = training(grpo, length, means) + asking(answers, length, means)
    times = grpo.steps * grpo.batch / train.height
    sentence = (
        f"{source}: {train.height:,} problems in {grpo.steps} steps of {grpo.batch} x {grpo.rollouts} "
        f"answers (each problem {times:.2g} times), then {answers:,} answers: {_cost(spent, means)}; it "
        f"could show a gain of {_effect(effects[0])} on its own {problems[0]} held-out problems, of "
        f"{_effect(effects[1])} on the {problems[1]} of the others"
    )
    shown = {"shows_own": effects[0], "shows_others": effects[1], "sentence": sentence}
    return {
        "source": source, "train": train.height, "answers": answers, **_figures(spent, means), **shown
    }  # fmt: skip


def _figures(spent: Cost | None, means: Means | None) -> dict[str, float | None]:
    if spent is None or means is None:
        return {"gpu_hours": None, "hours": None, "price": None}
    price = None if means.price is None else spent.gpu_hours * means.price
    return {"gpu_hours": spent.gpu_hours, "hours": spent.gpu_hours / means.gpus, "price": price}


def _cost(spent: Cost | None, means: Means | None) -> str:
    if spent is None or means is None:
        return "hours unknown, because the size of the model is"
    told = f"about {spent.gpu_hours:.2g} hours of {means.gpu}"
    if means.gpus > 1:
        told += f" ({spent.gpu_hours / means.gpus:.2g} on {means.gpus})"
    return told if means.price is None else f"{told}, {spent.gpu_hours * means.price:.2g} at the price given"


def _effect(effect: float | None) -> str:
    return "no size" if effect is None else f"{100 * effect:.0f} points or more"
