"""From evidence to one relation and one probability.

The rules stand in the order in which they are tried. They are strict where a mistake would call a renumbered
problem the same, and leave what they cannot decide to later tiers: no verdict is not "different".
"""

from __future__ import annotations

from dataclasses import dataclass

from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.record import Relation

#: Wording as alike as this, and nothing deciding changed, is the same problem, with equal or unknown answers.
_ALIKE_WITH_ANSWER, _ALIKE = 0.6, 0.75
#: Wording as alike as this, and something deciding changed, is a variant.
_TEMPLATE = 0.8


@dataclass(frozen=True)
class Verdict:
    """A relation and how sure it is."""

    relation: Relation
    probability: float


def verify(evidence: Evidence, *, long_enough: bool) -> Verdict | None:
    """Decide what a candidate pair is.

    Args:
        evidence: What was measured.
        long_enough: The shorter text has enough words to be recognised inside another text.

    Returns:
        None where the evidence does not decide.
    """
    answers = evidence.answers_agree
    if evidence.edge and long_enough and answers is not False:
        return Verdict("embedded", 0.95 if answers else 0.85)
    if evidence.same_content:
        if answers is not False and evidence.lexical >= (_ALIKE_WITH_ANSWER if answers else _ALIKE):
            return Verdict("reworded", 0.98 if answers else 0.9)
        if answers is False and evidence.only_function_words:
            # The same words with two answers: far more often a wrong gold answer than another problem.
            return Verdict("reworded", 0.7)
    if evidence.masked >= _TEMPLATE and not (evidence.same_content and answers is not False):
        return Verdict("variant", 0.9 if answers is False else 0.8)
    return None
