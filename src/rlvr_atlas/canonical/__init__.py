"""Canonical questions: wrapping off, one spelling, a key, a skeleton, and what kind of question it is.

In: questions of one dataset as published, and its templates. Out: two forms of each question. Equal
*canonical prompts* (same key) are `identical`; equal *skeletons* are the same problem, `reformatted`.
See docs/canonical-form.md.
"""

from __future__ import annotations

import hashlib

import polars as pl

from rlvr_atlas.canonical.infer import infer_templates
from rlvr_atlas.canonical.skeleton import has_points, skeleton, with_points
from rlvr_atlas.canonical.templates import known_rules, literal_rule, take_off
from rlvr_atlas.schema.attachments import content
from rlvr_atlas.text import traits
from rlvr_atlas.text.characters import change_at, clean, squeeze
from rlvr_atlas.text.subject import subject

__all__ = ["canonicalise", "infer_templates", "key_of", "skeleton"]

#: A label that an option may carry in its own text: "A) 5", "(B) 6".
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ADDED = ("key", "prompt", "skeleton", "stem", "language", "domain", "subject", "is_mcq")
_OWN_LABEL = r"^\s*(?:\(([A-Z])\)|([A-Z])\s?[).:．、])\s*"


def canonicalise(questions: pl.DataFrame, templates: pl.DataFrame, *, kinds: bool = True) -> pl.DataFrame:
    """Bring questions into canonical form.

    Args:
        questions: Columns question (String), options (List of String), hint (String), and where there are any
            attachments (String); others pass through.
        templates: `schema.TEMPLATES`: inferred and recipe templates are taken off every question. Rows of a
            dataset are given those of this dataset alone, so that another one never changes a key; a text of
            no dataset (`explain`) is given those of all. The known ones come from `templates.toml`.
        kinds: Whether language and subject are told. Without, subject is null, and language is where no form
            depends on it: a pattern takes longer to be made than to be found in one text.

    Returns:
        The same rows in the same order with the columns key (SHA-1 of the prompt and of what is attached to
        it, 40 hex), prompt, skeleton, stem (skeleton without multiple-choice options), language, domain,
        subject (of English mathematics) and is_mcq.
    """
    texts = questions.select(pl.col("question").unique(maintain_order=True))
    texts = texts.with_columns(bare=_unwrap(texts["question"], templates))
    texts = texts.with_columns(stem_text=traits.stem(texts["bare"]))
    rows = questions.select("question", "hint", _options_line(questions["options"]))
    rows = rows.join(texts, on="question", how="left", nulls_equal=True, maintain_order="left")
    # Options that stand in the question already are not said twice.
    offers = (pl.col("line") != "") & pl.col("stem_text").is_null()
    rows = rows.select(
        pl.when(offers).then(pl.concat_str("bare", "line")).otherwise("bare").alias("prompt"),
        pl.when(offers).then("bare").otherwise("stem_text").alias("stem_text"),
        "hint",
    )
    distinct = rows.select("prompt", "stem_text").unique("prompt", keep="first", maintain_order=True)
    prompts = _forms(distinct, _languages(distinct["prompt"], everywhere=kinds))
    told = rows.select("prompt", "hint").unique(maintain_order=True)
    told = told.with_columns(traits.domain(told))
    told = told.join(prompts.select("prompt", "language"), on="prompt", how="left", maintain_order="left")
    told = told.with_columns(_subjects(told) if kinds else _nothing("subject", told.height)).drop("language")
    rows = rows.select("prompt", "hint").join(prompts, on="prompt", how="left", maintain_order="left")
    rows = rows.join(told, on=["prompt", "hint"], how="left", nulls_equal=True, maintain_order="left")
    if "attachments" in questions.columns:
        attached = questions["attachments"].is_not_null().arg_true()
        both = (rows["prompt"].gather(attached), questions["attachments"].gather(attached))
        keys = [key_of(prompt, more) for prompt, more in zip(*both, strict=True)]
        rows = rows.with_columns(change_at(attached, rows["key"], lambda _: pl.Series(keys, dtype=pl.String)))
        # What is asked of a database is answered by a query, whatever its words say.
        asked = questions["attachments"].str.contains(r"\bdatabase\.").fill_null(value=False)
        rows = rows.with_columns(
            domain=pl.when(asked).then(pl.lit("code")).otherwise("domain"),
            subject=pl.when(~asked).then("subject"),
        )
    return pl.concat([questions, rows.select(*_ADDED)], how="horizontal")


