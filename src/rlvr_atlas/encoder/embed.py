"""The encoder as the semantic tier uses it: from keys and texts to vectors, each encoded once."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
        calibration: Folder of `match/calibrations` whose decisions may use their cosines; "none" where
            they only suggest candidates.
    """

    vectors: NDArray[np.floating]
    calibration: str


def wants_encoder(settings: MatchSettings) -> bool:
    """Whether an encoder is to be used: as the recipe says, else where the extra `semantic` is installed."""
    if settings.semantic is not None:
        return settings.semantic
    needed = ["torch", "sentence_transformers", *([PACKAGE] if settings.encoder == DEFAULT_ENCODER else [])]
    return all(importlib.util.find_spec(name) is not None for name in needed)


def in_metric(vectors: NDArray[np.floating], metric: NDArray[np.floating]) -> NDArray[np.float16]:
    """Unit vectors (n, d), each multiplied by the metric (d, d)."""
    seen = np.empty(vectors.shape, np.float16)
    turned = metric.astype(np.float32).T
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK].astype(np.float32) @ turned
        length = np.linalg.norm(block, axis=1, keepdims=True)
        seen[start : start + _BLOCK] = block / np.where(length > 0, length, 1)
    return seen


def embedder(settings: MatchSettings, folder: Path, metric: NDArray[np.floating] | None = None) -> Embed:
    """Load the encoder of a recipe; its vectors are kept in `folder`.

    Args:
        settings: Which encoder.
        folder: Where the cache is; it holds the vectors as encoded.
        metric: (d, d) matrix in which vectors are given; as encoded without one.

    Raises:
        MissingExtraError: Without the extra `semantic`.
        InputError: If there is no such model here, or its files are not the pinned ones.
    """
    encoder = load_encoder(settings.encoder)
    cache = EmbeddingCache(folder, encoder)

    def embed(keys: Sequence[str], texts: Sequence[str]) -> NDArray[np.floating]:
        rows = cache.get_or_encode(keys, texts)  # first, because the array that it adds to is mapped anew
        vectors = cache.vectors[rows]
        return vectors if metric is None else in_metric(vectors, metric)

    return embed
