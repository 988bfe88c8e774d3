"""Exact top-k by cosine in bounded memory: fast rough scores first, then the few that could win, exactly.

Blocks of the score matrix are computed in the fastest precision at hand. Rounding can move a rough score by
no more than a known bound, so every row whose rough score is within that bound of the k-th best is scored
again in float64; nothing that belongs to the top k can be lost, and the result is the same on every machine.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlvr_atlas.encoder.engines import Engine, Floats, Ints, choose_engine
from rlvr_atlas.encoder.model import Tensor
from rlvr_atlas.errors import InputError

#: Below every score, above the minus infinity of a row that may not be chosen.
_LOWEST = float(np.finfo(np.float32).min)
#: Largest relative error of rounding a number to a type.
_ROUNDING = {"float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}


def top_k(  # noqa: PLR0913  each is one fact about the search
    queries: NDArray[Any],
    corpus: NDArray[Any],
    k: int,
    *,
    exclude: ArrayLike | None = None,
    query_order: ArrayLike | None = None,
    corpus_order: ArrayLike | None = None,
    device: str | None = None,
    block: int | None = None,
) -> tuple[Ints, Floats]:
    """The k rows of `corpus` with the largest cosine to each query, best first.

    Args:
        queries: Unit vectors, shape (n, d), float16 or float32; an array or a memory map.
        corpus: Shape (m, d), likewise.
        k: How many rows to return for each query.
        exclude: Shape (n,): one row of the corpus that each query may not find (itself); -1 for none.
        query_order: Shape (n,): a row may be found only by queries of a larger order (released later).
        corpus_order: Shape (m,): the other half of it; give both or neither.
        device: "cpu" or a GPU; a GPU where torch finds one.
        block: Scores held in memory at a time; by default 2**24 on a CPU and 2**28 on a GPU.

    Returns:
        Row numbers (n, k), int64, and scores (n, k), float32. Of equal scores the lower row comes first.
        Where fewer than k rows may be found, the row is -1 and the score minus infinity.

    Raises:
        InputError: If shapes do not fit together, or a vector is not finite or longer than 1.
    """
    n, m, d = len(queries), len(corpus), queries.shape[-1]
    _check_shapes(queries, corpus, k, exclude, query_order, corpus_order)
    _check_lengths(queries, "queries")
    _check_lengths(corpus, "corpus")
    engine = choose_engine(device, n * m * d)
    slack = 2 * _error_bound(engine.precision, d)
    # With the corpus in its order, what a query may find is a prefix, and what lies behind is not computed.
    rows = np.arange(m) if corpus_order is None else np.argsort(np.asarray(corpus_order), kind="stable")
    limits = np.full(n, m)
    if query_order is not None:
        limits = np.searchsorted(np.asarray(corpus_order)[rows], np.asarray(query_order), side="left")
    place = np.full(m + 1, -1)  # of each corpus row in `rows`; -1 stays -1
    place[rows] = np.arange(m)
    own = np.full(n, -1) if exclude is None else place[np.asarray(exclude)]
    indices = np.full((n, k), -1, dtype=np.int64)
    scores = np.full((n, k), -np.inf, dtype=np.float32)
    size = block or (2**28 if engine.precision == "float16" else 2**24)
    height = max(1, int(size**0.5) // 4)  # four times wider than high: fewer passes over the candidates
    turn = np.argsort(limits, kind="stable")
    for start in range(0, n, height):
        part = turn[start : start + height]
        search = _Search(engine, queries[part], corpus, rows, limits[part], own[part])
        found = search.survivors(k, slack, max(1, size // height))
        bounds = np.searchsorted(found.where, np.arange(len(part) + 1))
        for query, (low, high) in zip(part, itertools.pairwise(bounds), strict=True):
            best, exact = _rescore(queries[query], corpus, rows[found.columns[low:high]], k)
            indices[query, : len(best)], scores[query, : len(best)] = best, exact
    return indices, scores


def _rescore(query: NDArray[Any], corpus: NDArray[Any], rows: Ints, k: int) -> tuple[Ints, Floats]:
    """The best k of `rows`, scored in float64: equal vectors get equal scores wherever they stand."""
    exact = np.vecdot(corpus[rows].astype(np.float64), query.astype(np.float64)).astype(np.float32)
    best = np.lexsort((rows, -exact))[:k]
    return rows[best], exact[best]


class _Found(NamedTuple):
    """Pairs that may be in the top k."""

    where: Ints  # query
    columns: Ints  # place in the order of the corpus
    values: Floats  # rough score


@dataclass
class _Search:
    """One block of queries against the whole corpus."""

    engine: Engine
    queries: NDArray[Any]
    corpus: NDArray[Any]
    rows: Ints  # corpus rows, in their order
    limits: Ints  # how many of `rows` each query may find
    own: Ints  # the place in `rows` that each query may not find

    def survivors(self, k: int, slack: float, width: int) -> _Found:
        """All pairs whose rough score is within `slack` of the k-th best, ordered by query."""
        queries = self.engine.load(self.queries)
        floor = np.full(len(self.queries), _LOWEST, dtype=np.float32)  # at most the k-th best rough score
        kept = _Found(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
        for start in range(0, int(self.limits.max()), width):
            stop = min(start + width, int(self.limits.max()))
            scores = self._scores(queries, start, stop)
            fresh = np.flatnonzero(floor == _LOWEST)
            if len(fresh) and stop - start >= k:
                floor[fresh] = np.maximum(_LOWEST, self.engine.kth_best(scores, fresh, k))
            where, columns, values = self.engine.at_least(scores, np.maximum(floor - slack, _LOWEST))
            kept = _Found(
                np.concatenate([kept.where, where]),
                np.concatenate([kept.columns, columns + start]),
                np.concatenate([kept.values, values]),
            )
            kept, floor = _prune(kept, floor, k, slack)
        return kept

    def _scores(self, queries: Tensor, start: int, stop: int) -> Tensor:
        wanted = self.rows[start:stop]
        first, count = int(wanted[0]), len(wanted)
        consecutive = np.array_equal(wanted, np.arange(first, first + count))
        part = self.corpus[first : first + count] if consecutive else self.corpus[wanted]
        scores = queries @ self.engine.load(part).T
        if stop > self.limits.min():
            self.engine.hide_from(scores, self.limits - start)
        own = np.flatnonzero((self.own >= start) & (self.own < stop))
        if len(own):
            self.engine.hide(scores, own, self.own[own] - start)
        return scores


def _prune(found: _Found, floor: Floats, k: int, slack: float) -> tuple[_Found, Floats]:
    """Raise the floor of each query to its k-th best score so far, and drop what cannot win any more."""
    order = np.lexsort((-found.values, found.where))
    where, columns, values = found.where[order], found.columns[order], found.values[order]
    starts = np.searchsorted(where, np.arange(len(floor)))
    full = np.flatnonzero(np.bincount(where, minlength=len(floor)) >= k)
    floor = floor.copy()
    floor[full] = np.maximum(floor[full], values[starts[full] + k - 1])
    keep = values >= floor[where] - slack
    return _Found(where[keep], columns[keep], values[keep]), floor


def _error_bound(precision: str, d: int) -> float:
    """How far a rough score of two unit vectors can be from the exact one.

    Both inputs are rounded, the d products are added up in float32 (or, on some GPUs, the partial sums in
    half precision), and the sum is rounded.
    """
    return 4 * _ROUNDING[precision] + (d + 4) * _ROUNDING["float32"]


def _check_lengths(vectors: NDArray[Any], name: str) -> None:
    """Refuse what the error bound does not hold for."""
    for start in range(0, len(vectors), 2**16):
        part = np.asarray(vectors[start : start + 2**16], dtype=np.float32)
        wrong = ~(np.vecdot(part, part) < 1.02)  # NaN is not smaller either
        if wrong.any():
            row = start + int(wrong.argmax())
            raise InputError(f"row {row} of the {name} is not finite or longer than 1", fix="normalise it")


def _check_shapes(queries: NDArray[Any], corpus: NDArray[Any], k: int, *others: ArrayLike | None) -> None:
    exclude, query_order, corpus_order = others
    if queries.ndim != 2 or corpus.ndim != 2 or queries.shape[1] != corpus.shape[1]:
        raise InputError(f"queries of shape {queries.shape} do not fit a corpus of shape {corpus.shape}")
    if k < 1:
        raise InputError(f"k is {k}", fix="give a k of at least 1")
    if (query_order is None) != (corpus_order is None):
        raise InputError("one of query_order and corpus_order is missing", fix="give both or neither")
    for name, array, rows in (
        ("exclude", exclude, len(queries)),
        ("query_order", query_order, len(queries)),
        ("corpus_order", corpus_order, len(corpus)),
    ):
        if array is not None and np.shape(array) != (rows,):
            raise InputError(f"{name} has shape {np.shape(array)}, not {(rows,)}")
