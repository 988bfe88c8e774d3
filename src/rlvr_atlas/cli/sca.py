"""The command group `sca`: plan, train, rollout, attribute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlvr_atlas.cli.app import AsJson, Commands, WorkspacePath, app
from rlvr_atlas.cli.show import err, out, print_json, print_table, progress
from rlvr_atlas.errors import BusyError, InputError

if TYPE_CHECKING:
    from rlvr_atlas.sca.sources import Plan
    from rlvr_atlas.workspace.store import Workspace

sca_app = Commands(
    no_args_is_help=True, help="Source-level counterfactual attribution: what is training on a source worth?"
)
app.add_typer(sca_app, name="sca")

#: As `sca.server.CONCURRENCY`, which is not imported here so that commands start at once.
_CONCURRENCY = 64
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="An atomic source; may be given again. All without it.")
]
Seed = Annotated[int, typer.Option(help="Seed of the training runs.")]


@sca_app.command()
def plan(
    workspace: WorkspacePath,
    preflight: Annotated[
        bool, typer.Option("--preflight", help="Ask the base first, to find sources that teach it nothing.")
    ] = False,
    answers: Annotated[
        int | None,
        typer.Option(
            help="Answers that can be paid for, base and checkpoints together: say which k is best."
        ),
    ] = None,
    gpu: Annotated[str, typer.Option(help="Kind of GPU that hours are told for.")] = "H100",
    gpus: Annotated[int, typer.Option(min=1, help="How many of them.")] = 1,
    price: Annotated[
        float | None, typer.Option(min=0, help="Price of a GPU hour, for the cost in money.")
    ] = None,
    model_size: Annotated[
        float | None,
        typer.Option(help="Billions of parameters of the base; without it its folder or name says so."),
    ] = None,
    answer_tokens: Annotated[
        int | None, typer.Option(min=1, help="Mean tokens of an answer; 2,048, or the preset's limit.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose training and held-out problems of every source; say what each would cost and could show."""
    from rlvr_atlas import pipeline
    from rlvr_atlas.curate.mcq import Exact, convert
    from rlvr_atlas.sca import runs, sources
    from rlvr_atlas.sca.cost import ANSWER_TOKENS, means_of
    from rlvr_atlas.sca.outlook import EFFECTS, outlook
    from rlvr_atlas.sca.reward import Judge
    from rlvr_atlas.workspace.store import Workspace

    place = Workspace(workspace)
    settings = pipeline.stored_recipe(place).sca
    longest = runs.grpo_of(settings).max_response  # says what is wrong before anything is made
    tokens = answer_tokens or min(longest, ANSWER_TOKENS)
    means = means_of(settings.base_model, model_size, gpu, gpus, tokens, price)

    def exact(prompt: str, answer: str, language: str) -> tuple[str, str] | None:
        (found,) = convert([prompt], [answer], [language])
        return (found.prompt, found.answer) if isinstance(found, Exact) else None

    with place.locked(), Judge() as judge:
        made = sources.make_plan(place, settings, judge.readable, exact)
        found, asked = made.sources, None
        if preflight:
            asked = runs.preflight(made, judge)
            place.write_text("sca/preflight.json", asked.write_json())
            found = found.join(asked.drop("problems"), on="source", how="left")
    which_k = None if answers is None else runs.which_k(place, made, answers).to_dicts()
    told = outlook(made, means, asked)
    if as_json:
        assumed = None if means is None else means.assumed
        lines = found.join(told.drop("train"), on="source", how="left", maintain_order="left").to_dicts()
        lines = [{**line, "assumed": assumed} for line in lines]
        print_json(lines if which_k is None else {"sources": lines, "k": which_k})
        return
    print_table("Sources", found.to_dicts())
    for sentence in told["sentence"]:
        out.print(sentence, markup=False)
    assumed = "hours are not told: give --model-size" if means is None else f"hours are {means.assumed}"
    out.print(f"note: {assumed}", markup=False)
    out.print(f"note: {EFFECTS}", markup=False)
    if which_k is not None:
        print_table(f"What k answers to a problem are worth, of {answers} in all", which_k)
    for limit in place.manifest["stages"][sources.STAGE]["limits"]:
        out.print(f"note: {limit}", markup=False)


