"""The command `score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlvr_atlas.cli.app import AsJson, WorkspacePath, app
from rlvr_atlas.cli.show import err, out, print_json, print_table
from rlvr_atlas.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from rlvr_atlas.score.weights import Weights
    from rlvr_atlas.workspace.store import Workspace

_SIMULATED = "a ranking for this base, with constants of simulated worlds (docs: Score, before training)"
_NO_INTERVAL = "no interval where benchmark figures come without items and k: give these columns"


@app.command()
def score(
    workspace: WorkspacePath,
    model_size: Annotated[
        float | None, typer.Option(help="Parameters of the model, in billions. Q needs it.")
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            help="Answers of the base (rollouts of `sca rollout`): the score before training, instead of Q."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Its name.")] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            help="Benchmark results: results.parquet of `evaluate`, or dataset (empty: base), mean4, pass4 "
            "in points, and for intervals items, k, seeds."
        ),
    ] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="Which benchmark of the results counts; MATH-500 without it.")
    ] = None,
    downstream: Annotated[
        Path | None,
        typer.Option(help="Results to rank against: dataset, result. Adds correlations and ablation."),
    ] = None,
    preset: Annotated[str, typer.Option(help="Preset of the weights.")] = "released_code",
    weights: Annotated[
        Path | None, typer.Option(help="Weights of your own (TOML), instead of a preset.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The quality score Q of every training dataset, with its parts, intervals, and what was not measured.

    With --before another score, from answers of the base model and lineage, before anything was trained.
    """
    if before is not None:
        _before(workspace, before, model, as_json=as_json)
        return
    if model_size is None:
        fix = "give --model-size, or answers of the base: --before FILE"
        raise InputError("Q depends on the size of the model", where="--model-size", fix=fix)
    from rlvr_atlas import score as scoring
    from rlvr_atlas.config import read_toml
    from rlvr_atlas.workspace.graph import made_from
    from rlvr_atlas.workspace.store import Workspace

    chosen = scoring.parse_weights(read_toml(weights), weights.stem) if weights else scoring.preset(preset)
    given = _read(results) if results else None
    pairs = _read(downstream) if downstream else None
    # Under the lock, or another run could replace the tables before their fingerprints are taken.
    with Workspace(workspace).locked() as place:
        given = None if given is None else _without_mix(given, place)
        inputs = scoring.inputs_from_workspace(place.tables(), results=given, benchmark=benchmark)
        found = scoring.score(inputs, model_size, chosen, model=model)
        pairs_found = scoring.score_pairs(inputs, model_size, chosen, model=model)
        tables = {"scores": found, "score_pairs": pairs_found}
        if pairs is not None:
            tables["correlations"] = _compared(found, pairs, chosen, str(downstream))
        settings = chosen.model_dump(mode="json")
        made = made_from(place, "score", model_size, model, settings, found.write_json())
        place.finish("score", made, tables, seconds=0.0)
    if as_json:
        print_json({name: frame.to_dicts() for name, frame in tables.items()})
        return
    print_table("Scores", [_line(row) for row in found.to_dicts()])
    if pairs_found.height:
        print_table("Which is ahead", [_pair(row) for row in pairs_found.to_dicts()])
    if found["q"].is_not_null().any() and found["q_low"].is_null().any():
        out.print(f"note: {_NO_INTERVAL}", markup=False)
    if downstream:
        columns = ("figure", "statistic", "datasets", "value", "low", "high", "p_value")
        print_table("Against real results", tables["correlations"].select(columns).to_dicts())


def _before(workspace: Path, file: Path, model: str | None, *, as_json: bool) -> None:
    """The score before training: written as `before_scores`, and shown."""
    from rlvr_atlas.score.asked import answers_of, measures_of
    from rlvr_atlas.score.before import score_before
    from rlvr_atlas.workspace.graph import made_from
    from rlvr_atlas.workspace.store import Workspace

    answers, base = answers_of(file)
    with Workspace(workspace).locked() as place:
        tables = {name: place.scan(name) for name in ("datasets", "occurrences", "lineage")}
        scores, pairs = score_before(measures_of(tables, answers), model or base)
        made = made_from(place, "score_before", model, answers.write_json())
        place.finish("score_before", made, {"before_scores": scores}, seconds=0.0)
    if as_json:
        print_json({"before_scores": scores.to_dicts(), "score_pairs": pairs.to_dicts()})
        return
    print_table("Before training", [_line_before(row) for row in scores.to_dicts()])
    if pairs.height:
        print_table("Which is ahead", [_pair(row, "a - b") for row in pairs.to_dicts()])
    out.print(f"note: {_SIMULATED}", markup=False)
    if scores["value"].is_null().any():
        out.print("note: no value where fewer than half of the rows were asked", markup=False)


