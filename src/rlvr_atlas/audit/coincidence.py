"""How rare a problem text is, in bits: what keeps short and formulaic problems from raising false alarms.

Two people who write "Compute 2 + 3" did not copy from each other. A text of b bits is one that a writer who
draws words as often as this corpus uses them would write once in 2^b texts. A dataset of M problems then
holds it by coincidence with probability M / 2^b, weighed against the chance that it was taken over.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import polars as pl

from rlvr_atlas.schema.attachments import needed
from rlvr_atlas.text.tokens import Parts, is_number, lexicon

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
        self._texts = 0
        self._holding: Counter[str] = Counter()
        self._templates: Counter[int] = Counter()
        for skeleton in skeletons:
            parts = Parts.of(skeleton)
            self._texts += 1
            self._holding.update(set(parts.tokens))
            # hash() of a tuple of texts differs between runs; equal values in one run are all that is used.
            self._templates[hash(parts.masked)] += 1

    def bits(self, skeleton: str) -> float:
        """Rarity of a whole text, numbers included."""
        parts = Parts.of(skeleton)
        members = self._templates[hash(parts.masked)]
        if members >= _TEMPLATE:
            return math.log2(self._texts / members) + self._sum(parts.numbers)
        return self._sum(parts.tokens)

    def wording_bits(self, skeleton: str) -> float:
        """Rarity of the wording alone, which is all that a variant shares."""
        return self._sum(token for token in Parts.of(skeleton).tokens if not is_number(token))

    def attached_bits(self, attachments: str | None) -> float:
        """Rarity of what a problem is asked of beside its text; 0 where that is nothing."""
        entries = (needed(attachments) or "").split()
        return sum(map(self._of_attached, entries))

    def _of_attached(self, entry: str) -> float:
        if entry.startswith(("image.content", "audio.content", "video.content", "file.content")):
            return _COPIED
        expected = _PRIOR_TEXTS * 2.0**-_ATTACHED
        return math.log2((self._problems + _PRIOR_TEXTS) / (self._attached[entry] + expected))

    def _sum(self, tokens: Iterable[str]) -> float:
        seen = Counter(tokens)
        ignored = lexicon().function_words
        repeats = sum(count - 1 for token, count in seen.items() if token not in ignored)
        return sum(map(self._of_token, sorted(seen))) + _REPEATED * repeats

    def _of_token(self, token: str) -> float:
        expected = _PRIOR_TEXTS * 2.0 ** -_prior(token)
        return math.log2((self._texts + _PRIOR_TEXTS) / (self._holding[token] + expected))


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
