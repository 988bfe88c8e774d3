"""Retrieval: candidate parents of texts, the best of those with the same answer or numbers, and of all.

Texts with one answer are compared each with each, by all their terms, where they are few. Those of larger
groups, and all texts, are searched by a text's rarest terms only, up to a number of postings: a term that
stands in every tenth text finds everything and tells nothing, and what a text costs hardly grows with the
corpus. Either is a product of sparse matrices (asking bm25s text by text took 20 times as long). What is then
known of a pair without looking at its texts is worked out for a whole block at once: `searched.SEARCHED`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rlvr_atlas.match.groups import both, groups, ids, numbers_of
from rlvr_atlas.match.minhash import WINDOW, Pairs, pairs_within_groups
from rlvr_atlas.match.sparse import compact, products, row_of_each, squares
from rlvr_atlas.match.terms import Terms
from rlvr_atlas.parallel import in_threads
from rlvr_atlas.text.token_table import Ints, TokenTable

Floats = NDArray[np.float64]
MayPair = Callable[[Ints, Ints], NDArray[np.bool_]]

#: Postings that a text may touch, where its answer is known and where only its words can find anything.
_POSTINGS, _POSTINGS_UNANSWERED = 3_000, 12_000
#: The same among texts of one answer, or one set of numbers: a term of theirs stands in fewer texts.
_POSTINGS_IN_GROUP = 4_000
#: A text is searched by this many terms at least.
_TERMS = 6
#: How many of the best are kept of all texts, of those with the same answer, the same numbers, both.
_ANY, _SAME_ANSWER, _SAME_NUMBERS, _SAME_BOTH = 6, 8, 6, 6
#: Below this share of the child's own weight nothing is a candidate, unless answer and numbers are the same.
_LEAST = 0.06
#: Of all texts only those that score at least this share of the best are candidates.
_FAIR = 0.5
#: Of more texts than this with one answer, or one set of numbers, each is looked for by its words alone.
_LARGEST_GROUP = 20_000
_BLOCK = 256
#: Texts that score at least this share of the best count as a crowd.
_CROWD = 0.9


@dataclass(frozen=True)
class Candidates:
    """Candidate pairs, ordered by child and parent.

    Attributes:
        children: (n,) positions.
        parents: (n,) positions.
        searched: (n, len(SEARCHED)) what the search knows of each pair, see `searched`.
    """

    children: Ints
    parents: Ints
    searched: Floats

    def __getitem__(self, chosen: NDArray[np.bool_] | Ints) -> Candidates:
        """Some of the pairs."""
        return Candidates(self.children[chosen], self.parents[chosen], self.searched[chosen])


@dataclass(frozen=True)
class _Kind:
    """Texts that may be compared each with each: those of one group.

    Attributes:
        groups: (n,) group of each text, -1 for none.
        kept: How many of the best are kept.
        least: Share of the child's own weight below which nothing is a candidate.
    """

    groups: Ints
    kept: int
    least: float


class Texts:
    """All texts, ready to be searched.

    Args:
        texts: All texts.
        answers: Normal forms of their answers, None where unknown.
        order: (n,) place of each text in order of release; by default they are given in it.
        may_pair: Of two arrays of positions, whether each two may be compared; all by default.
    """

    def __init__(
        self,
        texts: TokenTable,
        answers: Sequence[str | None],
        order: Ints | None = None,
        may_pair: MayPair | None = None,
    ) -> None:
        self._order = np.arange(len(texts)) if order is None else order
        self._may_pair: MayPair = may_pair or _all_pairs
        terms = Terms.of(texts)
        self._weights, self._rarities, self._postings = terms.weights, terms.rarities, terms.postings
        self._masses = squares(self._rarities)
        # Terms x texts, for scoring; the texts' own rows hold their terms from the rarest on.
        self._by_term = self._weights.T.tocsr()
        self._numbers = numbers_of(texts)
        self._lengths = texts.lengths + 1.0
        self._forms = ids(answers)
        numbers = groups(self._numbers)
        self._kinds = (
            _Kind(self._forms, _SAME_ANSWER, _LEAST),
            _Kind(numbers, _SAME_NUMBERS, _LEAST),
            _Kind(both(self._forms, numbers), _SAME_BOTH, 0.0),
        )
        self._same_numbers = _Kind(numbers, _SAME_NUMBERS, 0.0)

    def blocks(
        self,
        children: Ints,
        limits: Ints,
        extra: Ints,
        vectors: NDArray[np.floating] | None = None,
        *,
        by_numbers: bool = False,
    ) -> list[Block]:
        """The best earlier texts of each child, and those of `extra`, for each block of children.

        They may be called from several threads, or sent to other processes.

        Args:
            children: (n,) positions of the texts to be searched for, ascending.
            limits: (n,) only texts whose place is below may be parents.
            extra: (n, k) parents found otherwise, to be scored too; -1 for none.
            vectors: (m, d) unit vectors of all texts, where there are any.
            by_numbers: Whether only texts with the same numbers are candidates.
        """
        kinds = (self._same_numbers,) if by_numbers else self._kinds
        alike = in_threads(lambda kind: self._alike(children, limits, kind), kinds)
        starts = np.arange(0, len(children) + _BLOCK, _BLOCK)
        bounds = [np.searchsorted(pairs[:, 0], starts) for pairs in alike]
        best = 0 if by_numbers else _ANY

        def block(number: int) -> Block:
            start = number * _BLOCK
            part = slice(start, start + _BLOCK)
            moved = np.array([start, 0], np.int64)
            known = [
                pairs[at[number] : at[number + 1]] - moved for pairs, at in zip(alike, bounds, strict=True)
            ]
            known.append(_listed(extra[part]))
            return Block(self, children[part], limits[part], known, best, vectors)

        return [block(number) for number in range(len(starts) - 1)]

    def closest(self, children: Ints, among: Ints, k: int) -> Ints:
        """Of some texts those that share most with each child, rare terms first; (n, k), -1 for none.

        Args:
            children: (n,) positions.
            among: Positions of earlier texts.
            k: How many are wanted of each.
        """
        by_term = self._rarities[among].T.tocsr()
        found = np.full((len(children), k), -1)
        for start in range(0, len(children), _BLOCK):
            shared = self._rarities[children[start : start + _BLOCK]] @ by_term
            row, nth = _top(row_of_each(shared), shared.indices.astype(np.int64), shared.data, k).T
            found[start + row, _rank(row)] = among[nth]
        return found

    def _alike(self, children: Ints, limits: Ints, kind: _Kind) -> Pairs:
        """Place of the child and parent: the best by all their terms among those of one group."""
        groups = kind.groups
        place = np.full(len(groups), -1)
        place[children] = np.arange(len(children))
        known = np.flatnonzero(groups >= 0)
        known = known[np.argsort(self._order[known], kind="stable")]
        size = np.bincount(groups[known], minlength=1)[groups[known]]
        small = known[(size > 1) & (size <= WINDOW)]
        parents, asking = small[pairs_within_groups(groups[small].astype(np.uint64))[0]].T
        wanted = place[asking] >= 0
        parents, asking = parents[wanted], asking[wanted]
        early = self._order[parents] < limits[place[asking]]
        early &= self._may_pair(asking, parents)
        found = [self._best(place, parents[early], asking[early], kind)]
        large = known[(size > WINDOW) & (size <= _LARGEST_GROUP)]
        large = large[np.lexsort((large, groups[large]))]
        for group in np.split(large, np.flatnonzero(np.diff(groups[large])) + 1):
            found += self._best_of_group(place, limits, group, kind)
        pairs = np.concatenate(found)
        return pairs[np.argsort(pairs[:, 0], kind="stable")]

    def _best_of_group(self, place: Ints, limits: Ints, group: Ints, kind: _Kind) -> Iterator[Pairs]:
        """The same for one large group, where a product is faster than pair by pair."""
        children = group[place[group] >= 0]
        rarities = compact(self._rarities[group])
        by_term = rarities.T.tocsr()
        asked = _rarest(rarities, np.diff(by_term.indptr), np.full(len(group), _POSTINGS_IN_GROUP))
        for start in range(0, len(children), _BLOCK):
            part = children[start : start + _BLOCK]
            shared = asked[np.searchsorted(group, part)] @ by_term
            row, parents = row_of_each(shared), group[shared.indices]
            good = (shared.data >= kind.least * self._masses[part][row]) & (
                self._order[parents] < limits[place[part]][row]
            )
            good &= self._may_pair(part[row], parents)
            yield _top(place[part[row[good]]], parents[good], shared.data[good], kind.kept)

    def _best(self, place: Ints, parents: Ints, children: Ints, kind: _Kind) -> Pairs:
        shared = self._shared(children, parents)
        good = shared >= kind.least * self._masses[children]
        return _top(place[children[good]], parents[good], shared[good], kind.kept)

    def _shared(self, children: Ints, parents: Ints) -> Floats:
        """Sum of the squared rarities of the terms that two texts share, pair by pair."""
        return products(self._rarities, children, self._rarities, parents)

    def found(self, block: Block) -> Candidates:
        """Candidates of a block of children."""
        children, limits = block.children, block.limits
        asked = self._questions(children)
        row, column, share = _high(asked @ self._by_term, children, limits, self._order)
        allowed = self._may_pair(children[row], column)
        row, column, share = row[allowed], column[allowed], share[allowed]
        neighbours = _crowds(row, share, len(children))
        early = self._order[column] < limits[row]
        row, column, share = row[early], column[early], share[early]
        crowding = _crowds(row, share, len(children))
        fair = share >= _FAIR * _maxima(row, share, len(children))[row]
        found = np.concatenate([_top(row[fair], column[fair], share[fair], block.best), *block.known])
        n = len(self._lengths)
        row, parents = np.divmod(np.unique(found[:, 0] * n + found[:, 1]), n)
        allowed = self._may_pair(children[row], parents)
        row, parents = row[allowed], parents[allowed]
        bm25 = products(asked, row, self._weights, parents)
        gap = _maxima(row, bm25, len(children))[row] - bm25
        around = np.stack([bm25, gap, crowding[row], neighbours[row]], axis=1)
        between = self._between(children[row], parents)
        cosines = _cosines(row, children[row], parents, block.vectors)
        return Candidates(children[row], parents, np.hstack([around, between, cosines]))

    def _between(self, children: Ints, parents: Ints) -> Floats:
        """Shares of terms and numbers, answers, lengths."""
        # Of two weights of one term the product is the square of its rarity.
        shared = self._shared(children, parents)
        numbers = products(self._numbers, children, self._numbers, parents)
        sizes = np.diff(self._numbers.indptr)
        union = sizes[children] + sizes[parents] - numbers
        one, other = self._forms[children], self._forms[parents]
        columns = (
            shared / self._masses[children],
            shared / self._masses[parents],
            np.where(union > 0, numbers / np.maximum(union, 1.0), 1.0),
            np.where((one >= 0) & (other >= 0), (one == other).astype(float), np.nan),
            np.log(self._lengths[children] / self._lengths[parents]),
        )
        return np.stack(columns, axis=1)

    def _questions(self, children: Ints) -> csr_array:
        """The rarest terms of each text (texts x terms), scaled so that it scores 1 by itself."""
        enough = np.where(self._forms[children] >= 0, _POSTINGS, _POSTINGS_UNANSWERED)
        own = _rarest(self._weights[children], self._postings, enough)
        row = row_of_each(own)
        score = np.bincount(row, own.data, minlength=len(children))
        return csr_array(((1 / score[row]).astype(np.float32), own.indices, own.indptr), shape=own.shape)


@dataclass(frozen=True)
class Block:
    """Children that are searched for together; called, it gives their candidates.

    Attributes:
        texts: All texts.
        children: (n,) positions.
        limits: (n,) only texts whose place is below may be parents.
        known: Place of the child in this block and parent, found otherwise.
        best: How many of the best of all texts are candidates.
        vectors: (m, d) unit vectors of all texts, where there are any.
    """

    texts: Texts
    children: Ints
    limits: Ints
    known: list[Pairs]
    best: int
    vectors: NDArray[np.floating] | None

    def __call__(self) -> Candidates:
        """The candidates."""
        return self.texts.found(self)


def _all_pairs(children: Ints, _: Ints) -> NDArray[np.bool_]:
    return np.ones(len(children), bool)


def _rarest(texts: csr_array, postings: Ints, enough: Ints) -> csr_array:
    """The rarest terms of each text: those with no more than so many postings together, but some at least.

    Args:
        texts: (n, terms), the terms of a row from the rarest on.
        postings: (terms,) in how many texts each term stands.
        enough: (n,) postings that a text may touch.
    """
    row = row_of_each(texts)
    touched = np.cumsum(postings[texts.indices])
    before = np.concatenate([[0], touched])[texts.indptr[:-1]]
    nth = np.arange(len(row)) - texts.indptr[:-1][row]
    keep = (touched - before[row] <= enough[row]) | (nth < _TERMS)
    rows = np.concatenate([[0], np.cumsum(np.bincount(row[keep], minlength=texts.shape[0]))])
    return csr_array((texts.data[keep], texts.indices[keep], rows), shape=texts.shape)


def _high(scores: csr_array, children: Ints, limits: Ints, order: Ints) -> tuple[Ints, Ints, Floats]:
    """Row, column and value of the scores that are not far below the best earlier one of their child.

    Most are left out here, in few passes over the matrix.

    Args:
        scores: (n, texts).
        children: (n,) position of each row's own text, which is left out.
        limits: (n,) only texts whose place is below are earlier ones.
        order: (texts,) place of each text.
    """
    row = np.repeat(np.arange(len(children), dtype=np.int32), np.diff(scores.indptr))
    scores.data[scores.indices == children.astype(np.int32)[row]] = 0
    places = order.astype(np.int32)[scores.indices]
    earlier = np.where(places < limits.astype(np.int32)[row], scores.data, 0)
    best = np.zeros(len(children), np.float32)
    filled = np.diff(scores.indptr) > 0
    if filled.any():
        best[filled] = np.maximum.reduceat(earlier, scores.indptr[:-1][filled])
    high = np.flatnonzero(scores.data >= np.maximum(_FAIR * best, _LEAST)[row])
    return (
        row[high].astype(np.int64),
        scores.indices[high].astype(np.int64),
        scores.data[high].astype(np.float64),
    )


def _cosines(row: Ints, children: Ints, parents: Ints, vectors: NDArray[np.floating] | None) -> Floats:
    """Cosine of each pair and its distance to the best of the child, not a number without an encoder."""
    if vectors is None or not len(row):
        return np.full((len(row), 2), np.nan)
    cosine = np.vecdot(vectors[children].astype(np.float32), vectors[parents].astype(np.float32))
    cosine = cosine.astype(np.float64)
    return np.stack([cosine, _maxima(row, cosine, int(row.max()) + 1)[row] - cosine], axis=1)


def _top(row: Ints, column: Ints, score: Floats, k: int) -> Pairs:
    """(n, 2) row and column of the k best of each row; of equal scores the earlier text comes first."""
    order = np.lexsort((column, -score, row))
    best = order[_rank(row[order]) < k]
    return np.stack([row[best], column[best]], axis=1)


def _listed(extra: Ints) -> Ints:
    """(n, 2) row and value of all that are not -1."""
    place, nth = np.nonzero(extra >= 0)
    return np.stack([place, extra[place, nth]], axis=1)


def _maxima(row: Ints, values: Floats, n: int) -> Floats:
    best = np.full(n, -np.inf)
    np.maximum.at(best, row, values)
    return best


def _crowds(row: Ints, share: Floats, n: int) -> Floats:
    """How many of each row are nearly its best."""
    return np.bincount(row[share >= _CROWD * _maxima(row, share, n)[row]], minlength=n).astype(np.float64)


def _rank(row: Ints) -> Ints:
    """Position of each entry among those of its row, for ascending rows."""
    return np.arange(len(row)) - np.searchsorted(row, row)
