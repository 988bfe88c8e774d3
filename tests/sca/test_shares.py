"""From sources to datasets: every row weighs once, through its own problem or an ancestor's."""

import numpy as np
import polars as pl
import pytest

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.resample import Bootstrap
from rlvr_atlas.sca.shares import SHARES, problems, resampled, transition_shares
from rlvr_atlas.sca.transitions import LEARNABILITY
from rlvr_atlas.schema import LINEAGE, OCCURRENCES, TRANSITIONS, conform

WEIGHTS = LEARNABILITY["released_code"]


def occurrences(*rows):
    """(dataset, row, key)."""
    return conform(pl.DataFrame(rows, ["dataset", "row", "key"], orient="row"), OCCURRENCES)


def lineage(*rows):
    """(dataset, row, key, atomic source, parent dataset, row, key, relation, hops)."""
    names = ["dataset", "row", "key", "atomic_source", "parent_dataset", "parent_row", "parent_key"]
    schema = {name: LINEAGE[name] for name in (*names, "relation", "hops")}
    padded = [(*row, None, None, None, None, 0)[:9] if len(row) == 4 else row for row in rows]
    return conform(pl.DataFrame(padded, schema, orient="row"), LINEAGE)


def measured(*rows):
    """(source, key, transition)."""
    return conform(pl.DataFrame(rows, ["source", "key", "transition"], orient="row"), TRANSITIONS)


def shares_of(*args, name="d"):
    """Rows, the share of each transition, and L_SCA with its interval, as the score makes them."""
    found, bootstrap = problems(*args).filter(dataset=name), Bootstrap(draws=200)
    shares = transition_shares(resampled(found.select(**SHARES), bootstrap, name))
    shares["l_sca"] = sum(weight * shares[f"p{kind}"] for kind, weight in WEIGHTS.items())
    (low,), (high,) = bootstrap.interval(shares["l_sca"][1:, None])
    figures = {figure: values[0] for figure, values in shares.items()} | {
        "l_sca_low": low,
        "l_sca_high": high,
    }
    return {
        "rows": found["rows"].sum(),
        "measured": found.filter(pl.col("transition").is_not_null())["rows"].sum(),
        "covered": round(found["weight"].sum()),
        **{figure: None if np.isnan(value) else float(value) for figure, value in figures.items()},
    }


def test_a_problem_weighs_as_often_as_it_stands_there():
    places = [("d", 0, "a"), ("d", 1, "a"), ("d", 2, "a"), ("d", 3, "b")]
    line = shares_of(
        occurrences(*places), lineage(*((*place, "s") for place in places)),
        measured(("s", "a", "01"), ("s", "b", "00")),
    )  # fmt: skip
    assert (line["p01"], line["p00"], line["l_sca"]) == (0.75, 0.25, 0.75)
    assert (line["rows"], line["measured"], line["covered"]) == (4, 4, 4)
    assert line["l_sca_low"] == 0 < line["l_sca"] < line["l_sca_high"] == 1


CHAIN = (
    ("d", 0, "c", "s", "up", 0, "b", "reworded", 2),
    ("up", 0, "b", "s", "source", 0, "a", "reformatted", 1),
    ("source", 0, "a", "s"),
)
CHAIN_ROWS = occurrences(("d", 0, "c"), ("up", 0, "b"), ("source", 0, "a"))


def test_the_nearest_ancestor_that_is_the_same_problem_speaks_for_a_row():
    assert shares_of(CHAIN_ROWS, lineage(*CHAIN), measured(("s", "a", "01")))["p01"] == 1
    both = measured(("s", "a", "01"), ("s", "b", "11"))
    assert shares_of(CHAIN_ROWS, lineage(*CHAIN), both)["p11"] == 1


def test_a_variant_is_another_problem_and_speaks_for_nothing():
    changed = lineage(CHAIN[0], (*CHAIN[1][:7], "variant", 1), CHAIN[2])
    line = shares_of(CHAIN_ROWS, changed, measured(("s", "a", "01")))
    assert (line["p01"], line["l_sca"], line["measured"]) == (None, None, 0)


def test_another_sources_training_says_nothing_of_a_row():
    assert shares_of(CHAIN_ROWS, lineage(*CHAIN), measured(("t", "a", "01")))["p01"] is None


def test_sources_weigh_by_their_rows_not_by_how_much_of_them_was_rolled_out():
    """100 rows of s of which 10 were measured, 10 of t of which all were: s has ten elevenths of the say."""
    places = [("d", n, f"k{n}", "s" if n < 100 else "t") for n in range(110)]
    known = [("s", f"k{n}", "00") for n in range(10)] + [("t", f"k{n}", "01") for n in range(100, 110)]
    line = shares_of(occurrences(*(place[:3] for place in places)), lineage(*places), measured(*known))
    assert line["p00"] == pytest.approx(100 / 110)
    assert (line["rows"], line["measured"], line["covered"]) == (110, 20, 110)


def test_rows_of_sources_that_were_not_trained_on_are_not_covered():
    places = [("d", 0, "a", "s"), ("d", 1, "b", "t"), ("d", 2, "c", None)]
    line = shares_of(
        occurrences(*(place[:3] for place in places)), lineage(*places), measured(("s", "a", "11"))
    )
    assert (line["rows"], line["covered"], line["p11"]) == (3, 1, 1.0)


def test_nothing_trained_is_null_everywhere():
    line = shares_of(CHAIN_ROWS, lineage(*CHAIN), None)
    assert (line["rows"], line["covered"], line["p00"], line["l_sca"], line["l_sca_low"]) == (
        1,
        0,
        None,
        None,
        None,
    )


def test_a_circle_in_the_lineage_ends():
    circle = lineage(
        ("d", 0, "a", "s", "d", 1, "b", "reworded", 1), ("d", 1, "b", "s", "d", 0, "a", "reworded", 1)
    )
    assert (
        shares_of(occurrences(("d", 0, "a"), ("d", 1, "b")), circle, measured(("s", "x", "01")))["rows"] == 2
    )


def test_two_transitions_of_one_problem_are_an_error():
    with pytest.raises(InputError, match="more than one transition"):
        problems(CHAIN_ROWS, lineage(*CHAIN), measured(("s", "a", "01"), ("s", "a", "11")))


def test_draws_of_a_dataset_do_not_depend_on_what_else_is_in_view():
    places = [("d", n, f"k{n}", "s") for n in range(20)]
    known = measured(*(("s", f"k{n}", "01" if n % 3 else "00") for n in range(20)))
    alone = shares_of(occurrences(*(place[:3] for place in places)), lineage(*places), known)
    more = [*places, ("c", 0, "k1", "s")]
    beside = shares_of(occurrences(*(place[:3] for place in more)), lineage(*more), known)
    assert alone == beside
