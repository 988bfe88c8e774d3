"""The words of the field as data: relations and tiers, and the columns of every table.

Nothing here computes. `relations.py` holds the closed lists of words, `tables.py` and `scores.py` the
columns. These need Polars and are read when a name of theirs is first used: recipes and the registry need
the words alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlvr_atlas.schema.relations import (
    ACTIONS,
    DOMAINS,
    RELATION_TABLE,
    RELATIONS,
    SAME_PROBLEM,
    TIERS,
    TRANSITION_KINDS,
    Relation,
    RelationKind,
    Role,
    Tier,
    Transition,
    is_same_problem,
    strength,
)

if TYPE_CHECKING:
    from rlvr_atlas.schema.scores import BEFORE_SCORES, CORRELATIONS, FIGURES, SCORE_PAIRS, SCORES
    from rlvr_atlas.schema.tables import (
        BENCHMARK_FAMILIES,
        CONFLICTS,
        DATASETS,
        DECISIONS,
        EDGES,
        EVIDENCE,
        FINDINGS,
        GAINS,
        GOLD_ERRORS,
        INSTANCES,
        LEAK_PATHS,
        LEAK_RATES,
        LEAKS,
        LINEAGE,
        MATCHES,
        MIX,
        OCCURRENCES,
        RECOVERY,
        ROLLOUTS,
        ROWS,
        SCA_PROBLEMS,
        SCA_SOURCES,
        SCHEMAS,
        SKIPPED_ROWS,
        TEMPLATES,
        TRANSITIONS,
        UNJUDGED,
        VERDICTS,
        Schema,
        conform,
        empty,
    )

__all__ = [
    "ACTIONS",
    "BEFORE_SCORES",
    "BENCHMARK_FAMILIES",
    "CONFLICTS",
    "CORRELATIONS",
    "DATASETS",
    "DECISIONS",
    "DOMAINS",
    "EDGES",
    "EVIDENCE",
    "FIGURES",
    "FINDINGS",
    "GAINS",
    "GOLD_ERRORS",
    "INSTANCES",
    "LEAKS",
    "LEAK_PATHS",
    "LEAK_RATES",
    "LINEAGE",
    "MATCHES",
    "MIX",
    "OCCURRENCES",
    "RECOVERY",
    "RELATIONS",
    "RELATION_TABLE",
    "ROLLOUTS",
    "ROWS",
    "SAME_PROBLEM",
    "SCA_PROBLEMS",
    "SCA_SOURCES",
    "SCHEMAS",
    "SCORES",
    "SCORE_PAIRS",
    "SKIPPED_ROWS",
    "TEMPLATES",
    "TIERS",
    "TRANSITIONS",
    "TRANSITION_KINDS",
    "UNJUDGED",
    "VERDICTS",
    "Relation",
    "RelationKind",
    "Role",
    "Schema",
    "Tier",
    "Transition",
    "conform",
    "empty",
    "is_same_problem",
    "strength",
]

if not TYPE_CHECKING:  # else a misspelled name would pass for anything

    def __getattr__(name: str) -> object:
        """A name of `tables.py` or `scores.py`, when it is first used."""
        if name in __all__:
            from rlvr_atlas.schema import scores, tables

            for module in (tables, scores):
                if hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
