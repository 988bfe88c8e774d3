"""Review: people's decisions on uncertain matches, and which ones are worth a person's time.

A decision is about two texts, in either order, and about every pair of texts that differ from them in
notation only. Decisions stand in `review.jsonl` of the workspace, outside the tables of the stages: one line
each, only ever added to. They name texts by key, so that they hold wherever the same texts stand. Of several
decisions on one pair the latest holds.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import polars as pl
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.errors import InputError
from rlvr_atlas.schema import MATCHES, RELATIONS, VERDICTS, Relation, conform
from rlvr_atlas.schema.attachments import content
from rlvr_atlas.workspace.files import SEAL, seal_of
from rlvr_atlas.workspace.query import between
from rlvr_atlas.workspace.store import Workspace

FILE = "review.jsonl"
#: What a verdict makes of a pair.
_RELATIONS: dict[str, Relation | None] = {"reject": None, **{name: name for name in RELATIONS}}

Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
#: A name of a person or a reason: one line of plain text.
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class Decision(BaseModel):
    """What a person decided on a pair of texts; `relation` is None where they are not a match.

    A line without `relation` is an error, not a rejection: it must say what it means.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    child: Key
    parent: Key
    relation: Relation | None
    by: Annotated[Line, StringConstraints(min_length=1)]
    at: AwareDatetime
    why: Line = ""
    #: What the matcher said of the pair at that time; None where it had not proposed it.
    automatic_relation: str | None = None
    automatic_probability: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, data: object) -> object:
        """A line that holds its own hash is taken only as it was written."""
        if not isinstance(data, dict) or data.get(SEAL) is None:
            return data
        fields = {name: value for name, value in data.items() if name != SEAL}
        if data[SEAL] != seal_of(fields):
            raise ValueError(f"the line was changed or damaged after it was written ({SEAL} differs)")
        return fields

    @model_validator(mode="after")
    def _two_texts(self) -> Decision:
        if self.child == self.parent:
            raise ValueError("child and parent are one text")
        return self

    @property
    def pair(self) -> tuple[str, str]:
        """The two keys in ascending order."""
        return min(self.child, self.parent), max(self.child, self.parent)

    def line(self) -> str:
        """The decision as one line of JSON, which holds its own hash."""
        fields = self.model_dump(mode="json")
        return json.dumps({**fields, SEAL: seal_of(fields)}, ensure_ascii=False)


@dataclass(frozen=True)
class Applied:
    """Verdicts with the decisions applied.

    Attributes:
        matches: schema.MATCHES, ordered by child and parent.
        parted: Keys whose text a person took a match from.
        rejected: child, parent: pairs that a person says are no match.
        idle: Decisions about texts that are not in view.
    """

    matches: pl.DataFrame
    parted: pl.Series
    rejected: pl.DataFrame
    idle: int

    def mark(self, lineage: pl.DataFrame) -> pl.DataFrame:
        """Rows that a person left without a parent were decided by that person too."""
        alone = pl.col("parent_dataset").is_null() & pl.col("key").is_in(self.parted.implode())
        decided = pl.when(alone).then(pl.lit("review")).otherwise("decided_by")
        return lineage.with_columns(decided_by=decided)


def read(workspace: Workspace) -> tuple[list[Decision], list[str]]:
    """All decisions of a workspace, the latest last, and what is wrong with lines that are none."""
    decisions, bad = parse(workspace.read_bytes(FILE))
    return sorted(decisions, key=lambda decision: decision.at), bad


