"""Find the items whose prints look like those of a row, and say what they are without seeing any text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.fingerprints.prints import EDGE, Printer, Prints, is_told_by_words
from rlvr_atlas.match import calibrations
from rlvr_atlas.match.decide import PrintEvidence, by_prints, with_attachments
from rlvr_atlas.text.tokens import Parts

#: Items that share one band of the sketch with a row and are looked at; more are templates of each other.
_BUCKET = 16
#: Length of a band: 25 of 5 find 0.9998 of pairs with similarity 0.8, 32 of 4 find 0.87 of those with 0.5.
_BAND, _LOOSE_BAND = 5, 4
_CHUNK = 200_000
#: Wording that is less similar than this is not compared text by text.
_LOOSE = 0.45
#: What the decision asks of two texts, as far as prints can tell.
_WORDING = calibrations.thresholds()["wording"]

FOUND = {
    "row": pl.Int64,
    "item": pl.Int64,
    "relation": pl.String,
    "tier": pl.String,
    "probability": pl.Float64,
    "similarity": pl.Float64,
}


@dataclass(frozen=True)
class Alike:
    """Candidate pairs: positions of rows and items, and the estimated similarity of their wording."""

    pairs: NDArray[np.int64]
    similarity: NDArray[np.float64]


def alike(rows: Prints, items: Prints, least: float, band: int = _BAND) -> Alike:
    """Pairs whose wording is similar.

    Args:
        rows: Prints of the file.
        items: Prints of the benchmarks.
        least: Least estimated Jaccard similarity of the words.
        band: So many neighbouring values of the sketch must be equal somewhere for a pair to be looked at.
    """
    everything = _near(rows, items, band)
    n = max(1, items.frame.height)
    pairs = np.stack([everything // n, everything % n], axis=1)
    similarity = _similarity(rows, items, pairs)
    enough = similarity >= least
    return Alike(pairs[enough], similarity[enough])


def worth_comparing(rows: Prints, items: Prints) -> pl.Series:
    """Rows that could be anything to any item, so that the rest need not be compared text by text.

    Args:
        rows: Prints of the file.
        items: Prints of the benchmarks.

    Returns:
        Their positions, ascending.
    """
    at = rows.frame.with_row_index("row")
    found = [pl.Series("row", alike(rows, items, _LOOSE, _LOOSE_BAND).pairs[:, 0], dtype=pl.Int64)]
    for column in ("key", "skeleton", "stem", "head", "tail"):
        long = pl.col("length") >= (EDGE if column in ("head", "tail") else 0)
        hits = at.filter(long).join(items.frame.filter(long).select(column), on=column, how="semi")
        found.append(hits["row"].cast(pl.Int64))
    return pl.concat(found).unique().sort()


def look_up(
    rows: Prints, parts: Sequence[Parts], answers: Sequence[str | None], items: Prints, printer: Printer
) -> pl.DataFrame:
    """What the rows of a file are, by prints alone.

    Args:
        rows: Prints of the file.
        parts: Parts of its skeletons, in the same order.
        answers: Their answers in normal form.
        items: Prints of the benchmarks, with `content` and `answer`.
        printer: What took the prints.

    Returns:
        The columns of FOUND: the strongest relation of each pair of a row and an item.
    """
    # A benchmark is there in many copies: each problem is compared once.
    copies = items.frame.select("key", item=pl.int_range(pl.len()))
    first = copies.unique("key", keep="first", maintain_order=True)["item"]
    items = Prints(items.frame[first], items.sketch[first.to_numpy()])
    embedded = ("embedded", "lexical", _WORDING["p_inside"])
    found = pl.concat(
        [
            _equal(rows, items, ("key", "key"), ("identical", "exact", 1.0)),
            _equal(
                rows, items, ("skeleton", "skeleton"), ("reformatted", "normalised", _WORDING["p_skeleton"])
            ),
            _equal(rows, items, ("tokens", "tokens"), ("reformatted", "lexical", _WORDING["p_equal"])),
            _equal(rows, items, ("tokens", "stem_tokens"), embedded),
            _equal(rows, items, ("stem_tokens", "tokens"), embedded),
            _inside(rows, parts, items, printer),
            _similar(rows, parts, answers, items, printer),
        ]
    )
    found = found.unique(["row", "item"], keep="first", maintain_order=True)
    found = with_attachments(found.with_columns(agree=_agree(found, rows, items)))
    keys = items.frame["key"].gather(found["item"])
    return found.drop("item").with_columns(keys).join(copies, on="key").select(*FOUND)


def _agree(found: pl.DataFrame, rows: Prints, items: Prints) -> pl.Series:
    """Whether a row and an item are asked of the same things; null where one of the two is text alone."""
    ours = rows.frame["attachments"].gather(found["row"])
    theirs = items.frame["attachments"].gather(found["item"])
    known = (ours == theirs) | ((ours > 0) & (theirs > 0))
    return pl.select(pl.when(known).then(ours == theirs)).to_series()


def _equal(rows: Prints, items: Prints, on: tuple[str, str], verdict: tuple[str, str, float]) -> pl.DataFrame:
    """Pairs whose prints are equal: the column `on[0]` of a row, `on[1]` of an item."""
    (mine, theirs), (relation, tier, probability) = on, verdict
    left = rows.frame.select(pl.col(mine).alias("print")).with_row_index("row")
    right = items.frame.select(pl.col(theirs).alias("print")).with_row_index("item")
    return left.join(right, on="print").select(
        pl.col("row", "item").cast(pl.Int64),
        relation=pl.lit(relation),
        tier=pl.lit(tier),
        probability=pl.lit(probability),
        similarity=pl.lit(1.0),
    )


def _inside(rows: Prints, parts: Sequence[Parts], items: Prints, printer: Printer) -> pl.DataFrame:
    """Items that are the beginning or the end of a row, token for token."""
    found: list[tuple[int, int, str, str, float, float]] = []
    for edge in ("head", "tail"):
        long = items.frame.with_row_index("item").filter(pl.col("length") >= _WORDING["part"])
        near = (
            rows.frame.with_row_index("row")
            .select("row", edge, row_length="length")
            .join(long.select("item", edge, "length", "tokens"), on=edge)
            .filter(pl.col("length") < pl.col("row_length"))
        )
        for row, item, length, whole in near.select("row", "item", "length", "tokens").iter_rows():
            tokens = parts[row].tokens
            cut = tokens[:length] if edge == "head" else tokens[len(tokens) - length :]
            if printer.of_tokens(cut) == whole:
                found.append((row, item, "embedded", "lexical", _WORDING["p_inside"], length / len(tokens)))
    return pl.DataFrame(found, schema=FOUND, orient="row")


def _similar(
    rows: Prints, parts: Sequence[Parts], answers: Sequence[str | None], items: Prints, printer: Printer
) -> pl.DataFrame:
    """Rewordings (the content is equal) and variants (the wording is, the content or the answer is not)."""
    near = alike(rows, items, _WORDING["template"])
    left, right = rows.frame[near.pairs[:, 0]], items.frame[near.pairs[:, 1]]
    length = np.minimum(left["length"].to_numpy(), right["length"].to_numpy())
    # What is asked of the rows that are near anything, row by row.
    at, place = np.unique(near.pairs[:, 0], return_inverse=True)
    contents = [printer.content(parts[row]) for row in at]
    classes = [printer.answer(content, answers[row]) for content, row in zip(contents, at, strict=True)]
    mine, answered = np.array(contents, np.uint64)[place], np.array(classes, np.uint8)[place]
    in_words = np.array([is_told_by_words(parts[row]) for row in at], bool)[place]
    theirs = right["answer"].to_numpy()
    decided = by_prints(
        PrintEvidence(
            likeness=near.similarity,
            length=length,
            same_content=mine == right["content"].to_numpy(),
            answers_differ=(answered > 0) & (theirs > 0) & (answered != theirs),
            told_by_words=in_words,
        )
    )
    reworded, variant = decided["reworded"], decided["variant"]
    lines = pl.DataFrame(
        {
            "row": near.pairs[:, 0],
            "item": near.pairs[:, 1],
            "relation": np.where(reworded, "reworded", "variant"),
            "tier": "lexical",
            "probability": np.where(reworded, _WORDING["p_alike"], _WORDING["p_variant"]),
            "similarity": near.similarity,
        },
        schema=FOUND,
    )
    return lines.filter(pl.Series(reworded | variant)).sort("relation", "row", "item")


def _near(rows: Prints, items: Prints, band: int) -> NDArray[np.int64]:
    """Pairs with an equal band of the sketch, as row * items + item, ascending."""
    left, right = (_bands(prints, band, name) for prints, name in ((rows, "row"), (items, "item")))
    right = right.join(left.select("value"), on="value", how="semi", maintain_order="left")
    # What many items share is the wording of a template: the first few of them stand for all.
    right = right.filter(pl.int_range(pl.len()).over("value") < _BUCKET)
    pairs = left.join(right, on="value")
    return (
        pairs.select(pl.col("row") * items.frame.height + pl.col("item"))
        .to_series()
        .unique()
        .sort()
        .to_numpy()
    )


def _bands(prints: Prints, width: int, name: str) -> pl.DataFrame:
    """Every band of every sketch as one number, in which its place in the sketch is included."""
    n, permutations = prints.sketch.shape
    bands = permutations // width
    weights = np.uint64(256) ** np.arange(width, dtype=np.uint64)
    cut = prints.sketch[:, : bands * width].reshape(n, bands, width)
    place = np.arange(bands, dtype=np.uint64) << np.uint64(8 * width)
    value = (cut.astype(np.uint64) @ weights) + place
    return pl.DataFrame({name: np.repeat(np.arange(n), bands), "value": value.ravel()})


def _similarity(rows: Prints, items: Prints, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Estimated Jaccard similarity: the share of equal sketch values, less those equal by chance."""
    result = np.empty(len(pairs))
    for start in range(0, len(pairs), _CHUNK):
        part = pairs[start : start + _CHUNK]
        equal = (rows.sketch[part[:, 0]] == items.sketch[part[:, 1]]).mean(axis=1)
        result[start : start + _CHUNK] = (equal - 1 / 256) / (1 - 1 / 256)
    return np.clip(result, 0.0, 1.0)
