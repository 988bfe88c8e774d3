"""The dataset prior: what a whole dataset tells about one of its texts.

A dataset of rewordings has an original for nearly every text, all of them in one earlier dataset, and each is
used once; a dataset of new problems has none. A pair of texts alone shows nothing of this. Here the odds of
each pair are multiplied by what the surer pairs of its dataset tell: how many of its texts have an original
at all (by expectation maximisation, as in Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a
classifier to new a priori probabilities"), where originals stand, and whether another text has taken one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.match import calibrations

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_PRIOR = calibrations.thresholds()["prior"]
#: Odds that a text which the classifier was calibrated on has an original among the candidates that are read.
_TRAINED = _PRIOR["trained_share"] / (1 - _PRIOR["trained_share"])
#: The factor where nothing speaks for derivation: one leak among thousands of clean rows must still be found.
NOT_DERIVED = _PRIOR["least"]


@dataclass(frozen=True)
class Datasets:
    """Which text is of which dataset, by position in order of release.

    Attributes:
        begins: (n,) first position of the dataset that each text was first seen in; it names the dataset.
        roots: (n,) the earliest text that is the same problem by the earlier tiers, or the text itself.
        searched: (n,) whether the text is searched for.
        holders: For each dataset the texts that occur in it, also those that were first seen elsewhere.
        exclusive: Whether an original that a surer text has counts for less.
    """

    begins: Ints
    roots: Ints
    searched: NDArray[np.bool_]
    holders: Sequence[Ints]
    exclusive: bool = True


@dataclass(frozen=True)
class Claims:
    """Pairs of a child and a text that may be its original, ordered by child and parent.

    Attributes:
        children: (n,) positions.
        parents: (n,) positions.
        odds: (n,) that it is, by the classifier.
        trained: Odds that a text which the classifier was calibrated on had an original among the candidates.
    """

    children: Ints
    parents: Ints
    odds: Floats
    trained: float = _TRAINED


@dataclass(frozen=True)
class Origin:
    """Where the originals of a derived dataset are.

    Attributes:
        texts: Positions of the texts of the datasets that hold them.
        covered: Share of the originals known so far that are among these.
    """

    texts: Ints
    covered: float


def factors(claims: Claims, datasets: Datasets, origins: Mapping[int, Origin]) -> Floats:
    """What the odds of each pair are multiplied by, shape (n,).

    Args:
        claims: All candidate pairs.
        datasets: Of all texts.
        origins: By dataset (its first position), as far as known.
    """
    factor = _placed(claims, datasets, origins)
    share = _shares(replace(claims, odds=claims.odds * factor), datasets)[datasets.begins[claims.children]]
    factor = factor * _compared(share, claims.trained)
    if not datasets.exclusive:
        return factor
    return factor * _contested(replace(claims, odds=claims.odds * factor), datasets)


def origins(claims: Claims, datasets: Datasets) -> dict[int, Origin]:
    """Of each derived dataset, the datasets that hold most of its originals in the fewest texts.

    Args:
        claims: All candidate pairs.
        datasets: Of all texts.
    """
    links = _links(claims, datasets, {})
    searched = np.bincount(datasets.begins[datasets.searched], minlength=len(datasets.begins))
    dataset = datasets.begins[links.children]
    return {
        name: _origin(np.unique(datasets.roots[links.parents[dataset == name]]), name, datasets)
        for name in np.unique(dataset).tolist()
        if len(np.unique(links.children[dataset == name])) >= _PRIOR["derived"] * searched[name]
    }


def confirmed(claims: Claims, datasets: Datasets, origins: Mapping[int, Origin]) -> dict[int, Origin]:
    """The same origins with the share that they cover, once parents elsewhere count for less.

    Wrong links lead anywhere, so that at first less seems to be covered than is.

    Args:
        claims: All candidate pairs, those of a second search too.
        datasets: Of all texts.
        origins: By dataset, see `origins`.
    """
    found = dict(origins)
    for _ in range(int(_PRIOR["confirmations"])):
        links = _links(claims, datasets, found)
        dataset = datasets.begins[links.children]
        for name, origin in found.items():
            originals = np.unique(datasets.roots[links.parents[dataset == name]])
            inside = np.isin(originals, datasets.roots[origin.texts])
            found[name] = Origin(origin.texts, float(inside.mean()) if len(inside) else 0.0)
    return found


def without_original(
    claims: Claims, datasets: Datasets, origins: Mapping[int, Origin]
) -> Iterator[tuple[Ints, Ints]]:
    """For each derived dataset its texts without an original, and the texts where these should be.

    Args:
        claims: All candidate pairs.
        datasets: Of all texts.
        origins: By dataset, see `origins`.
    """
    links = _links(claims, datasets, {})
    done = np.zeros(len(datasets.begins), bool)
    done[links.children] = True
    reuse = _reuse(links, datasets)
    for name, origin in origins.items():
        children = np.flatnonzero(datasets.searched & ~done & (datasets.begins == name))
        among = origin.texts
        if datasets.exclusive and reuse[name] < _PRIOR["rarely"]:
            taken = datasets.roots[links.parents[datasets.begins[links.children] == name]]
            among = among[~np.isin(datasets.roots[among], taken)]
        if len(children) and len(among):
            yield children, among


def _links(claims: Claims, datasets: Datasets, origins: Mapping[int, Origin]) -> Claims:
    """The pairs that are more likely than not."""
    odds = claims.odds * factors(claims, datasets, origins)
    linked = odds >= 1
    return replace(
        claims, children=claims.children[linked], parents=claims.parents[linked], odds=odds[linked]
    )


def _compared(share: Floats, trained: float) -> Floats:
    """How much likelier originals are than among the texts that the classifier was trained on."""
    return np.clip(share / (1 - share) / trained, NOT_DERIVED, _PRIOR["most"])


def _shares(claims: Claims, datasets: Datasets) -> Floats:
    """Share of the searched texts of each dataset that have an original, by its first position."""
    n = len(datasets.begins)
    searched = np.bincount(datasets.begins[datasets.searched], minlength=n)
    best = np.zeros(n)
    np.maximum.at(best, claims.children, claims.odds)
    factor, share = np.full(n, NOT_DERIVED), np.zeros(n)
    for _ in range(int(_PRIOR["rounds"])):
        expected = factor[datasets.begins] * best
        found = np.bincount(datasets.begins, expected / (1 + expected), minlength=n)
        share = (found + 1) / (searched + 4)  # one of four before any is seen: two rows prove nothing
        factor = _compared(share, claims.trained)
    return share


def _placed(claims: Claims, datasets: Datasets, origins: Mapping[int, Origin]) -> Floats:
    """A parent outside of where a dataset's originals are counts as much as the rest of these."""
    factor = np.ones(len(claims.children))
    for name, origin in origins.items():
        inside = np.isin(datasets.roots[claims.parents], datasets.roots[origin.texts])
        outside = (datasets.begins[claims.children] == name) & ~inside
        factor[outside] = max(1 - origin.covered, _PRIOR["elsewhere"])
    return factor