def parse(data: bytes) -> tuple[list[Decision], list[str]]:
    """Decisions from JSON lines.

    Returns:
        The decisions in the order of the lines, and `line N: reason` for every line that is none.
    """
    decisions, bad = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            decisions.append(Decision.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            message = first["msg"].removeprefix("Value error, ")
            bad.append(f"line {number}: {f'{place}: ' if place else ''}{message}")
    return decisions, bad


def add(workspace: Workspace, decisions: Iterable[Decision]) -> list[Decision]:
    """Add decisions that are not there yet.

    Returns:
        Those that were added.
    """
    there = {decision.line() for decision in read(workspace)[0]}
    new = {line: decision for decision in decisions if (line := decision.line()) not in there}
    if new:
        workspace.append_lines(FILE, list(new))
    return list(new.values())


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """The latest decision on each pair; of two at one time the one given later."""
    latest: dict[tuple[str, str], Decision] = {}
    for decision in sorted(decisions, key=lambda decision: decision.at):
        latest.pop(decision.pair, None)
        latest[decision.pair] = decision
    return list(latest.values())


def conflicts(decisions: Iterable[Decision]) -> list[list[Decision]]:
    """Decisions that contradict each other, by pair; the last of each list is the one that holds."""
    by_pair: dict[tuple[str, str], list[Decision]] = {}
    for decision in sorted(decisions, key=lambda decision: decision.at):
        by_pair.setdefault(decision.pair, []).append(decision)
    return [group for _, group in sorted(by_pair.items()) if len({one.relation for one in group}) > 1]


def apply(
    verdicts: pl.DataFrame,
    decisions: Iterable[Decision],
    instances: pl.DataFrame,
    *,
    min_probability: float = 0.0,
) -> Applied:
    """Let people's decisions win over the matcher's verdicts.

    A rejected pair is no match; any other becomes a certain match of the decided relation, proposed or not.

    Args:
        verdicts: schema.VERDICTS.
        decisions: Decisions, in any order.
        instances: schema.INSTANCES, ordered by first occurrence.
        min_probability: Verdicts below it were no links, so that rejecting them takes nothing away.
    """
    held = standing(decisions)
    decided, used = _spread(held, _units(instances))
    pair = ["child", "parent"]
    before = verdicts.select(*VERDICTS).join(decided, on=pair, how="semi")
    linked = (
        decided.filter(pl.col("relation").is_not_null())
        .join(before.drop("relation"), on=pair, how="left")
        .with_columns(probability=pl.lit(1.0), decided_by=pl.lit("review"))
    )
    rest = verdicts.join(decided, on=pair, how="anti").with_columns(decided_by=pl.lit("auto"))
    matches = pl.concat([conform(part, MATCHES).select(*MATCHES) for part in (rest, linked)]).sort(*pair)
    rejected = decided.filter(pl.col("relation").is_null()).select(*pair)
    parted = before.filter(pl.col("probability") >= min_probability).join(rejected, on=pair, how="semi")
    return Applied(matches, parted["child"].unique().sort(), rejected, len(held) - used)


def queue(
    verdicts: pl.DataFrame,
    decisions: Iterable[Decision],
    tables: dict[str, pl.DataFrame],
    settings: MatchSettings,
) -> pl.DataFrame:
    """Undecided matches between the two review thresholds, those that matter most first.

    What matters is how many rows are expected to be wrong now: the probability that the verdict, taken or not
    taken at `min_probability`, is mistaken, times the rows that hang on it.

    Args:
        verdicts: schema.VERDICTS.
        decisions: Decisions that were taken.
        tables: datasets, occurrences and instances, as `schema` lists them.
        settings: Thresholds.

    Returns:
        The columns of schema.VERDICTS and `rows` (that hold the later text), `leaks` (rows outside benchmarks
        that would be a benchmark's problem), `at_stake` (rows expected to be wrong; a leak counts twice). Of
        pairs of texts that differ in notation only the earliest stands for all.
    """
    units = _units(tables["instances"])
    decided, _ = _spread(standing(decisions), units)
    p = pl.col("probability")
    sizes = _sizes(units, tables["occurrences"], tables["datasets"])
    sides = units.select("key", "unit", "order")
    pairs = (
        verdicts.filter(p.is_between(settings.review_low, settings.review_high))
        .join(decided, on=["child", "parent"], how="anti")
        .join(sides, left_on="child", right_on="key")
        .join(sides, left_on="parent", right_on="key", suffix="_parent")
        .sort("order_parent", "order")
    )
    # Two texts of one skeleton are a pair of their own; others are decided together with all of their kind.
    kind = pl.struct(
        low=pl.min_horizontal("unit", "unit_parent"),
        high=pl.max_horizontal("unit", "unit_parent"),
        pair=pl.when(pl.col("unit") == pl.col("unit_parent")).then(pl.struct("order", "order_parent")),
    )
    first = pairs.filter(kind.is_first_distinct())
    leaks = pl.when(pl.col("in_benchmark_parent")).then("outside").otherwise(0) + pl.when(
        pl.col("in_benchmark")
    ).then("outside_parent").otherwise(0)
    wrong = pl.when(p >= settings.min_probability).then(1 - p).otherwise(p)
    return (
        first.join(sizes, on="unit")
        .join(sizes, left_on="unit_parent", right_on="unit", suffix="_parent")
        .with_columns(leaks=leaks)
        .with_columns(at_stake=wrong * (pl.col("rows") + pl.col("leaks")))
        .sort("at_stake", "child", "parent", descending=[True, False, False])
        .select(*VERDICTS, "rows", "leaks", "at_stake")
    )


def left_of(waiting: pl.DataFrame, decisions: Iterable[Decision], instances: pl.DataFrame) -> pl.DataFrame:
    """What of a queue is undecided yet, in its order; as `queue` would say it.

    Args:
        waiting: What `queue` gave.
        decisions: Decisions that were taken since, in any order.
        instances: schema.INSTANCES, ordered by first occurrence.
    """
    held = standing(decisions)
    keys = pl.concat([waiting["child"], waiting["parent"], pl.Series(_keys(held), dtype=pl.String)]).unique()
    decided, _ = _spread(held, _units(instances.filter(pl.col("key").is_in(keys.implode()))))
    return waiting.join(decided, on=["child", "parent"], how="anti", maintain_order="left")


def decide(
    verdicts: pl.DataFrame,
    pair: tuple[str, str],
    relation: Relation | None,
    *,
    by: str,
    why: str = "",
) -> Decision:
    """A decision on a pair, with what the matcher said of it.

    Args:
        verdicts: schema.VERDICTS.
        pair: The two keys, in either order.
        relation: What the pair is; None where it is nothing.
        by: Who decides.
        why: Why.

    Raises:
        pydantic.ValidationError: If a value is not what `Decision` wants.
    """
    found = between(verdicts, pair)
    child, parent = (found["child"], found["parent"]) if found else pair
    return Decision(
        child=child,
        parent=parent,
        relation=relation,
        by=by,
        at=dt.datetime.now(dt.UTC),
        why=why,
        automatic_relation=found["relation"] if found else None,
        automatic_probability=found["probability"] if found else None,
    )


def judge(verdicts: pl.DataFrame, pair: tuple[str, str], verdict: str, *, by: str, why: str = "") -> Decision:
    """A decision from what a person says of a pair, on the command line or in a browser.

    Args:
        verdicts: schema.VERDICTS.
        pair: The two keys, in either order.
        verdict: accept, reject, or a relation.
        by: Who decides.
        why: Why.

    Raises:
        InputError: If there is nothing to accept, or the verdict or a value cannot be used.
    """
    found = between(verdicts, pair)
    name = found["relation"] if verdict == "accept" and found else verdict
    if name == "accept":
        fix = f"say what it is: {', '.join(RELATIONS)}"
        raise InputError("the matcher did not propose this pair, so there is nothing to accept", fix=fix)
    if name not in _RELATIONS:
        fix = f"choose accept, reject, {', '.join(RELATIONS)}"
        raise InputError(f"unknown verdict '{verdict[:80]}'", fix=fix)
    if not by.strip():
        raise InputError("a decision needs a name", fix="say who decides: --by NAME")
    try:
        return decide(verdicts, pair, _RELATIONS[name], by=by, why=why)
    except ValidationError as error:
        first = error.errors()[0]
        place = f"{first['loc'][0]}: " if first["loc"] else ""
        raise InputError(f"{place}{first['msg'].removeprefix('Value error, ')}") from None


def _keys(decisions: Iterable[Decision]) -> list[str]:
    return [key for decision in decisions for key in decision.pair]


def _units(instances: pl.DataFrame) -> pl.DataFrame:
    """key, order (of first occurrence), unit (first order of its skeleton and attachments), occurrences."""
    attached = pl.Series("attachments", map(content, instances["attachments"]), dtype=pl.String)
    return (
        instances.select("key", "skeleton", "occurrences", attached)
        .with_row_index("order")
        .with_columns(unit=pl.col("order").first().over("skeleton", "attachments"))
        .drop("skeleton", "attachments")
    )


def _spread(decisions: Sequence[Decision], units: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Decisions as pairs of keys (child, parent, relation), and how many are about texts in view.

    A decision between two skeletons holds for all keys that have them, as the matcher's verdicts do.
    """
    frame = pl.DataFrame(
        [(one.child, one.parent, one.relation) for one in decisions],
        schema={"a": pl.String, "b": pl.String, "relation": pl.String},
        orient="row",
    ).with_row_index("nth")
    places = units.select("key", "order", "unit")
    known = frame.join(places, left_on="a", right_on="key").join(
        places, left_on="b", right_on="key", suffix="_b"
    )
    between = pl.col("unit") != pl.col("unit_b")
    kin = places.select("order", "unit")
    wide = (
        known.filter(between)
        .drop("order", "order_b")
        .join(kin, on="unit")
        .join(kin, left_on="unit_b", right_on="unit", suffix="_b")
    )
    columns = ["nth", "relation", "order", "order_b"]
    keys = places.select("order", "key")
    pairs = (
        pl.concat([known.filter(~between).select(columns), wide.select(columns)])
        .with_columns(early=pl.min_horizontal("order", "order_b"), late=pl.max_horizontal("order", "order_b"))
        .sort("nth", "early", "late")
        .unique(["early", "late"], keep="last", maintain_order=True)
        .join(keys.rename({"key": "parent"}), left_on="early", right_on="order", maintain_order="left")
        .join(keys.rename({"key": "child"}), left_on="late", right_on="order", maintain_order="left")
    )
    return pairs.select("child", "parent", "relation"), known.height


def _sizes(units: pl.DataFrame, occurrences: pl.DataFrame, datasets: pl.DataFrame) -> pl.DataFrame:
    """unit, rows, outside (rows outside benchmarks), in_benchmark."""
    benchmark = pl.col("role") == "benchmark"
    return (
        occurrences.lazy()
        .select("key", "dataset")
        .join(datasets.lazy().select("dataset", "role"), on="dataset")
        .join(units.lazy().select("key", "unit"), on="key")
        .group_by("unit")
        .agg(
            rows=pl.len().cast(pl.Int64),
            outside=(~benchmark).sum().cast(pl.Int64),
            in_benchmark=benchmark.any(),
        )
        .collect()
    )
