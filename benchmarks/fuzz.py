"""Files of every kind that are nearly right, read until something ends in a traceback.

    python benchmarks/fuzz.py --seconds 3600 --seed 1
    python benchmarks/fuzz.py --only 1234           # one input again, by the number that was printed

An input is built from its number alone: rows with hostile values in one of the formats, or a recipe, an
index, a manifest or a file of reviews, then perhaps damaged byte by byte. Rows must be read or skipped, each
once; whatever else cannot be used must be an `AtlasError`.
"""

from __future__ import annotations

import argparse
import bz2
import csv
import gzip
import io
import json
import lzma
import random
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from rlvr_atlas import fingerprints
from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import AtlasError
from rlvr_atlas.ingest import read_partition
from rlvr_atlas.lineage import review
from rlvr_atlas.load import open_dataset
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.workspace.store import Workspace

Row = dict[str, Any]
NAMES = (
    "question", "problem", "prompt", "messages", "answer", "solution", "ground_truth", "reward_model",
    "extra_info", "options", "choices", "candidates", "source", "split", "context", "qas", "questions",
    "answers", "numbers", "SQL", "A", "B", "C", "image", "data", "instruction,output", "", "0", "a.b",
    "pregunta",
)  # fmt: skip
TEXTS = (
    "How many lamps are left?", "", " ", "8", "A", "\\boxed{3}", "#### 5", "SELECT 1 FROM t", "\ud800",
    "\x00", "\u202e", "NaN", "[1, 2]", '["a"]', "{'a': 1}", '{"ground_truth": "8"}',
    "[{'role': 'user', 'content': 'How many?'}]", "number0 + number1", "User: How many?\nAssistant: 8",
    "(A) 1 (B) 2 (C) 3", "(" * 400, "{" * 400, "9" * 5000, "ééé", "\\frac{" * 99, 'a "quoted", text\n',
)  # fmt: skip


def value(rng: random.Random, depth: int = 0) -> Any:  # noqa: ANN401
    """A value of a row."""
    kind = rng.randrange(10 if depth < 4 else 6)
    if kind < 4:
        text = rng.choice(TEXTS)
        return f"{text} {rng.randrange(99)}" if rng.random() < 0.5 else text
    if kind == 4:
        return rng.choice((0, 1, -5, 10**30, 0.5, float("nan"), float("inf"), True, None))
    if kind == 5:
        return [
            {"role": rng.choice(("user", "system", "x")), "content": value(rng, 5)}
            for _ in range(rng.randrange(3))
        ]
    if kind == 6:
        inside = {rng.choice(NAMES): value(rng, depth + 1) for _ in range(rng.randrange(4))}
        return rng.choice((lambda v: v, json.dumps, str))(inside)
    if kind == 7:
        return {name: [value(rng, 5)] * rng.randrange(3) for name in rng.sample(NAMES, 2)}
    return [value(rng, depth + 1) for _ in range(rng.randrange(4))]


def rows(rng: random.Random) -> list[Row]:
    """Rows of one or two layouts, some of them without a field."""
    names = rng.sample(NAMES, rng.randrange(1, 6))
    kinds = {name: rng.random() < 0.6 for name in names}
    made = []
    for number in range(rng.choice((1, 3, 24, 60))):
        row = {name: f"How many are {number} {name}?" if kinds[name] else value(rng) for name in names}
        made.append({name: v for name, v in row.items() if rng.random() < 0.95})
    return made


def as_lines(made: list[Row], rng: random.Random) -> bytes:
    """JSON lines in some encoding."""
    text = "\n".join(json.dumps(row) for row in made)
    return text.encode(rng.choice(("utf-8", "utf-8", "utf-16", "utf-32")))


def as_json(made: list[Row], rng: random.Random) -> bytes:
    """One JSON text."""
    shape = rng.choice(
        (
            lambda r: r,
            lambda r: {"data": r},
            lambda r: {"a": {"b": r}},
            lambda r: {str(n): v for n, v in enumerate(r)},
        )
    )
    return json.dumps(shape(made), indent=rng.choice((None, 2))).encode()


