"""Figures of the semantic tier on labelled pairs: recall and precision of links, confusion, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from rlvr_atlas.match.classifier import Classifier
from rlvr_atlas.match.dataset_prior import NOT_DERIVED
from rlvr_atlas.match.features import FEATURES

THRESHOLD = 0.5


def scored(pairs: pl.DataFrame, model: Classifier) -> pl.DataFrame:
    """Pairs with `read` and p_same, p_variant, p_embedded, p_calibrated, which are 0 where not read."""
    features = pairs.select(list(FEATURES)).to_numpy()
    read = model.probability("screen", features) >= model.least_likely
    p = {name: read * model.probability(name, features) for name in ("same", "variant", "embedded")}
    # Calibrated on pairs like these; what is called the same must be surer: a corpus holds fewer originals.
    p = {
        **p,
        "calibrated": p["same"],
        "same": NOT_DERIVED * p["same"] / (NOT_DERIVED * p["same"] + 1 - p["same"]),
    }
    return pairs.with_columns(
        read=pl.Series(read), **{f"p_{name}": pl.Series(values) for name, values in p.items()}
    )


def links(
    pairs: pl.DataFrame, queries: pl.DataFrame, score: str, threshold: float = THRESHOLD
) -> dict[str, Any]:
    """One link per text, to its best candidate: recall over all texts, precision over the links made.

    Args:
        pairs: Scored pairs of texts that have a parent.
        queries: child: all texts that should be linked, those without any candidate too.
        score: Column to rank by.
        threshold: Least score of a link.
    """
    best = (
        pairs.sort(score, "parent", descending=[True, False]).group_by("child", maintain_order=True).first()
    )
    made = best.filter(pl.col(score) >= threshold)
    right = made.filter(pl.col("label").is_in(["same", "embedded"])).height
    n = queries.height
    recall, precision = right / max(n, 1), right / max(made.height, 1)
    f1 = 2 * recall * precision / max(recall + precision, 1e-9)
    return {"texts": n, "recall": recall, "precision": precision, "f1": f1}


def calibration_error(p: np.ndarray[Any, Any], truth: np.ndarray[Any, Any], bins: int = 15) -> float:
    """Expected calibration error over equally wide bins."""
    which = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [
        abs(p[which == b].mean() - truth[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))
