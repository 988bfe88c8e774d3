"""The encoder as the semantic tier uses it: from keys and texts to vectors, each encoded once."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.match.embeddings import EmbeddingCache
from rlvr_atlas.match.encoder import DEFAULT_ENCODER, PACKAGE, load_encoder

if TYPE_CHECKING:
    from rlvr_atlas.config import MatchSettings

#: From keys and their texts to unit vectors, one row each.
Embed = Callable[[Sequence[str], Sequence[str]], NDArray[np.floating]]


def wants_encoder(settings: MatchSettings) -> bool:
    """Whether an encoder is to be used: as the recipe says, else where the extra `semantic` is installed."""
    if settings.semantic is not None:
        return settings.semantic
    needed = ["torch", "sentence_transformers", *([PACKAGE] if settings.encoder == DEFAULT_ENCODER else [])]
    return all(importlib.util.find_spec(name) is not None for name in needed)


def embedder(settings: MatchSettings, folder: Path) -> Embed:
    """Load the encoder of a recipe; its vectors are kept in `folder`.

    Raises:
        MissingExtraError: Without the extra `semantic`.
        InputError: If there is no such model here, or its files are not the pinned ones.
    """
    cache = EmbeddingCache(folder, load_encoder(settings.encoder))

    def embed(keys: Sequence[str], texts: Sequence[str]) -> NDArray[np.floating]:
        rows = cache.get_or_encode(keys, texts)  # first, because the array that it adds to is mapped anew
        return cache.vectors[rows]

    return embed