def as_csv(made: list[Row], rng: random.Random) -> bytes:
    """CSV with or without a header."""
    text = io.StringIO(newline="")
    style: dict[str, Any] = {"delimiter": rng.choice(",\t;|")}
    style |= {"doublequote": False, "escapechar": "\\"} if rng.random() < 0.3 else {}
    writer = csv.writer(text, **style)
    names = list(dict.fromkeys(name for row in made for name in row))
    if rng.random() < 0.7:
        writer.writerow(names)
    writer.writerows([str(row.get(name, "")) for name in names] for row in made)
    return text.getvalue().encode("utf-8", "surrogatepass")


def as_xml(made: list[Row], rng: random.Random) -> bytes:
    """XML with a record for each row."""

    def element(v: Any) -> str:  # noqa: ANN401
        if isinstance(v, dict):
            return "".join(f"<x{n}>{element(part)}</x{n}>" for n, part in enumerate(v.values()))
        return str(v).replace("&", "&amp;").replace("<", "&lt;")

    parts = "".join(
        f"<row><question>{element(list(row.values())[:1])}</question>{element(row)}</row>" for row in made
    )
    begin = "<all a='1'>" if rng.random() < 0.5 else "<all>"
    return f"{begin}{parts}</all>".encode("utf-8", "surrogatepass")


def _table(made: list[Row]) -> pa.Table:
    try:
        return pa.Table.from_pylist(made)
    except (pa.ArrowException, UnicodeError, OverflowError):
        plain = [{name: json.dumps(v) for name, v in row.items()} for row in made]
        return pa.Table.from_pylist(plain or [{"question": "How many?"}])


def as_parquet(made: list[Row], rng: random.Random) -> bytes:
    """Parquet in row groups."""
    sink = io.BytesIO()
    try:
        pq.write_table(_table(made), sink, row_group_size=rng.choice((1, 7, 1000)))
    except pa.ArrowException:  # a struct without fields
        pq.write_table(pa.table({"question": ["How many?"]}), sink)
    return sink.getvalue()


def as_arrow(made: list[Row], rng: random.Random) -> bytes:
    """Arrow, file or stream."""
    sink, table = io.BytesIO(), _table(made)
    with rng.choice((pa.ipc.new_file, pa.ipc.new_stream))(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=rng.choice((1, 7, 1000)))
    return sink.getvalue()


def as_tar(made: list[Row], rng: random.Random) -> bytes:
    """A tar of lines, or a webdataset."""
    members = {"train/rows.jsonl": as_lines(made, rng)}
    if rng.random() < 0.5:
        members = {
            f"{n}.{end}": json.dumps(row).encode() for n, row in enumerate(made) for end in ("json", "jpg")
        }
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def as_zip(made: list[Row], rng: random.Random) -> bytes:
    """A zip of two files."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/train.json", as_json(made, rng))
        archive.writestr("b.csv", as_csv(made, rng))
    return sink.getvalue()


WRITERS: dict[str, Callable[[list[Row], random.Random], bytes]] = {
    "a.jsonl": as_lines, "a.json": as_json, "a.csv": as_csv, "a.xml": as_xml, "a.parquet": as_parquet,
    "a.arrow": as_arrow, "a.tar": as_tar, "a.zip": as_zip,
}  # fmt: skip


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The bytes with some of them changed, left out, doubled or cut off."""
    data = bytearray(content)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data) + 1)
        to = min(len(data), at + rng.randrange(30))
        data[at:to] = rng.choice(
            (b"", rng.randbytes(to - at), bytes(to - at), data[at:to] * 2, b'"', b"\\", b"}", b"\xff")
        )
    return bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.2 else data)


def read_rows(folder: Path, rng: random.Random) -> str:
    """Read a file of rows; each row must be read or skipped once."""
    name = rng.choice(list(WRITERS))
    content = WRITERS[name](rows(rng), rng)
    content = damaged(content, rng) if rng.random() < 0.6 else content
    for compress in (gzip.compress, bz2.compress, lzma.compress):
        if rng.random() < 0.05:
            content = compress(content)
    if rng.random() < 0.05:
        content = damaged(content, rng)
    (folder / name).write_bytes(content)
    part = read_partition(open_dataset(DatasetSpec(id="d", path=name), folder))
    numbers = [*part.rows["row"], *(row for row in part.skipped["row"] if row >= 0)]
    if sorted(numbers) != list(range(len(numbers))):
        raise AssertionError(f"rows are lost or doubled: {len(numbers)}")
    return name


