"""The columns of the tables of the quality score."""

from __future__ import annotations

import polars as pl

from rlvr_atlas.schema.tables import Schema

#: The figures of Q that have an interval; a null is not measured.
FIGURES = ("l_sca", "s1a", "s1b", "s1c", "s1", "s2", "s3", "q")

SCORES: Schema = {
    "dataset": pl.String,
    "model": pl.String,
    **dict.fromkeys(FIGURES, pl.Float64),
    **{f"{figure}_{end}": pl.Float64 for figure in FIGURES for end in ("low", "high")},
    "q_before": pl.Float64,  # the part of Q that no training went into: S1 without SCA
    "share_before": pl.Float64,  # q_before / q
    "rank": pl.Int64,  # by Q, from 1 for the highest
    "rank_low": pl.Int64,  # 95% interval; null where the interval of any Q is
    "rank_high": pl.Int64,
    "missing": pl.List(pl.String),  # inputs that were not measured
    "model_size_b": pl.Float64,
    "preset": pl.String,
    "n": pl.Int64,
    "p00": pl.Float64,
    "p10": pl.Float64,
    "p11": pl.Float64,
    "p01": pl.Float64,
    "leaked": pl.Float64,
    "mcq": pl.Float64,
    "mean_occurrences": pl.Float64,
    "consistent": pl.Float64,
    "delta_mean4": pl.Float64,  # points on the benchmark, against the base
    "delta_pass4": pl.Float64,
    "sca_covered": pl.Float64,  # share of rows from sources whose training was measured
}

#: Every two datasets: how sure it is that the one with the higher Q is ahead.
SCORE_PAIRS: Schema = {
    "model": pl.String,
    "a": pl.String,  # the dataset with the higher Q
    "b": pl.String,
    "difference": pl.Float64,  # of their Q
    "low": pl.Float64,  # 95% interval; null where that of either Q is
    "high": pl.Float64,
    "a_ahead": pl.Float64,  # P(A beats B): share of draws in which A has the higher Q
}

#: The score before training: no unit, for one base.
BEFORE_SCORES: Schema = {
    "dataset": pl.String,
    "model": pl.String,  # the base
    "value": pl.Float64,  # null where too few of its rows were asked
    "low": pl.Float64,  # 95% interval over problems; another training run is not in it
    "high": pl.Float64,
    "rank": pl.Int64,
    "rank_low": pl.Int64,
    "rank_high": pl.Int64,
    "problems": pl.Int64,  # distinct
    "asked": pl.Float64,  # share of the rows whose problem was asked
    "signal": pl.Float64,  # mean chance that a group of GRPO has right and wrong answers
    "outvoted": pl.Float64,  # share of the problems whose label most answers contradict
    "sources": pl.Float64,  # effective number
}

#: How well a figure ranks datasets as their real training does.
CORRELATIONS: Schema = {
    "figure": pl.String,
    "statistic": pl.String,  # spearman, pearson
    "datasets": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "leave_one_out_low": pl.Float64,
    "leave_one_out_high": pl.Float64,
    "tied": pl.Int64,  # datasets that share their figure or their downstream result with another
}
