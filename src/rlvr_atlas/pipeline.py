"""The way of the data, in order. Read this page first.

    load -> canonicalise -> index -> match -> attribute -> audit -> curate -> report

Each stage is a plain function from tables and settings to tables; this module calls them in order, skips what
is up to date, and hands the results to the store. `workspace/graph.py` declares what each stage reads
and gives, and what decides its result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import polars as pl

from rlvr_atlas import registry
from rlvr_atlas.audit import audit as find_leaks
from rlvr_atlas.canonical import index
from rlvr_atlas.config import THRESHOLDS, DatasetSpec, Recipe, parse_recipe
from rlvr_atlas.curate import curate, read_scores
from rlvr_atlas.errors import AtlasError, WorkspaceError
from rlvr_atlas.executor import read_side_by_side
from rlvr_atlas.ingest import load_partition, partition_name
from rlvr_atlas.lineage import review
from rlvr_atlas.lineage.attribute import attribute
from rlvr_atlas.lineage.chains import Verdicts, stated
from rlvr_atlas.load import open_dataset
from rlvr_atlas.load.pictures import can_look
from rlvr_atlas.match import embedder, match, wants_encoder
from rlvr_atlas.match.decide import with_likeness
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.report import render
from rlvr_atlas.schema import DATASETS, VERDICTS, conform
from rlvr_atlas.workspace.graph import made_from
from rlvr_atlas.workspace.manifest import refuse_inputs
from rlvr_atlas.workspace.store import Workspace

#: The stages that `run` carries out, in order.
STAGES: tuple[str, ...] = ("ingest", "match", "attribute", "audit", "curate", "report")

#: A command that stands for several stages.
GROUPS: dict[str, tuple[str, ...]] = {"trace": ("match", "attribute")}

#: Called with (stage, what is being worked on, done, total) as work proceeds.
OnProgress = Callable[[str, str, int, int], None]


def _quiet(stage: str, what: str, done: int, total: int) -> None:
    """No progress shown."""


def run(
    recipe: Recipe,
    *,
    stages: Iterable[str] = STAGES,
    allow_network: bool = False,
    on_progress: OnProgress = _quiet,
) -> Workspace:
    """Carry out a recipe, skipping what is up to date.

    Args:
        recipe: What to look at and how.
        stages: Which stages or groups of stages; each needs the tables of those before it.
        allow_network: Whether datasets may be fetched from the Hub.
        on_progress: Shown to the user.

    Returns:
        The workspace, with the tables of the stages in it.

    Raises:
        AtlasError: Where an input cannot be used; finished stages stay finished.
    """
    registry.use(recipe.registry_path)
    workspace = Workspace(recipe.workspace_path, create=True)
    with workspace.locked():
        workspace.note(recipe=recipe.model_dump(mode="json"), base=str(recipe.base.resolve()))
        for stage in (part for name in stages for part in GROUPS.get(name, (name,))):
            _STAGE_FUNCTIONS[stage](recipe, workspace, allow_network, on_progress)
    return workspace


def stored_recipe(workspace: Workspace) -> Recipe:
    """The recipe a workspace was made with.

    Raises:
        WorkspaceError: If the workspace does not hold one.
    """
    try:
        recipe = parse_recipe(workspace.manifest["recipe"], base=Path(workspace.manifest["base"]))
    except KeyError:
        fix = "run the recipe itself: rlvr-atlas run RECIPE.toml"
        raise WorkspaceError("no recipe in this workspace", where=str(workspace.folder), fix=fix) from None
    registry.use(recipe.registry_path)
    if recipe.workspace_path.resolve() == workspace.folder.resolve():
        return recipe
    # A workspace that was moved or copied is meant itself, not the place where it was made.
    here = recipe.workspace.model_copy(update={"path": str(workspace.folder.resolve())})
    return recipe.model_copy(update={"workspace": here})


def recipes_beside(workspace: Workspace) -> list[tuple[Path, Recipe]]:
    """The recipes of a workspace in the folder that its recipe was in, as they are now.

    Args:
        workspace: A workspace.

    Returns:
        Each file and what it says, by name; which of several is meant only a person knows.
    """
    found = []
    for file in sorted(Path(workspace.manifest.get("base", workspace.folder)).glob("*.toml")):
        try:
            recipe = read_recipe(file)
        except AtlasError:  # of something else, or broken: `run` says what is wrong with it
            continue
        if recipe.workspace_path.resolve() == workspace.folder.resolve():
            found.append((file, recipe))
    return found


def ingest(recipe: Recipe, workspace: Workspace, allow_network: bool, on_progress: OnProgress) -> None:
    """Load, canonicalise, index: datasets, occurrences, instances, skipped_rows, schemas, templates."""
    specs = index.release_order(recipe.datasets)
    readers = [open_dataset(spec, recipe.base, allow_network=allow_network) for spec in specs]
    refuse_inputs(workspace.folder, (file for reader in readers for file in reader.files))
    names = [partition_name(reader) for reader in readers]
    settings = [spec.model_dump(mode="json", exclude={"path", "evidence"}) for spec in specs]
    made = made_from(workspace, "ingest", names, settings, extras=can_look())
    if workspace.done("ingest", made):
        return
    started = time.monotonic()
    read: list[str] = []

    def count(dataset: str) -> None:
        read.append(dataset)
        on_progress("load", dataset, len(read), len(readers))

    read_side_by_side(readers, workspace, count)
    parts = []
    for number, reader in enumerate(readers):
        on_progress("load", reader.spec.id, number, len(readers))
        parts.append(load_partition(reader, workspace))
    rows = pl.concat([part.rows for part in parts])
    on_progress("index", f"{rows.height} rows", 0, 1)
    skipped = pl.concat([part.skipped for part in parts])
    datasets = _datasets(specs, [reader.content_sha256 for reader in readers], rows, skipped)
    occurrences, instances = index.build(rows, datasets.select("dataset", "rank", "released"))
    tables = {
        "datasets": datasets,
        "occurrences": occurrences,
        "instances": instances,
        "skipped_rows": skipped,
        "schemas": pl.concat([part.schemas for part in parts]),
        "templates": pl.concat([part.templates for part in parts]),
    }
    workspace.finish("ingest", made, tables, seconds=time.monotonic() - started)


def find_matches(recipe: Recipe, workspace: Workspace, _network: bool, on_progress: OnProgress) -> None:
    """Match: the table verdicts. Thresholds that only choose among verdicts do not count as a change."""
    settings = recipe.match.model_dump(mode="json", exclude=THRESHOLDS)
    encoded = wants_encoder(recipe.match)
    made = made_from(workspace, "match", settings, encoded, extras=encoded)
    if workspace.done("match", made):
        return
    started = time.monotonic()
    instances = workspace.read("instances")
    on_progress("match", f"{instances.height} distinct prompts", 0, 1)
    embed = embedder(recipe.match, workspace.folder / "cache" / "embeddings") if encoded else None
    matched = match(instances, recipe.match, embed, workspace.read("occurrences"))
    # Which line of `instances` each signature stands for: explain then reads a few lines, not all.
    firsts = instances.select(pl.col("skeleton").is_first_distinct().arg_true()).to_series()
    workspace.write_array("match", "signatures", matched.signatures)
    workspace.write_array("match", "units", firsts.to_numpy())
    workspace.finish(
        "match",
        made,
        {"verdicts": with_likeness(matched.matches, instances).select(*VERDICTS)},
        seconds=time.monotonic() - started,
        limits=matched.limits,
    )


def trace_rows(recipe: Recipe, workspace: Workspace, _network: bool, on_progress: OnProgress) -> None:
    """Apply people's decisions and attribute: tables matches, lineage, edges, conflicts."""
    threshold = recipe.match.min_probability
    decisions, bad = review.read(workspace)
    lines = [decision.line() for decision in decisions]
    made = made_from(workspace, "attribute", threshold, lines, bad, *_own_labels())
    if workspace.done("attribute", made):
        return
    started = time.monotonic()
    verdicts, instances = workspace.read("verdicts"), workspace.read("instances")
    on_progress("attribute", f"{verdicts.height} matches, {len(decisions)} decisions", 0, 1)
    applied = review.apply(verdicts, decisions, instances, min_probability=threshold)
    occurrences = workspace.read("occurrences")
    known = Verdicts.of(applied.matches, stated(occurrences, instances), threshold, applied.rejected)
    datasets, told = workspace.read("datasets"), _label_reader(recipe)
    attributed = attribute(occurrences, applied.matches, datasets, map_label=told, known=known)
    tables = {
        "matches": applied.matches,
        "lineage": applied.mark(attributed.lineage),
        "edges": attributed.edges,
        "conflicts": attributed.conflicts,
    }
    limits = [f"{review.FILE}, {problem}" for problem in bad]
    if applied.idle:
        limits.append(f"{applied.idle} reviewed pairs have a text that is not in view, and no effect")
    workspace.finish("attribute", made, tables, seconds=time.monotonic() - started, limits=limits)


