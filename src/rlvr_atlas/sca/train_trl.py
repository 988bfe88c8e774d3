"""GRPO with trl: one process, on a CPU (small models, tests) or a GPU, with vLLM where it is installed.

A run that was killed goes on from its last whole checkpoint and ends with the weights of an unbroken one.
Not covered: several machines; `train_verl` is for those.
"""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

from rlvr_atlas.errors import InputError, MissingExtraError
from rlvr_atlas.files import replace_file
from rlvr_atlas.sca.grpo import GRPO
from rlvr_atlas.sca.model import identity, load, read_json, require_torch, written_for
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.workspace.store import fingerprint

_DONE = "training.json"
#: Checkpoints on the way; each holds the optimizer too.
_CHECKPOINTS = 5


@dataclass(frozen=True)
class Job:
    """What to train on what.

    Attributes:
        base_model: Folder or Hub id.
        questions: Training problems, as the model is asked them but for the instruction.
        golds: Their answers.
        out: Folder of the checkpoint; becomes a model that transformers can load.
        grpo: Settings.
        seed: Of the order of problems and of the answers drawn.
        instruction: Put after every question.
        threads: Of torch, on a CPU.
    """

    base_model: str
    questions: list[str]
    golds: list[str]
    out: Path
    grpo: GRPO
    seed: int = 0
    instruction: str = ""
    threads: int = 1

    def identity(self) -> str:
        """Equal for jobs that give the same checkpoint."""
        problems = list(zip(self.questions, self.golds, strict=True))
        settings = self.grpo.model_dump(mode="json")
        return fingerprint(identity(self.base_model), problems, settings, self.seed, self.instruction)


def train(job: Job, judge: Judge) -> dict[str, Any]:
    """Train, or go on training; a finished job is not repeated.

    Args:
        job: What to train on what.
        judge: Gives the rewards.

    Returns:
        What is noted in `training.json`: identity, problems, left_out (reason -> problems), steps, outcomes.

    Raises:
        MissingExtraError: Without the extra `train`.
        InputError: If nothing is left to train on, or the folder holds the checkpoint of another job.
    """
    name = job.identity()
    note = read_json(job.out / _DONE) or read_json(job.out / "job.json")
    if note and note["identity"] != name:
        fix = "move the folder away, or plan with the settings it was made with"
        raise InputError("this folder holds the checkpoint of another job", where=str(job.out), fix=fix)
    if (job.out / _DONE).exists():
        return dict(note)
    if find_spec("trl") is None:
        raise MissingExtraError("train", "training with trl")
    torch = require_torch("training with trl", job.threads)
    network, tokenizer = load(job.base_model, "training with trl", job.threads, to_train=True)
    rows, left_out = _rows(job, tokenizer, judge)
    job.out.mkdir(parents=True, exist_ok=True)
    (job.out / "job.json").write_text(json.dumps({"identity": name}), encoding="utf-8")
    torch.manual_seed(job.seed)
    before = judge.outcomes.copy()  # the same judge serves all sources
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries among themselves; nothing a user could act on
        trainer = _trainer(job, network, tokenizer, rows, judge)
        trainer.train(resume_from_checkpoint=_last_whole(job.out))
    trainer.save_model(str(job.out))
    done = {
        "identity": name,
        "problems": len({row["prompt"] for row in rows}),
        "left_out": left_out,
        "steps": job.grpo.steps,
        "outcomes": dict(sorted((judge.outcomes - before).items())),
        "reward": [entry["reward"] for entry in trainer.state.log_history if "reward" in entry],
    }
    text = json.dumps(done, indent=1) + "\n"
    replace_file(job.out / _DONE, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    for checkpoint in job.out.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    return done


def _rows(job: Job, tokenizer: Any, judge: Judge) -> tuple[list[dict[str, str]], dict[str, int]]:
    """Prompts with their gold answers; what cannot be trained on is counted."""
    left_out = {"unreadable gold": 0, "prompt too long": 0}
    rows = []
    for question, gold in zip(job.questions, job.golds, strict=True):
        prompt = written_for(tokenizer, question, job.instruction)
        if not judge.readable(gold):
            left_out["unreadable gold"] += 1
        elif len(tokenizer(prompt)["input_ids"]) > job.grpo.max_prompt:
            left_out["prompt too long"] += 1
        else:
            rows.append({"prompt": prompt, "gold": gold})
    if not rows:
        raise InputError("nothing to train on", where=str(job.out), fix=f"left out: {left_out}")
    return rows, left_out


def _in_order(rows: list[dict[str, str]], job: Job) -> list[dict[str, str]]:
    """All prompts of the run, epoch by epoch, each shuffled.

    Not left to trl: a run that goes on in a later epoch would shuffle it as if it were the first.
    """
    rng, order = Random(f"sca/{job.seed}"), list[dict[str, str]]()
    while len(order) < job.grpo.steps * job.grpo.batch:
        order += rng.sample(rows, len(rows))
    return order[: job.grpo.steps * job.grpo.batch]


def _trainer(job: Job, network: Any, tokenizer: Any, rows: list[dict[str, str]], judge: Judge) -> Any:
    import torch
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    def right(completions: list[str], gold: list[str], **_: Any) -> list[float]:
        return judge.rewards(gold, completions)

    grpo, gpu = job.grpo, torch.cuda.is_available()
    updates = grpo.batch // grpo.mini_batch
    vllm: dict[str, Any] = {"use_vllm": True, "vllm_mode": "colocate"} if gpu and find_spec("vllm") else {}
    config = GRPOConfig(
        output_dir=str(job.out),
        max_steps=grpo.steps * updates,
        per_device_train_batch_size=grpo.micro_batch,
        gradient_accumulation_steps=grpo.mini_batch * grpo.rollouts // grpo.micro_batch,
        steps_per_generation=grpo.batch * grpo.rollouts // grpo.micro_batch,
        num_generations=grpo.rollouts,
        max_completion_length=grpo.max_response,
        temperature=grpo.temperature,
        learning_rate=grpo.lr,
        lr_scheduler_type="constant",
        beta=grpo.kl,
        epsilon=grpo.clip,
        use_cpu=not gpu,
        bf16=gpu,  # what is multiplied; the weights themselves are float32, see `model.load`
        gradient_checkpointing=gpu,
        # Only between steps: the answers that a step goes on learning from are in no checkpoint.
        save_steps=max(1, grpo.steps // _CHECKPOINTS) * updates,
        save_total_limit=2,
        shuffle_dataset=False,
        seed=job.seed,
        logging_steps=updates,
        report_to=[],
        disable_tqdm=True,
        **vllm,
    )
    trainer = GRPOTrainer(
        model=network,
        reward_funcs=right,
        args=config,
        train_dataset=Dataset.from_list(_in_order(rows, job)),
        processing_class=tokenizer,
    )
    _silence(trainer)
    return trainer


def _silence(trainer: Any) -> None:
    """No printed log: standard output belongs to the command."""
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)


def _last_whole(out: Path) -> str | None:
    """The last checkpoint that was written to its end; a torn one is removed."""
    for folder in sorted(out.glob("checkpoint-*"), key=lambda path: -int(path.name.split("-")[1])):
        if read_json(folder / "trainer_state.json"):  # written last
            return str(folder)
        shutil.rmtree(folder)
    return None
