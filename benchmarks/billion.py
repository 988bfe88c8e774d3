"""What a billion rows take, by calculation from measured points, and what a skew does to blocks and shuffles.

Run: python benchmarks/billion.py WORKSPACE [--sizes 10000 20000 40000] [--write FILE]

WORKSPACE is a traced one; its first prompts are matched here again at each size by an engine that measures:
processor seconds of every block, those of all else (which the driver does), and the bytes of what every
worker holds. Then the same with one answer given to 5 % of the prompts. What is beyond the points is
calculated: in proportion, or by the power that the last two points show where that is more.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rlvr_atlas import engine
from rlvr_atlas.config import MatchSettings
from rlvr_atlas.engine.sent import dumps, dumps_part
from rlvr_atlas.match import match

ROWS = 1_000_000_000
#: Share of the rows that have one answer, where there is a skew.
SKEW = 0.05
#: Partitions of a shuffle, rows drawn for its simulation, and children of one group that stay together.
PARTITIONS, DRAWN, TOGETHER = 1_000, 4_000_000, 20_000
GIB = 2**30


@dataclass
class Measuring:
    """An engine of this thread that measures.

    Attributes:
        seconds: Processor seconds of each block.
        held: Bytes of what every worker holds, by the name of its kind.
        sent: Bytes of all blocks and results.
    """

    seconds: list[float] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    remote: bool = field(default=False, init=False)
    _parts: dict[int, int] = field(default_factory=dict)

    def results(
        self, work: Callable[[Any], Any], blocks: Iterable[Any], shared: Sequence[object]
    ) -> Iterator[tuple[int, Any]]:
        """See `engine.Engine`."""
        for part in shared:
            if id(part) not in self._parts:
                data, apart = dumps_part(part, self._parts)
                self._parts[id(part)] = len(self._parts)
                size = len(data) + sum(len(buffer) for buffer in apart)
                name = type(part).__name__.lstrip("_")
                self.held[name] = self.held.get(name, 0) + size
        for number, block in enumerate(blocks):
            began = time.thread_time()
            made = work(block)
            self.seconds.append(time.thread_time() - began)
            self.sent += len(dumps((work, block), self._parts)) + len(dumps(made, self._parts))
            yield number, made


@dataclass(frozen=True)
class Point:
    """What matching so many distinct prompts took.

    Attributes:
        prompts: How many.
        driver: Processor seconds of what is not done in blocks.
        blocks: Those of all blocks.
        mean: Those of a block, on average.
        longest: Those of the longest block.
        held: Bytes that every worker holds.
        sent: Bytes of blocks and results.
    """

    prompts: int
    driver: float
    blocks: float
    mean: float
    longest: float
    held: int
    sent: int


def measured(instances: pl.DataFrame) -> Point:
    """Match some prompts."""
    measuring = Measuring()
    began = time.process_time()
    with engine.using(measuring):
        match(instances, MatchSettings(semantic=False))
    by_blocks = sum(measuring.seconds)
    return Point(
        prompts=instances.height,
        driver=time.process_time() - began - by_blocks,
        blocks=by_blocks,
        mean=by_blocks / len(measuring.seconds),
        longest=max(measuring.seconds),
        held=sum(measuring.held.values()),
        sent=measuring.sent,
    )


def skewed(instances: pl.DataFrame) -> pl.DataFrame:
    """The same prompts, one answer given to every twentieth."""
    every = round(1 / SKEW)
    chosen = pl.int_range(pl.len()) % every == 0
    return instances.with_columns(pl.when(chosen).then(pl.lit("42")).otherwise("answer").alias("answer"))


def beyond(points: Sequence[Point], of: str, at: float) -> tuple[float, float]:
    """A figure at a size beyond the measured ones, and by which power it grew; it is taken as 1 at least."""
    before, last = points[-2:]
    grown = math.log(getattr(last, of) / getattr(before, of)) / math.log(last.prompts / before.prompts)
    power = max(grown, 1.0)
    return float(getattr(last, of) * (at / last.prompts) ** power), grown


@dataclass(frozen=True)
class Shuffle:
    """How rows fall on partitions when they are shuffled by their answer.

    Attributes:
        rows: Of the largest partition, as a multiple of the mean.
        pairs: Comparisons in it where each row of a group is compared with each, likewise.
        split: Rows of the largest where groups are split into pieces of TOGETHER children, likewise.
        split_pairs: Comparisons in it, likewise.
    """

    rows: float
    pairs: float
    split: float
    split_pairs: float


def shuffle(answers: pl.Series, share: float) -> Shuffle:
    """Simulate a shuffle of DRAWN rows whose answers are as those given, but that one has a share of all."""
    random = np.random.default_rng(0)
    known = answers.drop_nulls().value_counts()["count"].to_numpy()
    drawn = random.multinomial(round(DRAWN * (1 - share)), known / known.sum())
    sizes = np.concatenate([[round(DRAWN * share)], drawn]).astype(np.float64)
    scale = ROWS / DRAWN
    whole = random.integers(0, PARTITIONS, len(sizes))
    pieces = np.maximum(np.ceil(sizes * scale / TOGETHER), 1).astype(np.int64)
    group = np.repeat(np.arange(len(sizes)), pieces)
    part = (sizes / pieces)[group]
    places = random.integers(0, PARTITIONS, len(group))

    def largest(place: np.ndarray[Any, Any], load: np.ndarray[Any, Any]) -> float:
        loads = np.bincount(place, load, minlength=PARTITIONS)
        return float(loads.max() / loads.mean())

    return Shuffle(
        rows=largest(whole, sizes),
        pairs=largest(whole, sizes**2),
        split=largest(places, part),
        split_pairs=largest(places, part * sizes[group]),
    )


def filled(*parts: str) -> str:
    """A paragraph in lines that can be read as text."""
    return textwrap.fill(" ".join(parts), 110, break_on_hyphens=False) + "\n"


def row(*cells: object) -> str:
    """A line of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def told_points(points: list[Point]) -> list[str]:
    """The measured points as a table."""
    names = ("distinct prompts", "by the driver", "in blocks", "a block, mean", "longest")
    return [
        row(*names, "held by every worker", "sent"),
        "|---" * 7 + "|",
        *(
            row(
                f"{point.prompts:,}",
                *(f"{value:.1f} s" for value in (point.driver, point.blocks)),
                *(f"{value:.2f} s" for value in (point.mean, point.longest)),
                f"{point.held / 2**20:.0f} MiB",
                f"{point.sent / 2**20:.1f} MiB",
            )
            for point in points
        ),
        "",
    ]


