"""The mix in the formats of trainers: verl Parquet, TRL Parquet, OpenRLHF JSONL, flat JSONL.

Every row carries where it came from, its verifier, and its original row, which is in `extra_info` in each
format: the loader takes that for notes, so that an export that is read again is read right. A file is written
lot by lot.
Nothing is written as CSV, so no prompt is ever a spreadsheet's formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from rlvr_atlas.config.curate import SLOT
from rlvr_atlas.errors import InputError
from rlvr_atlas.export.columns import is_text, plain
from rlvr_atlas.export.original_rows import OriginalRows
from rlvr_atlas.export.verifier import verifiers

_ORIGIN = ("dataset", "row", "key", "action", "atomic_source", "root_dataset", "root_row", "license")
#: What a reader may take for the end of a line or of a file, and JSON leaves as it is.
_NOT_IN_LINES = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
#: Rows of a lot where no original row goes with them.
_LOT = 8192
#: What verl replaces by an image.
_IMAGE = "<image>"


@dataclass(frozen=True)
class Lot:
    """Some rows of a mix with what goes with them.

    Attributes:
        mix: schema.MIX, templates on, with `data_source` and `verifier`.
        original: Arrow struct of the original columns; None where the mix is exported without.
        images: Arrow list of struct of bytes and path; None where no row of the mix shows any.
    """

    mix: pl.DataFrame
    original: Any = None
    images: Any = None


@dataclass(frozen=True)
class Format:
    """A format of a trainer.

    Attributes:
        rows: From a lot to the rows of the file.
        ending: Of the file: .parquet or .jsonl.
        needs_answers: Whether a row without an answer cannot be trained on.
    """

    rows: Callable[[Lot], Any]
    ending: str
    needs_answers: bool = True

    @property
    def holds_images(self) -> bool:
        """JSON has no bytes."""
        return self.ending == ".parquet"


def with_template(mix: pl.DataFrame, template: str) -> pl.DataFrame:
    """Put the recipe's template around every prompt."""
    before, after = template.split(SLOT)
    return mix.with_columns(prompt=pl.concat_str(pl.lit(before), "prompt", pl.lit(after)))


def lots(mix: pl.DataFrame, declared: pl.DataFrame, originals: OriginalRows | None) -> Iterator[Lot]:
    """A mix in lots, in its order.

    Args:
        mix: schema.MIX, templates on.
        declared: dataset, row, declared_source of its rows.
        originals: Their original rows; None to leave them out.
    """
    labelled = mix.join(declared, on=["dataset", "row"], how="left", maintain_order="left")
    places = list(zip(mix["dataset"], mix["row"], strict=True))
    cuts = (
        originals.lots(places)
        if originals
        else (slice(start, start + _LOT) for start in range(0, mix.height, _LOT))
    )
    for cut in cuts:
        rows = labelled[cut]
        if originals is None:
            yield Lot(_named(rows, None, None))
            continue
        taken = originals.take(places[cut])
        own = taken["original"].field("data_source") if _has_own_source(originals) else None
        images = taken["images"] if originals.have_images else None
        yield Lot(_named(rows, own, taken["verifier"]), taken["original"], images)


def _has_own_source(originals: OriginalRows) -> bool:
    return is_text(originals.types.get("data_source", pa.null()))


def _named(rows: pl.DataFrame, own: Any, stated: Any) -> pl.DataFrame:  # noqa: ANN401
    """Rows with `data_source` and `verifier`."""
    own_source = pl.Series("own", own.to_pylist() if own is not None else [None] * rows.height, pl.String)
    source = pl.coalesce("atomic_source", own_source, "declared_source", "dataset")
    told = None if stated is None else stated.to_pylist()
    return rows.with_columns(source.alias("data_source"), verifiers(rows, told))


def verl(lot: Lot) -> Any:  # noqa: ANN401
    """Rows as verl's `RLHFDataset` reads them.

    `data_source` is the atomic source, else what the row itself says, else its dataset; verl chooses its
    reward function by it (docs/export.md).
    """
    mix = lot.mix
    if lot.images is not None:
        shown = [len(images) for images in lot.images.to_pylist()]
        prompts = [_with_marks(text, count) for text, count in zip(mix["prompt"], shown, strict=True)]
        mix = mix.with_columns(pl.Series("prompt", prompts, pl.String))
    rows = _arrow(
        mix.select(
            data_source="data_source",
            prompt=_turns(),
            ability="domain",
            reward_model=pl.struct(style=pl.lit("rule"), ground_truth="answer"),
            extra_info=pl.struct(pl.lit("train").alias("split"), "index", *_ORIGIN, "verifier"),
        )
    )
    if lot.original is not None:
        extra = rows.column("extra_info").combine_chunks()
        names = [field.name for field in extra.type]
        whole = pa.StructArray.from_arrays([*extra.flatten(), lot.original], [*names, "original"])
        rows = rows.set_column(rows.schema.get_field_index("extra_info"), "extra_info", whole)
    return rows if lot.images is None else rows.append_column("images", lot.images)