def key_of(prompt: str, attachments: str | None = None) -> str:
    """The key of a problem: SHA-1 (40 hex) of its canonical prompt and of what is attached to it.

    Args:
        prompt: The canonical prompt.
        attachments: The column `attachments`; what images look like does not count.
    """
    # No canonical prompt holds a NUL, so that no text alone has the key of one with attachments.
    attached = content(attachments)
    text = prompt if attached is None else f"{prompt}\0{attached}"
    return hashlib.sha1(text.encode()).hexdigest()


def _unwrap(texts: pl.Series, templates: pl.DataFrame) -> pl.Series:
    """Texts with all templates off and white space squeezed."""
    chosen = (
        templates.filter(pl.col("origin").is_in(["inferred", "recipe"])).select("position", "text").unique()
    )
    # The longest first, so that none is cut in two by a shorter one.
    chosen = chosen.sort(-pl.col("text").str.len_chars().cast(pl.Int64), "position", "text")
    pool = [literal_rule(position, text) for position, text in chosen.iter_rows()]
    return squeeze(take_off(clean(texts), [*known_rules(), *pool])[0])


def _languages(prompts: pl.Series, *, everywhere: bool) -> pl.Series:
    """The language of each prompt; null where it is not wanted everywhere and no number depends on it."""
    if everywhere:
        return traits.language(prompts)
    written = has_points(prompts)
    told = change_at(
        written, _nothing("language", len(prompts)), lambda _: traits.language(prompts.gather(written))
    )
    return told.alias("language")


def _forms(prompts: pl.DataFrame, language: pl.Series) -> pl.DataFrame:
    """Everything that follows from the prompt alone; `stem_text` is null where there are no options."""
    text, begin = pl.col("prompt"), pl.col("stem_text")
    offered = text.str.strip_prefix(begin)
    labelled = prompts.with_columns(offered=pl.when(begin.is_not_null()).then(offered))
    labelled = labelled.with_columns(offered=traits.relabel(labelled["offered"]))
    whole = labelled.select(
        pl.when(begin.is_null()).then(text).otherwise(pl.concat_str(begin, "offered"))
    ).to_series()
    forms = prompts.select(
        "prompt",
        pl.Series(
            "key",
            [key_of(prompt) for prompt in prompts["prompt"]],
            dtype=pl.String,
        ),
        skeleton(with_points(whole, language)),
        language,
        begin.is_not_null().alias("is_mcq"),
    )
    offering = forms["is_mcq"].arg_true()
    stems = with_points(prompts["stem_text"].gather(offering), language.gather(offering))
    stems = change_at(offering, forms["skeleton"], lambda _: skeleton(stems))
    return forms.with_columns(stems.alias("stem"))


def _subjects(kinds: pl.DataFrame) -> pl.Series:
    """The subject of each prompt that is English mathematics, which the lists are for; null elsewhere."""
    none = _nothing("subject", kinds.height)
    told = ((kinds["domain"] == "math") & (kinds["language"] == "en")).arg_true()
    return change_at(told, none, lambda _: subject(kinds["prompt"].gather(told)))


def _nothing(name: str, length: int) -> pl.Series:
    return pl.Series(name, [None], dtype=pl.String).new_from_index(0, length)


def _options_line(options: pl.Series) -> pl.Series:
    """Options from a field of their own as " (A) ... (B) ..."; empty where there is no such field."""
    if options.null_count() == len(options):
        return pl.Series("line", [""]).new_from_index(0, len(options))
    lists = pl.DataFrame({"place": pl.arange(len(options), eager=True), "option": options})
    each = lists.filter(pl.col("option").list.len() > 0).explode("option")
    each = each.with_columns(squeeze(clean(each["option"])), number=pl.int_range(pl.len()).over("place"))
    letter = pl.lit(_LETTERS).str.slice(pl.col("number"), 1)
    own = pl.coalesce(
        pl.col("option").str.extract(_OWN_LABEL, 1), pl.col("option").str.extract(_OWN_LABEL, 2)
    )
    # A label is one only where all options carry theirs, in order.
    labelled = (own == letter).fill_null(False).all().over("place")
    text = pl.when(labelled).then(pl.col("option").str.replace(_OWN_LABEL, "")).otherwise("option")
    lines = (
        each.select("place", pl.format(" ({}) {}", letter, text).alias("line"))
        .group_by("place", maintain_order=True)
        .agg(pl.col("line").str.join())
    )
    return lists.join(lines, on="place", how="left", maintain_order="left")["line"].fill_null("")
