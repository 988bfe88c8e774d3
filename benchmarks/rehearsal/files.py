"""The files of every repository, as the Hub would serve them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import layouts
import polars as pl
import texts
from plan import World

from rlvr_atlas import registry

#: Rows of a shard at most; a Parquet file is made from one frame.
_SHARD_ROWS = 100_000
_DECOY_ROWS = 3
Records = list[layouts.Record]


def write(world: World, folder: Path, local: Path) -> dict[str, list[str]]:
    """Write all files.

    Args:
        world: The plan.
        folder: Gets a folder for each repository.
        local: Gets the files that are not on the Hub.

    Returns:
        For each dataset the files that its rows are in, as repository/file, in name order.
    """
    written: dict[str, list[str]] = {}
    for name in world.datasets:
        layout, entry = layouts.LAYOUTS[name], registry.find(name)
        assert entry is not None
        rows, copies = world.rows[name], world.datasets[name].get("copies", 1)
        place = folder / entry.hub if entry.hub else local
        files = _file_names(layout, rows.height)
        written[name] = [f"{entry.hub}/{file}" for file in files]
        first = 0
        for number, file in enumerate(files):
            last = rows.height * (number + 1) // len(files)
            _write_file(place / file, _records(world, layout, rows[first:last], first) * copies)
            first = last
        for file in layout.decoys:
            _write_file(place / file, _records(world, layout, rows[:_DECOY_ROWS], 0))
        if entry.hub:
            (place / "README.md").write_text("---\nlicense: unknown\n---\n", encoding="utf-8")
    return written


def _file_names(layout: layouts.Layout, rows: int) -> list[str]:
    """In name order, so that rows are numbered through as a reader does it."""
    if "{n" not in layout.files:
        return [layout.files]
    shards = max(layout.shards, -(-rows // _SHARD_ROWS))
    return sorted(
        layout.files.format(folder=folder, n=number, of=shards)
        for folder in layout.folders or ("",)
        for number in range(shards)
    )


def _records(world: World, layout: layouts.Layout, rows: pl.DataFrame, first: int) -> list[layouts.Record]:
    found = []
    for at, (problem, look, label) in enumerate(rows.iter_rows()):
        text, answer = texts.tell(problem, look, world.pools)
        original = texts.tell(problem & ~(15 << texts.KIND_BITS), 0, world.pools)[0] if look & 1 else text
        found.append(layout.record(layouts.Told(first + at, text, answer, label, original)))
    return found


def _write_file(path: Path, records: Records) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _WRITERS[path.suffix](path, records)


def _parquet(path: Path, records: Records) -> None:
    pl.DataFrame(records, infer_schema_length=None).write_parquet(path)


def _json_lines(path: Path, records: Records) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _json(path: Path, records: Records) -> None:
    path.write_text(json.dumps(records, ensure_ascii=False, indent=1), encoding="utf-8")


def _csv(path: Path, records: Records) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)


_WRITERS: dict[str, Callable[[Path, Records], None]] = {
    ".parquet": _parquet, ".jsonl": _json_lines, ".json": _json, ".csv": _csv,
}  # fmt: skip
