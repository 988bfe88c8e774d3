"""What the trained verifier weighs: evidence between two texts, and around them, as numbers."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.match.rarity import rarity
from rlvr_atlas.match.tokens import Parts, lexicon

_UNKNOWN = math.nan


@dataclass(frozen=True)
class Context:
    """What the search saw around a pair; not a number where it was not found by search.

    Attributes:
        cosine: Of the two embeddings.
        cosine_gap: How far below the best candidate of the same text.
        bm25: Score of the parent as a share of what the child's own text scores.
        bm25_gap: How far below the best candidate of the same text.
        crowding: How many candidates score at least nine tenths of the best: high among templated problems.
    """

    cosine: float = _UNKNOWN
    cosine_gap: float = _UNKNOWN
    bm25: float = _UNKNOWN
    bm25_gap: float = _UNKNOWN
    crowding: float = _UNKNOWN


#: Names of the signals, in order.
FEATURES = (
    "only_function_words",  # nothing but words such as "the" or "please" differs
    "lexical",  # as in Evidence, like the next two
    "masked",
    "containment",
    "child_in_parent",  # share of the one's words, weighed by rarity, that the other holds
    "parent_in_child",
    "pairs",  # Jaccard similarity of neighbouring tokens: the order of words
    "numbers",  # Jaccard similarity of the numbers, in digits or words
    "child_numbers",  # share of the one's numbers that the other holds
    "parent_numbers",
    "number_weight",  # how telling the shared numbers are: 3.14159 more than 2
    "number_set",  # the same numbers, however often
    "numbers_gone",  # how many numbers only the parent has
    "numbers_new",  # how many only the child has
    "operators",  # Jaccard similarity of signs and TeX commands
    "formulas",  # the same with their neighbours
    "formula_size",  # operators of the text with fewer
    "variables",  # the same up to a consistent renaming
    "order",  # numbers, signs and variables stand in the same order
    "asks_gone",  # how many deciding words (largest, sum, ...) only the parent has
    "asks_new",  # how many only the child has
    "answers",  # 1 the same, 0 different
    "answer_weight",  # how telling the child's answer is: 17/43 more than 2
    "edge",  # as in Evidence, like the next one
    "length",
    "growth",  # tokens of the child for each of the parent
    "cosine",  # as in Context, like all that follow
    "cosine_gap",
    "bm25",
    "bm25_gap",
    "crowding",
)


def signals(
    parent: Parts, child: Parts, evidence: Evidence, answer: str | None, context: Context
) -> list[float]:
    """Everything as numbers, in the order of `FEATURES`; not a number where it is unknown.

    Args:
        parent: Parts of the earlier text.
        child: Parts of the later text.
        evidence: What was measured between the two.
        answer: The child's answer.
        context: What the search saw.
    """
    changed = set(parent.bag - child.bag) | set(child.bag - parent.bag)
    shared = parent.values & child.values
    judged = evidence.answers_agree is not None
    values = (
        changed <= lexicon().function_words,
        evidence.lexical,
        evidence.masked,
        evidence.containment,
        _held(child, parent),
        _held(parent, child),
        _jaccard(parent.pairs, child.pairs),
        _jaccard(parent.values, child.values),
        _share(shared, child.values),
        _share(shared, parent.values),
        sum(rarity(number) for number in shared),
        evidence.number_set_agrees,
        (parent.values - child.values).total(),
        (child.values - parent.values).total(),
        _jaccard(parent.operators, child.operators),
        _jaccard(parent.formula_pairs, child.formula_pairs),
        min(parent.operators.total(), child.operators.total()),
        evidence.variables_agree,
        evidence.order_agree,
        len(parent.asks - child.asks),
        len(child.asks - parent.asks),
        bool(evidence.answers_agree) if judged else _UNKNOWN,
        _weight(answer) if judged and answer is not None else _UNKNOWN,
        evidence.edge,
        evidence.length,
        (len(child.tokens) + 1) / (len(parent.tokens) + 1),
        context.cosine,
        context.cosine_gap,
        context.bm25,
        context.bm25_gap,
        context.crowding,
    )
    return [float(value) for value in values]


def _jaccard(left: Counter[str], right: Counter[str]) -> float:
    shared = (left & right).total()
    union = left.total() + right.total() - shared
    return shared / union if union else 1.0


def _share(shared: Counter[str], whole: Counter[str]) -> float:
    return shared.total() / whole.total() if whole else 1.0


def _held(one: Parts, other: Parts) -> float:
    """Share of the rarity of one text's words that the other text holds."""
    shared = sum(weight for word, weight in one.rare_words.items() if word in other.rare_words)
    return shared / one.rare_total if one.rare_total else 1.0


def _weight(answer: str) -> float:
    """How much an equal answer tells: signs that are no spelling, so 2 weighs 1 and 17/43 weighs 5."""
    return float(min(sum(not sign.isspace() and sign not in "\\{}$" for sign in answer), 12))
