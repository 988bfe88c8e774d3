"""The quality score Q of a dataset, its parts, and how well they tell what training on it brings."""

from rlvr_atlas.score.correlate import ablate, correlate
from rlvr_atlas.score.inputs import Inputs
from rlvr_atlas.score.quality import score, score_pairs
from rlvr_atlas.score.results import deltas
from rlvr_atlas.score.weights import Weights, parse_weights, preset
from rlvr_atlas.score.workspace import inputs_from_workspace

__all__ = [
    "Inputs",
    "Weights",
    "ablate",
    "correlate",
    "deltas",
    "inputs_from_workspace",
    "parse_weights",
    "preset",
    "score",
    "score_pairs",
]
