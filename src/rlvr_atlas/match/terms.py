"""Terms: what texts are searched by, as sparse matrices.

A term is a token that is no function word, or two neighbours of which one is a sign, a number or a character
of an unspaced script.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from rlvr_atlas.text.token_table import Ints, TokenTable

#: BM25 (Robertson and Zaragoza 2009, "The probabilistic relevance framework").
_K1, _B = 1.2, 0.75


@dataclass(frozen=True)
class Terms:
    """Terms of n texts, numbered from the rarest on, so that the terms of a row come in this order.

    Attributes:
        weights: (n, terms) BM25 weights.
        rarities: (n, terms) inverse document frequency of each term that a text has.
        postings: (terms,) in how many texts each term stands.
    """

    weights: csr_array
    rarities: csr_array
    postings: Ints

    @classmethod
    def of(cls, texts: TokenTable) -> Terms:
        """Terms of all texts of a table."""
        text, term = _occurrences(texts)
        n, m = len(texts), max(int(term.max(initial=-1)) + 1, 1)
        lengths = np.bincount(text, minlength=n)
        entries, often = np.unique(text * m + term, return_counts=True)
        postings = np.bincount(entries % m, minlength=m)
        by_rarity = np.argsort(postings, kind="stable")
        place = np.empty(m, np.int64)
        place[by_rarity] = np.arange(m)
        postings = postings[by_rarity]
        text, term = np.divmod(entries, m)
        term = place[term]
        order = np.argsort(text * m + term)
        text, term, often = text[order], term[order], often[order]
        idf = np.log1p((n - postings + 0.5) / (postings + 0.5))
        norm = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1.0)) if n else lengths
        weights = idf[term] * often * (_K1 + 1) / (often + norm[text])
        rows = np.concatenate([[0], np.cumsum(np.bincount(text, minlength=n))])
        term = term.astype(np.int32)
        return cls(
            csr_array((weights.astype(np.float32), term, rows), shape=(n, m)),
            csr_array((idf[term].astype(np.float32), term, rows), shape=(n, m)),
            postings,
        )


def _occurrences(texts: TokenTable) -> tuple[Ints, Ints]:
    """Text and term of each occurrence; terms are numbered as they come, in each text tokens before pairs."""
    words = texts.vocabulary
    size = max(len(words), 1)
    single = np.flatnonzero(~words.is_function_word[texts.ids])
    left, right = texts.ids[:-1].astype(np.int64), texts.ids[1:].astype(np.int64)
    beside = np.flatnonzero(
        (texts.text_of_each[:-1] == texts.text_of_each[1:])
        & ~(words.is_plain_word[left] & words.is_plain_word[right])
    )
    text = np.concatenate([texts.text_of_each[single], texts.text_of_each[beside]])
    code = np.concatenate([texts.ids[single], size + left[beside] * size + right[beside]])
    _, first, term = np.unique(code, return_index=True, return_inverse=True)
    place = np.empty(len(first), np.int64)
    place[np.lexsort((first, first >= len(single), text[first]))] = np.arange(len(first))
    return text, place[term]
