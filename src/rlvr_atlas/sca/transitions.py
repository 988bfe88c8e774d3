"""Transitions: what training on a source did to each of its problems, always (base, trained).

In: judged answers of the base and of checkpoints, one per atomic source. Out: shares of right answers, and
the transition that a threshold makes of them. The shares stay beside it, so that another threshold needs no
new rollouts. Not covered here: which problems to ask, and asking them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import comb

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.files import POLARS_ERRORS
from rlvr_atlas.sca.passk import tally
from rlvr_atlas.sca.posterior import posterior
from rlvr_atlas.schema import ROLLOUTS, TRANSITION_KINDS, TRANSITIONS, conform

#: A problem is solved where more than this share of its answers is right: the majority.
SOLVED_ABOVE = 0.5
#: Learnability of one problem, by preset and transition.
LEARNABILITY: dict[str, dict[str, float]] = {
    "released_code": {"01": 1.0, "11": 0.5, "10": 0.2, "00": 0.0},
}
SPLITS = ("train", "held_out")
_PROBLEM = ["source", "split", "key"]


def transitions(
    base: pl.DataFrame, trained: pl.DataFrame, *, solved_above: float = SOLVED_ABOVE
) -> pl.DataFrame:
    """Compare the base with the checkpoint trained on each source, on the problems of that source.

    Args:
        base: Answers of the base (schema.ROLLOUTS).
        trained: Answers of the checkpoints; those to problems of other sources are left to `gains`.
        solved_above: See `classify`.

    Returns:
        schema.TRANSITIONS, sorted by source, split and key. A problem of which no answer could be judged has
        null shares, a null transition and no posterior.

    Raises:
        InputError: As `pair` does.
    """
    pairs = pair(base, trained).filter(pl.col("trained_on") == pl.col("source"))
    found = posterior(classify(pairs, solved_above))
    return conform(found.drop("trained_on", "base_judged", "trained_judged"), TRANSITIONS)


def classify(pairs: pl.DataFrame, solved_above: float = SOLVED_ABOVE) -> pl.DataFrame:
    """Set `transition` from `base_correct` and `trained_correct`.

    Args:
        pairs: Frame with both shares.
        solved_above: A problem counts as solved where its share of right answers is *greater*: 0.5 asks for
            the majority, 0 for any right answer.

    Raises:
        InputError: If the threshold is not at least 0 and below 1.
    """
    if not 0 <= solved_above < 1:
        raise InputError(f"solved_above is {solved_above}", fix="give a share of at least 0 and below 1")
    solved = [
        (pl.col(share) > solved_above).cast(pl.Int8).cast(pl.String)
        for share in ("base_correct", "trained_correct")
    ]
    return pairs.with_columns(transition=pl.concat_str(solved))


def learnability(frame: pl.DataFrame, preset: str = "released_code") -> pl.DataFrame:
    """Add the column `learnability`, the score of each problem's transition.

    Raises:
        InputError: If there is no such preset.
    """
    if preset not in LEARNABILITY:
        raise InputError(
            f"no learnability preset '{preset}'", fix=f"choose one of: {', '.join(LEARNABILITY)}"
        )
    return frame.with_columns(learnability=weight_of(pl.col("transition"), LEARNABILITY[preset]))


def weight_of(transition: pl.Expr, weights: Mapping[str, float]) -> pl.Expr:
    """The weight of each transition; null stays null."""
    values = [weights[kind] for kind in TRANSITION_KINDS]
    return transition.replace_strict(list(TRANSITION_KINDS), values, default=None, return_dtype=pl.Float64)


def learned_by_chance(frame: pl.DataFrame, solved_above: float = SOLVED_ABOVE) -> pl.Series:
    """How likely each problem would be called 01, had training changed nothing.

    Then the right answers fell to base and checkpoint by chance, so that their number on each side is
    hypergeometric, whatever the difficulty (as in Fisher's exact test). It is the noise floor of p01, and
    large where there are few answers to a problem.

    Args:
        frame: schema.TRANSITIONS.
        solved_above: As the transitions were made with.

    Returns:
        Between 0 and 1; null where a share is null.
    """
    of_each = ((pl.col(share) * pl.col("rollouts")).round() for share in ("base_correct", "trained_correct"))
    right = pl.sum_horizontal(*of_each, ignore_nulls=False).cast(pl.Int64)
    told = frame.select(k="rollouts", right=right)
    kinds = told.unique().drop_nulls()
    chances = [_chance(k, r, solved_above) for k, r in kinds.iter_rows()]
    known = kinds.with_columns(chance=pl.Series(chances, dtype=pl.Float64))
    return told.join(known, on=["k", "right"], how="left", maintain_order="left")["chance"]


def _chance(k: int, right: int, solved_above: float) -> float:
    """That of `right` right answers among 2k so few are the base's, and so many the checkpoint's."""
    ways = (
        comb(k, x) * comb(k, right - x)
        for x in range(max(0, right - k), min(k, right) + 1)
        if x / k <= solved_above < (right - x) / k
    )
    return sum(ways) / comb(2 * k, right)


def pair(base: pl.DataFrame, trained: pl.DataFrame) -> pl.DataFrame:
    """Put the answers of the base and of each checkpoint to the same problems side by side.

    Args:
        base: Answers of the base (schema.ROLLOUTS).
        trained: Answers of one or more checkpoints.

    Returns:
        trained_on, source, split, key, base_correct, trained_correct (shares of the answers that could be
        judged), base_judged, trained_judged (how many these are), rollouts; sorted.

    Raises:
        InputError: If columns or values are unusable, the checkpoints come from another base, the two frames
            are swapped, k differs, or one side lacks problems of a source and split that the other has.
    """
    base, trained = _checked(base, "base"), _checked(trained, "trained")
    _same_base(base, trained)
    if base["trained_on"].count():
        raise InputError(
            "the answers of the base say that they come from a checkpoint",
            where=f"trained_on {base['trained_on'].drop_nulls()[0]}",
            fix="give the base first and the checkpoints second",
        )
    named = trained["trained_on"].count()
    if 0 < named < trained.height:
        raise InputError(
            f"{trained.height - named} of {trained.height} answers do not say which checkpoint gave them",
            fix="fill trained_on in every row or in none",
        )
    before = tally(base, _PROBLEM)
    after = tally(trained.with_columns(pl.coalesce("trained_on", "source")), ["trained_on", *_PROBLEM])
    k = _same_k(before, after)
    both = _same_problems(before, after)
    shares = {
        f"{side}_correct": pl.when(pl.col(f"judged{end}") > 0).then(
            pl.col(f"right{end}") / pl.col(f"judged{end}")
        )
        for side, end in (("base", ""), ("trained", "_after"))
    }
    judged = {"base_judged": pl.col("judged"), "trained_judged": pl.col("judged_after")}
    return both.select("trained_on", *_PROBLEM, **shares, **judged, rollouts=pl.lit(k, pl.Int64)).sort(
        "trained_on", *_PROBLEM
    )


def _checked(rollouts: pl.DataFrame, side: str) -> pl.DataFrame:
    """The columns of ROLLOUTS in their types, or an error that says what is wrong."""
    where = f"{side} rollouts"
    lacking = [
        name for name in ROLLOUTS if name not in rollouts.columns and name not in ("trained_on", "base_model")
    ]
    if lacking:
        raise InputError(
            f"no column {', '.join(lacking)}", where=where, fix="see docs/workspace.md, rollouts"
        )
    if rollouts.is_empty():
        raise InputError("there are no answers", where=where)
    correct = rollouts["correct"]
    # A cast would turn a reward of 0.1 for the right format, or of -1 for a wrong answer, into "correct".
    if correct.dtype not in (pl.Boolean, pl.Null) and not (
        correct.dtype.is_numeric() and ((correct == 0) | (correct == 1)).all()
    ):
        fix = "make it true, false or null before; a reward is not a verdict"
        raise InputError("the column correct holds something else than true and false", where=where, fix=fix)
    try:
        frame = conform(rollouts, ROLLOUTS).select(*ROLLOUTS)
    except POLARS_ERRORS as error:
        raise InputError(f"a column has the wrong type ({error})", where=where) from None
    for name in (*_PROBLEM, "sample"):
        if frame[name].null_count():
            raise InputError(f"{frame[name].null_count()} answers have no {name}", where=where)
    strange = frame.filter(~pl.col("split").is_in(SPLITS))
    if strange.height:
        raise InputError(
            f"the split '{strange['split'][0]}'", where=where, fix="a split is train or held_out"
        )
    homes = (
        frame.group_by("source", "key")
        .agg(pl.col("split").n_unique())
        .filter(pl.col("split") > 1)
        .sort("key")
    )
    if homes.height:
        what = f"{homes.height} problems are in train and in held_out"
        raise InputError(what, where=f"{where}, key {homes['key'][0]}", fix="split by problem")
    return frame


def _same_base(base: pl.DataFrame, trained: pl.DataFrame) -> None:
    names = [sorted(frame["base_model"].drop_nulls().unique()) for frame in (base, trained)]
    if len(names[0]) > 1 or len(names[1]) > 1 or (names[0] and names[1] and names[0] != names[1]):
        raise InputError(
            f"the base is {', '.join(names[0])}, the checkpoints come from {', '.join(names[1])}",
            where="base_model",
            fix="a transition compares a base with a checkpoint trained from that same base",
        )


def _same_k(before: pl.DataFrame, after: pl.DataFrame) -> int:
    """The one k of all problems."""
    counts = pl.concat([before["answers"], after["answers"]]).value_counts(sort=True)
    if counts.height == 1:
        return int(counts["answers"][0])
    usual = int(counts["answers"][0])
    odd = pl.concat(
        [frame.filter(pl.col("answers") != usual).select(*_PROBLEM, "answers") for frame in (before, after)]
    )
    shown = ", ".join(
        f"{number} answers to {times} problems" for number, times in counts.sort("answers").iter_rows()
    )
    raise InputError(
        f"k differs: {shown}, over base and checkpoints",
        where=f"source {odd['source'][0]}, key {odd['key'][0]}",
        fix="finish the rollouts, or cut all to the same k",
    )


def _same_problems(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Both sides joined; a checkpoint asked about a source and split was asked all that the base was."""
    asked = after.select("trained_on", "source", "split").unique()
    both = asked.join(before, on=["source", "split"]).join(
        after, on=["trained_on", *_PROBLEM], how="full", coalesce=True, suffix="_after"
    )
    for side, end, fix in (
        ("trained", "_after", "finish the rollouts of this checkpoint"),
        ("base", "", "ask the base the same problems, in the same split"),
    ):
        missing = both.filter(pl.col(f"answers{end}").is_null()).sort("trained_on", *_PROBLEM)
        if missing.height:
            first = missing.row(0, named=True)
            raise InputError(
                f"the {side} rollouts lack {missing.height} of {both.height} problems",
                where=f"checkpoint of {first['trained_on']}, {first['split']} problems of {first['source']}, "
                f"key {first['key']}",
                fix=fix,
            )
    return both
