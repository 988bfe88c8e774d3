"""The cache: each key encoded once, nothing half-written ever read, encoders never mixed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.encoder import cache as embeddings
from rlvr_atlas.encoder import embed
from rlvr_atlas.encoder.cache import EmbeddingCache
from rlvr_atlas.errors import AtlasError, InputError, WorkspaceError
from rlvr_atlas.match.calibrations import metric


def key(text):
    return hashlib.sha1(text.encode()).hexdigest()


class Stub:
    """Vectors that follow from the text, and a record of what was asked for."""

    name = "team/stub"

    def __init__(self, dimension=8, **details):
        self.dimension, self.details = dimension, details
        self.truncated, self.seen = 0, []

    def encode(self, texts):
        self.seen += texts
        self.truncated += sum(len(text) > 10 for text in texts)
        seeds = [int(key(text)[:8], 16) for text in texts]
        vectors = np.stack([np.random.default_rng(seed).standard_normal(self.dimension) for seed in seeds])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def texts(n, start=0):
    return [f"text {i}" for i in range(start, start + n)]


def assert_right(cache, rows, wanted):
    expected = Stub(cache.vectors.shape[1]).encode(wanted)
    np.testing.assert_allclose(cache.vectors[rows], expected, atol=1e-3)


def test_each_key_is_encoded_once_whoever_asks(tmp_path, caplog):
    wanted = [*texts(7), *texts(3), *texts(5, 4)]
    keys = [key(text) for text in wanted]
    stub = Stub()
    cache = EmbeddingCache(tmp_path, stub, commit_rows=4)
    with caplog.at_level("INFO", "rlvr_atlas"):
        rows = cache.get_or_encode(keys, wanted)
    assert_right(cache, rows, wanted)
    assert stub.seen == texts(9)
    assert caplog.messages == [f"{done} of 9 texts encoded" for done in (4, 8, 9)]

    again = EmbeddingCache(tmp_path, Stub(), commit_rows=4)
    rows = again.get_or_encode([*keys, key("new")], [*wanted, "new"])
    assert again._encoder.seen == ["new"]
    assert_right(again, rows, [*wanted, "new"])
    assert again.find([key("text 3"), key("never")])[1] == -1
    assert len(again) == 10


def test_an_empty_cache_and_an_empty_question(tmp_path):
    cache = EmbeddingCache(tmp_path, Stub())
    assert cache.vectors.shape == (0, 8)
    assert cache.get_or_encode([], []).shape == (0,)
    assert cache.find([key("a")]).tolist() == [-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", range(6))
@pytest.mark.parametrize("half", [False, True])
def test_a_failed_write_at_any_step_loses_one_commit_and_harms_no_other(tmp_path, monkeypatch, step, half):
    """Each block writes vectors, keys and header; the second block starts at step 3."""
    steps = iter(range(100))

    def failing(write):
        def wrapped(path, *content):
            if next(steps) == step:
                if half and write is write_at:
                    offset, data = content
                    write(path, offset, data[: len(data) // 2])
                raise OSError(28, "No space left on device")
            write(path, *content)

        return wrapped

    write_at, write_text = embeddings._write_at, Path.write_text
    monkeypatch.setattr(embeddings, "_write_at", failing(write_at))
    monkeypatch.setattr(Path, "write_text", lambda path, text, **_: failing(write_text)(path, text))
    keys = [key(text) for text in texts(10)]
    with pytest.raises(WorkspaceError, match="No space left.*Free some space"):
        EmbeddingCache(tmp_path, Stub(), commit_rows=4).get_or_encode(keys, texts(10))
    monkeypatch.undo()

    cache = EmbeddingCache(tmp_path, Stub(), commit_rows=4)
    done = 4 * (step // 3)
    assert len(cache) == done
    rows = cache.get_or_encode(keys, texts(10))
    assert cache._encoder.seen == texts(10 - done, done)
    assert_right(cache, rows, texts(10))


def test_a_killed_process_leaves_what_it_committed(tmp_path):
    """Killed for real, in the middle of the third commit, after its vectors reached the file."""
    code = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[2]); from test_embeddings import *\n"
        "write, steps = embeddings._write_at, iter(range(100))\n"
        "def dying(*args):\n"
        "    write(*args)\n"
        "    if next(steps) == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        "embeddings._write_at = dying\n"
        "cache = EmbeddingCache(embeddings.Path(sys.argv[1]), Stub(), commit_rows=4)\n"
        "cache.get_or_encode([key(text) for text in texts(20)], texts(20))\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)], check=False)
    assert run.returncode == -signal.SIGKILL
    cache = EmbeddingCache(tmp_path, Stub(), commit_rows=4)
    assert len(cache) == 8
    rows = cache.get_or_encode([key(text) for text in texts(20)], texts(20))
    assert cache._encoder.seen == texts(12, 8)
    assert_right(cache, rows, texts(20))


def test_another_width_details_or_name_is_another_cache(tmp_path):
    encoders = [Stub(), Stub(dimension=9), Stub(weights="a"), Stub(weights="b")]
    for encoder in encoders:
        EmbeddingCache(tmp_path, encoder).get_or_encode([key("a")], ["a"])
        assert encoder.seen == ["a"]
    headers = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert len(headers) == len(encoders)
    assert {header["encoder"] for header in headers} == {"team/stub"}
    assert all(path.parent == tmp_path and path.name.startswith("stub-") for path in tmp_path.rglob("*"))


def test_an_encoder_needs_no_more_than_the_protocol(tmp_path):
    class Bare:
        name, dimension = "../..", 8
        encode = staticmethod(lambda texts: Stub().encode(texts))

    assert EmbeddingCache(tmp_path, Bare()).get_or_encode([key("a")], ["a"]).tolist() == [0]
    assert all(path.parent == tmp_path for path in tmp_path.rglob("*"))


def test_the_number_of_cut_texts_outlasts_the_process(tmp_path):
    long = ["a text of more than ten characters", "short", "another one that is long"]
    EmbeddingCache(tmp_path, Stub()).get_or_encode([key(text) for text in long], long)
    assert EmbeddingCache(tmp_path, Stub()).truncated == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3.0])
def test_nothing_is_kept_of_a_batch_with_a_bad_vector(tmp_path, bad):
    class Bad(Stub):
        def encode(self, texts):
            vectors = super().encode(texts)
            vectors[-1, 0] = bad
            return vectors

    with pytest.raises(AtlasError, match="1 of 3"):
        EmbeddingCache(tmp_path, Bad()).get_or_encode([key(text) for text in texts(3)], texts(3))
    assert len(EmbeddingCache(tmp_path, Stub())) == 0


def flip(path, bit):
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.mark.parametrize("suffix", [".f16", ".keys", ".json"])
def test_no_flipped_bit_is_read_and_what_was_there_is_encoded_again(tmp_path, caplog, suffix):
    keys = [key(text) for text in texts(9)]
    EmbeddingCache(tmp_path, Stub(), commit_rows=4).get_or_encode(keys, texts(9))
    whole = {path: path.read_bytes() for path in tmp_path.iterdir()}
    (path,) = tmp_path.glob(f"*{suffix}")
    for bit in range(0, len(whole[path]) * 8, 83):
        flip(path, bit)
        caplog.clear()
        cache = EmbeddingCache(tmp_path, Stub(), commit_rows=4)
        assert "encoded again" in caplog.text
        assert_right(cache, cache.get_or_encode(keys, texts(9)), texts(9))
        # What stands before the damaged block is kept.
        block = bit // (8 * len(whole[path]) * 4 // 9) if suffix != ".json" else 0
        assert cache._encoder.seen == texts(9)[4 * block :]
        for other, content in whole.items():
            other.write_bytes(content)


@pytest.mark.parametrize("suffix", [".f16", ".keys", ".json"])
def test_what_a_cut_or_lost_file_held_is_encoded_again(tmp_path, suffix):
    keys = [key(text) for text in texts(3)]
    for change in (lambda path: os.truncate(path, path.stat().st_size // 2), Path.unlink):
        EmbeddingCache(tmp_path, Stub()).get_or_encode(keys, texts(3))
        (path,) = tmp_path.glob(f"*{suffix}")
        change(path)
        cache = EmbeddingCache(tmp_path, Stub())
        assert_right(cache, cache.get_or_encode(keys, texts(3)), texts(3))
        assert cache._encoder.seen == texts(3)


def test_a_count_of_cut_texts_counts_what_is_intact(tmp_path):
    long = [f"a text of more than ten characters, {i}" for i in range(6)]
    EmbeddingCache(tmp_path, Stub(), commit_rows=2).get_or_encode([key(text) for text in long], long)
    (path,) = tmp_path.glob("*.keys")
    flip(path, path.stat().st_size * 8 - 1)
    assert EmbeddingCache(tmp_path, Stub()).truncated == 4


@pytest.mark.parametrize("wrong", ["", "abc", key("a") + "0", "é" * 40])
def test_a_key_of_another_shape_is_refused(tmp_path, wrong):
    with pytest.raises(InputError, match="not a key of 40 characters"):
        EmbeddingCache(tmp_path, Stub()).find([key("a"), wrong])


def test_the_tier_gets_the_vectors_of_texts_that_were_never_encoded(tmp_path, monkeypatch):
    monkeypatch.setattr(embed, "load_encoder", lambda name: Stub())
    wanted = texts(5)
    ask = embed.embedder(MatchSettings(), tmp_path)
    for n in (3, 5):  # at first the cache is empty, then it grows
        vectors = ask([key(text) for text in wanted[:n]], wanted[:n])
        np.testing.assert_allclose(vectors, Stub().encode(wanted[:n]), atol=1e-3)


def test_vectors_of_the_default_encoder_are_given_in_the_packaged_metric(tmp_path, monkeypatch):
    stub = Stub(dimension=384)
    stub.name = embed.DEFAULT_ENCODER
    monkeypatch.setattr(embed, "load_encoder", lambda name: stub)
    texts = ["one apple", "two pears"]
    keys = [key(text) for text in texts]
    encoded = embed.embedder(MatchSettings(), tmp_path)(keys, texts)
    given = embed.embedder(MatchSettings(), tmp_path, metric("all-MiniLM-L6-v2"))(keys, texts)
    expected = encoded.astype(np.float32) @ metric("all-MiniLM-L6-v2").astype(np.float32).T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(given, expected, atol=1e-3)
    assert not np.allclose(given, encoded, atol=1e-3)
    assert stub.seen == texts  # the cache holds what was encoded, whatever the metric


def test_a_vector_of_zeros_stays_one_in_a_metric():
    assert not embed.in_metric(np.zeros((1, 384), np.float16), metric("all-MiniLM-L6-v2")).any()


def test_another_encoder_has_no_metric(tmp_path, monkeypatch):
    monkeypatch.setattr(embed, "load_encoder", lambda name: Stub())
    ask = embed.embedder(MatchSettings(encoder="team/stub"), tmp_path)
    vector = ask([key("x")], ["x"])
    assert np.allclose(np.linalg.norm(vector.astype(np.float32), axis=1), 1, atol=1e-2)
    assert vector.shape == (1, 8)
