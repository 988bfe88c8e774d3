"""Two processes on one workspace: two runs, and a run beside readers."""

from __future__ import annotations

import hashlib
import subprocess
from collections import Counter
from pathlib import Path

from corpus import ASKED, everything, hashes, recipe
from kills import Undisturbed, begin, launch, start, undisturbed

from rlvr_atlas import pipeline
from rlvr_atlas.errors import AtlasError
from rlvr_atlas.explain import explain
from rlvr_atlas.workspace.store import Workspace

#: How often two runs are started at once, and how often a run beside readers.
RUNS, READ = 6, 4


def outcome(process: subprocess.Popen[str]) -> str:
    """How a process of `child.py` ended."""
    output, errors = process.communicate()
    if process.returncode == 0:
        return "done"
    error = output.strip().rsplit("error: ", maxsplit=1)[-1]
    if process.returncode != 2:
        return f"TRACEBACK: {errors[-300:]}"
    for known in ("another process is writing this workspace", "cannot write (No space left on device)"):
        if known in error:
            return f"a clear error: {known}"
    return f"a clear error: {error}"


def contents(workspace: Workspace) -> dict[str, str]:
    """Digests of what stands in each table that can be read, all by one manifest."""
    frames = {name: frame.collect() for name, frame in workspace.tables().items()}
    return {name: hashlib.sha256(f.write_ndjson().encode()).hexdigest() for name, f in frames.items()}


def two_runs(corpus: Path, place: Path, good: Undisturbed, other: str) -> tuple[str, str]:
    """Start two runs at once, then do the first one's work again."""
    folder = begin(place / "two", None)
    pair = [launch(corpus, folder, state) for state in ("with", other)]
    ends = sorted(outcome(process) for process in pair)
    everything(recipe(corpus, folder, state="with"))
    same = hashes(folder) == good.tables["with"]
    return " / ".join(ends), "equal byte for byte" if same else "DIFFERENT TABLES"


class Readers:
    """Readers beside a run that adds a dataset, and what they may be told."""

    def __init__(self, corpus: Path, place: Path, good: Undisturbed) -> None:
        self.corpus, self.place, self.good = corpus, place, good
        # What the run goes through: the old recipe, recovery without and with a candidate, the new recipe.
        folders = [*(good.folders[f"with and {n}"] for n in (0, 1)), good.folders["with"]]
        states = [Workspace(folder) for folder in (good.folders["without"], *folders)]
        self.tables = [contents(state) for state in states]
        self.answers = {self._answers(state) for state in states}

    @staticmethod
    def _answers(workspace: Workspace) -> str:
        return repr([explain(workspace, asked) for asked in ASKED])

    def read(self, folder: Path) -> str:
        """Every table."""
        found = contents(Workspace(folder))
        return "an answer" if any(found.items() <= tables.items() for tables in self.tables) else "OTHER DATA"

    def ask(self, folder: Path) -> str:
        """Where two problems come from."""
        return "an answer" if self._answers(Workspace(folder)) in self.answers else "OTHER DATA"

    def report(self, folder: Path) -> str:
        """The command `report`."""
        pipeline.run(pipeline.stored_recipe(Workspace(folder)), stages=["report"])
        return "an answer"

    def beside_a_run(self, seen: Counter[tuple[str, str]], *, writing: bool) -> None:
        """Read as often as can be while a run adds a dataset; a report is written, so it may hinder."""
        folder = begin(self.place / "two", self.good.folders["without"])
        process = start(self.corpus, folder, "with")
        reading = {"run and reading": self.read, "run and explain": self.ask}
        ways = {"run and report": self.report} if writing else reading
        while process.poll() is None:
            for name, way in ways.items():
                try:
                    seen[name, way(folder)] += 1
                except AtlasError as error:
                    seen[name, f"a clear error: {error.what}"] += 1
        name = "run and reports" if writing else "run and readers"
        seen[f"{name}, the run", outcome(process)] += 1
        everything(recipe(self.corpus, folder, state="with"))
        same = hashes(folder) == self.good.tables["with"]
        seen[
            f"{name}, the tables of one more run", "equal byte for byte" if same else "DIFFERENT TABLES"
        ] += 1


def rivals(corpus: Path, place: Path) -> list[dict[str, object]]:
    """Try all of it; one line for each pair and outcome."""
    good, seen = undisturbed(corpus, place), Counter[tuple[str, str]]()
    for number in range(RUNS):
        other = "with" if number % 2 else "without"
        name = "run and run, one recipe" if other == "with" else "run and run, two recipes"
        ends, tables = two_runs(corpus, place, good, other)
        seen[name, ends] += 1
        seen[f"{name}, the tables of one more run", tables] += 1
    readers = Readers(corpus, place, good)
    for number in range(READ):
        readers.beside_a_run(seen, writing=number % 2 == 1)
    return [
        {"at one time": name, "outcome": ended, "times": times}
        for (name, ended), times in sorted(seen.items())
    ]
