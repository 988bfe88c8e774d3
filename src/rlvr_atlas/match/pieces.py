"""The pieces of texts that pairs are compared by: sparse bags, and hashes of what must stand in order."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.match.bags import Bag
from rlvr_atlas.text.token_table import Hashes, Ints, TokenTable, mixed

Bools = NDArray[np.bool_]

#: How many tokens at the end of a text count as what it asks.
_ENDING = 12


class Pieces:
    """The bags and hashes of some texts, each made when it is first asked for."""

    def __init__(self, texts: TokenTable) -> None:
        self.texts, self.n = texts, len(texts)
        self._words = texts.vocabulary
        self._width = len(self._words) + 1

    def _bag(self, kept: Bools, items: Ints | None = None) -> Bag:
        """Tokens of a kind (vocabulary,), counted by what they mean (vocabulary,), or by themselves."""
        at = kept[self.texts.ids]
        ids = self.texts.ids[at].astype(np.int64)
        return Bag.of(self.n, self.texts.text_of_each[at], ids if items is None else items[ids])

    @cached_property
    def tokens(self) -> Bag:
        """All tokens."""
        return self._bag(np.ones(len(self._words), bool))

    @cached_property
    def values(self) -> Bag:
        """Numbers in digits and in words, as values: "7 pears" and "seven pears" agree."""
        return self._bag(self._words.is_value, self._words.value)

    @cached_property
    def _around(self) -> tuple[Ints, Ints]:
        """Token before and after each, counted from 1; 0 at an end of the text."""
        ids, texts = self.texts.ids.astype(np.int64) + 1, self.texts
        before, after = np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
        before[1:], after[:-1] = ids[:-1], ids[1:]
        before[texts.place_of_each == 0] = 0
        after[texts.place_of_each == texts.lengths[texts.text_of_each] - 1] = 0
        return before, after

    def _neighbours(self, kept: Bools) -> Bag:
        """Pairs of some tokens and the next one."""
        _, after = self._around
        kept = kept & (after > 0)
        return Bag.of(
            self.n,
            self.texts.text_of_each[kept],
            self.texts.ids[kept].astype(np.int64) * self._width + after[kept],
        )

    @cached_property
    def pairs(self) -> Bag:
        """Neighbouring tokens."""
        return self._neighbours(np.ones(len(self.texts.ids), bool))

    @cached_property
    def formula_pairs(self) -> Bag:
        """Each operator with the number, variable or operator beside it: "3 -" and "- 5" of 3 - 5."""
        ids, sign, word = self.texts.ids, self._words.is_sign, self._words.is_word
        beside = self._around[1] - 1
        return self._neighbours((sign[ids] & ~word[beside]) | (sign[beside] & ~word[ids]))

    @cached_property
    def number_contexts(self) -> Bag:
        """Each number with the token before it, and with the token after it."""
        before, after = self._around
        ids, number, text = (
            self.texts.ids.astype(np.int64) + 1,
            self._words.is_number,
            self.texts.text_of_each,
        )
        here = number[ids - 1]
        # Two numbers side by side are one pair, which the first of them brings.
        led = here & ~((before > 0) & number[before - 1])
        return Bag.of(
            self.n,
            np.concatenate([text[here], text[led]]),
            np.concatenate([(ids * self._width + after)[here], (before * self._width + ids)[led]]),
        )

    @cached_property
    def operators(self) -> Bag:
        """Signs and TeX commands; a hyphen between two words is spelling, not subtraction."""
        before, after = self._around
        ids, word = self.texts.ids, self._words.is_word
        hyphen = (
            self._words.marked("-")[ids] & (before > 0) & (after > 0) & word[before - 1] & word[after - 1]
        )
        kept = self._words.is_sign[ids] & ~hyphen
        return Bag.of(self.n, self.texts.text_of_each[kept], ids[kept].astype(np.int64))

    @cached_property
    def variables(self) -> Bag:
        """Variables and labels."""
        return self._bag(self._words.is_variable)

    @cached_property
    def asks(self) -> Bag:
        """Meanings of the deciding words, each once."""
        at = self._words.is_ask[self.texts.ids]
        meanings = self._words.ask[self.texts.ids[at]]
        return Bag.of(self.n, self.texts.text_of_each[at], meanings, once=True)

    def _places(self, kind: Bools, meanings: Ints) -> tuple[Bag, Bag]:
        """The neighbours of each token of a kind, without and with what stands between; the last counts."""
        at = np.flatnonzero(kind[self.texts.ids])[::-1]
        before, after = self._around
        text, width = self.texts.text_of_each[at], self._width
        place = before[at] * width + after[at]
        number = np.unique(place, return_inverse=True)[1]
        last = np.unique(text * (int(number.max(initial=0)) + 1) + number, return_index=True)[1]
        told = number * (int(meanings.max(initial=0)) + 1) + meanings[self.texts.ids[at]]
        return Bag.of(self.n, text[last], number[last]), Bag.of(self.n, text[last], told[last])

    @cached_property
    def ask_places(self) -> tuple[Bag, Bag]:
        """Where deciding words stand, and which."""
        return self._places(self._words.is_ask, self._words.ask)

    @cached_property
    def number_places(self) -> tuple[Bag, Bag]:
        """Where numbers stand, and which."""
        return self._places(self._words.is_value, self._words.value)

    @cached_property
    def word_places(self) -> tuple[Bag, Bag]:
        """Where words stand that are no function words and no numbers, and which."""
        plain = self._words.is_word & ~self._words.is_function_word & ~self._words.is_value
        return self._places(plain, self._every)

    @cached_property
    def function_word_places(self) -> tuple[Bag, Bag]:
        """Where function words stand, and which."""
        return self._places(self._words.is_function_word, self._every)

    @cached_property
    def sign_places(self) -> tuple[Bag, Bag]:
        """Where signs and TeX commands stand, and which."""
        return self._places(self._words.is_sign, self._every)

    @cached_property
    def variable_places(self) -> tuple[Bag, Bag]:
        """Where variables stand, and which."""
        return self._places(self._words.is_variable, self._every)

    @cached_property
    def _every(self) -> Ints:
        return np.arange(self._width - 1)

    @cached_property
    def content(self) -> TokenTable:
        """The texts without function words."""
        return self.texts.only(~self._words.is_function_word)

    @cached_property
    def endings(self) -> Bag:
        """The last tokens of each text that are no function words."""
        content = self.content
        late = content.lengths[content.text_of_each] - content.place_of_each <= _ENDING
        return Bag.of(self.n, content.text_of_each[late], content.ids[late].astype(np.int64))

    @cached_property
    def variable_pattern(self) -> Hashes:
        """(n,) hash of the variables in order, each told by where it stands first: equal up to renaming."""
        variables = self.texts.only(self._words.is_variable)
        code = variables.text_of_each * self._width + variables.ids
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
        begins = variables.place_of_each[first][which].astype(np.uint64)
        return variables.sums(mixed(begins ^ mixed(variables.place_of_each.astype(np.uint64))))

    @cached_property
    def numbers(self) -> Hashes:
        """(n,) hash of the numbers in digits, in order."""
        numbers = self.texts.only(self._words.is_number)
        return numbers.sequence(self._words.hashes)

    @cached_property
    def whole(self) -> Hashes:
        """(n,) hash of all tokens in order."""
        return self.texts.sequence(self._words.hashes)

    @cached_property
    def whole_content(self) -> Hashes:
        """(n,) hash of the tokens that are no function words, in order."""
        return self.content.sequence(self._words.hashes)
