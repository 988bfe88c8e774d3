"""Programming problems in other words, in prose or in the comments of code in any language.

Different tasks are told in the same words ("given an array of integers, return ..."), and the same task in
different ones. So candidates are the nearest by rare words, and a logistic regression weighs what two tasks
have in common: words, names of functions, what stands in their examples, tests, and how far the next best is.
Then the dataset prior counts, as for all other texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rlvr_atlas.match import calibrations, code_problems, dataset_prior
from rlvr_atlas.match.decide import POSSIBLE, in_other_words
from rlvr_atlas.match.near_duplicates import Pair
from rlvr_atlas.match.programs import Program
from rlvr_atlas.match.sparse import products
from rlvr_atlas.text.token_table import TokenTable

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: What the regression sees of a pair. Rarity is that among the programming problems at hand.
COLUMNS = (
    "cosine",  # of the words of both, weighed by rarity
    "lead",  # how much higher it is than that of the best other candidate
    "child_share",  # of the child's words that the parent has, weighed by rarity
    "parent_share",
    "pairs",  # cosine of neighbouring words
    "names",  # cosine of the parts of their functions' names
    "counts",  # whether both speak of counts (two, third, 4) and of none in common
    "literals",  # summed rarity of the numbers and quoted texts that both have, in bits, 20 at most
    "tests",  # whether they share a test,
    "shapes",  # or tests that give and want the same kinds of values
    "words",  # binary logarithm of the fewer words
)
#: Candidates of each text.
_NEAREST = 32
#: A word that more texts have is not searched by, and counts only where two texts are compared.
_MOST = 4_000
#: Scores that are looked at at a time.
_SCORES = 4_000_000
#: One wrong result beside so many right ones is a slip of whoever wrote a task anew, and no other task.
_SLIPS = 2


@dataclass(frozen=True)
class Pairs:
    """Candidates.

    Attributes:
        parents: (n,) positions.
        children: (n,) positions.
        features: (n, len(COLUMNS)).
    """

    parents: Ints
    children: Ints
    features: Floats


def find(texts: TokenTable, problems: Mapping[int, Program], datasets: dataset_prior.Datasets) -> list[Pair]:
    """Find earlier programming problems that are the same in other words.

    Args:
        texts: Tokens of all texts, ordered by release.
        problems: Parts of the programming problems by position, ascending.
        datasets: Which text is of which dataset, and which are searched for.
    """
    places = np.array([*problems], np.int64)
    children = np.flatnonzero(datasets.searched[places])
    limits = np.searchsorted(places, datasets.begins[places[children]])
    claims = _claims(problems, children, limits)
    origins = dataset_prior.origins(claims, datasets)
    origins = dataset_prior.confirmed(claims, datasets, origins)
    return _pairs(texts, problems, claims, dataset_prior.factors(claims, datasets, origins))


def look_up(texts: TokenTable, problems: Mapping[int, Program]) -> list[Pair]:
    """What the last of some programming problems, of no dataset, is to the others.

    Args:
        texts: Tokens.
        problems: Parts of the programming problems by position, ascending.
    """
    last = np.array([len(problems) - 1])
    claims = _claims(problems, last, last)
    return _pairs(texts, problems, claims, np.full(len(claims.odds), dataset_prior.NOT_DERIVED))


def _claims(problems: Mapping[int, Program], children: Ints, limits: Ints) -> dataset_prior.Claims:
    """Candidate pairs that are possible, with their odds; places among the problems become positions."""
    programs = [*problems.values()]
    found = candidates(programs, children, limits)
    likely = probability(found.features)
    possible = likely >= POSSIBLE
    for nth in np.flatnonzero(possible).tolist():
        ours, theirs = (programs[side].tests for side in (found.parents[nth], found.children[nth]))
        possible[nth] = len(ours & theirs) >= _SLIPS * code_problems.contradictions(ours, theirs)
    places = np.array([*problems], np.int64)
    children, parents = places[found.children[possible]], places[found.parents[possible]]
    order = np.lexsort((parents, children))
    odds = likely[possible] / (1 - likely[possible])
    share = calibrations.programs()["with_original"]
    return dataset_prior.Claims(children[order], parents[order], odds[order], share / (1 - share))


def _pairs(
    texts: TokenTable, problems: Mapping[int, Program], claims: dataset_prior.Claims, factors: Floats
) -> list[Pair]:
    """Those of the pairs that are something."""
    odds = claims.odds * factors
    verdicts = [in_other_words(p) for p in (odds / (1 + odds)).tolist()]
    said = np.flatnonzero([verdict is not None for verdict in verdicts])
    pairs = np.stack([claims.parents[said], claims.children[said]], axis=1)
    measured = code_problems.evidence(texts, problems, pairs) if len(pairs) else ()
    return [
        Pair(parent, child, verdict, replace(whole, dataset_odds=round(float(factors[nth]), 4)))
        for nth, (parent, child), (_, whole) in zip(said.tolist(), pairs.tolist(), measured, strict=True)
        if (verdict := verdicts[nth]) is not None
    ]


def probability(features: Floats) -> Floats:
    """How likely each pair is one problem, shape (n,).

    Args:
        features: (n, len(COLUMNS)).
    """
    fitted = calibrations.programs()
    weights = np.array([fitted["weights"][name] for name in COLUMNS])
    logits = features @ weights + fitted["bias"]
    return np.asarray(1 / (1 + np.exp(-logits)))


def candidates(programs: Sequence[Program], children: Ints, limits: Ints) -> Pairs:
    """The nearest earlier problems of some, and what each pair has in common.

    Args:
        programs: All problems, ordered by release.
        children: (n,) positions of those that are searched for.
        limits: (n,) only positions below may be parents.
    """
    words = _Shared.of(programs, lambda program: program.words)
    pairs = _Shared.of(programs, lambda program: pairwise(program.words))
    names = _Shared.of(programs, lambda program: sorted(program.named))
    children, parents, lead = _nearest(words, children, limits)
    literals = _Shared.of(programs, lambda program: sorted(program.literals))
    common = words.common(parents, children)
    both = [
        (programs[one], programs[other])
        for one, other in zip(parents.tolist(), children.tolist(), strict=True)
    ]
    columns = {
        "cosine": words.cosine(parents, children),
        "lead": lead,
        "child_share": common / words.rarity_of(children),
        "parent_share": common / words.rarity_of(parents),
        "pairs": pairs.cosine(parents, children),
        "names": names.cosine(parents, children),
        "counts": [
            bool(parent.counts and child.counts and parent.counts.isdisjoint(child.counts))
            for parent, child in both
        ],
        "literals": np.minimum(literals.common(parents, children), 20.0),
        "tests": [not parent.tests.isdisjoint(child.tests) for parent, child in both],
        "shapes": [not parent.shapes.isdisjoint(child.shapes) for parent, child in both],
        "words": np.log2(1 + np.minimum(words.kinds[parents], words.kinds[children])),
    }
    return Pairs(parents, children, np.stack([np.asarray(columns[name], float) for name in COLUMNS], axis=1))


@dataclass(frozen=True)
class _Shared:
    """Items of n problems, weighed by how rare they are among these.

    Attributes:
        weights: (n, items) unit rows: rarity, times 1 + the logarithm of how often the text has it.
        rarities: (n, items) rarity of each item that a text has, in bits.
        held: (items,) how many texts have each.
    """

    weights: csr_array
    rarities: csr_array
    held: Ints

    @classmethod
    def of(cls, programs: Sequence[Program], items: Callable[[Program], Iterable[Hashable]]) -> _Shared:
        counted = [Counter(items(program)) for program in programs]
        place: dict[Hashable, int] = {}
        ids = np.array([place.setdefault(item, len(place)) for bag in counted for item in bag], np.int32)
        often = np.array([count for bag in counted for count in bag.values()], float)
        starts = np.concatenate([[0], np.cumsum([len(bag) for bag in counted])])
        shape = (len(programs), max(len(place), 1))
        held = np.bincount(ids, minlength=shape[1])
        rarity = np.log2((len(programs) + 1) / (held + 0.5))[ids]
        weights = rarity * (1 + np.log(often))
        row = np.repeat(np.arange(shape[0]), np.diff(starts))
        norms = np.sqrt(np.bincount(row, weights**2, minlength=shape[0]))
        weights = weights / np.maximum(norms, 1e-9)[row]
        return cls(
            csr_array((weights, ids, starts), shape=shape),
            csr_array((rarity, ids, starts), shape=shape),
            held,
        )

    @property
    def kinds(self) -> Ints:
        """(n,) distinct items of each text."""
        kinds: Ints = np.diff(self.weights.indptr).astype(np.int64)
        return kinds

    def cosine(self, ours: Ints, theirs: Ints) -> Floats:
        """(m,) of pairs of texts."""
        return products(self.weights, ours, self.weights, theirs)

    def common(self, ours: Ints, theirs: Ints) -> Floats:
        """(m,) summed rarity of what pairs of texts have in common."""
        return products(self.rarities, ours, (self.rarities > 0).astype(float), theirs)

    def rarity_of(self, texts: Ints) -> Floats:
        """(m,) summed rarity of the items of some; of none a number that nothing is a share of."""
        sums: Floats = np.maximum(np.asarray(self.rarities.sum(axis=1))[texts], 1e-9)
        return sums


def _nearest(words: _Shared, children: Ints, limits: Ints) -> tuple[Ints, Ints, Floats]:
    """Children and parents of candidate pairs, and how much nearer each is than the best other one."""
    rare = words.weights.copy()
    rare.data[words.held[rare.indices] > _MOST] = 0
    rare.eliminate_zeros()
    search = rare.T.tocsr()
    found: list[tuple[Ints, Ints, Floats]] = []
    step = max(1, _SCORES // max(search.shape[1], 1))
    for start in range(0, len(children), step):
        block = children[start : start + step]
        like = (rare[block] @ search).toarray()
        like[np.arange(like.shape[1]) >= limits[start : start + step, None]] = 0
        k = min(_NEAREST + 1, like.shape[1])
        places = np.argpartition(-like, k - 1, axis=1)[:, :k]
        near = np.take_along_axis(like, places, axis=1)
        order = np.lexsort((places, -near), axis=1)
        places, near = (np.take_along_axis(array, order, axis=1) for array in (places, near))
        best, second = near[:, :1], near[:, 1:2] if k > 1 else np.zeros_like(near[:, :1])
        lead = near - np.where(np.arange(k) == 0, second, best)
        row, nth = np.nonzero(near[:, :_NEAREST] > 0)
        found.append((block[row], places[row, nth], lead[row, nth]))
    empty = np.zeros(0, np.int64)
    found.append((empty, empty, np.zeros(0)))
    one, other, lead = (np.concatenate(part) for part in zip(*found, strict=True))
    return one, other, lead
