"""Iterative source recovery: take in sources until nearly every training row has one.

The paper's fourth step (arXiv 2605.26971). Which candidate to take is estimated from sketches of them, so
that a source of a million rows is matched only if it is chosen. What no candidate accounts for stays unknown.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from rlvr_atlas import index, pipeline, registry, sketch
from rlvr_atlas.canonicalise import canonicalise, infer_templates
from rlvr_atlas.config import CandidateSpec, DatasetSpec, Recipe
from rlvr_atlas.errors import AtlasError
from rlvr_atlas.load import open_dataset
from rlvr_atlas.pipeline import OnProgress
from rlvr_atlas.record import RECOVERY
from rlvr_atlas.sketch import Estimate, Sketch
from rlvr_atlas.store import Workspace, fingerprint

STAGE = "recover"
_TRACED = ("ingest", "match", "attribute")


@dataclass(frozen=True)
class Residue:
    """Training rows without a source, by the text at the end of their chains.

    Attributes:
        texts: hash (of the root's skeleton), dataset (of the root), rows.
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
        if Workspace(workspace.folder).done(STAGE, _fingerprint(Workspace(workspace.folder), recipe, known)):
            return current
    return _search(recipe, known, allow_network, on_progress)


def candidates(recipe: Recipe, *, allow_network: bool) -> list[CandidateSpec]:
    """The recipe's candidates, then the registry's that introduce data, without what is in view already."""
    found = {spec.id: spec for spec in recipe.candidates}
    if recipe.recover.registry and allow_network:
        for entry in registry.datasets().values():
            if entry.hub and entry.atomic_source and not entry.derived_from:
                facts = entry.model_dump(include=set(DatasetSpec.model_fields))
                found.setdefault(entry.id, CandidateSpec(**facts))
    return [spec for name, spec in found.items() if name not in {spec.id for spec in recipe.datasets}]


def chosen(workspace: Workspace) -> list[str]:
    """The candidates that an earlier recovery took in, in order."""
    return workspace.read("recovery")["candidate"].drop_nulls().to_list() if workspace.has("recovery") else []


def extended(recipe: Recipe, more: Sequence[CandidateSpec]) -> Recipe:
    """The recipe with candidates among its datasets."""
    return recipe.model_copy(update={"datasets": [*recipe.datasets, *(spec.dataset for spec in more)]})


def residue(workspace: Workspace) -> Residue:
    """The training rows of a traced workspace that have no source."""
    roles = workspace.scan("datasets").select("dataset", "role")
    rows = workspace.scan("lineage").join(roles, on="dataset").filter(pl.col("role") == "train")
    places = workspace.scan("occurrences").select("dataset", "row", "key")
    texts = (
        rows.filter(pl.col("atomic_source").is_null())
        .group_by(dataset="root_dataset", row="root_row")
        .agg(rows=pl.len())
        .join(places, on=["dataset", "row"])
        .join(workspace.scan("instances").select("key", "skeleton"), on="key")
        .group_by("skeleton", "dataset")
        .agg(pl.col("rows").sum())
        .sort("skeleton", "dataset")
        .collect()
    )
    hashes = pl.Series("hash", sketch.hash_texts(texts["skeleton"]), dtype=pl.UInt64)
    total = rows.select(pl.len()).collect().item()
    return Residue(texts.with_columns(hashes).drop("skeleton"), int(texts["rows"].sum()), total)


def estimate(left: Residue, source: Sketch, spec: DatasetSpec, datasets: Sequence[DatasetSpec]) -> Estimate:
    """Rows of the residue that a candidate accounts for: those whose text it holds and had first."""
    order = [one.id for one in index.release_order([*datasets, spec])]
    later = set(order[order.index(spec.id) + 1 :])
    texts = (
        left.texts.filter(pl.col("dataset").is_in(later))
        .group_by("hash", maintain_order=True)
        .agg(pl.col("rows").sum())
    )
    return sketch.contained(source, texts["hash"].to_numpy(), texts["rows"].to_numpy().astype(np.float64))


def sketch_of(
    spec: CandidateSpec, recipe: Recipe, workspace: Workspace, *, allow_network: bool = False
) -> Sketch:
    """The sketch of a candidate: its file, or one made from its data and kept in the workspace.

    Raises:
        AtlasError: Where neither can be read.
    """
    made_by = pipeline.code_digest("canonicalise")
    if spec.sketch is not None:
        return sketch.read(recipe.base / spec.sketch, made_by=made_by)
    reader = open_dataset(spec.dataset, recipe.base, allow_network=allow_network)
    name = pipeline.rows_fingerprint(reader)
    path = workspace.cache_path("sketches", f"{name}.parquet")
    if not path.exists():
        rows, _, _ = pipeline.load_rows(reader, name, workspace)
        canonical = canonicalise(rows, infer_templates(rows, spec.adapter))
        sketch.write(path, sketch.build(canonical["skeleton"].unique().sort(), made_by=made_by), spec.id)
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

    def take_best(self, left: Residue, recipe: Recipe) -> tuple[CandidateSpec, Estimate] | None:
        """The candidate with the largest estimated gain that can be read; None where none gains enough."""
        gains = [
            (spec, estimate(left, self.sketches[name], spec, recipe.datasets))
            for name, spec in self.specs.items()
        ]
        for spec, gain in sorted(gains, key=lambda pair: (-pair[1].weight, pair[0].id)):
            if gain.weight < recipe.recover.min_gain * left.total:
                break
            del self.specs[spec.id]
            try:
                open_dataset(spec.dataset, recipe.base, allow_network=self.allow_network)
            except AtlasError as error:
                self.limits.append(f"candidate {spec.id} may account for {gain.weight:.0f} rows, but {error}")
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
    with workspace.locked():
        made_from = _fingerprint(workspace, recipe, known)
        table, seconds = pl.DataFrame(curve, schema=RECOVERY), time.monotonic() - started
        workspace.finish(STAGE, made_from, {"recovery": table}, seconds=seconds, limits=pool.limits)
    return current


def _point(
    number: int, best: tuple[CandidateSpec, Estimate] | None, before: Residue | None, left: Residue
) -> dict[str, object]:
    """One line of the curve."""
    spec, gain = best if best else (None, None)
    return {
        "round": number,
        "candidate": spec.id if spec else None,
        "estimated": round(gain.weight) if gain else None,
        "estimated_low": int(np.floor(gain.low)) if gain else None,
        "estimated_high": int(np.ceil(gain.high)) if gain else None,
        "found": before.rows - left.rows if before else None,
        "residue_rows": left.rows,
        "residue_share": left.share,
    }


def _fingerprint(workspace: Workspace, recipe: Recipe, known: dict[str, CandidateSpec]) -> str:
    """What a finished search depends on. People's decisions do not count: they move single rows."""
    return fingerprint(
        pipeline.code_digest("recover.py", "sketch.py"),
        workspace.manifest["stages"]["match"]["fingerprint"],
        recipe.match.min_probability,
        recipe.recover.model_dump(mode="json"),
        [spec.model_dump(mode="json") for spec in known.values()],
    )
