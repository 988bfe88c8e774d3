"""The columns of every table, and of every frame that goes from one stage to the next.

Each stage takes and returns Polars frames with these columns (further columns may follow), so that this page
alone says what flows between the stages and what a workspace holds.
"""

from __future__ import annotations

import polars as pl

from rlvr_atlas.schema.relations import SAME_PROBLEM, TIERS

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
    "attachments": pl.String,  # what it is asked of beside its text (`schema.attachments`); null for nothing
    "shared": pl.String,  # likewise, of fields that tell no problem of its file from another
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
    "part": pl.String,  # prompt, answer, solution, source, split, options, hint, [shared] kind of attachment
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

#: What SCA trains on and asks; a problem is one of a source, however often it was published.
SCA_PROBLEMS: Schema = {
    "source": pl.String,
    "key": pl.String,
    "split": pl.String,  # train, held_out
    "prompt": pl.String,
    "answer": pl.String,
}

#: Every source in view, planned or not; problems are left out for the first reason that holds.
SCA_SOURCES: Schema = {
    "source": pl.String,
    **dict.fromkeys(("problems", "train", "held_out", "leaked", "no_answer", "code"), pl.Int64),
    **dict.fromkeys(("attachments", "mcq", "contradicted"), pl.Int64),
    "unreadable_gold": pl.Int64,  # of those looked at
    "reason": pl.String,  # why nothing is trained on it; null where it is planned
}

#: What SCA can and cannot tell of each source, in words.
FINDINGS: Schema = dict.fromkeys(("source", "finding", "detail"), pl.String)

#: Answers of a base model and of checkpoints trained from it. The last two columns may be left out.
ROLLOUTS: Schema = {
    "source": pl.String,  # atomic source of the problem
    "key": pl.String,
    "sample": pl.Int64,  # 0-based among the k answers to this problem
    "correct": pl.Boolean,  # null: could not be judged, which is not the same as wrong
    "split": pl.String,  # train, held_out
    "trained_on": pl.String,  # atomic source of the checkpoint; null for the base, or where it is `source`
    "base_model": pl.String,  # what the base is; the same for it and all its checkpoints
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
    "subject": pl.String,
    "is_mcq": pl.Boolean,
    "occurrences": pl.Int64,
    "attachments": pl.String,  # images, tables, a database, ...: digests, see `schema.attachments`
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
        "dataset_odds": pl.Float64,  # what the whole dataset makes of the odds that the classifier gives
        "statement": pl.Float64,  # of programming problems: `lexical` of the statements alone
        "signature_agrees": pl.Boolean,  # of programming problems: both ask for one function
        "tests_shared": pl.Float64,  # of programming problems: share of the shorter list of tests
        "images": pl.String,  # of images of other bytes: the same pixels, or that they look alike
        "changed": pl.String,  # the words and numbers that differ, for a person to read
    }
)

#: What the matcher says of each pair.
VERDICTS: Schema = {
    "child": pl.String,
    "parent": pl.String,
    "relation": pl.String,
    "tier": pl.String,
    "probability": pl.Float64,
    "evidence": EVIDENCE,
}

#: Verdicts with people's decisions applied: a rejected pair is left out, an accepted one is certain.
MATCHES: Schema = {**VERDICTS, "decided_by": pl.String}

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
    "sole_rows": pl.Int64,
    "probability": pl.Float64,
    "documented": pl.Boolean,
    "direction": pl.String,
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

#: Rows that are a benchmark's problem or use its template (`variant`): a line per row, benchmark and item.
LEAKS: Schema = {
    "dataset": pl.String,
    "row": pl.Int64,
    "key": pl.String,
    "benchmark": pl.String,
    "benchmark_row": pl.Int64,
    "benchmark_key": pl.String,
    "relation": pl.String,
    "tier": pl.String,
    "probability": pl.Float64,  # of the match, times that of its being no coincidence
    "bits": pl.Float64,  # rarity of the item's text; of a variant, of its wording
    "came_first": pl.String,  # dataset, benchmark or same day; null where a date is unknown
    "path": pl.List(pl.String),  # datasets from the row's own back to where its lineage ends
}

#: Overlaps that are not called leaks, and why.
UNJUDGED: Schema = {**LEAKS, "reason": pl.String}

