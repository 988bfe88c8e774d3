"""Who holds which problems: the rows of every dataset of world.toml, and what is true of them."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import texts
from numpy.typing import NDArray

from rlvr_atlas import registry

#: Rows at size 1, as many as the paper traced; copies of rows (DAPO) and items of benchmarks are extra.
ROWS = 1_450_000
#: Benchmarks are whole from this size on, and no smaller than so many items.
_WHOLE, _LEAST = 0.25, 8
_LOOKS = {
    "reworded": texts.REWORDED, "reformatted": texts.REFORMATTED, "wrong": texts.WRONG, "proof": texts.PROOF,
}  # fmt: skip
_KINDS = {"renumbered": texts.RENUMBERED, "backward": texts.BACKWARD}
#: Another source that a derived problem may be said to have: that of the publisher who derived it.
DERIVED_SOURCE = {texts.RENUMBERED: "synthetic_math", texts.BACKWARD: "metamath"}


@dataclass(frozen=True)
class World:
    """The plan.

    Attributes:
        pools: All pools, by index.
        datasets: Their settings in world.toml, in the order of release.
        rows: By dataset: problem, look, label (null where the dataset has no such field), in row order, each
            once where the dataset has copies.
    """

    pools: list[texts.Pool]
    datasets: dict[str, dict[str, Any]]
    rows: dict[str, pl.DataFrame]

    def those(self, flag: str) -> list[str]:
        """Ids of the datasets with a flag of world.toml: benchmark, local, aside."""
        return [name for name, told in self.datasets.items() if told.get(flag)]


def make(size: float, seed: int = 0) -> World:
    """Draw the world.

    Args:
        size: 1 is 1.45 million rows.
        seed: Of the draws.
    """
    told = tomllib.loads(Path(__file__).with_name("world.toml").read_text(encoding="utf-8"))
    pools = [
        texts.Pool(at, pool["origin"], tuple(pool["groups"]), pool.get("options", 0.0))
        for at, pool in enumerate(told["pools"].values())
    ]
    drawing = _Drawing(dict(zip(told["pools"], pools, strict=True)), np.random.default_rng(seed))
    aside = ("benchmark", "aside")
    training = [dataset for dataset in told["datasets"].values() if not any(map(dataset.get, aside))]
    scale = size * ROWS / sum(dataset["rows"] for dataset in training)
    # Items first: some benchmarks are younger than the training sets that hold their problems.
    for name, dataset in told["datasets"].items():
        if dataset.get("benchmark"):
            most = dataset["rows"]
            count = max(min(most, _LEAST), round(most * min(1.0, size / _WHOLE)))
            drawing.keep(name, drawing.new(name, count), np.zeros(count, np.uint8), None)
    for name, dataset in told["datasets"].items():
        if not dataset.get("benchmark"):
            drawing.dataset(name, dataset, round(dataset["rows"] * scale))
    return World(pools, told["datasets"], {name: drawing.rows[name] for name in told["datasets"]})


class _Drawing:
    """Draws datasets one after another."""

    def __init__(self, pools: Mapping[str, texts.Pool], rng: np.random.Generator) -> None:
        self.pools, self.rng = pools, rng
        self.names = list(pools)
        self.used = dict.fromkeys(pools, 0)
        self.rows: dict[str, pl.DataFrame] = {}

    def new(self, pool: str, count: int) -> NDArray[np.int64]:
        """The next problems of a pool."""
        first = texts.problem_of(self.pools[pool], self.used[pool])
        self.used[pool] += count
        return np.arange(first, first + count, dtype=np.int64)

    def keep(
        self,
        name: str,
        problems: NDArray[np.int64],
        looks: NDArray[np.uint8],
        labels: list[str | None] | None,
    ) -> None:
        """Keep the rows of a dataset in an order of their own."""
        order = self.rng.permutation(len(problems))
        frame = pl.DataFrame(
            {"problem": problems, "look": looks, "label": labels or [None] * len(problems)},
            schema_overrides={"label": pl.String},
        )
        self.rows[name] = frame[order]

    def dataset(self, name: str, told: Mapping[str, Any], count: int) -> None:
        """Draw all parts of a dataset."""
        problems, looks, labels = [], [], list[str | None]()
        for part in told["parts"]:
            drawn, look = self._part(part, count)
            look = look | self._looks(part, len(drawn))
            problems.append(drawn)
            looks.append(look)
            labels += [self._label(int(problem), told, part) for problem in drawn]
        self.keep(name, np.concatenate(problems), np.concatenate(looks), labels)

    def _part(self, part: Mapping[str, Any], count: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        wanted = max(1, round(part["share"] * count))
        if "new" in part:
            return self.new(part["new"], wanted), np.zeros(wanted, np.uint8)
        source = self.rows[part.get("copy") or part.get("leak") or part["of"]]
        if "leak" in part:
            wanted = max(1, round(part["share"] * source.height))
        else:
            source = self._chosen(source, part)
        again = part.get("again", False)
        wanted = wanted if again else min(wanted, source.height)
        at = self.rng.choice(source.height, wanted, replace=again)
        problems, looks = source["problem"].to_numpy()[at], source["look"].to_numpy()[at]
        if "derive" in part:
            problems = problems | _KINDS[part["derive"]] << texts.KIND_BITS
        return problems, looks

    def _chosen(self, source: pl.DataFrame, part: Mapping[str, Any]) -> pl.DataFrame:
        """The rows of a dataset that may be copied, each problem once."""
        pool = pl.col("problem").cast(pl.Int64) // 2**texts.POOL_BITS
        if "only" in part:
            source = source.filter(pool.is_in([self.names.index(name) for name in part["only"]]))
        if "but" in part:
            source = source.filter(~pool.is_in([self.names.index(name) for name in part["but"]]))
        return source.unique("problem", keep="first", maintain_order=True)

    def _looks(self, part: Mapping[str, Any], count: int) -> NDArray[np.uint8]:
        looks = np.zeros(count, np.uint8)
        for name, bit in _LOOKS.items():
            looks |= np.where(self.rng.random(count) < part.get(name, 0.0), bit, 0).astype(np.uint8)
        return looks

    def _label(self, problem: int, told: Mapping[str, Any], part: Mapping[str, Any]) -> str | None:
        """What the row says of its source: of the part, of the pool, or as its dataset writes all of them."""
        if "label" not in told or "label" in part:
            return part.get("label")
        pool = self.names[problem >> texts.POOL_BITS]
        if problem >> texts.KIND_BITS & 15 == texts.RENUMBERED:
            pool = "synthetic_math"
        exceptions: Mapping[str, str] = told.get("labels", {})
        return exceptions.get(pool) or str(told["label"]).format(pool=pool)


def truth(world: World, without: Collection[str] = ()) -> pl.DataFrame:
    """What is true of every row, as far as it can be known from the datasets in view.

    A row is attributable if it, or an earlier row of the same problem, stands where its origin is vouched
    for: in a dataset that the registry says to introduce this source, where nobody had the problem before, or
    in one whose labels are to be trusted.

    Args:
        world: The plan.
        without: Datasets that are not in view.

    Returns:
        dataset, row, rank, problem, look, origin ("" where nobody knows), also (another right source, or
        null), attributable. One line per row as published, copies too.
    """
    origins = pl.DataFrame(
        {"pool": [p.index for p in world.pools], "origin": [p.origin for p in world.pools]}
    )
    frames = []
    for rank, (name, rows) in enumerate(world.rows.items()):
        if name in without:
            continue
        entry = registry.find(name)
        assert entry is not None
        introduced = pl.col("origin") == (entry.atomic_source or "-")
        frames.append(
            pl.concat([rows] * world.datasets[name].get("copies", 1))
            .with_row_index("row")
            .with_columns(
                dataset=pl.lit(name),
                rank=pl.lit(rank),
                pool=pl.col("problem") // 2**texts.POOL_BITS,
                kind=pl.col("problem") // 2**texts.KIND_BITS % 16,
            )
            .join(origins, on="pool", how="left", maintain_order="left")
            .with_columns(
                introduced=introduced, labelled=pl.lit(entry.trust_labels) & (pl.col("origin") != "")
            )
        )
    rows = pl.concat(frames)
    is_first = pl.col("rank") == pl.col("rank").min().over("problem")
    rows = rows.with_columns(vouched=pl.col("labelled") | (pl.col("introduced") & is_first))
    first = rows.filter("vouched").group_by("problem").agg(vouched_rank=pl.col("rank").min())
    # The origin of what was derived is that of the original, if it is not its own.
    also = (
        pl.when((pl.col("kind") == 0) & pl.col("label").str.ends_with("_Rephrased"))
        .then(pl.lit("metamath"))
        .otherwise(pl.col("kind").replace_strict(DERIVED_SOURCE, default=None, return_dtype=pl.String))
    )
    return (
        rows.join(first, on="problem", how="left", maintain_order="left")
        .with_columns(
            also=also, attributable=(pl.col("vouched_rank") <= pl.col("rank")).fill_null(value=False)
        )
        .select("dataset", "row", "rank", "problem", "look", "origin", "also", "attributable")
    )
