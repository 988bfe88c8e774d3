"""Fit the verifier and write src/rlvr_atlas/match/model.json.

Run: python benchmarks/matching/train.py PAIRS [PAIRS_WITH_ENCODER]   (from measure.py)

Three gradient-boosted classifiers for each set: is it the same problem; if not, is it a variant; if so, is
one text embedded in the other. Trees are fitted on the train split, calibration on the validation split.
Every training pair is shown twice, once with its answers hidden, so that the model does not lean on them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from rlvr_atlas.match.model import Trees
from rlvr_atlas.match.signals import FEATURES

TARGET = Path(__file__).resolve().parents[2] / "src" / "rlvr_atlas" / "match" / "model.json"
#: More of these can only speak for the same problem, or only against it.
RISING = ("cosine", "bm25", "child_in_parent", "numbers", "child_numbers", "parent_numbers", "answers")
FALLING = ("cosine_gap", "bm25_gap")
QUESTIONS = {
    "same": (("same", "embedded"), ("variant", "unrelated")),
    "variant": (("variant",), ("unrelated",)),
    "embedded": (("embedded",), ("same",)),
}
SIZES = {"same": 120, "variant": 40, "embedded": 25}


def fit(pairs: pl.DataFrame, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """Trees and calibration of the three questions.

    Args:
        pairs: Output of `labelled`.
        hidden: Features that are not to be used.
    """
    return {name: _question(pairs, name, *sides, hidden) for name, sides in QUESTIONS.items()}


def _question(
    pairs: pl.DataFrame, name: str, yes: tuple[str, ...], no: tuple[str, ...], hidden: tuple[str, ...]
) -> dict[str, Any]:
    usable = pairs.filter(~pl.col("doubtful"), pl.col("label").is_in([*yes, *no]))
    train, validation = (usable.filter(pl.col("split") == split) for split in ("train", "validation"))
    # Without an encoder the cosines are not numbers, all of them.
    columns = [c for c in FEATURES if c not in hidden and not train[c].is_nan().all()]
    monotonic = [(c in RISING) - (c in FALLING) if name == "same" else 0 for c in columns]
    fitted = HistGradientBoostingClassifier(
        max_iter=SIZES[name], learning_rate=0.12, max_leaf_nodes=12, min_samples_leaf=20,
        l2_regularization=2.0,
        monotonic_cst=monotonic, early_stopping=False, random_state=0,
    )  # fmt: skip
    fitted.fit(*_both(train, columns, yes))
    data = {**_export(fitted, columns), "slope": 1.0, "shift": 0.0}
    features, truth = _both(validation, list(FEATURES), yes)
    odds = Trees.read(data, np.arange(len(FEATURES))).log_odds(features)
    line = LogisticRegression(C=1e4).fit(odds[:, None], truth)
    return {**data, "slope": round(float(line.coef_[0, 0]), 5), "shift": round(float(line.intercept_[0]), 5)}


def _both(pairs: pl.DataFrame, columns: list[str], yes: tuple[str, ...]) -> tuple[Any, Any]:
    """Features and truth, each pair with its answers and without."""
    blind = pairs.with_columns(answers=pl.lit(np.nan), answer_weight=pl.lit(np.nan))
    both = pl.concat([pairs, blind])
    return both.select(columns).to_numpy(), both["label"].is_in(yes).to_numpy()


def _export(fitted: HistGradientBoostingClassifier, columns: list[str]) -> dict[str, Any]:
    order, trees, depth = list(FEATURES), [], 0
    for (stage,) in fitted._predictors:
        nodes = stage.nodes
        depth = max(depth, int(nodes["depth"].max()))
        trees.append([
            [0, 0, 0, n, n, round(float(node["value"]), 5)] if node["is_leaf"]
            else [order.index(columns[node["feature_idx"]]), float(f"{min(node['num_threshold'], 1e30):.6g}"),
                  int(node["missing_go_to_left"]), int(node["left"]), int(node["right"]), 0]
            for n, node in enumerate(nodes)
        ])  # fmt: skip
    return {"trees": trees, "depth": depth, "start": round(float(fitted._baseline_prediction.item()), 5)}


def main(plain: str, encoded: str | None = None) -> None:
    """Fit both sets and write them."""
    data = {"features": list(FEATURES), "without_encoder": fit(pl.read_parquet(plain))}
    data["with_encoder"] = fit(pl.read_parquet(encoded)) if encoded else data["without_encoder"]
    text = json.dumps(data, separators=(",", ":")).replace("]],[[", "]],\n[[")
    TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
