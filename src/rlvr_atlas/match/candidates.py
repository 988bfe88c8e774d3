"""Candidate parents of texts: the best by BM25, of all and of those with the same answer or numbers.

Scores are one product of two sparse matrices per block of texts, measured 20 times as fast as asking bm25s
text by text. A text is searched by its rarest terms, up to a number of postings: a term that stands in every
tenth text finds everything and tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rlvr_atlas.match.tokens import Parts, lexicon

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_K1, _B = 1.2, 0.75
#: Postings that one text may touch, and how many terms it has at least.
_POSTINGS, _TERMS = 12_000, 6
#: How many of the best are kept of all texts, of those with the same answer, of those with the same numbers.
_ANY, _SAME_ANSWER, _SAME_NUMBERS = 8, 16, 8
_BLOCK = 512
#: Candidates that score at least this share of the best count as a crowd.
_CROWD = 0.9


@dataclass(frozen=True)
class Candidates:
    """Candidate pairs, ordered by child and parent.

    Attributes:
        children: (n,) positions.
        parents: (n,) positions.
        bm25: (n,) score as a share of the child's score for its own text.
        bm25_gap: (n,) how far below the child's best.
        crowding: (n,) how many candidates of the child score nearly as well as its best.
    """

    children: Ints
    parents: Ints
    bm25: Floats
    bm25_gap: Floats
    crowding: Floats


class Texts:
    """All texts, ready to be searched.

    Args:
        texts: Tokens of all texts, ordered by release.
        answers: Normal forms of their answers, None where unknown.
    """

    def __init__(self, texts: Sequence[tuple[str, ...]], answers: Sequence[str | None]) -> None:
        self._index, self._counts, self._terms = _index(texts)
        numbers = [" ".join(sorted(Parts(text).values)) or None for text in texts]
        self._kinds = ((_ids(answers), _SAME_ANSWER), (_ids(numbers), _SAME_NUMBERS))

    def search(self, children: Ints, limits: Ints, extra: Ints) -> Candidates:
        """The best earlier texts of each child, and those of `extra`.

        Args:
            children: (n,) positions of the texts to be searched for, ascending.
            limits: (n,) only positions below may be parents.
            extra: (n, k) parents found otherwise, to be scored too; -1 for none.
        """
        parts = []
        for start in range(0, len(children), _BLOCK):
            block = children[start : start + _BLOCK]
            scores = _questions([self._terms[child] for child in block], self._counts) @ self._index
            for row, child in enumerate(block):
                part = slice(scores.indptr[row], scores.indptr[row + 1])
                found, values = scores.indices[part].astype(np.int64), scores.data[part].astype(np.float64)
                own = float(values[found == child].sum()) or 1.0
                early = found < limits[start + row]
                parts.append(self._best(child, found[early], values[early] / own, extra[start + row]))
        sizes = [len(part[0]) for part in parts]
        columns = [np.concatenate([part[n] for part in parts] or [np.zeros(0)]) for n in range(4)]
        return Candidates(np.repeat(children, sizes), columns[0].astype(np.int64), *columns[1:])

    def _best(
        self, child: int, found: Ints, shares: Floats, extra: Ints
    ) -> tuple[Ints, Floats, Floats, Floats]:
        """Parents, shares, gaps and crowding of one child."""
        chosen = [found[_top(found, shares, _ANY)], extra[extra >= 0]]
        for kind, k in self._kinds:
            if kind[child] >= 0:
                alike = np.flatnonzero(kind[found] == kind[child])
                chosen.append(found[alike][_top(found[alike], shares[alike], k)])
        parents = np.unique(np.concatenate(chosen))
        by_parent = np.argsort(found)
        place = np.searchsorted(found, parents, sorter=by_parent)
        known = place < len(found)
        scored = np.zeros(len(parents))
        rows = by_parent[place[known]]
        scored[known] = np.where(found[rows] == parents[known], shares[rows], 0.0)
        top = float(shares.max(initial=0.0))
        crowd = float((shares >= _CROWD * top).sum())
        return parents, scored, top - scored, np.full(len(parents), crowd)


def _top(found: Ints, shares: Floats, k: int) -> Ints:
    """Where the k best are. Of equal scores the earlier text comes first, whatever order they came in."""
    if len(found) > k:
        near = np.flatnonzero(shares >= np.partition(shares, len(shares) - k)[len(shares) - k])
        return near[np.lexsort((found[near], -shares[near]))[:k]]
    return np.arange(len(found))


def _ids(names: Sequence[str | None]) -> Ints:
    """A number for each distinct name; -1 for None."""
    numbers: dict[str, int] = {}
    return np.array(
        [-1 if name is None else numbers.setdefault(name, len(numbers)) for name in names], np.int64
    )


def _terms(text: Sequence[str]) -> list[str]:
    """Words, numbers, commands and signs; pairs around signs and numbers, and of unspaced characters."""
    ignored = lexicon().function_words
    pairs = (f"{a} {b}" for a, b in pairwise(text) if not (_is_word(a) and _is_word(b)))
    return [*(token for token in text if token not in ignored), *pairs]


def _is_word(token: str) -> bool:
    return len(token) > 1 and token.isalpha() and token.isascii()


def _index(texts: Sequence[tuple[str, ...]]) -> tuple[csr_array, Ints, list[Ints]]:
    """BM25 weights (terms x texts), in how many texts each term stands, and the terms of each text."""
    numbers: dict[str, int] = {}
    listed = [
        np.array([numbers.setdefault(term, len(numbers)) for term in _terms(text)], np.int64)
        for text in texts
    ]
    n, lengths = len(texts), np.array([len(terms) for terms in listed], np.int64)
    flat = np.concatenate([*listed, np.zeros(0, np.int64)])
    postings, often = np.unique(flat * n + np.repeat(np.arange(n), lengths), return_counts=True)
    term, text = np.divmod(postings, max(n, 1))
    counts = np.bincount(term, minlength=len(numbers)).astype(np.int64)
    idf = np.log1p((n - counts + 0.5) / (counts + 0.5))
    norm = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1.0)) if n else lengths
    weights = (idf[term] * often * (_K1 + 1) / (often + norm[text])).astype(np.float32)
    rows = np.concatenate([[0], np.cumsum(counts)])
    return csr_array((weights, text, rows), shape=(len(numbers), n)), counts, listed


def _questions(terms: Sequence[Ints], counts: Ints) -> csr_array:
    """The rarest terms of each text, as a matrix (texts x terms) of ones."""
    chosen = []
    for text in terms:
        distinct = np.unique(text)
        distinct = distinct[np.lexsort((distinct, counts[distinct]))]
        enough = int(np.searchsorted(np.cumsum(counts[distinct]), _POSTINGS))
        chosen.append(distinct[: max(enough, _TERMS)])
    rows = np.concatenate([[0], np.cumsum([len(text) for text in chosen])])
    columns = np.concatenate(chosen)
    return csr_array((np.ones(len(columns), np.float32), columns, rows), shape=(len(terms), len(counts)))
