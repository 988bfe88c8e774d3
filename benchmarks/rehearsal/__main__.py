"""The paper's recipe rehearsed: from start to end, unchanged, against a Hub that serves generated stand-ins.

Run: python benchmarks/rehearsal [--size 1.0] [--folder DIR] [--write docs/benchmarks/rehearsal.md]

Makes stand-ins of all datasets of recipes/paper.toml (world.toml says which holds what), serves them on
loopback with shards that fail at first, carries out `rlvr-atlas run paper.toml --network` and what follows
it, and compares with the truth. Exits with 1 where a bar does not hold. --size 1.0 is 1.45 million rows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import compare
import files
import hub
import mixing
import plan
import polars as pl
import watch

from rlvr_atlas import __version__, registry

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORKSPACE = "paper-atlas"
#: What the whole recipe may take at any size up to 1.
MINUTES, GIB = 20, 8
#: Fails so often that a run gives up; the next run goes on.
_STUBBORN = 3
#: The end of paper.toml names two files of the user's own, in comments.
_LOCAL = ("harp", "hle_math")


@dataclass
class Rehearsal:
    """One rehearsal in a folder.

    Attributes:
        folder: Gets recipes, stand-ins, the cache of downloads and workspaces.
        world: The plan.
        url: Of the server.
        served: What it notes.
        runs: What was carried out, by what it is.
        lines: Figures.
        examples: Rows that were not as they should be.
    """

    folder: Path
    world: plan.World
    url: str
    served: hub.Served
    runs: dict[str, watch.Done] = field(default_factory=dict)
    lines: list[compare.Line] = field(default_factory=list)
    examples: dict[str, pl.DataFrame] = field(default_factory=dict)

    def command(self, arguments: Sequence[str]) -> watch.Done:
        """Carry out `rlvr-atlas`."""
        environment = {
            **os.environ,
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(self.folder / "hub-home"),
            "HF_HUB_CACHE": str(self.folder / "hub-cache"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_OFFLINE": "0",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        return watch.run([sys.executable, "-m", "rlvr_atlas", *arguments], self.folder, environment)

    def paper(self) -> None:
        """Run the recipe, which gives up once, and again, and compare."""
        first = self.command(["run", "paper.toml", "--network"])
        said = first.code == 2 and "503" in first.err and "run the same command again" in first.err
        self.runs["the recipe, until a shard cannot be had"] = first
        done = self.command(["run", "paper.toml", "--network"])
        self.runs["the recipe again, to its end"] = done
        if done.code:
            raise SystemExit(f"the recipe ended with {done.code}: {done.err}")
        self.lines.append(
            compare.at_least(1.0, "an error says what to do where a shard cannot be had", int(said), 1)
        )
        self.lines += self._downloads()
        aside = [*self.world.those("aside"), *self.world.those("local")]
        self._compare(aside)
        self.lines += self._made(done)
        took, held = first.seconds + done.seconds, max(first.peak, done.peak)
        self.lines.append(
            compare.Line("minutes by the clock, both", 1, took / 60, f"<= {MINUTES}", took <= 60 * MINUTES)
        )
        self.lines.append(compare.Line("GiB of memory", 1, held, f"<= {GIB}", held <= GIB))

    def local(self) -> None:
        """Take in the two benchmarks that the recipe has in comments, and compare again."""
        recipe = self.folder / "paper.toml"
        text = recipe.read_text(encoding="utf-8")
        for name in _LOCAL:
            at = text.index(f'# [[datasets]]\n# id = "{name}"')
            block = text[at:].split("\n#\n")[0].strip()
            text = text.replace(block, block.replace("# ", ""))
        recipe.write_text(text, encoding="utf-8")
        before = self.served.whole.total()
        done = self.command(["run", "paper.toml", "--network"])
        self.runs["again with HARP and HLE, from files"] = done
        fetched = self.served.whole.total() - before
        self.lines.append(compare.at_most(0.0, "14 benchmarks: files fetched again", fetched, before))
        self._compare(self.world.those("aside"), "14 benchmarks: ")

    def _compare(self, without: list[str], prefix: str = "") -> None:
        truth = plan.truth(self.world, without)
        benchmarks = [name for name in self.world.those("benchmark") if name not in without]
        there = compare.Workspace(self.folder / WORKSPACE, truth, benchmarks)
        for line in there.all():
            self.lines.append(compare.Line(prefix + line.what, line.of, line.measured, line.bar, line.holds))
        self.examples |= {prefix + what: rows for what, rows in there.examples.items()}

    def _downloads(self) -> list[compare.Line]:
        """Whether each file came once, whatever failed; of a cut one the rest, of a small one all again."""
        cut = {name for name, fault in self.served.failed if fault == "cut"}
        twice = [name for name, times in self.served.whole.items() if times > 1 and name not in cut]
        left = [name for name, faults in self.served.faults.items() if faults]
        return [
            compare.Line("files served", len(self.served.whole), len(self.served.whole)),
            compare.Line(
                "requests that failed or were cut", len(self.served.failed), len(self.served.failed)
            ),
            compare.at_most(0.0, "faults that nobody met", len(left), len(self.served.faults)),
            compare.at_most(
                0.0, "files fetched more than once, cut ones apart", len(twice), len(self.served.whole)
            ),
            compare.at_least(
                1.0,
                "cut files that came whole in the end",
                sum(self._is_whole(name) for name in cut),
                len(cut),
            ),
        ]

    def _is_whole(self, name: str) -> bool:
        owner, repository, *file = name.split("/")
        cached = self.folder / "hub-cache" / f"datasets--{owner}--{repository}" / "snapshots"
        original = (self.served.folder / name).read_bytes()
        return any(path.read_bytes() == original for path in cached.glob("/".join(["*", *file])))

    def _made(self, done: watch.Done) -> list[compare.Line]:
        """The report, and what Q is made of before any training."""
        folder = self.folder / WORKSPACE
        named = int((folder / "report.html").exists() and "report.html" in done.out)
        scored = self.command(["score", WORKSPACE, "--model-size", "1.7", "--json"])
        scores = pl.DataFrame() if scored.code else pl.read_parquet(folder / "scores.parquet")
        trained = [
            name
            for name in self.world.datasets
            if (entry := registry.find(name)) is not None
            and entry.role == "train"
            and name not in self.world.those("aside")
        ]
        known = scores.drop_nulls(["s1a", "s1c"]).height if scores.height else 0
        return [
            compare.at_least(1.0, "the report is there, and the command names it", named, 1),
            compare.at_least(
                1.0, "training sets with all parts of Q that need no training", known, len(trained)
            ),
        ]


def faults(written: dict[str, list[str]]) -> dict[str, list[int | str]]:
    """Which files fail at first, and how."""
    return {
        written["numinamath_cot"][1]: [503],
        written["orca_math"][0]: ["cut"],
        written["eurus_2_rl"][0]: [503, "cut"],
        written["openr1_math_220k"][3]: [500],
        written["deepmath_103k"][2]: [429],
        written["skywork_or1"][1]: [503] * _STUBBORN,
    }


def table(lines: Sequence[compare.Line]) -> str:
    """Figures as a table in Markdown."""
    rows = ["| what | of | measured | should be |", "|---|---|---|---|"]
    for line in lines:
        measured = f"{line.measured:,.5f}".rstrip("0").rstrip(".")
        verdict = "" if line.holds else " **NOT**"
        rows.append(f"| {line.what} | {line.of:,} | {measured} | {line.bar}{verdict} |")
    return "\n".join(rows)


def times(runs: dict[str, watch.Done]) -> str:
    """What each command took."""
    rows = ["| run | seconds by the clock | of processor time | GiB |", "|---|---|---|---|"]
    rows += [f"| {name} | {d.seconds:,.0f} | {d.worked:,.0f} | {d.peak:.2f} |" for name, d in runs.items()]
    return "\n".join(rows)


def page(told: Rehearsal, asked: argparse.Namespace, made_in: float) -> str:
    """The page, filled in."""
    rows = sum(
        told.world.datasets[name].get("copies", 1) * frame.height for name, frame in told.world.rows.items()
    )
    once = sum(frame.height for frame in told.world.rows.values())
    manifest = json.loads((told.folder / WORKSPACE / "manifest.json").read_text(encoding="utf-8"))
    stages = [
        f"{name} {stage['seconds']:.0f}"
        for name, stage in manifest["stages"].items()
        if stage["seconds"] >= 0.5
    ]
    return (HERE / "page.template").read_text(encoding="utf-8").format(
        command=f"python benchmarks/rehearsal --size {asked.size:g} --write docs/benchmarks/rehearsal.md",
        versions=f"rlvr-atlas {__version__}, Python {platform.python_version()}, {os.cpu_count()} processors",
        note=asked.note,
        size=f"{asked.size:g}",
        rows=f"{rows:,}",
        once=f"{once:,}",
        sources=len({pool.origin for pool in told.world.pools if pool.origin}),
        made_in=f"{made_in:.0f}",
        bytes=f"{sum(told.served.sent.values()) / 2**20:,.0f}",
        stages=", ".join(stages),
        times=times(told.runs),
        figures=table(told.lines),
        bad=sum(not line.holds for line in told.lines),
    )  # fmt: skip


def rehearse(folder: Path, size: float, *, local: bool = True) -> tuple[Rehearsal, float]:
    """The whole of it; the second value is the seconds that making the stand-ins took."""
    started = time.monotonic()
    world = plan.make(size)
    written = files.write(world, folder / "hub", folder / "data")
    made_in = time.monotonic() - started
    for recipe in ("paper.toml", "dapo_plus_plus.toml"):
        shutil.copy(ROOT / "recipes" / recipe, folder / recipe)
    mixing.fit(folder, world)
    with hub.serving(folder / "hub", faults(written)) as (url, served):
        told = Rehearsal(folder, world, url, served)
        told.paper()
        lines, ran = mixing.play(told.command, folder, world)
        told.lines += lines
        told.runs["DAPO++, until SCA is missing"] = ran
        if local:
            told.local()
    return told, made_in


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, help="new or empty, and kept; a temporary one without it")
    parser.add_argument(
        "--no-local", action="store_true", help="leave out the second run, with 14 benchmarks"
    )
    parser.add_argument("--write", type=Path, help="write the page")
    parser.add_argument("--note", default="", help="what a reader of the page should know of these results")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            parser.error(f"{folder} is not empty")
        told, made_in = rehearse(folder.resolve(), asked.size, local=not asked.no_local)
        print(times(told.runs), table(told.lines), sep="\n\n")
        if asked.write:
            asked.write.write_text(page(told, asked, made_in), encoding="utf-8")
        for what, rows in told.examples.items():
            print(f"\n{what}, e.g.:\n{rows.write_csv()}")
    return 0 if all(line.holds for line in told.lines) else 1


if __name__ == "__main__":
    sys.exit(main())
