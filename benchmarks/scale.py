"""What a run takes as the corpus grows, and whether its verdicts stay as right.

Run: python benchmarks/scale.py FOLDER [--worlds 1 2 4.42] [--maker FILE] [--write FILE]

FOLDER gets a corpus and a workspace for each number of worlds. A world is the shared corpus told in another
vocabulary and other digits (`scale_world.py OUT WORLDS` makes it), so worlds do not meet, and each carries
its own truth: MATH problems and their rewordings, which their publisher aligned row by row. Each run is a
process of its own, no encoder. Beside it, in the same run: a hash join of the prompts, the least that any
tracing does.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

HERE = Path(__file__).resolve().parent
MAKER = HERE.parents[1] / "shared" / "bench" / "scale_world.py"
STAGES = ("ingest", "match", "attribute", "audit", "report")
#: Rewordings and their originals. Its first file is aligned row by row; of the second one rows are missing.
REWORDED, ALIGNED, ORIGINALS = "math7500_corewarding_rewrite", 7_500, "math7500_corewarding"


@dataclass(frozen=True)
class Size:
    """One run.

    Attributes:
        worlds: How many.
        rows: Of all datasets.
        distinct: Problems whose text differs.
        seconds: Of each stage, by the clock.
        worked: Seconds of processor time.
        peak: GiB of the largest process.
        written: GiB of the workspace.
        floor: Seconds of a hash join of the prompts.
        recall: Of the aligned rewordings, the share that is led to its original, for each whole world.
        precision: Of those that are led anywhere, the share that is led right, for each whole world.
        strayed: Rows that are called the same problem as a row of another world.
    """

    worlds: float
    rows: int
    distinct: int
    seconds: dict[str, float]
    worked: float
    peak: float
    written: float
    floor: float
    recall: list[float]
    precision: list[float]
    strayed: int


def run(worlds: float, folder: Path, maker: Path) -> Size:
    """Make the corpus, run it, judge it."""
    home = folder / f"worlds-{worlds:g}"
    if not (home / "recipe.toml").exists():
        subprocess.run([sys.executable, maker, home, str(worlds)], check=True)
    command = [sys.executable, "-m", "rlvr_atlas", "run", home / "recipe.toml"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{home / 'recipe.toml'}: the run ended with {os.waitstatus_to_exitcode(status)}")
    workspace = home / "ws"
    stages = json.loads((workspace / "manifest.json").read_text())["stages"]
    lineage = pl.read_parquet(workspace / "lineage.parquet")
    judged = [judge(lineage, world) for world in range(math.floor(worlds))]
    return Size(
        worlds=worlds,
        rows=lineage.height,
        distinct=pl.scan_parquet(workspace / "instances.parquet").select(pl.len()).collect().item(),
        seconds={name: stages[name]["seconds"] for name in STAGES if name in stages},
        worked=used.ru_utime + used.ru_stime,
        peak=used.ru_maxrss / 2**20,
        written=sum(file.stat().st_size for file in workspace.rglob("*") if file.is_file()) / 2**30,
        floor=hash_join(home / "data"),
        recall=[recall for recall, _ in judged],
        precision=[precision for _, precision in judged],
        strayed=strayed(lineage),
    )


def judge(lineage: pl.DataFrame, world: int) -> tuple[float, float]:
    """Recall and precision of the rewordings of one world: do they end where their originals end?"""
    ends = lineage.select("dataset", "row", end=pl.struct("root_dataset", "root_row"), same=same())
    reworded = ends.filter(pl.col("dataset") == f"{REWORDED}_w{world}", pl.col("row") < ALIGNED)
    originals = ends.filter(pl.col("dataset") == f"{ORIGINALS}_w{world}")
    both = reworded.join(originals, on="row", suffix="_original")
    led = both.filter("same")
    right = led.filter(pl.col("end") == pl.col("end_original")).height
    return right / both.height, right / max(led.height, 1)


def same() -> pl.Expr:
    """Whether a row has a parent that is the same problem."""
    return pl.col("parent_dataset").is_not_null() & (pl.col("relation") != "variant")


def strayed(lineage: pl.DataFrame) -> int:
    """Rows whose parent, the same problem, is of another world."""
    worlds = [pl.col(name).str.extract(r"_w(\d+)$") for name in ("dataset", "parent_dataset")]
    return lineage.filter(same(), worlds[0] != worlds[1]).height


def hash_join(data: Path) -> float:
    """Seconds in which Polars finds the prompts that are equal to the letter."""
    started = time.perf_counter()
    pl.scan_ndjson([*sorted(data.glob("*.jsonl"))]).group_by("prompt").agg(pl.len()).collect()
    return time.perf_counter() - started


def exponent(sizes: list[Size], of: str) -> str:
    """By which power a figure grows from each size to the next."""
    pairs = pairwise(sizes)
    powers = [
        math.log(getattr(more, of) / getattr(less, of)) / math.log(more.rows / less.rows)
        for less, more in pairs
    ]
    return ", ".join(f"{power:.2f}" for power in powers) or "-"


def page(sizes: list[Size]) -> str:
    """The page."""
    cores = len(os.sched_getaffinity(0))
    worlds = " ".join(f"{size.worlds:g}" for size in sizes)
    lines = [
        "# Growth: one to many worlds of the shared corpus",
        "",
        f"Command: `python benchmarks/scale.py FOLDER --worlds {worlds} --write FILE`",
        "",
        f"No encoder; {platform.machine()} with {cores} cores, Python {platform.python_version()}. Each run",
        "is a new process. *Floor* is a hash join of the same prompts by Polars, in the same run.",
        "",
        "| worlds | rows | distinct | " + " | ".join(STAGES) + " | processor | memory | written | floor |",
        "|---" * (len(STAGES) + 7) + "|",
    ]
    for size in sizes:
        seconds = " | ".join(f"{size.seconds.get(name, 0):.0f} s" for name in STAGES)
        lines.append(
            f"| {size.worlds:g} | {size.rows:,} | {size.distinct:,} | {seconds} | {size.worked:.0f} s "
            f"| {size.peak:.2f} GiB | {size.written:.2f} GiB | {size.floor:.1f} s |"
        )
    lines += [
        "",
        "Growth exponent from each size to the next: of processor time "
        f"{exponent(sizes, 'worked')}; of memory {exponent(sizes, 'peak')}.",
        "",
        "Rewordings of MATH in each whole world: the share that ends where its original ends (recall), and",
        "of those with a parent that is the same problem the share that ends there (precision).",
        "",
        "| worlds | recall in each | precision in each | rows led to another world |",
        "|---|---|---|---|",
        *(
            f"| {size.worlds:g} | {', '.join(f'{r:.4f}' for r in size.recall)} | "
            f"{', '.join(f'{p:.4f}' for p in size.precision)} | {size.strayed} |"
            for size in sizes
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run each size, print and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worlds", type=float, nargs="+", default=[1.0, 2.0, 4.42])
    parser.add_argument("--maker", type=Path, default=MAKER)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    sizes: list[Size] = []
    for worlds in given.worlds:
        sizes.append(run(worlds, given.folder, given.maker))
        text = page(sizes)
        print(text, flush=True)
        if given.write:
            given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
