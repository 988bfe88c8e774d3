"""Origins: for a hash of every known problem its source, and the datasets that hold it.

A problem is known by its text (skeleton) and by its numbers with the answer, by which it is known in other
words too, as far as these are telling. Hashes alone are kept: no text can be read from them, though who holds
a text can tell whether it is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas import __version__
from rlvr_atlas.errors import InputError
from rlvr_atlas.files import POLARS_ERRORS, pass_interrupt, replace_file
from rlvr_atlas.fingerprints.sketch import hash_texts, numbers_of
from rlvr_atlas.schema import Schema, conform
from rlvr_atlas.schema.attachments import needed
from rlvr_atlas.text.word_frequency import rarity

#: Numbers and answer that are less telling than this, in bits, are those of other problems too. Measured on
#: the shared corpus: of the problems of a source from 16 bits on, .4 to .5% have those of a problem with
#: another root, rewordings among them (benchmarks/public_atlas.py prints it).
TELLING = 16.0
_FORMAT = "1"
_COLUMNS: Schema = {
    "text": pl.UInt64,
    "numbers": pl.UInt64,
    "source": pl.String,
    "datasets": pl.List(pl.UInt16),
}
#: What of a dataset stands in the card.
_FACTS = ("dataset", "role", "title", "released", "license", "hub_id", "revision", "rows", "content_sha256")


@dataclass(frozen=True)
class Origins:
    """Where known problems are from.

    Attributes:
        frame: One line per problem: text, numbers (hashes, the second null where it says little), source
            (null where it is unknown), datasets (positions in the card, in order of release).
        card: version, datasets (what is known of each), and the digest of the benchmarks' index.
    """

    frame: pl.DataFrame
    card: dict[str, Any]

    @property
    def datasets(self) -> pl.DataFrame:
        """position, dataset, role, title, released, rows of every dataset."""
        columns = ("dataset", "role", "title", "released", "rows")
        listed = [{name: entry[name] for name in columns} for entry in self.card["datasets"]]
        return (
            pl.DataFrame(listed).with_row_index("position").with_columns(pl.col("position").cast(pl.UInt16))
        )


def build(instances: pl.DataFrame, datasets: pl.DataFrame, lineage: pl.DataFrame) -> Origins:
    """The origins of every problem of a traced workspace.

    Args:
        instances: schema.INSTANCES.
        datasets: schema.DATASETS.
        lineage: schema.LINEAGE.
    """
    bare = instances.filter(nothing_needed(instances["attachments"]))
    ordered = (
        datasets.sort("rank").with_row_index("position").with_columns(pl.col("position").cast(pl.UInt16))
    )
    places = (
        lineage.select("dataset", "key", "atomic_source")
        .join(ordered.select("dataset", "position"), on="dataset")
        .join(bare.select("key", "skeleton"), on="key")
    )
    held = places.group_by("skeleton").agg(
        source=pl.col("atomic_source").sort_by("position").drop_nulls().first(),
        datasets=pl.col("position").unique().sort(),
    )
    answered = bare.select("skeleton", numbers=telling_numbers())
    numbers = answered.drop_nulls().group_by("skeleton").agg(pl.col("numbers").min())
    frame = (
        held.join(numbers, on="skeleton", how="left")
        .with_columns(
            text=hashes(held["skeleton"]),
            numbers=pl.col("numbers").map_batches(hashes, return_dtype=pl.UInt64),
        )
        .select(*_COLUMNS)
        .sort("text")
    )
    described = ordered.with_columns(pl.col("released").cast(pl.String)).select(*_FACTS).to_dicts()
    return Origins(conform(frame, _COLUMNS), {"version": __version__, "datasets": described})


def _positions(datasets: pl.DataFrame) -> pl.DataFrame:
    return datasets.with_row_index("position").with_columns(pl.col("position").cast(pl.UInt16))


def nothing_needed(attachments: pl.Series) -> pl.Series:
    """Which problems are known by their text alone: nothing that they are asked of is attached."""
    kinds = attachments.drop_nulls().unique()
    free = [text for text in kinds if needed(text) is None]
    return attachments.is_null() | attachments.is_in(free)


def telling_numbers() -> pl.Expr:
    """As `sketch.numbers_of`, null where they say little; of the columns `skeleton` and `answer`."""
    return numbers_of().map_batches(_only_telling, return_dtype=pl.String)


def _only_telling(numbers: pl.Series) -> pl.Series:
    return pl.Series([text if bits(text) >= TELLING else None for text in numbers], dtype=pl.String)


def bits(numbers: str | None) -> float:
    """How telling numbers and answer are (output of `sketch.numbers_of`), in bits."""
    if numbers is None:
        return 0.0
    told, _, answer = numbers.rpartition(" = ")
    return sum(map(rarity, {*told.split(), *([answer] if answer.isdigit() else [])}))


def hashes(texts: pl.Series) -> pl.Series:
    """64 bits of a hash of each text, null for null."""
    found = pl.Series(texts.name, hash_texts(texts.fill_null("")), dtype=pl.UInt64)
    return found.set(texts.is_null(), None)


def write(made: Origins, path: Path) -> None:
    """Write origins as a Parquet file whose metadata hold the card and a digest of all of it.

    Raises:
        InputError: If it cannot be written.
    """
    card = json.dumps(made.card, sort_keys=True)
    metadata = {"origins.format": _FORMAT, "origins.card": card, "origins.sha256": _digest(made.frame, card)}
    replace_file(
        path,
        lambda temporary: made.frame.write_parquet(
            temporary, metadata=metadata, compression="zstd", compression_level=19, row_group_size=1 << 20
        ),
        error=InputError,
    )


def read(path: Path) -> Origins:
    """Read origins.

    Raises:
        InputError: If the file is missing, damaged, or of another version.
    """
    fix = "get the file again, or make it anew: rlvr-atlas atlas build WORKSPACE DIR"
    try:
        facts = pl.read_parquet_metadata(path)
        frame = conform(pl.read_parquet(path).select(*_COLUMNS), _COLUMNS)
        kind, card = facts["origins.format"], facts["origins.card"]
        whole = facts["origins.sha256"] == _digest(frame, card)
        found = Origins(frame, json.loads(card))
        count = len(found.datasets)
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix=fix) from None
    except (OSError, KeyError, ValueError, TypeError, RecursionError, *POLARS_ERRORS) as error:
        pass_interrupt(error)
        raise InputError(
            "this holds no origins of problems, or is damaged", where=str(path), fix=fix
        ) from None
    if kind != _FORMAT:
        raise InputError("made by another version", where=str(path), fix=fix)
    last = frame["datasets"].explode().max()
    if not whole or (isinstance(last, int) and last >= count):
        raise InputError("the file is damaged", where=str(path), fix=fix)
    return found


def _digest(frame: pl.DataFrame, card: str) -> str:
    """SHA-256 over all that the file says."""
    lengths = frame["datasets"].list.len()
    parts: Iterable[NDArray[Any]] = (
        frame["text"].to_numpy(),
        frame["numbers"].fill_null(0).to_numpy(),
        lengths.to_numpy(),
        frame["datasets"].explode().drop_nulls().to_numpy(),
        np.frombuffer("\0".join(frame["source"].fill_null("")).encode(), np.uint8),
    )
    digest = hashlib.sha256(card.encode())
    for part in parts:
        digest.update(b"\n" + np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
