"""How a report was made: which calibration decided, what was measured of it, and the hashes of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlvr_atlas.match import calibrations
from rlvr_atlas.report.tables import Tables

Facts = dict[str, Any]


@dataclass(frozen=True)
class Regime:
    """The calibration that decided which texts in other words are the same problem.

    Attributes:
        encoder: Whose cosines went into it; null where none did.
        pairs: Pairs that it decided.
        card: Its lines `fitted_by`, `date`, `data`.
        measured: test set, precision, recall (0 to 1; null where not measured).
    """

    encoder: str | None
    pairs: int
    card: list[tuple[str, str]]
    measured: list[tuple[str, float | None, float | None]]


def regime(full: Tables, manifest: Mapping[str, Any]) -> Regime | None:
    """The regime that decided; None where nothing was decided by a calibration.

    Whether an encoder was used is told by the cosines in the evidence, not by the recipe, which may ask for
    one that was not there.

    Args:
        full: All tables (see `tables.complete`).
        manifest: Of the workspace; it names the encoder.
    """
    searched = full["matches"].filter(tier="semantic")
    if searched.is_empty():
        return None
    with_cosine = searched.get_column("evidence").struct.field("cosine").count() > 0
    recipe = manifest.get("recipe")
    match = recipe.get("match") if isinstance(recipe, Mapping) else None
    encoder = str(match.get("encoder")) if with_cosine and isinstance(match, Mapping) else None
    known = encoder is not None and calibrations.calibrated_for(encoder)
    card = calibrations.card(encoder if known and encoder else calibrations.NO_ENCODER)
    precision, recall = (card.get("measured", {}).get(name, {}) for name in ("precision", "recall"))
    return Regime(
        encoder=encoder,
        pairs=searched.height,
        card=[(name, str(card[name])) for name in ("fitted_by", "date", "data") if name in card],
        measured=[
            (name.replace("_", " "), precision.get(name), recall.get(name))
            for name in sorted({*precision, *recall})
        ],
    )


def stage_rows(manifest: Mapping[str, Any]) -> list[Facts]:
    """Stages of the run: stage, fingerprint, and tables with their SHA-256; without times, which differ."""
    stages = manifest.get("stages")
    known = stages if isinstance(stages, Mapping) else {}
    return [
        {
            "stage": name,
            "fingerprint": str(stage.get("fingerprint", "")),
            "tables": sorted(
                (str(table), str(digest)) for table, digest in (stage.get("tables") or {}).items()
            ),
        }
        for name, stage in sorted(known.items())
        # The page cannot tell its own stage; that would change it.
        if isinstance(stage, Mapping) and name != "report"
    ]
