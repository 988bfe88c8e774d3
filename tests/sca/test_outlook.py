"""Cost and power of a plan: counted as an independent computation counts, and as true as they say."""

import json

import numpy as np
import polars as pl
import pytest

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.cost import GPUS, Means, asking, means_of, parameters, training
from rlvr_atlas.sca.gains import gains
from rlvr_atlas.sca.grpo import preset
from rlvr_atlas.sca.power import smallest_effect, told_by
from rlvr_atlas.sca.resample import Bootstrap

PAPER = preset("paper")
H100 = Means(1e9)


def test_operations_are_those_of_the_formulas():
    grpo = preset("tiny", steps=3, batch=2, mini_batch=2, micro_batch=4, rollouts=4)
    means = Means(10.0, answer_tokens=5)
    # 24 answers of 5 tokens, 6 prompts of 7 tokens; learning reads each answer with its prompt.
    assert training(grpo, 7, means).operations == 2 * 10 * (24 * 5 + 6 * 7) + 10 * 10 * 24 * (5 + 7)
    with_kl = grpo.model_copy(update={"kl": 0.1})
    assert training(with_kl, 7, means).operations - training(grpo, 7, means).operations == 2 * 10 * 24 * 12
    assert asking(9, 7, means).operations == 2 * 10 * 9 * 12


def test_hours_follow_from_peak_and_what_is_reached_of_it():
    hour = GPUS["H100"] * 1e12 * 3600
    answers = 10_000
    tokens = answers * (2048 + 100)
    assert asking(answers, 100, H100).gpu_hours == pytest.approx(2e9 * tokens / (0.05 * hour))
    half = Means(1e9, gpu="A100")
    ratio = training(PAPER, 100, half).gpu_hours / training(PAPER, 100, H100).gpu_hours
    assert ratio == pytest.approx(989 / 312)
    both = training(PAPER, 100, H100) + asking(answers, 100, H100)
    assert both.gpu_hours > training(PAPER, 100, H100).gpu_hours


@pytest.mark.parametrize(
    ("name", "size"),
    [("Qwen/Qwen3-1.7B-Base", 1.7e9), ("Qwen3-8B", 8e9), ("my/smol-135M", 135e6), ("my/model", None),
     ("Qwen2.5-7B-Instruct", 7e9), ("some/v2b-model", None)],
)  # fmt: skip
def test_the_size_of_a_model_is_read_off_its_name(name, size):
    assert parameters(name) == size


@pytest.mark.parametrize(("config", "bytes_of_one"), [({"dtype": "float32"}, 4), ({}, 2)])
def test_the_size_of_a_model_in_a_folder_is_that_of_its_weights(tmp_path, config, bytes_of_one):
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"0" * 4000)
    assert parameters(str(tmp_path)) == 4000 / bytes_of_one


@pytest.mark.parametrize("wrong", [{"gpu": "H1"}, {"gpus": 0}, {"answer_tokens": 0}, {"parameters": 0.0}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(InputError):
        Means(**{"parameters": 1e9, **wrong})


def test_a_size_that_nobody_knows_is_not_guessed():
    assert means_of("my/model", None, "H100", 1, 2048, None) is None
    with pytest.raises(InputError, match="no GPU"):
        means_of("my/model", None, "X", 1, 2048, None)


# --- power --------------------------------------------------------------------------------------------


def share_told(problems, k, gain, spread, trials=80):
    """How often the interval of `gains` leaves out zero, with a true gain that differs between problems."""
    rng, told = np.random.default_rng(0), 0
    for _ in range(trials):
        before = np.full(problems, 0.4)
        after = np.clip(before + rng.normal(gain, spread, problems), 0, 1)
        frame = pl.DataFrame(
            {
                "trained_on": "s",
                "source": "s",
                "split": "held_out",
                "key": [f"{n:04}" for n in range(problems)],
                "base_correct": rng.binomial(k, before) / k,
                "trained_correct": rng.binomial(k, after) / k,
            }
        )
        told += gains(frame, bootstrap=Bootstrap(draws=200))["gain_low"][0] > 0
    return told / trials


@pytest.mark.parametrize(("problems", "k"), [(60, 4), (200, 2)])
def test_the_smallest_effect_is_found_in_four_of_five_cases(problems, k):
    effect = smallest_effect(problems, k, 0.4, 0.2)
    assert share_told(problems, k, effect, 0.2) == pytest.approx(0.8, abs=0.1)
    assert share_told(problems, k, effect / 2, 0.2) < 0.5


def test_more_problems_and_more_answers_show_smaller_effects():
    assert smallest_effect(400, 4) == pytest.approx(smallest_effect(100, 4) / 2)
    assert smallest_effect(100, 16) < smallest_effect(100, 4) < smallest_effect(100, 1)
    assert smallest_effect(100, 4, 0.02) < smallest_effect(100, 4)
    assert smallest_effect(1, 4) is smallest_effect(0, 4) is None
    with pytest.raises(InputError):
        smallest_effect(10, 0)


def test_the_same_follows_from_the_width_of_an_interval():
    error = 0.05
    assert told_by(-1.96 * error, 1.96 * error) == pytest.approx(2.8 * error, rel=1e-3)
    assert told_by(-1, 1) is None
