"""A generated world with known truth: what `rlvr-atlas demo` runs on, and how its result is judged."""

from rlvr_atlas.demo.evaluate import evaluate
from rlvr_atlas.demo.problem import Problem
from rlvr_atlas.demo.sources import SOURCES, problems
from rlvr_atlas.demo.world import World, build

__all__ = ["SOURCES", "Problem", "World", "build", "evaluate", "problems"]
