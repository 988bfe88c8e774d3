"""Mean@k and Pass@k of verdicts, with intervals, and clean items beside leaked ones.

Intervals are those of a cluster bootstrap: items are drawn with replacement, each with all its answers. That
covers both what other items and what other answers would have given, since the spread of the observed items
holds the noise of their answers. It does not cover another training run.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from rlvr_atlas.sca.passk import mean_at_k, pass_at_k, tally
from rlvr_atlas.sca.resample import BOOTSTRAP, Bootstrap, resampled_sums
from rlvr_atlas.stats import Floats

_FIGURES = ("mean", "pass")
#: Of one line; all figures in points, null where nothing can be told.
COLUMNS = (
    *("benchmark", "subset", "k", "items", "unjudged", "empty", "cut"),
    *(f"{figure}{end}" for figure in _FIGURES for end in ("", "_low", "_high")),
)


def figures(
    verdicts: Mapping[str, pl.DataFrame],
    leaked: Mapping[str, set[str]] | None = None,
    base: Mapping[str, pl.DataFrame] | None = None,
    *,
    bootstrap: Bootstrap = BOOTSTRAP,
) -> pl.DataFrame:
    """Figures of every benchmark.

    Args:
        verdicts: Benchmark -> its verdicts, as `ask.evaluated` gives them.
        leaked: Benchmark -> keys of the items that the training set holds; None where that is not known.
        base: Verdicts of the base, for what training gained on the same items.
        bootstrap: Of the intervals.

    Returns:
        benchmark, subset, k, items, unjudged (of those), empty and cut (answers in which there was nothing,
        or that were cut at the limit of tokens; null where that is not known, and of differences), mean, pass
        and their 95% intervals, in points.
        Subsets: `all`; where leaks are known `clean`, `leaked` and `leaked - clean`; where the base was
        asked the same items, `gain`, and with leaks `gain, clean`, `gain, leaked`, `gain, leaked - clean`.
        An item without k judged answers has no value. A line is null where one of its subsets is empty.
    """
    lines = []
    for benchmark, frame in verdicts.items():
        values = _values(frame)
        held = (leaked or {}).get(benchmark)
        lines += _subsets(benchmark, "", values, held, bootstrap)
        before = _values(base[benchmark]) if base and benchmark in base else None
        if before is not None and before.select("key", "k").equals(values.select("key", "k")):
            gain = values.with_columns(pl.col(name) - before[name] for name in _FIGURES)
            lines += _subsets(benchmark, "gain", gain, held, bootstrap)
    return pl.DataFrame(lines, infer_schema_length=None).select(COLUMNS)


def _values(frame: pl.DataFrame) -> pl.DataFrame:
    """key, k, mean, pass (NaN without k judged answers), empty, cut of each item."""
    odd = frame.group_by("key").agg(
        (pl.col(name).sum() if name in frame.columns and frame[name].count() else pl.lit(None, pl.UInt32))
        .cast(pl.Int64)
        .alias(name)
        for name in ("empty", "cut")
    )
    counts = tally(frame, ["key"]).join(odd, on="key", how="left", maintain_order="left")
    k = int(counts["answers"].max() or 0)  # type: ignore[arg-type]
    judged, right = counts["judged"].to_numpy(), counts["right"].to_numpy()
    passed = 100 * pass_at_k(right, judged, k)
    mean = np.where(np.isnan(passed), np.nan, 100 * mean_at_k(right, judged))
    return counts.select(
        "key", "empty", "cut", k=pl.lit(k), mean=pl.Series(mean), **{"pass": pl.Series(passed)}
    )


def _subsets(
    benchmark: str, of: str, values: pl.DataFrame, held: set[str] | None, bootstrap: Bootstrap
) -> list[dict[str, object]]:
    def named(subset: str) -> str:
        return ", ".join(part for part in (of, subset) if part) or "all"

    def line(subset: str, rows: pl.DataFrame, drawn: Floats) -> dict[str, object]:
        told: dict[str, object] = {"benchmark": benchmark, "subset": named(subset), "k": values["k"][0]}
        told |= {"items": rows.height, "unjudged": int(rows["mean"].is_nan().sum())}
        of_answers = not of and subset != "leaked - clean"
        known = {name for name in ("empty", "cut") if of_answers and values[name].count()}
        told |= {name: int(rows[name].sum()) if name in known else None for name in ("empty", "cut")}
        return told | _interval(drawn, bootstrap)

    seed = f"{benchmark}\0{of}"
    lines = [line("", values, _drawn(values, bootstrap, seed))]
    if held is None:
        return lines
    leaked = pl.col("key").is_in(list(held))
    parts = {"clean": values.filter(~leaked), "leaked": values.filter(leaked)}
    drawn = {name: _drawn(part, bootstrap, f"{seed}\0{name}") for name, part in parts.items()}
    lines += [line(name, part, drawn[name]) for name, part in parts.items()]
    return [*lines, line("leaked - clean", values, drawn["leaked"] - drawn["clean"])]


def _drawn(values: pl.DataFrame, bootstrap: Bootstrap, seed: str) -> Floats:
    """Means over the items, and over items drawn anew, shape (1 + draws, 2); NaN without items."""
    known = values.filter(pl.col("mean").is_not_nan()).select(_FIGURES).to_numpy()
    if not len(known):
        return np.full((1 + bootstrap.draws, 2), np.nan)
    alone = np.ones(len(known), np.int64)
    drawn: Floats = resampled_sums(known, alone, bootstrap.draws, bootstrap.generator(seed)) / len(known)
    return drawn


def _interval(drawn: Floats, bootstrap: Bootstrap) -> dict[str, float | None]:
    low, high = bootstrap.interval(drawn[1:])
    ends: dict[str, float] = {}
    for at, name in enumerate(_FIGURES):
        ends |= {name: drawn[0, at], f"{name}_low": low[at], f"{name}_high": high[at]}
    return {name: None if np.isnan(value) else float(value) for name, value in ends.items()}
