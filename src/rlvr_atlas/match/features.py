"""The features of a pair, which the classifier weighs: evidence between two texts, and around them."""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache

from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.match.retrieval import SEARCHED
from rlvr_atlas.text.tokens import Parts, is_number, jaccard, lexicon, tokenise
from rlvr_atlas.text.word_frequency import rarity

_UNKNOWN = math.nan

#: No answer weighs more than this; about as much as two numbers that are seldom seen.
_WEIGHTIEST = 26.0
#: How many tokens at the end of a text count as what it asks.
_ENDING = 12

#: Names of the signals, in order: what the search knows, then what reading the two texts adds.
FEATURES = (
    *SEARCHED,
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
    "telling",  # how telling the shared numbers are, and the answer if it is the same
    "asks_exchanged",  # deciding words that stand between the same neighbours, another in each text
    "numbers_exchanged",  # the same for numbers
    "names",  # words that differ and are repeated are exchanged consistently
    "changed",  # how many tokens differ
    "child_ending",  # share of the one's last tokens that the other holds anywhere
    "parent_ending",
    "edge",  # as in Evidence, like the next one
    "length",
)


def signals(parent: Parts, child: Parts, evidence: Evidence, answer: str | None) -> list[float]:
    """What reading two texts tells, in the order of `FEATURES` after `SEARCHED`; not a number if unknown.

    Args:
        parent: Parts of the earlier text.
        child: Parts of the later text.
        evidence: What was measured between the two.
        answer: The child's answer.
    """
    gone, new = evidence.gone, evidence.new
    shared = parent.values & child.values
    same = shared.total()
    judged = evidence.answers_agree is not None
    number_weight = sum(rarity(number) for number in shared)
    answer_weight = _weight(answer) if judged and answer is not None else _UNKNOWN
    values = (
        evidence.only_function_words or (gone.keys() | new.keys()) <= lexicon().function_words,
        evidence.lexical,
        evidence.masked,
        evidence.containment,
        _held(child, parent),
        _held(parent, child),
        jaccard(parent.pairs, child.pairs),
        jaccard(parent.values, child.values),
        _share(same, child.values),
        _share(same, parent.values),
        number_weight,
        evidence.number_set_agrees,
        parent.values.total() - same,
        child.values.total() - same,
        jaccard(parent.operators, child.operators),
        jaccard(parent.formula_pairs, child.formula_pairs),
        min(parent.operators.total(), child.operators.total()),
        evidence.variables_agree,
        evidence.order_agree,
        len(parent.asks - child.asks),
        len(child.asks - parent.asks),
        bool(evidence.answers_agree) if judged else _UNKNOWN,
        answer_weight,
        number_weight + (answer_weight if evidence.answers_agree else 0.0),
        _exchanged(parent.ask_places, child.ask_places),
        _exchanged(parent.number_places, child.number_places),
        evidence.names_agree,
        gone.total() + new.total(),
        _ending_held(child, parent),
        _ending_held(parent, child),
        evidence.edge,
        evidence.length,
    )
    return [float(value) for value in values]


def _exchanged(ours: dict[tuple[str, str], str], theirs: dict[tuple[str, str], str]) -> int:
    """Places that hold one thing here and another there."""
    return sum(theirs.get(place, what) != what for place, what in ours.items())


def _ending_held(one: Parts, other: Parts) -> float:
    ending = one.content_words[-_ENDING:]
    return sum(word in other.bag for word in ending) / len(ending) if ending else 1.0


def _share(shared: int, whole: Counter[str]) -> float:
    return shared / whole.total() if whole else 1.0


def _held(one: Parts, other: Parts) -> float:
    """Share of the rarity of one text's words that the other text holds."""
    shared = sum(weight for word, weight in one.rare_words.items() if word in other.rare_words)
    return shared / one.rare_total if one.rare_total else 1.0


@lru_cache(maxsize=1 << 16)
def _weight(answer: str) -> float:
    """How rare the numbers of an answer are, its words where it has none; answers of many words are alike."""
    tokens = set(tokenise(answer.lower()))
    numbers = {token for token in tokens if is_number(token)}
    return min(sum(rarity(token) for token in numbers or tokens), _WEIGHTIEST)
