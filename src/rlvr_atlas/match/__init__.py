"""Match: which distinct prompts are the same problem, or variants of each other.

Tiers go from cheap to dear, and each looks only at what is not settled: `exact` needs no match at all (one
key), `normalised` joins equal skeletons, `lexical` compares wording. A match is a pair of keys (child,
parent), the parent released earlier.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import lexical
from rlvr_atlas.match.minhash import Signatures
from rlvr_atlas.match.normalised import equal_skeletons
from rlvr_atlas.record import MATCHES, conform

__all__ = ["Matched", "match"]


@dataclass(frozen=True)
class Matched:
    """Result of the stage.

    Attributes:
        matches: record.MATCHES, ordered by child and parent.
        units: One line per distinct skeleton in order of release: skeleton, key (its earliest), answer.
        signatures: MinHash signature of each unit, for later look-ups.
        limits: What was left out, as sentences for a person; empty where nothing was.
    """

    matches: pl.DataFrame
    units: pl.DataFrame
    signatures: Signatures
    limits: list[str]


def match(instances: pl.DataFrame, settings: MatchSettings) -> Matched:
    """Run all tiers.

    Args:
        instances: record.INSTANCES with `first_dataset`, ordered by first occurrence.
        settings: Thresholds and seed.
    """
    units = instances.group_by("skeleton", maintain_order=True).agg(
        pl.col("key", "first_dataset").first(), pl.col("answer").drop_nulls().first()
    )
    found = lexical.find(
        units["skeleton"].to_list(), units["answer"].to_list(), units["first_dataset"].to_list(), settings
    )
    ordered = instances.select("key", "skeleton", "answer").with_row_index("order")
    pairs = [equal_skeletons(ordered), _between_skeletons(ordered, lexical.as_frame(found.pairs, units))]
    limits = []
    if found.cut:
        limits.append(f"{found.cut} pairs of look-alike templated problems were not compared one by one")
    matches = pl.concat([conform(part, MATCHES).select(*MATCHES) for part in pairs]).sort("child", "parent")
    return Matched(matches, units, found.signatures, limits)


def _between_skeletons(ordered: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Spread verdicts on skeletons over the keys that have them; the earlier key of two is the parent."""
    keys = ordered.select("skeleton", "key", "order")
    spread = pairs.join(keys, left_on="parent_skeleton", right_on="skeleton").join(
        keys, left_on="child_skeleton", right_on="skeleton", suffix="_child"
    )
    later = pl.col("order_child") > pl.col("order")
    return spread.with_columns(
        child=pl.when(later).then("key_child").otherwise("key"),
        parent=pl.when(later).then("key").otherwise("key_child"),
        tier=pl.lit("lexical"),
    )
