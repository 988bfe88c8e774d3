"""Judging what a model wrote against the gold answer, for training and for rollouts alike.

math-verify runs behind processes that are killed at their deadline (`answer.Verifier`), so that no answer,
however hostile, holds up a training run. Why an answer did not count is kept: a gold answer that nobody can
read is a fault of the data, and must never look like a fault of the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Literal, Self

from rlvr_atlas.answer import Verifier, compare, extract, normal_form
from rlvr_atlas.answer.read import read

Outcome = Literal["right", "wrong", "no answer", "unreadable answer", "undecided", "unreadable gold"]
#: What each outcome says of the model; null where the fault is not the model's, or nobody can tell.
CORRECT: dict[Outcome, bool | None] = {
    "right": True,
    "wrong": False,
    "no answer": False,
    "unreadable answer": False,
    "undecided": None,
    "unreadable gold": None,
}
#: A response this short, on one line, is an answer and nothing else.
_BARE_CHARS = 64
#: Longer answers are no answers; reading stops here, whatever the model wrote.
_ANSWER_CHARS = 2_000
#: Only the end of a response states its answer.
_TAIL_CHARS = 50_000


class Judge:
    """Judges responses; the same pair of answers is judged once.

    Args:
        workers: math-verify processes.
        deadline_s: Seconds of processor time that math-verify gets for one comparison.

    Attributes:
        outcomes: How often each outcome was given.
    """

    def __init__(self, workers: int = 1, deadline_s: float = 3.0) -> None:
        self._verifier = Verifier(workers, deadline_s)
        self._threads = ThreadPoolExecutor(workers)
        self._known: dict[tuple[str, str], Outcome] = {}
        self._golds: dict[str, bool] = {}
        self.outcomes: Counter[Outcome] = Counter()

    def readable(self, gold: str | None) -> bool:
        """Whether a gold answer can be judged against at all: it is the same as itself."""
        if gold is None or len(gold) > _ANSWER_CHARS:
            return False
        if gold not in self._golds:
            self._golds[gold] = compare(gold, gold, self._verifier) == "same"
        return self._golds[gold]

    def judge(self, golds: Sequence[str | None], responses: Sequence[str]) -> list[Outcome]:
        """Judge each response against its gold answer; takes at most two deadlines a pair."""
        pairs = list(zip(golds, map(answer_of, responses), strict=True))
        new = list(dict.fromkeys((g, a) for g, a in pairs if g and a and (g, a) not in self._known))
        self._known.update(zip(new, self._threads.map(lambda pair: self._compare(*pair), new), strict=True))
        outcomes = [self._outcome(gold, answer) for gold, answer in pairs]
        self.outcomes.update(outcomes)
        return outcomes

    def rewards(self, golds: Sequence[str | None], responses: Sequence[str]) -> list[float]:
        """1 for a right response, 0 for any other; what cannot be judged is never rewarded."""
        return [float(outcome == "right") for outcome in self.judge(golds, responses)]

    def close(self) -> None:
        """Stop the processes."""
        self._threads.shutdown()
        self._verifier.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _outcome(self, gold: str | None, answer: str | None) -> Outcome:
        if not gold:
            return "unreadable gold"
        if answer is None:
            return "no answer" if self.readable(gold) else "unreadable gold"
        return self._known[gold, answer]

    def _compare(self, gold: str, answer: str) -> Outcome:
        if not self.readable(gold):
            return "unreadable gold"
        if len(answer) > _ANSWER_CHARS:
            return "unreadable answer"
        verdict = compare(gold, answer, self._verifier)
        if verdict != "unknown":
            return "right" if verdict == "same" else "wrong"
        if _is_number(gold) and not _is_number(answer):
            return "wrong"  # prose, or what cannot be worked out in time, where a number is asked for
        # Not told apart: either nobody can read the answer, or both can be read and are hard to compare.
        return "undecided" if compare(answer, answer, self._verifier) == "same" else "unreadable answer"


def answer_of(response: str) -> str | None:
    r"""The answer that a response states: in \boxed{}, after ####, "the answer is", or all there is."""
    found = extract(response[-_TAIL_CHARS:], "solution")
    if found is None:
        bare = response.strip()
        found = extract(bare, "final") if len(bare) <= _BARE_CHARS and "\n" not in bare else None
    return found if found and normal_form(found[:_ANSWER_CHARS]) else None


def _is_number(answer: str) -> bool:
    expression = read(answer).expression
    return expression is not None and expression.value is not None
