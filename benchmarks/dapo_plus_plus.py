"""Make DAPO++ over the shared corpus, and audit what came out.

Run: python benchmarks/dapo_plus_plus.py [--write docs/benchmarks/dapo_plus_plus.json] [--workspace DIR]

Writes the scores that the recipe names, carries out recipes/dapo_plus_plus_shared.toml, exports the mix, and
runs the audit again over the export and the recipe's benchmarks. Exits with 1 if a leak is left.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas import pipeline
from rlvr_atlas.config import Recipe
from rlvr_atlas.export import export
from rlvr_atlas.recipe import read_recipe
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.workspace.store import Workspace

RECIPE = Path(__file__).resolve().parent.parent / "recipes" / "dapo_plus_plus_shared.toml"
#: Level of difficulty -> how learnable its rows are taken to be.
LEARNABLE = {1: 0.0, 2: 0.5, 3: 1.0, 4: 0.5, 5: 0.0}


def write_scores(recipe: Recipe) -> None:
    """Scores of the refill's rows by the level that their file is named for."""
    assert recipe.curate is not None
    assert recipe.curate.refill is not None
    assert recipe.curate.scores is not None
    name = recipe.curate.refill.datasets[0]
    spec = next(spec for spec in recipe.datasets if spec.id == name)
    levels: list[int] = []
    for path in sorted(recipe.base.glob(spec.paths[0])):
        levels += [int(path.name.split("Level_")[1][0])] * len(json.loads(path.read_text("utf-8")))
    frame = pl.DataFrame(
        {"dataset": name, "row": range(len(levels)), "score": [LEARNABLE[n] for n in levels]}
    )
    frame.write_parquet(recipe.base / recipe.curate.scores, compression_level=19)


def audit_again(recipe: Recipe, mix: bytes, folder: Path) -> pl.DataFrame:
    """Leaks of an exported mix, seen as a dataset of its own beside the benchmarks."""
    (folder / "mix.jsonl").write_bytes(mix)
    benchmarks = [
        {**spec.model_dump(), "path": [str(recipe.base / path) for path in spec.paths]}
        for spec in recipe.datasets
        if spec.role == "benchmark"
    ]
    asked = Recipe.model_validate(
        {
            "workspace": {"path": str(folder / "again")},
            "datasets": [{"id": "mix", "path": str(folder / "mix.jsonl")}, *benchmarks],
        }
    )
    stages = [stage for stage in pipeline.STAGES if stage not in ("curate", "report")]
    return pipeline.run(asked, stages=stages).read("leaks")


def facts(workspace: Workspace, again: pl.DataFrame, threshold: float) -> dict[str, Any]:
    """Figures for the page."""
    decisions, mix = workspace.read("decisions"), workspace.read("mix")
    counted = decisions.group_by("dataset", "action", "reason").agg(rows=pl.len())
    left = again.filter(pl.col("relation").is_in(SAME_PROBLEM), pl.col("probability") >= threshold)
    return {
        "considered": decisions.height,
        "rows": mix.height,
        "decisions": counted.sort("dataset", "action", "rows", "reason").to_dicts(),
        "sources": mix["atomic_source"].value_counts().sort("count", "atomic_source").to_dicts(),
        "leaks_left": left.height,
        "seconds": {name: stage["seconds"] for name, stage in workspace.manifest["stages"].items()},
    }


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path, help="write the figures as JSON")
    parser.add_argument("--workspace", type=Path, help="use this folder instead of a temporary one")
    options = parser.parse_args()
    recipe = read_recipe(RECIPE)
    assert recipe.curate is not None
    write_scores(recipe)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.workspace or Path(temporary)
        asked = {**recipe.model_dump(), "workspace": {"path": str(folder / "made")}, "base": recipe.base}
        started = time.monotonic()
        workspace = pipeline.run(Recipe.model_validate(asked))
        print(f"made in {time.monotonic() - started:.0f} s")
        exported = export(workspace.tables(), recipe, "flat", folder / "export", originals=False)
        again = audit_again(recipe, exported.files[0].read_bytes(), folder)
        found = facts(workspace, again, recipe.curate.leak_probability)
        again.write_parquet(folder / "leaks_again.parquet")
    text = json.dumps(found, indent=1, ensure_ascii=False)
    print(text)
    if options.write:
        options.write.write_text(text + "\n", encoding="utf-8")
    return 1 if found["leaks_left"] else 0


if __name__ == "__main__":
    sys.exit(main())
