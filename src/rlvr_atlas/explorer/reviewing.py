"""The review queue before a browser: the next undecided pair, and decisions, written at once."""

from __future__ import annotations

import threading

import polars as pl

from rlvr_atlas import pipeline
from rlvr_atlas.errors import InputError
from rlvr_atlas.explorer.held import HeldWorkspace
from rlvr_atlas.explorer.pages import Facts, pair
from rlvr_atlas.lineage import review
from rlvr_atlas.schema import RELATIONS
from rlvr_atlas.workspace.query import has_key, prompts
from rlvr_atlas.workspace.store import Workspace

#: Keys of the review page, as on the command line.
KEYS = {"a": "accept", "r": "reject", "s": "skip"} | {
    str(number): relation for number, relation in enumerate(RELATIONS, start=1)
}
#: One decision at a time, one application at a time; the file has a lock of its own against other processes.
_DECIDING = threading.Lock()
_APPLYING = threading.Lock()


def queue(held: HeldWorkspace) -> pl.DataFrame:
    """What is undecided yet, that first on which most rows hang."""
    return _left(held, review.read(held)[0])


def _left(held: HeldWorkspace, decisions: list[review.Decision]) -> pl.DataFrame:
    waiting = held.once("queue", lambda: _all(held))
    asked = ("left", tuple(decision.line() for decision in decisions))
    return held.recent(asked, lambda: review.left_of(waiting, decisions, held.read("instances")))


def _all(held: HeldWorkspace) -> pl.DataFrame:
    tables = {name: held.read(name) for name in ("datasets", "occurrences", "instances")}
    return review.queue(held.read("verdicts"), [], tables, pipeline.stored_recipe(held).match)


def shown(held: HeldWorkspace, skip: int, by: str) -> Facts:
    """The pair at a place of the queue.

    Args:
        held: A traced workspace.
        skip: How many pairs were passed over.
        by: Who decides, to be shown again.
    """
    decisions, bad = review.read(held)
    left = _left(held, decisions)
    facts: Facts = {"left": left.height, "skip": min(skip, left.height), "by": by, "keys": KEYS, "bad": bad}
    facts |= {"waiting": None, "pair": None, "decided": len(review.standing(decisions))}
    facts["unapplied"] = unapplied(held, decisions)
    facts["latest"] = [one.model_dump(mode="json") for one in reversed(decisions[-10:])]
    if skip < left.height:
        waiting = left.row(skip, named=True)
        facts |= {"waiting": waiting, "pair": pair(held, waiting["child"], waiting["parent"])}
    return facts


def unapplied(held: HeldWorkspace, decisions: list[review.Decision]) -> int:
    """How many standing decisions about texts in view the tables do not follow yet."""
    if not decisions:
        return 0
    keys = pl.Series([key for one in decisions for key in one.pair], dtype=pl.String).unique()
    known = set(prompts(held, keys)["key"])
    mine = held.scan("matches").filter(pl.col("child").is_in(keys.implode()))
    relations = {
        (min(child, parent), max(child, parent)): relation
        for child, parent, relation in mine.select("child", "parent", "relation").collect().iter_rows()
    }
    standing = [one for one in review.standing(decisions) if known.issuperset(one.pair)]
    return sum(relations.get(one.pair) != one.relation for one in standing)


def decide(held: HeldWorkspace, names: tuple[str, str], verdict: str, by: str, why: str) -> review.Decision:
    """Write a decision at once.

    Args:
        held: A traced workspace.
        names: The keys of the two texts.
        verdict: accept, reject or a relation.
        by: Who decides.
        why: Why.

    Raises:
        InputError: If a text is not there, or a value is none.
    """
    for name in names:
        if not has_key(held, name):
            raise InputError("no problem with this key in the workspace", where=name[:80])
    decision = review.judge(held.read("verdicts"), names, verdict, by=by, why=why)
    with _DECIDING:
        review.add(held, [decision])
    return decision


def apply(held: HeldWorkspace) -> int:
    """Make the tables that follow from decisions again; how many rows have an origin decided by review.

    Raises:
        WorkspaceError: If the workspace is being written; the decisions are kept.
    """
    with _APPLYING:
        return pipeline.apply_decisions(Workspace(held.folder), lambda *_: None)
