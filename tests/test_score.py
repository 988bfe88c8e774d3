"""The published Q table, what is not measured, and what five datasets can tell."""

import dataclasses
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas import score as scoring
from rlvr_atlas.cli import score as score_command
from rlvr_atlas.errors import InputError, WorkspaceError
from rlvr_atlas.sca.resample import Bootstrap
from rlvr_atlas.schema import (
    CORRELATIONS,
    DATASETS,
    FIGURES,
    INSTANCES,
    LINEAGE,
    MATCHES,
    OCCURRENCES,
    SCORE_PAIRS,
    SCORES,
    TRANSITIONS,
    conform,
)
from rlvr_atlas.score import (
    Inputs,
    ablate,
    correlate,
    deltas,
    inputs_from_workspace,
    parse_weights,
    preset,
    score,
    score_pairs,
)
from rlvr_atlas.score.correlate import _interval
from rlvr_atlas.score.published import solve_rates
from rlvr_atlas.score.ranks import pairs_of, rank_intervals
from rlvr_atlas.workspace.store import Workspace

FEW = Bootstrap(draws=200)
# As published with arXiv 2605.26971.
# dataset: n, p00, p10, p11, p01, leaked, mcq, mean occurrences, consistent
PUBLISHED = {
    "DeepScaleR": (21488, 0.0488, 0.6384, 0.1957, 0.1392, 0.1418, 0.0250, 6.37, 0.8526),
    "DeepMath-103K": (55979, 0.0429, 0.7067, 0.1418, 0.1114, 0.0032, 0.0239, 1.36, 0.9911),
    "OpenR1-Math-220k": (207984, 0.0543, 0.5206, 0.2953, 0.1476, 0.0180, 0.1538, 3.48, 0.9085),
    "DAPO-Math-17k": (9488, 0.0454, 0.7205, 0.0744, 0.1325, 0.0466, 0.0053, 3.46, 0.9595),
    "Skywork-OR1": (57714, 0.0486, 0.7045, 0.1378, 0.1229, 0.0602, 0.0836, 4.76, 0.8680),
}
MEASURES = ("n", "p00", "p10", "p11", "p01", "leaked", "mcq", "mean_occurrences", "consistent")
# model size: MATH-500 Mean@4 and Pass@4 of the base, then after each dataset
MATH_500 = {
    1.7: [(48.4, 66.6), (58.1, 69.4), (57.9, 68.8), (58.9, 70.0), (58.5, 71.0), (58.8, 70.8)],
    8: [(61.6, 76.4), (75.9, 83.2), (73.4, 80.6), (73.1, 79.6), (77.7, 84.6), (73.2, 79.2)],
}
AVERAGE = {1.7: [14.7, 15.4, 14.0, 15.0, 15.1], 8: [26.1, 25.1, 25.0, 29.6, 25.1]}
EXPECTED_Q = {1.7: [0.804, 0.895, 0.738, 0.909, 0.877], 8: [0.654, 0.598, 0.541, 0.746, 0.558]}


def published(size, items=None):
    """The published inputs; their deltas have intervals where the items of MATH-500 are counted."""
    models = zip([None, *PUBLISHED], MATH_500[size], strict=True)
    figures = pl.DataFrame(
        [(name, *given, items, items and 4) for name, given in models],
        {"dataset": pl.String, "mean4": pl.Float64, "pass4": pl.Float64, "items": pl.Int64, "k": pl.Int64},
        orient="row",
    )  # fmt: skip
    gains = deltas(figures, bootstrap=FEW)
    return [
        Inputs(
            name,
            **dict(zip(MEASURES, row, strict=True)),
            **{measure: float(values[0]) for measure, values in gains[name].items()},
            draws={measure: values[1:] for measure, values in gains[name].items()},
        )
        for name, row in PUBLISHED.items()
    ]


def downstream(size):
    return dict(zip(PUBLISHED, AVERAGE[size], strict=True))


