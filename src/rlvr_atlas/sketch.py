"""Sketches: a small sample of a source's problems, by hash, from which containment can be estimated.

A sketch keeps the smallest 64-bit hashes of the distinct skeletons of a source (bottom-k, KMV). A text that
is looked for either falls outside the sampled range, or is known to be there or not. A source with no more
problems than a sketch holds is known exactly. A sketch holds no text, so it can be shared where the data
cannot.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.errors import InputError

#: Hashes kept: 512 KiB. A source of a million problems is sampled at 6.5%.
SIZE = 65_536
#: 95% of a normal distribution lie within this many standard deviations.
_Z = 1.959964

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Sketch:
    """The smallest hashes of a set of texts.

    Attributes:
        hashes: Ascending, distinct, at most `SIZE`.
        distinct: How many distinct texts there were.
        made_by: Digest of the code that made the skeletons; others' hashes mean other texts.
    """

    hashes: Hashes
    distinct: int
    made_by: str

    @property
    def rate(self) -> float:
        """Share of all texts, known to the source or not, that the sketch can answer for."""
        if len(self.hashes) >= self.distinct:
            return 1.0
        return (float(self.hashes[-1]) + 1) / 2.0**64


@dataclass(frozen=True)
class Estimate:
    """How much of a weighted set of texts a source holds, its 95% interval, and how many were looked up."""

    weight: float
    low: float
    high: float
    sampled: int


def hash_texts(texts: Iterable[str]) -> Hashes:
    """One hash per text: the first 8 bytes of its SHA-1."""
    digests = b"".join(hashlib.sha1(text.encode("utf-8", "surrogatepass")).digest()[:8] for text in texts)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def build(skeletons: Iterable[str], *, made_by: str, size: int = SIZE) -> Sketch:
    """The sketch of a set of texts."""
    hashes = np.unique(hash_texts(skeletons))
    return Sketch(hashes[:size].copy(), len(hashes), made_by)


def contained(sketch: Sketch, hashes: Hashes, weights: NDArray[np.float64]) -> Estimate:
    """Estimate how much of a set of texts stands in the source, word for word but for notation.

    Args:
        sketch: Of the source.
        hashes: (n,) distinct hashes of the texts.
        weights: (n,) how many rows each stands for.

    Returns:
        Weights in sum. The interval is Wilson's for the effective number of sampled texts (Kish), narrowed by
        the sampled fraction; where nothing could be sampled it is everything.
    """
    total = float(weights.sum())
    if sketch.distinct == 0 or not len(hashes):
        return Estimate(0.0, 0.0, 0.0, len(hashes))
    known = hashes <= sketch.hashes[-1] if sketch.rate < 1 else np.ones(len(hashes), dtype=bool)
    inside = np.isin(hashes[known], sketch.hashes, assume_unique=True)
    sampled = weights[known]
    if not len(sampled):
        return Estimate(0.0, 0.0, total, 0)
    share = float(sampled[inside].sum() / sampled.sum())
    if sketch.rate >= 1:
        return Estimate(share * total, share * total, share * total, len(sampled))
    effective = float(sampled.sum() ** 2 / (sampled**2).sum()) / (1 - len(sampled) / (len(hashes) + 1))
    low, high = _wilson(share, effective)
    return Estimate(share * total, low * total, high * total, len(sampled))


def _wilson(share: float, n: float) -> tuple[float, float]:
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def write(path: Path, sketch: Sketch, dataset: str) -> None:
    """Write a sketch as a Parquet file: one column of hashes, the rest in its metadata."""
    facts = {"dataset": dataset, "distinct": str(sketch.distinct), "made_by": sketch.made_by}
    frame = pl.DataFrame({"hash": sketch.hashes})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path, metadata={f"sketch.{name}": value for name, value in facts.items()})
    except OSError as error:
        raise InputError(f"cannot write ({error.strerror})", where=str(path)) from None


def read(path: Path, *, made_by: str) -> Sketch:
    """Read a sketch.

    Args:
        path: A file made by `write`.
        made_by: Digest of the code that makes the skeletons now.

    Raises:
        InputError: Where it cannot be read, is damaged, or was made by another version.
    """
    fix = "make it again: rlvr-atlas sketch RECIPE.toml"
    try:
        facts: dict[str, Any] = pl.read_parquet_metadata(path)
        hashes = pl.read_parquet(path)["hash"].cast(pl.UInt64).to_numpy()
        sketch = Sketch(hashes, int(facts["sketch.distinct"]), facts["sketch.made_by"])
    except FileNotFoundError:
        raise InputError("no such sketch", where=str(path), fix=fix) from None
    except (OSError, KeyError, ValueError, pl.exceptions.PolarsError):
        raise InputError("not a readable sketch", where=str(path), fix=fix) from None
    whole = len(hashes) <= sketch.distinct and bool(np.all(hashes[1:] > hashes[:-1]))
    if not whole or (len(hashes) == 0) != (sketch.distinct == 0):
        raise InputError("a damaged sketch", where=str(path), fix=fix)
    if sketch.made_by != made_by:
        raise InputError(
            "a sketch of another version, whose hashes mean other texts", where=str(path), fix=fix
        )
    return sketch