def audit(recipe: Recipe, workspace: Workspace, _network: bool, on_progress: OnProgress) -> None:
    """Find leaks: tables leaks, unjudged, leak_rates, leak_paths, benchmark_families."""
    made = made_from(workspace, "audit", recipe.audit.model_dump(mode="json"))
    if workspace.done("audit", made):
        return
    started = time.monotonic()
    on_progress("audit", "leaks", 0, 1)
    needed = ("datasets", "occurrences", "instances", "skipped_rows", "matches", "lineage")
    audited = find_leaks({name: workspace.read(name) for name in needed}, recipe.audit)
    tables = {
        "leaks": audited.leaks,
        "unjudged": audited.unjudged,
        "leak_rates": audited.leak_rates,
        "leak_paths": audited.leak_paths,
        "benchmark_families": audited.benchmark_families,
    }
    workspace.finish("audit", made, tables, seconds=time.monotonic() - started, limits=audited.limits)


def make_mix(recipe: Recipe, workspace: Workspace, _network: bool, on_progress: OnProgress) -> None:
    """Curate: the tables decisions and mix, where the recipe asks for a mix."""
    if recipe.curate is None:
        workspace.forget("curate")
        return
    scores = read_scores(recipe.base / recipe.curate.scores) if recipe.curate.scores else None
    needed = (
        *("datasets", "occurrences", "instances", "skipped_rows", "matches", "lineage", "edges"),
        *("leaks", "unjudged"),
        *(["transitions"] if workspace.has("transitions") else []),
    )
    given = None if scores is None else scores.write_csv()
    settings = recipe.curate.model_dump(mode="json", exclude={"template"})
    made = made_from(workspace, "curate", given, settings, *_own_labels())
    if workspace.done("curate", made):
        return
    started = time.monotonic()
    on_progress("curate", recipe.curate.name, 0, 1)
    view = {name: workspace.read(name) for name in needed}
    curated = curate(view, recipe.curate, scores, matching=recipe.match)
    tables = {"decisions": curated.decisions, "mix": curated.mix}
    workspace.finish("curate", made, tables, seconds=time.monotonic() - started, limits=curated.limits)


