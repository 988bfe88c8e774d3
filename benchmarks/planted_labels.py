"""Planted label errors: 5% of the gold answers of a traced workspace are changed, and looked for.

Only the column of answers is changed, after tracing: what is measured is the vote, not the matching. Rows
that another row contradicted before are left out of the count: nobody knows which of them is right.

    python benchmarks/planted_labels.py WORKSPACE [--share 0.05] [--seed 0] [--dataset ID ...]

With --forms FILE ... instead of a workspace: what the checks of forms say of the answers as they are, and of
the same answers changed, every one of them in one of the four ways.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl

from rlvr_atlas.answer import compare
from rlvr_atlas.audit.forms import excluded_forms
from rlvr_atlas.audit.golds import TABLES, doubtful_golds
from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.ingest import read_partition
from rlvr_atlas.load import open_dataset

_NUMBER = re.compile(r"\d+")
_AT = ["dataset", "row"]


def digit(answer: str, _other: str, rng: random.Random) -> str:
    """Another digit in a number."""
    spots = [at for at, sign in enumerate(answer) if sign.isdecimal()]
    if not spots:
        return answer
    at = rng.choice(spots)
    return answer[:at] + str((int(answer[at]) + rng.randint(1, 9)) % 10) + answer[at + 1 :]


def near(answer: str, _other: str, rng: random.Random) -> str:
    """A number that is off by one."""
    found = list(_NUMBER.finditer(answer))
    if not found:
        return answer
    one = rng.choice(found)
    return answer[: one.start()] + str(int(one[0]) + 1) + answer[one.end() :]


def sign(answer: str, _other: str, _rng: random.Random) -> str:
    """The opposite number."""
    return answer.removeprefix("-") if answer.startswith("-") else f"-{answer}"


def swapped(_answer: str, other: str, _rng: random.Random) -> str:
    """The answer of another row of the dataset."""
    return other


WAYS: dict[str, Callable[[str, str, random.Random], str]] = {
    "a digit": digit, "off by one": near, "the sign": sign, "another row's": swapped,
}  # fmt: skip


def plant(occurrences: pl.DataFrame, share: float, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Change some answers.

    Returns:
        The table with changed answers; dataset, row and way of each that is another answer now.
    """
    rng = random.Random(seed)
    changed, answers = [], occurrences["answer"].to_list()
    for at, answer in enumerate(answers):
        if answer is None or rng.random() >= share:
            continue
        way = rng.choice(list(WAYS))
        other = answers[rng.randrange(max(0, at - 200), min(len(answers), at + 200))] or answer
        new = WAYS[way](answer, other, rng)
        if compare(answer, new) == "different":
            answers[at] = new
            changed.append((at, way))
    planted = occurrences.with_row_index("at").join(
        pl.DataFrame(changed, {"at": pl.UInt32, "way": pl.String}, orient="row"), on="at"
    )
    table = occurrences.with_columns(answer=pl.Series(answers, dtype=pl.String))
    return table, planted.select(*_AT, "key", "way")


def measure(tables: dict[str, pl.DataFrame], share: float, seed: int) -> dict[str, object]:
    """Precision of the first half of the list and recall of it and of the whole list."""
    occurrences = tables["occurrences"].sort(_AT)
    before = doubtful_golds(tables)
    changed, planted = plant(occurrences, share, seed)
    after = doubtful_golds({**tables, "occurrences": changed})
    # Problems that were contradicted before are of unknown truth.
    after = after.join(before.select("key").unique(), on="key", how="anti")
    planted = planted.join(before.select("key").unique(), on="key", how="anti")
    copies = occurrences.drop_nulls("answer").group_by("key").agg(rows=pl.len())
    planted = planted.join(copies, on="key", how="left")
    listed = after.filter(pl.col("probability") >= 0.5).join(planted.select(*_AT, "way"), on=_AT, how="left")
    half = listed.head(listed.height // 2)
    with_copies = planted.filter(pl.col("rows") > 1)

    def recall(found: pl.DataFrame, of: pl.DataFrame) -> float:
        return found.join(of, on=_AT, how="semi").height / max(1, of.height)

    return {
        "planted": planted.height,
        "with copies": with_copies.height,
        "listed": listed.height,
        "precision, first half": half["way"].is_not_null().mean(),
        "precision, all": listed["way"].is_not_null().mean(),
        "recall with copies, first half": recall(half, with_copies),
        "recall with copies, all": recall(listed, with_copies),
        "recall with two copies or more, all": recall(listed, planted.filter(pl.col("rows") > 2)),
        **{f"recall with copies, {way}": recall(listed, with_copies.filter(way=way)) for way in WAYS},
    }


def measure_forms(rows: pl.DataFrame, seed: int) -> dict[str, object]:
    """How often a form is called excluded: of answers as they are, and of changed ones.

    Args:
        rows: dataset, row, key, prompt, answer, language.
        seed: Of the changes.
    """
    changed, planted = plant(rows.drop_nulls("answer"), 1.0, seed)
    before, after = excluded_forms(rows), excluded_forms(changed).join(planted, on=_AT, how="semi")
    found = after.join(before.select(_AT), on=_AT, how="anti")
    ways = found.join(planted.select(*_AT, "way"), on=_AT)["way"].value_counts(sort=True)
    return {
        "answers": rows["answer"].count(),
        "called excluded as they are": before.height,
        "changed": planted.height,
        "called excluded after": found.height,
        "share found": found.height / max(1, planted.height),
        **{f"by {way}": number for way, number in ways.iter_rows()},
        **dict(found["check"].value_counts(sort=True).iter_rows()),
    }


def main() -> None:
    """Print the table of docs/curate.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path, nargs="?")
    parser.add_argument("--forms", nargs="+", metavar="FILE", help="measure the checks of forms on these")
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dataset", nargs="*", help="only these of its datasets")
    given = parser.parse_args()
    if given.forms:
        for name in given.forms:
            spec = DatasetSpec(id=Path(name).name.split(".")[0], path=name)
            read = read_partition(open_dataset(spec, Path(), allow_network=False)).rows
            _print({"file": spec.id, **measure_forms(read.with_columns(dataset=pl.lit(spec.id)), given.seed)})
        return
    if given.workspace is None:
        parser.error("give a workspace, or --forms")
    tables = {name: pl.read_parquet(given.workspace / f"{name}.parquet") for name in TABLES}
    if given.dataset:
        for name in ("occurrences", "lineage"):
            tables[name] = tables[name].filter(pl.col("dataset").is_in(given.dataset))
    _print(measure(tables, given.share, given.seed))


def _print(measured: dict[str, object]) -> None:
    for name, value in measured.items():
        print(f"| {name} | {value:.3f} |" if isinstance(value, float) else f"| {name} | {value} |")


if __name__ == "__main__":
    main()
