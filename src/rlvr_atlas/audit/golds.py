"""Gold answers that are probably wrong: rows whose answer others of the same problem contradict.

Rows of one problem are those with the same text and those that match it closely. Which of their answers is
right is a vote (`votes`): a row is of the source that its lineage of copies leads to. A row is a copy of its
parent where the wording is the same or the recipe or registry says that the dataset was made from the other.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from rlvr_atlas import answer
from rlvr_atlas.audit.votes import Statement, probabilities, supporters
from rlvr_atlas.schema import EDGES, GOLD_ERRORS, Relation, conform, empty
from rlvr_atlas.workspace.query import both_ways

#: What it reads.
TABLES = ("occurrences", "lineage", "matches", "edges")
#: A part of a problem rightly has another answer than the whole.
_ONE_ANSWER: tuple[Relation, ...] = ("identical", "reformatted", "reworded")
#: The same wording was copied, whoever says so.
_SAME_WORDING: tuple[Relation, ...] = ("identical", "reformatted")
#: Rows named in the evidence of each answer.
_SHOWN = 3


def doubtful_golds(
    tables: Mapping[str, pl.DataFrame], keys: pl.DataFrame | None = None, *, min_match: float = 0.9
) -> pl.DataFrame:
    """Rows whose gold answer is contradicted, the likeliest errors first.

    Args:
        tables: occurrences, lineage, matches, edges, as `schema` lists them; without edges only the same
            wording makes a copy.
        keys: key; only of these problems. All without it.
        min_match: Less probable matches make no two rows the same problem.

    Returns:
        schema.GOLD_ERRORS. Answers that cannot be compared contradict nothing, and rows whose answers all
        agree are not in it.
    """
    near = tables["matches"].filter(pl.col("relation").is_in(_ONE_ANSWER), pl.col("probability") >= min_match)
    linked = both_ways(near).unique()
    if keys is not None:
        linked = linked.join(keys, on="key", how="semi")
    rows = _rows(tables, linked, keys)
    lines: list[dict[str, Any]] = []
    for key, group in _contradicted(rows, linked, keys):
        lines += _judged(key, group)
    if not lines:
        return empty(GOLD_ERRORS)
    found = conform(pl.DataFrame(lines, infer_schema_length=None), GOLD_ERRORS)
    return found.sort(
        "probability", "sources_against", "dataset", "row", descending=[True, True, False, False]
    )


def _rows(
    tables: Mapping[str, pl.DataFrame], linked: pl.DataFrame, only: pl.DataFrame | None
) -> pl.DataFrame:
    """Rows of problems with several answers: dataset, row, key, answer, form, source, repeats."""
    rows = tables["lineage"].select("dataset", "row", "key", "parent_dataset", "parent_row", "relation")
    answers = tables["occurrences"].select("dataset", "row", "answer")
    rows = rows.join(answers, on=["dataset", "row"], how="left")
    edges = tables["edges"] if "edges" in tables else empty(EDGES)
    told = edges.filter("documented").select("child", "parent", told=pl.lit(value=True)).unique()
    rows = rows.join(told, left_on=["dataset", "parent_dataset"], right_on=["child", "parent"], how="left")
    rows = rows.sort("dataset", "row").with_row_index("at")
    parents = rows.select(up="at", parent_dataset="dataset", parent_row="row", up_answer="answer")
    rows = rows.join(parents, on=["parent_dataset", "parent_row"], how="left").sort("at")
    is_copy = pl.col("relation").is_in(_SAME_WORDING) | (
        pl.col("told").is_not_null() & pl.col("relation").is_in(_ONE_ANSWER)
    )
    up = rows.select(pl.when(is_copy).then("up").fill_null(pl.col("at")))["up"].to_numpy().astype(np.int64)
    top = _top(up)
    # A copy of the source itself is a witness of what that says; a copy of a copy that says the same is none.
    of_a_copy = pl.Series((up != np.arange(len(up))) & (up != top))
    repeats = of_a_copy & (rows["answer"] == rows["up_answer"]).fill_null(value=False)
    rows = rows.select(
        "dataset", "row", "key", "answer", source=rows["dataset"].gather(pl.Series(top)), repeats=repeats
    ).drop_nulls("answer")
    if only is not None:
        around = pl.concat([only.select("key"), linked.select(key="other")])
        rows = rows.join(around, on="key", how="semi")
    rows = rows.join(_keys(rows, linked, "answer"), on="key", how="semi")
    return rows.with_columns(form=answer.normal_column(rows["answer"])).drop_nulls("form")


def _keys(rows: pl.DataFrame, linked: pl.DataFrame, column: str) -> pl.DataFrame:
    """Keys of problems, and keys near them, whose rows differ in a column."""
    stated = rows.select("key", column).unique()
    around = pl.concat([stated.select("key", other="key").unique(), linked.select("key", "other")])
    seen = around.join(stated, left_on="other", right_on="key")
    several = seen.group_by("key").agg(pl.col(column).n_unique()).filter(pl.col(column) > 1)
    near = around.join(several, on="key", how="semi")
    return pl.concat([near.select("key"), near.select(key="other")]).unique()


def _top(up: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Where following parents ends. Lineage goes back in time, so it has no circles."""
    while True:
        further = up[up]
        if np.array_equal(further, up):
            return up
        up = further


