"""Everything that was fitted, in one place: one folder for each encoder, and what they share.

    decision.toml          thresholds of the decision, the dataset prior, the bar of leaks, with a reason each
    programs.toml          the regression for programming problems in other words, and its card
    none/                  without an encoder: trees.npz, card.toml
    all-MiniLM-L6-v2/      with this encoder: trees.npz, card.toml, and the metric of its cosines, metric.npz

Another encoder is another folder of that name. An encoder without a folder only suggests candidates: the
verdicts are then those of `none`. `benchmarks/matching/train.py` and `metric.py` write the folders.
"""

from __future__ import annotations

import io
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The folder of a decision that sees no cosine.
NO_ENCODER = "none"


def calibrated_for(encoder: str) -> bool:
    """Whether verdicts may use the cosines of an encoder, by its name."""
    return encoder != NO_ENCODER and "/" not in encoder and files(__name__).joinpath(encoder).is_dir()


@cache
def thresholds() -> dict[str, dict[str, float]]:
    """`decision.toml`: by table and name."""
    parsed = tomllib.loads(files(__name__).joinpath("decision.toml").read_text(encoding="utf-8"))
    return {table: dict(values) for table, values in parsed.items()}


@cache
def programs() -> dict[str, Any]:
    """`programs.toml`: `bias` and `weights` by name, and `card`, what they were fitted on."""
    return tomllib.loads(files(__name__).joinpath("programs.toml").read_text(encoding="utf-8"))


def card(name: str) -> dict[str, Any]:
    """What a folder was fitted on, with which versions, and what was measured of it."""
    return tomllib.loads(files(__name__).joinpath(name, "card.toml").read_text(encoding="utf-8"))


def arrays(name: str, file: str) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file of a folder, by name."""
    content = files(__name__).joinpath(name, file).read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def metric(encoder: str) -> NDArray[np.float16] | None:
    """The matrix (d, d) in which cosines of an encoder are taken; None where none was fitted.

    It brings rewordings together and keeps other problems of one topic apart: for .83 of the reworded MATH
    problems of the validation split the original is the nearest of 132,000 texts, and for .70 without it
    (`benchmarks/matching/metric.py` fits it and prints this).
    """
    if not calibrated_for(encoder) or not files(__name__).joinpath(encoder, "metric.npz").is_file():
        return None
    return np.asarray(arrays(encoder, "metric.npz")["metric"])
