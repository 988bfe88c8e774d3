"""A run in a tracker of experiments: what is logged, through modules that stand in for the trackers."""

import json
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest
from typer.testing import CliRunner

from rlvr_atlas.cli import app
from rlvr_atlas.errors import InputError, MissingExtraError

PROMPT = (
    "Before dawn a keeper counts {} lanterns and {} coils of rope on the quay, then carries every third "
    "lantern up the long stairs to the signal house. How many lanterns are left below?"
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    lines = [
        json.dumps({"question": PROMPT.format(31 * n + 7, 17 * n * n + 5), "answer": n}) + "\n"
        for n in range(20)
    ]
    (folder / "bench.jsonl").write_text("".join(lines[:5]))
    (folder / "train.jsonl").write_text("".join(lines))
    (folder / "recipe.toml").write_text(
        '[workspace]\npath = "ws"\n'
        '[[datasets]]\nid = "bench"\nrole = "benchmark"\npath = "bench.jsonl"\nreleased = 2023-01-01\n'
        '[[datasets]]\nid = "train"\npath = "train.jsonl"\nreleased = 2024-01-01\n'
    )
    assert CliRunner().invoke(app, ["run", str(folder / "recipe.toml")]).exit_code == 0
    return folder / "ws"


class Wandb(ModuleType):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__("wandb")
        self.summary, self.tables, self.saved, self.started, self.url = (
            {},
            {},
            [],
            None,
            "https://w.example/r/1",
        )

    def init(self, **settings):
        self.started = settings
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True

    def log(self, tables):
        self.tables |= tables

    def save(self, file, **_):
        self.saved.append(file)

    def Table(self, columns, data):  # noqa: N802  as wandb calls it
        assert all(len(line) == len(columns) for line in data)
        return [dict(zip(columns, line, strict=True)) for line in data]


class Mlflow(ModuleType):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__("mlflow")
        self.summary, self.tables, self.saved, self.params = {}, {}, [], {}

    def set_experiment(self, name):
        self.started = {"project": name}

    def start_run(self, run_name):
        self.started |= {"name": run_name}
        return self

    def __enter__(self):
        return SimpleNamespace(info=SimpleNamespace(run_id="r1"))

    def __exit__(self, *_):
        self.closed = True

    def log_params(self, params):
        self.started |= {"config": params}

    def log_metrics(self, metrics):
        assert all(type(value) is float for value in metrics.values())
        self.summary |= metrics

    def log_table(self, columns, artifact_file):
        lines = [dict(zip(columns, line, strict=True)) for line in zip(*columns.values(), strict=True)]
        self.tables[artifact_file.removesuffix(".json")] = lines

    def log_artifact(self, file):
        self.saved.append(file)

    def get_tracking_uri(self):
        return "sqlite:runs.db"


TRACKERS = {"wandb": Wandb, "mlflow": Mlflow}


@pytest.fixture(params=TRACKERS)
def tracker(request, monkeypatch):
    module = TRACKERS[request.param]()
    monkeypatch.setitem(sys.modules, request.param, module)
    return module


def log(workspace, tracker, *options):
    return CliRunner().invoke(
        app, ["export", str(workspace), "--format", tracker.__name__, "--project", "quay", *options]
    )


def test_a_run_has_the_numbers_of_the_report_and_no_text(workspace, tracker):
    ran = log(workspace, tracker, "--json")
    assert ran.exit_code == 0, (ran.output, ran.exception)
    told = json.loads(ran.stdout)
    places = {"wandb": "https://w.example/r/1", "mlflow": "sqlite:runs.db, run r1"}
    assert told["run"] == places[tracker.__name__]
    assert tracker.started["project"] == "quay" and tracker.started["name"] == "ws" and tracker.closed
    assert tracker.started["config"]["stage_audit"]
    assert tracker.summary["total/train_leaked"] == 5.0
    assert tracker.summary["leaked_share/train"] == 0.25
    assert "total/roles" not in tracker.summary
    rows = {line["dataset"]: line["rows"] for line in tracker.tables["datasets"]}
    assert rows == {"bench": 5, "train": 20}
    assert sum(line["rows"] for line in tracker.tables["composition"]) == 25
    assert tracker.tables["unverified_dates"][0]["without_evidence"] == '["train", "bench"]'
    assert list(tracker.tables) == told["tables"]
    assert "lanterns" not in json.dumps([tracker.tables, tracker.started, tracker.summary])
    assert tracker.saved == []


def test_the_report_goes_only_when_it_is_asked_for(workspace, tracker):
    assert log(workspace, tracker, "--with-report").exit_code == 0
    assert tracker.saved == [str(workspace / "report.html")]


def test_a_tracker_that_refuses_is_one_line(workspace, tracker, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("no such server\nmore")

    monkeypatch.setattr(type(tracker), "init" if tracker.__name__ == "wandb" else "set_experiment", refuse)
    ran = log(workspace, tracker)
    assert isinstance(ran.exception, InputError)
    assert f"{tracker.__name__} refuses (no such server)" in str(ran.exception)


@pytest.mark.parametrize("name", TRACKERS)
def test_without_the_package_the_extra_is_named(workspace, name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    ran = CliRunner().invoke(app, ["export", str(workspace), "--format", name])
    assert isinstance(ran.exception, MissingExtraError)
    assert f"rlvr-atlas[{name}]" in str(ran.exception)


def test_no_tracker_is_loaded_for_another_format():
    code = "import sys, rlvr_atlas.export.track, rlvr_atlas.cli; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"wandb", "mlflow"} & set(run.stdout.split())
