"""The measures of Q from the tables of a workspace.

Every share is over the rows of a dataset, so a problem that stands there ten times weighs ten times; only
`consistent` is over problems. Draws are over distinct problems, all measures of one problem together.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import polars as pl

from rlvr_atlas import answer
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.resample import BOOTSTRAP, Bootstrap
from rlvr_atlas.sca.shares import SHARES, problems, resampled, transition_shares
from rlvr_atlas.schema import is_same_problem
from rlvr_atlas.score.inputs import Inputs
from rlvr_atlas.score.results import deltas
from rlvr_atlas.stats import Floats
from rlvr_atlas.workspace.query import both_ways

#: What is read of each table; the last two need not be there.
_TABLES = {
    "datasets": ["dataset", "role"],
    "occurrences": ["key", "dataset", "row", "answer"],
    "instances": ["key", "is_mcq", "occurrences"],
    "lineage": [
        *("dataset", "row", "atomic_source", "hops", "relation"),
        *("parent_dataset", "parent_row", "parent_key"),
    ],
    "matches": ["child", "parent", "relation", "probability"],
    "leaks": ["dataset", "key", "relation", "probability"],
    "transitions": ["source", "key", "transition"],
}
_NEEDED = list(_TABLES)[:5]
#: What each problem adds to the sums that the measures are ratios of. A null adds to neither sum.
_SUMS = {
    **SHARES,
    "weight": pl.col("weight"),
    "rows": pl.col("rows"),
    "occurrences": pl.col("rows") * pl.col("occurrences"),
    "leaked": pl.col("rows") * pl.col("leaked"),
    "mcq": pl.col("rows") * pl.col("is_mcq").fill_null(value=False),
    "mcq_known": pl.col("rows") * pl.col("is_mcq").is_not_null(),
    "consistent": pl.col("consistent").fill_null(value=False).cast(pl.Int64),
    "judged": pl.col("consistent").is_not_null().cast(pl.Int64),
}


def inputs_from_workspace(  # noqa: PLR0913  each is one thing to choose
    tables: Mapping[str, pl.DataFrame | pl.LazyFrame],
    *,
    results: pl.DataFrame | None = None,
    benchmark: str | None = None,
    min_covered: float = 0.5,
    min_probability: float = 0.5,
    bootstrap: Bootstrap = BOOTSTRAP,
) -> list[Inputs]:
    """Measures of every dataset of the role `train`.

    Args:
        tables: datasets, occurrences, instances, lineage, matches; leaks and transitions where there are any.
        results: Benchmark results of models trained on the datasets (see `deltas`).
        benchmark: Which of its benchmarks counts (see `deltas`).
        min_covered: Where a smaller share of a dataset's rows comes from sources whose training was measured,
            its transitions count as not measured.
        min_probability: Same-problem matches below it are no leaks.
        bootstrap: Of the draws.

    Returns:
        One `Inputs` per dataset with usable rows, in the order of `datasets`; None for what was not measured:
        leaks where no benchmark is in view, transitions where nothing was trained, deltas without results.

    Raises:
        InputError: If a table is missing, there is no dataset to score, or results are of unknown datasets.
    """
    lacking = [name for name in _NEEDED if name not in tables]
    if lacking:
        raise InputError(f"no table {', '.join(lacking)}", where="score", fix="run ingest and trace first")
    frames = {name: tables[name].lazy().select(_TABLES[name]).collect() for name in _TABLES if name in tables}
    names = frames["datasets"].filter(pl.col("role") == "train")["dataset"].to_list()
    gains = deltas(results, benchmark=benchmark, bootstrap=bootstrap) if results is not None else {}
    unknown = sorted(set(gains) - set(names))
    if unknown:
        fix = "name the datasets as the recipe does, with the role train"
        raise InputError(f"no dataset {', '.join(unknown)}", where="benchmark results", fix=fix)
    parts = _problems(frames, names, min_probability).partition_by("dataset", as_dict=True)
    found = [
        _inputs(name, parts[name,], gains.get(name, {}), min_covered, bootstrap)
        for name in names
        if (name,) in parts
    ]
    if not found:
        raise InputError(
            "no usable rows of the role train", where="score", fix="give a dataset in the recipe"
        )
    return found


def _problems(frames: Mapping[str, pl.DataFrame], names: list[str], min_probability: float) -> pl.DataFrame:
    """The distinct problems of the datasets, with everything that is measured of each."""
    occurrences = frames["occurrences"]
    rows = occurrences.filter(pl.col("dataset").is_in(names))
    agreement = _agreement(occurrences.filter(pl.col("key").is_in(rows["key"].unique().implode())))
    found = problems(rows, frames["lineage"], frames.get("transitions"))
    found = found.join(frames["instances"], on="key", how="left").join(agreement, on="key", how="left")
    leaked = _leaked(frames, min_probability)
    if leaked is None:
        return found.with_columns(leaked=pl.lit(None, pl.Boolean))
    return found.join(leaked, on=["dataset", "key"], how="left").with_columns(
        pl.col("leaked").fill_null(value=False)
    )


def _leaked(frames: Mapping[str, pl.DataFrame], min_probability: float) -> pl.DataFrame | None:
    """Problems of each dataset that are a benchmark's, by the audit or else by matches.

    None without benchmarks.
    """
    benchmarks = frames["datasets"].filter(pl.col("role") == "benchmark")["dataset"].to_list()
    if not benchmarks:
        return None
    same = is_same_problem() & (pl.col("probability") >= min_probability)
    if "leaks" in frames:
        leaks = frames["leaks"].filter(same).select("dataset", "key")
    else:
        places = frames["occurrences"].select("dataset", "key")
        items = places.filter(pl.col("dataset").is_in(benchmarks)).select("key").unique()
        links = both_ways(frames["matches"].filter(same))
        near = links.join(items, left_on="other", right_on="key").select("key")
        leaks = places.join(pl.concat([items, near]).unique(), on="key")
    return leaks.unique().with_columns(leaked=pl.lit(value=True))


def _agreement(occurrences: pl.DataFrame) -> pl.DataFrame:
    """Whether the gold answers of a problem agree wherever it stands: key, consistent.

    False where two of them differ; null where there is no answer, or none differ but some cannot be compared.
    """
    answers = occurrences.drop_nulls("answer").group_by("key").agg(pl.col("answer").unique().sort())
    one = answers.filter(pl.col("answer").list.len() == 1).select("key", consistent=pl.lit(value=True))
    several = answers.filter(pl.col("answer").list.len() > 1).sort("key")
    judged = pl.Series("consistent", [_agree(texts) for texts in several["answer"].to_list()], pl.Boolean)
    return pl.concat([one, several.select("key", judged)])


def _agree(answers: list[str]) -> bool | None:
    by_form = {answer.normal_form(text) or text: text for text in answers}
    verdicts = set()
    for a, b in combinations(by_form.values(), 2):
        verdicts.add(answer.compare(a, b))
        if "different" in verdicts:
            return False
    return None if "unknown" in verdicts else True


def _inputs(
    name: str, part: pl.DataFrame, gains: Mapping[str, Floats], min_covered: float, bootstrap: Bootstrap
) -> Inputs:
    sums = resampled(part.select(**_SUMS).with_columns(pl.col("leaked").cast(pl.Float64)), bootstrap, name)
    with np.errstate(invalid="ignore"):
        measures = {
            "leaked": sums["leaked"] / sums["rows"],
            "mcq": sums["mcq"] / sums["mcq_known"],
            "mean_occurrences": sums["occurrences"] / sums["rows"],
            "consistent": sums["consistent"] / sums["judged"],
        }
    covered = float(sums["weight"][0] / sums["rows"][0])
    if covered >= min_covered:
        measures |= transition_shares(sums)
    known = {key: values for key, values in {**measures, **gains}.items() if not np.isnan(values[0])}
    return Inputs(
        dataset=name,
        n=int(part["rows"].sum()),
        **{key: float(values[0]) for key, values in known.items()},
        sca_covered=covered,
        draws={key: values[1:] for key, values in known.items() if len(values) > 1},
    )