def _contradicted(
    rows: pl.DataFrame, linked: pl.DataFrame, only: pl.DataFrame | None
) -> list[tuple[str, pl.DataFrame]]:
    """Each key with an answer that a row of the same problem contradicts, and all rows of that problem."""
    keys = _keys(rows, linked, "form").join(rows, on="key", how="semi").sort("key")
    if only is not None:
        keys = keys.join(only, on="key", how="semi")
    around = pl.concat([keys.select("key", other="key"), linked.select("key", "other")])
    groups = (
        around.join(keys, on="key", how="semi")
        .join(rows.rename({"key": "other"}), on="other")
        .sort("key", "dataset", "row")
        .partition_by("key", maintain_order=True, as_dict=True)
    )
    return [(str(key), group) for (key,), group in groups.items()]


def _judged(key: str, group: pl.DataFrame) -> list[dict[str, Any]]:
    """The contradicted rows of one key."""
    classes = _classes(group)
    named = [(row, classes[row["form"]]) for row in group.to_dicts() if row["form"] in classes]
    if len({number for _, number in named}) < 2:
        return []
    statements = [Statement(row["source"], row["dataset"], n, row["repeats"]) for row, n in named]
    likely, sources = probabilities(statements), supporters(statements)
    best = max(likely, key=lambda n: (likely[n], -n))
    texts = {n: Counter(row["answer"] for row, m in named if m == n).most_common(1)[0][0] for n in likely}
    evidence = json.dumps(
        [
            {
                "answer": texts[n],
                "probability": round(likely[n], 4),
                "sources": sources[n],
                "rows": sum(m == n for _, m in named),
                "for example": [f"{row['dataset']}:{row['row']}" for row, m in named if m == n][:_SHOWN],
            }
            for n in sorted(likely, key=lambda n: (-likely[n], n))
        ],
        ensure_ascii=False,
    )
    return [
        {
            **{name: row[name] for name in ("dataset", "row", "answer")},
            "key": key,
            "probability": 1 - likely[n],
            "suggested": texts[best] if best != n else None,
            "suggested_probability": likely[best] if best != n else None,
            "sources_for": sources[n],
            "sources_against": sum(number for m, number in sources.items() if m != n),
            "rows_against": sum(m != n for _, m in named),
            "evidence": evidence,
        }
        for row, n in named
        if row["other"] == key
    ]


def _classes(group: pl.DataFrame) -> dict[str, int]:
    """Normal form -> number of the answer, the same for forms that are the same answer.

    Forms that cannot be told from another are left out, the rarer first.
    """
    forms = (
        group.group_by("form")
        .agg(pl.len(), pl.col("answer").first())
        .sort("len", "form", descending=[True, False])
    )
    found: dict[str, int] = {}
    leaders: list[str] = []
    for form, _, text in forms.iter_rows():
        verdicts = [answer.compare(text, leader) for leader in leaders]
        if "same" in verdicts:
            found[form] = verdicts.index("same")
        elif "unknown" not in verdicts:
            found[form] = len(leaders)
            leaders.append(text)
    return found
