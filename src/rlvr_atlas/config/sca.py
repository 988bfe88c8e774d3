"""`[sca]` of a recipe: what is trained on each atomic source, and what is asked."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


class SCASettings(BaseModel):
    """`[sca]`: what is trained on each atomic source, and what is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    #: A folder, or the id of a model on the Hub that is in the local cache.
    base_model: str = "Qwen/Qwen3-1.7B-Base"
    #: Of GRPO: paper, released_code or tiny.
    preset: str = "paper"
    #: Changes of the preset: `{ steps = 100, lr = 2e-6 }`.
    grpo: dict[str, int | float] = {}
    #: Further settings of verl by their dotted names: `{ "trainer.n_gpus_per_node" = 4 }`.
    verl: dict[str, bool | int | float | str] = {}
    #: Only these sources; all that have enough problems where empty.
    sources: list[str] = []
    #: What becomes of multiple-choice problems: `drop` is the paper's `wo_mcq`, `convert` makes exact
    #: questions of those where that is safe, and drops the others.
    mcq: Literal["keep", "drop", "convert"] = "keep"
    #: Leave out problems whose gold answer is probably wrong, because other rows contradict it.
    drop_conflicts: bool = True
    #: Sources with fewer usable problems are not trained on.
    min_problems: int = Field(default=64, ge=2)
    #: At most so many training problems of a source.
    max_train: int = Field(default=4000, ge=1)
    #: Share of a source's problems that is held out ...
    held_out: float = Field(default=0.1, gt=0.0, lt=1.0)
    #: ... but at most so many.
    max_held_out: int = Field(default=100, ge=1)
    #: Training problems of each source that the base is asked by `sca plan --preflight`.
    preflight: int = Field(default=32, ge=1)
    #: Answers to each problem.
    k: int = Field(default=4, ge=1)
    temperature: float = Field(default=0.6, gt=0.0)
    top_p: float = Field(default=0.95, gt=0.0, le=1.0)
    top_k: int = Field(default=20, ge=0)
    #: Problems answered at once.
    rollout_batch: int = Field(default=16, ge=1)
    #: Put after every question, in training and in rollouts.
    instruction: str = "\n\nPlease reason step by step, and put your final answer within \\boxed{}."
    #: Of torch, on a CPU.
    threads: int = Field(default=1, ge=1)

    #: What the plan depends on; the rest may change without making it again.
    PLANNED: ClassVar[set[str]] = {
        *("sources", "min_problems", "max_train", "held_out", "max_held_out", "mcq", "drop_conflicts")
    }
