"""What a workspace says, beside what is true of the world it was made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import texts

#: Rows, or pairs, of each kind of failure that are kept to be looked at.
EXAMPLES = 20


@dataclass(frozen=True)
class Line:
    """One figure.

    Attributes:
        what: What is measured.
        of: How many it is a share or a part of.
        measured: The share or the number.
        bar: What it should be; "" where the figure is only told.
        holds: Whether it is so.
    """

    what: str
    of: int
    measured: float
    bar: str = ""
    holds: bool = True


def at_least(least: float, what: str, good: int, of: int) -> Line:
    """A share with a least value; nothing to be found is no share, and does not hold."""
    share = good / of if of else 0.0
    return Line(what, of, share, f">= {least:g}", share >= least)


def at_most(most: float, what: str, bad: int, of: int) -> Line:
    """A share with a greatest value."""
    share = bad / of if of else 0.0
    return Line(what, of, share, f"<= {most:g}" if most else "0", share <= most)


class Workspace:
    """The tables of a workspace with the truth beside them.

    Args:
        folder: The workspace.
        truth: As `plan.truth` gives it.
        benchmarks: Their ids.
    """

    def __init__(self, folder: Path, truth: pl.DataFrame, benchmarks: list[str]) -> None:
        self.folder, self.benchmarks = folder, benchmarks
        self.truth = truth.with_columns(pl.col("row").cast(pl.Int64))
        self.examples: dict[str, pl.DataFrame] = {}

    def read(self, name: str) -> pl.DataFrame:
        """A table."""
        return pl.read_parquet(self.folder / f"{name}.parquet")

    def _note(self, what: str, rows: pl.DataFrame) -> None:
        if rows.height:
            self.examples[what] = rows.head(EXAMPLES)

    def rows(self) -> list[Line]:
        """Whether every row was read."""
        read = self.read("lineage").select("dataset", "row")
        there = self.truth.join(read, on=["dataset", "row"], how="semi").height
        self._note("rows not read", self.truth.join(read, on=["dataset", "row"], how="anti"))
        more = read.height - there
        return [
            at_least(1.0, "rows read", there, self.truth.height),
            at_most(0.0, "rows read that were not published", more, read.height),
        ]

    def sources(self) -> list[Line]:
        """Source labels, benchmarks apart: those that can be told, and those that nobody can tell."""
        traced = self.read("lineage").select("dataset", "row", "atomic_source", "parent_dataset", "relation")
        rows = self.truth.filter(~pl.col("dataset").is_in(self.benchmarks)).join(
            traced, on=["dataset", "row"], how="left"
        )
        told = pl.col("atomic_source").is_not_null()
        right = (
            (pl.col("atomic_source") == pl.col("origin")) | (pl.col("atomic_source") == pl.col("also"))
        ).fill_null(value=False)
        can, cannot = rows.filter("attributable"), rows.filter(~pl.col("attributable"))
        wrong, missing = can.filter(told & ~right), can.filter(~told)
        given = cannot.filter(told)
        # A row that is like one of a documented upstream but for its numbers is taken to descend from it.
        alike = rows.filter(pl.col("relation") == "variant").select("problem").unique()
        invented = given.join(alike, on="problem", how="anti")
        strictly = can.filter(pl.col("atomic_source") == pl.col("origin")).height
        self._note("wrong source", wrong)
        self._note("no source", missing)
        self._note("invented source", invented)
        return [
            at_least(
                0.997,
                "rows with the right source, of those that can be told",
                can.filter(right).height,
                can.height,
            ),
            Line(
                "... with the source of the original where a row was derived",
                can.height,
                strictly / can.height,
            ),
            Line("... with another source", can.height, wrong.height / can.height),
            Line("... with none", can.height, missing.height / can.height),
            at_most(0.0, "rows with a source that nobody in view can know", invented.height, cannot.height),
            Line(
                "... and rows that get one as a variant of a row of a documented upstream",
                cannot.height,
                (given.height - invented.height) / cannot.height,
            ),
        ]

    def leaks(self) -> list[Line]:
        """Planted leaks, by how they are told, and leaks that are none."""
        item = pl.col("problem").cast(pl.Int64)
        items = self.truth.filter(pl.col("dataset").is_in(self.benchmarks))
        training = self.truth.filter(~pl.col("dataset").is_in(self.benchmarks))
        planted = training.join(
            items.select("problem", benchmark="dataset", benchmark_row="row"), on="problem"
        )
        same = self.read("leaks").filter(pl.col("relation") != "variant")
        place = ["dataset", "row", "benchmark", "benchmark_row"]
        found = same.select(place).cast({"row": pl.Int64, "benchmark_row": pl.Int64})
        lines = []
        for what, rows, least in self._told(planted):
            hits = rows.join(found, on=place, how="semi")
            self._note(f"{what} leaks not found", rows.join(found, on=place, how="anti"))
            lines.append(at_least(least, f"planted leaks found, {what}", hits.height, rows.height))
        pairs = found.join(training.select("dataset", "row", problem=item), on=["dataset", "row"]).join(
            items.select(benchmark="dataset", benchmark_row="row", item=item),
            on=["benchmark", "benchmark_row"],
        )
        false = pairs.filter(pl.col("problem") != pl.col("item"))
        self._note("leaks that are none", false)
        rows = false.select("dataset", "row").unique().height
        lines.append(at_most(0.0001, "rows called a leak that are none", rows, training.height))
        return lines

    @staticmethod
    def _told(planted: pl.DataFrame) -> list[tuple[str, pl.DataFrame, float]]:
        """Leaks apart by how the row tells the item, with the least share to be found."""
        reworded = pl.col("look") & texts.REWORDED > 0
        reformatted = pl.col("look") & texts.REFORMATTED > 0
        return [
            ("word for word", planted.filter(~reworded & ~reformatted), 1.0),
            ("reformatted", planted.filter(~reworded & reformatted), 1.0),
            ("reworded", planted.filter(reworded), 0.9),
        ]

    def all(self) -> list[Line]:
        """Every figure."""
        parts: list[Callable[[], list[Line]]] = [self.rows, self.sources, self.leaks]
        return [line for part in parts for line in part()]