def spearman(scores, size, figure="q", **options):
    table = correlate(scores, downstream(size), **options)
    return table.filter(figure=figure, statistic="spearman").row(0, named=True)


# --- the published table ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1.7, 8])
def test_the_published_q_table(size):
    table = score(published(size), size, preset("released_code"), bootstrap=FEW)
    assert table["q"].round(3).to_list() == EXPECTED_Q[size]
    assert table.schema == SCORES
    assert table["missing"].to_list() == [[]] * 5


def test_the_published_rank_correlations():
    small = score(published(1.7), 1.7, preset(), bootstrap=FEW)
    assert spearman(small, 1.7)["value"] == pytest.approx(0.70)
    large = score(published(8), 8, preset(), bootstrap=FEW)
    by_position = {
        figure: spearman(large, 8, figure, ties="ordinal")["value"] for figure in ("q", "s1", "s1c")
    }
    assert by_position == pytest.approx({"q": 0.90, "s1": 0.30, "s1c": -0.60})
    # Two of the published results at 8B are equal. Ranked as such:
    tied = {figure: spearman(large, 8, figure)["value"] for figure in ("q", "s1", "s1c")}
    assert tied == pytest.approx({"q": 0.975, "s1": 0.359, "s1c": -0.462}, abs=5e-4)
    assert spearman(large, 8)["tied"] == 2


def test_what_is_known_before_training_does_not_rank_the_published_datasets():
    large = score(published(8), 8, preset(), bootstrap=FEW)
    assert large["share_before"].is_between(0.22, 0.32).all()
    assert abs(spearman(large, 8, "q_before")["value"]) < 0.1
    assert spearman(large, 8, "s2")["value"] > 0.9


def test_no_single_part_carries_the_published_ranking():
    weights = preset()
    table = ablate(score(published(8), 8, weights, bootstrap=FEW), downstream(8), weights)
    found = dict(table.filter(statistic="spearman").select("figure", "value").iter_rows())
    assert list(found) == [f"q_without_{part}" for part in ("s1a", "s1b", "s1c", "s1", "s2", "s3")]
    assert found["q_without_s1"] == pytest.approx(0.975, abs=5e-4)


# --- the formula --------------------------------------------------------------------------------------

WHOLE = Inputs("d", 1000, p00=0.1, p10=0.2, p11=0.3, p01=0.4, leaked=0.1, mcq=0.2, mean_occurrences=2.0,
               consistent=0.9, delta_mean4=5.0, delta_pass4=3.0)  # fmt: skip
NEEDED_BY = {
    "p00": {"l_sca", "s1b", "s1", "s2", "s3", "q"},
    "leaked": {"s1c", "s1", "q", "q_before"},
    "mcq": {"s1a", "s1", "q", "q_before"},
    "consistent": {"s1a", "s1", "q", "q_before"},
    "mean_occurrences": {"s1a", "s1", "q", "q_before"},
    "delta_mean4": {"s2", "q"},
    "delta_pass4": {"s3", "q"},
}


def scored(inputs, size=1.7, **options):
    return score([inputs], size, preset(), **{"bootstrap": FEW, **options}).row(0, named=True)


@pytest.mark.parametrize("name", NEEDED_BY)
def test_what_is_not_measured_is_null_and_nothing_that_needs_it_passes_for_whole(name):
    gone = ["p00", "p01", "p10", "p11"] if name == "p00" else [name]
    line = scored(dataclasses.replace(WHOLE, **dict.fromkeys(gone)))
    assert {figure for figure in (*FIGURES, "q_before") if line[figure] is None} == NEEDED_BY[name]
    for figure in NEEDED_BY[name] & set(FIGURES):
        assert line[f"{figure}_low"] is None
        assert line[f"{figure}_high"] is None
    assert sorted(line["missing"]) == sorted(gone)
    assert line["share_before"] is None


