"""What training on each source did, to itself and to others, and what own labels cannot tell.

A source whose labels are wrong looks like a hopeless one (its answers are never "right"), and one that
repeats what the base already says looks mastered, as long as only its own labels judge. Held-out problems of
other sources, or any whose labels are trusted, tell them apart.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.power import told_by
from rlvr_atlas.sca.resample import BOOTSTRAP, Bootstrap, resampled_sums
from rlvr_atlas.sca.transitions import learnability, learned_by_chance
from rlvr_atlas.schema import GAINS, TRANSITION_KINDS, Schema, conform
from rlvr_atlas.stats import wilson

#: Own labels say nothing of a source where nearly none or nearly all answers meet them, before and after.
NEARLY_NONE, NEARLY_ALL = 0.1, 0.9
#: By how much trusted labels must be met more often than a source's own, before its own are called wrong.
_CLEARLY = 0.2


def gains(pairs: pl.DataFrame, *, bootstrap: Bootstrap = BOOTSTRAP) -> pl.DataFrame:
    """Source x source: what training on one did to the held-out problems of each.

    Args:
        pairs: What `transitions.pair` gives.
        bootstrap: Of the intervals, over problems.

    Returns:
        schema.GAINS, sorted; one line for each checkpoint and each source it was asked held-out problems of.
    """
    held_out = pairs.filter(pl.col("split") == "held_out")
    return conform(_means(held_out, ["trained_on", "source"], bootstrap), GAINS)


def source_shares(
    transitions: pl.DataFrame, *, preset: str = "released_code", bootstrap: Bootstrap = BOOTSTRAP
) -> pl.DataFrame:
    """Transitions of each source and split in one line.

    Args:
        transitions: schema.TRANSITIONS.
        preset: Of `learnability`.
        bootstrap: Of the intervals of learnability and gain; those of the shares are Wilson's.

    Returns:
        source, split, unjudged, p00, p01, p10, p11 with `_low` and `_high`, p01_chance (what p01 would be had
        nothing changed, see `learned_by_chance`), raised (share of problems whose solve rate rose, by the
        posterior), raised_of_01 (the same of the problems called 01), problems, base_mean, trained_mean, gain
        and learnability with both; sorted.

    Raises:
        InputError: If there is no such preset.
    """
    by = ["source", "split"]
    scored = learnability(transitions, preset).with_columns(p01_chance=learned_by_chance(transitions))
    hits = scored.group_by(by).agg(
        unjudged=pl.col("transition").null_count(),
        judged=pl.col("transition").count(),
        p01_chance=pl.col("p01_chance").mean(),
        raised=pl.col("raised").mean(),
        raised_of_01=pl.col("raised").filter(pl.col("transition") == "01").mean(),
        **{f"p{kind}": (pl.col("transition") == kind).sum() for kind in TRANSITION_KINDS},
    )
    columns = []
    for name in (f"p{kind}" for kind in TRANSITION_KINDS):
        low, high = wilson(hits[name].to_numpy(), hits["judged"].to_numpy(), bootstrap.level)
        columns += [
            hits[name] / hits["judged"],
            pl.Series(f"{name}_low", low),
            pl.Series(f"{name}_high", high),
        ]
    shares = hits.select(*by, "unjudged", *columns, "p01_chance", "raised", "raised_of_01")
    means = _means(scored, by, bootstrap, ("learnability",))
    return shares.with_columns(pl.selectors.float().fill_nan(None)).join(means, on=by, how="left").sort(by)


def findings(
    pairs: pl.DataFrame,
    *,
    trusted: Collection[str] | None = None,
    bootstrap: Bootstrap = BOOTSTRAP,
) -> pl.DataFrame:
    """What the transitions of a source cannot tell, and what held-out problems say of it.

    Args:
        pairs: What `transitions.pair` gives.
        trusted: Sources whose held-out labels are trusted. Where it is None a source is judged by all others,
            never by its own labels.
        bootstrap: Of the intervals.

    Returns:
        source, finding (a short fixed phrase), detail (a sentence); sorted by source.

    Raises:
        InputError: If no checkpoint was asked about a trusted source.
    """
    held_out = pairs.filter(pl.col("split") == "held_out")
    unknown = sorted(set(trusted or ()) - set(held_out["source"]))
    if unknown:
        raise InputError(f"no held-out answers to problems of {', '.join(unknown)}", where="trusted sources")
    is_home = pl.col("source") == pl.col("trained_on")
    judged = held_out.filter(~is_home if trusted is None else pl.col("source").is_in(sorted(trusted)))
    judges = _by_checkpoint(judged, bootstrap)
    homes = _by_checkpoint(held_out.filter(is_home), bootstrap)
    own = pairs.filter(is_home)
    # A source's own labels are read on its training problems; only where there are none, on held-out ones.
    trains = own.filter(pl.col("split") == "train")
    own = pl.concat([trains, own.join(trains, on="trained_on", how="anti")])
    found = []
    lines = _by_checkpoint(own, bootstrap)
    for source in own["trained_on"].unique().sort():
        if source not in lines:
            found.append((source, "not judged", "no answer to its problems could be judged"))
            continue
        line = lines[source]
        trained_here = source in trains["trained_on"] and source in homes
        line["never_met"] = max(line["base_mean"], line["trained_mean"]) <= NEARLY_NONE
        line["always_met"] = min(line["base_mean"], line["trained_mean"]) >= NEARLY_ALL
        line["by_heart"] = trained_here and _gains_more(line, homes[source])
        home = homes.get(source) if source in (trusted or ()) else None
        found += [(source, *finding) for finding in _judge(line, judges.get(source), home)]
    return pl.DataFrame(found, dict.fromkeys(("source", "finding", "detail"), pl.String), orient="row")


def _judge(
    own: dict[str, Any], judge: dict[str, Any] | None, home: dict[str, Any] | None
) -> Iterator[tuple[str, str]]:
    """Findings on one source: own labels, held-out problems that judge it, its own ones if trusted."""
    if judge is None:
        yield from _unjudged(own)
        return
    gain = f"{_shown(judge)} on {judge['problems']} held-out problems"
    loses, wins = judge["gain_high"] < 0, judge["gain_low"] > 0
    if own["never_met"]:
        yield _of_hard_ones(own, home, gain, wins=wins, loses=loses)
    elif own["always_met"]:
        if home and min(home["base_mean"], home["trained_mean"]) >= NEARLY_ALL:
            yield "mastered", f"own labels are always met, and so are trusted ones; others: {gain}"
        elif loses:
            yield "wrong labels likely", f"own labels are always met, training on them did harm: {gain}"
        else:
            yield "mastered", f"own labels are always met, training on them did no harm: {gain}"
    elif home and _met_more(home, own):
        met = f"trusted labels in {home['base_mean']:.2f}, its own in {own['base_mean']:.2f}"
        yield "wrong labels likely", f"what share of the base's answers is right: {met}"
    elif loses:
        yield "harms others", f"wrong labels, or problems that undo what others need: {gain}"
    if not (own["never_met"] or own["always_met"]):
        yield from _unstable(own)


def _of_hard_ones(
    own: dict[str, Any], home: dict[str, Any] | None, gain: str, *, wins: bool, loses: bool
) -> tuple[str, str]:
    """The finding on a source whose own labels are hardly ever met."""
    if home and home["base_mean"] - own["base_mean"] >= _CLEARLY:
        met = f"trusted labels in {home['base_mean']:.2f}, its own in {own['base_mean']:.2f}"
        return "wrong labels likely", f"what share of the base's answers is right: {met}"
    if own["gain_low"] > 0 or wins:
        # Rightly labelled hard problems are so: hardly ever right, a little more often after training.
        return "hard", f"own labels are hardly ever met, and training on them helped: {gain}"
    if loses:
        return "wrong labels likely", f"own labels are never met, yet training on them did harm: {gain}"
    return "hopeless or noise", f"own labels are never met, training on them changed nothing: {gain}"


def _met_more(home: dict[str, Any], own: dict[str, Any]) -> bool:
    """Whether trusted labels are met more often than own ones, by more than few problems could make it."""
    noise = 1 / home["problems"] + 1 / own["problems"]  # times the largest variance of a share, 1/4
    return bool(home["base_mean"] - own["base_mean"] >= max(_CLEARLY, 2 * math.sqrt(noise / 4)))


def _gains_more(train: dict[str, Any], held_out: dict[str, Any]) -> bool:
    """Whether the problems trained on gained more than the held-out ones, and these nothing that stands out.

    The difference is what is tested. That a gain is not told from none on fewer problems says nothing.
    """
    spreads = (line["gain_high"] - line["gain_low"] for line in (train, held_out))
    # Half the width of the interval of a difference of two independent means.
    least = math.hypot(*spreads) / 2
    return bool(held_out["gain_low"] <= 0 and train["gain"] - held_out["gain"] > least)


def _unjudged(own: dict[str, Any]) -> Iterator[tuple[str, str]]:
    ask = "ask base and checkpoint held-out problems of other sources, or with trusted labels"
    if own["never_met"]:
        yield "cannot be told", f"own labels are never met: hopeless, or wrongly labelled, or noise; {ask}"
    elif own["always_met"]:
        yield "cannot be told", f"own labels are always met: mastered, or labels that repeat the base; {ask}"
    else:
        yield from _unstable(own)


def _unstable(own: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Own gains that do not stand out, or stop at the problems trained on."""
    if own["gain_low"] <= 0 <= own["gain_high"]:
        least = told_by(own["gain_low"], own["gain_high"])
        only = "none" if least is None else f"only one of {least:.2f} or more"
        told = f"what changed on its own problems is not told from chance: {_shown(own)}"
        yield "within noise", f"{told}; of true gains, {only} would be in 80% of cases"
    elif own["gain_low"] > 0 and own["by_heart"]:
        yield "learnt by heart", "gained on the problems it was trained on, not on its held-out ones"


