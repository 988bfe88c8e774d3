"""Sketches: small samples of a source's problems, by hash, from which containment can be estimated.

A sample keeps the smallest 64-bit hashes of a set of texts (bottom-k, KMV). A text that is looked for either
falls outside the sampled range, or is known to be there or not; a set no larger than a sample is known
exactly. A sketch has two samples: of the problems themselves (skeletons), and of their numbers with the
answer, by which a problem told in other words is still known. It holds no text, so it can be shared where the
data cannot.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.errors import InputError
from rlvr_atlas.files import POLARS_ERRORS, guard, pass_interrupt, replace_file
from rlvr_atlas.stats import wilson
from rlvr_atlas.text.tex import markup

#: Hashes kept of each kind: 512 KiB. A source of a million problems is sampled at 6.5%.
SIZE = 65_536
#: Fewer numbers than this, the answer among them, are those of many problems.
_NUMBERS = 3

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Estimate:
    """How much of a weighted set of texts a source holds, its 95% interval, and how many were looked up."""

    weight: float
    low: float
    high: float
    sampled: int


@dataclass(frozen=True)
class Sample:
    """The smallest hashes of a set.

    Attributes:
        hashes: Ascending, distinct, at most `SIZE`.
        distinct: How many there are in the whole set.
    """

    hashes: Hashes
    distinct: int

    @classmethod
    def of(cls, texts: Iterable[str], size: int = SIZE) -> Sample:
        """The sample of a set of texts."""
        hashes = np.unique(hash_texts(texts))
        return cls(hashes[:size].copy(), len(hashes))

    @property
    def rate(self) -> float:
        """Share of all texts, in the set or not, that the sample can answer for."""
        return 1.0 if len(self.hashes) >= self.distinct else (float(self.hashes[-1]) + 1) / 2.0**64

    def contained(self, hashes: Hashes, weights: NDArray[np.float64]) -> Estimate:
        """Estimate how much of another set is in this one.

        Args:
            hashes: (n,) distinct hashes of the other set.
            weights: (n,) what each counts for.

        Returns:
            Weights in sum. The interval is Wilson's for the effective number of sampled texts (Kish),
            narrowed by the sampled fraction; where nothing could be sampled it is everything.
        """
        total = float(weights.sum())
        if self.distinct == 0 or not len(hashes):
            return Estimate(0.0, 0.0, 0.0, len(hashes))
        known = hashes <= self.hashes[-1] if self.rate < 1 else np.ones(len(hashes), dtype=bool)
        inside, sampled = np.isin(hashes[known], self.hashes, assume_unique=True), weights[known]
        if not len(sampled):
            return Estimate(0.0, 0.0, total, 0)
        share = float(sampled[inside].sum() / sampled.sum())
        if len(sampled) == len(hashes):
            return Estimate(share * total, share * total, share * total, len(sampled))
        effective = float(sampled.sum() ** 2 / (sampled**2).sum()) / (1 - len(sampled) / len(hashes))
        low, high = map(float, wilson(share * effective, effective))
        return Estimate(share * total, low * total, high * total, len(sampled))


@dataclass(frozen=True)
class Sketch:
    """Samples of a source.

    Attributes:
        texts: Of the skeletons.
        numbers: Of the numbers with the answer (see `numbers_of`).
        made_by: Digest of the code that made the skeletons; others' hashes mean other texts.
    """

    texts: Sample
    numbers: Sample
    made_by: str


def build(canonical: pl.DataFrame, *, made_by: str) -> Sketch:
    """The sketch of canonical rows (skeleton, answer)."""
    distinct = canonical.select("skeleton", "answer").unique()
    numbers = distinct.select(numbers_of()).to_series().drop_nulls()
    return Sketch(Sample.of(distinct["skeleton"].unique()), Sample.of(numbers), made_by)


def numbers_of() -> pl.Expr:
    """The numbers of `skeleton`, sorted, with `answer` bare of markup; null where they say little."""
    numbers = pl.col("skeleton").str.extract_all(r"\d+(?:\.\d+)?")
    bare = pl.col("answer").str.replace_all(markup(), "").str.to_lowercase()
    enough = (numbers.list.len() + 1 >= _NUMBERS) & (bare.str.len_chars() > 0)
    return pl.when(enough).then(pl.concat_str(numbers.list.sort().list.join(" "), pl.lit(" = "), bare))


def hash_texts(texts: Iterable[str]) -> Hashes:
    """One hash per text: the first 8 bytes of its SHA-1."""
    digests = b"".join(hashlib.sha1(text.encode("utf-8", "surrogatepass")).digest()[:8] for text in texts)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def write(path: Path, sketch: Sketch, dataset: str) -> None:
    """Write a sketch as a Parquet file: kind and hash as columns, the rest in its metadata.

    Raises:
        InputError: If it cannot be written.
    """
    kinds = {"texts": sketch.texts, "numbers": sketch.numbers}
    frame = pl.concat(
        pl.DataFrame({"kind": [kind] * len(sample.hashes), "hash": sample.hashes}, schema_overrides=_COLUMNS)
        for kind, sample in kinds.items()
    )
    facts = {"dataset": dataset, "made_by": sketch.made_by}
    facts |= {kind: str(sample.distinct) for kind, sample in kinds.items()}
    facts["sha256"] = _digest(facts, sketch.texts, sketch.numbers)
    metadata = {f"sketch.{name}": value for name, value in facts.items()}
    guard(path, lambda: path.parent.mkdir(parents=True, exist_ok=True), error=InputError)
    replace_file(path, lambda temporary: frame.write_parquet(temporary, metadata=metadata), error=InputError)


_COLUMNS = {"kind": pl.String, "hash": pl.UInt64}


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
        frame = pl.read_parquet(path)
        texts, numbers = (
            Sample(frame.filter(kind=kind)["hash"].cast(pl.UInt64).to_numpy(), int(facts[f"sketch.{kind}"]))
            for kind in ("texts", "numbers")
        )
        told = {name: facts[f"sketch.{name}"] for name in ("dataset", "made_by", "texts", "numbers")}
        whole = facts["sketch.sha256"] == _digest(told, texts, numbers)
    except FileNotFoundError:
        raise InputError("no such sketch", where=str(path), fix=fix) from None
    except (OSError, KeyError, ValueError, *POLARS_ERRORS) as error:
        pass_interrupt(error)
        raise InputError("not a readable sketch", where=str(path), fix=fix) from None
    if not (whole and _plausible(texts) and _plausible(numbers)):
        raise InputError("a damaged sketch", where=str(path), fix=fix)
    if told["made_by"] != made_by:
        what = "a sketch of another version, whose hashes mean other texts"
        raise InputError(what, where=str(path), fix=fix)
    return Sketch(texts, numbers, made_by)


def _digest(facts: Mapping[str, str], *samples: Sample) -> str:
    """SHA-256 over all that a sketch says."""
    said = json.dumps(facts, sort_keys=True).encode()
    return hashlib.sha256(said + b"".join(b"\n" + sample.hashes.tobytes() for sample in samples)).hexdigest()


def _plausible(sample: Sample) -> bool:
    kept = len(sample.hashes)
    ascending = bool(np.all(sample.hashes[1:] > sample.hashes[:-1]))
    return ascending and kept <= sample.distinct and (kept > 0) == (sample.distinct > 0)