def test_what_has_no_weight_need_not_be_measured():
    """Up to 1 billion parameters the benchmark has no weight in S2; from 10 billion SCA has none."""
    small = scored(dataclasses.replace(WHOLE, delta_mean4=None, delta_pass4=None), size=0.6)
    assert small["q"] is not None
    large = scored(dataclasses.replace(WHOLE, p00=None, p01=None, p10=None, p11=None), size=14)
    assert (large["s2"], large["q"]) == (pytest.approx(5 / 20), None)


def test_the_share_known_before_training_is_s1_without_sca():
    line = scored(WHOLE)
    assert line["q_before"] == pytest.approx(0.60 * (0.20 * line["s1a"] + 0.25 * line["s1c"]))
    assert line["share_before"] == pytest.approx(line["q_before"] / line["q"])


share = st.floats(0, 1)


MEASURED = {"leaked": share, "mcq": share, "consistent": share, "mean_occurrences": st.floats(1, 500)}


@given(st.fixed_dictionaries(MEASURED), st.integers(0, 3), st.floats(0.1, 200))
def test_q_is_a_number_for_every_measured_input_and_leaks_never_raise_it(measures, sure, size):
    shares = {name: float(at == sure) for at, name in enumerate(("p00", "p10", "p11", "p01"))}
    one = dataclasses.replace(WHOLE, **measures, **shares)
    line = scored(one, size, bootstrap=Bootstrap(draws=5))
    assert math.isfinite(line["q"])
    clean = scored(dataclasses.replace(one, leaked=0.0), size, bootstrap=Bootstrap(draws=5))
    assert line["q"] <= clean["q"]


def test_every_weight_is_read():
    """Changing any number of the preset changes a figure of a model of one size or the other."""
    table = preset().model_dump(exclude={"name"})
    # Each threshold is passed by one of the two datasets.
    inputs = [
        dataclasses.replace(WHOLE, mean_occurrences=8.0),
        dataclasses.replace(WHOLE, dataset="e", mean_occurrences=400.0),
    ]

    def figures(weights):
        frames = [score(inputs, size, weights, bootstrap=Bootstrap(draws=1)) for size in (1.7, 8)]
        return [frame.select(*FIGURES).rows() for frame in frames]

    def variants(node, path=()):
        if isinstance(node, dict):
            for key, value in node.items():
                yield from variants(value, (*path, key))
        else:
            yield path, node

    before, unread = figures(preset()), []
    for path, value in variants(table):
        changed = preset().model_dump(exclude={"name"})
        place = changed
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = 10.0 if path[-1] == "small_up_to" else value * 0.7
        if figures(parse_weights(changed, "changed")) == before:
            unread.append(path)
    assert unread == []


def test_weights_of_ones_own_are_checked():
    table = preset().model_dump(exclude={"name"})
    with pytest.raises(InputError, match="slop"):
        parse_weights({**table, "s1b": {"slop": 3.0, "entropy": 0.05}}, "mine")
    with pytest.raises(InputError, match="released_code"):
        preset("paper")


WRONG = {
    "a share above 1": {"leaked": 1.5},
    "points as if shares": {"mean_occurrences": 0.5},
    "shares that do not make 1": {"p00": 0.9},
    "three of four shares": {"p00": None},
    "no rows": {"n": 0},
    "not a number": {"mcq": math.nan},
}


@pytest.mark.parametrize("name", WRONG)
def test_impossible_measures_are_refused(name):
    with pytest.raises(InputError, match="inputs of d"):
        dataclasses.replace(WHOLE, **WRONG[name])


@pytest.mark.parametrize("size", [0, -1, math.nan, math.inf])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(InputError, match="billion"):
        score([WHOLE], size, preset())


def test_a_dataset_given_twice_is_refused():
    with pytest.raises(InputError, match="twice"):
        score([WHOLE, WHOLE], 8, preset())


# --- intervals ----------------------------------------------------------------------------------------


