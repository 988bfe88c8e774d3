"""The words of the field as data: relations, tiers, and the columns of every table.

Nothing here computes. Each stage takes and returns Polars frames with these columns (further columns may
follow), so that this page alone says what flows between the stages and what a workspace holds.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

Role = Literal["source", "train", "benchmark"]
Relation = Literal["identical", "reformatted", "reworded", "embedded", "variant"]
Tier = Literal["exact", "normalised", "lexical", "semantic"]

#: Strongest first: where two texts could carry several relations, the first that holds is the one reported.
RELATIONS: tuple[Relation, ...] = ("identical", "reformatted", "reworded", "embedded", "variant")
#: The relations that say "this is the same problem". A `variant` is derived, but another problem.
SAME_PROBLEM: tuple[Relation, ...] = RELATIONS[:4]
TIERS: tuple[Tier, ...] = ("exact", "normalised", "lexical", "semantic")
DOMAINS = ("math", "code", "logic", "other")

Schema = dict[str, pl.DataType | type[pl.DataType]]

# --- between stages -----------------------------------------------------------------------------------

#: What `load` gives for one dataset: every readable row, wrapping still on.
ROWS: Schema = {
    "dataset": pl.String,
    "row": pl.Int64,  # 0-based over all files of the dataset, files in name order
    "split": pl.String,
    "question": pl.String,  # the user's turn as published: template, chat tags and all
    "options": pl.List(pl.String),  # answer options from a field of their own; null where there is none
    "answer": pl.String,  # the answer field as text (lists and structs as JSON); null where there is none
    "answer_kind": pl.String,  # "final": the answer itself; "solution": the answer is somewhere inside
    "declared_source": pl.String,  # what the row itself says of its origin, untouched
    "hint": pl.String,  # the row's own word for its kind (`ability`, `domain`, ...), untouched
}

#: Rows that could not be used. `occurrences` and `skipped_rows` together hold every row of every dataset.
SKIPPED_ROWS: Schema = {
    "dataset": pl.String,
    "row": pl.Int64,
    "file": pl.String,
    "reason": pl.String,  # a short fixed phrase, so that it can be counted
    "detail": pl.String,
}

#: What was detected (or set by the recipe) as the place of each part of a row, per file.
SCHEMAS: Schema = {
    "dataset": pl.String,
    "file": pl.String,
    "format": pl.String,
    "part": pl.String,  # prompt, answer, solution, source, split, options, hint
    "path": pl.String,  # field path, as a recipe would write it
    "decided_by": pl.String,  # detected, recipe or registry
    "rows": pl.Int64,  # rows of the file in which the path held something
}

#: Text that was taken off the prompts of a dataset.
TEMPLATES: Schema = {
    "dataset": pl.String,
    "position": pl.String,  # prefix, suffix
    "text": pl.String,
    "origin": pl.String,  # known (templates.toml), inferred, recipe; "kept" = shared text left in place
    "rows": pl.Int64,
}

# --- the workspace ------------------------------------------------------------------------------------

DATASETS: Schema = {
    "dataset": pl.String,
    "role": pl.String,
    "atomic_source": pl.String,
    "title": pl.String,
    "released": pl.Date,
    "license": pl.String,
    "hub_id": pl.String,
    "revision": pl.String,
    "rows": pl.Int64,
    "skipped_rows": pl.Int64,
    "distinct_prompts": pl.Int64,
    "content_sha256": pl.String,
    "derived_from": pl.List(pl.String),
    "rank": pl.Int64,  # position in the order of release that lineage uses (upstreams first, then dates)
}

OCCURRENCES: Schema = {
    "key": pl.String,
    "dataset": pl.String,
    "row": pl.Int64,
    "split": pl.String,
    "released": pl.Date,
    "declared_source": pl.String,
    "answer": pl.String,
}

INSTANCES: Schema = {
    "key": pl.String,
    "skeleton": pl.String,
    "prompt": pl.String,
    "answer": pl.String,
    "language": pl.String,
    "domain": pl.String,
    "is_mcq": pl.Boolean,
    "occurrences": pl.Int64,
}

#: Why a match was accepted. Null means "not measured", which is not the same as zero or false.
EVIDENCE = pl.Struct(
    {
        "cosine": pl.Float64,
        "lexical": pl.Float64,  # Jaccard similarity of the word sets
        "containment": pl.Float64,  # share of the shorter text's words found in the longer one
        "numbers_agree": pl.Boolean,
        "operators_agree": pl.Boolean,
        "asks_agree": pl.Boolean,  # largest/smallest, sum/product, more/less, ...
        "answers_agree": pl.Boolean,
        "changed": pl.String,  # the words and numbers that differ, for a person to read
    }
)

MATCHES: Schema = {
    "child": pl.String,
    "parent": pl.String,
    "relation": pl.String,
    "tier": pl.String,
    "probability": pl.Float64,
    "evidence": EVIDENCE,
}

LINEAGE: Schema = {
    "dataset": pl.String,
    "row": pl.Int64,
    "key": pl.String,
    "parent_dataset": pl.String,
    "parent_row": pl.Int64,
    "parent_key": pl.String,
    "relation": pl.String,
    "tier": pl.String,
    "probability": pl.Float64,
    "root_dataset": pl.String,
    "root_row": pl.Int64,
    "atomic_source": pl.String,
    "hops": pl.Int64,
    "decided_by": pl.String,
}

#: Dataset-level lineage: how many rows of `child` have their parent in `parent`.
EDGES: Schema = {
    "child": pl.String,
    "parent": pl.String,
    "relation": pl.String,
    "rows": pl.Int64,
    "documented": pl.Boolean,
}

#: Rows whose own label names another source than the one they were traced to.
CONFLICTS: Schema = {
    "dataset": pl.String,
    "declared_source": pl.String,
    "declared_atomic_source": pl.String,
    "traced_atomic_source": pl.String,
    "rows": pl.Int64,
    "example_row": pl.Int64,
}


def empty(schema: Schema) -> pl.DataFrame:
    """An empty frame with the columns of `schema`."""
    return pl.DataFrame(schema=schema)


def conform(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Put the columns of `schema` first, cast to its types; missing ones are null, further ones follow.

    Args:
        frame: Any frame.
        schema: One of the schemas above.

    Returns:
        A frame of the same height.
    """
    known = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    ]
    return frame.select(*known, pl.exclude(list(schema)))
