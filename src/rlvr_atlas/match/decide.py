"""From evidence to one relation and one probability.

The rules stand in the order in which they are tried. They are strict where a mistake would call a renumbered
problem the same, and leave what they cannot decide to later tiers: no verdict is not "different".
"""

from __future__ import annotations

from dataclasses import dataclass

from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.schema import Relation

#: Wording as alike as this, and nothing deciding changed, is the same problem, with equal or unknown answers.
_ALIKE_WITH_ANSWER, _ALIKE = 0.6, 0.75
#: In a text shorter than this many tokens one other word weighs more, so that it must be more alike.
_SHORT = 24
#: Wording as alike as this, and something deciding changed, is a variant.
_TEMPLATE = 0.8
#: A text must be this long to be recognised inside another one; with equal answers a shorter one will do.
_PART, _PART_WITH_ANSWER = 16, 8
#: Among many neighbours from one template only a text as alike as this is a copy.
_CROWDED = 0.95
#: Below this many tokens equal wording is a common phrase, not a common origin.
_PHRASE = 10


@dataclass(frozen=True)
class Verdict:
    """A relation and how sure it is."""

    relation: Relation
    probability: float


def verify(evidence: Evidence) -> Verdict | None:
    """Decide what a candidate pair is; None where the evidence does not decide."""
    same = _same_problem(evidence)
    if same is not None:
        return same
    differs = not evidence.same_content or evidence.answers_agree is False
    if differs and evidence.masked >= _TEMPLATE and evidence.length >= _PHRASE:
        return Verdict("variant", 0.9 if evidence.answers_agree is False else 0.8)
    return None


def _same_problem(evidence: Evidence) -> Verdict | None:
    answers = evidence.answers_agree
    if evidence.equal:
        return Verdict("reformatted", 0.9 if answers is False else 0.97)
    if (inside := contained(evidence)) is not None:
        return inside
    if not evidence.same_content:
        return None
    if answers is False:
        # The same content in the same words with two answers: far more often a wrong gold answer than
        # another problem.
        return Verdict("reworded", 0.7) if evidence.only_function_words else None
    if evidence.lexical >= _least_alike(evidence):
        return Verdict("reworded", 0.98 if answers else 0.9)
    return None


def contained(evidence: Evidence) -> Verdict | None:
    """`embedded` where one text holds the other word for word, or all of it but another question."""
    least = _PART_WITH_ANSWER if evidence.answers_agree else _PHRASE if evidence.part else _PART
    if not (evidence.edge or evidence.part) or evidence.length < least:
        return None
    # A whole problem that another answer was asked of ("... give m + n") is still in the text.
    return Verdict("embedded", {True: 0.95, None: 0.85, False: 0.8}[evidence.answers_agree])


def _least_alike(evidence: Evidence) -> float:
    if evidence.crowded:
        return _CROWDED
    if evidence.answers_agree:
        return _ALIKE_WITH_ANSWER
    return _ALIKE + (1 - _ALIKE) * max(0.0, 1 - evidence.length / _SHORT)
