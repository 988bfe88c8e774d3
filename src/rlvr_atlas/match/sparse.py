"""Rows of sparse matrices, many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Rows multiplied at a time.
_PAIRS = 50_000


def products(left: csr_array, ours: Ints, right: csr_array, theirs: Ints) -> Floats:
    """Scalar product of each row of one matrix with its partner in the other."""
    parts = [
        left[ours[i : i + _PAIRS]].multiply(right[theirs[i : i + _PAIRS]]).sum(axis=1)
        for i in range(0, len(ours), _PAIRS)
    ]
    return np.concatenate([np.zeros(0), *parts])


def compact(rows: csr_array) -> csr_array:
    """The same rows without the columns that are empty."""
    used, columns = np.unique(rows.indices, return_inverse=True)
    return csr_array((rows.data, columns.astype(np.int32), rows.indptr), shape=(rows.shape[0], len(used)))


def squares(rows: csr_array) -> Floats:
    """Sum of the squares of each row; of an empty row a number that nothing is a share of."""
    sums = np.asarray(rows.power(2).sum(axis=1), np.float64)
    return np.where(sums > 0, sums, 1e-9)


def row_of_each(matrix: csr_array) -> Ints:
    """The row of each entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
