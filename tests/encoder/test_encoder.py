"""The encoder: what it refuses, that it stays offline, and that its vectors are the model's own."""

import shutil
import socket
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from rlvr_atlas.encoder import model as module
from rlvr_atlas.encoder.model import encode_checked, load_encoder
from rlvr_atlas.errors import AtlasError, InputError, MissingExtraError

TEXTS = [
    "Anna has 3 red boxes and 4 blue ones. How many boxes does she have?",
    "",
    "求方程 $x^2 = 49$ 的正根。",
    "word " * 400,
    "Half of a pair: \ud835",
    "Find $x$ if $\\frac{x}{2} = 7$.",
] * 6


class Fixed:
    """Returns whatever it was made with."""

    name, dimension = "fixed", 3

    def __init__(self, vectors):
        self.vectors = vectors

    def encode(self, texts):
        return self.vectors


# --- without the extra --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.eye(3)[:1], r"shape \(1, 3\), not \(2, 3\)"),
        (np.ones((2, 4)) / 2, r"shape \(2, 4\), not \(2, 3\)"),
        (np.ones(3), r"shape \(3,\)"),
        (np.array([[1, 0, 0], [np.nan, 0, 0]]), "1 of 2 are vectors that hold NaN .* 'second'"),
        (np.array([[np.inf, 0, 0], [1, 0, 0]]), "1 of 2 are vectors that hold NaN or infinity.* 'first'"),
        (np.array([[1, 0, 0], [1, 1, 1]]), "1 of 2 are vectors that are not of length 1"),
    ],
)
def test_what_is_not_one_unit_vector_per_text_is_refused_by_name(vectors, said):
    with pytest.raises(AtlasError, match=f"encoder fixed: .*{said}"):
        encode_checked(Fixed(vectors), ["first", "second"])


def test_unit_vectors_and_zeros_pass():
    vectors = np.array([[0.6, 0.8, 0], [0, 0, 0]])
    assert encode_checked(Fixed(vectors), ["first", "second"]).dtype == np.float32


@pytest.mark.parametrize("missing", ["torch", "sentence_transformers"])
def test_a_missing_extra_names_the_install_line(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rlvr-atlas\[semantic\]'"):
        load_encoder()


@pytest.fixture
def pretend_extra(monkeypatch):
    for name in ("torch", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))


def test_other_weights_under_the_default_name_are_refused(monkeypatch, tmp_path, pretend_extra):
    model = tmp_path / module.PACKAGE / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").write_text("raise SystemExit('the code of the package must not run')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="model.safetensors: missing"):
        load_encoder()
    (model / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(InputError, match="not the published files .*sha256 .* not 53aa51172d14"):
        load_encoder()


@pytest.mark.parametrize("name", ["nobody/no-such-encoder", "no-such-encoder", "../etc", "a/b/c"])
def test_an_encoder_that_is_not_here_is_not_fetched(monkeypatch, tmp_path, pretend_extra, no_network, name):
    with pytest.raises(InputError, match="not on this machine.*hf download"):
        load_encoder(name)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


# --- with the extra -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("sentence_transformers")
    return load_encoder()


@pytest.mark.extra
def test_the_default_encoder_loads_offline(no_network):
    pytest.importorskip("sentence_transformers")
    encoder = load_encoder(workers=1)
    assert encoder.encode(["one"]).shape == (1, 384)
    assert encoder.details["window"] == 256


@pytest.mark.extra
def test_order_batches_and_threads_do_not_change_the_vectors(minilm):
    expected = minilm._model.encode(
        [text.encode("utf-8", "replace").decode() for text in TEXTS], normalize_embeddings=True
    )
    vectors = encode_checked(minilm, TEXTS)
    tolerance = 1e-5 if minilm.details["precision"] == "float32" else 2e-2
    np.testing.assert_allclose(vectors, expected, atol=tolerance)
    alone = np.concatenate([minilm.encode([text]) for text in TEXTS[:6]])
    np.testing.assert_allclose(vectors[:6], alone, atol=tolerance)
    assert minilm.encode([]).shape == (0, 384)


@pytest.mark.extra
def test_cut_texts_are_counted(minilm):
    before = minilm.truncated
    minilm.encode(["short", "word " * 254, "word " * 255, "word " * 600])
    assert minilm.truncated - before == 2  # 254 words and two special tokens fill the window exactly


@pytest.mark.extra
def test_the_threads_of_torch_are_given_back(minilm):
    import torch

    before = torch.get_num_threads()
    minilm.encode(TEXTS)
    assert torch.get_num_threads() == before


@pytest.mark.extra
def test_any_folder_of_a_model_will_do(tmp_path):
    pytest.importorskip("sentence_transformers")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"red": 0, "blue": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=5)]).save(str(tmp_path / "tiny"))
    encoder = load_encoder(str(tmp_path / "tiny"), device="cpu")
    vectors = encode_checked(encoder, ["red blue", "red", "", "blue red"])
    assert vectors.shape == (4, 5)
    np.testing.assert_allclose(vectors[0], vectors[3], atol=1e-3)

    copy = Path(shutil.copytree(tmp_path / "tiny", tmp_path / "elsewhere" / "tiny"))
    same = load_encoder(str(copy), device="cpu")
    assert (same.name, same.details) == (encoder.name, encoder.details)  # so that both share one cache
    (copy / "config_sentence_transformers.json").write_text('{"prompts": {"a": "b"}}')
    assert load_encoder(str(copy), device="cpu").details != encoder.details


def test_pickled_weights_are_refused(tmp_path, pretend_extra):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InputError, match="pytorch_model.bin: pickled weights are not loaded"):
        load_encoder(str(tmp_path))


@pytest.mark.extra
@pytest.mark.parametrize("content", [{}, {"modules.json": "[]"}, {"config.json": "{"}])
def test_a_folder_that_holds_no_model_is_an_error_a_user_can_act_on(tmp_path, content):
    pytest.importorskip("sentence_transformers")
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match="cannot load the encoder on cpu"):
        load_encoder(str(tmp_path), device="cpu")