def _shown(means: dict[str, Any]) -> str:
    return f"{means['gain']:+.2f} [{means['gain_low']:+.2f}, {means['gain_high']:+.2f}]"


def _by_checkpoint(pairs: pl.DataFrame, bootstrap: Bootstrap) -> dict[str, dict[str, Any]]:
    """Means of each checkpoint over all problems given; only those with a problem that could be judged."""
    lines = _means(pairs, ["trained_on"], bootstrap).filter(pl.col("problems") > 0)
    return {line["trained_on"]: line for line in lines.iter_rows(named=True)}


def _means(
    frame: pl.DataFrame, by: Sequence[str], bootstrap: Bootstrap, also: Sequence[str] = ()
) -> pl.DataFrame:
    """Base and trained mean, gain with interval, and the mean of further columns with theirs, per group."""
    measured = frame.with_columns(gain=pl.col("trained_correct") - pl.col("base_correct"))
    names = ["base_correct", "trained_correct", "gain", *also]
    lines = []
    for group in measured.sort(*by, "key").partition_by(*by, maintain_order=True):
        values = group.select(names).drop_nulls().to_numpy().astype(np.float64)
        keys = group.select(by).row(0)
        alone, rng = np.ones(len(values), np.int64), bootstrap.generator("\0".join(keys))
        sums = resampled_sums(values, alone, bootstrap.draws, rng)
        drawn = sums / len(values) if len(values) else np.full_like(sums, np.nan)
        low, high = bootstrap.interval(drawn[1:])
        line = {**dict(zip(by, keys, strict=True)), "problems": len(values)}
        line |= {"base_mean": drawn[0, 0], "trained_mean": drawn[0, 1]}
        for at, name in enumerate(names[2:], start=2):
            line |= {name: drawn[0, at], f"{name}_low": low[at], f"{name}_high": high[at]}
        lines.append(line)
    numbers = [
        "base_mean",
        "trained_mean",
        *(f"{name}{end}" for name in names[2:] for end in ("", "_low", "_high")),
    ]
    schema: Schema = {
        **dict.fromkeys(by, pl.String),
        "problems": pl.Int64,
        **dict.fromkeys(numbers, pl.Float64),
    }
    return pl.DataFrame(lines, schema).with_columns(pl.selectors.float().fill_nan(None))
