"""The SCA demo: pre-train the base, train it on every source for real, and say what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from rlvr_atlas.config import SCASettings
from rlvr_atlas.demo.sca.model import pretrain
from rlvr_atlas.demo.sca.world import SOURCES, problems
from rlvr_atlas.sca import runs
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.sources import Plan
from rlvr_atlas.schema import SCA_PROBLEMS, SCA_SOURCES, conform
from rlvr_atlas.workspace.graph import made_from
from rlvr_atlas.workspace.store import Workspace

#: Called with (stage, what is being worked on, done, total).
OnProgress = Callable[[str, str, int, int], None]


def run(folder: Path, seed: int = 0, on_progress: OnProgress = lambda stage, what, done, total: None) -> Plan:
    """Carry out SCA on the generated sources; what is finished is not repeated.

    Args:
        folder: Becomes a workspace with the tables sca_problems, sca_sources, transitions, gains, findings.
        seed: Of the problems, the base and the training runs.
        on_progress: Shown to the user.

    Returns:
        The plan that was carried out.

    Raises:
        MissingExtraError: Without the extra `train`.
    """
    started = time.monotonic()
    workspace = Workspace(folder, create=True)
    with workspace.locked():
        plan = _plan(folder, seed)
        total = 2 + len(plan.planned)
        on_progress("base", "pre-training and asking the base", 0, total)
        pretrain(Path(plan.settings.base_model), seed=seed)
        with Judge() as judge:
            runs.ask(plan, None, seed, judge)
            for number, source in enumerate(plan.planned, start=1):
                on_progress("train", source, number, total)
                runs.train_source(plan, source, seed, judge)
                runs.ask(plan, source, seed, judge)
        found = runs.attribute(plan, seed, trusted=plan.planned)
        tables = {
            "sca_problems": plan.problems,
            "sca_sources": plan.sources,
            "transitions": found.transitions,
            "gains": found.gains,
            "findings": found.findings,
        }
        made = made_from(workspace, "sca_demo", seed)
        workspace.finish("sca_demo", made, tables, seconds=time.monotonic() - started)
    return plan


def table(workspace: Workspace) -> pl.DataFrame:
    """What training on each source did: on all its own labels, and on its held-out problems.

    Returns:
        source, own_base and own_trained (mean over training problems, by the labels trained on), base_mean,
        trained_mean, gain, gain_low, gain_high (held-out, true answers), findings.
    """
    own = (
        workspace.read("transitions")
        .filter(pl.col("split") == "train")
        .group_by("source")
        .agg(own_base=pl.col("base_correct").mean(), own_trained=pl.col("trained_correct").mean())
    )
    gains = workspace.read("gains").filter(pl.col("source") == pl.col("trained_on"))
    said = workspace.read("findings").group_by("source").agg(findings=pl.col("finding").str.join(", "))
    order = pl.DataFrame({"source": list(SOURCES)})
    lines = order.join(own, on="source", how="left").join(gains, on="source", how="left")
    return lines.join(said, on="source", how="left").drop("trained_on", "problems")


def _plan(folder: Path, seed: int) -> Plan:
    base = folder / "sca" / "base"
    settings = SCASettings(
        base_model=str(base),
        preset="tiny",
        instruction="",
        temperature=1.0,
        top_p=1.0,
        top_k=0,
        rollout_batch=64,
    )
    drawn = conform(problems(seed), SCA_PROBLEMS)
    counts = drawn.group_by("source", maintain_order=True).agg(
        problems=pl.len(),
        train=(pl.col("split") == "train").sum(),
        held_out=(pl.col("split") == "held_out").sum(),
    )
    return Plan(folder / "sca", settings, drawn, conform(counts, SCA_SOURCES))
