"""Blocking: MinHash signatures and the candidate pairs they suggest.

Signatures come from rensa (about ten times faster than datasketch). Banding is done here with sorted 64-bit
band values, because a group that is too large must be cut in a known way and reported, not silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

PERMUTATIONS = 128
#: Inside one band value a text is compared with at most this many texts released before it.
WINDOW = 64
_CHUNK = 200_000
_ROWS = 4096

Signatures = NDArray[np.uint32]
Pairs = NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """Candidate pairs.

    Attributes:
        pairs: (n, 2) positions, earlier first.
        similarity: (n,) estimated Jaccard similarity.
        cut: Pairs that shared a band value but were not looked at because of `WINDOW`.
    """

    pairs: Pairs
    similarity: NDArray[np.float64]
    cut: int


def signatures(token_sets: Sequence[Sequence[str]], *, seed: int = 0) -> Signatures:
    """MinHash signatures.

    Args:
        token_sets: One list of distinct tokens per text.
        seed: Seed of the permutations.

    Returns:
        (n, PERMUTATIONS) array. Texts without tokens get the signature of the empty set.
    """
    if not token_sets:
        return np.zeros((0, PERMUTATIONS), dtype=np.uint32)
    digests = RMinHash.digests_from_token_sets(token_sets, num_perm=PERMUTATIONS, seed=seed)
    return np.asarray(digests, dtype=np.uint32)


def hashes(tokens: Sequence[str]) -> NDArray[np.uint64]:
    """The hash of each token that signatures are made of."""
    return np.array(RMinHash.hash_token_sets([tokens])[0] if tokens else [], np.uint64)


def signatures_of_hashes(
    hashes: NDArray[np.uint64], starts: NDArray[np.int64], *, seed: int = 0
) -> Signatures:
    """MinHash signatures of tokens that are hashed already, see `hashes`.

    Args:
        hashes: Of the tokens, text after text; one may be there more than once.
        starts: (n + 1,) where each text begins.
        seed: Seed of the permutations.
    """
    n = len(starts) - 1
    found = np.zeros((n, PERMUTATIONS), np.uint32)
    for first in range(0, n, _ROWS):  # its rows come as lists, which take much more memory than the array
        bounds = starts[first : first + _ROWS + 1]
        packed = RMinHash.digest_matrix_from_flat_token_hashes(
            hashes[bounds[0] : bounds[-1]], (bounds - bounds[0]).astype(np.uint64), PERMUTATIONS, seed
        )
        found[first : first + _ROWS] = packed.to_rows()
    return found


def similarity(signature: NDArray[np.uint32], all_signatures: Signatures) -> NDArray[np.float64]:
    """Estimated Jaccard similarity of one text to all, shape (n,)."""
    # A mean would make a number of 64 bits of every comparison first.
    agreeing = (all_signatures == signature).sum(axis=1, dtype=np.uint16)
    agreement: NDArray[np.float64] = agreeing.astype(np.float64) / PERMUTATIONS
    return agreement


def candidates(
    signs: Signatures, *, rows_per_band: int, threshold: float, blocks: NDArray[np.uint64] | None = None
) -> Candidates:
    """Pairs that share a band of the signature and are similar enough by estimate.

    Args:
        signs: (n, PERMUTATIONS) signatures, ordered by release.
        rows_per_band: Length of a band; longer bands find fewer, more similar pairs.
        threshold: Least estimated similarity.
        blocks: (n,) values; only pairs with equal values are formed.

    Returns:
        Distinct pairs in ascending order.
    """
    packed: list[NDArray[np.int64]] = []
    cut, n = 0, len(signs)
    for values in _band_values(signs, rows_per_band, blocks):
        pairs, lost = pairs_within_groups(values)
        cut += lost
        if len(pairs):
            # Filtering band by band keeps memory at one band's pairs.
            pairs = pairs[_estimate(signs, pairs) >= threshold]
            packed.append(pairs[:, 0] * n + pairs[:, 1])
    if not packed:
        return Candidates(np.zeros((0, 2), np.int64), np.zeros(0), cut)
    unique = np.unique(np.concatenate(packed))
    pairs = np.stack([unique // n, unique % n], axis=1)
    return Candidates(pairs, _estimate(signs, pairs), cut)


def _band_values(
    signs: Signatures, rows_per_band: int, blocks: NDArray[np.uint64] | None
) -> Iterator[NDArray[np.uint64]]:
    """One 64-bit value per text and band: a multiplicative mix of the band's hashes."""
    odd = np.uint64(0x9E3779B97F4A7C15)
    for start in range(0, PERMUTATIONS - rows_per_band + 1, rows_per_band):
        value = np.zeros(len(signs), np.uint64) if blocks is None else blocks.astype(np.uint64)
        for column in range(start, start + rows_per_band):
            value = (value ^ signs[:, column]) * odd
            value ^= value >> np.uint64(29)
        yield value


def pairs_within_groups(values: NDArray[np.uint64]) -> tuple[Pairs, int]:
    """Pairs of positions with equal values, each position with its WINDOW predecessors at most.

    Args:
        values: (n,) group of each text.

    Returns:
        (m, 2) pairs, earlier first, and how many pairs the window left out.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    found: list[NDArray[Any]] = []
    alive = np.arange(len(order))
    for distance in range(1, WINDOW + 1):
        alive = alive[alive + distance < len(order)]
        alive = alive[ordered[alive] == ordered[alive + distance]]
        if not len(alive):
            break
        found.append(np.stack([order[alive], order[alive + distance]], axis=1))
    _, sizes = np.unique(ordered, return_counts=True)
    big = sizes[sizes > WINDOW + 1].astype(np.int64) - WINDOW - 1
    lost = int((big * (big + 1) // 2).sum())
    return (np.concatenate(found) if found else np.zeros((0, 2), np.int64)), lost


def _estimate(signs: Signatures, pairs: Pairs) -> NDArray[np.float64]:
    """Share of agreeing permutations per pair, in chunks."""
    result = np.empty(len(pairs))
    for start in range(0, len(pairs), _CHUNK):
        part = pairs[start : start + _CHUNK]
        result[start : start + _CHUNK] = (signs[part[:, 0]] == signs[part[:, 1]]).mean(axis=1)
    return result
