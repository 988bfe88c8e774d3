"""Tables of a workspace that is small enough to see, for tests of curation and export."""

import datetime as dt
import hashlib

import polars as pl

from rlvr_atlas import schema as record
from rlvr_atlas.canonical import skeleton
from rlvr_atlas.config.curate import CurateSettings
from rlvr_atlas.curate import curate
from rlvr_atlas.schema import conform, empty


def key(text):
    return hashlib.sha1(text.encode()).hexdigest()


def row(prompt, answer="7", **facts):
    return {
        "prompt": prompt, "answer": answer, "language": "en", "domain": "math", "is_mcq": False,
        "atomic_source": None, **facts,
    }  # fmt: skip


def tables(datasets, *, matches=(), leaks=(), unjudged=(), skipped=(), transitions=(), licenses=None):
    """Tables of `datasets`: name -> rows as `row` gives them, in the order of their release.

    `matches` are (child, parent, relation, probability) by prompt; `leaks` and `unjudged` (dataset, row,
    relation, probability[, reason]); `skipped` (dataset, row); `transitions` (source, prompt, transition[,
    expected gain]).
    """
    placed = [
        {**entry, "dataset": name, "row": at, "key": key(entry["prompt"])}
        for name, rows in datasets.items()
        for at, entry in enumerate(rows, start=sum(1 for place in skipped if place[0] == name))
    ]
    frame = (
        pl.DataFrame(placed, infer_schema_length=None)
        if placed
        else empty({**record.OCCURRENCES, **record.INSTANCES})
    )
    described = [
        {
            "dataset": name, "role": "train", "rank": rank, "released": dt.date(2024, 1, 1 + rank),
            "license": (licenses or {}).get(name, "MIT"), "rows": len(rows), "title": name,
            "derived_from": [],
        }
        for rank, (name, rows) in enumerate(datasets.items())
    ]  # fmt: skip
    found = [
        {
            "dataset": name, "row": at, "benchmark": "exam", "benchmark_row": 3, "relation": relation,
            "probability": probability, "reason": (*reason, None)[0],
        }
        for name, at, relation, probability, *reason in [*leaks, *unjudged]
    ]  # fmt: skip
    overlaps = (
        pl.DataFrame(found, schema_overrides={"reason": pl.String}) if found else empty(record.UNJUDGED)
    )
    pairs = [
        {"child": key(child), "parent": key(parent), "relation": relation, "probability": probability}
        for child, parent, relation, probability in matches
    ]
    lost = [
        {"dataset": name, "row": at, "file": "f", "reason": "invalid JSON", "detail": "line 1"}
        for name, at in skipped
    ]
    made = {
        "datasets": conform(pl.DataFrame(described), record.DATASETS),
        "occurrences": conform(frame, record.OCCURRENCES).select(*record.OCCURRENCES),
        "instances": instances(frame),
        "lineage": conform(frame, record.LINEAGE).select(*record.LINEAGE),
        "matches": conform(pl.DataFrame(pairs) if pairs else empty(record.MATCHES), record.MATCHES),
        "leaks": conform(overlaps.head(len(leaks)).drop("reason", strict=False), record.LEAKS),
        "unjudged": conform(
            overlaps.tail(len(unjudged)) if unjudged else empty(record.UNJUDGED), record.UNJUDGED
        ),
        "skipped_rows": conform(
            pl.DataFrame(lost) if lost else empty(record.SKIPPED_ROWS), record.SKIPPED_ROWS
        ),
    }
    if transitions:
        lines = [
            {"source": source, "key": key(prompt), "transition": kind, "expected_gain": (*gain, None)[0]}
            for source, prompt, kind, *gain in transitions
        ]
        measured = pl.DataFrame(lines, schema_overrides={"expected_gain": pl.Float64})
        made["transitions"] = conform(measured, record.TRANSITIONS)
    return made


def instances(frame):
    found = conform(frame.unique("key", maintain_order=True), record.INSTANCES)
    skeletons = skeleton(found["prompt"])
    return found.with_columns(skeletons.alias("skeleton"), skeletons.alias("stem"), first_dataset="dataset")


def curated(made, given=None, **settings):
    """Curate tables with settings; the ledger as {(dataset, row): (action, reason)} beside the result."""
    result = curate(made, CurateSettings.model_validate({"datasets": ["a"], **settings}), given)
    said = {
        (d, r): (a, why)
        for d, r, a, why in result.decisions.select("dataset", "row", "action", "reason").iter_rows()
    }
    return result, said
