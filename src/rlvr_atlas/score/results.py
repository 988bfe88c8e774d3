"""What training on each dataset brought on a benchmark, against the base: the deltas of S2 and S3."""

from __future__ import annotations

import numpy as np
import polars as pl

from rlvr_atlas import registry
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.passk import mean_at_k, pass_at_k, tally
from rlvr_atlas.sca.resample import BOOTSTRAP, Bootstrap, resampled_sums
from rlvr_atlas.score.published import drawn_figures
from rlvr_atlas.stats import Floats

_WHERE = "benchmark results"
_ANSWERS = {"dataset", "key", "sample", "correct"}
_FIGURES = {"dataset", "mean4", "pass4"}
_K = 4
#: The benchmark of Q, by its id in the registry.
_USUAL = "math_500"


def deltas(
    results: pl.DataFrame, *, benchmark: str | None = None, bootstrap: Bootstrap = BOOTSTRAP
) -> dict[str, dict[str, Floats]]:
    """Gains in Mean@4 and Pass@4 over the base, in points.

    Args:
        results: Judged answers (dataset, key, sample, correct; as `evaluate` writes them also benchmark and
            seed), or figures in points (dataset, mean4, pass4; better with items, k and seeds).
            `dataset` is what the model was trained on, null for the base.
        benchmark: Which of the benchmarks counts; the only one, or MATH-500, without it.
        bootstrap: Of the draws, over benchmark problems; the same problems for every dataset.

    Returns:
        Dataset -> delta_mean4 and delta_pass4, shape (1 + draws,). Draws are NaN where figures come without
        the items and answers that they were counted from: their interval is empty, not narrow.

    Raises:
        InputError: If the base is missing, a dataset was asked other problems or another k, or k is below 4.
    """
    columns = set(results.columns)
    if columns >= _ANSWERS:
        return _from_answers(_of_one_benchmark(results, benchmark), bootstrap)
    if columns >= _FIGURES:
        return _from_figures(results, bootstrap)
    fix = "give dataset, key, sample, correct, or dataset, mean4, pass4"
    raise InputError(f"columns {', '.join(results.columns)}", where=_WHERE, fix=fix)


def _of_one_benchmark(results: pl.DataFrame, wanted: str | None) -> pl.DataFrame:
    """dataset, seed, key, sample, correct of the benchmark that counts."""
    seed = pl.col("seed").cast(pl.Int64).fill_null(0) if "seed" in results.columns else pl.lit(0, pl.Int64)
    chosen = results.with_columns(seed=seed)
    if "benchmark" in results.columns:
        chosen = chosen.filter(pl.col("benchmark") == _benchmark(results["benchmark"], wanted))
    return chosen.select("dataset", "seed", "key", "sample", "correct")


def _benchmark(column: pl.Series, wanted: str | None) -> str:
    held = column.drop_nulls().unique().sort().to_list()
    usual = [name for name in held if (known := registry.find(name)) and known.id == _USUAL]
    chosen = [wanted] if wanted is not None else held if len(held) == 1 else usual
    if len(chosen) != 1 or chosen[0] not in held:
        what = f"no answers to '{wanted}'" if wanted else f"answers to {len(held)} benchmarks"
        raise InputError(what, where=_WHERE, fix=f"choose one with --benchmark: {', '.join(held)}")
    return str(chosen[0])


def _from_figures(results: pl.DataFrame, bootstrap: Bootstrap) -> dict[str, dict[str, Floats]]:
    for name, otherwise in (("items", None), ("k", None), ("seeds", 1)):
        if name not in results.columns:
            results = results.with_columns(pl.lit(otherwise, pl.Int64).alias(name))
    figures = results.select(
        "dataset",
        pl.col("mean4", "pass4").cast(pl.Float64),
        pl.col("items", "k").cast(pl.Int64),
        pl.col("seeds").cast(pl.Int64).fill_null(1),
    )
    twice = figures.filter(figures["dataset"].is_duplicated())
    if twice.height:
        raise InputError(f"two lines for {twice['dataset'][0] or 'the base'}", where=_WHERE)
    _base(figures)
    largest = figures.select(pl.max_horizontal(pl.col("mean4", "pass4").max())).item()
    if largest is not None and largest <= 1:
        fix = "points are out of 100: 48.4, not 0.484"
        raise InputError(f"no figure is above {largest}", where=_WHERE, fix=fix)
    drawn = {line["dataset"]: drawn_figures(line, bootstrap) for line in figures.iter_rows(named=True)}
    base = drawn.pop(None)
    return {
        name: {"delta_mean4": values[:, 0] - base[:, 0], "delta_pass4": values[:, 1] - base[:, 1]}
        for name, values in drawn.items()
    }


def _from_answers(results: pl.DataFrame, bootstrap: Bootstrap) -> dict[str, dict[str, Floats]]:
    counts = tally(results, ["dataset", "seed", "key"])
    base = _base(counts)
    k = base["answers"].min()
    if counts["answers"].n_unique() > 1 or not isinstance(k, int) or k < _K:
        number = ", ".join(str(n) for n in counts["answers"].unique().sort())
        fix = f"give the same number of answers everywhere, at least {_K}"
        raise InputError(f"{number} answers to a problem", where=_WHERE, fix=fix)
    before = base.partition_by("seed", maintain_order=True)
    return {
        group["dataset"][0]: _gain(group, before[0], bootstrap)
        for group in counts.drop_nulls("dataset").partition_by("dataset", maintain_order=True)
    }


def _gain(group: pl.DataFrame, base: pl.DataFrame, bootstrap: Bootstrap) -> dict[str, Floats]:
    """Mean over training runs of the gain, and over runs and problems drawn anew."""
    runs = []
    for run in group.partition_by("seed", maintain_order=True):
        if not run["key"].equals(base["key"]):
            what, name = "it was asked other problems than the base", group["dataset"][0]
            raise InputError(what, where=f"{_WHERE} of {name}", fix="finish the rollouts of both")
        gain = 100 * (_values(run) - _values(base))
        judged = np.isfinite(gain.sum(axis=1))
        each = np.column_stack([np.where(judged[:, None], gain, 0.0), judged])
        alone = np.ones(len(each), np.int64)
        # One generator for all: every run of every dataset is drawn the problems that all were asked.
        sums = resampled_sums(each, alone, bootstrap.draws, bootstrap.generator("benchmark"))
        with np.errstate(invalid="ignore"):
            runs.append(sums[:, :2] / sums[:, 2:])
    rng = bootstrap.generator(f"runs\0{group['dataset'][0]}")
    shares = rng.multinomial(len(runs), np.full(len(runs), 1 / len(runs)), size=bootstrap.draws) / len(runs)
    weights = np.vstack([np.full(len(runs), 1 / len(runs)), shares])
    means: Floats = np.einsum("dr,rdf->df", weights, np.array(runs))
    return {"delta_mean4": means[:, 0], "delta_pass4": means[:, 1]}


def _values(counts: pl.DataFrame) -> Floats:
    """Mean@4 and Pass@4 of each problem, shape (problems, 2)."""
    judged, right = counts["judged"].to_numpy(), counts["right"].to_numpy()
    return np.column_stack([mean_at_k(right, judged), pass_at_k(right, judged, _K)])


def _base(frame: pl.DataFrame) -> pl.DataFrame:
    base = frame.filter(pl.col("dataset").is_null())
    if base.is_empty():
        raise InputError("no results of the base", where=_WHERE, fix="give them with an empty dataset")
    return base
