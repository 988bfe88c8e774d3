"""The plan of SCA: which problems stand for each atomic source, and how they are split.

A problem is everything that lineage traces to one root, so that a reworded copy never stands in training
while its original is held out. Held-out problems of all sources together are the probes that every checkpoint
is asked. Nothing is trained here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rlvr_atlas.audit.golds import TABLES, doubtful_golds
from rlvr_atlas.config import SCASettings
from rlvr_atlas.errors import InputError
from rlvr_atlas.schema import SCA_PROBLEMS, SCA_SOURCES, conform, is_same_problem
from rlvr_atlas.workspace.graph import made_from
from rlvr_atlas.workspace.query import uncut
from rlvr_atlas.workspace.store import Workspace

STAGE = "sca_plan"
#: Reasons to leave a problem out, the first that holds.
LEFT_OUT = ("leaked", "no_answer", "code", "attachments", "mcq", "contradicted", "unreadable_gold")
#: A gold answer that is wrong with at least this probability is left out, as `[curate]` does.
_DOUBTFUL = 0.3

#: Makes an exact question of a multiple-choice one: (prompt, answer, language) -> the new prompt and answer,
#: or None where that is not safe.
Convert = Callable[[str, str, str], tuple[str, str] | None]


@dataclass(frozen=True)
class Plan:
    """What is trained and asked.

    Attributes:
        folder: Checkpoints and rollouts go below it.
        settings: `[sca]` of the recipe.
        problems: schema.SCA_PROBLEMS.
        sources: schema.SCA_SOURCES.
    """

    folder: Path
    settings: SCASettings
    problems: pl.DataFrame
    sources: pl.DataFrame

    @property
    def planned(self) -> list[str]:
        """Sources that have enough problems, in order."""
        return self.sources.filter(pl.col("reason").is_null())["source"].to_list()

    def train(self, source: str) -> pl.DataFrame:
        """Training problems of a source.

        Raises:
            InputError: If the source is not planned.
        """
        if source not in self.planned:
            known = self.sources.filter(source=source)["reason"].to_list()
            what = f"the source '{source}' is not planned" + (f": {known[0]}" if known else "")
            raise InputError(what, fix=f"choose one of: {', '.join(self.planned)}")
        return self.problems.filter(pl.col("source") == source, pl.col("split") == "train")

    def asked(self, source: str | None) -> pl.DataFrame:
        """What a checkpoint is asked: all held-out problems and its own training ones (the base: all)."""
        own = pl.lit(value=True) if source is None else pl.col("source") == source
        return self.problems.filter((pl.col("split") == "held_out") | own)


def make_plan(
    workspace: Workspace,
    settings: SCASettings,
    readable: Callable[[str], bool],
    convert: Convert | None = None,
) -> Plan:
    """Plan SCA from a traced workspace, and keep the plan there (tables sca_problems and sca_sources).

    Args:
        workspace: Traced; leaks are left out where it is audited.
        settings: `[sca]` of the recipe.
        readable: Whether a gold answer can be judged against.
        convert: Needed where `[sca] mcq = "convert"`.

    Returns:
        The plan.

    Raises:
        InputError: If no source has enough problems, or `convert` is needed.
        WorkspaceError: If the workspace is not traced.
    """
    problems = _problems(workspace).sort("source", "order")
    if settings.sources:
        problems = problems.filter(pl.col("source").is_in(settings.sources))
    problems = _without_choices(problems, settings, convert)
    if settings.drop_conflicts:
        problems = _without_contradicted(problems, workspace)
    split, lines = [], []
    for group in problems.partition_by("source", maintain_order=True):
        chosen, line = _split(group, settings, readable)
        lines.append(line)
        split += [chosen] if line["reason"] is None else []
    if not split:
        fix = "lower [sca] min_problems, or trace datasets whose sources are known and have answers"
        raise InputError("no source has enough problems", where=str(workspace.folder), fix=fix)
    tables = {
        "sca_problems": conform(pl.concat(split), SCA_PROBLEMS),
        "sca_sources": conform(pl.DataFrame(lines, infer_schema_length=None), SCA_SOURCES),
    }
    audited = workspace.has("leaks")
    limits = [] if audited else ["the workspace is not audited: leaked problems may be in the plan"]
    workspace.finish(STAGE, _made_from(workspace, settings), tables, seconds=0.0, limits=limits)
    return read_plan(workspace, settings)


def read_plan(workspace: Workspace, settings: SCASettings) -> Plan:
    """The plan of a workspace.

    Raises:
        WorkspaceError: If there is none, or the workspace has changed since it was made.
        InputError: If the settings have changed since it was made.
    """
    problems, sources = workspace.read("sca_problems"), workspace.read("sca_sources")
    if workspace.manifest["stages"][STAGE]["fingerprint"] != _made_from(workspace, settings):
        fix = f"make it again: rlvr-atlas sca plan {workspace.folder}"
        raise InputError("the plan is older than the workspace or its recipe", where="sca plan", fix=fix)
    return Plan(workspace.folder / "sca", settings, problems, sources)


def _made_from(workspace: Workspace, settings: SCASettings) -> str:
    return made_from(workspace, STAGE, settings.model_dump(mode="json", include=settings.PLANNED))


def _problems(workspace: Workspace) -> pl.DataFrame:
    """Every problem with a known source: source, key, prompt, answer, why it is left out, and its order."""
    datasets = workspace.read("datasets").filter(pl.col("role") != "benchmark")
    # What may be the same problem never stands on both sides, so where a chain was cut counts for nothing.
    lineage = uncut(workspace.read("lineage")).drop_nulls("atomic_source")
    rows = lineage.join(datasets.select("dataset", "rank"), on="dataset").join(
        workspace.read("occurrences").select("dataset", "row", "answer"), on=["dataset", "row"]
    )
    rows = rows.with_columns(root=pl.concat_str(_or_own("root_dataset"), pl.lit("\0"), _or_own("root_row")))
    if workspace.has("leaks"):
        leaks = workspace.read("leaks").filter(is_same_problem())
        leaked = leaks.select("dataset", "row", leaked=pl.lit(value=True)).unique()
        rows = rows.join(leaked, on=["dataset", "row"], how="left")
    else:
        rows = rows.with_columns(leaked=pl.lit(None, pl.Boolean))
    roots = (
        rows.sort("rank", "row")
        .group_by("atomic_source", "root", maintain_order=True)
        .agg(pl.col("key").first(), pl.col("answer").drop_nulls().first(), pl.col("leaked").any())
        .unique(["atomic_source", "key"], keep="first", maintain_order=True)
    )
    texts = workspace.read("instances").select("key", "prompt", "domain", "language", "is_mcq", "attachments")
    found = roots.rename({"atomic_source": "source"}).join(texts, on="key", how="left")
    order = [hashlib.sha256(key.encode()).hexdigest() for key in found["key"]]  # as good as drawn, and fixed
    reason = (
        pl.when("leaked").then(pl.lit("leaked"))
        .when(pl.col("answer").is_null()).then(pl.lit("no_answer"))
        .when(pl.col("domain") == "code").then(pl.lit("code"))
        .when(pl.col("attachments").is_not_null()).then(pl.lit("attachments"))
    )  # fmt: skip
    return found.with_columns(reason=reason, order=pl.Series(order, dtype=pl.String))


def _without_choices(problems: pl.DataFrame, settings: SCASettings, convert: Convert | None) -> pl.DataFrame:
    """Multiple-choice problems left out, or made exact where that is safe."""
    if settings.mcq == "keep":
        return problems
    asked = pl.col("is_mcq") & pl.col("reason").is_null()
    if settings.mcq == "drop":
        return problems.with_columns(reason=pl.when(asked).then(pl.lit("mcq")).otherwise("reason"))
    if convert is None:
        raise InputError("multiple choice is to be converted, and nobody says how", where="[sca] mcq")
    lines = []
    for row in problems.filter(asked).select("source", "key", "prompt", "answer", "language").iter_rows():
        prompt, answer = convert(*row[2:]) or (None, None)
        lines.append((*row[:2], prompt, answer))
    names = ("source", "key", "new_prompt", "new_answer")
    made = pl.DataFrame(lines, dict.fromkeys(names, pl.String), orient="row")
    joined = problems.join(made, on=["source", "key"], how="left", maintain_order="left")
    refused = asked & pl.col("new_prompt").is_null()
    return joined.with_columns(
        prompt=pl.coalesce("new_prompt", "prompt"),
        answer=pl.coalesce("new_answer", "answer"),
        reason=pl.when(refused).then(pl.lit("mcq")).otherwise("reason"),
    ).drop("new_prompt", "new_answer")


def _without_contradicted(problems: pl.DataFrame, workspace: Workspace) -> pl.DataFrame:
    """Problems left out whose gold answer is probably wrong, by a vote of independent sources."""
    keys = problems.filter(pl.col("reason").is_null()).select("key").unique()
    found = doubtful_golds({name: workspace.read(name) for name in TABLES}, keys)
    doubtful = found.filter(pl.col("probability") >= _DOUBTFUL).select("key", "answer").unique()
    told = problems.join(
        doubtful.with_columns(doubted=True), on=["key", "answer"], how="left", maintain_order="left"
    )
    reason = pl.coalesce("reason", pl.when("doubted").then(pl.lit("contradicted")))
    return told.with_columns(reason=reason).drop("doubted")


def _or_own(column: str) -> pl.Expr:
    return pl.coalesce(column, column.removeprefix("root_")).cast(pl.String)


def _split(
    group: pl.DataFrame, settings: SCASettings, readable: Callable[[str], bool]
) -> tuple[pl.DataFrame, dict[str, object]]:
    """Held-out problems first in order, then training ones; and the line of the source."""
    usable = group.filter(pl.col("reason").is_null())
    held_out = min(settings.max_held_out, round(usable.height * settings.held_out))
    candidates = usable.head(held_out + settings.max_train)
    can_read = pl.Series([readable(gold) for gold in candidates["answer"]], dtype=pl.Boolean)
    chosen = candidates.filter(can_read)
    unreadable = candidates.height - chosen.height
    chosen = chosen.with_columns(
        split=pl.when(pl.int_range(pl.len()) < held_out).then(pl.lit("held_out")).otherwise(pl.lit("train"))
    )
    counts = {name: group.filter(pl.col("reason") == name).height for name in LEFT_OUT}
    few = chosen.height < settings.min_problems
    line: dict[str, object] = {
        **counts,
        "source": group["source"][0],
        "problems": group.height,
        "train": chosen.filter(pl.col("split") == "train").height,
        "held_out": chosen.filter(pl.col("split") == "held_out").height,
        "unreadable_gold": unreadable,
        "reason": f"fewer than {settings.min_problems} usable problems" if few else None,
    }
    return chosen, line
