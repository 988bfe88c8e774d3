"""Processes that are killed at random moments, and what they leave."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from corpus import everything, hashes, readable, recipe

from rlvr_atlas import pipeline, recover
from rlvr_atlas.errors import AtlasError
from rlvr_atlas.workspace.store import Workspace

HERE = Path(__file__).resolve().parent
#: From one state of the recipe to another; None is a workspace that is not there yet.
WAYS = {
    "first run": (None, "with"),
    "a dataset is added": ("without", "with"),
    "a dataset is taken out": ("with", "without"),
    "a dataset is replaced": ("with", "replaced"),
}
#: What Workspace and the commands say where a run was broken off.
SAID = ("not complete", "no manifest.json", "has not been run")


@dataclass(frozen=True)
class Undisturbed:
    """Workspaces that nothing happened to, and how long it takes to make one from another.

    Attributes:
        folders: A workspace by state of the recipe.
        tables: Its hashes.
        seconds: By the names of WAYS.
        operations: File operations, by the names of WAYS.
    """

    folders: dict[str, Path]
    tables: dict[str, dict[str, str]]
    seconds: dict[str, float]
    operations: dict[str, int]

    def states(self, before: str | None, after: str) -> dict[str, dict[str, str]]:
        """Tables that may be found on the way from one state of the recipe to another, by what they are."""
        found = {"before": self.tables[before]} if before else {}
        found["after"] = self.tables[after]
        return found | {f"in recovery, {n} taken in": self.tables[f"{after} and {n}"] for n in (0, 1)}


def launch(
    corpus: Path, workspace: Path, state: str, die_at: int = 0, *, before: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """A process that does everything to a workspace, by way of another command where one is given."""
    command = [
        *before,
        sys.executable,
        str(HERE / "child.py"),
        str(corpus),
        str(workspace),
        state,
        str(die_at),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def start(corpus: Path, workspace: Path, state: str, die_at: int = 0) -> subprocess.Popen[str]:
    """The same, once it has imported what it needs."""
    process = launch(corpus, workspace, state, die_at)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def undisturbed(corpus: Path, place: Path) -> Undisturbed:
    """Make every state of the workspace, and time every way between them."""
    found = Undisturbed({}, {}, {}, {})
    for state in ("with", "without", "replaced"):
        found.folders[state] = place / state
        everything(recipe(corpus, place / state, state=state))
        found.tables[state] = hashes(place / state)
        settings = recipe(corpus, place / "round", state=state)
        # Recovery traces the recipe by itself, and with what an earlier recovery had taken in.
        for taken in ([], settings.candidates):
            pipeline.run(recover.extended(settings, taken), stages=("ingest", "trace"))
            name = f"{state} and {len(taken)}"
            found.folders[name] = Path(shutil.copytree(place / "round", place / name))
            found.tables[name] = hashes(place / name)
    for name, (before, after) in WAYS.items():
        folder = begin(place / "timed", None if before is None else found.folders[before])
        process = start(corpus, folder, after)
        started = time.monotonic()
        output, errors = process.communicate()
        if process.returncode:
            raise RuntimeError(output + errors)
        found.seconds[name] = time.monotonic() - started
        found.operations[name] = int(output)
    return found


def begin(folder: Path, like: Path | None) -> Path:
    """An empty place, or a copy of a workspace."""
    shutil.rmtree(folder, ignore_errors=True)
    if like is not None:
        shutil.copytree(like, folder)
    return folder


def kill(corpus: Path, place: Path, good: Undisturbed, number: int, rng: Random) -> tuple[str, str, str]:
    """Kill one process, look at what it left, and do the work again.

    Args:
        corpus: Of `corpus.make`.
        place: Where to work.
        good: What there is without kills.
        number: Of the kill: every other one is by the clock, the rest at a file operation.
        rng: Draws the moment.

    Returns:
        The way, what the process left, and what came of the run after it.
    """
    name = list(WAYS)[number // 2 % len(WAYS)]
    before, after = WAYS[name]
    folder = begin(place / "killed", None if before is None else good.folders[before])
    by_clock = number % 2 == 0
    process = start(corpus, folder, after, 0 if by_clock else rng.randint(1, good.operations[name]))
    if by_clock:
        time.sleep(rng.uniform(0, good.seconds[name]))
        process.kill()
    _, errors = process.communicate()
    if "Traceback" in errors:
        return name, f"TRACEBACK: {errors[-300:]}", ""
    found = left(folder, good.states(before, after))
    try:
        everything(recipe(corpus, folder, state=after))
    except AtlasError as error:
        return name, found, f"NOT RESUMED: {error}"
    same = hashes(folder) == good.tables[after] and not list(folder.rglob("*.tmp"))
    return name, found, "equal byte for byte" if same else "DIFFERENT TABLES"


def left(folder: Path, states: Mapping[str, Mapping[str, str]]) -> str:
    """What can be read of a workspace after a kill.

    Args:
        folder: The workspace.
        states: Hashes of the tables, by what they may be; all that can be read has to be of one of them.
    """
    said, whole = "", {}
    try:
        whole = readable(folder)
    except AtlasError as error:
        said = str(error)
        if not any(words in said for words in SAID):
            return f"UNCLEAR: {said}"
    if said and (folder / "manifest.json").exists():
        workspace = Workspace(folder)
        whole = {name: digest for name, digest in hashes(folder).items() if name.endswith(".parquet")}
        whole = {name: digest for name, digest in whole.items() if workspace.has(Path(name).stem)}
    fit = [state for state, tables in states.items() if whole.items() <= tables.items()]
    if not fit:
        return f"OTHER TABLES: {whole}"
    return "it says what is to be run again" if said else f"it reads as {fit[0]}"


def kills(corpus: Path, place: Path, count: int, seed: int) -> list[dict[str, object]]:
    """Kill many processes; one line for each way, what was left and what came of it."""
    good = undisturbed(corpus, place)
    rng, seen = Random(seed), Counter[tuple[str, str, str]]()
    for number in range(count):
        outcome = kill(corpus, place, good, number, rng)
        seen[outcome] += 1
        print(number, *outcome, flush=True)
    return [
        {"killed while": way, "what was left": left, "the run after it": then, "times": times}
        for (way, left, then), times in sorted(seen.items())
    ]
