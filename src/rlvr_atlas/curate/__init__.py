"""Curate: a mix without leaks, copies, conflicting answers and answers nobody can check, and its ledger.

Rules strike rows one after the other; a row is struck by the first that applies, and the ledger says by which
and on what evidence. What is left is capped, brought to its size, and put in order (docs/curate.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.curate.again import leaks_of_mix
from rlvr_atlas.curate.considered import considered
from rlvr_atlas.curate.converted import leaks_of_converted, match_converted
from rlvr_atlas.curate.copies import conflicts, copies, links, with_copies
from rlvr_atlas.curate.draw import draw
from rlvr_atlas.curate.golds import doubtful, mended, weighed
from rlvr_atlas.curate.ledger import ledger, limits, mix, nothing_left, with_mix_text
from rlvr_atlas.curate.rules import check_names, struck_alone
from rlvr_atlas.curate.scores import read_scores
from rlvr_atlas.curate.view import View
from rlvr_atlas.schema import DECISIONS, MIX, conform

__all__ = ["Curated", "curate", "read_scores"]


@dataclass(frozen=True)
class Curated:
    """Result of the stage.

    Attributes:
        decisions: schema.DECISIONS, a line for every row of every dataset that the recipe names.
        mix: schema.MIX, the rows of the mix in its order.
        limits: What a person should know of it, as sentences.
    """

    decisions: pl.DataFrame
    mix: pl.DataFrame
    limits: list[str]


def curate(
    tables: Mapping[str, pl.DataFrame],
    settings: CurateSettings,
    scores: pl.DataFrame | None = None,
    *,
    matching: MatchSettings | None = None,
) -> Curated:
    """Make a mix.

    Args:
        tables: datasets, occurrences, instances, skipped_rows, matches, lineage, leaks, unjudged, as `schema`
            lists them; transitions where there are any.
        settings: `[curate]` of the recipe.
        scores: As `read_scores` gives them.
        matching: `[match]` of the recipe, by which the mix is audited again; the defaults without it.

    Raises:
        RecipeError: If no row is left, the refill is too small, or a name in the settings means nothing.
    """
    check_names(tables, settings)
    rows = with_mix_text(considered(tables, settings, scores), settings)
    view = View(rows, tables, matching or MatchSettings())
    new_matches = match_converted(rows, view)
    leaks = pl.concat([tables["leaks"], leaks_of_converted(rows, new_matches, view)], how="diagonal")
    struck = struck_alone(rows, leaks, tables["unjudged"], settings)
    # Of one problem, any readable row bears witness: also one that is not wanted itself.
    witnesses = rows.filter(pl.col("key").is_not_null())
    matches = pl.concat([tables["matches"].select(new_matches.columns), new_matches])
    linked = links(witnesses, matches, settings.duplicate_probability)
    if settings.drop_conflicts or settings.fix_conflicts:
        found = conflicts(witnesses, linked)
        differ = weighed(found, rows, tables) if found.height else None
        if differ is not None and settings.fix_conflicts:
            rows = mended(rows, differ, settings)
        if differ is not None and settings.drop_conflicts:
            struck = _strike(struck, doubtful(differ, rows, settings), "conflicting answers")
    struck, drawn = _settle(rows, struck, linked, view, settings)
    decisions = ledger(rows, struck, drawn, settings)
    made = mix(rows, decisions, drawn)
    return Curated(conform(decisions.select(*DECISIONS), DECISIONS), conform(made, MIX), limits(made))


def _settle(
    rows: pl.DataFrame, struck: pl.DataFrame, linked: pl.DataFrame, view: View, settings: CurateSettings
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Drop copies and draw, again and again, until an audit of the mix by itself finds no leak in it.

    Returns:
        All that is struck, and what `draw` says of the others.
    """
    while True:
        out, left = struck, rows.join(struck, on="at", how="anti")
        if settings.drop_duplicates:
            out = _strike(out, copies(left, linked, settings), "duplicate")
            left = rows.join(out, on="at", how="anti")
        if left.filter(~pl.col("is_refill")).is_empty() and (settings.refill is None or left.is_empty()):
            raise nothing_left(rows, out)
        drawn = draw(left, settings)
        made = left.join(drawn.filter("stays"), on="at", how="semi", maintain_order="left")
        found = leaks_of_mix(made, view, settings)
        if found.is_empty():
            return out, drawn
        struck = _strike(struck, with_copies(found, rows, linked, settings), "leak in the mix")


def _strike(struck: pl.DataFrame, found: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Add rows that are not struck yet: at, reason, evidence."""
    new = found.join(struck, on="at", how="anti").unique("at", keep="first", maintain_order=True)
    return pl.concat([struck, new.select("at", reason=pl.lit(reason), evidence="evidence")])
