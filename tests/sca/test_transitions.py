"""Transitions are (base, trained) everywhere, and frames that do not belong together are refused."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.transitions import classify, learnability, pair, transitions
from rlvr_atlas.schema import TRANSITIONS


def rollouts(shares, *, k=4, trained_on=None, split="train", base_model=None):
    """(source, key) -> right answers out of k, or a list of verdicts."""
    rows = [
        (source, key, sample, verdict, split, trained_on, base_model)
        for (source, key), right in shares.items()
        for sample, verdict in enumerate(
            right if isinstance(right, list) else [True] * right + [False] * (k - right)
        )
    ]
    schema = {"source": pl.String, "key": pl.String, "sample": pl.Int64, "correct": pl.Boolean}
    schema |= {"split": pl.String, "trained_on": pl.String, "base_model": pl.String}
    return pl.DataFrame(rows, schema, orient="row")


BASE = rollouts({("s", "never"): 0, ("s", "learned"): 1, ("s", "lost"): 4, ("s", "kept"): 3})
TRAINED = rollouts({("s", "never"): 1, ("s", "learned"): 4, ("s", "lost"): 0, ("s", "kept"): 3})


def test_the_first_digit_is_the_base_and_the_second_the_checkpoint():
    found = transitions(BASE, TRAINED)
    assert found.schema == TRANSITIONS
    by_key = {row["key"]: row for row in found.iter_rows(named=True)}
    assert {key: row["transition"] for key, row in by_key.items()} == {
        "never": "00", "learned": "01", "lost": "10", "kept": "11"
    }  # fmt: skip
    assert (by_key["learned"]["base_correct"], by_key["learned"]["trained_correct"]) == (0.25, 1.0)
    assert found["rollouts"].to_list() == [4] * 4


def test_swapping_the_frames_swaps_01_and_10_only():
    forth, back = transitions(BASE, TRAINED), transitions(TRAINED, BASE)
    mirrored = {"00": "00", "01": "10", "10": "01", "11": "11"}
    assert back["transition"].to_list() == [mirrored[kind] for kind in forth["transition"]]


def test_swapped_frames_that_say_which_is_which_are_refused():
    with pytest.raises(InputError, match="base first"):
        transitions(TRAINED.with_columns(trained_on=pl.lit("s")), BASE)


def test_solved_is_the_majority_unless_told_otherwise():
    pairs = pl.DataFrame({"base_correct": [0.0, 0.25, 0.5, 0.75], "trained_correct": [0.0] * 4})
    assert classify(pairs)["transition"].to_list() == ["00", "00", "00", "10"]
    assert classify(pairs, 0.0)["transition"].to_list() == ["00", "10", "10", "10"]
    assert classify(pairs, 0.25)["transition"].to_list() == ["00", "00", "10", "10"]
    with pytest.raises(InputError):
        classify(pairs, 1.0)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_every_judged_problem_has_one_transition_whatever_the_order_of_rows(counts):
    keys = [("s", f"{number}") for number in range(len(counts))]
    base = rollouts(dict(zip(keys, (before for before, _ in counts), strict=True)))
    trained = rollouts(dict(zip(keys, (after for _, after in counts), strict=True)))
    found = transitions(base, trained)
    assert found.height == len(counts)
    assert found["transition"].is_in(["00", "01", "10", "11"]).all()
    shuffled = transitions(base.sample(fraction=1, shuffle=True, seed=1), trained.reverse())
    assert_frame_equal(found, shuffled)


def test_an_answer_that_could_not_be_judged_is_neither_right_nor_wrong():
    base = rollouts({("s", "a"): [True, None, None, None], ("s", "b"): [None] * 4})
    found = transitions(base, rollouts({("s", "a"): 0, ("s", "b"): 4}))
    assert found["base_correct"].to_list() == [1.0, None]
    assert found["transition"].to_list() == ["10", None]
    assert found["expected_gain"].is_null().to_list() == [False, True]


def test_learnability_has_the_released_weights_and_keeps_nulls():
    frame = pl.DataFrame({"transition": ["00", "01", "10", "11", None]})
    assert learnability(frame)["learnability"].to_list() == [0.0, 1.0, 0.2, 0.5, None]
    with pytest.raises(InputError, match="released_code"):
        learnability(frame, "relased_code")


def test_only_a_sources_own_checkpoint_makes_its_transitions():
    base = rollouts({("s", "a"): 0, ("t", "b"): 0})
    trained = pl.concat(
        [
            rollouts({("s", "a"): 4, ("t", "b"): 4}, trained_on="s"),
            rollouts({("t", "b"): 1, ("s", "a"): 1}, trained_on="t"),
        ]
    )
    found = transitions(base, trained)
    assert found.select("source", "key", "trained_correct").rows() == [("s", "a", 1.0), ("t", "b", 0.25)]
    assert pair(base, trained).height == 4


def test_a_source_without_a_checkpoint_yet_is_left_out():
    base = rollouts({("s", "a"): 0, ("t", "b"): 0})
    assert transitions(base, rollouts({("s", "a"): 4}))["source"].to_list() == ["s"]


WRONG = {
    "missing in trained": (BASE, TRAINED.filter(pl.col("key") != "kept"), "trained rollouts lack 1 of 4"),
    "missing in base": (BASE.filter(pl.col("key") != "kept"), TRAINED, "base rollouts lack 1 of 4"),
    "another split": (BASE, TRAINED.with_columns(split=pl.lit("held_out")), "base rollouts lack 4 of 4"),
    "another source": (BASE, TRAINED.with_columns(source=pl.lit("t")), "checkpoint of t"),
    "other k": (BASE, TRAINED.filter(pl.col("sample") < 3), "3 answers to 4 problems, 4 answers to 4"),
    "unfinished": (BASE, TRAINED.slice(1), "3 answers to 1 problems"),
    "read twice": (BASE, pl.concat([TRAINED, TRAINED]), "same sample number twice"),
    "another base": (
        BASE.with_columns(base_model=pl.lit("small")),
        TRAINED.with_columns(base_model=pl.lit("large")),
        "base is small, the checkpoints come from large",
    ),
    "half named": (
        BASE,
        TRAINED.with_columns(trained_on=pl.when(pl.col("key") == "kept").then(pl.lit("s"))),
        "do not say which checkpoint",
    ),
    "rewards": (BASE, TRAINED.with_columns(correct=pl.lit(0.1)), "not a verdict|true, false"),
    "no column": (BASE.drop("key"), TRAINED, "base rollouts: no column key"),
    "no answers": (BASE.clear(), TRAINED, "no answers"),
    "no key": (BASE, TRAINED.with_columns(key=pl.lit(None)), "16 answers have no key"),
    "odd split": (BASE.with_columns(split=pl.lit("test")), TRAINED, "split 'test'"),
    "both splits": (
        pl.concat([BASE, BASE.with_columns(split=pl.lit("held_out"))]),
        TRAINED,
        "in train and in held_out",
    ),
    "no numbers": (BASE, TRAINED.with_columns(sample=pl.lit("first")), "wrong type"),
}


@pytest.mark.parametrize("name", WRONG)
def test_frames_that_do_not_belong_together_are_named_not_guessed(name):
    base, trained, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        transitions(base, trained)


def test_verdicts_written_as_numbers_are_read():
    numbers = [frame.with_columns(pl.col("correct").cast(pl.Int64)) for frame in (BASE, TRAINED)]
    assert_frame_equal(transitions(*numbers), transitions(BASE, TRAINED))
