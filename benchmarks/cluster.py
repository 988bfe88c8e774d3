"""Three workers against one: matching on local Ray clusters whose nodes have one processor each.

Run: python benchmarks/cluster.py FOLDER [--scale 1] [--rounds 2] [--block 256] [--write FILE]

The demo world is read once; then its matching is done on a cluster of one worker and on one of three, in
turn, in one run. Measured are the whole stage by the clock, and the part of it that is done in blocks by the
workers. The driver, which does the rest, runs on the same processors. Blocks are made smaller than they are
in a run, so that a small world has as many for each worker as a large one.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from typing import Any

import polars as pl

from rlvr_atlas import engine, pipeline
from rlvr_atlas.config import MatchSettings
from rlvr_atlas.demo import build
from rlvr_atlas.match import match, near_duplicates, retrieval
from rlvr_atlas.recipe import read_recipe

STORE = 400 << 20
COMMAND = "python benchmarks/cluster.py FOLDER"


@dataclass
class Timed:
    """An engine, and the seconds in which the caller waited for it.

    Attributes:
        by: The engine that does the work.
        waited: Seconds by the clock.
        blocks: How many blocks were done.
    """

    by: engine.Engine
    waited: float = 0.0
    blocks: int = 0
    remote: bool = field(default=True, init=False)

    def results(
        self, work: Callable[[Any], Any], blocks: Iterable[Any], shared: Sequence[object]
    ) -> Iterator[tuple[int, Any]]:
        """See `engine.Engine`."""
        began = time.perf_counter()
        made = [*self.by.results(work, blocks, shared)]
        self.waited += time.perf_counter() - began
        self.blocks += len(made)
        return iter(made)


@dataclass(frozen=True)
class Round:
    """One run.

    Attributes:
        workers: How many.
        whole: Seconds of the stage.
        waited: Seconds of it in which blocks were done.
        blocks: How many.
        digest: Of the matches.
    """

    workers: int
    whole: float
    waited: float
    blocks: int
    digest: str


def read(folder: Path, scale: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Instances and occurrences of the demo world."""
    world = build(folder, seed=0, scale=scale)
    workspace = pipeline.run(read_recipe(world.recipe), stages=("ingest",))
    return workspace.read("instances"), workspace.read("occurrences")


def run(workers: int, instances: pl.DataFrame, occurrences: pl.DataFrame) -> Round:
    """Match on a cluster of so many workers; that processes start and load the package is not counted."""
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  workers count as much as the driver and all else here
    node = {"num_cpus": 1, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    for _ in range(workers - 1):
        cluster.add_node(**node)
    cluster.wait_for_nodes()
    try:
        with engine.using("ray", cluster.address) as on_ray:
            match(instances.head(300), MatchSettings(semantic=False))
            [*on_ray.results(time.sleep, [0.5] * 4 * workers, ())]
            with engine.using(Timed(on_ray)) as timed:
                began = time.perf_counter()
                matched = match(instances, MatchSettings(semantic=False), None, occurrences)
                whole = time.perf_counter() - began
    finally:
        ray.shutdown()
        cluster.shutdown()
    digest = hashlib.sha256(matched.matches.write_ipc(None).getvalue()).hexdigest()
    return Round(workers, whole, timed.waited, timed.blocks, digest)


def page(instances: pl.DataFrame, rounds: list[Round], scale: float, load: float) -> str:
    """The page."""
    assert len({one.digest for one in rounds}) == 1, "the matches differ"
    by = {n: [one for one in rounds if one.workers == n] for n in (1, 3)}
    ratio = mean(one.waited for one in by[1]) / mean(one.waited for one in by[3])
    whole = mean(one.whole for one in by[1]) / mean(one.whole for one in by[3])
    best = min(one.waited for one in by[1]) / min(one.waited for one in by[3])
    cores, block = len(os.sched_getaffinity(0)), retrieval._BLOCK
    lines = [
        "# Three workers against one",
        "",
        f"Command: `{COMMAND} --scale {scale:g} --rounds {len(by[1])} --block {block} --write FILE`",
        "",
        f"{platform.machine()} with {cores} cores, Python {platform.python_version()}, Ray {version('ray')};",
        f"the demo world, {instances.height:,} distinct prompts, no encoder, {rounds[0].blocks} blocks. Each",
        "worker is a node of a local cluster with one processor; the driver is on the same cores. The",
        f"matches of all runs are the same bytes. Load of the machine when it began: {load:.1f}; where that",
        "is above the number of cores, other work took part of them, and the ratio says less.",
        "",
        "| workers | round | blocks, seconds | whole stage, seconds |",
        "|---|---|---|---|",
        *(
            f"| {one.workers} | {nth // 2 + 1} | {one.waited:.1f} | {one.whole:.1f} |"
            for nth, one in enumerate(rounds)
        ),
        "",
        f"Three workers are {ratio:.2f} times as fast as one in what is done in blocks (mean of the rounds;",
        f"the best rounds: {best:.2f}), and {whole:.2f} times in the whole stage.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the rounds, print and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    retrieval._BLOCK, near_duplicates.PAIRS = given.block, 8 * given.block
    load = os.getloadavg()[0]
    tables = read(given.folder, given.scale)
    rounds = []
    for _ in range(given.rounds):
        for workers in (1, 3):
            rounds.append(run(workers, *tables))
            print(rounds[-1], flush=True)
    text = page(tables[0], rounds, given.scale, load)
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
