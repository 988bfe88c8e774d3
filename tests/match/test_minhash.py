"""Candidates: similar texts are found, the window is honoured and counted."""

import numpy as np
import pytest

from rlvr_atlas.match import minhash


def _sets(n, size, seed):
    rng = np.random.default_rng(seed)
    return [[f"w{w}" for w in sorted(set(rng.integers(0, 5_000, size).tolist()))] for _ in range(n)]


def test_the_estimate_is_near_the_true_similarity():
    left, right = [f"w{i}" for i in range(100)], [f"w{i}" for i in range(30, 130)]
    signs = minhash.signatures([left, right])
    assert minhash.similarity(signs[0], signs)[1] == pytest.approx(70 / 130, abs=0.12)


def test_signatures_depend_on_the_seed_only():
    sets = _sets(5, 30, 1)
    assert np.array_equal(minhash.signatures(sets, seed=3), minhash.signatures(sets, seed=3))
    assert not np.array_equal(minhash.signatures(sets, seed=3), minhash.signatures(sets, seed=4))


def test_near_copies_are_found_among_many():
    sets = _sets(500, 40, 0)
    copies = [[*words[:-4], "new1", "new2"] for words in sets]
    found = minhash.candidates(minhash.signatures(sets + copies), rows_per_band=4, threshold=0.5)
    pairs = set(map(tuple, found.pairs.tolist()))
    assert sum((i, i + 500) in pairs for i in range(500)) >= 490
    assert len(pairs) < 600
    assert (found.pairs[:, 0] < found.pairs[:, 1]).all()


def test_blocks_keep_texts_apart():
    signs = minhash.signatures([["a", "b", "c"]] * 4)
    blocks = np.array([1, 2, 1, 2], dtype=np.uint64)
    found = minhash.candidates(signs, rows_per_band=4, threshold=0.5, blocks=blocks)
    assert found.pairs.tolist() == [[0, 2], [1, 3]]


@pytest.mark.parametrize("n", [1, 2, minhash.WINDOW + 1, minhash.WINDOW + 2, 200])
def test_pairs_found_and_cut_add_up(n):
    pairs, cut = minhash.pairs_within_groups(np.zeros(n, np.uint64))
    assert len(pairs) + cut == n * (n - 1) // 2
    assert len({tuple(p) for p in pairs.tolist()}) == len(pairs)


def test_no_texts_no_pairs():
    found = minhash.candidates(minhash.signatures([]), rows_per_band=4, threshold=0.5)
    assert found.pairs.shape == (0, 2)
