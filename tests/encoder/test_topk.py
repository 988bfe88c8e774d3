"""Top-k search: the same as scoring every pair in float64, for every restriction, block and precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr_atlas.encoder import top_k as topk
from rlvr_atlas.encoder.engines import _Numpy, _Torch
from rlvr_atlas.encoder.top_k import top_k
from rlvr_atlas.errors import InputError


def unit(rng, n, d, dtype=np.float16, *, copies=0.0):
    """Unit vectors; a share of them copies of others, so that scores tie."""
    vectors = rng.standard_normal((n, d))
    if n:
        vectors = np.where(rng.random((n, 1)) < copies, vectors[rng.integers(0, n, n)], vectors)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(dtype)


def brute_force(queries, corpus, k, *, exclude=None, query_order=None, corpus_order=None):
    scores = np.vecdot(queries.astype(float)[:, None], corpus.astype(float)[None]).astype(np.float32)
    if query_order is not None:
        scores[np.asarray(corpus_order)[None] >= np.asarray(query_order)[:, None]] = -np.inf
    for row, own in enumerate(exclude if exclude is not None else []):
        if own >= 0:
            scores[row, own] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(scores, best, axis=1)
    best = np.where(np.isinf(found), -1, best)
    missing = ((0, 0), (0, k - best.shape[1]))
    return np.pad(best, missing, constant_values=-1), np.pad(found, missing, constant_values=-np.inf)


def assert_same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@st.composite
def searches(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, m, d = draw(st.integers(0, 12)), draw(st.integers(0, 60)), draw(st.sampled_from([1, 2, 7, 32]))
    copies = draw(st.sampled_from([0.0, 0.5, 0.95]))
    dtype = draw(st.sampled_from([np.float16, np.float32]))
    corpus = unit(rng, m, d, dtype, copies=copies)
    queries = np.concatenate([unit(rng, n, d, dtype), corpus[: draw(st.integers(0, 3))]])
    restrictions = {}
    if draw(st.booleans()):
        ranks = draw(st.integers(1, 8))
        restrictions["query_order"] = rng.integers(0, ranks + 1, len(queries))
        restrictions["corpus_order"] = rng.integers(0, ranks, m)
    if draw(st.booleans()):
        restrictions["exclude"] = rng.integers(-1, m, len(queries))
    return queries, corpus, draw(st.integers(1, 70)), restrictions, draw(st.sampled_from([1, 9, 100, 2**12]))


@settings(deadline=None, max_examples=300)
@given(searches())
def test_it_is_brute_force_in_float64(search):
    queries, corpus, k, restrictions, block = search
    found = top_k(queries, corpus, k, **restrictions, block=block)
    assert_same(found, brute_force(queries, corpus, k, **restrictions))


def crowd(rng, n, d=64):
    """Neighbours closer together than rounding can tell apart: a templated problem and its siblings."""
    centre = rng.standard_normal(d)
    vectors = centre + 0.002 * rng.standard_normal((n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


@pytest.mark.extra
@pytest.mark.parametrize("precision", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("data", ["spread", "crowd"])
def test_half_precision_loses_nothing(monkeypatch, precision, data):
    pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    corpus = unit(rng, 3000, 64, copies=0.1) if data == "spread" else crowd(rng, 3000)
    queries = corpus[::60]
    order = rng.integers(0, 9, 3000)
    restrictions = {"exclude": np.arange(3000)[::60], "query_order": order[::60], "corpus_order": order}
    monkeypatch.setattr(topk, "choose_engine", lambda *_: _Torch("cpu", precision))
    found = top_k(queries, corpus, 20, **restrictions, block=2**14)
    assert_same(found, brute_force(queries, corpus, 20, **restrictions))


@pytest.mark.extra
def test_the_gpu_finds_the_same():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    rng = np.random.default_rng(4)
    corpus, queries = unit(rng, 20000, 384, copies=0.1), unit(rng, 500, 384)
    assert_same(top_k(queries, corpus, 50, device="cuda"), top_k(queries, corpus, 50, device="cpu"))


def test_a_crowd_of_near_copies_is_told_apart():
    rng = np.random.default_rng(5)
    corpus = crowd(rng, 4000)
    assert_same(top_k(corpus[:50], corpus, 30, block=2**14), brute_force(corpus[:50], corpus, 30))


def test_memory_is_bounded_by_the_block(monkeypatch):
    sizes = []

    class Watching(_Numpy):
        def at_least(self, scores, floor):
            sizes.append(scores.size)
            return super().at_least(scores, floor)

    monkeypatch.setattr(topk, "choose_engine", lambda *_: Watching())
    rng = np.random.default_rng(6)
    corpus = unit(rng, 2000, 16)
    top_k(corpus, corpus, 5, block=5000)
    assert max(sizes) <= 5000


def test_what_a_query_may_not_find_is_not_computed(monkeypatch):
    computed = []

    class Watching(_Numpy):
        def at_least(self, scores, floor):
            computed.append(scores.size)
            return super().at_least(scores, floor)

    monkeypatch.setattr(topk, "choose_engine", lambda *_: Watching())
    rng = np.random.default_rng(7)
    corpus = unit(rng, 1000, 16)
    top_k(corpus, corpus, 5, query_order=np.arange(1000), corpus_order=np.arange(1000), block=4000)
    assert sum(computed) < 0.6 * 1000 * 1000


def test_memory_maps_are_searched_as_they_are(tmp_path):
    rng = np.random.default_rng(8)
    corpus = unit(rng, 500, 16)
    np.save(tmp_path / "corpus.npy", corpus)
    mapped = np.load(tmp_path / "corpus.npy", mmap_mode="r")
    assert_same(top_k(mapped[:20], mapped, 5), brute_force(corpus[:20], corpus, 5))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"k": 0}, "k is 0"),
        ({"corpus": np.eye(4)}, "do not fit"),
        ({"queries": np.ones(3)}, "do not fit"),
        ({"query_order": [1, 1, 1]}, "one of query_order and corpus_order"),
        ({"exclude": [0]}, "exclude has shape"),
        ({"corpus": np.array([[1, 0, 0], [np.nan, 0, 0]])}, "row 1 of the corpus is not finite"),
        ({"queries": 2 * np.eye(3)}, "row 0 of the queries is not finite or longer than 1"),
    ],
)
def test_what_cannot_be_searched_is_refused(change, said):
    arguments = {"queries": np.eye(3), "corpus": np.eye(3), "k": 2, **change}
    with pytest.raises(InputError, match=said):
        top_k(**arguments)
