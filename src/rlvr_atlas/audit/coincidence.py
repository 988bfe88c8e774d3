"""How rare a problem text is, in bits: what keeps short and formulaic problems from raising false alarms.

Two people who write "Compute 2 + 3" did not copy from each other. A text of b bits is one that a writer who
draws words as often as this corpus uses them would write once in 2^b texts. A dataset of M problems then
holds it by coincidence with probability M / 2^b, weighed against the chance that it was taken over.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import numpy as np
import polars as pl

from rlvr_atlas.schema.attachments import needed
from rlvr_atlas.text.token_table import Bools, Floats, Ints, TokenTable
from rlvr_atlas.text.tokens import is_number, lexicon

#: Before a corpus is counted, so many texts are taken to have been seen, with tokens as frequent as `_prior`.
_PRIOR_TEXTS = 1000
#: Wording shared by this many problems is a template: it says nothing, only the numbers in it do.
_TEMPLATE = 20
#: A token that was said before in the text adds little.
_REPEATED = 1.0
#: Before any are counted, what is attached is taken to be this rare; an image of the same bytes is a copy.
_ATTACHED, _COPIED = 10.0, 64.0
#: The chance that a benchmark item was taken over by a dataset that shares none of its rare problems.
FLOOR = 0.001


class Rarity:
    """Counts tokens over a corpus and weighs texts by them.

    Args:
        skeletons: Distinct skeletons of the corpus.
        attachments: Of its problems, null where there are none.
    """

    def __init__(self, skeletons: Iterable[str], attachments: Iterable[str | None] = ()) -> None:
        self._attached = Counter(entry for one in attachments for entry in (needed(one) or "").split())
        self._problems = self._attached.total()
        corpus = TokenTable.of(skeletons)
        self._texts = len(corpus)
        held = np.bincount(_distinct(corpus)[1], minlength=len(corpus.vocabulary))
        self._holding = dict(zip(corpus.vocabulary, held.tolist(), strict=True))
        wordings, members = np.unique(corpus.sequence(corpus.vocabulary.masked), return_counts=True)
        self._templates = dict(zip(wordings.tolist(), members.tolist(), strict=True))

    def weigh(self, skeletons: Iterable[str]) -> tuple[Floats, Floats]:
        """Weigh texts, be they in the corpus or not.

        Args:
            skeletons: n texts.

        Returns:
            (n,) bits of each whole text, numbers included, and (n,) bits of its wording alone, which is all
            that a variant shares.
        """
        texts = TokenTable.of(skeletons)
        words = texts.vocabulary
        text, token = _distinct(texts)
        bits, number = np.array([*map(self._of_token, words)], np.float64), words.is_number
        # Tokens that are said again, by each token that may be.
        counted = ~words.is_function_word

        def summed(kept: Bools) -> Floats:
            once = np.bincount(text, bits[token] * kept[token], minlength=len(texts))
            said = np.bincount(texts.text_of_each, (kept & counted)[texts.ids], minlength=len(texts))
            return once + _REPEATED * (
                said - np.bincount(text, (kept & counted)[token], minlength=len(texts))
            )

        members = np.array(
            [self._templates.get(wording, 0) for wording in texts.sequence(words.masked).tolist()], np.int64
        )
        of_template = np.log2(self._texts / np.maximum(members, 1)) + summed(number)
        wording = summed(~number)
        return np.where(members >= _TEMPLATE, of_template, summed(np.ones(len(words), bool))), wording

    def attached_bits(self, attachments: str | None) -> float:
        """Rarity of what a problem is asked of beside its text; 0 where that is nothing."""
        entries = (needed(attachments) or "").split()
        return sum(map(self._of_attached, entries))

    def _of_attached(self, entry: str) -> float:
        if entry.startswith(("image.content", "audio.content", "video.content", "file.content")):
            return _COPIED
        expected = _PRIOR_TEXTS * 2.0**-_ATTACHED
        return math.log2((self._problems + _PRIOR_TEXTS) / (self._attached[entry] + expected))

    def _of_token(self, token: str) -> float:
        expected = _PRIOR_TEXTS * 2.0 ** -_prior(token)
        return math.log2((self._texts + _PRIOR_TEXTS) / (self._holding.get(token, 0) + expected))


def _distinct(texts: TokenTable) -> tuple[Ints, Ints]:
    """Text and token, each pair once."""
    size = max(len(texts.vocabulary), 1)
    # np.unique hashes, which takes five times as long.
    packed = np.sort(texts.text_of_each * size + texts.ids)
    text, token = np.divmod(packed[np.diff(packed, prepend=-1) > 0], size)
    return text, token


def _prior(token: str) -> float:
    """Bits of a token before anything is counted, so that a corpus of ten texts can be judged too."""
    words = lexicon()
    if token in words.function_words:
        return 1.0
    if is_number(token):
        return 3.0 * len(token)
    if len(token) == 1 or token in words.asks or token in words.numbers:
        return 2.0
    return 6.0


def taken_over(pairs: pl.DataFrame) -> pl.Series:
    """Probability that an overlap is no coincidence.

    An overlap of rare text speaks for itself. One of common text is believed where the dataset holds a good
    part of the benchmark's rare items too: their share is then the chance that any item was taken over.

    Args:
        pairs: One line per overlap: dataset, benchmark, benchmark_key, bits, texts (distinct problems of the
            dataset), items (distinct items of the benchmark), same (whether it is the same problem).

    Returns:
        Values between 0 and 1, in the order of the lines.
    """
    coincidence = pl.col("texts") * (-pl.col("bits") * math.log(2)).exp()
    share = pl.col("benchmark_key").filter(pl.col("same") & (coincidence < FLOOR)).n_unique()
    chance = pl.max_horizontal(share.over("dataset", "benchmark") / pl.col("items"), pl.lit(FLOOR))
    return pairs.select((chance / (chance + coincidence)).alias("taken_over"))["taken_over"]
