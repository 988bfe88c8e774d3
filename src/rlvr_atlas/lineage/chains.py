"""Chains: how far a problem stays the same problem along links that each say so.

Where C links to B and B to A, nobody has compared C with A. Many small changes, each harmless, lead to
another problem, so a chain says "the same problem" of its two ends only while nothing speaks against it:

1. A verdict of their own decides: `variant` against it, where it is at least as sure as the chain (a person's
   no always is), any other relation for it.
2. Without one, the product of the links' probabilities has to reach the threshold of a match,
3. and two answers that can be read must not differ. They say nothing behind an `embedded` link (a part
   rightly has another answer than the whole) nor of a problem with options (it may be a letter or a number).

Where it ends, the nearest link stands: it has a verdict of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas import answer
from rlvr_atlas.schema import RELATIONS, SAME_PROBLEM, strength
from rlvr_atlas.stats import components, follow

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_EMBEDDED = RELATIONS.index("embedded")


@dataclass(frozen=True)
class Verdicts:
    """What is known of any two keys, asked of many pairs at once.

    Attributes:
        keys: Key and its number, sorted by number; numbers go from 0.
        codes: Shape (pairs,): each compared pair as one integer, ascending.
        relation: Shape (pairs,): its place in RELATIONS.
        probability: Shape (pairs,).
        answers: Text by number of key; null where there is none.
        bar: Least probability of a chain.
    """

    keys: pl.DataFrame
    codes: Integers
    relation: Integers
    probability: Floats
    answers: list[str | None]
    bar: float

    @classmethod
    def of(
        cls, matches: pl.DataFrame, answers: pl.DataFrame, bar: float, rejected: pl.DataFrame | None = None
    ) -> Verdicts:
        """Number the keys and sort the pairs.

        Args:
            matches: schema.MATCHES; those below `bar` say nothing.
            answers: key, answer: every key that may be asked for, with its first answer.
            bar: Least probability of a chain.
            rejected: child, parent: pairs of which a person says that they are no match.
        """
        keys = answers.select("key").with_row_index("number").with_columns(pl.col("number").cast(pl.Int64))
        counted = ("relation", "probability")
        told = [matches.filter(pl.col("probability") >= bar).select("child", "parent", *counted)]
        if rejected is not None:
            no = {"relation": pl.lit("variant"), "probability": pl.lit(1.0)}
            told.append(rejected.select("child", "parent", **no))
        n = keys.height
        ends = (
            pl.concat(told)
            .join(keys, left_on="child", right_on="key")
            .join(keys, left_on="parent", right_on="key", suffix="_parent")
        )
        low, high = (f("number", "number_parent") for f in (pl.min_horizontal, pl.max_horizontal))
        pairs = (
            ends.select("probability", code=low * n + high, relation=strength().cast(pl.Int64))
            .sort("code", "relation", -pl.col("probability"))
            .unique("code", keep="first", maintain_order=True)
        )
        code, relation, likely = (pairs[name].to_numpy() for name in ("code", "relation", "probability"))
        return cls(keys, code, relation, likely, answers["answer"].to_list(), bar)

    def numbers(self, keys: pl.Series) -> Integers:
        """The number of each key, shape (keys,)."""
        found = pl.DataFrame({"key": keys}).join(self.keys, on="key", how="left", maintain_order="left")
        return found["number"].to_numpy().astype(np.int64)

    def of_pairs(self, a: Integers, b: Integers) -> tuple[Integers, Floats]:
        """The relation of pairs of keys, by number, -1 where there is no verdict, and its probability."""
        if not len(self.codes):
            return np.where(a == b, 0, -1), np.ones(len(a))
        wanted = np.minimum(a, b) * self.keys.height + np.maximum(a, b)
        place = np.searchsorted(self.codes, wanted).clip(max=len(self.codes) - 1)
        found = np.where(self.codes[place] == wanted, self.relation[place], -1)
        return np.where(a == b, 0, found), np.where(a == b, 1.0, self.probability[place])

    def answers_differ(self, a: Integers, b: Integers) -> Flags:
        """Whether the answers of pairs of keys, by number, are certainly not the same."""
        texts = [(self.answers[i], self.answers[j]) for i, j in zip(a.tolist(), b.tolist(), strict=True)]
        known = {pair: pair[0] != pair[1] and answer.compare(*pair) == "different" for pair in set(texts)}
        return np.array([known[pair] for pair in texts], bool)


def stated(occurrences: pl.DataFrame, instances: pl.DataFrame | None = None) -> pl.DataFrame:
    """The first answer of each key that can be compared with that of another: key, answer (or null).

    Args:
        occurrences: schema.OCCURRENCES, by release.
        instances: schema.INSTANCES, which knows what is asked with options; without it none is.
    """
    first = occurrences.group_by("key", maintain_order=True).agg(pl.col("answer").drop_nulls().first())
    if instances is None:
        return first
    options = instances.filter("is_mcq")["key"]
    bare = pl.when(~pl.col("key").is_in(options.implode())).then("answer")
    return first.with_columns(answer=bare)


@dataclass(frozen=True)
class Links:
    """What each place links to as the same problem; places go from 0.

    Attributes:
        up: Shape (n,): that place, its own where there is none.
        relation: Shape (n,): of that link, its place in RELATIONS.
        probability: Shape (n,): of that link.
        keys: Shape (n,): the number of each place's key.
    """

    up: Integers
    relation: Integers
    probability: Floats
    keys: Integers


def same_until(links: Links, verdicts: Verdicts, *, anew: bool = False) -> Integers:
    """The place with which each place is still the same problem, as far up as the chain holds.

    Args:
        links: From place to place, without circles.
        verdicts: What is known of keys.
        anew: Where a chain ends, a new one starts at that place; otherwise at the place it links to.

    Returns:
        Shape (n,). What a place ends at need not end at itself: it may be the same as something further up
        that this place is not the same as.
    """
    up, relation, probability, keys = links.up, links.relation, links.probability, links.keys
    end = np.arange(len(up), dtype=np.int64)
    sure, part = np.ones(len(up)), np.zeros(len(up), bool)
    steps = follow(up)[1]
    order = np.argsort(steps, kind="stable")
    bounds = np.searchsorted(steps[order], np.arange(1, int(steps.max(initial=0)) + 2))
    for begin, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        here = order[begin:stop]
        near, top = up[here], end[up[here]]
        direct, own = verdicts.of_pairs(keys[here], keys[top])
        direct = np.where(near == top, relation[here], direct)
        own = np.where(near == top, probability[here], own)
        chained, parts = probability[here] * sure[near], (relation[here] == _EMBEDDED) | part[near]
        # A variant that a rule finds at .8 says less than two links that are surer together.
        outweighed = (direct >= len(SAME_PROBLEM)) & (own < chained)
        direct = np.where(outweighed, -1, direct)
        holds = (direct >= 0) & (direct < len(SAME_PROBLEM))
        by_chain = (direct < 0) & (chained >= verdicts.bar)
        asked = np.flatnonzero(by_chain & ~parts)
        by_chain[asked] = ~verdicts.answers_differ(keys[here[asked]], keys[top[asked]])
        # What is known of a place and its end; where the chain ends, of a place and the link before.
        known = np.where(holds, own, chained), np.where(holds, direct == _EMBEDDED, parts)
        ends = ~holds & ~by_chain
        end[here] = np.where(ends, here if anew else near, top)
        sure[here] = np.where(ends, 1.0 if anew else probability[here], known[0])
        part[here] = np.where(ends, (not anew) & (relation[here] == _EMBEDDED), known[1])
    return end


def problems(keys: pl.Series, links: pl.DataFrame, verdicts: Verdicts) -> Integers:
    """Group keys that are one problem.

    Args:
        keys: Distinct keys, the earliest first.
        links: key, other, relation, probability: which keys are the same problem, both ways.
        verdicts: What is known of these keys.

    Returns:
        Shape (keys,): for each the place of the first key of its problem.
    """
    place = pl.DataFrame({"key": keys}).with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    edges = (
        links.join(place, on="key")
        .join(place, left_on="other", right_on="key", suffix="_other")
        .filter(pl.col("place") != pl.col("place_other"))
        .sort("place", "place_other", strength(), -pl.col("probability"))
        .unique(["place", "place_other"], keep="first", maintain_order=True)
    )
    up, relation, sure = _nearest_the_first(len(keys), edges)
    return same_until(Links(up, relation, sure, verdicts.numbers(keys)), verdicts, anew=True)


def _nearest_the_first(n: int, edges: pl.DataFrame) -> tuple[Integers, Integers, Floats]:
    """For each place the one it is reached from on the shortest way from the first of its component.

    Args:
        n: How many places there are.
        edges: place, place_other, relation, probability: both ways, sorted, each pair once.

    Returns:
        The place that it is reached from (its own for a first one), and the relation (its place in RELATIONS)
        and probability of that link.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order

    a, b = (edges[name].to_numpy() for name in ("place", "place_other"))
    first = np.array(components(n, zip(a.tolist(), b.tolist(), strict=True)), np.int64)
    up, relation, sure = np.arange(n, dtype=np.int64), np.zeros(n, np.int64), np.ones(n)
    tops = np.flatnonzero(first == up)
    # One search from a place beside all others, from which every first place can be reached.
    ends = np.concatenate([a, np.full(len(tops), n)]), np.concatenate([b, tops])
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(n + 1, n + 1)).tocsr()
    _, before = breadth_first_order(graph, n, directed=True)
    reached = before[:n] != n
    up[reached] = before[:n][reached]
    at = np.searchsorted(a * n + b, np.flatnonzero(reached) * n + up[reached])
    sure[reached] = edges["probability"].to_numpy()[at]
    relation[reached] = edges.select(strength())["relation"].to_numpy()[at]
    return up, relation, sure