@sca_app.command()
def train(
    workspace: WorkspacePath,
    source: Sources = None,
    seed: Seed = 0,
    backend: Annotated[
        str, typer.Option(help="trl: here and now. verl: write what a cluster needs.")
    ] = "trl",
    every: Annotated[
        bool, typer.Option("--all", help="Also sources that the pre-flight found to teach nothing.")
    ] = False,
    mix: Annotated[
        bool, typer.Option("--mix", help="On the curated mix, with the same settings, and on no source.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train the base on each source, or on the mix; a killed run goes on, several share the sources."""
    from rlvr_atlas.sca import runs
    from rlvr_atlas.sca.reward import Judge

    if backend not in ("trl", "verl"):
        raise InputError(f"no back end '{backend}'", fix="choose one of: trl, verl")
    if mix and source:
        raise InputError("a source and the mix", fix="give --source or --mix")
    place, made = _opened(workspace, mix=mix)
    chosen = source or made.planned
    if not source and not every and not mix:
        taught = runs.trainable(made)
        for name in (name for name in chosen if name not in taught):
            err.print(f"left out: {name}, see `sca plan --preflight` (--all trains it)", markup=False)
        chosen = [name for name in chosen if name in taught]
    done: list[dict[str, Any]] = []
    if backend == "verl":
        from rlvr_atlas.sca.train_verl import prepare

        with place.locked(), Judge() as judge:
            done = [
                {"source": name, "command": f"bash {prepare(made, name, seed, judge)}"} for name in chosen
            ]
    else:
        with Judge() as judge, progress() as on_progress:
            for number, name in enumerate(chosen):
                on_progress("train", name, number, len(chosen))
                with _or_elsewhere(name, alone=len(chosen) == 1):
                    done.append({"source": name, **runs.train_source(made, name, seed, judge)})
    if as_json:
        print_json(done)
        return
    shown = ("source", "problems", "left_out", "steps", "command")
    print_table("Checkpoints", [{name: d[name] for name in shown if name in d} for d in done])


@sca_app.command()
def rollout(
    workspace: WorkspacePath,
    source: Sources = None,
    seed: Seed = 0,
    base: Annotated[
        bool, typer.Option("--base", help="Ask the base; without --source nothing else.")
    ] = False,
    server: Annotated[
        str | None, typer.Option(help="URL of an OpenAI-compatible server, up to /v1; asks one model.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name of the model at the server.")] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, help="Requests under way at the server at once.")
    ] = _CONCURRENCY,
    ingest: Annotated[
        list[Path] | None,
        typer.Option(help="A file of answers made elsewhere by one model; may be given again."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the base and each checkpoint k times; a run that was killed goes on, several share the models."""
    from rlvr_atlas.sca import runs
    from rlvr_atlas.sca.reward import Judge

    _, made = _opened(workspace)
    asked: list[str | None] = [None] if base else []
    asked += source or ([] if base else [None, *made.planned])
    if (server or ingest) and len(asked) != 1:
        raise InputError("answers of one model at a time", fix="say whose they are: --base or --source NAME")
    with Judge() as judge, progress() as on_progress:
        lines = []
        for number, name in enumerate(asked):
            on_progress("rollout", name or runs.BASE, number, len(asked))
            if ingest:
                from rlvr_atlas.sca.ingest import ingest_rollouts

                answers = ingest_rollouts(made, name, seed, ingest, judge)
                lines += runs.summary(name or runs.BASE, answers)
                continue
            served = runs.served_by(made.settings, server, model, concurrency) if server else None
            with _or_elsewhere(name or runs.BASE, alone=len(asked) == 1):
                lines += runs.summary(name or runs.BASE, runs.ask(made, name, seed, judge, served))
    print_json(lines) if as_json else print_table("Answers", lines)


@sca_app.command()
def attribute(
    workspace: WorkspacePath,
    seed: Seed = 0,
    trusted: Annotated[
        list[str] | None, typer.Option(help="A source whose held-out labels are trusted; may be given again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare base and checkpoints: transitions, gains of each source on each, and what cannot be told."""
    from rlvr_atlas.sca import runs

    place, made = _opened(workspace)
    with place.locked():
        found = runs.attribute(made, seed, trusted=trusted)
        runs.keep(place, made, found, seed)
    if as_json:
        print_json(
            {
                "shares": found.shares.to_dicts(),
                "gains": found.gains.to_dicts(),
                "findings": found.findings.to_dicts(),
            }
        )
        return
    kinds = ("p00", "p01", "p01_chance", "p10", "p11")
    learned = ("raised", "raised_of_01")
    columns = ("source", "split", "problems", *kinds, *learned, "base_mean", "trained_mean", "gain")
    print_table("Sources on their own problems (base, trained)", found.shares.select(columns).to_dicts())
    print_table("Held-out gains", _square(found.gains.to_dicts()))
    print_table("Findings", found.findings.to_dicts())


def demo_sca(folder: Path, seed: int, as_json: bool) -> None:
    """`demo --sca`."""
    import polars as pl

    from rlvr_atlas import trial
    from rlvr_atlas.demo import sca
    from rlvr_atlas.workspace.store import Workspace

    with progress() as on_progress:
        found = trial.run(folder, seed, on_progress)
    q = found.scores.pivot("score", index="dataset", values="q")
    ranked = found.correlations.filter(figure="q", statistic="spearman")
    datasets = found.gains.filter(~pl.col("is_arm")).drop("is_arm")
    tables = {
        "What training on each source did": sca.table(Workspace(folder)),
        "Points that training on each dataset gained, and its scores": datasets.join(q, on="dataset"),
        "Mixes of one size from all sources": found.gains.filter("is_arm").drop("is_arm"),
        "By how many points the mix chosen by SCA is ahead": found.arms,
        "Scores against gains": ranked.select("score", "datasets", "value", "low", "high", "p_value"),
    }
    if as_json:
        names = ("sources", "datasets", "mixes", "ahead", "correlations")
        print_json(dict(zip(names, (frame.to_dicts() for frame in tables.values()), strict=True)))
        return
    for title, frame in tables.items():
        print_table(title, frame.to_dicts())


@contextmanager
def _or_elsewhere(name: str, *, alone: bool) -> Iterator[None]:
    """Go on with the next where another process works on this one; an error where there is no next."""
    try:
        yield
    except BusyError:
        if alone:
            raise
        err.print(f"passed over: {name}, another process is working on it", markup=False)


def _square(gains: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line for each checkpoint, a column for each source it was asked about."""
    lines: dict[str, dict[str, Any]] = {}
    for gain in gains:
        line = lines.setdefault(gain["trained_on"], {"trained on": gain["trained_on"]})
        line[gain["source"]] = None if gain["gain"] is None else f"{gain['gain']:+.2f}"
    return list(lines.values())


def _opened(folder: Path, *, mix: bool = False) -> tuple[Workspace, Plan]:
    from rlvr_atlas import pipeline
    from rlvr_atlas.sca import sources
    from rlvr_atlas.sca.mix import mix_plan
    from rlvr_atlas.workspace.store import Workspace

    place = Workspace(folder)
    recipe = pipeline.stored_recipe(place)
    if mix:
        return place, mix_plan(place, recipe.sca, recipe.curate.name if recipe.curate else "mix")
    return place, sources.read_plan(place, recipe.sca)
