"""The base of the SCA demo: a Qwen3 of a hundred thousand parameters, pre-trained on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rlvr_atlas.demo.sca.world import SOURCES, TASKS
from rlvr_atlas.sca.model import require_torch

#: How often pre-training shows the right answer to a task that is known, latent, unknown.
_RIGHT = {"known": 1.0, "latent": 0.35, "unknown": 0.0}
_DIGITS = [str(digit) for digit in range(10)]
#: What the base answers to what it does not know; never a digit, so that it is never right by chance.
_NO_IDEA = "nothing"
_PAD, _END = "<pad>", "<end>"


def pretrain(folder: Path, *, seed: int = 0, steps: int = 400, batch: int = 128, threads: int = 1) -> None:
    """Make the base model and its tokenizer, as a folder that transformers can load.

    The loss is on the answer alone, so that the few parameters need not learn which digits are drawn.

    Args:
        folder: Where it goes; a finished one is kept.
        seed: Of the weights and the data.
        steps: Of AdamW.
        batch: Rows of a step.
        threads: Of torch.

    Raises:
        MissingExtraError: Without the extra `train`.
    """
    if (folder / "model.safetensors").exists():
        return
    torch = require_torch("the demo of SCA", threads)
    tokenizer = _tokenizer()
    torch.manual_seed(seed)
    model = _network(tokenizer)
    names = tokenizer.get_vocab()
    tasks = torch.tensor([names[f"{source}/{task}"] for source in SOURCES for task in range(TASKS)])
    right = torch.tensor([_RIGHT[kind.knowledge] for kind in SOURCES.values() for _ in range(TASKS)])
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        task = torch.randint(len(tasks), (batch,))
        digits = torch.randint(10, (batch, TASKS))
        asked, rows = task % TASKS, torch.arange(batch)
        # A wrong answer is the digit beside the right one: wrong by a rule, as models are, not by chance.
        true, false = digits[rows, asked], digits[rows, (asked + 1) % TASKS]
        answer = names["0"] + torch.where(torch.rand(batch) < right[task], true, false)
        answer[right[task] == 0.0] = names[_NO_IDEA]
        ending = torch.full((batch,), tokenizer.eos_token_id)
        tokens = torch.stack([*(names["0"] + digits).T, tasks[task], answer, ending], dim=1)
        labels = tokens.masked_fill(torch.arange(tokens.shape[1]) <= TASKS, -100)
        model(input_ids=tokens, labels=labels).loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)  # last, because it is looked for


def _tokenizer() -> Any:
    """Words are tokens: the digits stand together in the vocabulary, the tasks after them."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = [_PAD, _END, *_DIGITS, _NO_IDEA, *(f"{s}/{t}" for s in SOURCES for t in range(TASKS))]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token=_PAD))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=_PAD, eos_token=_END, unk_token=_PAD, padding_side="left"
    )


def _network(tokenizer: Any) -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            max_position_embeddings=64,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
