"""Source x source gains, and what own labels cannot tell."""

import numpy as np
import polars as pl
import pytest

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.gains import findings, gains, source_shares
from rlvr_atlas.sca.posterior import posterior
from rlvr_atlas.sca.resample import Bootstrap
from rlvr_atlas.sca.transitions import classify, pair, transitions
from rlvr_atlas.schema import GAINS

K, PROBLEMS = 4, 40
FEW = Bootstrap(draws=200)


def answers(source, rate, *, split="train", trained_on=None):
    """Answers of which `rate` is right, the same share for nearly every problem."""
    right = [round(K * rate + ((number * 7) % 5 - 2) / 4 * (0 < rate < 1)) for number in range(PROBLEMS)]
    rows = [
        (source, f"{source}-{split}-{number}", sample, sample < count, split, trained_on)
        for number, count in enumerate(right)
        for sample in range(K)
    ]
    names = ["source", "key", "sample", "correct", "split", "trained_on"]
    return pl.DataFrame(rows, names, orient="row").with_columns(pl.col("trained_on").cast(pl.String))


def pairs_of(source, *, train, held_out=None, others=None):
    """(before, after) on the source's training problems, its held-out ones, and those of a trusted source."""
    parts = [(source, "train", train), (source, "held_out", held_out), ("trusted", "held_out", others)]
    given = [part for part in parts if part[2]]
    base = pl.concat(answers(name, rates[0], split=split) for name, split, rates in given)
    trained = pl.concat(
        answers(name, rates[1], split=split, trained_on=source) for name, split, rates in given
    )
    return pair(base, trained)


def transitions_of(pairs):
    return posterior(classify(pairs.drop("trained_on")))


def found(pairs, **options):
    return findings(pairs, bootstrap=FEW, **options)["finding"].to_list()


def test_the_table_says_what_training_on_one_does_to_another():
    base = pl.concat([answers("s", 0.25, split="held_out"), answers("t", 0.75, split="held_out")])
    trained = pl.concat(
        [
            answers("s", 1.0, split="held_out", trained_on="s"),
            answers("t", 0.0, split="held_out", trained_on="s"),
            answers("t", 1.0, split="held_out", trained_on="t"),
        ]
    )
    table = gains(pair(base, trained), bootstrap=FEW)
    assert table.schema == GAINS
    lines = {(row["trained_on"], row["source"]): row for row in table.iter_rows(named=True)}
    assert list(lines) == [("s", "s"), ("s", "t"), ("t", "t")]
    assert lines["s", "s"]["gain"] > 0.5 > lines["t", "t"]["gain"] > 0 > lines["s", "t"]["gain"]
    for line in lines.values():
        assert line["gain_low"] <= line["gain"] <= line["gain_high"]
        assert line["gain"] == pytest.approx(line["trained_mean"] - line["base_mean"])


def test_training_problems_are_no_part_of_the_table():
    assert gains(pairs_of("s", train=(0.0, 1.0)), bootstrap=FEW).is_empty()


def test_shares_of_a_source_make_one_and_have_intervals_even_at_zero():
    base, trained = answers("s", 0.0), answers("s", 1.0)
    line = source_shares(transitions(base, trained), bootstrap=FEW).row(0, named=True)
    assert [line[f"p{kind}"] for kind in ("00", "01", "10", "11")] == [0, 1, 0, 0]
    assert line["p00_low"] == 0 < line["p00_high"] < 0.15
    assert (line["learnability"], line["gain"], line["problems"], line["unjudged"]) == (1.0, 1.0, PROBLEMS, 0)


@pytest.mark.parametrize("train", [(0.0, 0.0), (1.0, 1.0)])
def test_own_labels_alone_cannot_tell(train):
    assert found(pairs_of("s", train=train)) == ["cannot be told"]


@pytest.mark.parametrize(
    ("train", "others", "finding"),
    [
        ((0.0, 0.0), (0.5, 0.5), "hopeless or noise"),
        ((0.0, 0.0), (0.75, 0.0), "wrong labels likely"),
        ((0.0, 0.0), (0.0, 0.75), "hard"),
        ((1.0, 1.0), (0.5, 0.5), "mastered"),
        ((1.0, 1.0), (0.75, 0.0), "wrong labels likely"),
        ((0.0, 1.0), (0.75, 0.0), "harms others"),
    ],
)
def test_held_out_problems_of_others_tell_them_apart(train, others, finding):
    assert found(pairs_of("s", train=train, others=others)) == [finding]


def test_trusted_labels_of_its_own_held_out_problems_show_wrong_labels():
    pairs = pairs_of("s", train=(0.0, 0.0), held_out=(0.75, 0.75))
    assert found(pairs, trusted=["s"]) == ["wrong labels likely"]
    assert found(pairs) == ["cannot be told"], "without trust its own labels do not judge it"


def test_a_source_that_is_learned_is_not_warned_of():
    assert found(pairs_of("s", train=(0.25, 1.0), held_out=(0.25, 1.0), others=(0.5, 0.75))) == []


