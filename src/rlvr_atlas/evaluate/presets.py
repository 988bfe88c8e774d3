"""How benchmarks are asked: answers to an item, sampling, instruction."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from rlvr_atlas import registry
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.model import Sampling


class Preset(BaseModel):
    """Settings of an evaluation.

    `k_of` holds ids of the registry; a benchmark that goes by another of its names counts as that id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    k: int = Field(ge=1)
    k_of: dict[str, int] = {}
    temperature: float = Field(gt=0)
    top_p: float = Field(gt=0, le=1)
    top_k: int = Field(ge=0)
    max_response: int = Field(ge=1)
    instruction: str

    def answers_to(self, benchmark: str) -> int:
        """How many answers to each item of a benchmark."""
        known = registry.find(benchmark)
        return self.k_of.get(known.id if known else benchmark, self.k)

    @property
    def sampling(self) -> Sampling:
        """How answers are drawn."""
        return Sampling(self.temperature, self.top_p, self.top_k, self.max_response)


def preset(name: str = "paper") -> Preset:
    """Settings by name.

    Raises:
        InputError: If there are none of that name.
    """
    text = files("rlvr_atlas.evaluate").joinpath("presets.toml").read_text(encoding="utf-8")
    presets = tomllib.loads(text)
    if name not in presets:
        raise InputError(f"no preset '{name}' of an evaluation", fix=f"choose one of: {', '.join(presets)}")
    return Preset.model_validate(presets[name])