def _with_marks(text: str, images: int) -> str:
    """A prompt with as many marks as images: verl shows no image that has none, and stops at one too many."""
    return text if text.count(_IMAGE) == images else _IMAGE * images + text.replace(_IMAGE, "")


def trl(lot: Lot) -> Any:  # noqa: ANN401
    """Rows as TRL's `GRPOTrainer` reads them: conversational `prompt`, `solution` for `accuracy_reward`."""
    # Without dollars math-verify takes `3\sqrt{5}` for a 3 and `\sqrt{2}` for no answer at all.
    bare = pl.col("answer").str.strip_chars("$ ")
    in_dollars = (
        pl.when(bare.str.contains("$", literal=True)).then("answer").otherwise(pl.format("${}$", bare))
    )
    order = ("prompt", "solution", "answer", "index", *_ORIGIN, "data_source", "verifier")
    rows = _arrow(lot.mix.with_columns(prompt=_turns(), solution=in_dollars).select(order))
    if lot.original is not None:
        rows = rows.append_column("extra_info", pa.StructArray.from_arrays([lot.original], ["original"]))
    return rows if lot.images is None else rows.append_column("images", lot.images)


def openrlhf(lot: Lot) -> Iterator[dict[str, Any]]:
    """Rows for OpenRLHF with `--input_key input --label_key label`."""
    rows = lot.mix.select(
        pl.col("prompt").alias("input"),
        pl.col("answer").alias("label"),
        pl.col("data_source").alias("datasource"),
        pl.struct("index", *_ORIGIN).alias("origin"),
        "verifier",
    )
    return _with_original(rows, lot.original)


def flat(lot: Lot) -> Iterator[dict[str, Any]]:
    """Rows with the columns of the table `mix`."""
    return _with_original(lot.mix.drop("declared_source"), lot.original)


FORMATS = {
    "verl": Format(verl, ".parquet"),
    "trl": Format(trl, ".parquet"),
    "openrlhf": Format(openrlhf, ".jsonl"),
    "flat": Format(flat, ".jsonl", needs_answers=False),
}


def _with_original(rows: pl.DataFrame, original: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    if original is None:
        return rows.iter_rows(named=True)
    pairs = zip(rows.iter_rows(named=True), original.to_pylist(), strict=True)
    return (row | {"extra_info": {"original": whole}} for row, whole in pairs)


def write(form: Format, cut: Iterable[Lot], path: Path) -> None:
    """Write a file, one lot after another.

    Args:
        form: Its format.
        cut: The lots of a mix, at least one.
        path: Where to.
    """
    if form.ending == ".jsonl":
        with path.open("wb") as file:
            for lot in cut:
                file.write(lines(form.rows(lot)))
        return
    writer: Any = None
    try:
        for lot in cut:
            rows = form.rows(lot)
            writer = writer or pq.ParquetWriter(str(path), rows.schema, compression="zstd")
            writer.write_table(rows)
    finally:
        if writer is not None:
            writer.close()


def lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """JSON, one object a line, in which nothing else than the line break looks like one; bytes are base64."""
    texts = (orjson.dumps(row, default=plain).decode("utf-8") for row in rows)
    safe = (_NOT_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text) for text in texts)
    return "".join(f"{text}\n" for text in safe).encode("utf-8")


def check_answers(mix: pl.DataFrame, form: str) -> None:
    """Make sure that every row has an answer.

    Raises:
        InputError: If one has none, naming the first.
    """
    without = mix.filter(pl.col("answer").is_null())
    if without.height:
        first = f"{without['dataset'][0]}:{without['row'][0]}"
        fix = "set [curate] drop_unverifiable = true, or export as flat"
        what = f"{without.height} rows have no answer, first of them {first}"
        raise InputError(what, where=f"export as {form}", fix=fix)


def _turns() -> pl.Expr:
    return pl.concat_list(pl.struct(role=pl.lit("user"), content="prompt"))


def _arrow(rows: pl.DataFrame) -> Any:  # noqa: ANN401
    """As Arrow with the plain types that every reader of Parquet knows."""
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest())
