"""The atomic sources of the demo world, and how to draw problems from them."""

from __future__ import annotations

from random import Random

from rlvr_atlas.demo.families.algebra import ALGEBRA
from rlvr_atlas.demo.families.chinese import CHINESE
from rlvr_atlas.demo.families.compound import compounds
from rlvr_atlas.demo.families.contest import CONTEST
from rlvr_atlas.demo.families.drill import DRILL, FRACTIONS, LINEAR
from rlvr_atlas.demo.families.geometry import GEOMETRY
from rlvr_atlas.demo.families.logic import COUNTDOWN, ISLAND, LOGIC
from rlvr_atlas.demo.families.market import MARKET
from rlvr_atlas.demo.families.quantities import ALGEBRAIC, COUNTABLE
from rlvr_atlas.demo.families.work import WORK
from rlvr_atlas.demo.problem import Family, Problem, pose

#: Which families each source draws from, all equally often. Two of them share the short exercises. Where
#: single quantities stand beside their many combinations, they are repeated, to make up a third or so.
SOURCES: dict[str, tuple[Family, ...]] = {
    "orchard_stories": MARKET + WORK,
    "slate_algebra": (*compounds(ALGEBRAIC), *(*ALGEBRA, LINEAR, FRACTIONS) * 3),
    "lantern_contest": (*compounds(COUNTABLE), *CONTEST * 2),
    "compass_geometry": GEOMETRY,
    "abacus_drill": DRILL,
    "riddle_logic": LOGIC,
    "island_riddles": (ISLAND,),
    "countdown_tiles": (COUNTDOWN,),
    "bamboo_cn": CHINESE,
}


def problems(source: str, count: int, seed: int | str = 0, taken: set[str] | None = None) -> list[Problem]:
    """Draw problems of one source, no two of them the same problem.

    Args:
        source: A key of `SOURCES`.
        count: How many.
        seed: Equal seeds give equal problems (for an equal `taken`).
        taken: Numbers in use elsewhere, which are avoided and added to; share one set between calls that
            must not overlap.

    Returns:
        `count` problems with their text, right answer and solution.
    """
    rng = Random(f"{source}/{seed}")
    taken = set() if taken is None else taken
    return [pose(rng.choice(SOURCES[source]), source, rng, taken) for _ in range(count)]
