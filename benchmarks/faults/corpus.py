"""A small generated corpus, everything that is done to it, and how two workspaces are compared."""

from __future__ import annotations

import contextlib
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas import pipeline, recover
from rlvr_atlas.cli.score import score
from rlvr_atlas.config import Recipe, parse_recipe
from rlvr_atlas.demo import build
from rlvr_atlas.encoder import embed
from rlvr_atlas.explain import explain
from rlvr_atlas.lineage import review
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.sca import sources
from rlvr_atlas.sca.reward import Judge
from rlvr_atlas.workspace.store import Workspace

#: Of the demo world; between them they have JSONL, Parquet, gzip and Feather files, and every relation.
DATASETS = ("orchard_stories", "bench_stories", "slate_algebra", "rewrite_hub", "embed_forge", "leaky_mix")
CANDIDATE = "lantern_contest"
#: What is added, taken out, or replaced.
MOVED = "rewrite_hub"
#: A row that is explained, and a text that no workspace holds.
ASKED = ("leaky_mix:3", "Explain where a problem about seven lanterns and 12 apples comes from.")


class Stub:
    """An encoder whose vectors follow from the text, so that the cache of vectors is used without a model."""

    name, dimension, details, truncated = "stub", 16, {"version": "1"}, 0

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension)."""
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        vectors = np.stack([np.random.default_rng(seed).standard_normal(self.dimension) for seed in seeds])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def make(folder: Path) -> None:
    """Write the data files, and a second version of the dataset that is replaced."""
    embed.load_encoder = lambda _name: Stub()
    build(folder / "data", scale=0.03)
    build(folder / "other", seed=1, scale=0.03)


def recipe(folder: Path, workspace: Path, *, state: str = "with") -> Recipe:
    """A recipe over the corpus.

    Args:
        folder: Where `make` wrote.
        workspace: Where its workspace is.
        state: `with` the moved dataset, `without` it, or with a `replaced` one.
    """
    embed.load_encoder = lambda _name: Stub()
    data = {spec.id: spec for spec in read_recipe(folder / "data" / "recipe.toml").datasets}
    listed = []
    for name in DATASETS:
        if name == MOVED and state == "without":
            continue
        kind = "other" if name == MOVED and state == "replaced" else "data"
        listed.append(_entry(data[name].model_dump(mode="json"), folder / kind))
    candidate = _entry(data[CANDIDATE].model_dump(mode="json"), folder / "data")
    settings: dict[str, Any] = {
        "workspace": {"path": str(workspace)},
        "match": {"semantic": True, "encoder": Stub.name},
        "datasets": listed,
        "candidates": [candidate],
        "recover": {"residue": 0.0},
        "curate": {"datasets": ["leaky_mix", "embed_forge"]},
        "sca": {"base_model": "none", "min_problems": 4},
    }
    return parse_recipe(settings, base=folder)


def _entry(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    kept = {name: value for name, value in spec.items() if value not in (None, [], {})}
    return {**kept, "path": str(folder / spec["path"])}


def everything(settings: Recipe) -> Workspace:
    """All that is done to a workspace: recovery, every stage of a run, the plan of SCA, the scores."""
    extended = recover.recover(settings, on_progress=lambda *_: None)
    workspace = pipeline.run(extended)
    with workspace.locked(), Judge() as judge:
        sources.make_plan(workspace, extended.sca, judge.readable)
    with contextlib.redirect_stdout(io.StringIO()):
        score(workspace.folder, 7.0, preset="released_code", as_json=True)
    return Workspace(workspace.folder)


def decide(workspace: Workspace) -> None:
    """Write two decisions of a person."""
    verdicts = workspace.read("verdicts").head(2)
    for child, parent in verdicts.select("child", "parent").iter_rows():
        fields = {"child": child, "parent": parent, "relation": "reworded", "by": "a person", "why": "read"}
        decision = review.Decision.model_validate({**fields, "at": "2026-01-01T00:00:00Z"})
        workspace.append_lines(review.FILE, [decision.line()])


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every table and array of a workspace that a finished stage wrote, by name."""
    stages = Workspace(folder).manifest["stages"].values()
    files = [folder / f"{name}.parquet" for entry in stages for name in entry["tables"]]
    files += (folder / "cache" / "match").glob("*.npy")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def readable(folder: Path) -> dict[str, str]:
    """SHA-256 of every table that can be read now, after reading all of it and explaining two problems.

    Raises:
        AtlasError: Where the workspace says that something is damaged, missing or to be made again.
    """
    workspace = Workspace(folder)
    found = {}
    for name, frame in workspace.tables().items():
        frame.collect()
        found[f"{name}.parquet"] = hashlib.sha256((folder / f"{name}.parquet").read_bytes()).hexdigest()
    for name in ("signatures", "units"):
        workspace.read_array("match", name)
    for asked in ASKED:
        explain(workspace, asked)
    return found
