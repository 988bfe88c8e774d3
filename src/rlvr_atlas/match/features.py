"""The features of a pair, which the classifier weighs: evidence between two texts, and around them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.answer import normal_form
from rlvr_atlas.answer.judge import OPPOSITES
from rlvr_atlas.answer.read import STATEMENTS
from rlvr_atlas.match.measure import Measured
from rlvr_atlas.match.searched import SEARCHED
from rlvr_atlas.text.tex import markup
from rlvr_atlas.text.token_table import Bools, Ints, TokenTable
from rlvr_atlas.text.tokens import is_number, is_word, tokenise
from rlvr_atlas.text.word_frequency import rarity

Floats = NDArray[np.float64]

_UNKNOWN = math.nan
#: Words, and characters, of an answer that a question may offer.
_FEW, _LONGEST = 3, 60

#: No answer weighs more than this; about as much as two numbers that are seldom seen.
_WEIGHTIEST = 26.0
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
    "words_gone",  # how many words, function words and numbers left out, only the parent has
    "words_new",  # how many only the child has
    "words_exchanged",  # such words that stand between the same neighbours, another in each text
    "function_words_exchanged",  # the same for function words: all, some, not, ...
    "conditions_gone",  # how many words that mark a condition only the parent has
    "conditions_new",  # how many only the child has
    "operators_gone",  # how many signs and TeX commands only the parent has
    "operators_new",  # how many only the child has
    "operators_exchanged",  # the same as for words
    "variables_exchanged",
    "loss_gone",  # bits that the words tell which only the parent has: see text/word_loss.py
    "loss_new",  # and those that only the child has
    "between_gone",  # tokens of the parent between what both begin with and what both end with
    "between_new",  # and of the child
    "echoed_gone",  # words and variables that both have, the parent more often: it says more of the same
    "echoed_new",  # and the child
    "first_names_gone",  # how many first names only the parent has
    "first_names_new",  # and the child
    "respelled",  # words that stand in both in another spelling: inflected, mistyped, British
)


def signals(measured: Measured, agree: Floats, answers: Sequence[str | None]) -> Floats:
    """What reading two texts tells, as `FEATURES` lists it after `SEARCHED`, shape (n, m); NaN if unknown.

    Args:
        measured: n pairs.
        agree: (n,) whether the two answers are the same: 1, 0, or not a number where that is unknown.
        answers: Of the child of each pair.
    """
    columns = measured.columns
    number_weight = columns["number_weight"]
    weight = np.array([_UNKNOWN if answer is None else _weight(answer) for answer in answers], np.float64)
    told = {
        **columns,
        "only_function_words": columns["only_function_words"] | columns["nothing_else_changed"],
        "variables": columns["variables_agree"],
        "order": columns["order_agree"],
        "number_set": columns["number_set_agrees"],
        "names": columns["names_agree"],
        "answers": agree,
        "answer_weight": np.where(np.isnan(agree), _UNKNOWN, weight),
        "telling": number_weight + np.where(agree == 1, weight, 0.0),
    }
    return np.column_stack([told[name].astype(np.float64) for name in FEATURES[len(SEARCHED) :]])


def without_search(measured: Measured, agree: Floats, answers: Sequence[str | None]) -> Floats:
    """All features (n, len(FEATURES)) of pairs that no search brought: what it would know is not a number.

    Args:
        measured: n pairs.
        agree: (n,) whether the two answers are the same, as for `signals`.
        answers: Of all texts.
    """
    agree = agree.copy()
    agree[agree_by_chance(measured.texts, measured.parents, measured.children, answers) & (agree == 1)] = (
        np.nan
    )
    between = signals(measured, agree, [answers[child] for child in measured.children.tolist()])
    return np.hstack([np.full((len(measured), len(SEARCHED)), np.nan), between])


def agree_by_chance(texts: TokenTable, parents: Ints, children: Ints, answers: Sequence[str | None]) -> Bools:
    """Whether the answer of each child says nothing where it is the parent's too, shape (n,).

    It is so where there are few others to choose from: a word such as `yes`, words that both texts offer
    ("odd, even, or neither?"), or the numbers of statements that a text lists (`①③`).

    Args:
        texts: Tokens of all texts.
        parents: (n,) positions.
        children: (n,) positions.
        answers: Of all texts.
    """
    by_chance = np.zeros(len(children), bool)
    for n, (parent, child) in enumerate(zip(parents.tolist(), children.tolist(), strict=True)):
        answer = answers[child] or ""
        words = _words(answer)
        if _names_statements(answer):
            by_chance[n] = True
        elif words:
            offered = (words <= {texts.vocabulary[at] for at in texts.row(side)} for side in (parent, child))
            by_chance[n] = not words.isdisjoint(OPPOSITES) or all(offered)
    return by_chance


@lru_cache(maxsize=1 << 16)
def _names_statements(answer: str) -> bool:
    bare = re.sub(markup(), "", answer).strip(".;,")
    return len(bare) <= _LONGEST and STATEMENTS.fullmatch(bare) is not None


@lru_cache(maxsize=1 << 16)
def _words(answer: str) -> frozenset[str]:
    """The words of an answer that is made of few, empty for all other answers."""
    if any(sign.isdigit() for sign in answer) or len(answer) > _LONGEST:
        return frozenset()
    tokens = tokenise((normal_form(answer) or "").lower())
    return frozenset(tokens) if len(tokens) <= _FEW and all(map(is_word, tokens)) else frozenset()


@lru_cache(maxsize=1 << 16)
def _weight(answer: str) -> float:
    """How rare the numbers of an answer are, its words where it has none; answers of many words are alike."""
    tokens = set(tokenise(answer.lower()))
    numbers = {token for token in tokens if is_number(token)}
    return min(sum(rarity(token) for token in numbers or tokens), _WEIGHTIEST)
