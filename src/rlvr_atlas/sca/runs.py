"""Carrying out a plan: train each source, ask every model, compare. A run that is broken off is resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas.config import SCASettings
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca import gains as source_gains
from rlvr_atlas.sca.grpo import GRPO, preset
from rlvr_atlas.sca.model import Sampling, Transformers, identity, read_json
from rlvr_atlas.sca.passk import summarise
from rlvr_atlas.sca.posterior import prior_of, worth_of_k
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.rollouts import Asked, Model, read_rollouts, roll_out
from rlvr_atlas.sca.server import CONCURRENCY, Server
from rlvr_atlas.sca.sources import Plan
from rlvr_atlas.sca.train_trl import Job, train
from rlvr_atlas.sca.transitions import classify, pair, transitions
from rlvr_atlas.schema import FINDINGS, conform
from rlvr_atlas.workspace.files import hold
from rlvr_atlas.workspace.graph import fingerprint, made_from
from rlvr_atlas.workspace.store import Workspace

#: The base is asked under this name; no source may have it.
BASE = "base"


@dataclass(frozen=True)
class Served:
    """A model somewhere else; its name is all that tells it apart."""

    name: str
    model: Model


@dataclass(frozen=True)
class Attribution:
    """What SCA found.

    Attributes:
        transitions: schema.TRANSITIONS.
        gains: schema.GAINS.
        findings: source, finding, detail.
        shares: What `gains.source_shares` gives.
    """

    transitions: pl.DataFrame
    gains: pl.DataFrame
    findings: pl.DataFrame
    shares: pl.DataFrame


def grpo_of(settings: SCASettings) -> GRPO:
    """Settings of GRPO, the same for every source. Raises as `grpo.preset` does."""
    return preset(settings.preset, **settings.grpo)


def checkpoint(plan: Plan, source: str | None, seed: int) -> str:
    """Folder (or name) of the model trained on a source; of the base where it is None."""
    if source is None:
        return plan.settings.base_model
    return str(plan.folder / "checkpoints" / f"{source}-seed{seed}")


def rollout_file(plan: Plan, source: str | None, seed: int) -> Path:
    """Where the answers of a model are kept; those of the base serve all seeds."""
    name = BASE if source is None else f"{source}-seed{seed}"
    return plan.folder / "rollouts" / f"{name}.jsonl"


def job_of(plan: Plan, source: str, seed: int) -> Job:
    """What training on a source is. Raises as `Plan.train` does."""
    problems = plan.train(source)
    return Job(
        base_model=plan.settings.base_model,
        questions=problems["prompt"].to_list(),
        golds=problems["answer"].to_list(),
        out=Path(checkpoint(plan, source, seed)),
        grpo=grpo_of(plan.settings),
        seed=seed,
        instruction=plan.settings.instruction,
        threads=plan.settings.threads,
    )


def train_source(plan: Plan, source: str, seed: int, judge: Judge) -> dict[str, Any]:
    """Train on one source with trl. Returns and raises as `train_trl.train` does.

    Raises:
        BusyError: If another process trains on it.
    """
    job = job_of(plan, source, seed)
    with hold(job.out):
        return train(job, judge)


def sampling_of(settings: SCASettings) -> Sampling:
    """How rollouts are drawn."""
    longest = grpo_of(settings).max_response
    return Sampling(settings.temperature, settings.top_p, settings.top_k, longest)


def served_by(settings: SCASettings, url: str, model: str | None, concurrency: int = CONCURRENCY) -> Served:
    """A model at an OpenAI-compatible server, asked so much at once.

    Raises:
        InputError: If it has no name, or the URL is none.
    """
    if not model:
        raise InputError("which model of the server is meant?", fix="give --model NAME")
    server = Server(url, model, sampling_of(settings), settings.instruction, concurrency)
    return Served(model, server)


def ask(
    plan: Plan,
    source: str | None,
    seed: int,
    judge: Judge,
    served: Served | None = None,
) -> pl.DataFrame:
    """Ask the base, or the checkpoint of a source, what the plan says.

    Args:
        plan: The plan.
        source: None for the base.
        seed: Of the checkpoint.
        judge: Compares with gold answers.
        served: Who answers; transformers in this process where None.

    Returns:
        schema.ROLLOUTS.

    Raises:
        InputError: If the checkpoint is not there, or as `roll_out` does.
    """
    model, chosen, sampling = checkpoint(plan, source, seed), plan.settings, sampling_of(plan.settings)
    if source is not None and served is None and not (Path(model) / "training.json").exists():
        fix = "train it first: rlvr-atlas sca train"
        raise InputError(f"no finished checkpoint of '{source}', seed {seed}", where=model, fix=fix)
    asked = Asked(
        model=served.name if served else identity(model),
        base_model=identity(chosen.base_model),
        trained_on=source,
        k=chosen.k,
        seed=0,
        settings=fingerprint(asdict(sampling), chosen.instruction),
        batch=chosen.rollout_batch,
    )

    def answerer() -> Model:
        if served is not None:
            return served.model
        return Transformers(model, sampling, chosen.instruction, chosen.threads)

    return roll_out(plan.asked(source), asked, answerer, judge, rollout_file(plan, source, seed))


def attribute(plan: Plan, seed: int, *, trusted: Sequence[str] | None = None) -> Attribution:
    """Compare the base with every checkpoint that was asked.

    Args:
        plan: The plan.
        seed: Which checkpoints.
        trusted: Sources whose held-out labels are trusted (see `gains.findings`).

    Raises:
        InputError: If the base was not asked, no checkpoint was, or their answers do not belong together.
    """
    base = read_rollouts(rollout_file(plan, None, seed))
    there = [source for source in plan.planned if rollout_file(plan, source, seed).exists()]
    if not there:
        fix = "ask a checkpoint first: rlvr-atlas sca rollout"
        raise InputError(f"no rollouts of checkpoints with seed {seed}", where=str(plan.folder), fix=fix)
    trained = pl.concat([read_rollouts(rollout_file(plan, source, seed)) for source in there])
    found, pairs = transitions(base, trained), classify(pair(base, trained))
    return Attribution(
        transitions=found,
        gains=source_gains.gains(pairs),
        findings=source_gains.findings(pairs, trusted=trusted),
        shares=source_gains.source_shares(found),
    )


def which_k(workspace: Workspace, plan: Plan, budget: int) -> pl.DataFrame:
    """What k answers to each training problem are worth, where a quarter of the problems is to be chosen.

    Args:
        workspace: Whose transitions, where it has any, say what to expect.
        plan: The plan.
        budget: Answers that can be paid for, of base and checkpoints together.

    Returns:
        As `posterior.worth_of_k`. Raises as it does.
    """
    measured = workspace.read("transitions") if workspace.has("transitions") else None
    problems = plan.problems.filter(split="train").height
    return worth_of_k(problems, budget, max(1, problems // 4), prior_of(measured))


def preflight(plan: Plan, judge: Judge, served: Served | None = None) -> pl.DataFrame:
    """Ask the base some training problems of each source before anything is trained.

    Returns:
        source, problems, mean, pass (share solved in any of k answers), verdict: `never solved` and `always
        solved` (at most 1 in 100 answers is otherwise) teach GRPO nothing; else `trainable`.
    """
    few = plan.problems.filter(pl.col("split") == "train").group_by("source", maintain_order=True)
    sample = Plan(plan.folder / "preflight", plan.settings, few.head(plan.settings.preflight), plan.sources)
    rollout_file(sample, None, 0).unlink(missing_ok=True)  # of an older plan
    answers = ask(sample, None, 0, judge, served)
    solved = answers.group_by("source", "key").agg(
        mean=pl.col("correct").mean(), solved=pl.col("correct").any()
    )
    means = solved.group_by("source").agg(
        problems=pl.len(), mean=pl.col("mean").mean(), **{"pass": pl.col("solved").mean()}
    )
    verdict = (
        pl.when(pl.col("mean") <= 0.01).then(pl.lit("never solved"))
        .when(pl.col("mean") >= 0.99).then(pl.lit("always solved"))
        .otherwise(pl.lit("trainable"))
    )  # fmt: skip
    return means.with_columns(verdict=verdict).sort("source")


def trainable(plan: Plan) -> list[str]:
    """Planned sources that the pre-flight did not find to teach nothing; all of them where there was none."""
    verdicts = read_json(plan.folder / "preflight.json") or []
    useless = {line["source"] for line in verdicts if line["verdict"] != "trainable"}
    return [source for source in plan.planned if source not in useless]


def summary(name: str, rollouts: pl.DataFrame) -> list[dict[str, Any]]:
    """Mean@k and Pass@k of one model, and how many answers are empty or were cut, for each split."""
    k = rollouts["sample"].n_unique()
    empty = (pl.col("response").str.strip_chars() == "").sum()
    cut = pl.when(pl.col("cut").count() > 0).then(pl.col("cut").sum())
    odd = rollouts.group_by("split").agg(empty=empty, cut=cut)
    found = summarise(rollouts, [k], by=["split"]).join(odd, on="split", maintain_order="left")
    return [{"model": name, **line} for line in found.to_dicts()]


def keep(workspace: Workspace, plan: Plan, found: Attribution, seed: int) -> None:
    """Write the tables transitions, gains and findings."""
    files = [path for source in (None, *plan.planned) if (path := rollout_file(plan, source, seed)).exists()]
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    made = made_from(workspace, "sca_attribute", seed, hashes)
    tables = {
        "transitions": found.transitions,
        "gains": found.gains,
        "findings": conform(found.findings, FINDINGS),
    }
    workspace.finish("sca_attribute", made, tables, seconds=0.0)
