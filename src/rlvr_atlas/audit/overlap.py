"""Overlaps: every row of train and source datasets that is matched to a benchmark item, weighed by rarity."""

from __future__ import annotations

from typing import Any

import polars as pl

from rlvr_atlas.audit.coincidence import Rarity, taken_over
from rlvr_atlas.match.attachments import paired
from rlvr_atlas.match.decide import with_attachments
from rlvr_atlas.schema import is_same_problem, strength
from rlvr_atlas.schema.attachments import agree
from rlvr_atlas.workspace.query import both_ways

#: A question and the same one with options are seldom two problems.
_SAME_STEM = 0.95


def overlaps(
    occurrences: pl.DataFrame, instances: pl.DataFrame, matches: pl.DataFrame, datasets: pl.DataFrame
) -> pl.DataFrame:
    """Every pair of a row and a benchmark item that match.

    Args:
        occurrences: schema.OCCURRENCES.
        instances: schema.INSTANCES with `stem`.
        matches: schema.MATCHES.
        datasets: schema.DATASETS.

    Returns:
        The columns of schema.LEAKS up to probability: one line per row, benchmark and distinct item of it;
        `benchmark_row` is the first of the item's rows. A variant is left out where the row is the same
        problem as another item of that benchmark.
    """
    roles = datasets.select("dataset", "role")
    rows = occurrences.select("dataset", "row", "key").join(roles, on="dataset")
    items = (
        rows.filter(role="benchmark")
        .group_by(benchmark="dataset", benchmark_key="key")
        .agg(benchmark_row=pl.col("row").min())
    )
    trained = rows.filter(pl.col("role") != "benchmark").drop("role")
    identical = {"relation": pl.lit("identical"), "tier": pl.lit("exact"), "probability": pl.lit(1.0)}
    same_key = trained.join(items, left_on="key", right_on="benchmark_key", coalesce=False)
    matched = both_ways(matches, "relation", "tier", "probability")
    links = pl.concat([matched, _same_stem(instances, trained["key"], items["benchmark_key"])])
    linked = trained.join(links, on="key").join(items, left_on="other", right_on="benchmark_key")
    found = pl.concat(
        [same_key.with_columns(**identical), linked.rename({"other": "benchmark_key"})], how="diagonal"
    )
    # A pair may be known by its match and by its stem: the stronger relation counts.
    found = found.sort(strength(), -pl.col("probability"), maintain_order=True).unique(
        ["dataset", "row", "benchmark", "benchmark_key"], keep="first", maintain_order=True
    )
    real = is_same_problem().any().over("dataset", "row", "benchmark")
    return found.filter(is_same_problem() | ~real)


def _same_stem(instances: pl.DataFrame, mine: pl.Series, theirs: pl.Series) -> pl.DataFrame:
    """Links between a problem and the same one with options to choose from.

    The answer is often a letter on one side and a value on the other, so that matching sees a contradiction.
    Where both offer options and these differ, the stem ("Which of these is true?") decides nothing.
    """
    stems = instances.select("key", "stem", "skeleton", "attachments").drop_nulls("stem")
    left, right = (stems.filter(pl.col("key").is_in(keys.implode())) for keys in (mine, theirs))
    bare, other_bare = pl.col("skeleton") == pl.col("stem"), pl.col("skeleton_child") == pl.col("stem")
    pairs = paired(left, right, "stem", "stem").filter(bare != other_bare)
    verdict = {
        "relation": pl.lit("embedded"),
        "tier": pl.lit("normalised"),
        "probability": pl.lit(_SAME_STEM),
    }
    return with_attachments(pairs.select("key", "agree", other="key_child", **verdict))


def weigh(found: pl.DataFrame, instances: pl.DataFrame, datasets: pl.DataFrame) -> pl.DataFrame:
    """Weigh overlaps by how rare their text is.

    Args:
        found: As `overlaps` gives it.
        instances: schema.INSTANCES; their skeletons are the corpus that rarity is counted over.
        datasets: schema.DATASETS.

    Returns:
        The same lines with `bits`, `probability` multiplied by the probability that it is no coincidence, and
        `matched`, the probability before that.
    """
    texts = _rarities(found.select("key", "benchmark_key", "relation"), instances)
    sizes = datasets.select("dataset", "distinct_prompts")
    pairs = (
        found.with_columns(same=is_same_problem())
        .join(texts, on=["key", "benchmark_key", "relation"])
        .join(sizes.rename({"distinct_prompts": "texts"}), on="dataset")
        .join(sizes.rename({"dataset": "benchmark", "distinct_prompts": "items"}), on="benchmark")
    )
    weighed = pairs.with_columns(matched="probability", probability=pl.col("probability") * taken_over(pairs))
    return weighed.select(*found.columns, "matched", "bits")


def _rarities(pairs: pl.DataFrame, instances: pl.DataFrame) -> pl.DataFrame:
    """Distinct key, benchmark_key, relation with `bits`: of what the two problems share."""
    attached = dict(instances.select("key", "attachments").iter_rows())
    rarity = Rarity(instances["skeleton"].unique(maintain_order=True), attached.values())
    lines = pairs.unique(maintain_order=True)
    keys = pl.concat([lines["key"], lines["benchmark_key"]]).unique()
    # Of a question with options the part that may be shared is the stem.
    shared = instances.filter(pl.col("key").is_in(keys.implode())).select(
        "key", "skeleton", part=pl.coalesce("stem", "skeleton")
    )
    texts = pl.concat([shared["skeleton"], shared["part"]]).unique(maintain_order=True)
    bits, wording_bits = rarity.weigh(texts)
    weighed = pl.DataFrame({"text": texts, "bits": bits, "wording": wording_bits})
    of_text = shared.join(weighed, left_on="skeleton", right_on="text").join(
        weighed.select(part="text", part_bits="bits"), on="part"
    )
    of_key = of_text.select("key", mine="part_bits")
    of_item = of_text.select(benchmark_key="key", whole="bits", wording="wording", theirs="part_bits")
    beside = [
        rarity.attached_bits(attached[item])
        if attached[item] and agree(attached[key], attached[item])
        else 0.0
        for key, item in lines.select("key", "benchmark_key").iter_rows()
    ]
    return (
        lines.join(of_key, on="key", maintain_order="left")
        .join(of_item, on="benchmark_key", maintain_order="left")
        .select(
            *lines.columns,
            bits=pl.when(relation="variant")
            .then("wording")
            .when(relation="embedded")
            .then(pl.min_horizontal("mine", "theirs"))
            .otherwise("whole")
            + pl.Series(beside, dtype=pl.Float64),
        )
    )


def came_first(datasets: pl.DataFrame) -> pl.Expr:
    """Which of `dataset` and `benchmark` was released first; null where a date is unknown."""
    dates: dict[str, Any] = dict(datasets.select("dataset", "released").iter_rows())
    mine, theirs = (
        pl.col(side).replace_strict(list(dates), list(dates.values()), return_dtype=pl.Date)
        for side in ("dataset", "benchmark")
    )
    return (
        pl.when(mine < theirs)
        .then(pl.lit("dataset"))
        .when(mine > theirs)
        .then(pl.lit("benchmark"))
        .when(mine == theirs)
        .then(pl.lit("same day"))
    )
