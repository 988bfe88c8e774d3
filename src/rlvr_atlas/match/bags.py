"""Bags of items per text as flat arrays, and what two texts have in common, for many pairs at once.

A sparse matrix would do as well; this is as fast and spares a look-up the time that SciPy takes to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.text.token_table import Ints

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Bag:
    """How often each item is in each of n texts.

    Attributes:
        starts: (n + 1,) where each text begins in the other two.
        items: Items of every text, ascending in each text.
        counts: How often each is there.
    """

    starts: Ints
    items: Ints
    counts: Floats

    @classmethod
    def of(cls, n: int, text: Ints, item: Ints, *, once: bool = False) -> Bag:
        """Collect items.

        Args:
            n: How many texts there are.
            text: (m,) text of each item.
            item: (m,) the items, as numbers from 0 on.
            once: Whether an item counts only once in a text.
        """
        span = int(item.max(initial=0)) + 1
        entries, counts = np.unique(text * span + item, return_counts=True)
        text, item = np.divmod(entries, span)
        starts = np.concatenate([[0], np.cumsum(np.bincount(text, minlength=n))])
        return cls(starts, item, np.ones(len(item)) if once else counts.astype(np.float64))

    @cached_property
    def sizes(self) -> Floats:
        """(n,) items of each text, each as often as it is there."""
        return self._sums(self.counts)

    @cached_property
    def kinds(self) -> Ints:
        """(n,) distinct items of each text."""
        return np.diff(self.starts)

    def weights(self, weight: Floats) -> Floats:
        """(n,) sum over each text of the weight (items,) of its items, each as often as it is there."""
        return self._sums(weight[self.items] * self.counts)

    def distinct_weights(self, weight: Floats) -> Floats:
        """(n,) sum over each text of the weight (items,) of its distinct items."""
        return self._sums(weight[self.items])

    def _sums(self, values: Floats) -> Floats:
        rows = np.repeat(np.arange(len(self.starts) - 1), self.kinds)
        return np.bincount(rows, values, minlength=len(self.starts) - 1).astype(np.float64)

    def difference(self, parents: Ints, children: Ints) -> Difference:
        """What of each pair the parent has more often (positive) or the child (negative)."""
        span = int(self.items.max(initial=0)) + 1
        (keys, ours), (others, theirs) = self._entries(parents, span), self._entries(children, span)
        every = np.concatenate([keys, others])
        order = np.argsort(every, kind="stable")  # two ascending runs are merged in one pass
        every, more = every[order], np.concatenate([ours, -theirs])[order]
        first = np.flatnonzero(np.concatenate([np.ones(min(len(every), 1), bool), every[1:] != every[:-1]]))
        more = np.add.reduceat(more, first) if len(first) else more
        kept = more != 0
        pair, item = np.divmod(every[first][kept], span)
        return Difference(len(parents), pair, item, more[kept])

    def common(self, ours: Ints, other: Bag, theirs: Ints) -> Common:
        """Items of each pair of a text here and a text of another bag that both have."""
        span = int(max(self.items.max(initial=0), other.items.max(initial=0))) + 1
        (keys, counts), (others, _) = self._entries(ours, span), other._entries(theirs, span)
        place = np.minimum(np.searchsorted(others, keys), max(len(others) - 1, 0))
        both = others[place] == keys if len(others) else np.zeros(len(keys), bool)
        pair, item = np.divmod(keys[both], span)
        return Common(len(ours), pair, item, counts[both])

    def _entries(self, rows: Ints, span: int) -> tuple[Ints, Floats]:
        """Pair and item as one number, ascending, and the count, of the texts of all pairs."""
        lengths = self.kinds[rows]
        ends = np.cumsum(lengths)
        at = np.arange(int(lengths.sum())) + np.repeat(self.starts[:-1][rows] - (ends - lengths), lengths)
        return np.repeat(np.arange(len(rows)), lengths) * span + self.items[at], self.counts[at]

    def shared(self, parents: Ints, children: Ints) -> Floats:
        """(n,) how many items two texts have in common, each as often as both have it."""
        apart = self.difference(parents, children).total()
        return (self.sizes[parents] + self.sizes[children] - apart) / 2

    def jaccard(self, parents: Ints, children: Ints) -> Floats:
        """(n,) Jaccard similarity; 1 for two empty bags."""
        return jaccard(self.shared(parents, children), self.sizes[parents], self.sizes[children])


@dataclass(frozen=True)
class Common:
    """Items that both texts of a pair have.

    Attributes:
        pairs: How many pairs there are.
        pair: (m,) the pair of each item.
        item: (m,) the item.
        count: (m,) how often the first of the two texts has it.
    """

    pairs: int
    pair: Ints
    item: Ints
    count: Floats

    def total(self) -> Floats:
        """(pairs,) how many there are, each as often as the first text has it."""
        return np.bincount(self.pair, self.count, minlength=self.pairs).astype(np.float64)

    def distinct(self) -> Floats:
        """(pairs,) how many distinct ones there are."""
        return np.bincount(self.pair, minlength=self.pairs).astype(np.float64)

    def weights(self, weight: Floats) -> Floats:
        """(pairs,) sum of the weights (items,) of the distinct ones."""
        return np.bincount(self.pair, weight[self.item], minlength=self.pairs).astype(np.float64)


@dataclass(frozen=True)
class Difference:
    """Items of which one of two texts has more.

    Attributes:
        pairs: How many pairs there are.
        pair: (m,) the pair of each item.
        item: (m,) the item.
        more: (m,) how many more the parent has, negative where the child has more.
    """

    pairs: int
    pair: Ints
    item: Ints
    more: Floats

    def total(self, among: Bools | None = None) -> Floats:
        """(pairs,) how many items differ; of some (items,), or of all."""
        return self._sum(np.abs(self.more) * (1.0 if among is None else among[self.item]))

    def sides(self, among: Bools) -> tuple[Floats, Floats]:
        """(pairs,) how many of some items (items,) only the parent has, and how many only the child has."""
        weight = among.astype(np.float64)
        return self.weights(weight, weight)

    def weights(self, gone: Floats, new: Floats) -> tuple[Floats, Floats]:
        """(pairs,) weight (items,) of the items that only the parent has, and of those only the child has."""
        ours = np.maximum(self.more, 0.0) * gone[self.item]
        theirs = np.maximum(-self.more, 0.0) * new[self.item]
        return self._sum(ours), self._sum(theirs)

    def of_both(self, common: Common) -> Difference:
        """Those of the items that both texts have, one of them more often."""
        span = int(max(self.item.max(initial=0), common.item.max(initial=0))) + 1
        kept = np.isin(self.pair * span + self.item, common.pair * span + common.item)
        return Difference(self.pairs, self.pair[kept], self.item[kept], self.more[kept])

    def among(self, wanted: Bools) -> Difference:
        """Those of some items (items,)."""
        kept = wanted[self.item]
        return Difference(self.pairs, self.pair[kept], self.item[kept], self.more[kept])

    def regrouped(self, group: Ints) -> Difference:
        """The same with items (items,) of one group counted as one item."""
        span = int(group.max(initial=0)) + 1
        codes, place = np.unique(self.pair * span + group[self.item], return_inverse=True)
        more = np.bincount(place, self.more, minlength=len(codes)).astype(np.float64)
        pair, item = np.divmod(codes, span)
        return Difference(self.pairs, pair, item, more)

    def net(self, among: Bools) -> Floats:
        """(pairs,) how many more of some items (items,) the parent has."""
        return self._sum(self.more * among[self.item])

    def count(self, chosen: Bools) -> Floats:
        """(pairs,) how many of some differences (m,) each pair has."""
        return self._sum(chosen.astype(np.float64))

    def _sum(self, values: Floats) -> Floats:
        return np.bincount(self.pair, values, minlength=self.pairs).astype(np.float64)


def jaccard(shared: Floats, one: Floats, other: Floats) -> Floats:
    """(n,) Jaccard similarity of bags of these sizes; 1 where both are empty."""
    union = one + other - shared
    return np.where(union > 0, shared / np.maximum(union, 1), 1.0)
