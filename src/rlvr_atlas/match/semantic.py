"""The semantic tier: the same problem in other words, searched for the texts that the earlier tiers left.

Candidates come from earlier datasets: by words, numbers and answers (see `candidates`) and, where there is an
encoder, the nearest by cosine. A first model, which sees only what the search knows, drops most of them; the
texts of the rest are read, and a second one weighs each pair. Large families of templated problems are not
searched: their members are told apart by their numbers, which is the lexical tier's work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.answer import compare
from rlvr_atlas.match.candidates import SEARCHED, Candidates, Floats, Ints, Texts
from rlvr_atlas.match.embeddings import top_k
from rlvr_atlas.match.evidence import Evidence, measure
from rlvr_atlas.match.lexical import Pair, Text
from rlvr_atlas.match.signals import FEATURES, signals
from rlvr_atlas.match.tokens import Parts, is_number
from rlvr_atlas.match.weigh import weigh, worth_reading
from rlvr_atlas.record import SAME_PROBLEM

#: Texts that are equal with numbers masked, if there are more of them than this, are not searched.
_FAMILY = 64
_NEAREST = 12
_COSINE = SEARCHED.index("cosine")


@dataclass(frozen=True)
class Found:
    """Result of the tier.

    Attributes:
        pairs: Pairs that are the same problem or variants, ordered by child and parent.
        compared: How many candidate pairs were read.
        templated: How many texts were not searched because they belong to a large family.
    """

    pairs: list[Pair]
    compared: int
    templated: int


def find(  # noqa: PLR0913, PLR0917  each is one fact about the texts
    texts: Sequence[Text],
    answers: Sequence[str | None],
    forms: Sequence[str | None],
    limits: Ints,
    settled: NDArray[np.bool_],
    vectors: NDArray[np.floating] | None = None,
) -> Found:
    """Find earlier texts that are the same problem in other words, or the one it was varied from.

    Args:
        texts: Tokens of all texts, ordered by release.
        answers: Their answers, None where unknown.
        forms: Normal forms of the answers.
        limits: (n,) for each text, only positions below are of earlier datasets.
        settled: (n,) texts that have a parent already.
        vectors: (n, d) unit vectors of the texts, where there is an encoder.
    """
    wanted = ~settled & (limits > 0)
    templated = _templated(texts) & wanted
    children = np.flatnonzero(wanted & ~templated)
    pairs: list[Pair] = []
    compared = 0
    near = nearest(children, limits[children], vectors)
    parts = parts_of(texts)
    for found in Texts(texts, forms).search(children, limits[children], near, vectors):
        likely = found[worth_reading(found.searched, with_encoder=vectors is not None)]
        evidence, features = read(likely, parts, answers)
        compared += len(evidence)
        verdicts = weigh(features, with_encoder=vectors is not None)
        pairs += [
            Pair(parent, child, verdict, seen)
            for parent, child, seen, verdict in zip(
                likely.parents.tolist(), likely.children.tolist(), evidence, verdicts, strict=True
            )
            if verdict is not None and not (verdict.relation in SAME_PROBLEM and seen.other_statements)
        ]
    return Found(pairs, compared, int(templated.sum()))


def nearest(children: Ints, limits: Ints, vectors: NDArray[np.floating] | None) -> Ints:
    """The nearest earlier texts of each child by cosine, (n, k); -1 for none, as without an encoder."""
    if vectors is None or not len(children):
        return np.full((len(children), 1), -1)
    before = int(limits.max())
    near, _ = top_k(
        vectors[children], vectors[:before], _NEAREST, query_order=limits, corpus_order=np.arange(before)
    )
    return near


def parts_of(texts: Sequence[Text]) -> Callable[[int], Parts]:
    """Parts of each text by position; those asked for last are kept."""
    return lru_cache(maxsize=30_000)(lambda position: Parts(texts[position]))


def read(
    found: Candidates, parts: Callable[[int], Parts], answers: Sequence[str | None]
) -> tuple[list[Evidence], Floats]:
    """Evidence between the texts of each pair, and all signals, shape (n, len(FEATURES)).

    Args:
        found: Candidate pairs.
        parts: Of each text, see `parts_of`.
        answers: Their answers, None where unknown.
    """
    evidence, between = [], np.empty((len(found.parents), len(FEATURES) - len(SEARCHED)))
    cosines = found.searched[:, _COSINE].round(4)
    for n, (one, other) in enumerate(zip(found.parents.tolist(), found.children.tolist(), strict=True)):
        parent, child = parts(one), parts(other)
        verdict = compare(answers[one], answers[other])
        seen = measure(parent, child, None if verdict == "unknown" else verdict == "same")
        between[n] = signals(parent, child, seen, answers[other])
        evidence.append(seen if np.isnan(cosines[n]) else replace(seen, cosine=float(cosines[n])))
    return evidence, np.hstack([found.searched, between])


def _templated(texts: Sequence[Text]) -> NDArray[np.bool_]:
    masks = [tuple("#" if is_number(token) else token for token in text) for text in texts]
    members = Counter(masks)
    return np.array([members[mask] > _FAMILY for mask in masks], bool)
