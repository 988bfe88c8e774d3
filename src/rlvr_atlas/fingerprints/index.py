"""The shareable index: prints of benchmark items in one file, without a word of their text.

A first line says what the file is, a second one (JSON) what is in it, and a Parquet table follows, of which
the second line holds the length and the SHA-256. Nothing but numbers is read from it, whoever made it.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rlvr_atlas import __version__
from rlvr_atlas.answer import normal_column
from rlvr_atlas.audit.coincidence import Rarity
from rlvr_atlas.errors import InputError
from rlvr_atlas.files import POLARS_ERRORS, pass_interrupt, replace_file
from rlvr_atlas.fingerprints.prints import PRINTS, Printer, Prints
from rlvr_atlas.match.minhash import PERMUTATIONS
from rlvr_atlas.text.tokens import Parts

_MAGIC = b"rlvr-atlas benchmark index 3\n"
_LONGEST_HEADER = 10_000_000
#: Made up for this purpose: an index whose sketch of it differs was made with other hash functions.
_PROBE = "eleven copper kettles whistle while 42 tailors fold the evening"
_PLACES = {"benchmark": pl.String, "row": pl.Int64, "bits": pl.Float64, "wording_bits": pl.Float64}
_CONTENT = {"content": pl.UInt64, "answer": pl.UInt8}
_COLUMNS = {**_PLACES, **PRINTS, **_CONTENT, "sketch": pl.Binary}


@dataclass(frozen=True)
class Index:
    """Benchmarks as prints.

    Attributes:
        salt: Enters every hash of this index.
        benchmarks: What is in it: id, rows, items, skipped_rows and release date of each benchmark.
        places: benchmark, row, bits, wording_bits of each distinct item.
        prints: Their prints, in the same order, with `content` and `answer` (see Printer).
        version: The version of rlvr-atlas that made it.
    """

    salt: bytes
    benchmarks: list[dict[str, Any]]
    places: pl.DataFrame
    prints: Prints
    version: str = __version__


def build(occurrences: pl.DataFrame, instances: pl.DataFrame, datasets: pl.DataFrame) -> Index:
    """Take the prints of every benchmark in view.

    Args:
        occurrences: schema.OCCURRENCES.
        instances: schema.INSTANCES with `stem`; all of them are the corpus that rarity is counted over.
        datasets: schema.DATASETS.

    Raises:
        InputError: If no dataset is a benchmark.
    """
    described = datasets.filter(role="benchmark").sort("rank")
    if described.is_empty():
        raise InputError("no dataset here is a benchmark", fix='give one the role = "benchmark"')
    known = instances.select("key", "skeleton", "stem", "answer", "attachments")
    items = (
        occurrences.join(described.select("dataset", "rank"), on="dataset")
        .group_by("rank", benchmark="dataset", key="key")
        .agg(pl.col("row").min())
        .sort("rank", "row", "key")
        .join(known, on="key", maintain_order="left")
    )
    # Made from the keys: the same benchmarks give the same bytes, others give other hashes.
    salt = hashlib.blake2b("".join(items["key"]).encode(), digest_size=16).digest()
    rarity = Rarity(instances["skeleton"].unique(maintain_order=True), known["attachments"])
    attached = pl.Series(map(rarity.attached_bits, items["attachments"]), dtype=pl.Float64)
    bits, wording_bits = rarity.weigh(items["skeleton"])
    places = items.select("benchmark", "row").with_columns(
        bits=pl.Series(bits) + attached, wording_bits=pl.Series(wording_bits)
    )
    counts = dict(items.group_by("benchmark").len().iter_rows())
    listed = [
        {
            "id": line["dataset"],
            "rows": line["rows"],
            "items": counts.get(line["dataset"], 0),
            "skipped_rows": line["skipped_rows"],
            "released": str(line["released"]) if line["released"] else None,
        }
        for line in described.iter_rows(named=True)
    ]
    printer, parts = Printer(salt), [Parts.of(skeleton) for skeleton in items["skeleton"]]
    prints = printer.prints(items, parts)
    content = [printer.content(part) for part in parts]
    answers = map(printer.answer, content, normal_column(items["answer"]))
    told = pl.DataFrame({"content": content, "answer": list(answers)}, schema=_CONTENT)
    return Index(salt, listed, places, Prints(prints.frame.hstack(told), prints.sketch))


def write(index: Index, path: Path) -> None:
    """Write an index; a file that was there is replaced at once or not at all.

    Raises:
        InputError: If it cannot be written.
    """
    table = pl.concat([index.places, index.prints.frame], how="horizontal").with_columns(
        sketch=pl.Series([line.tobytes() for line in index.prints.sketch], dtype=pl.Binary)
    )
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd")
    payload = buffer.getvalue()
    header = {
        "version": index.version,
        "salt": index.salt.hex(),
        "probe": _probe(index.salt),
        "bytes": len(payload),
        "benchmarks": index.benchmarks,
    }
    header["sha256"] = _digest(header, payload)
    content = _MAGIC + json.dumps(header).encode() + b"\n" + payload
    replace_file(path, lambda temporary: temporary.write_bytes(content), error=InputError)


def read(path: Path) -> Index:
    """Read an index.

    Raises:
        InputError: If it is missing, no index, damaged, or made in another way than this version reads.
    """
    again = "get the file again, or make it anew with: rlvr-atlas audit WORKSPACE --write-index FILE"
    try:
        with path.open("rb") as handle:
            if handle.readline(len(_MAGIC)) != _MAGIC:
                raise InputError("this is no benchmark index of this version", where=str(path), fix=again)
            header = json.loads(handle.readline(_LONGEST_HEADER))
            payload = handle.read()
        told = header.pop("sha256")
        if len(payload) != header["bytes"] or told != _digest(header, payload):
            raise InputError("the index is damaged or cut short", where=str(path), fix=again)
        table = pl.read_parquet(io.BytesIO(payload)).select(*_COLUMNS).cast(_COLUMNS)  # type: ignore[arg-type]
        sketch = np.frombuffer(b"".join(table["sketch"]), np.uint8).reshape(table.height, PERMUTATIONS)
        index = Index(
            bytes.fromhex(header["salt"]),
            list(header["benchmarks"]),
            table.select(*_PLACES),
            Prints(table.select(*PRINTS, *_CONTENT), sketch),
            str(header["version"]),
        )
        probe = header["probe"]
    except OSError as error:
        raise InputError(f"cannot read the index ({error.strerror})", where=str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, *POLARS_ERRORS) as error:
        pass_interrupt(error)
        raise InputError("the index is damaged or cut short", where=str(path), fix=again) from None
    if probe != _probe(index.salt):
        raise InputError("the index was made with other hash functions", where=str(path), fix=again)
    return index


def _digest(header: Mapping[str, object], payload: bytes) -> str:
    """SHA-256 over all that an index says."""
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode() + b"\n" + payload).hexdigest()


def _probe(salt: bytes) -> str:
    """What the hash functions make of one sentence."""
    printer = Printer(salt)
    text = pl.DataFrame({"key": _PROBE, "skeleton": _PROBE, "stem": _PROBE, "attachments": None})
    line = printer.prints(text)
    content = printer.content(Parts.of(_PROBE))
    hashes = (*line.frame.row(0), content, printer.answer(content, "42"))
    return hashlib.sha256(line.sketch.tobytes() + repr(hashes).encode()).hexdigest()[:16]