def test_intervals_hold_the_value_narrow_with_rows_and_repeat_themselves():
    gains = {name: np.linspace(-1, 1, 200) + getattr(WHOLE, name) for name in ("delta_mean4", "delta_pass4")}
    whole = dataclasses.replace(WHOLE, draws=gains)
    narrow, wide = scored(whole), scored(dataclasses.replace(whole, n=50))
    for figure in ("l_sca", "s1a", "s1b", "s1c", "s1", "q"):
        for line in (narrow, wide):
            assert line[f"{figure}_low"] <= line[figure] <= line[f"{figure}_high"]
        spread = [line[f"{figure}_high"] - line[f"{figure}_low"] for line in (narrow, wide)]
        assert spread[0] < spread[1]
    assert scored(whole) == narrow
    assert scored(whole, bootstrap=Bootstrap(draws=200, seed=1))["q_low"] != narrow["q_low"]


@pytest.mark.parametrize("size", [1.7, 8])
def test_where_items_or_answers_are_not_counted_the_interval_is_empty(size):
    bare, counted = (score(published(size, n), size, preset(), bootstrap=FEW) for n in (None, 500))
    assert counted["q"].round(3).to_list() == bare["q"].round(3).to_list() == EXPECTED_Q[size]
    for figure in ("s2", "s3", "q"):
        assert bare[f"{figure}_low"].is_null().all(), figure
        assert (counted[f"{figure}_low"] < counted[figure]).all()
        assert (counted[figure] < counted[f"{figure}_high"]).all()
    assert bare["s1_low"].is_not_null().all(), "rows are counted"
    assert bare["rank"].to_list() == counted["rank"].to_list()
    assert bare["rank_low"].is_null().all()
    pairs = score_pairs(published(size), size, preset(), bootstrap=FEW)
    assert pairs["a_ahead"].is_null().all()
    assert pairs.height == 10


def test_the_published_order_at_8b_is_far_from_sure():
    """Sampling of answers and items alone moves DAPO's Q by six hundredths either way."""
    table = score(published(8, 500), 8, preset(), bootstrap=FEW)
    dapo = table.filter(dataset="DAPO-Math-17k").row(0, named=True)
    assert dapo["q_low"] == pytest.approx(0.68, abs=0.02)
    assert dapo["q_high"] == pytest.approx(0.81, abs=0.02)
    assert (dapo["rank"], dapo["rank_low"], dapo["rank_high"]) == (1, 1, 1)
    pairs = score_pairs(published(8, 500), 8, preset(), bootstrap=FEW)
    assert pairs.schema == SCORE_PAIRS
    ahead = {(row["a"], row["b"]): row["a_ahead"] for row in pairs.to_dicts()}
    assert ahead["DAPO-Math-17k", "OpenR1-Math-220k"] > 0.99
    assert 0.5 < ahead["Skywork-OR1", "OpenR1-Math-220k"] < 0.9
    assert (pairs["difference"] >= 0).all()
    assert (pairs["low"] <= pairs["difference"]).all()


@pytest.mark.parametrize(
    ("mean", "passed"), [(0.484, 0.666), (0.777, 0.846), (0.1, 0.32), (0.0, 0.0), (1.0, 1.0)]
)
def test_solve_rates_have_the_published_figures_as_their_expectation(mean, passed):
    rates = solve_rates(mean, passed, 20_000)
    assert rates.mean() == pytest.approx(mean, abs=2e-3)
    assert (1 - (1 - rates) ** 4).mean() == pytest.approx(passed, abs=2e-3)


def test_intervals_of_figures_are_as_wide_as_those_of_the_answers_behind_them():
    rng = np.random.default_rng(3)
    rates = rng.beta(0.4, 0.3, 400)
    figures, found = [], []
    for name, of in ((None, rates**1.5), ("d", rates)):
        rights = rng.binomial(4, of)
        found.append(answers(name, rights))
        figures.append({"dataset": name, "mean4": 25 * rights.mean(), "pass4": 100 * (rights > 0).mean()})
    from_answers = deltas(pl.concat(found), bootstrap=Bootstrap(draws=600))["d"]
    counted = pl.DataFrame(figures).with_columns(items=400, k=4)
    from_figures = deltas(counted, bootstrap=Bootstrap(draws=600))["d"]
    for measure in ("delta_mean4", "delta_pass4"):
        assert from_figures[measure][0] == pytest.approx(from_answers[measure][0])
        assert np.std(from_figures[measure][1:]) == pytest.approx(np.std(from_answers[measure][1:]), rel=0.35)
    more = deltas(counted.with_columns(seeds=9), bootstrap=Bootstrap(draws=600))["d"]
    assert np.std(more["delta_mean4"][1:]) < np.std(from_figures["delta_mean4"][1:])


