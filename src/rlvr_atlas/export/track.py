"""The numbers of a workspace as a run of Weights & Biases or MLflow: metrics and tables, no prompts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlvr_atlas import __version__
from rlvr_atlas.errors import InputError, MissingExtraError

Facts = Mapping[str, Any]
#: Lists of the summary that become tables, in order.
_TABLES = ("edges", "leak_pairs", "leak_families", "brought_in", "conflicts", "unverified_dates", "skipped")


@dataclass(frozen=True)
class Run:
    """What is logged.

    Attributes:
        name: Of the run.
        config: What it was made from: the version and the fingerprint of each stage.
        metrics: Numbers by name.
        tables: Lines by name; all lines of a table have the same columns, and cells are texts or numbers.
        files: Files to keep beside them.
    """

    name: str
    config: dict[str, str]
    metrics: dict[str, float]
    tables: dict[str, list[dict[str, Any]]]
    files: Sequence[Path] = ()


def run_of(facts: Facts, manifest: Facts, name: str, files: Sequence[Path] = ()) -> Run:
    """A run of the numbers of a report.

    Args:
        facts: See `report.summary`.
        manifest: The workspace's manifest.
        name: Of the run.
        files: Files to keep beside them.
    """
    totals = {f"total/{key}": value for key, value in facts["totals"].items()}
    for fact in facts["datasets"]:
        leaks = fact.get("leaks") or {}
        totals[f"attributed_share/{fact['dataset']}"] = fact["attributed_share"]
        totals[f"leaked_share/{fact['dataset']}"] = leaks.get("share")
    tables = {
        "datasets": [_described(fact) for fact in facts["datasets"]],
        "composition": [
            {"dataset": fact["dataset"], **part}
            for fact in facts["datasets"]
            for part in fact["composition"] or []
        ],
        **{table: list(facts[table] or []) for table in _TABLES},
    }
    return Run(
        name=name,
        config={"rlvr_atlas": __version__, **_fingerprints(manifest)},
        metrics={key: float(value) for key, value in totals.items() if _is_number(value)},
        tables={table: [_flat(line) for line in lines] for table, lines in tables.items() if lines},
        files=files,
    )


def log(run: Run, tracker: str, project: str) -> str:
    """Log a run.

    Args:
        run: What to log.
        tracker: One of `TRACKERS`.
        project: The project of Weights & Biases, or the experiment of MLflow.

    Returns:
        Where it is: the address of the run, or the folder of one that is kept offline.

    Raises:
        MissingExtraError: Without the tracker's package.
        InputError: If the tracker refuses.
    """
    try:
        return TRACKERS[tracker](run, project)
    except MissingExtraError:
        raise
    except Exception as error:  # the clients' errors have no common base
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{tracker} refuses ({first})", where=project, fix=_FIXES[tracker]) from None


def _to_wandb(run: Run, project: str) -> str:
    try:
        import wandb
    except ImportError:
        raise MissingExtraError("wandb", "logging to Weights & Biases") from None
    with wandb.init(project=project, name=run.name, job_type="rlvr-atlas", config=run.config) as live:
        live.summary.update(run.metrics)
        for name, lines in run.tables.items():
            columns = list(lines[0])
            live.log({name: wandb.Table(columns=columns, data=[list(line.values()) for line in lines])})
        for file in run.files:
            live.save(str(file), base_path=str(file.parent), policy="now")
        return str(live.url or live.dir)


def _to_mlflow(run: Run, project: str) -> str:
    try:
        import mlflow
    except ImportError:
        raise MissingExtraError("mlflow", "logging to MLflow") from None
    mlflow.set_experiment(project)
    with mlflow.start_run(run_name=run.name) as live:
        mlflow.log_params(run.config)
        mlflow.log_metrics(run.metrics)
        for name, lines in run.tables.items():
            columns = {column: [line[column] for line in lines] for column in lines[0]}
            mlflow.log_table(columns, artifact_file=f"{name}.json")
        for file in run.files:
            mlflow.log_artifact(str(file))
        return f"{mlflow.get_tracking_uri()}, run {live.info.run_id}"


#: Trackers by name.
TRACKERS: dict[str, Callable[[Run, str], str]] = {"wandb": _to_wandb, "mlflow": _to_mlflow}
_FIXES = {
    "wandb": "log in (wandb login), or keep it here: WANDB_MODE=offline",
    "mlflow": "look at MLFLOW_TRACKING_URI",
}


def _described(fact: Facts) -> dict[str, Any]:
    kept = ("dataset", "role", "released", "license", "rows", "skipped_rows", "distinct_prompts")
    leaks = fact.get("leaks") or {}
    told = {"attributed_share": fact["attributed_share"], "leaked": leaks.get("leaked")}
    return {**{key: fact[key] for key in kept}, **told}


def _fingerprints(manifest: Facts) -> dict[str, str]:
    stages = manifest.get("stages") or {}
    return {f"stage_{name}": str(stage.get("fingerprint", "")) for name, stage in sorted(stages.items())}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flat(line: Facts) -> dict[str, Any]:
    """A line whose cells a table of any tracker holds: lists and structs are JSON texts."""
    return {
        key: value if value is None or isinstance(value, str | int | float) else _text(value)
        for key, value in line.items()
    }


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
