"""Datasets mixed from the sources of the SCA world, a benchmark, and an exam that nobody sees.

What is wrong with a dataset follows from what it is mixed from, so that its worth can be argued about before
anything is trained on it. The benchmark is the held-out problems of all sources; the exam is problems that no
dataset, no source and no benchmark holds.
"""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from rlvr_atlas.demo.sca.world import SOURCES, TASKS, problem
from rlvr_atlas.workspace.store import Workspace

BENCHMARK = "benchmark"
#: Rows of every dataset and of every curated mix.
ROWS = 192
#: Dataset -> shares of its rows by where they are drawn from; `BENCHMARK` stands for leaked rows.
MIXES: dict[str, dict[str, float]] = {
    "clean": {"learnable": 0.5, "learnable_too": 0.5},
    "balanced": dict.fromkeys(SOURCES, 1 / len(SOURCES)),
    "mostly_mastered": {"mastered": 0.8, "learnable": 0.2},
    "mostly_hopeless": {"hopeless": 0.8, "learnable_too": 0.2},
    "mislabelled": {"wrong_labels": 0.6, "learnable": 0.2, "learnable_too": 0.2},
    "half_mislabelled": {"half_wrong": 0.8, "mastered": 0.2},
    "repetitive": {"duplicated": 0.8, "learnable": 0.2},
    "leaked": {BENCHMARK: 0.3, "learnable": 0.35, "learnable_too": 0.35},
}
#: Sources whose held-out problems leak: as good to learn from as the training problems of the same sources.
_LEAKY = ("learnable", "learnable_too")
# Three digits in another order are another problem here, and a rewording for a matcher that reads text. So
# only identical prompts, the matches that are certain, count.
_RECIPE = """\
# The SCA demo: sources of known worth, datasets mixed from them, and a benchmark.
[workspace]
path = "."

[match]
min_probability = 1.0
semantic = false
rewordings = false
"""


def build(folder: Path, drawn: pl.DataFrame, seed: int) -> Path:
    """Write sources, datasets and benchmark as files, and the recipe that traces them.

    Args:
        folder: The workspace; files go to `data/`.
        drawn: What `world.problems` gives.
        seed: Of the rows that are mixed.

    Returns:
        The recipe.
    """
    Workspace(folder, create=True)  # before its files are there: a folder with others' files is refused
    pools = {source: _pool(drawn, source) for source in SOURCES}
    held_out = drawn.filter(pl.col("split") == "held_out")
    leaks = held_out.filter(pl.col("source").is_in(_LEAKY))
    entries = [(source, "source", "2024-01-01", pool) for source, pool in pools.items()]
    entries.append((BENCHMARK, "benchmark", "2024-06-01", held_out))
    for name, shares in MIXES.items():
        counts = {source: round(share * ROWS) for source, share in shares.items()}
        rng = Random(f"{name}/{seed}")
        rows = [
            row
            for source, count in counts.items()
            for row in rng.sample((leaks if source == BENCHMARK else pools[source]).to_dicts(), count)
        ]
        rng.shuffle(rows)
        entries.append((name, "train", "2025-01-01", pl.DataFrame(rows)))
    (folder / "data").mkdir(parents=True, exist_ok=True)
    blocks = [_RECIPE]
    for name, role, released, rows_of in entries:
        rows_of.select(question="prompt", answer="answer").write_ndjson(folder / "data" / f"{name}.jsonl")
        block = f'[[datasets]]\nid = "{name}"\nrole = "{role}"\nreleased = {released}\n'
        block += f'path = "data/{name}.jsonl"\n'
        blocks.append(block + (f'atomic_source = "{name}"\n' if role == "source" else ""))
    recipe = folder / "recipe.toml"
    recipe.write_text("\n".join(blocks), encoding="utf-8")
    return recipe


def exam(drawn: pl.DataFrame, seed: int, each: int = 48) -> pl.DataFrame:
    """New problems of every source with their true answers, equally many of each task.

    Args:
        drawn: What `world.problems` gives; none of its problems is drawn again.
        seed: Of the draw.
        each: Problems of a source.

    Returns:
        The columns of `drawn`; split is `held_out`.
    """
    rows: list[dict[str, Any]] = []
    for source in SOURCES:
        prompts = drawn.filter(pl.col("source") == source)["prompt"]
        used = {tuple(prompt.split()[:TASKS]) for prompt in prompts}
        left = [digits for digits in permutations("0123456789", TASKS) if digits not in used]
        shown = Random(f"exam/{source}/{seed}").sample(left, each)
        rows += [problem(source, "".join(digits), at % TASKS) for at, digits in enumerate(shown)]
    return pl.DataFrame(rows).with_columns(split=pl.lit("held_out")).select(drawn.columns)


def _pool(drawn: pl.DataFrame, source: str) -> pl.DataFrame:
    """The training rows of a source as it is published: few problems stand there over and over."""
    rows = drawn.filter(pl.col("source") == source, pl.col("split") == "train")
    return pl.concat([rows] * -(-ROWS // rows.height)).head(ROWS)
