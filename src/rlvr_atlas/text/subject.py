"""Which subject of mathematics a question is of, by the words and signs of `subjects.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import polars as pl

from rlvr_atlas.text.characters import ascii_words

#: Only so many characters are read, and so many finds of a list count.
_READ, _MOST = 1200, 3
#: What a sure sign is worth.
_SURE = 3


@cache
def _patterns() -> dict[str, dict[str, str]]:
    """Subject -> sure and some -> one pattern that finds any of the list."""
    listed = tomllib.loads(files("rlvr_atlas.text").joinpath("subjects.toml").read_text("utf-8"))
    return {
        subject: {
            kind: ascii_words("|".join(f"(?:{form})" for form in forms)) for kind, forms in lists.items()
        }
        for subject, lists in listed.items()
    }


def subject(prompts: pl.Series) -> pl.Series:
    """The subject of each question; null where nothing tells it.

    Args:
        prompts: Canonical prompts of English mathematics (String).

    Returns:
        algebra, geometry, number theory, counting and probability, trigonometry, linear algebra, or calculus.
    """
    # Without regard to case each pattern would take three times as long.
    texts, text = prompts.str.slice(0, _READ).str.to_lowercase(), pl.col("text")
    counts = texts.to_frame("text").select(
        (_count(text, lists["sure"]) * _SURE + _count(text, lists["some"])).alias(name)
        for name, lists in _patterns().items()
    )
    names = dict(enumerate(counts.columns))
    best = pl.concat_list(pl.all()).list.arg_max().replace_strict(names, return_dtype=pl.String)
    return counts.select(subject=pl.when(pl.max_horizontal(pl.all()) > 0).then(best)).to_series()


def _count(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.count_matches(pattern).clip(0, _MOST).cast(pl.Int32)
