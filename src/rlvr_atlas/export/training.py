"""The mix in the formats of trainers: verl Parquet, TRL Parquet, OpenRLHF JSONL, flat JSONL.

Every row carries where it came from. Nothing is written as CSV, so no prompt is ever a spreadsheet's formula.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import polars as pl

from rlvr_atlas.config.curate import SLOT, UNKNOWN
from rlvr_atlas.errors import InputError

_ORIGIN = ("dataset", "row", "key", "action", "atomic_source", "root_dataset", "root_row", "license")
#: What a reader may take for the end of a line or of a file, and JSON leaves as it is.
_NOT_IN_LINES = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def with_template(mix: pl.DataFrame, template: str) -> pl.DataFrame:
    """Put the recipe's template around every prompt."""
    before, after = template.split(SLOT)
    return mix.with_columns(prompt=pl.concat_str(pl.lit(before), "prompt", pl.lit(after)))


def verl(mix: pl.DataFrame, name: str) -> dict[str, bytes]:
    """Parquet as verl's `RLHFDataset` reads it.

    Args:
        mix: schema.MIX, templates on.
        name: Of the mix.

    Returns:
        File name -> content. `data_source` is the atomic source, or "unknown"; verl chooses its reward
        function by it, so a run needs one of its own (docs/export.md).

    Raises:
        InputError: If a row has no answer.
    """
    _all_answered(mix, "verl")
    rows = mix.select(
        data_source=pl.col("atomic_source").fill_null(UNKNOWN),
        prompt=_turns(),
        ability="domain",
        reward_model=pl.struct(style=pl.lit("rule"), ground_truth="answer"),
        extra_info=pl.struct(pl.lit("train").alias("split"), "index", *_ORIGIN),
    )
    return {f"{name}.parquet": _parquet(rows)}


def trl(mix: pl.DataFrame, name: str) -> dict[str, bytes]:
    """Parquet as TRL's `GRPOTrainer` reads it: conversational `prompt`, and `solution` for `accuracy_reward`.

    Args:
        mix: schema.MIX, templates on.
        name: Of the mix.

    Raises:
        InputError: If a row has no answer.
    """
    _all_answered(mix, "trl")
    # Without dollars math-verify takes `3\sqrt{5}` for a 3 and `\sqrt{2}` for no answer at all.
    bare = pl.col("answer").str.strip_chars("$ ")
    in_dollars = (
        pl.when(bare.str.contains("$", literal=True)).then("answer").otherwise(pl.format("${}$", bare))
    )
    rows = mix.select("index", *_ORIGIN, "answer", prompt=_turns(), solution=in_dollars)
    order = ("prompt", "solution", "answer", "index", *_ORIGIN)
    return {f"{name}.parquet": _parquet(rows.select(order))}


def openrlhf(mix: pl.DataFrame, name: str) -> dict[str, bytes]:
    """JSONL for OpenRLHF with `--input_key input --label_key label`.

    Args:
        mix: schema.MIX, templates on.
        name: Of the mix.

    Raises:
        InputError: If a row has no answer.
    """
    _all_answered(mix, "openrlhf")
    rows = mix.select(
        pl.col("prompt").alias("input"),
        pl.col("answer").alias("label"),
        pl.col("atomic_source").fill_null(UNKNOWN).alias("datasource"),
        pl.struct("index", *_ORIGIN).alias("origin"),
    )
    return {f"{name}.jsonl": lines(rows.iter_rows(named=True))}


def flat(mix: pl.DataFrame, name: str) -> dict[str, bytes]:
    """JSONL with the columns of the table `mix`.

    Args:
        mix: schema.MIX, templates on.
        name: Of the mix.
    """
    return {f"{name}.jsonl": lines(mix.iter_rows(named=True))}


def lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """JSON, one object a line, in which nothing else than the line break looks like one."""
    texts = (orjson.dumps(row).decode("utf-8") for row in rows)
    safe = (_NOT_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text) for text in texts)
    return "".join(f"{text}\n" for text in safe).encode("utf-8")


def _turns() -> pl.Expr:
    return pl.concat_list(pl.struct(role=pl.lit("user"), content="prompt"))


def _parquet(rows: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.write_parquet(buffer)
    return buffer.getvalue()


def _all_answered(mix: pl.DataFrame, format_: str) -> None:
    without = mix.filter(pl.col("answer").is_null())
    if without.height:
        first = f"{without['dataset'][0]}:{without['row'][0]}"
        fix = "set [curate] drop_unverifiable = true, or export as flat"
        what = f"{without.height} rows have no answer, first of them {first}"
        raise InputError(what, where=f"export as {format_}", fix=fix)
