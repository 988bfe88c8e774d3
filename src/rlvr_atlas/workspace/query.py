"""The one reader: what a workspace knows of a key, a row or a text.

Functions that take a `Workspace` read its tables. The others work on frames, for stages that make tables.
Texts are costly to decode, so every look-up filters by key before it reads them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeVar

import polars as pl

from rlvr_atlas.errors import InputError
from rlvr_atlas.schema import is_same_problem
from rlvr_atlas.workspace.few_rows import LooksUp, rows_where
from rlvr_atlas.workspace.paging import Page, cut, pattern
from rlvr_atlas.workspace.store import Workspace

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
#: A row of a dataset: dataset id and row number.
Place = tuple[str, int]

#: What leads from a row upward.
_ABOVE = ("parent_dataset", "parent_row", "root_dataset", "root_row")
_KEY = re.compile(r"[0-9a-f]{40}")
#: DATASET:ROW with any dataset: one word with a letter in it, and a number.
_DIGITS = 12
_LONGEST_PLACE = 300
#: Behind the id of a dataset: another sign than a colon, or more than one number.
_NEARLY = re.compile(r"(?:[:：;#@|,/]|\s)(\d{1,12})(?:[:：;#@|,/]\d{0,12})*")
_ROW_LIKE = re.compile(r"(?=[^:]*[A-Za-z])[\w.-]{2,128}:-?\d+")


# --- frames --------------------------------------------------------------------------------------------


def both_ways(matches: Frame, *columns: str) -> Frame:
    """Matches as links in both directions.

    A match points from the later text to the earlier one, but two texts are the same problem whichever was
    published first.

    Args:
        matches: schema.MATCHES, or any frame with `child` and `parent`.
        columns: Columns of it to keep.

    Returns:
        key, other, and the columns: all links from child to parent, then all links from parent to child.
    """
    up = matches.select("child", "parent", *columns).rename({"child": "key", "parent": "other"})
    down = up.rename({"key": "other", "other": "key"}).select("key", "other", *columns)
    return pl.concat([up, down])


def between(matches: pl.DataFrame, pair: tuple[str, str]) -> dict[str, Any] | None:
    """The line of two keys, in either order.

    Args:
        matches: schema.MATCHES or schema.VERDICTS.
        pair: The two keys.

    Returns:
        The line, by column; None where there is none.
    """
    found = matches.filter(pl.col("child").is_in(pair) & pl.col("parent").is_in(pair))
    return found.row(0, named=True) if found.height else None


def uncut(lineage: pl.DataFrame) -> pl.DataFrame:
    """Lineage with the root of the root, and so on: all that any chain connects has one root.

    For what must keep apart whatever may be the same, as training and held-out problems.

    Args:
        lineage: schema.LINEAGE.
    """
    import numpy as np  # a look-up, which reads no whole lineage, need not wait for it

    from rlvr_atlas.stats import follow

    place = lineage.select(root_dataset="dataset", root_row="row").with_row_index("at")
    found = lineage.join(place, on=["root_dataset", "root_row"], how="left", maintain_order="left")
    itself = np.arange(lineage.height, dtype=np.int64)
    end, _ = follow(found["at"].cast(pl.Int64).fill_null(pl.Series(itself)).to_numpy())
    known = pl.col("root_dataset").is_not_null()
    tops = {f"root_{name}": lineage[name].gather(pl.Series(end)) for name in ("dataset", "row")}
    return lineage.with_columns(
        **{name: pl.when(known).then(values).otherwise(name) for name, values in tops.items()}
    )


# --- keys and rows -------------------------------------------------------------------------------------


def named(workspace: Workspace, query: str) -> tuple[str | None, Place | None]:
    """The key, and the row, that a query names.

    Args:
        workspace: A traced workspace.
        query: A key (40 hexadecimal digits), DATASET:ROW, or anything else.

    Returns:
        The key (not looked up) and None; or the key of the row and the row; or None twice: a text.

    Raises:
        InputError: If the dataset is there and the row is not, or the query names a row of no dataset.
    """
    if _KEY.fullmatch(query):
        return query, None
    dataset, _, number = query.rpartition(":")
    short = len(query) <= _LONGEST_PLACE
    ids = workspace.scan("datasets").select("dataset").collect()["dataset"].to_list() if short else []
    if not (number.isascii() and number.isdecimal() and dataset in ids):
        _refuse_mistyped(query, dataset, number, ids)
        return None, None
    number = number if len(number) <= _DIGITS else "9" * _DIGITS  # no dataset is as long as that
    row = rows_where(workspace, "occurrences", ("dataset", "row"), [(dataset, int(number))], ["key"])
    if row.is_empty():
        skipped = workspace.scan("skipped_rows").filter(dataset=dataset, row=int(number)).collect()
        why = f"it was skipped: {skipped['reason'][0]}" if skipped.height else "the dataset is shorter"
        raise InputError(f"no row {number} ({why})", where=dataset)
    return row["key"][0], (dataset, int(number))


def _refuse_mistyped(query: str, dataset: str, number: str, ids: list[str]) -> None:
    """Raise where a query is written like the name of a row and no text of a problem is."""
    if dataset in ids and len(query.split()) == 1:
        raise InputError(f"{number!r} is no row number", where=dataset, fix=f"write it as {dataset}:0")
    for name in ids:
        if query.startswith(name) and (found := _NEARLY.fullmatch(query, len(name))):
            what, fix = f"{query!r} names no row", f"write it as {name}:{found[1]}"
            raise InputError(what, where=name, fix=fix)
    if not _ROW_LIKE.fullmatch(query):
        return
    near = get_close_matches(dataset.lower(), [name.lower() for name in ids], n=3, cutoff=0.4)
    told = [f"{name}:{number}" for name in ids if name.lower() in near] or sorted(ids)[:10]
    fix = f"did you mean {' or '.join(told)}" if near else f"it holds {', '.join(told)}"
    raise InputError(f"no dataset {dataset!r} is in this workspace", where=query, fix=fix)


def has_key(workspace: Workspace, key: str) -> bool:
    """Whether a problem with this key is in the workspace."""
    return not rows_where(workspace, "instances", ("key",), [(key,)], ["key"]).is_empty()


def prompts(workspace: Workspace, keys: Iterable[str], *columns: str) -> pl.DataFrame:
    """The prompts of keys.

    Args:
        workspace: A workspace.
        keys: Keys; one that is not there has no line.
        columns: Further columns of schema.INSTANCES, such as `answer`.

    Returns:
        key, prompt, and the columns: one line per key, in the order of schema.INSTANCES.
    """
    wanted = [(key,) for key in sorted(set(keys))]
    return rows_where(workspace, "instances", ("key",), wanted, ("key", "prompt", *columns))


def places(workspace: Workspace, key: str) -> pl.DataFrame:
    """Every row that holds a key.

    Args:
        workspace: A workspace.
        key: A key.

    Returns:
        dataset, row, released, declared_source, answer, in the order of schema.OCCURRENCES (by release).
    """
    columns = ("dataset", "row", "released", "declared_source", "answer")
    return rows_where(workspace, "occurrences", ("key",), [(key,)], columns)


def first_places(workspace: Workspace, keys: Iterable[str]) -> pl.DataFrame:
    """The earliest row that holds each key.

    Args:
        workspace: A workspace.
        keys: Keys; one that is not there has no line.

    Returns:
        key, dataset, row: one line per key.
    """
    wanted = [(key,) for key in sorted(set(keys))]
    rows = rows_where(workspace, "occurrences", ("key",), wanted, ("key", "dataset", "row"))
    return rows.unique("key", keep="first", maintain_order=True)


# --- links and lineage ---------------------------------------------------------------------------------


def links(workspace: Workspace, *columns: str, min_probability: float = 0.0) -> pl.LazyFrame:
    """All matches of a workspace as links in both directions (see `both_ways`).

    Args:
        workspace: A traced workspace.
        columns: Columns of schema.MATCHES to keep.
        min_probability: Matches below it are left out.
    """
    sure = workspace.scan("matches").filter(pl.col("probability") >= min_probability)
    return both_ways(sure, *columns)


def related(workspace: Workspace, key: str) -> pl.DataFrame:
    """Texts that are matched to a key, whichever came first; the surest first.

    Args:
        workspace: A traced workspace.
        key: A key.

    Returns:
        key (of the other text), relation, tier, probability, prompt, evidence.
    """
    # Before both directions are made: only the evidence of a few lines is decoded.
    mine = pl.concat([rows_where(workspace, "matches", (side,), [(key,)]) for side in ("child", "parent")])
    others = both_ways(mine, "relation", "tier", "probability", "evidence").filter(key=key)
    texts = prompts(workspace, others["other"])
    return (
        others.select("relation", "tier", "probability", "evidence", key="other")
        .join(texts, on="key")
        .sort("probability", "key", descending=[True, False])
        .select("key", "relation", "tier", "probability", "prompt", "evidence")
    )


def chain(workspace: Workspace, place: Place) -> list[dict[str, Any]]:
    """The lineage of a row, back to its root, and no further: what the root descends from is its own matter.

    Args:
        workspace: A traced workspace.
        place: The row.

    Returns:
        Lines of schema.LINEAGE by column: the row, its parent, and so on; the last is the root.

    Raises:
        InputError: If the row is not in the workspace.
    """
    columns = ("dataset", "row")
    # Whole rows are costly to decode: the columns that tell the way come first, then its rows, all at once.
    parents: pl.DataFrame | None = None
    if not isinstance(workspace, LooksUp):
        parents = workspace.scan("lineage").select(*columns, *_ABOVE).collect()
    way: list[Place] = []
    root: Place | None = None
    ahead: Place | None = place
    while ahead is not None:
        way.append(ahead)
        found = (
            rows_where(workspace, "lineage", columns, [ahead])
            if parents is None
            else parents.filter(dataset=ahead[0], row=ahead[1])
        )
        if found.is_empty():
            raise InputError(f"no row {ahead[1]}", where=ahead[0], fix="choose a row of a dataset in view")
        above = found.select(*_ABOVE).row(0)
        root = root or (above[2], above[3])
        ahead = None if above[0] is None or way[-1] == root else (above[0], above[1])
    lines = rows_where(workspace, "lineage", columns, way).to_dicts()
    steps = {(step["dataset"], step["row"]): step for step in lines}
    return [steps[step] for step in way]


# --- paging and search ---------------------------------------------------------------------------------


def search(
    workspace: Workspace, text: str = "", *, limit: int = 20, offset: int = 0, answers: bool = False
) -> Page:
    """Problems whose prompt holds a text, one page of them.

    Args:
        workspace: A workspace.
        text: What the prompt holds, upper or lower case; every prompt holds the empty text.
        limit: Most lines of the page, 1 to 10,000.
        offset: How many problems to pass over.
        answers: Whether a problem is found by its answer too.

    Returns:
        key, prompt, answer, language, domain, occurrences, in the order of schema.INSTANCES.

    Raises:
        InputError: If `limit` or `offset` is out of range, or the text is too long or not UTF-8.
    """
    columns = ("key", "prompt", "answer", "language", "domain", "occurrences")
    found = workspace.scan("instances").select(columns)
    if text:
        holds = pl.col("prompt").str.contains(pattern(text))
        found = found.filter(holds | pl.col("answer").str.contains(pattern(text)) if answers else holds)
    return cut(found, limit, offset)


@dataclass(frozen=True)
class RowFilter:
    """Which rows of a dataset are wanted; a filter that is None, or an empty `text`, asks for nothing.

    Attributes:
        text: What the prompt holds, upper or lower case.
        source: The atomic source; the empty text for rows whose source is unknown.
        relation: The relation to the parent; the empty text for rows without a parent.
        leaked: Whether it is a benchmark's problem; asks for nothing where no audit was run.
    """

    text: str = ""
    source: str | None = None
    relation: str | None = None
    leaked: bool | None = None


def rows_of(
    workspace: Workspace, dataset: str, wanted: RowFilter, *, limit: int = 50, offset: int = 0
) -> Page:
    """The rows of a dataset with where each comes from, one page of them (see `search`).

    Returns:
        row, key, relation, tier, probability, parent_dataset, parent_row, atomic_source, decided_by, prompt,
        answer, leaks (benchmarks that hold the problem; null where no audit was run), in the order of rows.
    """
    columns = ("row", "key", "relation", "tier", "probability", "parent_dataset", "parent_row")
    rows = workspace.scan("lineage").filter(dataset=dataset)
    for column, value in (("atomic_source", wanted.source), ("relation", wanted.relation)):
        if value is not None:
            rows = rows.filter(pl.col(column).is_null() if value == "" else pl.col(column) == value)
    rows = rows.select(*columns, "atomic_source", "decided_by").collect().lazy()
    if workspace.has("leaks"):
        real = workspace.scan("leaks").filter(is_same_problem(), dataset=dataset)
        held = real.group_by("row").agg(leaks=pl.col("benchmark").unique().sort())
        rows = rows.join(held, on="row", how="left", maintain_order="left")
        if wanted.leaked is not None:
            rows = rows.filter(pl.col("leaks").is_not_null() == wanted.leaked)
    else:
        rows = rows.with_columns(leaks=pl.lit(None, pl.List(pl.String)))
    if wanted.text:
        every = workspace.scan("instances").select("key", "prompt")
        mine = every.join(rows.select("key").unique(), on="key", how="semi")
        holding = mine.filter(pl.col("prompt").str.contains(pattern(wanted.text)))
        rows = rows.join(holding.select("key"), on="key", how="semi", maintain_order="left")
    page = cut(rows.sort("row"), limit, offset)
    texts = prompts(workspace, page.rows["key"])
    answers = workspace.scan("occurrences").filter(dataset=dataset).select("row", "answer").collect()
    full = page.rows.join(texts, on="key", how="left", maintain_order="left")
    return replace(page, rows=full.join(answers, on="row", how="left", maintain_order="left"))


def descendants(workspace: Workspace, key: str, *, limit: int = 50, offset: int = 0) -> Page:
    """Rows that come from a key, one step down the lineage, one page of them (see `search`).

    Returns:
        dataset, row, key, relation, tier, probability, parent_dataset, parent_row.
    """
    columns = ("dataset", "row", "key", "relation", "tier", "probability", "parent_dataset", "parent_row")
    found = rows_where(workspace, "lineage", ("parent_key",), [(key,)], columns)
    return cut(found.lazy(), limit, offset)


def decisions(workspace: Workspace, key: str, row: Place | None = None) -> list[dict[str, Any]]:
    """What became of the rows that hold a problem, where a mix was made.

    Args:
        workspace: A traced workspace.
        key: Of the problem.
        row: Which row comes first.

    Returns:
        dataset, row, action, reason and evidence (a mapping) of each row that was considered; none without
        a mix.
    """
    if not workspace.has("decisions"):
        return []
    wanted = ("dataset", "row", "action", "reason", "evidence")
    found = rows_where(workspace, "decisions", ("key",), [(key,)], wanted).to_dicts()
    lines = [{**line, "evidence": json.loads(line["evidence"] or "{}")} for line in found]
    return sorted(lines, key=lambda line: (line["dataset"], line["row"]) != row)
