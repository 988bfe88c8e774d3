"""Make the public atlas of the package from the shared corpus, and measure what it knows.

Run: python benchmarks/public_atlas.py WORKSPACE [--corpus FOLDER] [--keep] [--write FILE]

WORKSPACE is a traced and audited one (benchmarks/real_corpus.py makes one). The atlas goes into the package;
with --keep the one that is there is measured. Three tables: what `trace FILE` says of datasets that are in
it, beside the run; what it would say of each if it had not been in it (the atlas is made without it, in
memory); how often numbers and answer are another problem's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from real_corpus import HERE, recipe_of
from rlvr_atlas import public_atlas
from rlvr_atlas.check import Against, public_benchmarks, read_file
from rlvr_atlas.fingerprints.sketch import numbers_of
from rlvr_atlas.public_atlas import origins
from rlvr_atlas.schema import is_same_problem
from rlvr_atlas.trace_files import known_rows, trace_file
from rlvr_atlas.workspace.store import Workspace

DATA = HERE.parent / "src" / "rlvr_atlas" / "public_atlas" / "data"
DATASETS = (
    "limr", "simplerl_math8k_limr", "gsm8k_oat", "gsm8k_train", "dapo17k_svs", "math7500_corewarding_rewrite",
    "benbench_gsm8k_train_rewritten", "deepscaler_spurious_levels", "empo_numina20k", "polaris_sample128",
    "mawps_asdiv_svamp_train", "leetcodedataset_train_v010", "kk5_logicrl",
)  # fmt: skip
#: A benchmark that this share of the rows leak must not be missed.
TOLERANCE = 0.005
Line = dict[str, Any]


def beside_the_run(tables: dict[str, pl.DataFrame], corpus: Path, workspace: Path) -> list[Line]:
    """What the packaged atlas says of datasets that are in it."""
    atlas = public_atlas.open_atlas(DATA)
    against = Against(indexes=[public_benchmarks(atlas)])
    specs = {spec.id: spec for spec in recipe_of(corpus, workspace).datasets}
    lines = []
    for name in DATASETS:
        started = time.perf_counter()
        found = trace_file(read_file(specs[name]), atlas, against)
        seconds = time.perf_counter() - started
        lineage = tables["lineage"].filter(dataset=name)
        leaks = tables["leaks"].filter(is_same_problem(), dataset=name)
        run = dict(lineage["atomic_source"].fill_null("unknown").value_counts().iter_rows())
        outside = [
            line["source"]
            for line in found.sources.to_dicts()
            if not line["low"] <= run.get(line["source"], 0) / lineage.height <= line["high"]
        ]
        audited = set(leaks["row"])
        mine = set(found.checked.leaks.filter(is_same_problem())["row"])
        named = set(found.leaks_by_benchmark["benchmark"])
        rates = leaks.group_by("benchmark").agg(rows=pl.col("row").n_unique())
        worst = set(rates.filter(pl.col("rows") >= TOLERANCE * lineage.height)["benchmark"])
        lines.append(
            {
                "dataset": name,
                "rows": found.rows.height,
                "known by text": f"{(found.rows['known_by'] == 'text').mean():.1%}",
                "sources outside of their interval": ", ".join(outside) or "none",
                "leaks of the audit": len(audited),
                "found": len(audited & mine),
                "not the audit's": len(mine - audited),
                "benchmarks missed": ", ".join(sorted(worst - named)) or "none",
                "seconds": f"{seconds:.1f}",
            }
        )
    return lines


def without_it(tables: dict[str, pl.DataFrame], corpus: Path, workspace: Path) -> list[Line]:
    """What an atlas that never saw a dataset says of it."""
    specs = {spec.id: spec for spec in recipe_of(corpus, workspace).datasets}
    lines = []
    for name in DATASETS:
        others = tables["lineage"].filter(pl.col("dataset") != name)
        instances = tables["instances"].join(others.select("key").unique(), on="key", how="semi")
        made = origins.build(instances, tables["datasets"].filter(pl.col("dataset") != name), others)
        found = known_rows(read_file(specs[name]).rows, made)
        run = tables["lineage"].filter(dataset=name).select("row", traced="atomic_source")
        judged = found.join(run, on="row")
        line: Line = {"dataset": name, "rows": judged.height}
        # A source that this dataset alone brings in cannot be known without it.
        elsewhere = others["atomic_source"].drop_nulls().unique()
        judged = judged.filter(pl.col("traced").is_in(elsewhere.implode()))
        line["whose source is elsewhere"] = judged.height
        for how in ("text", "numbers"):
            part = judged.filter(known_by=how).drop_nulls("source")
            right = int((part["source"] == part["traced"]).sum())
            line[f"by {how}"] = part.height
            line[f"right, by {how}"] = f"{right / part.height:.1%}" if part.height else "-"
        line["unknown"] = judged.height - line["by text"] - line["by numbers"]
        lines.append(line)
    return lines


def by_chance(tables: dict[str, pl.DataFrame]) -> list[Line]:
    """Of the problems of a root dataset those whose numbers and answer are another root's too."""
    roots = tables["lineage"].group_by("key").agg(pl.col("root_dataset").first())
    told = tables["instances"].select("key", numbers=numbers_of()).drop_nulls().join(roots, on="key")
    told = told.with_columns(bits=told["numbers"].map_elements(origins.bits, return_dtype=pl.Float64))
    lines = []
    for name in ("gsm8k_train", "math_test", "empo_numina20k", "tal_scq5k_en_train"):
        mine = told.filter(root_dataset=name)
        others = told.filter(pl.col("root_dataset") != name)["numbers"].unique()
        line: Line = {"problems of": name}
        for least in (0, 8, 12, int(origins.TELLING), 20):
            some = mine.filter(pl.col("bits") >= least)
            line[f"from {least} bits"] = (
                f"{some['numbers'].is_in(others.implode()).mean():.1%} of {some.height}"
            )
        lines.append(line)
    return lines