def told_calculation(workspace: Path, points: list[Point]) -> list[str]:
    """What was measured of the workspace, and what follows for ROWS."""
    stages = json.loads((workspace / "manifest.json").read_text())["stages"]
    rows, distinct = (stages["ingest"]["rows"][name] for name in ("occurrences", "instances"))
    ingest, times = stages["ingest"]["seconds"], ROWS / rows
    tables = sum(file.stat().st_size for file in workspace.glob("*.parquet"))
    kept = sum(file.stat().st_size for file in (workspace / "cache").rglob("*.parquet"))
    prompts = distinct * times
    blocks, driver, held, sent = (beyond(points, of, prompts) for of in ("blocks", "driver", "held", "sent"))
    one = held[0] / prompts

    def fits(memory: float) -> str:
        return f"{memory * GIB / one / distinct * rows / 1e6:,.0f} million rows"

    return [
        filled(
            "Growth from the last point but one to the last, as a power of the size: the driver",
            f"{driver[1]:.2f},",
            f"blocks {blocks[1]:.2f}, held {held[1]:.2f}, sent {sent[1]:.2f}. The whole",
            f"workspace ({rows:,} rows,",
            f"{distinct:,} distinct prompts) was read in {ingest:.0f} s by the clock; its tables are",
            f"{tables / 2**20:.0f} MiB, what is kept of its datasets {kept / 2**20:.0f} MiB.",
        ),
        "## Calculated for 1,000,000,000 rows of the same mix",
        "",
        row("what", "amount", "how"),
        "|---|---|---|",
        row("distinct prompts", f"{prompts / 1e6:,.0f} million", f"{distinct / rows:.1%} of the rows"),
        row("reading", f"{ingest * times / 3600:,.0f} hours of a machine like this", "in proportion"),
        row("partitions", f"{kept * times / 256e6:,.0f}", "of 256 MB of what is kept of a dataset"),
        row("blocks", f"{prompts / 1024:,.0f}, and those of pairs", "1,024 prompts each"),
        row("work in blocks", f"{blocks[0] / 3600:,.0f} processor hours", f"power {max(blocks[1], 1):.2f}"),
        row(
            "work of the driver", f"{driver[0] / 3600:,.0f} processor hours", f"power {max(driver[1], 1):.2f}"
        ),
        row("held by every machine", f"{held[0] / GIB:,.0f} GiB", f"power {max(held[1], 1):.2f}"),
        row("blocks and results sent", f"{sent[0] / GIB:,.0f} GiB", f"power {max(sent[1], 1):.2f}"),
        row("on disk", f"{(tables + kept) * times / GIB:,.0f} GiB", "in proportion"),
        row(
            "encoder, where there is one",
            f"{prompts / 60 / 3600:,.0f} hours of one core; {prompts * 768 / GIB:,.0f} GiB of vectors",
            "60 texts a second; 384 numbers of 2 bytes",
        ),
        "",
        filled(
            "Every machine holds the tokens of all texts and the whole index in its object",
            "store. One whose store",
            f"is 32 GiB therefore takes part in runs of up to {fits(32)} of this mix, one with",
            "512 GiB of up to",
            f"{fits(512)}. That, and the work of the driver, is the limit of the engine as it",
            "is. Beyond it the",
            "index itself has to be partitioned, by term and by group, and candidates shuffled",
            "to it; this is not",
            "built.",
        ),
    ]


