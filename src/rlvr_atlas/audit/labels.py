"""All evidence against gold answers: the vote of other rows, and forms that the question excludes."""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl

from rlvr_atlas.audit.forms import WRONG, excluded_forms
from rlvr_atlas.audit.golds import TABLES as VOTED
from rlvr_atlas.audit.golds import doubtful_golds
from rlvr_atlas.schema import GOLD_ERRORS, conform

#: What it reads.
TABLES = (*VOTED, "instances")


def gold_errors(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Gold answers that something speaks against, the likeliest errors first.

    Args:
        tables: Those of TABLES, as `schema` lists them.

    Returns:
        schema.GOLD_ERRORS. A row that both speak against is right only if both are mistaken; what only its
        form speaks against has no counts of sources.
    """
    vote = doubtful_golds(tables)
    texts = tables["instances"].select("key", "prompt", "language")
    rows = tables["occurrences"].select("dataset", "row", "key", "answer").join(texts, on="key", how="left")
    forms = excluded_forms(rows)
    names = ["dataset", "row"]
    told = vote.join(forms.select(*names, "check"), on=names, how="left", maintain_order="left")
    both = told.with_columns(
        probability=pl.when(pl.col("check").is_null())
        .then("probability")
        .otherwise(1 - (1 - pl.col("probability")) * (1 - WRONG)),
        evidence=pl.struct("evidence", "check").map_elements(_with_check, return_dtype=pl.String),
    )
    alone = forms.join(vote, on=names, how="anti").with_columns(
        probability=pl.lit(WRONG),
        evidence=pl.struct(evidence=pl.lit("[]"), check="check").map_elements(
            _with_check, return_dtype=pl.String
        ),
    )
    found = pl.concat([conform(part.drop("check"), GOLD_ERRORS) for part in (both, alone)])
    return found.sort(
        "probability", "sources_against", *names, descending=[True, True, False, False], nulls_last=True
    )


def _with_check(told: dict[str, str | None]) -> str:
    """The evidence with the check that failed at its end."""
    evidence, check = json.loads(told["evidence"] or "[]"), told["check"]
    return json.dumps([*evidence, *([{"check": check}] if check else [])], ensure_ascii=False)
