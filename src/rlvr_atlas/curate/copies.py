"""Deduplication: rows that are the same problem as a row that stays, and rows whose gold answers differ."""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from rlvr_atlas import answer
from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.schema import Relation, strength
from rlvr_atlas.workspace.query import both_ways

#: A part of a problem rightly has another answer than the whole.
_ONE_ANSWER: tuple[Relation, ...] = ("identical", "reformatted", "reworded")


def links(rows: pl.DataFrame, matches: pl.DataFrame, min_probability: float) -> pl.DataFrame:
    """Which keys are the same problem, in both directions, besides being the same key.

    Args:
        rows: key and mix_key (the key of the prompt that would go into the mix).
        matches: schema.MATCHES, of keys and of `mix_key`s.
        min_probability: Matches below it do not count.

    Returns:
        key, other, relation, probability; the strongest relation of each pair.
    """
    keys = rows.select("key", "mix_key").unique(maintain_order=True)
    sure = matches.filter(pl.col("probability") >= min_probability)
    turned = both_ways(sure, "relation", "probability").rename({"key": "name", "other": "name_other"})
    # A match may name a row by the text that it was or by the one that it would have in the mix.
    named = pl.concat([keys.select("key", name="key"), keys.select("key", name="mix_key")]).unique()
    inside = turned.join(named, on="name")
    inside = inside.join(named.rename({"key": "other", "name": "name_other"}), on="name_other")
    # Two questions may have become one when their options were taken off.
    same = keys.join(keys, on="mix_key", suffix="_other")
    same = same.select(relation=pl.lit("identical"), probability=pl.lit(1.0), key="key", other="key_other")
    return (
        pl.concat([inside.select(same.columns), same])
        .select("key", "other", "relation", "probability")
        .filter(pl.col("key") != pl.col("other"))
        .sort("key", "other", strength(), -pl.col("probability"))
        .unique(["key", "other"], keep="first", maintain_order=True)
    )


def conflicts(rows: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Rows of problems whose gold answers differ.

    All rows of such a problem are meant, because nothing here says which answer is right. Answers that cannot
    be compared do not conflict.

    Args:
        rows: at, dataset, row, key, mix_answer.
        linked: As `links` gives them.

    Returns:
        at and evidence (JSON: the row's answer, and another row with another one).
    """
    rows = rows.with_columns(form=answer.normal_column(rows["mix_answer"]))
    stated = rows.sort("at").drop_nulls("form").select("key", "form", "dataset", "row", text="mix_answer")
    stated = stated.unique(["key", "form"], keep="first", maintain_order=True)
    within = stated.select("key", other="key", relation=pl.lit("identical")).unique(maintain_order=True)
    near = linked.filter(pl.col("relation").is_in(_ONE_ANSWER)).select("key", "other", "relation")
    pairs = (
        pl.concat([within, near])
        .join(stated.select("key", "form", "text"), on="key")
        .join(stated, left_on="other", right_on="key", suffix="_other")
        .filter(pl.col("form") != pl.col("form_other"))
    )
    texts = pairs.select("text", "text_other").unique(maintain_order=True)
    differ = pl.Series([answer.compare(a, b) == "different" for a, b in texts.iter_rows()], dtype=pl.Boolean)
    found = pairs.join(texts.filter(differ), on=["text", "text_other"]).sort("key", "form", "dataset", "row")
    other = {"text_other": "other_answer", "dataset": "other_dataset", "row": "other_row"}
    named = found.rename(other).select("key", "form", *other.values(), "relation")
    against = named.select("key", "form", against=pl.struct(*other.values(), "relation"))
    # A row whose own answer differs from none is of a doubtful problem all the same.
    of_answer = against.unique(["key", "form"], keep="first", maintain_order=True)
    of_problem = against.unique("key", keep="first", maintain_order=True).select("key", of_problem="against")
    struck = rows.join(of_problem, on="key").join(of_answer, on=["key", "form"], how="left")
    told = pl.struct(answer="mix_answer", against=pl.coalesce("against", "of_problem"))
    return struck.select("at", evidence=told.struct.json_encode())


def copies(rows: pl.DataFrame, linked: pl.DataFrame, settings: CurateSettings) -> pl.DataFrame:
    """Rows that are the same problem as a row before them that stays.

    Each row is compared with rows that stay, not with copies of copies, so that a chain of likenesses joins
    no strangers.

    Args:
        rows: at, dataset, row, key; the order of `at` decides which is first.
        linked: As `links` gives them.
        settings: Which relations count.

    Returns:
        at and evidence (JSON: the row that stays, and the relation to it).
    """
    counts = linked.filter(pl.col("relation").is_in(settings.drop_duplicates))
    near: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
    for key, other, relation, probability in counts.iter_rows():
        near[key].append((other, relation, probability))
    first: dict[str, tuple[str, int]] = {}
    gone: list[tuple[int, str, str, float]] = []
    for at, dataset, row, key in rows.sort("at").select("at", "dataset", "row", "key").iter_rows():
        if key in first:
            if "identical" in settings.drop_duplicates:
                gone.append((at, key, "identical", 1.0))
            continue
        stays = next((hit for hit in near.get(key, ()) if hit[0] in first), None)
        if stays is None:
            first[key] = (dataset, row)
        else:
            gone.append((at, *stays))
    frame = pl.DataFrame(
        [(at, *first[key], relation, probability) for at, key, relation, probability in gone],
        schema={
            "at": pl.UInt32, "kept_dataset": pl.String, "kept_row": pl.Int64,
            "relation": pl.String, "probability": pl.Float64,
        },
        orient="row",
    )  # fmt: skip
    return frame.select("at", evidence=pl.struct(pl.exclude("at")).struct.json_encode())


def with_copies(
    found: pl.DataFrame, rows: pl.DataFrame, linked: pl.DataFrame, settings: CurateSettings
) -> pl.DataFrame:
    """These rows and all that are the same problem as one of them, which would otherwise take their place.

    Args:
        found: at, evidence.
        rows: at, key.
        linked: As `links` gives them.
        settings: Which relations make a copy.

    Returns:
        at and evidence, that of the row which the copy is like.
    """
    told = found.join(rows.select("at", "key"), on="at").sort("at").select("key", "evidence")
    near = linked.filter(pl.col("relation").is_in(settings.drop_duplicates)).select("key", "other")
    copied = told.join(near, on="key").select("evidence", key="other").select("key", "evidence")
    of_key = pl.concat([told, copied]).unique("key", keep="first", maintain_order=True)
    return rows.select("at", "key").join(of_key, on="key").select("at", "evidence").sort("at")