def told_skew(last: Point, skew: Point, answers: pl.Series) -> list[str]:
    """What one answer with 5 % of the rows does."""
    names = ("as it is", "one answer has 5 %")
    told = shuffle(answers, 0.0), shuffle(answers, SKEW)
    return [
        "## The skew: one answer holds 5 % of all rows",
        "",
        filled(
            "Blocks are cut by the position of a prompt and not by its answer, so that no block grows with a",
            "group; and of more than 20,000 texts with one answer each is searched by its words",
            "alone. Measured",
            "at the largest point, as it is and with one answer given to every twentieth prompt:",
        ),
        row("", "in blocks", "by the driver", "a block, mean", "longest", "longest to mean"),
        "|---" * 6 + "|",
        *(
            row(
                name,
                *(f"{value:.1f} s" for value in (point.blocks, point.driver)),
                *(f"{value:.2f} s" for value in (point.mean, point.longest)),
                f"{point.longest / point.mean:.1f}",
            )
            for name, point in zip(names, (last, skew), strict=True)
        ),
        "",
        filled(
            f"A shuffle by answer would feel it. Simulated: {DRAWN:,} rows whose answers are drawn as in the",
            f"workspace, {PARTITIONS:,} partitions by hash, sizes scaled to a billion; the",
            "largest partition as a",
            "multiple of the mean.",
        ),
        row("", "rows", "comparisons, each with each", "rows, groups split", "comparisons, groups split"),
        "|---" * 5 + "|",
        *(
            row(name, *(f"{value:.1f}" for value in (one.rows, one.pairs, one.split, one.split_pairs)))
            for name, one in zip(names, told, strict=True)
        ),
        "",
        filled(
            f"Split groups are pieces of {TOGETHER:,} rows, each compared with its whole group.",
            "That evens out the",
            "partitions; the work of a group still grows with its square, which is why the larger ones are",
            "searched by words alone.",
        ),
    ]


def page(workspace: Path, points: list[Point], skew: Point, answers: pl.Series, sizes: str) -> str:
    """The page."""
    cores = len(os.sched_getaffinity(0))
    lines = [
        "# A billion rows: what they take",
        "",
        f"Command: `python benchmarks/billion.py WORKSPACE --sizes {sizes} --write FILE`",
        "",
        filled(
            f"Measured on {platform.machine()} with {cores} cores, Python",
            f"{platform.python_version()}, no encoder,",
            "in processor seconds, which other processes hardly move; the workspace is the",
            "shared corpus of real",
            "datasets. Of its distinct prompts every so many were matched again, which have",
            "fewer duplicates among",
            "them than all. No run of a billion rows was made: what is said of one is calculated.",
        ),
        "## Measured points",
        "",
        *told_points(points),
        *told_calculation(workspace, points),
        *told_skew(points[-1], skew, answers),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 20_000, 40_000])
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    instances = pl.read_parquet(given.workspace / "instances.parquet")
    # Every so many prompts, in order of release: the first ones alone would be of few datasets.
    chosen = [instances.gather_every(max(instances.height // size, 1)).head(size) for size in given.sizes]
    measured(chosen[0].head(500))  # what is loaded once does not count
    points = []
    for some in chosen:
        points.append(measured(some))
        print(points[-1], flush=True)
    sizes = " ".join(map(str, given.sizes))
    text = page(given.workspace, points, measured(skewed(chosen[-1])), instances["answer"], sizes)
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
