"""A few matches of every relation to read, with what differs between the two prompts marked."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from rlvr_atlas import schema
from rlvr_atlas.report.tables import Tables, answers_differ
from rlvr_atlas.schema.attachments import named

#: Pairs shown of one kind, characters of a prompt compared, unchanged words shown around a change.
PER_KIND, LONGEST, CONTEXT = 4, 1600, 24
#: The heading of same-problem pairs with two answers: one of the two answers is likely wrong.
DISAGREE = "answers disagree"
#: The kinds of pairs that are shown, by heading, and what each says.
MEANINGS: dict[str, str] = {kind.label: kind.meaning for kind in schema.RELATION_TABLE} | {
    DISAGREE: "The same problem, yet the two gold answers differ: one of them is likely wrong, "
    "or the pair is."
}

# A TeX command, a number, a character of a script without spaces, a word, a sign; with the space behind it.
_NO_SPACES = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"(?:\\[A-Za-z]+|\d+|[{_NO_SPACES}]|[^\W\d_{_NO_SPACES}]+|\S)\s*|\s+")


@dataclass(frozen=True)
class Piece:
    """A run of text: "same", "changed", or a "gap" (unchanged words that are not shown)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Side:
    """One prompt of a pair: where it stands first, and its pieces; `cut`: characters that are not shown.

    `attached` says what it is asked of beside its text, such as "image"; empty for nothing.
    """

    dataset: str | None
    row: int | None
    key: str
    places: int
    pieces: list[Piece]
    cut: int
    answer: str | None
    attached: str = ""


@dataclass(frozen=True)
class Example:
    """A match to read."""

    relation: str
    tier: str
    probability: float | None
    evidence: list[tuple[str, str]]
    child: Side
    parent: Side


def examples(full: Tables) -> dict[str, list[Example]]:
    """Pairs by label of the relation, and under `DISAGREE` same-problem pairs whose answers differ.

    Keys are hashes, so the first key of a group of pairs is a fair draw that is the same in every run. One
    pair is drawn for every two datasets; of those, `PER_KIND` are shown, evenly spread from the surest to the
    least sure.

    Args:
        full: All tables (see `tables.complete`).
    """
    places = _first_places(full["occurrences"]).select("key", "dataset")
    matches = (
        full["matches"]
        .filter(pl.col("child") != pl.col("parent"))
        .join(places.rename({"key": "child", "dataset": "child_dataset"}), on="child", how="left")
        .join(places.rename({"key": "parent", "dataset": "parent_dataset"}), on="parent", how="left")
    )
    kinds = {kind.label: pl.col("relation") == kind.name for kind in schema.RELATION_TABLE}
    kinds[DISAGREE] = answers_differ()
    chosen = {kind: _spread(matches.filter(wanted)) for kind, wanted in kinds.items()}
    shown = pl.concat(chosen.values())
    texts = texts_of(full, pl.concat([shown.get_column("child"), shown.get_column("parent")]))
    return {
        kind: [pair_to_read(pair, texts) for pair in pairs.to_dicts()]
        for kind, pairs in chosen.items()
        if pairs.height
    }


def texts_of(full: Tables, keys: pl.Series) -> dict[str, dict[str, Any]]:
    """Of some keys what a page shows: prompt, answer, attachments, and where each stands first, by key.

    Args:
        full: All tables (see `tables.complete`).
        keys: They may be repeated.
    """
    prompts = full["instances"].filter(pl.col("key").is_in(keys.unique().implode()))
    known = prompts.join(_first_places(full["occurrences"]), on="key", how="left").select(
        "key", "prompt", "answer", "attachments", "dataset", "row", "places"
    )
    return {row["key"]: row for row in known.to_dicts()}


def _first_places(occurrences: pl.DataFrame) -> pl.DataFrame:
    """Where every key stands first: key, dataset, row, places (how often it stands anywhere)."""
    return (
        occurrences.select("key", "dataset", "row", "released")
        .sort("released", "dataset", "row", nulls_last=True)
        .group_by("key")
        .agg(pl.col("dataset", "row").first(), places=pl.len())
    )


def _spread(pairs: pl.DataFrame) -> pl.DataFrame:
    drawn = (
        pairs.sort("child", "parent", "tier")
        .unique(["child_dataset", "parent_dataset"], keep="first", maintain_order=True)
        .sort("probability", "child", "parent", descending=[True, False, False], nulls_last=True)
    )
    count = min(PER_KIND, drawn.height)
    return drawn[[round(place * (drawn.height - 1) / max(count - 1, 1)) for place in range(count)]]


def pair_to_read(pair: dict[str, Any], texts: dict[str, dict[str, Any]]) -> Example:
    """A pair with what differs marked.

    Args:
        pair: child, parent, relation, tier, probability, evidence.
        texts: Of their keys, see `texts_of`.
    """
    child, parent = (texts.get(pair[end], {"key": pair[end]}) for end in ("child", "parent"))
    pieces = compare(*(clip(side.get("prompt") or "") for side in (child, parent)))
    sides = [
        Side(
            dataset=side.get("dataset"),
            row=side.get("row"),
            key=side["key"],
            places=side.get("places") or 0,
            pieces=parts,
            cut=max(len(side.get("prompt") or "") - LONGEST, 0),
            answer=side.get("answer"),
            attached=named(side.get("attachments")),
        )
        for side, parts in zip((child, parent), pieces, strict=True)
    ]
    evidence = say_evidence(pair["evidence"] or {})
    return Example(pair["relation"], pair["tier"], pair["probability"], evidence, *sides)


def say_evidence(evidence: dict[str, Any]) -> list[tuple[str, str]]:
    """What was measured of a pair, by name, in words; what was not measured is left out."""
    return [(name, _say(value)) for name, value in evidence.items() if value not in (None, "")]


def _say(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else clip(str(value), 240)


def clip(text: str, longest: int = LONGEST) -> str:
    """At most `longest` characters; the caller says how many were cut."""
    return text[:longest]


def compare(child: str, parent: str) -> tuple[list[Piece], list[Piece]]:
    """Word by word, what the two texts share and what only one of them has.

    Long runs of shared words become a gap, the same one on both sides.

    Example:
        `compare("Find 2 + 3.", "Find 2 + 4.")[0]` is same "Find 2 + ", changed "3", same "."
    """
    tokens = [_TOKEN.findall(text) for text in (child, parent)]
    bare = [[token.strip() for token in side] for side in tokens]
    matcher = difflib.SequenceMatcher(None, bare[0], bare[1], autojunk=False)
    sides: tuple[list[Piece], list[Piece]] = ([], [])
    for kind, *spans in matcher.get_opcodes():
        for side, own, (start, stop) in zip(sides, tokens, (spans[:2], spans[2:]), strict=True):
            if kind == "equal":
                side.extend(_shorten(own[start:stop]))
            elif start < stop:
                changed = "".join(own[start:stop])
                side.append(Piece("changed", changed.rstrip()))
                side.append(Piece("same", changed[len(changed.rstrip()) :]))
    return sides


def _shorten(tokens: list[str]) -> list[Piece]:
    left_out = len(tokens) - 2 * CONTEXT
    if left_out <= CONTEXT:
        return [Piece("same", "".join(tokens))]
    return [
        Piece("same", "".join(tokens[:CONTEXT])),
        Piece("gap", f"{left_out:,} words and signs the same"),
        Piece("same", "".join(tokens[-CONTEXT:])),
    ]
