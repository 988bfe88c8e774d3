"""What is searched: all texts, and once more the stem of each question that offers options.

A question is told with its options or without. With them it is compared with others that have options; its
stem with those that have none, in which the options would be words that are missing. The answer of a stem is
the option that the letter points to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.answer.choices import chosen, options_of
from rlvr_atlas.answer.read import read
from rlvr_atlas.text import traits
from rlvr_atlas.text.token_table import Ints, TokenTable

Bools = NDArray[np.bool_]

#: A text without options, one with them that has a stem of its own in view, and such a stem.
OPEN, OPTIONS, STEM = range(3)
#: `may_pair[one, other]`: what may be compared.
_MAY_PAIR = np.array([[True, False, True], [False, True, False], [True, False, False]])
#: A stem has at least so many tokens that are no function words: "which of these is true?" asks nothing. Two
#: of them are words, unless there are twice as many: `3-(-4)=` is like anything with these numbers.
_TELLING, _WORDS = 4, 2


@dataclass(frozen=True)
class SearchTexts:
    """The m texts that are searched: n distinct skeletons in order of release, then the stems.

    Attributes:
        table: Tokens.
        prompts: Of the stems (m - n,), as an encoder reads them.
        answers: (m,) None where unknown.
        owners: (m,) position of the skeleton that each is of: its own, or that of the whole question.
        roles: (m,) OPEN, OPTIONS or STEM.
        readable: (m,) whether an encoder of English reads it: English, or of no clear language.
    """

    table: TokenTable
    prompts: list[str]
    answers: list[str | None]
    owners: Ints
    roles: NDArray[np.int8]
    readable: Bools

    @classmethod
    def plain(cls, table: TokenTable, answers: list[str | None]) -> SearchTexts:
        """Texts of one language without options."""
        n = len(table)
        return cls(table, [], answers, np.arange(n), np.zeros(n, np.int8), np.ones(n, bool))

    def __len__(self) -> int:
        return len(self.owners)

    def may_pair(self, children: Ints, parents: Ints) -> Bools:
        """Which pairs may be compared, shape (n,)."""
        return np.asarray(_MAY_PAIR[self.roles[children], self.roles[parents]])

    def both_readable(self, children: Ints, parents: Ints) -> Bools:
        """Of which pairs an encoder of English reads both texts, shape (n,)."""
        return np.asarray(self.readable[children] & self.readable[parents])

    def with_stems(self, positions: Ints) -> Ints:
        """Some texts and their stems, ascending."""
        wanted = np.zeros(len(self), bool)
        wanted[positions] = True
        return np.flatnonzero(wanted[self.owners])


def search_texts(texts: TokenTable, units: pl.DataFrame) -> SearchTexts:
    """What is searched of some texts.

    Args:
        texts: Tokens of the skeletons, ordered by release.
        units: skeleton, stem, prompt, language, answer of each.
    """
    offering = (units["stem"].is_not_null() & (units["stem"] != units["skeleton"])).arg_true()
    stems = TokenTable.of(units["stem"].gather(offering))
    words = stems.vocabulary
    content = stems.only(~words.is_function_word).lengths
    worded = stems.only(words.is_word & ~words.is_function_word).lengths
    kept = np.flatnonzero((content >= _TELLING) & ((worded >= _WORDS) | (content >= 2 * _TELLING)))
    places = offering.to_numpy()[kept].astype(np.int64)
    asked = units.select("prompt", "answer")[places]
    prompts = traits.stem(asked["prompt"]).fill_null(asked["prompt"])
    offered = traits.relabel(asked["prompt"].str.strip_prefix(prompts))
    answers = [_pointed_to(*row) for row in zip(offered, asked["answer"], strict=True)]
    roles = np.zeros(len(texts) + len(places), np.int8)
    roles[places], roles[len(texts) :] = OPTIONS, STEM
    owners = np.concatenate([np.arange(len(texts)), places])
    readable = units["language"].is_in(["en", "und"]).to_numpy()
    return SearchTexts(
        texts.joined(stems.take(kept)),
        prompts.to_list(),
        [*units["answer"], *answers],
        owners,
        roles,
        readable[owners],
    )


def _pointed_to(offered: str, answer: str | None) -> str | None:
    """The text of the option that the answer points to; None where it points to none."""
    if answer is None:
        return None
    options = options_of(offered)
    if options is None:  # they cannot be told apart: only an answer in full says anything
        return None if read(answer).kind == "choice" else answer
    letter = chosen(answer, options)
    return options[letter] if letter else None
