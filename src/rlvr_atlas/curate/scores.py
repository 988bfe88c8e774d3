"""Scores of rows given in a file: how learnable they are, or whatever else rows are chosen by."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.files import POLARS_ERRORS, pass_interrupt


def read_scores(path: Path) -> pl.DataFrame:
    """Read scores given by hand.

    Args:
        path: Parquet or JSONL with `score` (a number) and `key`, or `score`, `dataset` and `row`.

    Returns:
        score (Float64) and key, or dataset and row.

    Raises:
        InputError: If it cannot be read, a column is missing, a score is no number, or a row has two scores.
    """
    where = str(path)
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_ndjson(path)
    except FileNotFoundError:
        raise InputError("no such file of scores", where=where, fix="check [curate] scores") from None
    except (OSError, *POLARS_ERRORS) as error:
        pass_interrupt(error)
        raise InputError(f"not readable as Parquet or JSONL ({error})", where=where) from None
    by = next((by for by in (["key"], ["dataset", "row"]) if set(by) <= set(frame.columns)), None)
    if by is None or "score" not in frame.columns:
        fix = "give the columns score and key, or score, dataset and row"
        raise InputError(f"has only the columns {', '.join(frame.columns)}", where=where, fix=fix)
    types = {"key": pl.String, "dataset": pl.String, "row": pl.Int64, "score": pl.Float64}
    try:
        scores = frame.select(pl.col(name).cast(types[name]) for name in [*by, "score"])
    except POLARS_ERRORS as error:
        raise InputError(f"a column has the wrong type ({error})", where=where) from None
    bad = scores.filter(~pl.col("score").is_finite().fill_null(value=False))
    if bad.height:
        fix = "leave out rows without a score"
        raise InputError(
            f"{bad.height} scores are no numbers, first of {bad.row(0)[:-1]}", where=where, fix=fix
        )
    scores = scores.unique(maintain_order=True)
    twice = scores.filter(scores.select(by).is_duplicated())
    if twice.height:
        raise InputError(f"two scores of one row, first of {twice.row(0)[:-1]}", where=where)
    return scores


def with_scores(rows: pl.DataFrame, scores: pl.DataFrame | None) -> pl.DataFrame:
    """Add `score` (null: none given) to rows with key, dataset and row."""
    if scores is None:
        return rows.with_columns(score=pl.lit(None, pl.Float64))
    by = [name for name in ("key", "dataset", "row") if name in scores.columns]
    return rows.join(scores, on=by, how="left", maintain_order="left")