@pytest.mark.parametrize("change", [{"items": 0}, {"k": 3}, {"mean4": 90.0}, {"pass4": 120.0}])
def test_impossible_figures_are_refused(change):
    line = {"dataset": None, "mean4": 50.0, "pass4": 60.0, "items": 500, "k": 4} | change
    with pytest.raises(InputError, match="the base"):
        deltas(pl.DataFrame([line]))


def test_ranks_are_sure_only_where_every_dataset_is():
    drawn = np.array([[0.5, 0.6, 0.4], [0.4, 0.3, 0.45], [np.nan] * 3])
    assert rank_intervals(drawn, 0.95) == {
        "rank": [1, 2, None],
        "rank_low": [1, 1, None],
        "rank_high": [2, 2, None],
    }
    assert pairs_of({"a": drawn[0], "b": drawn[2]}, "m", FEW).equals(pl.DataFrame(schema=SCORE_PAIRS))
    drawn[1, 1:] = np.nan
    assert rank_intervals(drawn, 0.95)["rank_low"] == [None, None, None]


def test_draws_of_another_number_are_refused():
    with pytest.raises(InputError, match="200 draws"):
        scored(dataclasses.replace(WHOLE, draws={"leaked": np.zeros(10)}))


# --- correlations -------------------------------------------------------------------------------------


def line_of(values, results, **options):
    inputs = [
        dataclasses.replace(WHOLE, dataset=f"d{at}", leaked=1 - value) for at, value in enumerate(values)
    ]
    table = correlate(
        score(inputs, 8, preset(), bootstrap=Bootstrap(draws=1)),
        {f"d{at}": result for at, result in enumerate(results)},
        **options,
    )
    assert table.schema == CORRELATIONS
    return table.filter(figure="s1c", statistic="spearman").row(0, named=True)


def test_five_datasets_in_perfect_order_prove_little():
    line = line_of([0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 4, 5])
    assert line["value"] == 1
    assert line["p_value"] == pytest.approx(2 / 120)
    assert line["low"] < 0.4
    assert (line["leave_one_out_low"], line["leave_one_out_high"]) == (1, 1)


def test_the_published_point_nine_could_be_chance():
    """Two-sided p of .90 at n = 5 is 10 of 120 orders, and the interval holds zero."""
    line = line_of([0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 5, 4])
    assert line["value"] == pytest.approx(0.9)
    assert line["p_value"] == pytest.approx(10 / 120)
    assert line["low"] < 0 < line["high"]


def test_leaving_one_out_shows_when_one_dataset_makes_the_correlation():
    line = line_of([0.1, 0.2, 0.3, 0.4, 0.9], [3, 4, 1, 2, 9])
    assert line["value"] > 0 > line["leave_one_out_low"]


@pytest.mark.parametrize("rho", [0.0, 0.7, 0.95])
def test_the_interval_holds_the_truth_at_least_as_often_as_it_says(rho):
    rng, n, held = np.random.default_rng(7), 5, 0
    truth = 6 / math.pi * math.asin(rho / 2)
    for _ in range(400):
        x, noise = rng.standard_normal((2, n))
        y = rho * x + math.sqrt(1 - rho**2) * noise
        apart = x.argsort().argsort() - y.argsort().argsort()
        low, high = _interval(1 - 6 * float((apart**2).sum()) / (n * (n * n - 1)), n, "spearman")
        held += low <= truth <= high
    assert held / 400 >= 0.94