def table(lines: Sequence[Line]) -> list[str]:
    """Rows as Markdown."""
    cells = [" | ".join(map(str, line.values())) for line in lines]
    return [f"| {' | '.join(lines[0])} |", "|" + "---|" * len(lines[0]), *(f"| {line} |" for line in cells)]


def main() -> None:
    """Make the atlas, measure it, print or write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--corpus", type=Path, default=HERE.parents[1] / "shared" / "data" / "real")
    parser.add_argument("--keep", action="store_true", help="measure the atlas that is there")
    parser.add_argument("--write", type=Path, help="also write the page to this file")
    given = parser.parse_args()
    workspace = Workspace(given.workspace)
    if not given.keep:
        public_atlas.build(workspace, DATA)
    names = ("lineage", "leaks", "instances", "datasets")
    tables = {name: workspace.read(name) for name in names}
    atlas = public_atlas.open_atlas(DATA)
    sizes = {
        file.name: file.stat().st_size / 1e6 for file in sorted(DATA.iterdir()) if file.suffix != ".json"
    }
    page = [
        "# What the public atlas knows",
        "",
        "Command: `python benchmarks/public_atlas.py WORKSPACE --write docs/benchmarks/public_atlas.md`.",
        "What it is: [atlas.md](../atlas.md).",
        "",
        f"{atlas.origins.frame.height:,} problems of {len(atlas.origins.card['datasets'])} datasets, "
        f"{len(atlas.benchmarks.benchmarks)} of them benchmarks: "
        + ", ".join(f"`{name}` {size:.1f} MB" for name, size in sizes.items())
        + ".",
        "",
        "## Datasets that are in it, beside a run over all of them",
        "",
        f"A benchmark is missed if the audit finds it in {TOLERANCE:.1%} of the rows or more and `trace`",
        "does not name it.",
        "",
        *table(beside_the_run(tables, given.corpus, given.workspace)),
        "",
        "## The same datasets, had they not been in it",
        "",
        "The atlas is made anew without the dataset. Right: the source is that of the row in the run.",
        "",
        *table(without_it(tables, given.corpus, given.workspace)),
        "",
        "## Numbers and answer of another problem",
        "",
        f"`trace` uses them from {origins.TELLING:.0f} bits on. Rewordings are among these.",
        "",
        *table(by_chance(tables)),
    ]
    text = "\n".join(page) + "\n"
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
