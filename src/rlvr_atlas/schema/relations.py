"""The one table of relations, and the other closed lists of words: roles, tiers, transitions, actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import polars as pl

Role = Literal["source", "train", "benchmark"]
Relation = Literal["identical", "reformatted", "reworded", "embedded", "variant"]
Tier = Literal["exact", "normalised", "lexical", "semantic"]
Transition = Literal["00", "01", "10", "11"]


@dataclass(frozen=True)
class RelationKind:
    """One relation.

    Attributes:
        name: As tables hold it.
        same_problem: Whether it says that two texts are one problem. A `variant` is derived, but another one.
        label: For people, in a word.
        meaning: For people, in a sentence.
    """

    name: Relation
    same_problem: bool
    label: str
    meaning: str


#: Strongest first: where two texts could carry several relations, the first that holds is the one reported.
#: A new relation is one more line here.
RELATION_TABLE: tuple[RelationKind, ...] = (
    RelationKind("identical", True, "identical", "The same canonical text."),
    RelationKind("reformatted", True, "reformatted", "The same but for notation, spacing or template."),
    RelationKind("reworded", True, "reworded", "The same problem in other words."),
    RelationKind(
        "embedded",
        True,
        "embedded",
        "One contains the other: options appended, context cut or added, one part of several.",
    ),
    RelationKind(
        "variant",
        False,
        "variant",
        "Derived, but another problem: numbers, relation or ask changed. Never counted as the same problem.",
    ),
)
RELATIONS: tuple[Relation, ...] = tuple(kind.name for kind in RELATION_TABLE)
#: The relations that say "this is the same problem".
SAME_PROBLEM: tuple[Relation, ...] = tuple(kind.name for kind in RELATION_TABLE if kind.same_problem)
TIERS: tuple[Tier, ...] = get_args(Tier)
#: (base, trained), always in this order: never solved, learned, lost, kept.
TRANSITION_KINDS: tuple[Transition, ...] = ("00", "01", "10", "11")
DOMAINS = ("math", "code", "logic", "other")
#: Kept as it is, left out, drawn for the refill, kept with another text or answer, not drawn for the refill.
ACTIONS = ("keep", "drop", "add", "replace", "pass")


def is_same_problem(column: str = "relation") -> pl.Expr:
    """Whether a column of relations says "the same problem"."""
    import polars as pl

    return pl.col(column).is_in(SAME_PROBLEM)


def strength(column: str = "relation") -> pl.Expr:
    """How strong a relation is: 0 for the strongest, so that ascending order puts it first."""
    import polars as pl

    return pl.col(column).replace_strict(list(RELATIONS), list(range(len(RELATIONS))), return_dtype=pl.Int8)
