"""Build the demo world: datasets that copy, respell, reword, embed and vary each other, and its truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from random import Random

import polars as pl

from rlvr_atlas.demo.layouts import Row, wrap, write
from rlvr_atlas.demo.plan import PLANS, Plan
from rlvr_atlas.demo.sources import SOURCES, problems
from rlvr_atlas.demo.transform import CHANGES, Item, item_of
from rlvr_atlas.schema import Schema
from rlvr_atlas.workspace.store import Workspace

#: The truth about every usable row. `problem` is the same for all rows that are the same problem, `stem` for
#: all that were varied from one another; `origin_*` is the row it was made from, `root_*` the end of that
#: chain.
TRUTH: Schema = {
    "dataset": pl.String,
    "row": pl.Int64,
    "origin_dataset": pl.String,
    "origin_row": pl.Int64,
    "relation": pl.String,  # to the origin; null where the row is new
    "strength": pl.String,  # light or heavy, of a reworded row
    "form": pl.String,  # the change that made the row, a key of transform.CHANGES; null where it is new
    "atomic_source": pl.String,  # of the root; null where the root's dataset names none
    "root_dataset": pl.String,
    "root_row": pl.Int64,
    "is_leak": pl.Boolean,  # not a benchmark row, and the same problem as one
    "benchmark": pl.String,  # of a leak, and of a variant of a benchmark row (then is_leak is false)
    "benchmark_row": pl.Int64,
    "problem": pl.String,
    "stem": pl.String,
    "answer": pl.String,  # the right one, in the form in which this row asks for it
    "mislabelled": pl.Boolean,  # the row's own label names a wrong source
}
SKIPPED: Schema = {"dataset": pl.String, "row": pl.Int64, "reason": pl.String}

_PLAN_OF = {plan.id: plan for plan in PLANS}
#: How many of the labels of a "noisy" dataset are wrong.
_WRONG_LABELS = 0.06


@dataclass(frozen=True)
class World:
    """A demo world on disk.

    `truth` has the columns of `TRUTH`, a line for every usable row; `skipped` lists the rows that were made
    unusable on purpose (no prompt, broken line).
    """

    folder: Path
    recipe: Path
    truth: pl.DataFrame
    skipped: pl.DataFrame


@dataclass(eq=False)
class _Entry:
    """A row of a dataset: an item and where it came from, or no item where the row is unusable."""

    item: Item | None
    origin: _Entry | None = None
    change: str | None = None
    unusable: str = ""
    dataset: str = ""
    row: int = -1
    label: str | None = None
    mislabelled: bool = False
    answered: bool = True

    @cached_property
    def root(self) -> _Entry:
        """The end of the chain of origins."""
        return self.origin.root if self.origin else self


def build(folder: Path, seed: int = 0, scale: float = 1.0) -> World:
    """Write the demo world: data files, recipe and truth.

    Args:
        folder: Where to put `recipe.toml`, `truth.parquet` and `data/`; it also becomes the workspace of the
            recipe. Files of an earlier world are overwritten.
        seed: Equal seeds give equal worlds, byte for byte (Parquet and Arrow: for one Polars version).
        scale: Factor on all counts; 1 gives about 22,000 rows. Above about 3 the smallest families run out of
            unused numbers.

    Returns:
        The world.

    Raises:
        ValueError: Where `scale` asks for more problems than a family has.
        WorkspaceError: If the folder holds files and is no workspace.
    """
    Workspace(folder, create=True)  # before its files are there: a folder with others' files is refused
    rng, taken = Random(f"demo/{seed}"), set[str]()
    published: dict[str, list[_Entry]] = {}
    for plan in PLANS:
        entries = _new(plan, seed, scale, taken) + _taken_over(plan, published, scale, rng, taken)
        if plan.takes:
            rng.shuffle(entries)
        entries = _with_noise(plan, entries, scale, rng)
        for row, entry in enumerate(entries):
            entry.dataset, entry.row = plan.id, row
        _label(plan, entries, rng)
        _write(plan, entries, folder / "data")
        published[plan.id] = entries
    recipe = folder / "recipe.toml"
    recipe.write_text(_recipe(), encoding="utf-8")
    truth = _truth(published)
    truth.write_parquet(folder / "truth.parquet")
    skipped = [
        (e.dataset, e.row, e.unusable) for entries in published.values() for e in entries if e.item is None
    ]
    return World(folder, recipe, truth, pl.DataFrame(skipped, schema=SKIPPED, orient="row"))


def _count(count: int, scale: float) -> int:
    return max(1, round(count * scale)) if count else 0


def _new(plan: Plan, seed: int, scale: float, taken: set[str]) -> list[_Entry]:
    return [
        _Entry(item_of(problem))
        for source, count in (plan.new or {}).items()
        # The dataset's name is part of the seed, or a benchmark would draw what its sister source drew.
        for problem in problems(source, _count(count, scale), f"{plan.id}/{seed}", taken)
    ]


def _taken_over(
    plan: Plan, published: dict[str, list[_Entry]], scale: float, rng: Random, taken: set[str]
) -> list[_Entry]:
    """Rows made from upstream rows; no upstream row is used twice in one dataset."""
    made: list[_Entry] = []
    pools: dict[str, list[_Entry]] = {}
    for take in plan.takes:
        if take.upstream not in pools:
            pools[take.upstream] = [entry for entry in published[take.upstream] if entry.item]
            rng.shuffle(pools[take.upstream])
        pool, unfit, wanted = pools[take.upstream], [], _count(take.count, scale)
        while wanted and pool:
            origin = pool.pop()
            item = CHANGES[take.change].act(origin.item, rng, taken) if origin.item else None
            if item is None:
                unfit.append(origin)
                continue
            made.append(_Entry(item, origin, take.change))
            wanted -= 1
        pool.extend(unfit)
    return made


def _with_noise(plan: Plan, entries: list[_Entry], scale: float, rng: Random) -> list[_Entry]:
    """Add duplicate, promptless and broken rows, and take some answers away."""
    for entry in rng.sample(entries, min(_count(plan.no_answer, scale), len(entries))):
        entry.answered = False
    extra = [
        replace(entry) for entry in rng.sample(entries, min(_count(plan.duplicates, scale), len(entries)))
    ]
    extra += [_Entry(None, unusable="no prompt") for _ in range(_count(plan.no_prompt, scale))]
    extra += [_Entry(None, unusable="broken line") for _ in range(_count(plan.broken, scale))]
    for entry in extra:
        entries.insert(rng.randrange(1, len(entries)), entry)
    return entries


def _label(plan: Plan, entries: list[_Entry], rng: Random) -> None:
    """Let the rows of a labelled dataset say where they come from, some of them wrongly."""
    for entry in entries:
        root = entry.root.item
        if not plan.labels or root is None:
            continue
        entry.label = _PLAN_OF[entry.root.dataset].atomic_source or root.problem.source
        if plan.labels == "noisy" and rng.random() < _WRONG_LABELS:
            entry.label = rng.choice([source for source in SOURCES if source != entry.label])
            entry.mislabelled = True


def _write(plan: Plan, entries: list[_Entry], data: Path) -> None:
    """Write the files of one dataset, its rows dealt out in order."""
    size = -(-len(entries) // len(plan.files))
    for number, name in enumerate(plan.files):
        rows = [_row(plan, entry) for entry in entries[number * size : (number + 1) * size]]
        write(rows, plan.layout, data / name)


def _row(plan: Plan, entry: _Entry) -> Row | str:
    if entry.unusable == "broken line":
        return '{"question": "How many of the lanterns were'
    if entry.item is None:
        return Row(entry.row, None, "0", "", entry.label)
    item = entry.item
    answer = item.answer if entry.answered else None
    return Row(entry.row, wrap(item.text, plan.wrapping), answer, item.solution, entry.label)


def _recipe() -> str:
    """The recipe of the world as TOML, of which JSON texts are a part as long as they are ASCII."""
    lines = ["# The demo world: every path is relative to this file.", "[workspace]", 'path = "."']
    for plan in PLANS:
        paths = [f"data/{name}" for name in plan.files]
        lines += [
            "",
            "[[datasets]]",
            f"id = {json.dumps(plan.id)}",
            f"role = {json.dumps(plan.role)}",
            f"path = {json.dumps(paths if len(paths) > 1 else paths[0])}",
            f"title = {json.dumps(plan.title)}",
            f"released = {plan.released.isoformat()}",
            'license = "CC0-1.0"',
        ]
        if plan.atomic_source:
            lines.append(f"atomic_source = {json.dumps(plan.atomic_source)}")
        if plan.documented:
            lines.append(f"derived_from = {json.dumps(list(plan.documented))}")
    return "\n".join(lines) + "\n"


def _usable(published: dict[str, list[_Entry]]) -> Iterator[tuple[_Entry, Item]]:
    for entries in published.values():
        for entry in entries:
            if entry.item is not None:
                yield entry, entry.item


def _truth(published: dict[str, list[_Entry]]) -> pl.DataFrame:
    """One line for every usable row, see `TRUTH`."""
    tested: dict[str, _Entry] = {}
    for entry, item in _usable(published):
        if _PLAN_OF[entry.dataset].role == "benchmark":
            tested.setdefault(item.problem.key, entry)
    lines = []
    for entry, item in _usable(published):
        change = CHANGES[entry.change] if entry.change else None
        test = tested.get(item.problem.key) or tested.get(item.problem.stem)
        if _PLAN_OF[entry.dataset].role == "benchmark":
            test = None
        lines.append(
            (
                entry.dataset,
                entry.row,
                entry.origin and entry.origin.dataset,
                entry.origin and entry.origin.row,
                change and change.relation,
                change and change.strength,
                entry.change,
                _PLAN_OF[entry.root.dataset].atomic_source,
                entry.root.dataset,
                entry.root.row,
                test is not None and item.problem.key in tested,
                test and test.dataset,
                test and test.row,
                item.problem.key,
                item.problem.stem,
                item.answer,
                entry.mislabelled,
            )
        )
    return pl.DataFrame(lines, schema=TRUTH, orient="row")
