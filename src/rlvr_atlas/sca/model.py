"""Language models through transformers: how prompts are written for them, and how they answer.

Imports torch and transformers only when used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlvr_atlas.errors import InputError, MissingExtraError
from rlvr_atlas.sca.stream import Reply


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn; the defaults are those of the paper's evaluation.

    Attributes:
        temperature: Above 0.
        top_p: Nucleus.
        top_k: 0 for no limit.
        max_response: Tokens of an answer.
    """

    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 20
    max_response: int = 16384


def require_torch(purpose: str, threads: int) -> Any:
    """Torch, with so many threads on a CPU: two under load were measured to be 20 times slower than one.

    Raises:
        MissingExtraError: Without the extra.
    """
    try:
        import torch
        import transformers
    except ImportError:
        raise MissingExtraError("train", purpose) from None
    if not torch.cuda.is_available():
        torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return torch


def load(model: str, purpose: str, threads: int = 1, *, to_train: bool = False) -> tuple[Any, Any]:
    """A model and its tokenizer, from a folder or the local cache of the Hub.

    Args:
        model: Folder or Hub id.
        purpose: What the model is for, where the extra is missing.
        threads: Of torch, on a CPU.
        to_train: Whether it will be trained: then its weights are float32 on a GPU too. bfloat16 keeps 8
            bits of a number, so that a step of the size of 1e-6 leaves nearly every weight as it was.

    Raises:
        MissingExtraError: Without the extra.
        InputError: If there is no such model.
    """
    torch = require_torch(purpose, threads)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    gpu = torch.cuda.is_available()
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left")
        coarse = gpu and not to_train
        network = AutoModelForCausalLM.from_pretrained(
            model, dtype=torch.bfloat16 if coarse else torch.float32
        )
    except (OSError, ValueError) as error:
        first = str(error).splitlines()[0]
        fix = "give a folder with a model, or download it before"
        raise InputError(f"no usable model ({first})", where=model, fix=fix) from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return network.to("cuda" if gpu else "cpu"), tokenizer


def written_for(tokenizer: Any, question: str, instruction: str = "") -> str:
    """A question as the model gets it: as the user's turn where the tokenizer has a chat template."""
    asked = f"{question}{instruction}"
    if getattr(tokenizer, "chat_template", None):
        turn = [{"role": "user", "content": asked}]
        return str(tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))
    return asked


def identity(model: str) -> str:
    """What a model is: a digest of the weights of a folder, or the name of one on the Hub."""
    folder = Path(model)
    weights = sorted([*folder.glob("*.safetensors"), *folder.glob("config.json")])
    if not weights:
        return model
    digest = hashlib.sha256()
    for path in weights:
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()[:16]


class Transformers:
    """Answers of a model by `transformers`.

    Args:
        model: Folder or Hub id.
        sampling: How to draw.
        instruction: Put after every question.
        threads: Of torch, on a CPU.
    """

    def __init__(self, model: str, sampling: Sampling, instruction: str = "", threads: int = 1) -> None:
        self._network, self._tokenizer = load(model, "rolling out with transformers", threads)
        self._sampling, self._instruction = sampling, instruction

    def __call__(self, questions: Sequence[str], k: int, seed: int) -> list[list[Reply]]:
        """Answer questions, k times each; the same call gives the same answers."""
        import torch

        texts = [written_for(self._tokenizer, question, self._instruction) for question in questions]
        batch = self._tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        batch = batch.to(self._network.device)
        torch.manual_seed(seed)
        with torch.no_grad():
            tokens = self._network.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                do_sample=True,
                num_return_sequences=k,
                temperature=self._sampling.temperature,
                top_p=self._sampling.top_p,
                top_k=self._sampling.top_k,
                max_new_tokens=self._sampling.max_response,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        new = tokens[:, batch["input_ids"].shape[1] :]
        texts = self._tokenizer.batch_decode(new, skip_special_tokens=True)
        ends = self._network.generation_config.eos_token_id
        stops = [] if ends is None else ends if isinstance(ends, list) else [ends]
        ended = torch.isin(new, torch.tensor(stops, dtype=new.dtype, device=new.device)).any(dim=1).tolist()
        full = new.shape[1] >= self._sampling.max_response
        answers = [Reply(text, full and not end) for text, end in zip(texts, ended, strict=True)]
        return [answers[at : at + k] for at in range(0, len(answers), k)]


def read_json(path: Path) -> Any:
    """A JSON file; None where there is none, or it is torn."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
