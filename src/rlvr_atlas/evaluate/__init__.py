"""Evaluation of a model on benchmarks: Mean@k and Pass@k, every verdict kept, leaked items apart."""

from rlvr_atlas.evaluate.ask import Evaluated, evaluate, evaluated
from rlvr_atlas.evaluate.figures import figures
from rlvr_atlas.evaluate.items import Benchmark, from_files, from_workspace, leaked_items
from rlvr_atlas.evaluate.presets import Preset, preset
from rlvr_atlas.evaluate.results import collect

__all__ = [
    "Benchmark",
    "Evaluated",
    "Preset",
    "collect",
    "evaluate",
    "evaluated",
    "figures",
    "from_files",
    "from_workspace",
    "leaked_items",
    "preset",
]
