"""Single flipped bits in every file of a workspace: what is read after them, and what a run makes of them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
from corpus import ASKED, Stub, decide, everything, hashes, recipe
from kills import begin

from rlvr_atlas import pipeline
from rlvr_atlas.config import Recipe
from rlvr_atlas.encoder.cache import EmbeddingCache
from rlvr_atlas.errors import AtlasError, InputError
from rlvr_atlas.explain import explain
from rlvr_atlas.fingerprints import sketch
from rlvr_atlas.lineage import review
from rlvr_atlas.workspace.graph import code_digest, find_stage
from rlvr_atlas.workspace.store import Workspace

#: What no error of ours is. A panic of Polars is no `Exception`.
ESCAPED = (Exception, pl.exceptions.PanicException)


_INGESTED = [f"{table}.parquet" for table in find_stage("ingest").gives]


def kind_of(path: Path, folder: Path) -> str:
    """What sort of file of a workspace a path is."""
    parts = path.relative_to(folder).parts
    if parts[0] != "cache":
        return "tables" if path.suffix == ".parquet" else path.name
    suffix = path.suffix if path.suffix in (".sha256", ".npy", ".f16", ".keys", ".json") else ""
    return f"cache/{parts[1]}/*{suffix or '.parquet'}"


def by_kind(folder: Path) -> dict[str, list[Path]]:
    """Every file that is not empty, by kind."""
    found = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size:
            found[kind_of(path, folder)].append(path)
    return dict(sorted(found.items()))


def flip(path: Path, bit: int) -> None:
    """Turn one bit of a file over."""
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def told(folder: Path, names: Sequence[Path]) -> dict[str, str]:
    """Digests of all that can be got of a workspace; what is not there, or would be made again, is left out.

    Args:
        folder: The workspace.
        names: Its files, relative to it, as they were before anything was damaged.

    Raises:
        AtlasError: Where it says that something is damaged.
    """
    workspace = Workspace(folder)
    stages = workspace.manifest["stages"]
    found: dict[str, object] = {
        name: frame.collect().to_dicts() for name, frame in workspace.tables().items()
    }
    for name in ("signatures", "units"):
        found[name] = np.asarray(workspace.read_array("match", name)).tobytes()
    found["facts"] = [(name, stages[name]["limits"], stages[name]["rows"]) for name in sorted(stages)]
    found["recipe"] = workspace.manifest["recipe"]
    found["explained"] = [explain(workspace, asked) for asked in ASKED]
    for decision in review.read(workspace)[0]:
        found[f"decision {decision.pair}"] = decision.line()
    for name in names:
        if name.parts[0] == "cache" and name.suffix == ".parquet" and name.parts[1] != "sketches":
            found[str(name)] = workspace.read_cached_frame(name.parts[1], name.stem)
        elif name.parts[:2] == ("cache", "sketches"):
            found[str(name)] = _sketch(folder / name)
    keys = workspace.read("instances")["key"].to_list()
    cache = EmbeddingCache(folder / "cache" / "embeddings", Stub())
    for key, row in zip(keys, cache.find(keys).tolist(), strict=True):
        found[f"vector {key}"] = cache.vectors[row].tobytes() if row >= 0 else None
    return {name: _digest(value) for name, value in found.items() if value is not None}


def _digest(value: object) -> str:
    content = value.write_ndjson() if isinstance(value, pl.DataFrame) else repr(value)
    return hashlib.sha256(content.encode()).hexdigest()


def _sketch(path: Path) -> str | None:
    try:
        read = sketch.read(path, made_by=code_digest("canonical", "text", "fingerprints/sketch.py"))
    except InputError:
        return None
    return repr((read.texts.hashes.tolist(), read.texts.distinct, read.numbers.hashes.tolist()))


@dataclass(frozen=True)
class Good:
    """What there is without damage.

    Attributes:
        corpus: Of `corpus.make`.
        workspace: A workspace with two decisions in it.
        told: What `told` gives of it.
        tables: Hashes of the tables that a run makes of it, by state of the recipe.
    """

    corpus: Path
    workspace: Path
    told: dict[str, str]
    tables: dict[str, dict[str, str]]


def undamaged(corpus: Path, place: Path) -> Good:
    """Make the workspace whose bits are flipped, and what a run makes of it."""
    pristine, copy, tables = place / "pristine", place / "flipped", {}
    decide(everything(recipe(corpus, pristine)))
    everything(recipe(corpus, pristine))
    for state in ("without", "with"):
        begin(copy, pristine)
        everything(recipe(corpus, copy, state=state))
        tables[state] = hashes(copy)
    return Good(corpus, pristine, told(begin(copy, pristine), _names(pristine)), tables)


def _names(folder: Path) -> list[Path]:
    return [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]


def try_bit(good: Good, copy: Path, name: Path, bit: int) -> tuple[str, str]:
    """Flip one bit of a copy of the workspace, read everything, and run.

    Args:
        good: What there is without damage.
        copy: Where the copy is made.
        name: The file, relative to the workspace.
        bit: Which bit of it.

    Returns:
        What a reader got, and what the run made.
    """
    path = begin(copy, good.workspace) / name
    flip(path, bit)
    damaged = path.read_bytes()
    try:
        after = told(copy, _names(good.workspace))
        read = "what was written" if after.items() <= good.told.items() else "OTHER DATA"
        read += "" if len(after) == len(good.told) else ", a part is left out"
    except AtlasError:
        read = "a clear error"
    except ESCAPED as error:
        return f"TRACEBACK: {error!r}", ""
    # A cache is used only where something has changed, so the run after it is of another recipe.
    state = "without" if name.parts[0] == "cache" and name.suffix != ".npy" else "with"
    try:
        workspace = _run(recipe(good.corpus, copy, state=state), name)
    except AtlasError as error:
        return read, f"a clear error: {(error.fix or error.what).replace(str(copy), 'the folder')}"
    except ESCAPED as error:
        return read, f"TRACEBACK: {error!r}"
    limits = [limit for entry in workspace.manifest["stages"].values() for limit in entry["limits"]]
    if any(limit.startswith(review.FILE) for limit in limits):
        return read, "the run says which decision cannot be read"
    made, wanted = hashes(copy), good.tables[state]
    if len(workspace.manifest["stages"]) == 1:
        made, wanted = ({name: these[name] for name in _INGESTED} for these in (made, wanted))
    if made != wanted:
        return read, "OTHER TABLES"
    untouched = path.exists() and path.read_bytes() == damaged
    return (
        read,
        "equal tables; the file was not used" if untouched else "equal tables; the file was made again",
    )


def _run(settings: Recipe, name: Path) -> Workspace:
    """All stages; of a file that only `ingest` reads, that stage alone, which takes a tenth of the time."""
    if name.parts[0] == "cache" and name.parts[1] in ("rows", "skipped", "schemas", "templates"):
        return pipeline.run(settings, stages=["ingest"])
    return everything(settings)


def flips(corpus: Path, place: Path, count: int, seed: int) -> list[dict[str, object]]:
    """Flip many bits, as many in every kind of file; one line for each kind and outcome."""
    good = undamaged(corpus, place)
    kinds = by_kind(good.workspace)
    rng, seen = Random(seed), Counter[tuple[str, str, str]]()
    for number in range(count):
        kind = list(kinds)[number % len(kinds)]
        path = rng.choice(kinds[kind])
        bit = rng.randrange(path.stat().st_size * 8)
        name = path.relative_to(good.workspace)
        outcome = try_bit(good, place / "flipped", name, bit)
        seen[kind, *outcome] += 1
        print(number, name, bit, *outcome, flush=True)
    return [
        {"file": kind, "a reader gets": read, "a run after it": then, "times": times}
        for (kind, read, then), times in sorted(seen.items())
    ]
