"""What is written for verl, and that the installed verl's own configuration takes it."""

import importlib.util
import json
import subprocess
import sys

import polars as pl
import pytest

from rlvr_atlas.config import SCASettings
from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.grpo import preset
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.sources import Plan
from rlvr_atlas.sca.train_verl import check, overrides, prepare
from rlvr_atlas.schema import SCA_PROBLEMS, SCA_SOURCES, conform

ROWS = [
    {
        "source": "jars",
        "key": f"{n:040}",
        "split": "train",
        "prompt": f"Jar {n}?",
        "answer": str(n) if n else "",
    }
    for n in range(50)
]


@pytest.fixture
def plan(tmp_path):
    sources = conform(pl.DataFrame([{"source": "jars"}]), SCA_SOURCES)
    settings = SCASettings(base_model="some/model", preset="released_code", instruction=" Box it.")
    return Plan(tmp_path / "a place" / "sca", settings, conform(pl.DataFrame(ROWS), SCA_PROBLEMS), sources)


def test_everything_a_run_needs_is_written(plan):
    with Judge() as judge:
        script = prepare(plan, "jars", 3, judge)
    rows = pl.read_parquet(script.parent / "train.parquet")
    assert rows.height == 147, "49 readable problems, repeated until they fill a batch of 128"
    first = rows.row(0, named=True)
    assert first["prompt"] == [{"role": "user", "content": "Jar 1? Box it."}]
    assert first["reward_model"] == {"style": "rule", "ground_truth": "1"}
    assert first["data_source"] == "jars"
    text = script.read_text()
    for line in ("trainer.total_training_steps=510", "algorithm.adv_estimator=", "use_kl_loss=True"):
        assert line in text
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert json.loads((script.parent / "job.json").read_text())["problems"] == 49


def test_a_folder_in_which_verl_has_begun_another_job_is_refused(plan):
    """verl goes on from whatever checkpoint it finds there."""
    other = Plan(
        plan.folder, plan.settings.model_copy(update={"grpo": {"lr": 2e-6}}), plan.problems, plan.sources
    )
    with Judge() as judge:
        folder = prepare(plan, "jars", 0, judge).parent
        prepare(other, "jars", 0, judge)  # nothing was trained yet
        (folder / "steps" / "global_step_10").mkdir(parents=True)
        prepare(other, "jars", 0, judge)
        with pytest.raises(InputError, match="begun another job"):
            prepare(plan, "jars", 0, judge)
    assert "optim.lr=2e-06" in (folder / "run.sh").read_text(), "what was begun stays as it was"


def test_the_reward_function_is_one(plan):
    with Judge() as judge:
        folder = prepare(plan, "jars", 0, judge).parent
    code = (
        "import runpy; f = runpy.run_path('reward.py')['compute_score']; "
        "print(f('jars', r'\\boxed{0.5}', '1/2', {'index': 1}), f('jars', '', '1/2'), f('jars', '7', ''))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1.0", "0.0", "0.0"]


@pytest.mark.extra
@pytest.mark.parametrize("name", ["paper", "released_code"])
def test_the_installed_verl_takes_every_override(name, tmp_path):
    if importlib.util.find_spec("verl") is None:
        pytest.skip("the extra 'verl' is not installed")
    from hydra import compose, initialize_config_dir

    settings = overrides(preset(name), "some/model", tmp_path, 0)
    assert check(settings)
    place = importlib.util.find_spec("verl").submodule_search_locations[0] + "/trainer/config"
    with initialize_config_dir(config_dir=place, version_base=None):
        from rlvr_atlas.sca.train_verl import as_argument

        config = compose("ppo_trainer", overrides=[as_argument(*item) for item in settings.items()])
    assert config.data.train_files == str(tmp_path / "train.parquet")
    assert config.actor_rollout_ref.actor.optim.lr == 1e-6
    assert config.actor_rollout_ref.actor.use_kl_loss is (name == "released_code")
    assert config.trainer.logger == ["console"]
    assert config.algorithm.adv_estimator == "grpo"


@pytest.mark.extra
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trainer.n_gpu_per_node": 4}, "trainer.n_gpu_per_node is no setting of verl"),
        ({"trainer.n_gpus_per_node": "four"}, "n_gpus_per_node = 'four' is of another type than 8"),
        ({"trainer.balance_batch": 1}, "balance_batch = 1 is of another type than True"),
        ({"nowhere.at.all": 1}, "nowhere.at.all is no setting of verl"),
    ],
)
def test_what_verl_would_not_notice_is_an_error(change, message):
    if importlib.util.find_spec("verl") is None:
        pytest.skip("the extra 'verl' is not installed")
    with pytest.raises(InputError, match=message):
        check(change)
    assert check({"trainer.n_gpus_per_node": 4, "actor_rollout_ref.rollout.gpu_memory_utilization": 1})