def _origin(originals: Ints, name: int, datasets: Datasets) -> Origin:
    """Datasets are taken greedily, by the originals that they add and how densely these stand there."""
    earlier = [held[held < name] for held in datasets.holders]
    roots = [np.unique(datasets.roots[held]) for held in earlier]
    sizes = np.array([max(len(held), 1) for held in roots])
    left, chosen = originals, np.zeros(0, np.int64)
    while len(left) > _PRIOR["left"] * len(originals):
        adds = np.array([np.isin(left, held).sum() for held in roots])
        best = int(np.argmax(adds**2 / sizes))
        if adds[best] < _PRIOR["left"] * len(originals):
            break
        left = left[~np.isin(left, roots[best])]
        chosen = np.union1d(chosen, earlier[best])
    return Origin(chosen, 1 - len(left) / len(originals))


def _contested(claims: Claims, datasets: Datasets) -> Floats:
    """Less than 1 where a surer text of the same dataset has the parent already."""
    best = _best(claims)
    if not len(best):
        return np.ones(0)
    claimed = _claimed(claims, datasets)
    taken, first = np.unique(claimed[best], return_index=True)
    owner = best[first]
    place = np.minimum(np.searchsorted(taken, claimed), len(taken) - 1)
    contested = (
        (taken[place] == claimed)
        & (claims.children[owner[place]] != claims.children)
        & (claims.odds[owner[place]] >= 1)
    )
    return np.where(contested, _reuse(claims, datasets)[datasets.begins[claims.children]], 1.0)


def _reuse(claims: Claims, datasets: Datasets) -> Floats:
    """How likely the next text of each dataset is to have an original that another has, by first position."""
    n = len(datasets.begins)
    best = _best(claims)
    sure = best[claims.odds[best] >= _PRIOR["sure"]]
    links = np.bincount(datasets.begins[claims.children[sure]], minlength=n)
    distinct = np.bincount(np.unique(_claimed(claims, datasets)[sure]) // max(n, 1), minlength=n)
    return np.clip((links - distinct + 1) / (links + 2), _PRIOR["taken"], 1)


def _claimed(claims: Claims, datasets: Datasets) -> Ints:
    """A number for the dataset of each child and the problem that its parent is."""
    return datasets.begins[claims.children] * len(datasets.begins) + datasets.roots[claims.parents]


def _best(claims: Claims) -> Ints:
    """The likeliest pair of each child, the surest child first."""
    order = np.lexsort((claims.parents, claims.children, -claims.odds))
    _, first = np.unique(claims.children[order], return_index=True)
    return order[np.sort(first)]