def test_with_ties_the_interval_is_as_wide_as_either_way_of_breaking_them():
    broken = [line_of([0.1, 0.2, 0.3, 0.4, 0.5], results) for results in ([1, 2, 3, 4, 5], [1, 2, 3, 5, 4])]
    tied = line_of([0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 4, 4])
    assert broken[1]["value"] < tied["value"] < broken[0]["value"]
    assert (tied["low"], tied["high"]) == (broken[1]["low"], broken[0]["high"])


def test_two_datasets_or_equal_results_have_no_correlation():
    assert line_of([0.1, 0.2], [1, 2])["value"] is None
    assert line_of([0.1, 0.2, 0.3], [1, 1, 1])["value"] is None


def test_a_dataset_without_a_result_is_left_out_and_counted():
    inputs = [dataclasses.replace(WHOLE, dataset=f"d{at}", leaked=at / 10) for at in range(5)]
    scores = score(inputs, 8, preset(), bootstrap=Bootstrap(draws=1))
    table = correlate(scores, {f"d{at}": float(at) for at in range(4)})
    assert table["datasets"].unique().to_list() == [4]
    with pytest.raises(InputError, match="no score for typo"):
        correlate(scores, {"typo": 1.0})
    with pytest.raises(InputError, match="one model"):
        correlate(pl.concat([scores, scores.with_columns(model=pl.lit("other"))]), {})


def test_many_datasets_are_sampled_not_enumerated():
    rng = np.random.default_rng(0)
    values = rng.permutation(12) / 20
    line = line_of(values, values * 3)
    assert line["value"] == pytest.approx(1)
    assert 0 < line["p_value"] < 1e-3
    assert line["low"] > 0.7


# --- benchmark results --------------------------------------------------------------------------------


def answers(dataset, rights, k=4):
    rows = [
        (dataset, f"p{at}", sample, sample < right) for at, right in enumerate(rights) for sample in range(k)
    ]
    schema = {"dataset": pl.String, "key": pl.String, "sample": pl.Int64, "correct": pl.Boolean}
    return pl.DataFrame(rows, schema, orient="row")


def test_deltas_are_points_against_the_base():
    results = pl.concat([answers(None, [0, 1, 4, 0]), answers("d", [4, 1, 4, 1])])
    found = deltas(results, bootstrap=FEW)["d"]
    assert found["delta_mean4"][0] == pytest.approx(100 * 5 / 16)
    assert found["delta_pass4"][0] == pytest.approx(100 * 2 / 4)
    assert found["delta_mean4"].shape == (201,)
    figures = pl.DataFrame({"dataset": [None, "d"], "mean4": [48.4, 58.1], "pass4": [66.6, 69.4]})
    bare = deltas(figures)["d"]["delta_mean4"]
    assert bare[0] == pytest.approx(9.7)
    assert np.isnan(bare[1:]).all(), "nobody knows how many items these are of"


def test_two_datasets_that_did_alike_are_drawn_alike():
    base = answers(None, [0, 1, 2, 3])
    found = deltas(pl.concat([base, answers("d", [4, 4, 0, 0]), answers("e", [4, 4, 0, 0])]), bootstrap=FEW)
    np.testing.assert_array_equal(found["d"]["delta_mean4"], found["e"]["delta_mean4"])


