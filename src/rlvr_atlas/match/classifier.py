"""The classifier of pairs: gradient-boosted trees as plain numbers, evaluated with numpy.

`benchmarks/matching/train.py` fits them with scikit-learn and writes them into a folder of `calibrations`;
nothing of scikit-learn is needed to use them. Each folder has a calibration of its own (Platt scaling).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.match import calibrations
from rlvr_atlas.match.features import FEATURES

Array = NDArray[Any]
#: Rows at a time: what a step works on then stays in the processor's cache.
_BLOCK = 64


@dataclass(frozen=True)
class Trees:
    """An ensemble whose summed leaves are a log-odds, and how that becomes a probability.

    All nodes of all trees stand in one row. A leaf is its own child on both sides.

    Attributes:
        roots: Where each tree begins, shape (trees,).
        feature: Column that a node looks at, of the features and once more the features: in the first half
            what is not a number goes right, in the second one left.
        threshold: A value up to it goes left.
        child: Right and left child of each node in turn, shape (2 * nodes,).
        value: Of a leaf.
        depth: Steps from a root to the deepest leaf.
        start: Log-odds before the first tree.
        slope: Calibration: probability = sigmoid(slope * log-odds + shift).
        shift: The other half of it.
    """

    roots: Array
    feature: Array
    threshold: Array
    child: Array
    value: Array
    depth: int
    start: float
    slope: float
    shift: float

    @classmethod
    def of(cls, sizes: Array, nodes: Array, line: Array, columns: Array) -> Trees:
        """Trees from their stored form.

        Args:
            sizes: (trees,) nodes of each tree.
            nodes: (sum of sizes, 6): feature, threshold, whether missing goes left, left, right, value.
            line: depth, start, slope, shift.
            columns: (features,) positions of the features that they were fitted on.
        """
        roots = np.cumsum(sizes) - sizes
        first = np.repeat(roots, sizes)
        children = np.stack([nodes[:, 4] + first, nodes[:, 3] + first], axis=1)
        feature = columns[nodes[:, 0].astype(np.intp)] + len(FEATURES) * nodes[:, 2].astype(np.intp)
        depth, start, slope, shift = line.tolist()
        return cls(
            roots,
            feature,
            nodes[:, 1],
            children.astype(np.intp).ravel(),
            nodes[:, 5],
            int(depth),
            start,
            slope,
            shift,
        )

    def log_odds(self, features: Array) -> Array:
        """Summed leaves, shape (n,); features in the order of `features.FEATURES`, or the first of them."""
        blocks = [self._sum(features[i : i + _BLOCK]) for i in range(0, len(features), _BLOCK)]
        return np.concatenate([np.zeros(0), *blocks])

    def probability(self, features: Array) -> Array:
        """Calibrated probability, shape (n,)."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * self.log_odds(features) + self.shift))))

    def _sum(self, features: Array) -> Array:
        n, width = len(features), len(FEATURES)
        both = np.empty((n, 2 * width))
        unknown = np.isnan(features)
        both[:, : features.shape[1]] = np.where(unknown, np.inf, features)
        both[:, width : width + features.shape[1]] = np.where(unknown, -np.inf, features)
        flat, row = both.ravel(), (np.arange(n) * 2 * width)[:, None]
        node = np.tile(self.roots, (n, 1))
        for _ in range(self.depth):
            left = flat.take(row + self.feature.take(node)) <= self.threshold.take(node)
            node = self.child.take(2 * node + left)
        return np.asarray(self.start + self.value.take(node).sum(axis=1))


@dataclass(frozen=True)
class Classifier:
    """What each question is answered by.

    Attributes:
        questions: "screen" (worth reading?), "same", "variant" (if not the same), "embedded" (if the same);
            without an encoder also "alike" (the same, where texts are alike but for some words?).
        least_likely: Candidates that the screen gives less than this are not read.
    """

    questions: Mapping[str, Trees]
    least_likely: float

    def probability(self, question: str, features: Array) -> Array:
        """Calibrated probability of a yes, shape (n,); features in the order of `features.FEATURES`."""
        return self.questions[question].probability(features)


@cache
def classifier(calibration: str) -> Classifier:
    """The classifier of a folder of `calibrations`."""
    stored = calibrations.arrays(calibration, "trees.npz")
    order = list(FEATURES)
    columns = np.array([order.index(name) for name in stored["features"].tolist()])
    names = dict.fromkeys(key.split(".")[0] for key in stored if "." in key)
    trees = {
        name: Trees.of(stored[f"{name}.sizes"], stored[f"{name}.nodes"], stored[f"{name}.line"], columns)
        for name in names
    }
    return Classifier(trees, float(stored["least_likely"]))
