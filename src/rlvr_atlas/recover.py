"""Iterative source recovery: take in sources until nearly every training row has one.

The paper's fourth step (arXiv 2605.26971). Which candidate to take is estimated from sketches of them, so
that a source of a million rows is matched only if it is chosen. What no candidate accounts for stays unknown.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from rlvr_atlas import pipeline, registry
from rlvr_atlas.canonical import index
from rlvr_atlas.config import CandidateSpec, DatasetSpec, Recipe
from rlvr_atlas.errors import AtlasError, InputError, WorkspaceError
from rlvr_atlas.fingerprints import sketch
from rlvr_atlas.fingerprints.sketch import Estimate, Sketch
from rlvr_atlas.ingest import load_partition, partition_name
from rlvr_atlas.load import open_dataset
from rlvr_atlas.pipeline import OnProgress
from rlvr_atlas.schema import RECOVERY
from rlvr_atlas.workspace.graph import code_digest, made_from
from rlvr_atlas.workspace.store import Workspace

STAGE = "recover"
_TRACED = ("ingest", "match", "attribute")
#: Sources that have nothing to do with each other share the numbers and answer of about one row in a hundred.
_CHANCE = 0.05


@dataclass(frozen=True)
class Residue:
    """Training rows without a source, by the text at the end of their chains.

    Attributes:
        texts: text and numbers (hashes of the root's), dataset (of the root), rows.
        rows: How many rows that is.
        total: How many training rows there are.
    """

    texts: pl.DataFrame
    rows: int
    total: int

    @property
    def share(self) -> float:
        """Share of the training rows, 0 to 1."""
        return self.rows / self.total if self.total else 0.0


@dataclass(frozen=True)
class Gain:
    """Rows that a candidate may account for, known by their `text`, or by `numbers` and answer alone."""

    by: str
    rows: Estimate


def recover(recipe: Recipe, *, allow_network: bool = False, on_progress: OnProgress) -> Recipe:
    """Trace a recipe, and take in candidates one by one while too many training rows have no source.

    What an earlier run took in is not tried again if nothing changed. The curve is the table `recovery`.

    Args:
        recipe: With candidates.
        allow_network: Whether candidates may be fetched from the Hub.
        on_progress: Shown to the user.

    Returns:
        The recipe with the chosen candidates among its datasets; its workspace is traced.

    Raises:
        AtlasError: Where a dataset of the recipe cannot be used; a candidate that cannot is only left out.
    """
    workspace = Workspace(recipe.workspace_path, create=True)
    known = {candidate.id: candidate for candidate in candidates(recipe, allow_network=allow_network)}
    taken = chosen(workspace)
    if workspace.has("recovery") and set(taken) <= set(known):
        current = extended(recipe, [known[name] for name in taken])
        pipeline.run(current, stages=_TRACED, allow_network=allow_network, on_progress=on_progress)
        traced = Workspace(workspace.folder)
        if traced.done(STAGE, _made_from(traced, recipe, known)):
            return current
    return _search(recipe, known, allow_network, on_progress)


def candidates(recipe: Recipe, *, allow_network: bool) -> list[CandidateSpec]:
    """The recipe's candidates, then the registry's that introduce data, without what is in view already.

    Where the registry knows datasets of the recipe, only candidates of their domains.
    """
    registry.use(recipe.registry_path)
    found = {spec.id: spec for spec in recipe.candidates}
    if recipe.recover.registry and allow_network:
        known = [entry for spec in recipe.datasets if (entry := registry.find(spec.id))]
        domains = {entry.domain for entry in known}
        for entry in registry.datasets().values():
            # Two million questions of SQL are not downloaded for mathematics.
            alike = entry.domain in domains or not domains
            if alike and entry.hub and entry.atomic_source and not entry.derived_from:
                facts = entry.model_dump(include=set(DatasetSpec.model_fields))
                found.setdefault(entry.id, CandidateSpec(**facts))
    return [spec for name, spec in found.items() if name not in {spec.id for spec in recipe.datasets}]


def chosen(workspace: Workspace) -> list[str]:
    """The candidates that an earlier recovery took in, in order, also where it was broken off."""
    return [name for name in workspace.manifest.get("recovered", []) if isinstance(name, str)]


def extended(recipe: Recipe, more: Sequence[CandidateSpec]) -> Recipe:
    """The recipe with candidates among its datasets."""
    return recipe.model_copy(update={"datasets": [*recipe.datasets, *(spec.dataset for spec in more)]})


def residue(workspace: Workspace) -> Residue:
    """The training rows of a traced workspace that have no source."""
    facts = workspace.scan("datasets").select("dataset", "role", "derived_from")
    rows = workspace.scan("lineage").join(facts, on="dataset").filter(pl.col("role") == "train")
    # An undocumented variant inherits no source, so it is its own text that has to be found.
    documented = pl.col("derived_from").list.contains(pl.col("parent_dataset")).fill_null(value=False)
    alone = (pl.col("relation") == "variant").fill_null(value=False) & ~documented
    texts = (
        rows.filter(pl.col("atomic_source").is_null())
        .select(
            dataset=pl.when(alone).then("dataset").otherwise("root_dataset"),
            row=pl.when(alone).then("row").otherwise("root_row"),
        )
        .group_by("dataset", "row")
        .agg(rows=pl.len())
        .join(workspace.scan("occurrences").select("dataset", "row", "key"), on=["dataset", "row"])
        .join(workspace.scan("instances").select("key", "skeleton", "answer"), on="key")
        .select("skeleton", "dataset", "rows", numbers=sketch.numbers_of())
        .join(_sourced_numbers(workspace), on="numbers", how="left")
        .with_columns(numbers=pl.when(pl.col("sourced").is_null()).then("numbers"))
        .group_by("skeleton", "dataset", "numbers")
        .agg(pl.col("rows").sum())
        .sort("skeleton", "dataset", "numbers")
        .collect()
    )
    numbers = pl.Series(sketch.hash_texts(texts["numbers"].fill_null("")), dtype=pl.UInt64)
    hashed = texts.select(
        "dataset",
        "rows",
        text=pl.Series(sketch.hash_texts(texts["skeleton"]), dtype=pl.UInt64),
        numbers=pl.when(pl.col("numbers").is_not_null()).then(numbers),
    )
    total = rows.select(pl.len()).collect().item()
    return Residue(hashed, int(hashed["rows"].sum()), total)


def _sourced_numbers(workspace: Workspace) -> pl.LazyFrame:
    """numbers, sourced: of problems that have a source, so that one more copy of it explains nothing new."""
    keys = workspace.scan("lineage").filter(pl.col("atomic_source").is_not_null()).select("key").unique()
    texts = workspace.scan("instances").join(keys, on="key", how="semi")
    return (
        texts.select(numbers=sketch.numbers_of())
        .drop_nulls()
        .unique()
        .with_columns(sourced=pl.lit(value=True))
    )


def estimate(
    left: Residue, source: Sketch, spec: DatasetSpec, datasets: Sequence[DatasetSpec], *, least: float = 1.0
) -> Gain:
    """Rows of the residue that a candidate may account for: those whose problem it holds and had first.

    Only where these are fewer than `least` is it asked whether it holds them in other words.
    """
    order = [one.id for one in index.release_order([*datasets, spec])]
    later = left.texts.filter(pl.col("dataset").is_in(order[order.index(spec.id) + 1 :]))

    def held(kind: str, sample: sketch.Sample) -> Estimate:
        of_kind = later.drop_nulls(kind).group_by(kind, maintain_order=True).agg(pl.col("rows").sum())
        return sample.contained(of_kind[kind].to_numpy(), of_kind["rows"].to_numpy().astype(np.float64))

    by_text, by_numbers = held("text", source.texts), held("numbers", source.numbers)
    told = by_text.weight < least and by_numbers.weight > _CHANCE * left.rows
    return Gain("numbers", by_numbers) if told else Gain("text", by_text)


def sketch_of(
    spec: CandidateSpec, recipe: Recipe, workspace: Workspace, *, allow_network: bool = False
) -> Sketch:
    """The sketch of a candidate: its file, or one made from its data and kept in the workspace.

    Raises:
        AtlasError: Where neither can be read.
    """
    made_by = code_digest("canonical", "text", "fingerprints/sketch.py")
    if spec.sketch is not None:
        return sketch.read(recipe.base / spec.sketch, made_by=made_by)
    reader = open_dataset(spec.dataset, recipe.base, allow_network=allow_network)
    name = partition_name(reader)
    path = workspace.cache_path("sketches", f"{name}.parquet")
    with contextlib.suppress(InputError):  # a damaged one is made again
        return sketch.read(path, made_by=made_by)
    canonical = load_partition(reader, workspace).rows
    sketch.write(path, sketch.build(canonical, made_by=made_by), spec.id)
    return sketch.read(path, made_by=made_by)


@dataclass
class _Pool:
    """Candidates that may still be taken in, their sketches, and what was left out."""

    specs: dict[str, CandidateSpec]
    allow_network: bool
    sketches: dict[str, Sketch]
    limits: list[str]

    def draw(self, recipe: Recipe, workspace: Workspace, on_progress: OnProgress) -> None:
        """Get the sketches that are missing."""
        for number, (name, spec) in enumerate(list(self.specs.items())):
            if name in self.sketches:
                continue
            on_progress(STAGE, f"sketch of {name}", number, len(self.specs))
            try:
                self.sketches[name] = sketch_of(spec, recipe, workspace, allow_network=self.allow_network)
            except AtlasError as error:
                self.limits.append(f"candidate {name} was not considered: {error}")
                del self.specs[name]

    def take_best(self, left: Residue, recipe: Recipe) -> tuple[CandidateSpec, Gain] | None:
        """The candidate with the largest estimated gain that can be read; None where none gains enough."""
        least = recipe.recover.min_gain * left.total
        gains = [
            (spec, estimate(left, self.sketches[name], spec, recipe.datasets, least=least))
            for name, spec in self.specs.items()
        ]
        for spec, gain in sorted(gains, key=_order):
            if gain.rows.weight < least:
                continue
            del self.specs[spec.id]
            try:
                open_dataset(spec.dataset, recipe.base, allow_network=self.allow_network)
            except AtlasError as error:
                rows = f"{gain.rows.weight:.0f} rows"
                self.limits.append(f"candidate {spec.id} may account for {rows}, but {error}")
            else:
                return spec, gain
        return None


def _search(
    recipe: Recipe, known: dict[str, CandidateSpec], allow_network: bool, on_progress: OnProgress
) -> Recipe:
    started, curve = time.monotonic(), list[dict[str, object]]()
    pool = _Pool(dict(known), allow_network, {}, [])
    current, best, before = recipe, None, None
    while True:
        taken = [spec.id for spec in current.datasets[len(recipe.datasets) :]]
        with Workspace(recipe.workspace_path, create=True).locked() as workspace:
            workspace.note(recovered=taken)
        workspace = pipeline.run(
            current, stages=_TRACED, allow_network=allow_network, on_progress=on_progress
        )
        left = residue(workspace)
        curve.append(_point(len(curve), best, before, left))
        if left.share <= recipe.recover.residue:
            break
        pool.draw(recipe, workspace, on_progress)
        best, before = pool.take_best(left, current), left
        if best is None:
            break
        current = extended(current, [best[0]])
    traced = workspace.fingerprint_of("attribute")
    with workspace.locked():
        if workspace.fingerprint_of("attribute") != traced:
            what = "another process traced this workspace while sources were recovered"
            raise WorkspaceError(what, where=str(workspace.folder), fix="run the recipe again")
        made = _made_from(workspace, recipe, known)
        table, seconds = pl.DataFrame(curve, schema=RECOVERY), time.monotonic() - started
        workspace.finish(STAGE, made, {"recovery": table}, seconds=seconds, limits=pool.limits)
    return current


def _order(candidate: tuple[CandidateSpec, Gain]) -> tuple[bool, float, str]:
    """Whole problems are better evidence than numbers; then more rows count; then the name."""
    spec, gain = candidate
    return gain.by != "text", -gain.rows.weight, spec.id


def _point(
    number: int, best: tuple[CandidateSpec, Gain] | None, before: Residue | None, left: Residue
) -> dict[str, object]:
    """One line of the curve."""
    spec, gain = best if best else (None, None)
    return {
        "round": number,
        "candidate": spec.id if spec else None,
        "estimated_by": gain.by if gain else None,
        "estimated": round(gain.rows.weight) if gain else None,
        "estimated_low": int(np.floor(gain.rows.low + 1e-6)) if gain else None,
        "estimated_high": int(np.ceil(gain.rows.high - 1e-6)) if gain else None,
        "found": before.rows - left.rows if before else None,
        "residue_rows": left.rows,
        "residue_share": left.share,
    }


def _made_from(workspace: Workspace, recipe: Recipe, known: dict[str, CandidateSpec]) -> str:
    """What a finished search depends on. People's decisions do not count: they move single rows."""
    return made_from(
        workspace,
        STAGE,
        recipe.match.min_probability,
        recipe.recover.model_dump(mode="json"),
        [spec.model_dump(mode="json") for spec in known.values()],
    )
