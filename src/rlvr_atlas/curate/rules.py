"""Rules that judge each row by itself: readable, no leak, an answer that can be checked, wanted."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from rlvr_atlas import registry
from rlvr_atlas.answer.read import MAX_WORDS, Reading, read
from rlvr_atlas.config.curate import UNKNOWN, Choice, CurateSettings
from rlvr_atlas.errors import RecipeError
from rlvr_atlas.schema import strength
from rlvr_atlas.spdx import read_license

#: Answers of code are tests, those of puzzles whole tables; elsewhere an answer must be readable as a value.
_ONE_VALUE = ("math", "other")
_SHOWN = 200

_Rule = tuple[str, pl.Expr, pl.Expr]


def check_names(tables: Mapping[str, pl.DataFrame], settings: CurateSettings) -> None:
    """What a recipe chooses by must be there: a misspelled source would choose or cap nothing.

    Raises:
        RecipeError: For a source that neither the workspace nor the registry knows, and for transitions where
            nothing was trained.
    """
    if "transitions" not in tables and settings.wants_training:
        fix = "run SCA on this workspace first, or choose by min_score and a file of scores"
        what = "rows are chosen by what training on their source did, and nothing was trained"
        raise RecipeError(what, where="curate", fix=fix)
    known = {*registry.sources(), UNKNOWN, *tables["lineage"]["atomic_source"].unique().drop_nulls()}
    known |= {name for name in tables["datasets"]["atomic_source"] if name}
    refill = settings.refill.sources if settings.refill else []
    for name in [*settings.sources, *settings.max_per_source, *refill]:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            fix = (
                f"did you mean '{near[0]}'?"
                if near
                else "rlvr-atlas registry list sources names the known ones"
            )
            raise RecipeError(f"no atomic source {name!r}", where="curate", fix=fix)


def struck_alone(
    rows: pl.DataFrame, leaks: pl.DataFrame, unjudged: pl.DataFrame, settings: CurateSettings
) -> pl.DataFrame:
    """Rows that are dropped for what they are, each by the first rule that applies.

    Args:
        rows: As `with_mix_text` gives them.
        leaks: schema.LEAKS.
        unjudged: schema.UNJUDGED.
        settings: `[curate]`.

    Returns:
        at, reason, evidence (JSON).
    """
    leaked = _leaks(leaks, unjudged, settings)
    judged = rows.join(leaked, on=["dataset", "row"], how="left").with_columns(
        checkable=is_checkable(rows["mix_answer"]) | ~rows["domain"].is_in(_ONE_VALUE)
    )
    rules = [*_cleaning(settings), *_choosing(settings, ~pl.col("is_refill"))]
    if settings.refill is not None:
        rules += _choosing(settings.refill, pl.col("is_refill"))
    reason = pl.coalesce(pl.when(holds).then(pl.lit(name)) for name, holds, _ in rules)
    evidence = pl.coalesce(pl.when(holds).then(told) for _, holds, told in rules)
    return judged.select("at", reason=reason, evidence=evidence).drop_nulls("reason").sort("at")


def _cleaning(settings: CurateSettings) -> Iterator[_Rule]:
    yield "unreadable", pl.col("unreadable").is_not_null(), pl.col("unreadable").struct.json_encode()
    yield "leak", pl.col("leak").is_not_null() & ~pl.col("possible"), pl.col("leak").struct.json_encode()
    yield "possible leak", pl.col("leak").is_not_null(), pl.col("leak").struct.json_encode()
    if settings.drop_unverifiable:
        yield "no answer", pl.col("mix_answer").is_null(), pl.lit("{}")
        shown = _told(answer=pl.col("mix_answer").str.slice(0, _SHOWN))
        yield "answer cannot be checked", ~pl.col("checkable"), shown


def _choosing(choice: Choice, here: pl.Expr) -> Iterator[_Rule]:
    if choice.mcq == "drop":
        yield "multiple choice", here & pl.col("is_mcq"), pl.lit("{}")
    elif choice.mcq == "convert":
        yield (
            "multiple choice",
            here & pl.col("is_mcq") & pl.col("letter").is_null(),
            _told(why=pl.col("refused")),
        )
    licenses = [read_license(text) for text in choice.licenses]
    wanted: dict[str, tuple[str, Sequence[str | None]]] = {
        "source not wanted": ("atomic_source", choice.sources),
        "language not wanted": ("language", choice.languages),
        "licence not wanted": ("license", licenses),
        "transition not wanted": ("transition", choice.transitions),
    }
    for reason, (column, values) in wanted.items():
        if values:
            value = pl.col(column).fill_null(UNKNOWN)
            yield reason, here & ~value.is_in(values), _told(**{column: pl.col(column)})
    if choice.min_gain is not None:
        gain = pl.col("expected_gain")
        yield "gain not measured", here & gain.is_null(), pl.lit("{}")
        told = _told(expected_gain=gain, raised=pl.col("raised"))
        yield "gain not wanted", here & (gain < choice.min_gain), told
    if choice.wants_scores:
        low = pl.col("score") >= (float("-inf") if choice.min_score is None else choice.min_score)
        high = pl.col("score") <= (float("inf") if choice.max_score is None else choice.max_score)
        yield "no score", here & pl.col("score").is_null(), pl.lit("{}")
        yield "score not wanted", here & ~(low & high), _told(score=pl.col("score"))


def _told(**parts: pl.Expr) -> pl.Expr:
    return pl.struct(*(part.alias(name) for name, part in parts.items())).struct.json_encode()


def _leaks(leaks: pl.DataFrame, unjudged: pl.DataFrame, settings: CurateSettings) -> pl.DataFrame:
    """The strongest leak of each row: dataset, row, leak (a struct), possible (too common to be sure)."""
    meant = pl.col("relation").is_in(settings.drop_leaks)
    sure = pl.col("probability") >= settings.leak_probability
    # The threshold may lie below the audit's; then some of what that did not judge counts.
    every = pl.concat([leaks, unjudged], how="diagonal").with_columns(possible=~sure)
    if settings.drop_possible_leaks:
        sure |= pl.col("reason") == "too common"
    told = ("benchmark", "benchmark_row", "benchmark_key", "relation", "tier", "probability")
    return (
        every.filter(meant, sure)
        .sort("dataset", "row", "possible", strength(), -pl.col("probability"), "benchmark", "benchmark_row")
        .unique(["dataset", "row"], keep="first", maintain_order=True)
        .select("dataset", "row", "possible", leak=pl.struct(told))
    )


def is_checkable(answers: pl.Series) -> pl.Series:
    """Whether an answer is one that a checker can compare with another: a value, a choice, a name."""
    distinct = answers.drop_nulls().unique().to_list()
    good = [bool(read(text).form) and not _is_prose(read(text), text) for text in distinct]
    return answers.replace_strict(distinct, good, default=False, return_dtype=pl.Boolean)


def _is_prose(reading: Reading, text: str) -> bool:
    """Whether it is a sentence rather than a name: no value in it, and more words than a name has."""
    if reading.items:
        return len(text.split()) > MAX_WORDS and all(_is_prose(item, text) for item in reading.items)
    return reading.kind in ("words", "raw") and len(text.split()) > MAX_WORDS
