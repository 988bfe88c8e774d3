"""What training notes of its rewards is of the source that was trained on, whoever was judged before."""

import json

from rlvr_atlas.sca import train_trl
from rlvr_atlas.sca.grpo import preset
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.sca.train_trl import Job, train


class Trainer:
    """Gives a reward to one right answer and one wrong one."""

    def __init__(self, judge):
        self.judge, self.state = judge, type("State", (), {"log_history": []})

    def train(self, resume_from_checkpoint=None):
        self.judge.rewards(["7", "7"], ["\\boxed{7}", "\\boxed{8}"])

    def save_model(self, folder):
        pass


def test_outcomes_are_counted_for_each_source(tmp_path, monkeypatch):
    torch = type("Torch", (), {"manual_seed": staticmethod(lambda seed: None)})
    fakes = {
        "find_spec": lambda name: name,
        "require_torch": lambda *_: torch,
        "load": lambda *_, **__: (None, None),
        "_rows": lambda job, *_: ([{"prompt": "p", "gold": "7"}], {}),
        "_trainer": lambda job, network, tokenizer, rows, judge: Trainer(judge),
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(train_trl, name, fake)
    with Judge() as judge:
        for source in ("a", "b"):
            job = Job("base", ["p"], ["7"], tmp_path / source, preset("tiny"), 0, "", 1)
            train(job, judge)
            noted = json.loads((tmp_path / source / "training.json").read_text())
            assert noted["outcomes"] == {"right": 1, "wrong": 1}
