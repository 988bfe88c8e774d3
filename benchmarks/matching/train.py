"""Fit the classifier and write trees.npz into the folders of match/calibrations.

Run: python benchmarks/matching/train.py FOLDER [--only none | --only all-MiniLM-L6-v2]

FOLDER is as measure.py and copies.py wrote it; after the --plain of measure.py, --only none fits the set
without cosines alone, and --only alike the question of the lexical tier alone.

Two sets, with cosines and without. In each, a first classifier sees only what the search knows and drops the
bulk of the candidates; three more read the rest: is it the same problem; if not, is it a variant; if so, is
one text embedded in the other. All are gradient-boosted trees: fitted on the train split, calibrated on the
validation split, with answers known and with answers hidden. Nothing is trained on texts of a benchmark file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import edits
import natural
import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from rlvr_atlas.encoder.model import DEFAULT_ENCODER
from rlvr_atlas.match import calibrations
from rlvr_atlas.match.calibrations import NO_ENCODER
from rlvr_atlas.match.classifier import Trees
from rlvr_atlas.match.features import FEATURES
from rlvr_atlas.match.searched import SEARCHED

TARGET = Path(__file__).resolve().parents[2] / "src" / "rlvr_atlas" / "match" / "calibrations"
#: Kinds that are only judged on: texts of benchmark files, and edits and words that are held out.
UNTRAINED = (
    "gsm8k_rephrased_llmdecontaminator",
    "benbench_gsm8k_test_rewritten",
    "gsm_hard",
    *edits.HELD_OUT,
    *natural.HELD_OUT,
)
#: More of these can only speak for the same problem, or only against it.
RISING = (
    "cosine", "bm25", "child_terms", "parent_terms", "child_in_parent", "numbers", "child_numbers",
    "parent_numbers", "answers", "forms", "telling",
)  # fmt: skip
FALLING = ("cosine_gap", "bm25_gap", "asks_exchanged", "numbers_exchanged")
QUESTIONS = {
    "same": (("same", "embedded"), ("variant", "unrelated")),
    "variant": (("variant",), ("unrelated",)),
    "embedded": (("embedded",), ("same",)),
}
#: Asked where texts are alike and nothing that a list knows differs, by what is between the two texts alone.
ALIKE = (("same", "embedded"), ("variant", "unrelated"))
#: Likeness of the pairs that it is learnt from.
NEAR = 0.6
#: Trees of each, their leaves, pairs in a leaf at least, and the learning rate.
SIZES = {
    "screen": (40, 8, 25, 0.1),
    "same": (500, 40, 15, 0.09),
    "variant": (60, 10, 25, 0.1),
    "embedded": (30, 10, 25, 0.1),
    "alike": (150, 16, 15, 0.09),
}
#: Edits are made by rule, each near its original: beside real neighbours of a text they would weigh too much.
#: Texts that a model told in quite other words are the fewest, and the hardest to find.
WEIGHTS = {
    "edited": 0.1,
    "reworded": 1.8,
    "by chance": 0.2,
}
EDITED = (*edits.EDITS, *natural.KNOWN_ONLY, *natural.HIDDEN_ONLY)
REWORDED = ("math7500_corewarding_rewrite",)
#: Share of the same problems of the validation split that the screen may drop. Where encoding takes the hour,
#: reading more pairs costs little; without an encoder reading is what takes the time.
DROPPED = {NO_ENCODER: 0.035, DEFAULT_ENCODER: 0.01}


def chosen(known: pl.DataFrame, hidden: pl.DataFrame, *, with_encoder: bool) -> pl.DataFrame:
    """The pairs that a set is trained and judged on, column `answered` saying which half they are of."""
    both = pl.concat([known.with_columns(answered=True), hidden.with_columns(answered=False)])
    if with_encoder:
        return both
    nothing = pl.lit(np.nan)
    return both.filter("by_words").with_columns(cosine=nothing, cosine_gap=nothing)


def fit(pairs: pl.DataFrame, dropped: float, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """Trees and calibration of a set.

    Args:
        pairs: Output of `chosen`.
        dropped: Share of the same problems that the screen may drop.
        hidden: Features that are not to be used.
    """
    unseen = (*UNTRAINED, *edits.ANY_WORDS)
    usable = pairs.filter(~pl.col("doubtful"), ~pl.col("kind").is_in(unseen), pl.col("split") != "test")
    derived = ("same", "embedded", "variant")
    screen = _question(usable, "screen", derived, ("unrelated",), hidden, SEARCHED)
    trees = as_trees(screen)
    usable = usable.with_columns(
        likely=pl.Series(trees.probability(usable.select(list(FEATURES)).to_numpy()))
    )
    same = usable.filter(pl.col("split") == "validation", pl.col("label").is_in(["same", "embedded"]))
    least = round(float(same["likely"].quantile(dropped) or 0), 5)
    read = usable.filter(pl.col("likely") >= least)
    texts = read.filter(pl.col("split") == "validation").group_by("answered", "child")
    derived_share = texts.agg(pl.col("label").is_in(["same", "embedded"]).any())["label"].mean()
    told = f"read: {read.height} of {usable.height} pairs, from a likelihood of {least} on"
    print(f"{told}; {derived_share:.3f} of the texts have an original among them", file=sys.stderr)
    questions = {name: _question(read, name, *sides, hidden) for name, sides in QUESTIONS.items()}
    return {"least_likely": least, "questions": {"screen": screen, **questions}}


def fit_alike(pairs: pl.DataFrame, in_the_wild: pl.DataFrame) -> dict[str, Any]:
    """Trees and calibration of the question `alike`.

    Args:
        pairs: Output of `chosen`.
        in_the_wild: Output of `copies.copies`.
    """
    kept = ["kind", "label", "split", *FEATURES]
    usable = pairs.filter(~pl.col("doubtful"), ~pl.col("kind").is_in(UNTRAINED), pl.col("lexical") >= NEAR)
    both = pl.concat([usable.select(kept), in_the_wild.select(kept)], how="vertical_relaxed")
    return _question(both.filter(pl.col("split") != "test"), "alike", *ALIKE, SEARCHED)


def arrays(data: dict[str, Any]) -> tuple[Any, Any, Any]:
    """sizes, nodes and line of fitted trees, as `classifier.Trees.of` takes them."""
    sizes = np.array([len(tree) for tree in data["trees"]], np.int32)
    nodes = np.array([node for tree in data["trees"] for node in tree], np.float64)
    return sizes, nodes, np.array([data[name] for name in ("depth", "start", "slope", "shift")])


def as_trees(data: dict[str, Any]) -> Trees:
    """Fitted trees, ready to be asked."""
    return Trees.of(*arrays(data), np.arange(len(FEATURES)))


def _question(  # noqa: PLR0913, PLR0917  where everything meets
    usable: pl.DataFrame,
    name: str,
    yes: tuple[str, ...],
    no: tuple[str, ...],
    hidden: tuple[str, ...],
    seen: tuple[str, ...] = FEATURES,
) -> dict[str, Any]:
    usable = usable.filter(pl.col("label").is_in([*yes, *no]))
    train, validation = (usable.filter(pl.col("split") == split) for split in ("train", "validation"))
    # Without an encoder the cosines are not numbers, all of them.
    columns = [c for c in seen if c not in hidden and not train[c].is_nan().all()]
    monotonic = [(c in RISING) - (c in FALLING) if name in ("same", "screen") else 0 for c in columns]
    count, leaves, least, rate = SIZES[name]
    fitted = HistGradientBoostingClassifier(
        max_iter=count, learning_rate=rate, max_leaf_nodes=leaves, max_depth=8, min_samples_leaf=least,
        l2_regularization=2.0, monotonic_cst=monotonic, early_stopping=False, random_state=0,
    )  # fmt: skip
    fitted.fit(
        train.select(columns).to_numpy(),
        train["label"].is_in(yes).to_numpy(),
        sample_weight=_weights(train) * _weights_of_reworded(train) * _weights_of_chance(train, name),
    )
    data = {**_export(fitted, columns), "slope": 1.0, "shift": 0.0}
    odds = as_trees(data).log_odds(validation.select(list(FEATURES)).to_numpy())
    line = LogisticRegression(C=1e4).fit(
        odds[:, None],
        validation["label"].is_in(yes).to_numpy(),
        sample_weight=_weights(validation) * _weights_of_chance(validation, name),
    )
    return {**data, "slope": round(float(line.coef_[0, 0]), 5), "shift": round(float(line.intercept_[0]), 5)}


def _weights(pairs: pl.DataFrame) -> NDArray[np.float64]:
    """What each pair counts, also where probabilities are calibrated."""
    return np.where(pairs["kind"].is_in(EDITED), WEIGHTS["edited"], 1.0)


def _weights_of_reworded(pairs: pl.DataFrame) -> NDArray[np.float64]:
    """What pairs that are hard to find count more while trees are fitted; calibration does without."""
    sought = pairs["kind"].is_in(REWORDED) & pairs["label"].is_in(["same", "embedded"])
    return np.where(sought, WEIGHTS["reworded"], 1.0)


def _weights_of_chance(pairs: pl.DataFrame, question: str) -> NDArray[np.float64]:
    """What edits count that have the answer of the original: rarer in the wild than they were made here."""
    changed = pairs["kind"].is_in(edits.EDITS) & (pairs["label"] == "variant")
    shown = changed & (pairs["answers"] == 1)
    return np.where(shown & (question == "alike"), WEIGHTS["by chance"], 1.0)


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


def main() -> None:
    """Fit the sets and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=(*DROPPED, "alike"))
    given = parser.parse_args()
    known, hidden = (pl.read_parquet(given.folder / f"{name}.parquet") for name in ("known", "hidden"))
    in_the_wild = pl.read_parquet(given.folder / "copies.parquet")
    for name, dropped in DROPPED.items():
        if given.only not in (None, name, *(["alike"] if name == NO_ENCODER else [])):
            continue
        pairs = chosen(known, hidden, with_encoder=name != NO_ENCODER)
        if given.only == "alike":
            stored, questions = dict(calibrations.arrays(name, "trees.npz")), {}
            if stored["features"].tolist() != list(FEATURES[: len(stored["features"])]):
                raise SystemExit("the other questions were fitted on other features: fit them too")
            stored["features"] = np.array(FEATURES)
        else:
            fitted = fit(pairs, dropped)
            stored = {"features": np.array(FEATURES), "least_likely": np.array(fitted["least_likely"])}
            questions = fitted["questions"]
        if name == NO_ENCODER:
            questions = {**questions, "alike": fit_alike(pairs, in_the_wild)}
        for question, data in questions.items():
            for part, array in zip(("sizes", "nodes", "line"), arrays(data), strict=True):
                stored[f"{question}.{part}"] = array
        np.savez_compressed(TARGET / name / "trees.npz", **stored)


if __name__ == "__main__":
    main()
