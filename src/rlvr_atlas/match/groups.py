"""Groups of texts: those of one answer, of one set of numbers, of both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from rlvr_atlas.text.token_table import Ints, TokenTable


def ids(names: Sequence[str | None]) -> Ints:
    """A number for each distinct name; -1 for None."""
    numbers: dict[str, int] = {}
    return np.array(
        [-1 if name is None else numbers.setdefault(name, len(numbers)) for name in names], np.int64
    )


def groups(sets: csr_array) -> Ints:
    """A number for each distinct row; -1 for empty ones."""
    parts = np.split(sets.indices, sets.indptr[1:-1]) if sets.shape[0] else []
    return ids([part.tobytes().hex() or None for part in parts])


def both(one: Ints, other: Ints) -> Ints:
    """A number for each distinct pair of groups; -1 where either is none."""
    groups = np.full(len(one), -1)
    known = np.flatnonzero((one >= 0) & (other >= 0))
    groups[known] = np.unique(one[known] * (other.max(initial=0) + 1) + other[known], return_inverse=True)[1]
    return groups


def numbers_of(texts: TokenTable) -> csr_array:
    """Texts x numbers in digits: one where the text has the number."""
    number = texts.vocabulary.is_number[texts.ids]
    text, token = texts.text_of_each[number], texts.ids[number].astype(np.int64)
    width = max(len(texts.vocabulary), 1)
    text, token = np.divmod(np.unique(text * width + token), width)
    rows = np.concatenate([[0], np.cumsum(np.bincount(text, minlength=len(texts)))])
    shape = (len(texts), width)
    return csr_array((np.ones(len(token), np.float32), token.astype(np.int32), rows), shape=shape)
