"""Wrapping around a problem: chat tags, instructions on how to answer, heads such as "Question:".

What is known of formats is data in `templates.toml`; this module turns it into rules and takes them off. A
rule only ever works at the beginning or the end of a text (or takes the whole text apart at its role tags),
and never leaves a text without a letter or digit.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import polars as pl

Position = Literal["prefix", "suffix"]

#: Wrapping is nested (a role tag around an instruction around a problem), but not deeper than this.
ROUNDS = 8
#: What may stand between two words of an instruction, and after its last one.
_GAP = r"[ \t\n!-/:-@\[-^`{-~“”‘’…–—]+"
#: Words an instruction may begin with where the problem before it does not end in a full stop.
_OPENER = (
    r"(?-i:Let|Please|Think|Reason|Remember|Make|Now|First|You|Your|The|Solve|Answer|Respond|Show|After|At|In"
    r"|Put|Place|Write|Box|Enclose|Wrap|Provide|Give|Output|Present|Return|State|Report)"
)
_WORDS = re.compile(r"\w+|#{2,}")


@dataclass(frozen=True)
class Rule:
    """One wrapping to take off.

    Attributes:
        position: Where it stands.
        text: How it is reported.
        pattern: Rust regular expression, anchored.
        replacement: What stays of the match.
        marks: Literals of which one must occur for the rule to be tried; empty means always.
    """

    position: Position
    text: str
    pattern: str
    replacement: str = ""
    marks: tuple[str, ...] = ()


@cache
def known_rules() -> tuple[Rule, ...]:
    """The rules of `templates.toml`, in its order."""
    data = tomllib.loads(files("rlvr_atlas.canonical").joinpath("templates.toml").read_text("utf-8"))
    parts = _instruction_parts(data["instruction"])
    return tuple(_known_rule(entry, parts) for entry in data["template"])


def literal_rule(position: Position, text: str) -> Rule:
    """A rule for a text as it stands, whatever its white space.

    Args:
        position: "prefix" or "suffix".
        text: The text to take off, case and punctuation included.
    """
    body = r"\s+".join(re.escape(word) for word in text.split())
    # In the questions of another dataset the text may be the beginning of a longer word.
    before, after = (
        r"\b" if edge.isascii() and edge.isalnum() else "" for edge in (text.strip()[:1], text.strip()[-1:])
    )
    return _anchored(position, text, f"(?-i:{before}{body}{after})")


def take_off(
    texts: pl.Series, rules: Sequence[Rule], rows: pl.Series | None = None
) -> tuple[pl.Series, Counter[Rule]]:
    """Take all wrapping off, repeatedly, since it may be nested.

    Args:
        texts: Texts (String), line breaks still in place.
        rules: Rules in the order in which they are tried.
        rows: How many rows each text stands for; 1 where left out.

    Returns:
        The texts in the same order, and how many rows each rule changed.
    """
    counts: Counter[Rule] = Counter()
    weights = rows if rows is not None else pl.repeat(1, len(texts), dtype=pl.Int64, eager=True)
    marks = sorted({mark.lower() for rule in rules for mark in rule.marks})
    texts = texts.clone()
    places = pl.arange(len(texts), eager=True)
    for _ in range(ROUNDS):
        before = texts.gather(places)
        after = before.clone()  # `scatter` works in place
        counted = weights.gather(places)
        # One look for all marks: most texts hold none, and then most rules need not be tried.
        held = _held(before, marks)
        for rule in (rule for rule in rules if rule.marks):
            where = [held[mark.lower()] for mark in rule.marks if mark.lower() in held]
            if where:
                after = _try(after, rule, pl.concat(where).unique().sort(), counted, counts)
        everywhere = pl.arange(len(before), eager=True)
        for rule in (rule for rule in rules if not rule.marks):
            after = _try(after, rule, everywhere, counted, counts)
        texts = texts.scatter(places, after)
        places = places.filter(after != before)
        if places.is_empty():
            break
    return texts, counts


def _held(texts: pl.Series, marks: Sequence[str]) -> dict[str, pl.Series]:
    """For each of the marks (in lower case) that occurs, the places of the texts that hold it."""
    if not marks:
        return {}
    found = texts.str.extract_many(list(marks), ascii_case_insensitive=True, overlapping=True)
    pairs = pl.DataFrame({"place": pl.arange(len(texts), eager=True), "mark": found}).explode("mark")
    pairs = pairs.drop_nulls().with_columns(pl.col("mark").str.to_lowercase()).unique(maintain_order=True)
    return {str(mark): group["place"] for (mark,), group in pairs.group_by("mark")}


def _try(texts: pl.Series, rule: Rule, fits: pl.Series, rows: pl.Series, counts: Counter[Rule]) -> pl.Series:
    """Take one rule off wherever it fits, of the places given."""
    # Replacing is slow where a pattern has groups, so it is done only where the pattern is known to fit.
    if rule.marks:  # another rule may have taken the mark off in the meantime
        marks = list(rule.marks)
        fits = fits.filter(texts.gather(fits).str.contains_any(marks, ascii_case_insensitive=True))
    fits = fits.filter(texts.gather(fits).str.contains(rule.pattern))
    if fits.is_empty():
        return texts
    stripped = texts.gather(fits).str.replace(rule.pattern, rule.replacement)
    # A text that is nothing but a template is more likely a strange problem than no problem at all.
    left = stripped.str.contains(r"[\p{L}\p{N}]")
    fits, stripped = fits.filter(left), stripped.filter(left)
    counts[rule] += int(rows.gather(fits).sum())
    return texts.scatter(fits, stripped)


def _known_rule(entry: dict[str, Any], parts: dict[str, str]) -> Rule:
    if "text" in entry:
        name, body = entry["text"], _tolerant(entry["position"], entry["text"])
    else:
        name, body = entry["name"], entry["regex"]
    for part, pattern in parts.items():
        body = body.replace(f"{{{part}}}", pattern)
    return _anchored(entry["position"], name, body, entry.get("mark", ()))


def _anchored(position: Position, text: str, body: str, marks: Iterable[str] = ()) -> Rule:
    # Characters are clean by now; the full class of white space would only make the patterns large.
    body = body.replace(r"\s", r"[ \t\n]")
    if position == "prefix":
        return Rule(position, text, rf"(?is)^[ \t\n]*(?:{body})[ \t\n]*", marks=tuple(marks))
    keep = "${keep}" if "<keep>" in body else ""
    return Rule(position, text, rf"(?is)(?:{body})[ \t\n]*$", keep, tuple(marks))


def _tolerant(position: str, text: str) -> str:
    """A pattern for a wording in any case, spacing and punctuation."""
    body = _GAP.join(re.escape(word) for word in _WORDS.findall(text))
    if position == "prefix":
        return body + r"""[.:!,;"'”’*})\]]{0,4}"""
    # The last sign of the problem itself must stay.
    return r"""(?:\s|(?P<keep>[.?!:)\]}$。？！]))[*"'“(]{0,2}""" + body + f"(?:{_GAP})?"


def _instruction_parts(vocabulary: dict[str, Any]) -> dict[str, str]:
    """Patterns for runs of instruction words that hold at least one of the marks."""
    # Longest first: an alternation takes the first that fits.
    words = sorted(vocabulary["words"].split(), key=lambda word: (-len(word), word))
    marks = "|".join(vocabulary["marks"])
    word = rf"(?:{marks}|{'|'.join(words)})"
    run = rf"(?:{word}{_GAP})*(?:{marks})(?:{_GAP}{word})*(?:{_GAP})?"
    return {"RUN": run, "WORD": word, "GAP": _GAP, "OPENER": _OPENER}
