"""The numbers of a report, as plain JSON: what `--json` prints and what the page shows.

Sums and shares of the tables, nothing else. What was not measured, its table being absent, is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from rlvr_atlas import schema
from rlvr_atlas.report import dates, leaks
from rlvr_atlas.report.tables import Tables, answers_differ, complete, missing, share

Facts = dict[str, Any]


def summary(tables: Tables, manifest: Mapping[str, Any] | None = None) -> Facts:
    """What the tables say, per dataset and in total.

    Args:
        tables: Frames by name (see `tables.SCHEMAS`); any may be absent.
        manifest: The workspace's manifest, which says what dates of release rest on; nothing where absent.

    Returns:
        `totals`, `datasets` (in order of release), `edges`, `unverified_dates`, `conflicts`, `leak_pairs`,
        `leak_families`, `brought_in`, `skipped` (each largest first), `documented_unmeasured`,
        `missing_tables`. Shares are 0 to 1, dates ISO texts. Leaks are read from `leak_rates`, and null
        where no audit was run.
    """
    full = complete(tables)
    datasets = _datasets(full, tables)
    edges = _edges(full["edges"])
    return {
        "totals": _totals(full, tables, datasets),
        "datasets": datasets,
        "edges": edges,
        "unverified_dates": dates.unverified(full["edges"], full["datasets"], manifest or {}),
        "documented_unmeasured": _unmeasured(datasets, edges) if "edges" in tables else [],
        "conflicts": _conflicts(full["conflicts"]),
        "leak_pairs": leaks.pairs(full) if "leak_rates" in tables else None,
        "leak_families": leaks.families(full) if "leak_rates" in tables else None,
        "brought_in": leaks.brought_in(full) if "leak_paths" in tables else None,
        "skipped": _skipped(full["skipped_rows"]),
        "missing_tables": missing(tables),
    }


def _datasets(full: Tables, tables: Tables) -> list[Facts]:
    ids = pl.concat([full[name].select("dataset") for name in ("datasets", "occurrences", "skipped_rows")])
    known = full["datasets"].unique("dataset", keep="first", maintain_order=True)
    frame = (
        ids.unique()
        .join(known.drop("rows", "skipped_rows"), on="dataset", how="left")
        .join(_count(full["occurrences"], "rows"), on="dataset", how="left")
        .join(_count(full["skipped_rows"], "skipped_rows"), on="dataset", how="left")
        .with_columns(pl.col(_MEASURED).fill_null(0), pl.col("released").dt.to_string("iso"))
        .sort("rank", "released", "dataset", nulls_last=True)
        .with_columns(
            pl.when(not _MEASURED[name] - set(tables)).then(pl.col(name)).alias(name) for name in _MEASURED
        )
    )
    described = frame.select(*_DESCRIBED, *_MEASURED).with_columns(pl.col("derived_from").fill_null([]))
    rates = leaks.rates_by_dataset(full)
    known_facts = [{**fact, "leaks": rates.get(fact["dataset"])} for fact in described.to_dicts()]
    if "lineage" not in tables:
        nothing = dict.fromkeys(("attributed_rows", "attributed_share", "composition", "relations"))
        return [{**fact, **nothing} for fact in known_facts]
    composition, relations = _composition(full["lineage"]), _relations(full["lineage"])
    return [
        {
            **fact,
            **_traced(composition.get(fact["dataset"], [])),
            "relations": relations.get(fact["dataset"], {}),
        }
        for fact in known_facts
    ]


_DESCRIBED = (
    "dataset",
    "title",
    "role",
    "released",
    "license",
    "hub_id",
    "revision",
    "content_sha256",
    "derived_from",
    "distinct_prompts",
)
#: Counts, and the tables without which they were not measured.
_MEASURED = {
    "rows": {"occurrences"},
    "skipped_rows": {"skipped_rows"},
}


def _count(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.group_by("dataset").agg(pl.len().cast(pl.Int64).alias(name))


def _composition(lineage: pl.DataFrame) -> dict[str, list[Facts]]:
    """Rows and share by atomic source, largest first, the unknown (source null) last."""
    counted = (
        lineage.group_by("dataset", "atomic_source")
        .agg(rows=pl.len().cast(pl.Int64))
        .with_columns(share=pl.col("rows") / pl.col("rows").sum().over("dataset"))
        .sort(pl.col("atomic_source").is_null(), -pl.col("rows"), "atomic_source")
    )
    found: dict[str, list[Facts]] = {}
    for dataset, source, rows, part in counted.iter_rows():
        found.setdefault(dataset, []).append({"source": source, "rows": rows, "share": part})
    return found


def _traced(composition: list[Facts]) -> Facts:
    attributed = sum(part["rows"] for part in composition if part["source"] is not None)
    whole = sum(part["rows"] for part in composition)
    return {
        "attributed_rows": attributed,
        "attributed_share": share(attributed, whole),
        "composition": composition,
    }


def _relations(lineage: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Rows by relation to their parent; `none`: no parent."""
    counted = lineage.group_by("dataset", pl.col("relation").fill_null("none")).len()
    found: dict[str, dict[str, int]] = {}
    for dataset, relation, rows in counted.iter_rows():
        found.setdefault(dataset, dict.fromkeys([*schema.RELATIONS, "none"], 0))[relation] = rows
    return found