#: Leaks counted. A row or problem counts once, by its strongest relation.
LEAK_RATES: Schema = {
    "group": pl.String,  # dataset, benchmark, family, atomic_source, pair or held
    "name": pl.String,
    "benchmark": pl.String,  # the family, in `pair` and `held`; null elsewhere
    "unit": pl.String,  # rows or problems
    "total": pl.Int64,
    "leaked": pl.Int64,
    "share": pl.Float64,
    "low": pl.Float64,  # 95% interval
    "high": pl.Float64,
    **dict.fromkeys(SAME_PROBLEM, pl.Int64),
    **dict.fromkeys(TIERS, pl.Int64),
    "variant": pl.Int64,  # units with a template leak and no real one
    "unjudged": pl.Int64,  # units with nothing but overlaps that could not be judged
}

#: Who brought each leaked problem in, and who inherited it.
LEAK_PATHS: Schema = {
    "benchmark": pl.String,  # the family
    "problem": pl.String,  # key of its earliest item in any benchmark
    "brought_by": pl.String,
    "brought_row": pl.Int64,
    "relation": pl.String,
    "came_first": pl.String,
    "path": pl.List(pl.String),
    "heirs": pl.List(pl.String),
    "rows": pl.Int64,
}

#: Which benchmarks are copies of one, or lie inside a larger one.
BENCHMARK_FAMILIES: Schema = {
    "benchmark": pl.String,
    "family": pl.String,
    "part_of": pl.List(pl.String),
    "problems": pl.Int64,
}

#: Sources taken in one by one, and what was left without a source after each; round 0 is before the first.
RECOVERY: Schema = {
    "round": pl.Int64,
    "candidate": pl.String,
    "estimated_by": pl.String,  # text: its problems in any notation; numbers: in other words too
    "estimated": pl.Int64,  # rows that the candidate was estimated to account for, by its sketch
    "estimated_low": pl.Int64,  # 95% interval
    "estimated_high": pl.Int64,
    "found": pl.Int64,  # rows that have a source now and had none before
    "residue_rows": pl.Int64,
    "residue_share": pl.Float64,  # of all training rows
}

#: Rows whose gold answer is contradicted by rows of the same problem, the likeliest errors first.
GOLD_ERRORS: Schema = {
    "dataset": pl.String,
    "row": pl.Int64,
    "key": pl.String,
    "answer": pl.String,
    "probability": pl.Float64,  # that this answer is wrong
    "suggested": pl.String,  # the likeliest answer; null where it is the row's own
    "suggested_probability": pl.Float64,  # that it is right
    "sources_for": pl.Int64,  # independent sources that state the row's answer
    "sources_against": pl.Int64,
    "rows_against": pl.Int64,
    "evidence": pl.String,  # JSON: each answer with its sources, rows and examples
}

#: What training on a source did to its problems, always (base, trained).
TRANSITIONS: Schema = {
    "source": pl.String,
    "key": pl.String,
    "base_correct": pl.Float64,  # share of the k answers, 0 to 1
    "trained_correct": pl.Float64,
    "rollouts": pl.Int64,  # k, of each of the two
    "transition": pl.String,  # 00, 01, 10, 11 as (base, trained); null where not one answer could be judged
    "split": pl.String,  # train, held_out
    "raised": pl.Float64,  # probability that the solve rate rose by more than 0.1 (`sca.posterior`)
    "expected_gain": pl.Float64,  # trained rate - base rate, mean of the posterior
    "expected_gain_low": pl.Float64,  # 95% interval
    "expected_gain_high": pl.Float64,
}

#: What training on one source did to the held-out problems of another.
GAINS: Schema = {
    "trained_on": pl.String,
    "source": pl.String,  # of the held-out problems
    "problems": pl.Int64,
    "base_mean": pl.Float64,
    "trained_mean": pl.Float64,
    "gain": pl.Float64,
    "gain_low": pl.Float64,
    "gain_high": pl.Float64,
}

#: What became of every row that a mix was made from.
DECISIONS: Schema = {
    "dataset": pl.String,
    "row": pl.Int64,
    "key": pl.String,  # null where the row could not be read
    "action": pl.String,  # one of ACTIONS
    "reason": pl.String,  # a short fixed phrase, so that it can be counted
    "evidence": pl.String,  # JSON
    "seed": pl.Int64,  # of the recipe's draws
    "license": pl.String,  # SPDX, of the dataset; null where unknown
}

#: The rows of the mix, in its order.
MIX: Schema = {
    "index": pl.Int64,
    "dataset": pl.String,
    "row": pl.Int64,
    "key": pl.String,  # of the row as it was, as in `decisions`
    "action": pl.String,  # keep, add or replace
    "prompt": pl.String,
    "answer": pl.String,
    "atomic_source": pl.String,
    "root_dataset": pl.String,
    "root_row": pl.Int64,
    "license": pl.String,
    "language": pl.String,
    "domain": pl.String,
    "is_mcq": pl.Boolean,
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
