"""Which of several answers to one problem is right, from who states it: a vote of independent sources.

A problem has one right answer. Every source states it, and is wrong with a small probability. Every copy of
a source states what that does, but is now and then changed by mistake, or put right. So copies of one source
outvote a slip in one of them, and count once against another source. With two copies and no other witness
each is as likely to be wrong as the other. A source that contradicts itself is no witness but for how often
it states each answer, and its copies, which only pass that on, are none at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: How often a source is wrong; a copy is changed by mistake; a copy of a wrong answer was put right.
_SOURCE_WRONG = 0.03
_COPY_CHANGED = 0.01
_COPY_MENDED = 0.02
#: How likely two wrong answers to a problem are the same one.
_SAME_MISTAKE = 0.1
#: How often a source that contradicts itself would have stated any other answer.
_UNSURE = 0.5


@dataclass(frozen=True)
class Statement:
    """A row's answer to the problem.

    Attributes:
        source: The independent source that the row is of: the dataset where its lineage of copies ends.
        dataset: The row's dataset.
        answer: Which of the different answers, as a number.
        repeats: Whether the row says what the row it was copied from says, and that is itself a copy. Then it
            bears no witness of its own.
    """

    source: str
    dataset: str
    answer: int
    repeats: bool = False


def probabilities(statements: Sequence[Statement]) -> dict[int, float]:
    """How likely each stated answer is the right one.

    Args:
        statements: All rows of one problem.

    Returns:
        Answer -> probability; what is missing to 1 is that all are wrong.
    """
    answers = sorted({one.answer for one in statements})
    trees, own = _witnesses(statements), _own(statements)
    weights: dict[int | None, float] = {}
    for truth in (*answers, None):
        weight = _SAME_MISTAKE if truth is None else 1.0
        for source, votes in trees.items():
            weight *= _likelihood(votes, own[source], answers, truth)
        weights[truth] = weight
    total = sum(weights.values())
    return {answer: weights[answer] / total for answer in answers}


def supporters(statements: Sequence[Statement]) -> dict[int, int]:
    """Independent sources behind each answer: those in which most witnesses state it."""
    found: dict[int, int] = {one.answer: 0 for one in statements}
    own = _own(statements)
    for source, witnesses in _witnesses(statements).items():
        votes = own[source] if len(own[source]) > 1 else witnesses
        most = max(votes.values())
        leaders = [answer for answer, number in votes.items() if number == most]
        if len(leaders) == 1:
            found[leaders[0]] += 1
    return found


def _own(statements: Sequence[Statement]) -> dict[str, Counter[int]]:
    """Source -> answer -> rows of the source itself that state it."""
    found: dict[str, Counter[int]] = {one.source: Counter() for one in statements}
    for one in statements:
        if one.dataset == one.source:
            found[one.source][one.answer] += 1
    return found


def _witnesses(statements: Sequence[Statement]) -> dict[str, dict[int, int]]:
    """Source -> answer -> how many datasets state it of their own."""
    trees: dict[str, dict[int, set[str]]] = {}
    for one in statements:
        named = trees.setdefault(one.source, {}).setdefault(one.answer, set())
        if not one.repeats:
            named.add(one.dataset)
    return {
        source: {answer: max(1, len(datasets)) for answer, datasets in votes.items()}
        for source, votes in trees.items()
    }


def _likelihood(
    votes: Mapping[int, int], own: Mapping[int, int], answers: Sequence[int], truth: int | None
) -> float:
    """Probability of all that a source and its copies state."""
    if len(own) > 1:
        stated = own.get(truth, 0) if truth is not None else 0
        return (stated + _UNSURE) / (sum(own.values()) + _UNSURE * (len(own) + 1))
    said = sorted({*answers} | ({truth} if truth is not None else set()))
    return sum(_stated(one, truth) * _copied(votes, one, truth) for one in said)


def _stated(said: int | None, truth: int | None) -> float:
    """Probability that a source states an answer."""
    return 1 - _SOURCE_WRONG if said == truth else _SOURCE_WRONG * _SAME_MISTAKE


def _copied(votes: Mapping[int, int], said: int | None, truth: int | None) -> float:
    """Probability of what the rows of a source state, if the source itself says `said`."""
    likely = 1.0
    for answer, number in votes.items():
        if answer == said:
            one = 1 - _COPY_CHANGED - (_COPY_MENDED if said != truth else 0.0)
        elif answer == truth:
            one = _COPY_MENDED
        else:
            one = _COPY_CHANGED * _SAME_MISTAKE
        likely *= one**number
    return likely
