"""Texts that are new: a question without its options may be nearer to another text than it was with them."""

from __future__ import annotations

import polars as pl

from rlvr_atlas.canonical import skeleton
from rlvr_atlas.curate.view import View
from rlvr_atlas.fingerprints import worth_comparing
from rlvr_atlas.match import match
from rlvr_atlas.schema import MATCHES, conform, empty

_COLUMNS = ("child", "parent", "relation", "tier", "probability")


def new_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """The distinct texts of converted rows, with the columns of schema.INSTANCES that matching needs.

    They are a dataset of their own, the last one: so they are compared with all texts, those of the dataset
    that they were made from too.

    Args:
        rows: As `with_mix_text` gives them.
    """
    changed = rows.filter(pl.col("letter").is_not_null())
    new = changed.unique("mix_key", keep="first", maintain_order=True).select(
        "language", "domain", "attachments", key="mix_key", prompt="mix_prompt", answer="mix_answer",
        first_dataset=pl.lit("(converted)"), is_mcq=pl.lit(value=False),
    )  # fmt: skip
    new = new.with_columns(skeleton=skeleton(new["prompt"]))
    return new.with_columns(stem="skeleton")


def match_converted(rows: pl.DataFrame, view: View) -> pl.DataFrame:
    """Match the texts of converted rows with benchmark items, with the other rows, and with each other.

    Args:
        rows: As `with_mix_text` gives them.
        view: What they are compared with.

    Returns:
        The columns of schema.MATCHES; `child` and `parent` may be the `mix_key` of a converted row.
    """
    new = new_texts(rows)
    if new.is_empty():
        return empty(MATCHES)
    old, prints = view.pick(view.texts.join(new, on="key", how="anti"))
    near = worth_comparing(prints, view.prints_of(new))
    both = pl.concat([old[near], new], how="diagonal")
    matching = view.matching.model_copy(update={"rewordings": False})
    return conform(match(both, matching).matches.select(_COLUMNS), MATCHES)


def leaks_of_converted(rows: pl.DataFrame, found: pl.DataFrame, view: View) -> pl.DataFrame:
    """Which converted rows match a benchmark item in their new text, as schema.LEAKS lists leaks.

    Args:
        rows: As `with_mix_text` gives them.
        found: As `match_converted` gives it.
        view: What they were compared with.
    """
    changed = rows.filter(pl.col("letter").is_not_null()).select("dataset", "row", "key", "mix_key")
    items = view.items.group_by(benchmark="dataset", benchmark_key="key").agg(
        benchmark_row=pl.col("row").min()
    )
    pairs = found.select("relation", "tier", "probability", mix_key="child", benchmark_key="parent")
    turned = pairs.rename({"mix_key": "benchmark_key", "benchmark_key": "mix_key"}).select(pairs.columns)
    itself = changed.select(
        pl.lit("identical").alias("relation"),
        pl.lit("exact").alias("tier"),
        pl.lit(1.0).alias("probability"),
        mix_key="mix_key",
        benchmark_key="mix_key",
    ).unique()
    every = pl.concat([pairs, turned, itself])
    return changed.join(every, on="mix_key").join(items, on="benchmark_key")