def test_what_is_learnt_by_heart_does_not_reach_held_out_problems():
    assert found(pairs_of("s", train=(0.0, 1.0), held_out=(0.5, 0.5))) == ["learnt by heart"]


def drawn(part, rng, k=8):
    """Base and trained answers to problems of the same difficulty but for chance."""
    source, split, before, after, problems = part

    def frame(rate, trained_on):
        right = rng.random((problems, k)) < rate
        rows = [
            (source, f"{source}-{split}-{n}", sample, bool(right[n, sample]), split, trained_on)
            for n in range(problems)
            for sample in range(k)
        ]
        names = ["source", "key", "sample", "correct", "split", "trained_on"]
        return pl.DataFrame(rows, names, orient="row").with_columns(pl.col("trained_on").cast(pl.String))

    return frame(before, None), frame(after, "s")


def simulated(parts, seed):
    """Findings of one simulated source: (source, split, before, after, problems) each."""
    rng = np.random.default_rng(seed)
    both = [drawn(part, rng) for part in parts]
    return found(pair(pl.concat(base for base, _ in both), pl.concat(trained for _, trained in both)))


def test_hard_sources_that_are_rightly_labelled_are_not_accused():
    """4% right before, 8% after, others gain 5 points: none of 40 is called wrongly labelled."""
    parts = [
        ("s", "train", 0.04, 0.08, 200),
        ("s", "held_out", 0.04, 0.07, 60),
        ("t", "held_out", 0.5, 0.55, 200),
    ]
    said = [simulated(parts, seed) for seed in range(40)]
    assert sum("wrong labels likely" in one for one in said) == 0
    assert sum("hard" in one for one in said) >= 30


@pytest.mark.parametrize("gain", [0.02, 0.06])
def test_the_same_gain_on_both_splits_is_not_called_learnt_by_heart(gain):
    """Few held-out problems cannot show a gain; that is no sign of learning by heart (5% by chance)."""
    parts = [("s", "train", 0.5, 0.5 + gain, 400), ("s", "held_out", 0.5, 0.5 + gain, 80)]
    said = [simulated([*parts, ("t", "held_out", 0.5, 0.5, 200)], seed) for seed in range(40)]
    assert sum("learnt by heart" in one for one in said) <= 4


def test_what_is_really_learnt_by_heart_is_still_found():
    parts = [("s", "train", 0.4, 0.8, 200), ("s", "held_out", 0.4, 0.4, 80), ("t", "held_out", 0.5, 0.5, 200)]
    assert sum("learnt by heart" in simulated(parts, seed) for seed in range(20)) >= 18


@pytest.mark.parametrize("k", [4, 8, 16])
def test_the_noise_floor_is_what_no_change_gives(k):
    """Base and checkpoint of one skill, problems of every difficulty: p01 is its chance, but for noise."""
    rng = np.random.default_rng(k)
    skill = rng.random(4000)
    right = rng.random((2, 4000, k)) < skill[:, None]
    frame = pl.DataFrame(
        {
            "source": "s",
            "split": "train",
            "key": [str(n) for n in range(4000)],
            "base_correct": right[0].mean(axis=1),
            "trained_correct": right[1].mean(axis=1),
            "base_judged": k,
            "trained_judged": k,
            "rollouts": k,
        }
    )
    (line,) = source_shares(posterior(classify(frame)), bootstrap=FEW).to_dicts()
    assert line["p01_low"] <= line["p01_chance"] <= line["p01_high"]
    assert line["p01_chance"] > 0.03  # so much at any k that can be paid for
    assert line["raised_of_01"] < 0.35  # and the posterior does not believe what is called learned


def test_the_noise_floor_of_a_gain_lies_below_it():
    pairs = pairs_of("s", train=(0.25, 1.0))
    (line,) = source_shares(transitions_of(pairs), bootstrap=FEW).to_dicts()
    assert line["p01"] > 0.9 > 2 * line["p01_chance"]
    assert min(line["raised"], line["raised_of_01"]) > 0.9
    unjudged = transitions_of(pairs.with_columns(base_correct=pl.lit(None, pl.Float64)))
    assert source_shares(unjudged, bootstrap=FEW)["p01_chance"].to_list() == [None]


def test_a_change_within_noise_is_called_so():
    assert found(pairs_of("s", train=(0.5, 0.5))) == ["within noise"]


def test_a_source_of_which_no_answer_could_be_judged_is_not_passed_over():
    pairs = pairs_of("s", train=(0.5, 0.5)).with_columns(base_correct=pl.lit(None, pl.Float64))
    assert found(pairs) == ["not judged"]


def test_a_trusted_source_nobody_was_asked_about_is_an_error():
    with pytest.raises(InputError, match="no held-out answers to problems of math"):
        findings(pairs_of("s", train=(0.0, 0.0)), trusted=["math"])
