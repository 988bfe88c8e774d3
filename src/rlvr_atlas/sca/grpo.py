"""Settings of GRPO and their presets; no trainer is imported here."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rlvr_atlas.errors import InputError


class GRPO(BaseModel):
    """One training run. A step is one batch of prompts, answered once and learned from once.

    Defaults are what the paper (arXiv 2605.26971) and its released scripts agree on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(gt=0)
    #: Prompts of one step.
    batch: int = Field(default=128, gt=0)
    #: Prompts of one update of the weights; a step makes batch / mini_batch of them.
    mini_batch: int = Field(default=64, gt=0)
    #: Answers that pass through the model at once; only memory depends on it.
    micro_batch: int = Field(default=8, gt=0)
    #: Answers to each prompt.
    rollouts: int = Field(default=8, ge=2)
    lr: float = Field(default=1e-6, gt=0)
    temperature: float = Field(default=1.0, gt=0)
    clip: float = Field(default=0.2, gt=0, lt=1)
    kl: float = Field(default=0.0, ge=0)
    #: In tokens. Longer prompts are left out, longer answers cut.
    max_prompt: int = Field(default=4096, gt=0)
    max_response: int = Field(default=16384, gt=0)

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.batch % self.mini_batch:
            raise ValueError(f"batch {self.batch} is no multiple of mini_batch {self.mini_batch}")
        if (self.mini_batch * self.rollouts) % self.micro_batch:
            raise ValueError(f"mini_batch x rollouts is no multiple of micro_batch {self.micro_batch}")
        return self


def preset(name: str, **changes: Any) -> GRPO:
    """Settings by the name of their preset, with changes.

    Raises:
        InputError: If there is none of that name, or a change is none that can be made.
    """
    presets = tomllib.loads(files("rlvr_atlas.sca").joinpath("presets.toml").read_text(encoding="utf-8"))
    if name not in presets:
        raise InputError(f"no GRPO preset '{name}'", fix=f"choose one of: {', '.join(presets)}")
    try:
        return GRPO.model_validate({**presets[name], **changes})
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        raise InputError(found, where=f"GRPO preset '{name}'") from None
