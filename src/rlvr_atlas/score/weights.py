"""The weights of Q, as data: presets in `presets.toml`, or a table of one's own in the same form."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rlvr_atlas.errors import InputError
from rlvr_atlas.schema import Transition


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IntrinsicWeights(_Table):
    """S1a: answers that agree, questions without choices, little repetition."""

    consistent: float
    choice: float
    choice_penalty: float
    repetition: float
    #: Mean occurrences up to here cost nothing.
    repetition_free: float = Field(gt=0)
    repetition_floor: float = Field(ge=0, le=1)


class SCAWeights(_Table):
    """S1b: sigmoid(slope * L_SCA) + entropy * H / ln 4."""

    slope: float
    entropy: float


class FullMarks(_Table):
    """Points gained on the benchmark that count as 1 in S2 and S3."""

    mean4: float = Field(gt=0)
    pass4: float = Field(gt=0)


class S1Weights(_Table):
    """S1 from its parts."""

    s1a: float
    s1b: float
    s1c: float


class QWeights(_Table):
    """Q from its parts."""

    s1: float
    s2: float
    s3: float


class SizeWeights(_Table):
    """What depends on the size of the model."""

    transitions: dict[Transition, float] = Field(min_length=4)
    s1: S1Weights
    q: QWeights


class Weights(_Table):
    """All weights of Q."""

    name: str
    #: Billions of parameters; models up to here use `small`, larger ones `large`.
    small_up_to: float
    s1a: IntrinsicWeights
    s1b: SCAWeights
    full_marks: FullMarks
    small: SizeWeights
    large: SizeWeights

    def for_size(self, model_size_b: float) -> SizeWeights:
        """The weights for a model of that many billions of parameters."""
        return self.small if model_size_b <= self.small_up_to else self.large


def preset(name: str = "released_code") -> Weights:
    """Weights by the name of their preset.

    Raises:
        InputError: If there is none of that name.
    """
    presets = tomllib.loads(files("rlvr_atlas.score").joinpath("presets.toml").read_text(encoding="utf-8"))
    if name not in presets:
        raise InputError(f"no weights preset '{name}'", fix=f"choose one of: {', '.join(presets)}")
    return parse_weights(presets[name], name)


def parse_weights(table: Mapping[str, Any], name: str) -> Weights:
    """Weights from a table in the form of `presets.toml`.

    Raises:
        InputError: For every unknown key, wrong type or missing value, all at once.
    """
    try:
        return Weights.model_validate({**table, "name": name})
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        fix = "see src/rlvr_atlas/score/presets.toml for the form"
        raise InputError(found, where=f"weights '{name}'", fix=fix) from None
