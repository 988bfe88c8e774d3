"""The command `evaluate`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlvr_atlas.cli.app import AsJson, Network, app
from rlvr_atlas.cli.sca import _CONCURRENCY
from rlvr_atlas.cli.show import hint, print_json, print_table, progress
from rlvr_atlas.cli.show import out as screen
from rlvr_atlas.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from rlvr_atlas.evaluate import Benchmark, Evaluated, Preset
    from rlvr_atlas.sca.rollouts import Model

_FOLDER = "evaluations"
_COUNTS = ("benchmark", "subset", "items", "k", "unjudged", "empty", "cut")
#: From this share of answers on it is said that they were empty, or cut.
_MANY = 0.02


@app.command()
def evaluate(
    model: Annotated[
        str, typer.Argument(help="A folder or an id of the Hub; with --server the model's name there.")
    ],
    benchmark: Annotated[
        list[str] | None,
        typer.Option(
            help="A path, an id of the registry, or a benchmark of --workspace; all of those without it. "
            "Repeatable."
        ),
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="A workspace, for its benchmarks, and for what leaks.")
    ] = None,
    trained_on: Annotated[
        str | None,
        typer.Option(help="The dataset or mix that the model was trained on; the base without it."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training run.")] = 0,
    server: Annotated[str | None, typer.Option(help="URL of an OpenAI-compatible server, up to /v1.")] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, help="Requests under way at the server at once.")
    ] = _CONCURRENCY,
    preset: Annotated[str, typer.Option(help="How benchmarks are asked.")] = "paper",
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="Answers to each item, instead of the preset's.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of an answer, instead of the preset's.")
    ] = None,
    instruction: Annotated[
        str | None, typer.Option(help="Put after every item, instead of the preset's.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Of torch, without --server, on a CPU.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="Where verdicts are kept: WORKSPACE/evaluations, or evaluations here."),
    ] = None,
    network: Network = False,
    as_json: AsJson = False,
) -> None:
    """Mean@k and Pass@k of a model on benchmarks, leaked items apart; a run that was killed goes on."""
    from rlvr_atlas import evaluate as evaluation

    settings = evaluation.preset(preset)
    changed = {"max_response": max_tokens, "instruction": instruction}
    settings = settings.model_copy(update={n: v for n, v in changed.items() if v is not None})
    made, name = _model(model, settings, server, concurrency, threads)
    who = evaluation.Evaluated(name, settings, k, trained_on, seed)
    asked, leaked = _asked(workspace, benchmark or [], trained_on, network)
    place = out or (workspace / _FOLDER if workspace else Path(_FOLDER))
    from rlvr_atlas.sca.reward import Judge

    with Judge() as judge, progress() as on_progress:
        verdicts = evaluation.evaluate(
            asked, who, made, judge, place,
            on_progress=lambda done, total: on_progress("evaluate", who.folder, done, total),
        )  # fmt: skip
    base = _base(place, asked) if trained_on else None
    found = evaluation.figures(verdicts, leaked, base)
    evaluation.collect(place)
    _show(found, asked, who, place, workspace, as_json)


def _model(
    model: str, settings: Preset, server: str | None, concurrency: int, threads: int
) -> tuple[Any, str]:
    """What makes the model, and its name or digest."""
    from rlvr_atlas.sca.model import Transformers, identity

    if server:
        from rlvr_atlas.sca.server import Server

        served = Server(server, model, settings.sampling, settings.instruction, concurrency)
        return (lambda: served), model

    def here() -> Model:
        return Transformers(model, settings.sampling, settings.instruction, threads)

    return here, identity(model)


def _asked(
    workspace: Path | None, names: list[str], trained_on: str | None, network: bool
) -> tuple[list[Benchmark], dict[str, set[str]] | None]:
    """The benchmarks, and which of their items the training set holds; None where nobody knows."""
    from rlvr_atlas import evaluate as evaluation
    from rlvr_atlas.pipeline import stored_recipe
    from rlvr_atlas.workspace.store import Workspace

    if workspace is None:
        if not names:
            raise InputError("no benchmark is named", fix="give --benchmark or --workspace")
        return evaluation.from_files(names, allow_network=network), None
    place = Workspace(workspace)
    held = place.read("datasets")["dataset"].to_list()
    others = [name for name in names if name not in held]
    own = [name for name in names if name in held]
    asked = evaluation.from_workspace(place, own) if own or not others else []
    asked += evaluation.from_files(others, allow_network=network) if others else []
    if not trained_on:
        return asked, None
    curated = stored_recipe(place).curate
    return asked, evaluation.leaked_items(place, trained_on, curated.name if curated else None)


def _base(place: Path, asked: list[Benchmark]) -> dict[str, pl.DataFrame]:
    """Finished verdicts of the base on the same benchmarks."""
    from rlvr_atlas import evaluate as evaluation

    found = {}
    for one in asked:
        try:
            found[one.name] = evaluation.evaluated(place / evaluation.ask.BASE / f"{one.name}.jsonl")
        except InputError:
            continue  # not asked, or not finished: there is no gain to tell
    return found


def _show(
    found: pl.DataFrame,
    asked: list[Benchmark],
    who: Evaluated,
    place: Path,
    workspace: Path | None,
    as_json: bool,
) -> None:
    from rlvr_atlas.evaluate.results import RESULTS

    left_out = {one.name: one.left_out for one in asked if one.left_out}
    if as_json:
        told = {"model": who.model, "trained_on": who.trained_on, "seed": who.seed}
        results = str(place / RESULTS)
        print_json({**told, "figures": found.to_dicts(), "left_out": left_out, "results": results})
        return
    lines = [
        {
            **{name: row[name] for name in _COUNTS},
            **{f"{name}@k [95%]": _interval(row, name) for name in ("mean", "pass")},
        }
        for row in found.to_dicts()
    ]
    print_table(f"{who.model}, in points", lines)
    for name, reasons in left_out.items():
        counted = ", ".join(f"{why}: {number}" for why, number in reasons.items())
        screen.print(f"note: {name}: items left out ({counted})", markup=False)
    for row in found.filter(subset="all").to_dicts():
        for note in _odd(row, who.settings.max_response):
            screen.print(f"note: {row['benchmark']}: {note}", markup=False)
    screen.print("note: intervals are over items with their answers, not over training runs", markup=False)
    shown = workspace or "WORKSPACE"
    hint(f"next: rlvr-atlas score {shown} --model-size B --results {place / RESULTS}")


def _odd(row: dict[str, Any], limit: int) -> Iterator[str]:
    """What a person should know of many answers that are cut or empty."""
    answers = row["items"] * row["k"]
    if row["cut"] and row["cut"] >= _MANY * answers:
        share = f"{row['cut']} of {answers} answers were cut at {limit} tokens"
        yield f"{share}, and most such are wrong; a larger --max-tokens may raise the figures"
    if row["empty"] and row["empty"] >= _MANY * answers:
        yield f"{row['empty']} of {answers} answers were empty; see how the server takes the template"


def _interval(row: dict[str, Any], name: str) -> str:
    if row[name] is None:
        return ""
    return f"{row[name]:.1f} [{row[f'{name}_low']:.1f}, {row[f'{name}_high']:.1f}]"
