"""The trained verifier: gradient-boosted trees as plain numbers, evaluated with numpy.

`benchmarks/matching/train.py` fits them with scikit-learn and writes `model.json`; nothing of scikit-learn is
needed to use them. There are two sets, with the encoder's cosines and without, each calibrated by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.match.signals import FEATURES

Array = NDArray[Any]
_BLOCK = 8192


@dataclass(frozen=True)
class Trees:
    """An ensemble whose summed leaves are a log-odds, and how that becomes a probability.

    Node arrays have the shape (trees, nodes). A leaf is its own child on both sides.

    Attributes:
        feature: Column that a node looks at.
        threshold: A value up to it goes left.
        missing_left: Whether a value that is not a number goes left.
        left: Where left is.
        right: Where right is.
        value: Of a leaf.
        depth: Steps from a root to the deepest leaf.
        start: Log-odds before the first tree.
        slope: Calibration: probability = sigmoid(slope * log-odds + shift).
        shift: The other half of it.
    """

    feature: Array
    threshold: Array
    missing_left: Array
    left: Array
    right: Array
    value: Array
    depth: int
    start: float
    slope: float
    shift: float

    @classmethod
    def read(cls, data: Mapping[str, Any], columns: Array) -> Trees:
        """Trees from their JSON form; `columns` are the positions of the features they were trained on."""
        trees = data["trees"]
        size = max(len(tree) for tree in trees)
        # [feature, threshold, missing left, left, right, value]; the padding is never reached.
        nodes = np.array([[*tree, *[[0, 0, 0, 0, 0, 0]] * (size - len(tree))] for tree in trees], dtype=float)
        feature, left, right = (nodes[..., column].astype(np.int64) for column in (0, 3, 4))
        return cls(
            columns[feature],
            nodes[..., 1],
            nodes[..., 2] > 0,
            left,
            right,
            nodes[..., 5],
            *(data[name] for name in ("depth", "start", "slope", "shift")),
        )

    def log_odds(self, features: Array) -> Array:
        """Summed leaves, shape (n,)."""
        blocks = [self._sum(features[i : i + _BLOCK]) for i in range(0, len(features), _BLOCK)]
        return np.concatenate([np.zeros(0), *blocks])

    def probability(self, features: Array) -> Array:
        """Calibrated probability, shape (n,)."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * self.log_odds(features) + self.shift))))

    def _sum(self, features: Array) -> Array:
        total = np.full(len(features), self.start)
        rows = np.arange(len(features))
        for tree in range(len(self.feature)):
            node = np.zeros(len(features), np.int64)
            for _ in range(self.depth):
                seen = features[rows, self.feature[tree, node]]
                left = np.where(
                    np.isnan(seen), self.missing_left[tree, node], seen <= self.threshold[tree, node]
                )
                node = np.where(left, self.left[tree, node], self.right[tree, node])
            total += self.value[tree, node]
        return total


@dataclass(frozen=True)
class Model:
    """What each question is answered by.

    Attributes:
        questions: "screen" (worth reading?), "same", "variant" (if not the same), "embedded" (if the same).
        least_likely: Candidates that the screen gives less than this are not read.
    """

    questions: Mapping[str, Trees]
    least_likely: float

    def probability(self, question: str, features: Array) -> Array:
        """Probability of a yes, shape (n,); features in the order of `signals.FEATURES`."""
        return self.questions[question].probability(features)


@cache
def model(*, with_encoder: bool) -> Model:
    """The packaged model."""
    data = json.loads(files("rlvr_atlas.match").joinpath("model.json").read_text(encoding="utf-8"))
    order = list(FEATURES)
    columns = np.array([order.index(name) for name in data["features"]])
    chosen = data["with_encoder" if with_encoder else "without_encoder"]
    return Model(
        {question: Trees.read(trees, columns) for question, trees in chosen["questions"].items()},
        float(chosen["least_likely"]),
    )