def test_several_runs_widen_and_several_benchmarks_must_be_chosen():
    base, runs = answers(None, [0, 1, 2, 3] * 9), []
    for seed, rights in enumerate(([4, 4, 4, 4] * 9, [0, 1, 2, 3] * 9)):
        runs.append(answers("d", rights).with_columns(seed=pl.lit(seed)))
    both = pl.concat([base.with_columns(seed=pl.lit(0)), *runs])
    found = deltas(both, bootstrap=FEW)["d"]["delta_mean4"]
    assert found[0] == pytest.approx(100 * (1 - 6 / 16) / 2), "the mean of both runs"
    alone = deltas(pl.concat([base.with_columns(seed=pl.lit(0)), runs[0]]), bootstrap=FEW)["d"]["delta_mean4"]
    assert np.std(found[1:]) > 3 * np.std(alone[1:])
    named = pl.concat([both.with_columns(benchmark=pl.lit(name)) for name in ("math500", "aime24")])
    assert deltas(named, bootstrap=FEW)["d"]["delta_mean4"][0] == pytest.approx(found[0])
    others = named.filter(benchmark="aime24").with_columns(benchmark=pl.lit("mine"))
    with pytest.raises(InputError, match="answers to 2 benchmarks.*aime24, mine"):
        deltas(pl.concat([others, named.filter(benchmark="aime24")]))
    with pytest.raises(InputError, match="no answers to 'x'"):
        deltas(named, benchmark="x")


