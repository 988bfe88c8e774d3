"""What a plan would cost, before anything starts: floating-point operations, GPU hours, and money if asked.

Everything is counted, nothing is measured. A model of N parameters needs 2 N operations to read or write a
token, 4 N to learn from it, and 2 N more where its activations are computed again (gradient checkpointing).
GRPO also asks the model that wrote the answers how likely they were (2 N), and with a KL term the base (2 N).
What attention adds to that is left out: it is a few percent at 2,000 tokens, and may double it at 16,000.
GPUs do not reach their peak: `LEARNING` and `WRITING` are the shares assumed, and are printed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.grpo import GRPO

#: Peak of dense bfloat16, in 10^12 operations a second, as the makers state it.
GPUS = {
    "A100": 312.0,
    "B200": 2250.0,
    "H100": 989.0,
    "H200": 989.0,
    "L40S": 362.0,
    "MI300X": 1307.0,
    "RTX4090": 165.0,
}
#: Share of the peak that learning, and writing answers, are assumed to reach.
LEARNING, WRITING = 0.30, 0.05
#: Tokens of an answer, where nobody says; the limit of the preset, where that is less.
ANSWER_TOKENS = 2048
#: Characters of a problem that make a token.
_CHARS_PER_TOKEN = 3.5
#: Bytes of a parameter in a file of weights.
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_SIZE_IN_NAME = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)([BM])(?![A-Za-z0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class Means:
    """What a plan is carried out with.

    Attributes:
        parameters: Of the model.
        gpu: One of GPUS.
        gpus: How many.
        answer_tokens: Mean length of an answer.
        price: Of a GPU hour, in the user's currency; None: no cost in money is told.
    """

    parameters: float
    gpu: str = "H100"
    gpus: int = 1
    answer_tokens: int = ANSWER_TOKENS
    price: float | None = None

    def __post_init__(self) -> None:
        if self.gpu not in GPUS:
            raise InputError(f"no GPU '{self.gpu}'", fix=f"choose one of: {', '.join(GPUS)}")
        if self.parameters <= 0 or self.gpus < 1 or self.answer_tokens < 1 or (self.price or 0) < 0:
            raise InputError("parameters, GPUs, tokens and price cannot be so", fix="give numbers above 0")

    @property
    def assumed(self) -> str:
        """What the figures rest on, as a sentence."""
        return (
            f"counted for {self.parameters / 1e9:.3g} billion parameters on {self.gpu} "
            f"({GPUS[self.gpu]:g} TFLOP/s in bfloat16), assuming {LEARNING:.0%} of that in learning, "
            f"{WRITING:.0%} in writing answers, and {self.answer_tokens} tokens an answer; attention is not "
            "counted"
        )


@dataclass(frozen=True)
class Cost:
    """What something takes.

    Attributes:
        operations: Of floating point.
        gpu_hours: On one GPU.
    """

    operations: float
    gpu_hours: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.operations + other.operations, self.gpu_hours + other.gpu_hours)


def training(grpo: GRPO, prompt_tokens: float, means: Means) -> Cost:
    """One training run: writing its answers and learning from them.

    Args:
        grpo: Settings of the run.
        prompt_tokens: Mean length of a problem.
        means: Model and GPUs.
    """
    prompts = grpo.steps * grpo.batch
    drawn = prompts * grpo.rollouts
    # The prompt is read once for all answers to it; an answer is learned from together with its prompt.
    written = drawn * means.answer_tokens + prompts * prompt_tokens
    learned = drawn * (means.answer_tokens + prompt_tokens)
    # Forward, backward, activations again, the old policy; and the base where there is a KL term.
    passes = 2 + 4 + 2 + 2 + (2 if grpo.kl else 0)
    n = means.parameters
    return _spent(2 * n * written, WRITING, means) + _spent(passes * n * learned, LEARNING, means)


def asking(answers: int, prompt_tokens: float, means: Means) -> Cost:
    """Answers to problems of a mean length."""
    tokens = answers * (means.answer_tokens + prompt_tokens)
    return _spent(2 * means.parameters * tokens, WRITING, means)


def _spent(operations: float, reached: float, means: Means) -> Cost:
    return Cost(operations, operations / (GPUS[means.gpu] * 1e12 * reached) / 3600)


def means_of(  # noqa: PLR0913, PLR0917  each is one thing to say
    model: str, size_b: float | None, gpu: str, gpus: int, answer_tokens: int, price: float | None
) -> Means | None:
    """Model and GPUs; None where nobody says how large the model is.

    Args:
        model: Folder or Hub id.
        size_b: Billions of parameters; without it `parameters` says so.
        gpu: See `Means`, as for the others.
        gpus: How many.
        answer_tokens: Mean length of an answer.
        price: Of a GPU hour.

    Raises:
        InputError: If there is no such GPU, or a number cannot be.
    """
    size = parameters(model) if size_b is None else size_b * 1e9
    known = Means(1.0 if size is None else size, gpu, gpus, answer_tokens, price)
    return None if size is None else known


def prompt_tokens(problems: pl.DataFrame) -> float:
    """Mean length of problems, from their characters; 0 where there are none."""
    mean = problems["prompt"].str.len_chars().mean()
    return float(mean) / _CHARS_PER_TOKEN if isinstance(mean, int | float) else 0.0


def parameters(model: str) -> float | None:
    """How many parameters a model has: by the size of its weights in a folder, or by its name.

    Returns:
        None where neither says it.
    """
    weights = list(Path(model).glob("*.safetensors"))
    if weights:
        return sum(path.stat().st_size for path in weights) / _bytes(Path(model))
    found = _SIZE_IN_NAME.findall(model.rsplit("/", 1)[-1])
    if not found:
        return None
    number, unit = found[0]
    return float(number) * (1e9 if unit in "bB" else 1e6)


def _bytes(folder: Path) -> int:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    return _BYTES.get(str(config.get("dtype") or config.get("torch_dtype")), 2)
