"""The encoder as the semantic tier uses it: from keys and texts to vectors, each encoded once."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.encoder.cache import EmbeddingCache
from rlvr_atlas.encoder.model import DEFAULT_ENCODER, PACKAGE, load_encoder

if TYPE_CHECKING:
    from rlvr_atlas.config import MatchSettings

#: Vectors multiplied at a time.
_BLOCK = 8192

#: From keys and their texts to unit vectors, one row each.
Embed = Callable[[Sequence[str], Sequence[str]], NDArray[np.floating]]


@dataclass(frozen=True)
class Encoded:
    """Texts as an encoder sees them.

    Attributes:
        vectors: (n, d) unit vectors.
        calibrated: Whether verdicts may use their cosines, or only candidates.
    """

    vectors: NDArray[np.floating]
    calibrated: bool = True


def wants_encoder(settings: MatchSettings) -> bool:
    """Whether an encoder is to be used: as the recipe says, else where the extra `semantic` is installed."""
    if settings.semantic is not None:
        return settings.semantic
    needed = ["torch", "sentence_transformers", *([PACKAGE] if settings.encoder == DEFAULT_ENCODER else [])]
    return all(importlib.util.find_spec(name) is not None for name in needed)


def packaged_metric() -> NDArray[np.float16]:
    """The matrix (d, d) in which cosines of the default encoder are taken.

    It brings rewordings together and keeps other problems of one topic apart: for .83 of the reworded MATH
    problems of the validation split the original is the nearest of 132,000 texts, and for .70 without it
    (`benchmarks/matching/metric.py` fits it and prints this).
    """
    data = files("rlvr_atlas.match").joinpath("metric.npy").read_bytes()
    return np.asarray(np.load(BytesIO(data), allow_pickle=False))


def in_metric(vectors: NDArray[np.floating], metric: NDArray[np.floating]) -> NDArray[np.float16]:
    """Unit vectors (n, d), each multiplied by the metric (d, d)."""
    seen = np.empty(vectors.shape, np.float16)
    turned = metric.astype(np.float32).T
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK].astype(np.float32) @ turned
        length = np.linalg.norm(block, axis=1, keepdims=True)
        seen[start : start + _BLOCK] = block / np.where(length > 0, length, 1)
    return seen


def embedder(settings: MatchSettings, folder: Path, *, in_own_metric: bool = True) -> Embed:
    """Load the encoder of a recipe; its vectors are kept in `folder`.

    Args:
        settings: Which encoder.
        folder: Where the cache is; it holds the vectors as encoded.
        in_own_metric: Whether vectors of the default encoder are given in the packaged metric.

    Raises:
        MissingExtraError: Without the extra `semantic`.
        InputError: If there is no such model here, or its files are not the pinned ones.
    """
    encoder = load_encoder(settings.encoder)
    cache = EmbeddingCache(folder, encoder)

    def embed(keys: Sequence[str], texts: Sequence[str]) -> NDArray[np.floating]:
        rows = cache.get_or_encode(keys, texts)  # first, because the array that it adds to is mapped anew
        vectors = cache.vectors[rows]
        if in_own_metric and encoder.name == DEFAULT_ENCODER:
            return in_metric(vectors, packaged_metric())
        return vectors

    return embed
