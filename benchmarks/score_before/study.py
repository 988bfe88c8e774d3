"""Which figure ranks datasets before training as real training ranks them, and what a mix chosen by it gains.

Run: python benchmarks/score_before/study.py [--fit] [--write FILE]

Six worlds (see `world.py`), 40 random mixes of their sources each (24 to 768 rows, wrong labels at random or
by one wrong rule, copies, leaked rows), each mix trained on with three seeds: 720 trainings. Four worlds may
be looked at: `--fit` chooses the constants of `score/before.py` there, by the mean rank correlation, and
writes `score/before.toml`. The two others judge. *Ceiling*: the rank correlation that a perfect predictor of
the mean gain would have with the gain of as many new seeds (Spearman-Brown from the seeds). *Same size*: 40
further mixes of 256 rows in each unseen world. SCA trains with three seeds on each whole source and adds up
the gains of a mix's sources by their rows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
from candidates import SIMPLE, with_constants
from mixes import SOURCES, Known, Market, Mix
from scipy.stats import rankdata
from world import Floats, Setting, World, train

from rlvr_atlas.score import before

FIT = (
    Setting(1, examples=40),
    Setting(2, examples=80, adversarial=True),
    Setting(3, examples=25, spread=3.0, noise=0.8),
    Setting(4, examples=60, spread=0.4, copied=12.0, leaked=0.6, adversarial=True, noise=0.7),
)
JUDGE = (
    Setting(11, examples=50, spread=1.5, adversarial=True, noise=0.6, copied=6.0),
    Setting(12, examples=30, spread=0.5, noise=0.6, leaked=0.5),
)
MIXES, SEEDS, DRAWS, ROWS = 40, 3, 2_000, 256
NEW, COSINE = "score before training", "gradient on trusted problems, as a cosine"
SCA = "SCA (trains on every source)"
WITH_COSINE = "the score and this cosine, by the sum of ranks"
GRID = {
    "harm": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0),
    "half": (0.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0),
    "power": (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5),
    "outvoted": (0.5, 0.6, 0.75, 0.9),
}


@dataclass(frozen=True)
class Trained:
    """One world.

    Attributes:
        known: Of each mix, what is known before.
        gains: (mixes, seeds)
        figures: (mixes,) by candidate.
        market: Where the mixes are from.
    """

    known: list[Known]
    gains: Floats
    figures: dict[str, Floats]
    market: Market


def of_world(setting: Setting, rows: int | None = None) -> Trained:
    """Make the mixes, of any size or all of so many rows, and train on each."""
    market = Market(World.of(setting))
    rng = np.random.default_rng(2_000 + setting.seed + (rows or 0))
    mixes = [market.draw(rng, rows) for _ in range(MIXES)]
    gains = np.array(
        [[train(market.world, mix.problems, mix.labels, seed) for seed in range(SEEDS)] for mix in mixes]
    )
    known = [market.known(mix) for mix in mixes]
    figures = {name: np.array([of(one) for one in known]) for name, of in SIMPLE.items()}
    figures |= further(market, mixes)
    trained = Trained(known, gains, figures, market)
    ranks = [rankdata(values) for values in (scored(trained, NEW), figures[COSINE])]
    figures[WITH_COSINE] = ranks[0] + ranks[1]
    return trained


def further(market: Market, mixes: Sequence[Mix]) -> dict[str, Floats]:
    """Candidates that need more than answers and lineage."""
    rng = np.random.default_rng(3_000 + market.world.setting.seed)
    by_product, by_cosine = market.gradients(list(mixes), rng)
    whole = [market.whole(source) for source in range(SOURCES)]
    by_source = np.array(
        [np.mean([train(market.world, w.problems, w.labels, 100 + s) for s in range(SEEDS)]) for w in whole]
    )
    shares = np.array([market.known(mix).sources for mix in mixes])
    return {
        "gradient on trusted problems": by_product,
        COSINE: by_cosine,
        SCA: shares @ by_source,
        "random": rng.random(len(mixes)),
    }


def spearman(one: Floats, other: Floats) -> float:
    """Rank correlation; 0 where all values are equal."""
    ranks = [rankdata(values) for values in (one, other)]
    if min(np.ptp(rank) for rank in ranks) == 0:
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def ceiling(gains: Floats) -> float:
    """Rank correlation of the mean of the seeds with the gain without noise, see above."""
    between = [spearman(gains[:, a], gains[:, b]) for a in range(SEEDS) for b in range(a)]
    single = max(float(np.mean(between)), 0.0)
    return float(np.sqrt(SEEDS * single / (1 + (SEEDS - 1) * single)))


def fit(worlds: Sequence[Trained]) -> before.Constants:
    """The constants with the highest mean rank correlation; of equal ones the first of the grid."""

    def quality(constants: before.Constants) -> float:
        of = with_constants(constants)
        return float(
            np.mean([spearman(np.array([of(k) for k in w.known]), w.gains.mean(axis=1)) for w in worlds])
        )

    every = (before.Constants(**dict(zip(GRID, values, strict=True))) for values in product(*GRID.values()))
    return max(every, key=quality)


def scored(world: Trained, name: str) -> Floats:
    """(mixes,) of a candidate."""
    if name != NEW:
        return world.figures[name]
    return np.array([with_constants(before.constants())(known) for known in world.known])


def intervals(
    worlds: Sequence[Trained], names: Sequence[str]
) -> dict[str, tuple[float, float, float, float]]:
    """Mean rank correlation over worlds, its interval, and the least that the new score is ahead by.

    Mixes are drawn with replacement, the same for all candidates.
    """
    rng = np.random.default_rng(7)
    draws = [rng.integers(0, MIXES, (DRAWS, MIXES)) for _ in worlds]
    gains = [world.gains.mean(axis=1) for world in worlds]
    values = {name: [scored(world, name) for world in worlds] for name in names}
    drawn = {
        name: np.array(
            [
                np.mean(
                    [spearman(v[d[n]], g[d[n]]) for v, g, d in zip(values[name], gains, draws, strict=True)]
                )
                for n in range(DRAWS)
            ]
        )
        for name in names
    }
    found = {}
    for name in names:
        whole = float(np.mean([spearman(v, g) for v, g in zip(values[name], gains, strict=True)]))
        low, high = np.quantile(drawn[name], [0.025, 0.975])
        ahead = float(np.quantile(drawn[NEW] - drawn[name], 0.025))
        found[name] = (whole, float(low), float(high), ahead)
    return found


def ordered(world: Trained, name: str) -> tuple[int, int]:
    """Of the mixes whose mean gains are more than two deviations of a seed apart: pairs in order, and all."""
    gains, values = world.gains.mean(axis=1), scored(world, name)
    deviation = float(np.sqrt(world.gains.var(axis=1, ddof=1).mean()))
    apart = gains[:, None] - gains[None, :] > 2 * deviation
    right = (values[:, None] > values[None, :]) & apart
    return int(right.sum()), int(apart.sum())


def choices(world: Trained) -> tuple[float, ...]:
    """Gain in points of mixes of one size: the mean one, that of the score, of SCA, the best."""
    gains = 100 * world.gains.mean(axis=1)
    chosen = [int(np.argmax(scored(world, name))) for name in (NEW, SCA)]
    return float(gains.mean()), *(float(gains[one]) for one in chosen), float(gains.max())


def write_constants(found: before.Constants) -> None:
    """Write `score/before.toml`."""
    lines = [
        "# Constants of score/before.py, written by `python benchmarks/score_before/study.py --fit`.",
        f'date = "{date.today()}"',
        f'data = "{len(FIT)} simulated worlds of {MIXES} mixes"',
        "",
        "[constants]",
        *(f"{field.name} = {getattr(found, field.name)}" for field in fields(found)),
    ]
    Path(str(before.__file__)).with_suffix(".toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    before.constants.cache_clear()


def page(fitted: Sequence[Trained], judged: Sequence[Trained], offered: Sequence[Trained]) -> list[str]:
    """The tables.

    Args:
        fitted: Worlds that the constants were fitted on.
        judged: The others.
        offered: All worlds with mixes of one size, those of `judged` last.
    """
    names = [NEW, *judged[0].figures]
    lines = [
        "| figure | fitted on | unseen | 95% | the score is ahead by at least | pairs in order | same size |",
        "|---|---|---|---|---|---|---|",
    ]
    of_one_size = offered[-len(judged) :]
    seen, unseen, level = (intervals(worlds, names) for worlds in (fitted, judged, of_one_size))
    for name in sorted(names, key=lambda name: -unseen[name][0]):
        mean, low, high, ahead = unseen[name]
        right, pairs = np.sum([ordered(world, name) for world in judged], axis=0)
        told = "" if name == NEW else f"{ahead:+.2f}"
        same = "{:.2f} ({:.2f} to {:.2f})".format(*level[name][:3])
        lines.append(
            f"| {name} | {seen[name][0]:.2f} | {mean:.2f} | {low:.2f} to {high:.2f} | {told} "
            f"| {right / pairs:.3f} of {pairs} | {same} |"
        )
    ceilings = [np.mean([ceiling(world.gains) for world in worlds]) for worlds in (fitted, judged)]
    lines += [
        "",
        f"Ceiling from the seeds: {ceilings[0]:.2f} and {ceilings[1]:.2f}.",
        "",
        f"Of {MIXES} mixes of {ROWS} rows, gain in points of the held-out problems:",
        "",
        "| world | a random mix | chosen by the score | by SCA | the best |",
        "|---|---|---|---|---|",
    ]
    for setting, world in zip((*FIT, *JUDGE), offered, strict=True):
        where = ", unseen" if setting in JUDGE else ""
        gains = " | ".join(f"{gain:+.1f}" for gain in choices(world))
        lines.append(f"| {setting.seed}{where} | {gains} |")
    return lines


def main() -> None:
    """Train, fit where that is asked for, print or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    fitted = [of_world(setting) for setting in FIT]
    if given.fit:
        write_constants(fit(fitted))
        fitted = [of_world(setting) for setting in FIT]
    judged = [of_world(setting) for setting in JUDGE]
    offered = [of_world(setting, ROWS) for setting in (*FIT, *JUDGE)]
    head = ["# A score before training", "", "Command: `python benchmarks/score_before/study.py`", ""]
    head += [*(__doc__ or "").split("\n\n")[2].splitlines(), ""]
    text = "\n".join([*head, *page(fitted, judged, offered)]) + "\n"
    if given.write:
        given.write.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
