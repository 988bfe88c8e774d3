"""What training on each dataset brought on a benchmark, against the base: the deltas of S2 and S3."""

from __future__ import annotations

import numpy as np
import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.passk import mean_at_k, pass_at_k, tally
from rlvr_atlas.sca.resample import BOOTSTRAP, Bootstrap, resampled_sums
from rlvr_atlas.stats import Floats

_WHERE = "benchmark results"
_ANSWERS = {"dataset", "key", "sample", "correct"}
_FIGURES = {"dataset", "mean4", "pass4"}
_K = 4


def deltas(results: pl.DataFrame, *, bootstrap: Bootstrap = BOOTSTRAP) -> dict[str, dict[str, Floats]]:
    """Gains in Mean@4 and Pass@4 over the base, in points.

    Args:
        results: Judged answers (dataset, key, sample, correct), or figures in points (dataset, mean4, pass4).
            `dataset` is what the model was trained on, null for the base.
        bootstrap: Of the draws, over benchmark problems; the same problems for every dataset.

    Returns:
        Dataset -> delta_mean4 and delta_pass4, shape (1 + draws,) from answers and (1,) from figures.

    Raises:
        InputError: If the base is missing, a dataset was asked other problems or another k, or k is below 4.
    """
    columns = set(results.columns)
    if columns >= _ANSWERS:
        return _from_answers(results.select(sorted(_ANSWERS)), bootstrap)
    if columns >= _FIGURES:
        return _from_figures(results)
    fix = "give dataset, key, sample, correct, or dataset, mean4, pass4"
    raise InputError(f"columns {', '.join(results.columns)}", where=_WHERE, fix=fix)


def _from_figures(results: pl.DataFrame) -> dict[str, dict[str, Floats]]:
    figures = results.select("dataset", pl.col("mean4", "pass4").cast(pl.Float64))
    twice = figures.filter(figures["dataset"].is_duplicated())
    if twice.height:
        raise InputError(f"two lines for {twice['dataset'][0] or 'the base'}", where=_WHERE)
    base = _base(figures)
    largest = figures.select(pl.max_horizontal(pl.col("mean4", "pass4").max())).item()
    if largest is not None and largest <= 1:
        fix = "points are out of 100: 48.4, not 0.484"
        raise InputError(f"no figure is above {largest}", where=_WHERE, fix=fix)
    compared = figures.drop_nulls("dataset").select(
        "dataset",
        delta_mean4=pl.col("mean4") - base["mean4"][0],
        delta_pass4=pl.col("pass4") - base["pass4"][0],
    )
    return {
        name: {"delta_mean4": np.array([mean], np.float64), "delta_pass4": np.array([passed], np.float64)}
        for name, mean, passed in compared.iter_rows()
    }


def _from_answers(results: pl.DataFrame, bootstrap: Bootstrap) -> dict[str, dict[str, Floats]]:
    counts = tally(results, ["dataset", "key"])
    base = _base(counts)
    k = base["answers"].min()
    if counts["answers"].n_unique() > 1 or not isinstance(k, int) or k < _K:
        number = ", ".join(str(n) for n in counts["answers"].unique().sort())
        fix = f"give the same number of answers everywhere, at least {_K}"
        raise InputError(f"{number} answers to a problem", where=_WHERE, fix=fix)
    values = _values(base)
    found = {}
    for group in counts.drop_nulls("dataset").partition_by("dataset", maintain_order=True):
        name = group["dataset"][0]
        if not group["key"].equals(base["key"]):
            what = "it was asked other problems than the base"
            raise InputError(what, where=f"{_WHERE} of {name}", fix="finish the rollouts of both")
        gain = 100 * (_values(group) - values)
        judged = np.isfinite(gain.sum(axis=1))
        each = np.column_stack([np.where(judged[:, None], gain, 0.0), judged])
        alone = np.ones(len(each), np.int64)
        # One generator for all: every dataset is drawn the same problems, as it was asked the same.
        sums = resampled_sums(each, alone, bootstrap.draws, bootstrap.generator("benchmark"))
        with np.errstate(invalid="ignore"):
            means = sums[:, :2] / sums[:, 2:]
        found[name] = {"delta_mean4": means[:, 0], "delta_pass4": means[:, 1]}
    return found


def _values(counts: pl.DataFrame) -> Floats:
    """Mean@4 and Pass@4 of each problem, shape (problems, 2)."""
    judged, right = counts["judged"].to_numpy(), counts["right"].to_numpy()
    return np.column_stack([mean_at_k(right, judged), pass_at_k(right, judged, _K)])


def _base(frame: pl.DataFrame) -> pl.DataFrame:
    base = frame.filter(pl.col("dataset").is_null())
    if base.is_empty():
        raise InputError("no results of the base", where=_WHERE, fix="give them with an empty dataset")
    return base
