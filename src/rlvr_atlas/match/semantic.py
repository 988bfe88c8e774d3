"""The semantic tier: the same problem in other words, searched for the texts that the earlier tiers left.

Candidates come from earlier datasets: BM25 (see `candidates`) and, where there is an encoder, the nearest by
cosine. A trained verifier weighs each pair. Large families of templated problems are not searched: their
members are told apart by their numbers, which is the lexical tier's work.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.answer import compare
from rlvr_atlas.match.candidates import Candidates, Ints, Texts
from rlvr_atlas.match.embeddings import top_k
from rlvr_atlas.match.evidence import Evidence, measure
from rlvr_atlas.match.lexical import Pair, Text
from rlvr_atlas.match.signals import Context, signals
from rlvr_atlas.match.tokens import Parts, is_number
from rlvr_atlas.match.weigh import weigh

#: Texts that are equal with numbers masked, if there are more of them than this, are not searched.
_FAMILY = 64
#: A candidate that shares less than this of the child's rare terms is compared only if its cosine is high.
_LEAST_BM25, _LEAST_COSINE = 0.1, 0.6
_NEAREST = 20
_BLOCK = 4096


@dataclass(frozen=True)
class Found:
    """Result of the tier.

    Attributes:
        pairs: Pairs that are the same problem or variants, ordered by child and parent.
        compared: How many candidate pairs were weighed.
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
    if not len(children):
        return Found([], 0, int(templated.sum()))
    index = Texts(texts, forms)
    pairs: list[Pair] = []
    compared = 0
    for start in range(0, len(children), _BLOCK):
        block = children[start : start + _BLOCK]
        found, cosines, gaps = _candidates(index, block, limits[block], vectors)
        measured = list(_measured(found, cosines, gaps, texts, answers))
        compared += len(measured)
        verdicts = weigh([seen for _, _, _, seen in measured], with_encoder=vectors is not None)
        pairs += [
            Pair(parent, child, verdict, evidence)
            for (parent, child, evidence, _), verdict in zip(measured, verdicts, strict=True)
            if verdict is not None
        ]
    return Found(pairs, compared, int(templated.sum()))


def _templated(texts: Sequence[Text]) -> NDArray[np.bool_]:
    masks = [tuple("#" if is_number(token) else token for token in text) for text in texts]
    members = Counter(masks)
    return np.array([members[mask] > _FAMILY for mask in masks])


def _candidates(
    index: Texts, children: Ints, limits: Ints, vectors: NDArray[np.floating] | None
) -> tuple[Candidates, NDArray[np.float64], NDArray[np.float64]]:
    """Candidates with their cosines and how far these are below the child's best."""
    if vectors is None:
        found = index.search(children, limits, np.full((len(children), 1), -1))
        unknown = np.full(len(found.children), np.nan)
        return found, unknown, unknown
    before = int(limits.max())
    near, scores = top_k(
        vectors[children], vectors[:before], _NEAREST, query_order=limits, corpus_order=np.arange(before)
    )
    found = index.search(children, limits, near)
    cosines = np.vecdot(*(vectors[side].astype(np.float64) for side in (found.children, found.parents)))
    best = scores[np.searchsorted(children, found.children), 0]
    return found, cosines, best - cosines


def _measured(
    found: Candidates,
    cosines: NDArray[np.float64],
    gaps: NDArray[np.float64],
    texts: Sequence[Text],
    answers: Sequence[str | None],
) -> Iterator[tuple[int, int, Evidence, list[float]]]:
    parts = lru_cache(maxsize=20_000)(lambda position: Parts(texts[position]))
    near = (found.bm25 >= _LEAST_BM25) | (np.nan_to_num(cosines) >= _LEAST_COSINE)
    for n in np.flatnonzero(near).tolist():
        parent, child = int(found.parents[n]), int(found.children[n])
        verdict = compare(answers[parent], answers[child])
        context = Context(
            float(cosines[n]),
            float(gaps[n]),
            float(found.bm25[n]),
            float(found.bm25_gap[n]),
            float(found.crowding[n]),
        )
        agree = None if verdict == "unknown" else verdict == "same"
        evidence = measure(parts(parent), parts(child), agree)
        seen = signals(parts(parent), parts(child), evidence, answers[child], context)
        known = None if math.isnan(context.cosine) else round(context.cosine, 4)
        yield parent, child, replace(evidence, cosine=known), seen
