"""Five seeds of the SCA demo's trial: does a mix chosen by SCA win, and does Q rank as training does?

Needs the extra `train`. A finished seed is read, an unfinished one goes on, so it may be killed at any time:

    OMP_NUM_THREADS=1 python benchmarks/sca_study.py FOLDER --write docs/benchmarks/sca_study.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from scipy import stats

from rlvr_atlas import trial
from rlvr_atlas.cli.show import progress
from rlvr_atlas.demo import sca
from rlvr_atlas.demo.sca.mixes import MIXES
from rlvr_atlas.demo.sca.world import SOURCES
from rlvr_atlas.score import correlate
from rlvr_atlas.workspace.store import Workspace

_TEMPLATE = Path(__file__).with_suffix(".template")
#: What is ranked against the gains: (weights, figure, what it is called).
_RANKED = (
    ("Q", "q", "Q"),
    ("Q, 10 read as learned", "q", "Q, 10 read as learned"),
    ("Q, learnability", "q", "Q, learnability"),
    ("Q as of an 8B model", "q", "Q as of an 8B model"),
    ("Q", "l_sca", "L_SCA of Q"),
    ("Q, learnability", "l_sca", "L_SCA of learnability"),
    ("Q as of an 8B model", "s2", "S2 as of an 8B model: the benchmark after training"),
    ("Q", "q_before", "known before any training"),
    (trial.HELD_OUT, "q", "held-out gain of its sources (not part of Q)"),
)


def main() -> None:
    """Carry out the seeds and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="a workspace for each seed goes here")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="the page; printed without it")
    asked = parser.parse_args()
    folders = [asked.folder / f"seed{seed}" for seed in range(asked.seeds)]
    with progress() as on_progress:
        trials = [trial.run(folder, seed, on_progress) for seed, folder in enumerate(folders)]
    page = _TEMPLATE.read_text(encoding="utf-8").format(
        seeds=asked.seeds,
        sources=_sources(folders),
        gains=_gains(trials),
        arms=_arms(trials),
        ranks=_ranks(trials),
    )
    print(page) if asked.write is None else asked.write.write_text(page, encoding="utf-8")


def _sources(folders: Sequence[Path]) -> str:
    """What training on each source gained on its own held-out problems, in points."""
    tables = [sca.table(Workspace(folder)) for folder in folders]
    lines = [
        [f"`{source}`", *_spread([100 * table.filter(source=source)["gain"].item() for table in tables])]
        for source in SOURCES
    ]
    return _table(["source", *_seeds(folders), "mean ± sd"], lines)


def _gains(trials: Sequence[trial.Trial]) -> str:
    """What training on each dataset brought, beside its scores."""
    scores = pl.concat(one.scores for one in trials)
    names = scores["score"].unique(maintain_order=True).to_list()
    lines = []
    for dataset, shares in MIXES.items():
        made_of = ", ".join(f"{source} {share:.0%}" for source, share in shares.items())
        found = [one.gains.filter(dataset=dataset)["gain"].item() for one in trials]
        q = scores.filter(dataset=dataset).group_by("score").agg(pl.col("q").mean())
        means = dict(q.iter_rows())
        made_of = "all sources equally" if len(shares) > 3 else made_of
        lines.append([f"`{dataset}`", made_of, *_spread(found), *(f"{means[name]:.3f}" for name in names)])
    return _table(["dataset", "made of", *_seeds(trials), "mean ± sd", *names], lines)


def _arms(trials: Sequence[trial.Trial]) -> str:
    """Gains of the mixes of one size, and by how much the one chosen by SCA is ahead."""
    lines = []
    for arm in trial.ARMS:
        found = [one.gains.filter(dataset=arm)["gain"].item() for one in trials]
        lines.append([f"`{arm}`", *_spread(found), ""])
    for other in (arm for arm in trial.ARMS if arm != "sca"):
        found = [one.arms.filter(against=other)["difference"].item() for one in trials]
        lines.append([f"`sca` less `{other}`", *_spread(found), _student(found)])
    return _table(["mix", *_seeds(trials), "mean ± sd", "95% over seeds"], lines)


def _ranks(trials: Sequence[trial.Trial]) -> str:
    """Spearman of each figure with the gains: in every seed, and of the means over seeds."""
    every = pl.concat(one.scores for one in trials)
    by = ["score", "dataset", "model", "model_size_b", "preset"]
    means = every.group_by(by, maintain_order=True).agg(pl.selectors.float().mean())
    gains = pl.concat(one.gains for one in trials).group_by("dataset").agg(pl.col("gain").mean())
    real = dict(gains.filter(pl.col("dataset").is_in(list(MIXES))).iter_rows())
    lines = []
    for score, figure, title in _RANKED:
        wanted = {"figure": figure, "statistic": "spearman"}
        each = [one.correlations.filter(score=score, **wanted)["value"].item() for one in trials]
        pooled = correlate(means.filter(score=score), real).filter(**wanted).row(0, named=True)
        whole = f"{pooled['value']:+.2f} [{pooled['low']:+.2f}, {pooled['high']:+.2f}]"
        known = [value for value in each if value is not None]
        shown = ["-" if value is None else f"{value:+.2f}" for value in each]
        mean = f"{np.mean(known):+.2f} {_student(known, 1.0)}" if len(known) > 1 else "-"
        lines.append([title, *shown, mean, whole, f"{pooled['p_value']:.3f}", _without(pooled)])
    return _table(
        [
            "figure",
            *_seeds(trials),
            "mean [95% over seeds]",
            "of the means [95%, 8 datasets]",
            "p",
            "one left out",
        ],
        lines,
    )


def _seeds(trials: Sequence[object]) -> list[str]:
    return [f"seed {seed}" for seed in range(len(trials))]


def _spread(values: Sequence[float]) -> list[str]:
    each = [f"{value:+.1f}" for value in values]
    return [*each, f"{np.mean(values):+.1f} ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else "-"]


def _without(line: Mapping[str, float | None]) -> str:
    """Range of a correlation with one dataset left out."""
    low, high = line["leave_one_out_low"], line["leave_one_out_high"]
    return "-" if low is None or high is None else f"{low:+.2f} to {high:+.2f}"


def _student(values: Sequence[float], most: float = np.inf) -> str:
    """The 95% interval of a mean by Student's t, within the range that it can take."""
    if len(values) < 2:
        return "-"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    low, high = np.clip([np.mean(values) - half, np.mean(values) + half], -most, most)
    return f"[{low:+.2f}, {high:+.2f}]"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


if __name__ == "__main__":
    main()
