"""The normalised tier: distinct canonical prompts with equal skeletons are the same problem, reformatted."""

from __future__ import annotations

import polars as pl

from rlvr_atlas.answer import compare
from rlvr_atlas.match import calibrations
from rlvr_atlas.match.attachments import paired
from rlvr_atlas.schema import EVIDENCE

#: Equal skeletons with differing answers are mostly wrong gold answers, seldom two problems.
_WORDING = calibrations.thresholds()["wording"]
_SURE, _ANSWERS_DIFFER = _WORDING["p_skeleton"], _WORDING["p_skeleton_other_answer"]


def equal_skeletons(instances: pl.DataFrame) -> pl.DataFrame:
    """Pairs of distinct keys with one skeleton.

    Args:
        instances: order (position by release), key, skeleton, answer, attachments.

    Returns:
        child, parent, relation, tier, probability, evidence: every pair inside a group of equal skeletons
        that may be asked of the same things, and `agree`, see `match.attachments`.
    """
    shared = instances.filter(pl.len().over("skeleton") > 1)
    pairs = paired(shared, shared, "skeleton", "skeleton").filter(pl.col("order") < pl.col("order_child"))
    agree = _agreement(pairs["answer"], pairs["answer_child"])
    equal = {name: pl.lit(True) for name in ("numbers_agree", "operators_agree", "asks_agree")}
    parts = {
        **{field.name: pl.lit(None, field.dtype) for field in EVIDENCE.fields},
        **equal,
        "lexical": pl.lit(1.0),
        "containment": pl.lit(1.0),
        "changed": pl.lit(""),
        "answers_agree": pl.lit(agree),
    }
    return pairs.select(
        "agree",
        child="key_child",
        parent="key",
        relation=pl.lit("reformatted"),
        tier=pl.lit("normalised"),
        probability=pl.when(pl.lit(agree).eq_missing(pl.lit(False))).then(_ANSWERS_DIFFER).otherwise(_SURE),
        evidence=pl.struct(*(parts[field.name].alias(field.name) for field in EVIDENCE.fields)),
    )


def _agreement(left: pl.Series, right: pl.Series) -> pl.Series:
    """Whether two answers agree, row by row; null where that cannot be judged."""
    meaning = {"same": True, "different": False, "unknown": None}
    verdicts: dict[tuple[str | None, str | None], bool | None] = {}
    result = []
    for pair in zip(left, right, strict=True):
        if pair not in verdicts:
            verdicts[pair] = meaning[compare(*pair)]
        result.append(verdicts[pair])
    return pl.Series("answers_agree", result, dtype=pl.Boolean)