def _edges(edges: pl.DataFrame) -> list[Facts]:
    """One line per (child, parent): rows of the same problem, variants apart."""
    same = schema.is_same_problem()
    summed = edges.group_by("child", "parent").agg(
        rows=pl.col("rows").filter(same).sum(),
        variant_rows=pl.col("rows").filter(pl.col("relation") == "variant").sum(),
        documented=pl.col("documented").fill_null(False).any(),
    )
    order = ["rows", "variant_rows", "child", "parent"]
    return summed.sort(order, descending=[True, True, False, False]).to_dicts()


def _unmeasured(datasets: list[Facts], edges: list[Facts]) -> list[Facts]:
    """Documented upstreams from which no row was traced; `in_view`: the upstream is one of the datasets."""
    ids = {fact["dataset"] for fact in datasets}
    measured = {(edge["child"], edge["parent"]) for edge in edges if edge["rows"] or edge["variant_rows"]}
    return [
        {"child": fact["dataset"], "parent": parent, "in_view": parent in ids}
        for fact in datasets
        for parent in fact["derived_from"]
        if (fact["dataset"], parent) not in measured
    ]


def _conflicts(conflicts: pl.DataFrame) -> list[Facts]:
    """Rows by dataset, declared and traced source; of several labels that mean the same, the commonest."""
    by = ["dataset", "declared_atomic_source", "traced_atomic_source"]
    return (
        conflicts.sort("rows", "declared_source", descending=[True, False], nulls_last=True)
        .group_by(by, maintain_order=True)
        .agg(
            pl.col("declared_source", "example_row").first(),
            labels=pl.col("declared_source").n_unique().cast(pl.Int64),
            rows=pl.col("rows").sum(),
        )
        .sort("rows", *by, descending=[True, False, False, False], nulls_last=True)
        .to_dicts()
    )


def _skipped(skipped: pl.DataFrame) -> list[Facts]:
    """Rows by dataset and reason, with the first of them as the example."""
    first = [pl.col(name).first().alias(f"example_{name}") for name in ("row", "file", "detail")]
    return (
        skipped.sort("dataset", "row", nulls_last=True)
        .group_by("dataset", "reason", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("rows"), *first)
        .sort(["rows", "dataset", "reason"], descending=[True, False, False], nulls_last=True)
        .to_dicts()
    )


def _totals(full: Tables, tables: Tables, datasets: list[Facts]) -> Facts:
    lineage = full["lineage"]
    sources = lineage.get_column("atomic_source").drop_nulls()
    counted: dict[str, Facts] = {
        "occurrences": {
            "rows": full["occurrences"].height,
            "distinct_prompts": full["occurrences"].get_column("key").n_unique(),
        },
        "skipped_rows": {"skipped_rows": full["skipped_rows"].height},
        "lineage": {
            "attributed_rows": len(sources),
            "attributed_share": share(len(sources), lineage.height),
            "atomic_sources": sources.n_unique(),
            "relations": _tally(lineage, "relation", schema.RELATIONS),
            "tiers": _tally(lineage, "tier", schema.TIERS),
        },
        "matches": {
            "matches": full["matches"].height,
            "answers_disagree": full["matches"].filter(answers_differ()).height,
        },
        "conflicts": {"conflict_rows": int(full["conflicts"].get_column("rows").sum())},
    }
    roles = [fact["role"] for fact in datasets]
    return {
        "datasets": len(datasets),
        "roles": {role: roles.count(role) for role in ("source", "train", "benchmark")},
        **{
            name: value if table in tables else None
            for table, values in counted.items()
            for name, value in values.items()
        },
        **_train_totals([fact for fact in datasets if fact["role"] == "train"]),
    }


def _train_totals(train: list[Facts]) -> Facts:
    """Sums over the train sets; null where a summand was not measured."""
    totals: Facts = {}
    for name in ("rows", "attributed_rows"):
        totals[f"train_{name}"] = _sum([fact[name] for fact in train])
    for name in ("leaked", "variant", "unjudged"):
        totals[f"train_{name}"] = _sum([(fact["leaks"] or {}).get(name) for fact in train])
    totals["train_attributed_share"] = share(totals["train_attributed_rows"], totals["train_rows"])
    return totals


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _tally(frame: pl.DataFrame, column: str, order: tuple[str, ...]) -> dict[str, int]:
    counts = dict(frame.group_by(column).len().iter_rows())
    return {name: counts.get(name, 0) for name in order}
