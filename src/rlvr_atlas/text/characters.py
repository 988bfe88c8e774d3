"""Characters: one spelling for what looks the same, before any wrapping is looked at. Line breaks stay."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

#: TeX commands whose backslash and first letter were read as an escape ("\frac" -> form feed, "rac").
#: Form feed, backspace, bell and vertical tab never stand in a text otherwise; tab and line breaks do.
_BROKEN_ESCAPES = {
    r"\x07([a-z])": r"\a$1",
    r"\x08([a-z])": r"\b$1",
    r"\x0b([a-z])": r"\v$1",
    r"\x0c([a-z])": r"\f$1",
    r"\t(imes|heta|ext\{|frac|riangle|ilde)": r"\t$1",
    r"\r(ight)": r"\r$1",
    r"\n(abla\b)": r"\n$1",
}
_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
#: Soft hyphens, zero-width and direction marks, byte order marks, control characters.
_FORMAT = r"\u{80}-\u{9f}\u{ad}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{2064}\u{feff}"
_INVISIBLE = f"[{_CONTROL}{_FORMAT}]"


def clean(texts: pl.Series) -> pl.Series:
    """Normalise characters: NFC, one kind of space and line break, nothing invisible.

    Args:
        texts: Texts (String); null counts as empty.

    Returns:
        As many texts, in the same order.
    """
    texts = texts.fill_null("")
    texts = change_at(texts.str.contains("|".join(_BROKEN_ESCAPES)).arg_true(), texts, _repair)
    # Most texts are plain ASCII, where there is nothing more to do.
    return change_at(texts.str.contains(rf"[^\x00-\x7f]|[\r{_CONTROL}]").arg_true(), texts, _unify)


def squeeze(texts: pl.Series) -> pl.Series:
    """Every run of white space as one space, none at either end."""
    return texts.str.replace_all(r"\s\s+|[\t\n]", " ").str.strip_chars()


def ascii_words(pattern: str) -> str:
    r"""A pattern whose `\b` are ends of ASCII words.

    Those of any words make polars read each text that is not ASCII throughout 20 to 100 times as slowly.

    Args:
        pattern: A regular expression of polars.
    """
    return re.sub(r"\\.", lambda found: r"(?-u:\b)" if found[0] == r"\b" else found[0], pattern)


def change_at(places: pl.Series, texts: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts, those at `places` changed.

    Args:
        places: Positions of the texts to change.
        texts: Texts (String).
        change: Makes as many texts out of these. Not called where there are none: polars compiles a pattern
            even for no text at all, which takes longer than all else that is done to a single text.
    """
    if places.is_empty():
        return texts
    return texts.clone().scatter(places, change(texts.gather(places)))  # `scatter` works in place


def _repair(texts: pl.Series) -> pl.Series:
    for broken, command in _BROKEN_ESCAPES.items():
        texts = texts.str.replace_all(broken, command)
    return texts


def _unify(texts: pl.Series) -> pl.Series:
    return (
        texts.str.normalize("NFC")
        .str.replace_all(r"\r\n?|[\u{2028}\u{2029}\u{85}]", "\n")
        .str.replace_all(r"[\u{a0}\u{1680}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}]", " ")
        .str.replace_all(_INVISIBLE, "")
    )
