"""All finished evaluations of a folder as one table, which `score` takes."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.files import replace_file
from rlvr_atlas.sca.answer_file import parse, read_rollouts

RESULTS = "results.parquet"
#: `dataset` is what the model was trained on, null for the base; k and items are counted from the lines.
COLUMNS = ("dataset", "model", "seed", "benchmark", "key", "sample", "correct", "outcome", "empty", "cut")


def collect(out: Path) -> pl.DataFrame:
    """Read every finished file of verdicts, and write them together as `results.parquet`.

    Args:
        out: Folder of evaluations, one folder a model in it.

    Returns:
        The columns of COLUMNS, sorted. Files that are not finished are left out.

    Raises:
        InputError: If no file is finished, or one is damaged.
    """
    parts = []
    for path in sorted(out.glob("*/*.jsonl")):
        lines = parse(path)
        if not lines or "asked" not in lines[0]:
            continue
        header = lines[0]
        if len(lines) - 1 != header["problems"]["count"] * header["asked"]["k"]:
            continue
        _, _, seed = path.parent.name.rpartition("-seed")
        told = {
            "dataset": pl.lit(header["asked"]["trained_on"], pl.String),
            "model": pl.lit(header["asked"]["model"], pl.String),
            "seed": pl.lit(int(seed) if seed.isdecimal() else 0, pl.Int64),
            "benchmark": pl.col("source"),
            "empty": pl.col("response").str.strip_chars() == "",
        }
        parts.append(read_rollouts(path).with_columns(**told).select(COLUMNS))
    if not parts:
        fix = "run the same command again, it goes on where it stopped"
        raise InputError("no finished evaluation", where=str(out), fix=fix)
    found = pl.concat(parts).sort("benchmark", "dataset", "seed", "key", "sample")
    replace_file(out / RESULTS, found.write_parquet, error=InputError)
    return found