def report(recipe: Recipe, workspace: Workspace, _network: bool, on_progress: OnProgress) -> None:
    """Write `report.html` from the tables that are there, unless it is already the page of these."""
    evidence = {spec.id: spec.evidence for spec in recipe.datasets if spec.evidence}
    made = made_from(workspace, "report", *([evidence] if evidence else []))
    if workspace.done("report", made) and workspace.holds("report.html", workspace.manifest.get("report")):
        return
    started = time.monotonic()
    on_progress("report", "report.html", 0, 1)
    tables = {name: frame.collect() for name, frame in workspace.tables().items()}
    workspace.note(report=workspace.write_text("report.html", render(tables, workspace.manifest)))
    workspace.finish("report", made, {}, seconds=time.monotonic() - started)


def apply_decisions(workspace: Workspace, on_progress: OnProgress) -> int:
    """Do again what people's decisions decide: everything after matching that this workspace has.

    Args:
        workspace: A traced workspace.
        on_progress: Called as `run` calls it.

    Returns:
        How many rows have an origin that a person decided.

    Raises:
        WorkspaceError: If the workspace cannot be written now; the decisions are kept, and applied by the
            next run.
    """
    names = list(STAGES)
    report = {"report"} if (workspace.folder / "report.html").exists() else set()
    there = {"attribute", *workspace.manifest["stages"], *report}
    stages = [name for name in names[names.index("attribute") :] if name in there]
    try:
        done = run(stored_recipe(workspace), stages=stages, on_progress=on_progress)
    except WorkspaceError as error:
        what = f"the decisions are kept, but not applied yet ({error.what})"
        raise WorkspaceError(what, where=error.where, fix=error.fix) from None
    decided = done.scan("lineage").filter(pl.col("decided_by") == "review")
    return int(decided.select(pl.len()).collect().item())


_STAGE_FUNCTIONS: dict[str, Callable[[Recipe, Workspace, bool, OnProgress], None]] = {
    "ingest": ingest,
    "match": find_matches,
    "attribute": trace_rows,
    "audit": audit,
    "curate": make_mix,
    "report": report,
}


def _own_labels() -> list[str]:
    """What the result of a stage that reads labels depends on beyond the packaged registry."""
    digest = registry.current().digest
    return [digest] if digest else []


def _label_reader(recipe: Recipe) -> Callable[[str | None, str | None], str | None]:
    """Labels as sources: the recipe's own names mean themselves, the registry knows the others."""
    own = {name.lower(): name for spec in recipe.datasets if (name := spec.atomic_source)}

    def read(label: str | None, dataset: str | None) -> str | None:
        return own.get((label or "").lower()) or registry.map_label(label, dataset)

    return read


def _datasets(
    specs: Sequence[DatasetSpec], hashes: Sequence[str], rows: pl.DataFrame, skipped: pl.DataFrame
) -> pl.DataFrame:
    described = pl.DataFrame(
        [
            {
                **spec.model_dump(
                    include={"role", "title", "released", "license", "atomic_source", "revision"}
                ),
                "dataset": spec.id,
                "hub_id": spec.hub,
                "content_sha256": digest,
                "derived_from": spec.derived_from,
                "rank": rank,
                "trust_labels": spec.trust_labels,
            }
            for rank, (spec, digest) in enumerate(zip(specs, hashes, strict=True))
        ],
        schema_overrides={name: dtype for name, dtype in DATASETS.items() if name not in ("rows",)},
    ).drop("rows", "skipped_rows", "distinct_prompts", strict=False)
    read = rows.group_by("dataset").agg(read=pl.len(), distinct_prompts=pl.col("key").n_unique())
    lost = skipped.group_by("dataset").agg(skipped_rows=pl.len())
    counts = described.join(read, on="dataset", how="left").join(lost, on="dataset", how="left")
    counts = counts.with_columns(pl.col("read", "skipped_rows", "distinct_prompts").fill_null(0))
    return conform(counts.with_columns(rows=pl.col("read") + pl.col("skipped_rows")).drop("read"), DATASETS)