def _line_before(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "dataset": row["dataset"],
        "value": row["value"],
        "95%": "" if row["value"] is None else f"{row['low']:.3f} to {row['high']:.3f}",
        "rank": row["rank"],
        "rank 95%": "" if row["rank_low"] is None else f"{row['rank_low']} to {row['rank_high']}",
        **{name: row[name] for name in ("problems", "asked", "signal", "outvoted", "sources")},
    }


def _without_mix(results: pl.DataFrame, place: Workspace) -> pl.DataFrame:
    """Results without those of the workspace's own mix, which is no dataset that could be scored."""
    import polars as pl

    from rlvr_atlas.pipeline import stored_recipe

    # The demo's workspace has no recipe.
    curated = stored_recipe(place).curate if "recipe" in place.manifest else None
    name = curated.name if curated else None
    if name is None or "dataset" not in results.columns or name in place.read("datasets")["dataset"]:
        return results
    others = results.filter(pl.col("dataset").ne_missing(name))
    if others.height < results.height:
        err.print(f"note: {name} is the mix; to score it, name its export as a dataset", markup=False)
    return others


def _compared(found: pl.DataFrame, pairs: pl.DataFrame, chosen: Weights, where: str) -> pl.DataFrame:
    """schema.CORRELATIONS of the scores with results of real training."""
    import polars as pl

    from rlvr_atlas import score as scoring

    if not {"dataset", "result"} <= set(pairs.columns):
        raise InputError(f"columns {', '.join(pairs.columns)}", where=where, fix="give dataset, result")
    ranks = dict(pairs.select("dataset", pl.col("result").cast(pl.Float64, strict=False)).iter_rows())
    return pl.concat([scoring.correlate(found, ranks), scoring.ablate(found, ranks, chosen)])


def _line(row: dict[str, Any]) -> dict[str, Any]:
    interval = "" if row["q_low"] is None else f"{row['q_low']:.3f} to {row['q_high']:.3f}"
    shown = ("s1a", "s1b", "s1c", "s1", "s2", "s3")
    return {
        "dataset": row["dataset"],
        "Q": row["q"],
        "95%": interval,
        "rank": row["rank"],
        "rank 95%": "" if row["rank_low"] is None else f"{row['rank_low']} to {row['rank_high']}",
        **{name: row[name] for name in shown},
        "before training": row["q_before"],
        "not measured": ", ".join(row["missing"]),
    }


def _pair(row: dict[str, Any], difference: str = "Q of a - b") -> dict[str, Any]:
    interval = "" if row["low"] is None else f"{row['low']:+.3f} to {row['high']:+.3f}"
    return {
        "a": row["a"],
        "b": row["b"],
        difference: row["difference"],
        "95%": interval,
        "P(a ahead)": row["a_ahead"],
    }


def _read(path: Path) -> pl.DataFrame:
    import polars as pl

    from rlvr_atlas.files import POLARS_ERRORS, pass_interrupt

    readers = {
        ".csv": pl.read_csv,
        ".jsonl": pl.read_ndjson,
        ".json": pl.read_json,
        ".parquet": pl.read_parquet,
    }
    reader = readers.get(path.suffix)
    if reader is None:
        raise InputError(
            f"no table by its name '{path.suffix}'", where=str(path), fix=f"give {', '.join(readers)}"
        )
    try:
        frame: pl.DataFrame = reader(path)  # type: ignore[operator]
    except (*POLARS_ERRORS, OSError) as error:
        pass_interrupt(error)
        raise InputError(f"cannot be read ({error})", where=str(path)) from None
    return frame
