"""Bags of items per text as sparse matrices, and what two texts have in common, for many pairs at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rlvr_atlas.match.sparse import row_of_each
from rlvr_atlas.text.token_table import Ints

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bag:
    """How often each item is in each of n texts.

    Attributes:
        counts: (n, items).
        items: (items,) what each column stands for, ascending.
    """

    counts: csr_array
    items: Ints

    @classmethod
    def of(cls, n: int, text: Ints, item: Ints, *, once: bool = False) -> Bag:
        """Collect items.

        Args:
            n: How many texts there are.
            text: (m,) text of each item.
            item: (m,) the items, as numbers.
            once: Whether an item counts only once in a text.
        """
        items, column = np.unique(item, return_inverse=True)
        width = max(len(items), 1)
        entries, counts = np.unique(text * width + column, return_counts=True)
        text, column = np.divmod(entries, width)
        values = np.ones(len(counts)) if once else counts.astype(np.float64)
        rows = np.concatenate([[0], np.cumsum(np.bincount(text, minlength=n))])
        return cls(csr_array((values, column.astype(np.int32), rows), shape=(n, len(items))), items)

    @cached_property
    def sizes(self) -> Floats:
        """(n,) items of each text, each as often as it is there."""
        return np.asarray(self.counts.sum(axis=1), np.float64)

    def difference(self, parents: Ints, children: Ints) -> Difference:
        """What of each pair the parent has more often (positive) or the child (negative)."""
        between = self.counts[parents] - self.counts[children]
        return Difference(len(parents), row_of_each(between), between.indices, between.data)

    def shared(self, parents: Ints, children: Ints) -> Floats:
        """(n,) how many items two texts have in common, each as often as both have it."""
        apart = self.difference(parents, children).total()
        return (self.sizes[parents] + self.sizes[children] - apart) / 2

    def jaccard(self, parents: Ints, children: Ints) -> Floats:
        """(n,) Jaccard similarity; 1 for two empty bags."""
        return jaccard(self.shared(parents, children), self.sizes[parents], self.sizes[children])


@dataclass(frozen=True)
class Difference:
    """Items of which one of two texts has more.

    Attributes:
        pairs: How many pairs there are.
        pair: (m,) the pair of each item.
        column: (m,) the item.
        more: (m,) how many more the parent has, negative where the child has more.
    """

    pairs: int
    pair: Ints
    column: NDArray[np.integer]
    more: Floats

    def total(self, among: NDArray[np.bool_] | None = None) -> Floats:
        """(pairs,) how many items differ; of some columns, or of all."""
        return self._sum(np.abs(self.more) * (1.0 if among is None else among[self.column]))

    def net(self, among: NDArray[np.bool_]) -> Floats:
        """(pairs,) how many more items of some columns the parent has."""
        return self._sum(self.more * among[self.column])

    def count(self, chosen: NDArray[np.bool_]) -> Floats:
        """(pairs,) how many of some differences each pair has."""
        return self._sum(chosen.astype(np.float64))

    def _sum(self, values: Floats) -> Floats:
        return np.bincount(self.pair, values, minlength=self.pairs).astype(np.float64)


def jaccard(shared: Floats, one: Floats, other: Floats) -> Floats:
    """(n,) Jaccard similarity of bags of these sizes; 1 where both are empty."""
    union = one + other - shared
    return np.where(union > 0, shared / np.maximum(union, 1), 1.0)
