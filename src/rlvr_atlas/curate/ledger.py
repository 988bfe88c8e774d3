"""The two tables that come out: what became of every row, and the mix."""

from __future__ import annotations

import polars as pl

from rlvr_atlas.canonical import key_of
from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.curate.mcq import Exact, convert
from rlvr_atlas.errors import RecipeError
from rlvr_atlas.spdx import combined, terms

#: What is said of a row that nothing speaks against.
_PASSED = "passed every rule"


def with_mix_text(rows: pl.DataFrame, settings: CurateSettings) -> pl.DataFrame:
    """Add the text that each row would have in the mix.

    Args:
        rows: As `considered` gives them.
        settings: Which part of the rows may be converted.

    Returns:
        The rows with mix_prompt, mix_answer, mix_key, letter (the option that was right, of converted
        multiple-choice rows), refused (why one was not converted).
    """
    parts = [
        not is_refill
        for is_refill, part in ((False, settings), (True, settings.refill))
        if part and part.mcq == "convert"
    ]
    asked = rows.filter(
        pl.col("is_mcq"), pl.col("answer").is_not_null(), (~pl.col("is_refill")).is_in(parts)
    ).select("at", "prompt", "answer", "language")
    done = convert(asked["prompt"], asked["answer"], asked["language"])
    exact = [result if isinstance(result, Exact) else None for result in done]
    converted = asked.select("at").with_columns(
        new_prompt=pl.Series([one and one.prompt for one in exact], dtype=pl.String),
        new_answer=pl.Series([one and one.answer for one in exact], dtype=pl.String),
        letter=pl.Series([one and one.letter for one in exact], dtype=pl.String),
        refused=pl.Series(
            [None if isinstance(result, Exact) else result for result in done], dtype=pl.String
        ),
    )
    joined = rows.join(converted, on="at", how="left", maintain_order="left")
    keys = [
        None if text is None else key_of(text, attached)
        for text, attached in joined.select("new_prompt", "attachments").iter_rows()
    ]
    return joined.with_columns(
        mix_prompt=pl.coalesce("new_prompt", "prompt"),
        mix_answer=pl.coalesce("new_answer", "answer"),
        mix_key=pl.coalesce(pl.Series(keys, dtype=pl.String), "key"),
    ).drop("new_prompt", "new_answer")


def ledger(
    rows: pl.DataFrame, struck: pl.DataFrame, drawn: pl.DataFrame, settings: CurateSettings
) -> pl.DataFrame:
    """One line for every row: schema.DECISIONS, and `at`.

    Args:
        rows: As `with_mix_text` gives them.
        struck: at, reason, evidence of rows that a rule dropped.
        drawn: What `draw` says of the others.
        settings: `[curate]`.
    """
    told = rows.join(struck, on="at", how="left").join(drawn, on="at", how="left").sort("at")
    refill, left = pl.col("is_refill"), pl.col("reason").is_null()
    mended = pl.col("mended") if "mended" in rows.columns else pl.lit(value=False)
    converted = pl.col("letter").is_not_null() | mended
    action = (
        pl.when(~left | (~pl.col("stays") & ~refill))
        .then(pl.lit("drop"))
        .when(~pl.col("stays"))
        .then(pl.lit("pass"))
        .when(converted)
        .then(pl.lit("replace"))
        .when(refill)
        .then(pl.lit("add"))
        .otherwise(pl.lit("keep"))
    )
    of_mix = pl.when(refill).then(pl.lit("drawn for the refill")).otherwise(pl.lit(_PASSED))
    of_mix = pl.when(converted).then(pl.lit("multiple choice made exact")).otherwise(of_mix)
    of_mix = pl.when(mended).then(pl.lit("gold answer corrected")).otherwise(of_mix)
    not_drawn = pl.when(pl.col("why") == "over the size").then(pl.lit("not drawn")).otherwise("why")
    reason = (
        pl.when(~left)
        .then("reason")
        .when("stays")
        .then(of_mix)
        .otherwise(pl.when(refill).then(not_drawn).otherwise("why"))
    )
    told_of = ("atomic_source", "transition", "expected_gain", "score", "drawn_at")
    facts = pl.struct(*told_of).struct.json_encode()
    change = pl.struct(
        *told_of, "letter",
        answer_was="answer", answer="mix_answer", new_key="mix_key", is_refill="is_refill",
    ).struct.json_encode()  # fmt: skip
    return told.select(
        "at",
        "dataset",
        "row",
        "key",
        action=action,
        reason=reason,
        evidence=pl.coalesce("evidence", pl.when(converted).then(change).otherwise(facts)),
        seed=pl.lit(settings.seed, pl.Int64),
        license="license",
    )


def mix(rows: pl.DataFrame, decisions: pl.DataFrame, drawn: pl.DataFrame) -> pl.DataFrame:
    """The rows of the mix: what it starts from in the order of release, then the refill as it was drawn.

    Args:
        rows: As `with_mix_text` gives them.
        decisions: As `ledger` gives them.
        drawn: As `draw` gives them.

    Returns:
        The columns of schema.MIX.
    """
    stay = decisions.filter(pl.col("action").is_in(["keep", "add", "replace"])).select("at", "action")
    texts = rows.drop("prompt", "answer").rename({"mix_prompt": "prompt", "mix_answer": "answer"})
    taken = stay.join(texts, on="at").join(drawn.select("at", "drawn_at"), on="at")
    in_turn = pl.when("is_refill").then("drawn_at").otherwise("at")
    return (
        taken.with_columns(is_mcq=pl.col("is_mcq") & pl.col("letter").is_null())
        .sort("is_refill", in_turn)
        .with_row_index("index")
        .select(
            pl.col("index").cast(pl.Int64), "dataset", "row", "key", "action", "prompt", "answer",
            "atomic_source", "root_dataset", "root_row", "license", "language", "domain", "is_mcq",
        )
    )  # fmt: skip


def limits(mix: pl.DataFrame) -> list[str]:
    """What a person should know of the mix: unknown licences, what licences ask, rows without an answer."""
    sentences = []
    unknown = mix.filter(pl.col("license").is_null())
    if unknown.height:
        names = ", ".join(unknown["dataset"].unique(maintain_order=True))
        sentences.append(f"the licence of {unknown.height} rows is unknown, and so is the mix's ({names})")
    known = combined(mix["license"].unique().drop_nulls())
    sentences += [f"the licence {known} asks: {term}" for term in terms(known)]
    unanswered = mix["answer"].null_count()
    if unanswered:
        sentences.append(f"{unanswered} rows of the mix have no answer")
    return sentences


def nothing_left(rows: pl.DataFrame, struck: pl.DataFrame) -> RecipeError:
    """The error of a recipe that drops everything: how many rows each rule dropped."""
    counts = struck["reason"].value_counts(sort=True).sort("count", "reason", descending=[True, False])
    said = ", ".join(f"{count} {reason}" for reason, count in counts.iter_rows())
    what = f"no row is left of {rows.height} ({said})" if said else "the datasets have no rows"
    return RecipeError(what, where="curate", fix="loosen the rule that dropped most")