RECIPE = b"""[workspace]
path = "ws"
[[datasets]]
id = "a"
path = "a.jsonl"
released = 2023-01-01
[datasets.adapter]
prompt = ["question"]
[match]
min_probability = 0.5
[curate]
datasets = ["a"]
"""


def read_settings(folder: Path, rng: random.Random) -> str:
    """Read a damaged recipe."""
    (folder / "r.toml").write_bytes(damaged(RECIPE, rng))
    read_recipe(folder / "r.toml")
    return "recipe"


def read_index(folder: Path, rng: random.Random) -> str:
    """Read a damaged index."""
    if not (folder / "kept.index").exists():
        (folder / "b.jsonl").write_text(
            '{"question": "How many lamps are on the old quay?", "answer": "7"}\n'
        )
        from rlvr_atlas import pipeline
        from rlvr_atlas.config import parse_recipe

        spec = {"id": "b", "role": "benchmark", "path": "b.jsonl"}
        recipe = parse_recipe({"workspace": {"path": "made"}, "datasets": [spec]}, base=folder)
        made = pipeline.run(recipe, stages=["ingest"])
        tables = [made.read(name) for name in ("occurrences", "instances", "datasets")]
        fingerprints.write(fingerprints.build(*tables), folder / "kept.index")
    (folder / "x.index").write_bytes(damaged((folder / "kept.index").read_bytes(), rng))
    fingerprints.read(folder / "x.index")
    return "index"


def read_manifest(folder: Path, rng: random.Random) -> str:
    """Open a workspace with a damaged manifest."""
    place = folder / "damaged"
    place.mkdir(exist_ok=True)
    manifest = {
        "format": 1,
        "stages": {"ingest": {"fingerprint": "a", "limits": []}},
        "recipe": {"datasets": []},
    }
    (place / "manifest.json").write_bytes(damaged(json.dumps(manifest).encode(), rng))
    for frame in Workspace(place).tables().values():
        frame.collect()
    return "manifest"


def read_reviews(folder: Path, rng: random.Random) -> str:
    """Read damaged reviews."""
    line = {
        "child": "a" * 40,
        "parent": "b" * 40,
        "relation": "reworded",
        "by": "me",
        "at": "2024-01-01T00:00:00Z",
    }
    review.parse(damaged((json.dumps(line) + "\n").encode() * 3, rng))
    return "reviews"


TARGETS = (read_rows, read_rows, read_rows, read_rows, read_settings, read_index, read_manifest, read_reviews)


def one(number: int, folder: Path) -> tuple[str, str]:
    """What was read and how that ended: read, refused, or a traceback."""
    rng = random.Random(number)
    target = rng.choice(TARGETS)
    try:
        return target(folder, rng), "read"
    except AtlasError as error:
        str(error).encode("utf-8", "backslashreplace")
        return target.__name__, "refused"
    except pl.exceptions.PolarsError as error:
        if "parquet: " in str(error):  # what the command line says in one line
            return target.__name__, "refused"
        return target.__name__, traceback.format_exc()
    except Exception:  # what this is looking for
        return target.__name__, traceback.format_exc()


def main() -> None:
    """Read inputs until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    chosen = parser.parse_args()
    ended: Counter[tuple[str, str]] = Counter()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        until = time.monotonic() + chosen.seconds
        number = chosen.seed if chosen.only is None else chosen.only
        while time.monotonic() < until:
            what, how = one(number, Path(folder))
            if how not in ("read", "refused"):
                failed += 1
                print(f"--- input {number} ({what})\n{how}", flush=True)
                how = "traceback"
            ended[what, how] += 1
            number += 1
            if chosen.only is not None:
                break
    for (what, how), count in sorted(ended.items()):
        print(f"{what:16} {how:10} {count:7,}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
