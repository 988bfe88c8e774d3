"""GRPO with verl, for clusters on Ray: everything a run needs is written into one folder, with its command.

verl refuses a misspelled key but not a wrong type or value, so both are checked here: numbers by `GRPO`, and
changes of one's own against the type of verl's default where verl is installed. Nothing of verl is imported.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.grpo import GRPO
from rlvr_atlas.sca.model import read_json
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.runs import checkpoint, grpo_of, job_of
from rlvr_atlas.sca.sources import Plan

_REWARD = '''"""The reward of SCA for verl: 1 for an answer that is the gold answer, else 0."""

from rlvr_atlas.sca.reward import Judge

judge = Judge(workers=2)


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    """Called by verl for every answer."""
    return judge.rewards([ground_truth], [solution_str])[0]
'''
_SCRIPT = """#!/usr/bin/env bash
# One SCA training run. verl goes on from its last checkpoint where it was broken off.
set -euo pipefail
python -m verl.trainer.main_ppo \\
{overrides}
python -m verl.model_merger merge --backend fsdp \\
    --local_dir {steps}/global_step_{last}/actor --target_dir {out}
cp {job} {out}/training.json # from here on the checkpoint counts as finished
"""


def prepare(plan: Plan, source: str, seed: int, judge: Judge) -> Path:
    """Write data, reward function and command of one training run.

    Args:
        plan: The plan.
        source: Atomic source to train on.
        seed: Of the order of problems and of the answers drawn.
        judge: Tells which gold answers can be read.

    Returns:
        The script that trains, and puts the checkpoint where `sca rollout` looks for it.

    Raises:
        InputError: If the source is not planned, nothing of it can be trained on, a change in `[sca.verl]` is
            none that verl knows, or another job has begun in this folder, which verl would go on with.
    """
    grpo, out = grpo_of(plan.settings), Path(checkpoint(plan, source, seed)).absolute()
    folder = plan.folder.absolute() / "verl" / f"{source}-seed{seed}"
    rows = _rows(plan.train(source), plan.settings.instruction, judge)
    if rows.is_empty():
        raise InputError("nothing to train on: no gold answer can be read", where=source)
    # verl drops the end of an epoch that does not fill a batch, so a small source is repeated until it does.
    rows = pl.concat([rows] * -(-grpo.batch // rows.height))
    settings = overrides(grpo, plan.settings.base_model, folder, seed) | dict(plan.settings.verl)
    check(settings)
    identity = job_of(plan, source, seed).identity()
    begun = read_json(folder / "job.json")
    if begun and begun["identity"] != identity and any((folder / "steps").glob("global_step_*")):
        fix = "move the folder away, or plan with the settings it was made with"
        raise InputError("verl has begun another job here", where=str(folder), fix=fix)
    folder.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(folder / "train.parquet")
    (folder / "reward.py").write_text(_REWARD, encoding="utf-8")
    job = {"identity": identity, "problems": rows.n_unique("problem")}
    (folder / "job.json").write_text(
        json.dumps(job | {"steps": grpo.steps, "left_out": {}}), encoding="utf-8"
    )
    listed = " \\\n".join(f"    {shlex.quote(as_argument(name, value))}" for name, value in settings.items())
    script = folder / "run.sh"
    places = {"steps": folder / "steps", "out": out, "job": folder / "job.json"}
    quoted = {name: shlex.quote(str(path)) for name, path in places.items()}
    script.write_text(_SCRIPT.format(overrides=listed, last=grpo.steps, **quoted), encoding="utf-8")
    script.chmod(0o755)
    return script


def overrides(grpo: GRPO, base_model: str, folder: Path, seed: int) -> dict[str, Any]:
    """Every setting that differs from verl's defaults or decides the result."""
    actor, rollout = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
    local = Path(base_model)
    return {
        "data.train_files": str(folder / "train.parquet"),
        "data.val_files": str(folder / "train.parquet"),
        "data.train_batch_size": grpo.batch,
        "data.max_prompt_length": grpo.max_prompt,
        "data.max_response_length": grpo.max_response,
        "data.filter_overlong_prompts": True,
        "data.seed": seed,
        "actor_rollout_ref.model.path": str(local.absolute()) if local.exists() else base_model,
        f"{actor}.optim.lr": grpo.lr,
        f"{actor}.ppo_mini_batch_size": grpo.mini_batch,
        f"{actor}.use_dynamic_bsz": True,
        f"{actor}.ppo_max_token_len_per_gpu": grpo.max_prompt + grpo.max_response,
        f"{actor}.clip_ratio": grpo.clip,
        f"{actor}.clip_ratio_low": grpo.clip,
        f"{actor}.clip_ratio_high": grpo.clip,
        f"{actor}.use_kl_loss": grpo.kl > 0,
        f"{actor}.kl_loss_coef": grpo.kl,
        f"{rollout}.name": "vllm",
        f"{rollout}.n": grpo.rollouts,
        f"{rollout}.temperature": grpo.temperature,
        f"{rollout}.tensor_model_parallel_size": 1,
        f"{rollout}.seed": seed,
        "algorithm.adv_estimator": "grpo",
        "algorithm.use_kl_in_reward": False,
        "reward.custom_reward_function.path": str(folder / "reward.py"),
        "reward.custom_reward_function.name": "compute_score",
        "trainer.total_training_steps": grpo.steps,
        "trainer.total_epochs": grpo.steps,
        "trainer.save_freq": max(1, grpo.steps // 5),
        "trainer.test_freq": -1,
        "trainer.val_before_train": False,
        "trainer.max_actor_ckpt_to_keep": 2,
        "trainer.resume_mode": "auto",
        "trainer.default_local_dir": str(folder / "steps"),
        "trainer.project_name": "sca",
        "trainer.experiment_name": folder.name,
        "trainer.logger": ["console"],
    }


def check(settings: Mapping[str, Any]) -> bool:
    """Compare settings with the installed verl's own configuration.

    Returns:
        Whether verl is there to be asked.

    Raises:
        InputError: For every key that verl does not have, and every value of another type than its default.
    """
    package = find_spec("verl")
    if package is None or find_spec("hydra") is None or not package.submodule_search_locations:
        return False
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    place = Path(package.submodule_search_locations[0]) / "trainer" / "config"
    with initialize_config_dir(config_dir=str(place.absolute()), version_base=None):
        config = compose("ppo_trainer")
    wrong = []
    for name, value in settings.items():
        parent, _, key = name.rpartition(".")
        table = OmegaConf.select(config, parent) if parent else config
        # As it is written: an interpolation may ask for what only a running trainer has.
        known = OmegaConf.to_container(table, resolve=False) if OmegaConf.is_dict(table) else {}
        if key not in known:
            wrong.append(f"{name} is no setting of verl")
        elif not _fits(value, known[key]):
            wrong.append(f"{name} = {value!r} is of another type than {known[key]!r}")
    if wrong:
        raise InputError(
            "; ".join(wrong), where="[sca.verl]", fix="see the configuration of the installed verl"
        )
    return True


def as_argument(name: str, value: object) -> str:
    """A setting as hydra reads it from a command line."""
    return f"{name}={json.dumps(value) if isinstance(value, str | list) else value}"


def _fits(value: object, default: object) -> bool:
    if default is None or (isinstance(default, str) and default.startswith(("${", "???"))):
        return True  # verl does not say what it expects
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    return isinstance(value, int) if isinstance(default, int) else isinstance(value, type(default))


def _rows(problems: pl.DataFrame, instruction: str, judge: Judge) -> pl.DataFrame:
    """Rows in the columns of verl; `problem` is ours."""
    kept = problems.filter(pl.Series([judge.readable(gold) for gold in problems["answer"]], dtype=pl.Boolean))
    return pl.DataFrame(
        [
            {
                "data_source": row["source"],
                "prompt": [{"role": "user", "content": f"{row['prompt']}{instruction}"}],
                "ability": "math",
                "reward_model": {"style": "rule", "ground_truth": row["answer"]},
                "extra_info": {"split": "train", "index": index},
                "problem": row["key"],
            }
            for index, row in enumerate(kept.iter_rows(named=True))
        ]
    )
