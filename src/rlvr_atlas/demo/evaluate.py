"""Judge a lineage against the known truth of a demo world."""

from __future__ import annotations

import polars as pl

from rlvr_atlas.schema import SAME_PROBLEM, Schema

EVALUATION: Schema = {
    "measure": pl.String,  # a relation, or one of the further measures that `evaluate` lists
    "strength": pl.String,  # light or heavy rewordings; null for all
    "truth": pl.Int64,  # rows that are so
    "recalled": pl.Int64,  # of these, rows that were linked rightly
    "recall": pl.Float64,
    "found": pl.Int64,  # rows (or pairs) that were said to be so
    "correct": pl.Int64,  # of these, those that are right
    "precision": pl.Float64,
}

_SAME = list(SAME_PROBLEM)


def evaluate(
    lineage: pl.DataFrame, matches: pl.DataFrame, occurrences: pl.DataFrame, truth: pl.DataFrame
) -> pl.DataFrame:
    """Precision and recall per relation, of rows.

    A link is right when the linked row holds the right problem, whichever copy of it that is and whichever of
    the four same-problem relations was given: published copies are many, and which one served as the model
    cannot be told from the text. A `variant` is right when the two rows were varied from one problem and are
    not the same one; a row that merely resembles another (one template, other numbers) is not its variant.

    Args:
        lineage: Columns of `schema.LINEAGE`.
        matches: Columns of `schema.MATCHES`; judged pair by pair, uncertain pairs included.
        occurrences: Columns of `schema.OCCURRENCES`; says which problems the keys of `matches` are.
        truth: Columns of `world.TRUTH`.

    Returns:
        Columns of `EVALUATION`. One line per relation: `recall` is over rows with that relation in truth
        (linked as the same problem in any way; a variant as a variant), `precision` over rows given that
        relation. The lines for light and heavy rewordings count rows that are so in truth, on both sides.
        Then "same problem" overall; "new" (rows without an origin; right when not linked, or linked to their
        own duplicate); "atomic source" (rows whose source is in view, those said to have one, those with the
        right one); "matched pairs"; and "renumbered called the same", the worst error: `truth` is the number
        of variant rows, `found` the number of rows linked as the same problem to one that they only vary.
    """
    rows = _judged(lineage, truth)
    same_called, same_right = pl.col("called").is_in(_SAME), pl.col("same_right")
    lines = [
        _line(rows, name, (pl.col("relation") == name, same_right), (pl.col("called") == name, same_right))
        for name in _SAME
    ]
    for strength in ("light", "heavy"):
        group = rows.filter(pl.col("strength") == strength)
        lines.append(
            _line(group, "reworded", (pl.lit(True), same_right), (same_called, same_right), strength)
        )
    variant, new = pl.col("relation") == "variant", pl.col("relation").is_null()
    variant_right = pl.col("variant_right")
    unlinked = pl.col("called").is_null()
    known, said = pl.col("atomic_source").is_not_null(), pl.col("said_source").is_not_null()
    source_right = pl.col("atomic_source").eq_missing(pl.col("said_source")) & said
    lines += [
        _line(rows, "variant", (variant, variant_right), (pl.col("called") == "variant", variant_right)),
        _line(rows, "same problem", (pl.col("relation").is_in(_SAME), same_right), (same_called, same_right)),
        _line(rows, "new", (new, unlinked | same_right), (unlinked, new)),
        _line(rows, "atomic source", (known, source_right), (said, source_right)),
        _pairs(matches, occurrences, truth),
        _worst(rows, same_called),
    ]
    return pl.DataFrame(lines, schema=EVALUATION, orient="row")


def _judged(lineage: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """The truth with what the lineage says of each row, and whether that is right (never null)."""
    parents = truth.select(
        parent_dataset="dataset", parent_row="row", parent_problem="problem", parent_stem="stem"
    )
    said = lineage.select(
        "dataset", "row", "parent_dataset", "parent_row", called="relation", said_source="atomic_source"
    )
    same = pl.col("problem").eq_missing(pl.col("parent_problem"))
    kin = pl.col("stem").eq_missing(pl.col("parent_stem"))
    return (
        truth.join(said, on=["dataset", "row"], how="left", maintain_order="left")
        .join(parents, on=["parent_dataset", "parent_row"], how="left", maintain_order="left")
        .with_columns(
            same_right=(pl.col("called").is_in(_SAME) & same).fill_null(value=False),
            variant_right=((pl.col("called") == "variant") & kin & ~same).fill_null(value=False),
            only_varies=kin & ~same,
        )
    )


Line = tuple[str, str | None, int | None, int | None, float | None, int, int | None, float | None]


def _line(
    rows: pl.DataFrame,
    measure: str,
    recall: tuple[pl.Expr, pl.Expr],
    precision: tuple[pl.Expr, pl.Expr],
    strength: str | None = None,
) -> Line:
    """Count rows; both pairs are (which rows, which of these are right)."""
    (true, hit), (called, right) = recall, precision
    truth, recalled = rows.filter(true).height, rows.filter(true & hit).height
    found, correct = rows.filter(called).height, rows.filter(called & right).height
    return measure, strength, truth, recalled, _share(recalled, truth), found, correct, _share(correct, found)


def _pairs(matches: pl.DataFrame, occurrences: pl.DataFrame, truth: pl.DataFrame) -> Line:
    """All pairs of texts that were called the same problem."""
    problems = (
        occurrences.join(truth, on=["dataset", "row"], how="inner")
        .select("key", "problem")
        .unique("key", keep="first")
    )
    pairs = (
        matches.filter(pl.col("relation").is_in(_SAME))
        .join(problems.rename({"key": "child"}), on="child", how="left")
        .join(problems.rename({"key": "parent", "problem": "parent_problem"}), on="parent", how="left")
    )
    correct = pairs.filter(pl.col("problem") == pl.col("parent_problem")).height
    return "matched pairs", None, None, None, None, pairs.height, correct, _share(correct, pairs.height)


def _worst(rows: pl.DataFrame, same_called: pl.Expr) -> Line:
    variants = rows.filter(pl.col("relation") == "variant").height
    wrong = rows.filter(same_called & pl.col("only_varies")).height
    return "renumbered called the same", None, variants, None, None, wrong, None, None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