RESULTS = pl.concat([answers(None, [0, 1]), answers("d", [4, 1])])
OF_BASE = pl.col("dataset").is_null()
WRONG_RESULTS = {
    "no base": (RESULTS.drop_nulls("dataset"), "no results of the base"),
    "another problem": (RESULTS.filter((pl.col("key") != "p1") | OF_BASE), "other problems"),
    "other k": (RESULTS.filter((pl.col("sample") < 3) | OF_BASE), "3, 4 answers"),
    "k of 3": (RESULTS.filter(pl.col("sample") < 3), "at least 4"),
    "shares": (pl.DataFrame({"dataset": [None, "d"], "mean4": [0.4, 0.5], "pass4": [0.6, 0.7]}), "not 0.484"),
    "twice": (
        pl.DataFrame({"dataset": [None] * 2, "mean4": [40, 50], "pass4": [60, 70]}), "two lines for the base"
    ),
    "columns": (pl.DataFrame({"dataset": ["d"]}), "columns dataset"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_RESULTS)
def test_results_that_cannot_be_compared_are_refused(name):
    results, message = WRONG_RESULTS[name]
    with pytest.raises(InputError, match=message):
        deltas(results)


# --- from a workspace ---------------------------------------------------------------------------------


def frame(schema, names, rows):
    return conform(pl.DataFrame(rows, {name: schema[name] for name in names}, orient="row"), schema)


def world(**replaced):
    """Dataset d: problem a twice, b, c, e; a stands in the benchmark too, b is a rewording of its item x."""
    occurrences = [
        ("d", 0, "a", "1/2"), ("d", 1, "a", "0.5"), ("d", 2, "b", "7"), ("d", 3, "c", "3"),
        ("d", 4, "e", None),
        ("other", 0, "b", "8"), ("other", 1, "c", "$3$"),
        ("bench", 0, "a", "0.5"), ("bench", 1, "x", "7"),
    ]  # fmt: skip
    roles = [("d", "train"), ("other", "source"), ("bench", "benchmark")]
    counts = {"a": 3, "b": 2, "c": 2, "e": 1, "x": 1}
    sources = {"a": "s", "b": "s", "c": "t", "e": None, "x": None}
    tables = {
        "datasets": frame(DATASETS, ["dataset", "role"], roles),
        "occurrences": frame(OCCURRENCES, ["dataset", "row", "key", "answer"], occurrences),
        "instances": frame(
            INSTANCES, ["key", "is_mcq", "occurrences"], [(key, key == "c", n) for key, n in counts.items()]
        ),
        "lineage": frame(
            LINEAGE,
            ["dataset", "row", "key", "atomic_source", "hops"],
            [(*place[:3], sources[place[2]], 0) for place in occurrences],
        ),
        "matches": frame(
            MATCHES, ["child", "parent", "relation", "probability"],
            [("b", "x", "reworded", 0.9), ("c", "x", "variant", 0.9), ("e", "x", "reworded", 0.2)],
        ),
        "transitions": frame(
            TRANSITIONS, ["source", "key", "transition"],
            [("s", "a", "01"), ("s", "b", "11"), ("t", "c", "00")],
        ),
    }  # fmt: skip
    return {name: table for name, table in (tables | replaced).items() if table is not None}


def measured(tables, **options):
    (inputs,) = inputs_from_workspace(tables, **{"bootstrap": FEW, **options})
    return inputs


def test_the_measures_of_a_workspace():
    found = measured(world())
    assert (found.dataset, found.n) == ("d", 5)
    assert found.leaked == pytest.approx(3 / 5), "a twice and b; not the variant, not the doubtful match"
    assert found.mcq == pytest.approx(1 / 5)
    assert found.mean_occurrences == pytest.approx((3 + 3 + 2 + 2 + 1) / 5)
    assert found.consistent == pytest.approx(2 / 3), "a and c agree, b does not, e has no answer"
    assert [found.p01, found.p11, found.p00, found.p10] == pytest.approx([2 / 4, 1 / 4, 1 / 4, 0])
    assert found.sca_covered == pytest.approx(4 / 5)
    assert found.missing == ["delta_mean4", "delta_pass4"]
    assert set(found.draws) == {"leaked", "mcq", "mean_occurrences", "consistent", "p00", "p01", "p10", "p11"}


def test_a_workspace_is_scored_with_intervals_and_lazy_tables_do():
    results = pl.concat([answers(None, [0, 1]), answers("d", [4, 1])])
    lazy = {name: table.lazy() for name, table in world().items()}
    inputs = inputs_from_workspace(lazy, results=results, bootstrap=FEW)
    line = score(inputs, 8, preset(), bootstrap=FEW).row(0, named=True)
    assert line["missing"] == []
    for figure in FIGURES:
        assert line[f"{figure}_low"] <= line[figure] <= line[f"{figure}_high"]
    assert line["q_low"] < line["q_high"]


def test_without_benchmarks_leaks_are_not_measured_rather_than_none():
    roles = frame(DATASETS, ["dataset", "role"], [("d", "train")])
    found = measured(world(datasets=roles))
    assert found.leaked is None
    assert score([found], 8, preset(), bootstrap=FEW)["q"].to_list() == [None]


def test_the_audit_has_the_last_word_on_leaks():
    schema = {"dataset": pl.String, "key": pl.String, "relation": pl.String, "probability": pl.Float64}
    leaks = pl.DataFrame([("d", "c", "identical", 1.0), ("d", "b", "variant", 1.0)], schema, orient="row")
    assert measured(world(leaks=leaks)).leaked == pytest.approx(1 / 5)


def test_without_training_there_is_a_score_before_it_and_no_q():
    found = measured(world(transitions=None))
    line = score([found], 8, preset(), bootstrap=FEW).row(0, named=True)
    assert (line["q"], line["s1b"], line["l_sca"]) == (None, None, None)
    assert line["q_before"] > 0
    assert found.sca_covered == 0


def test_transitions_of_a_small_part_of_a_dataset_do_not_speak_for_it():
    assert measured(world(), min_covered=0.9).p01 is None
    assert measured(world(), min_covered=0.8).p01 is not None


def test_missing_tables_and_unknown_datasets_are_named():
    with pytest.raises(InputError, match="no table lineage"):
        measured(world(lineage=None))
    with pytest.raises(InputError, match="no dataset typo"):
        measured(world(), results=pl.concat([answers(None, [0]), answers("typo", [4])]))
    with pytest.raises(InputError, match="role train"):
        measured(world(datasets=frame(DATASETS, ["dataset", "role"], [("d", "source")])))


def test_the_workspace_is_held_from_reading_to_writing(tmp_path, monkeypatch):
    """Else a run in between would leave scores of old tables beside new ones, and call them current."""
    Workspace(tmp_path, create=True)

    def reading(tables, **_):
        with pytest.raises(WorkspaceError, match="another process"), Workspace(tmp_path).locked():
            pass
        raise InputError("was held")

    monkeypatch.setattr(scoring, "inputs_from_workspace", reading)
    with pytest.raises(InputError, match="was held"):
        score_command.score(tmp_path, 7.0)
