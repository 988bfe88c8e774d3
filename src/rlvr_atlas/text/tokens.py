"""What a problem is made of, for comparing: words, numbers, operators, variables and asks.

Works on skeletons (see canonicalise): lower case, TeX spellings unified. Tokens are the unit of every tier
after the exact ones; the lists of deciding words are data in `lexicon.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from sys import intern

#: What several questions are numbered with; parentheses are no tokens.
LABELS = frozenset(("a", "b", "c", "d", "i", "ii", "iii"))
#: Signs that carry no meaning of their own once spacing and grouping are unified: they are no tokens.
_SILENT = ".,;:?'\"(){}[]&$`~，。、；：？（）“”‘’"
_UNSPACED = "⺀-鿿가-힣"
#: Signs above, below and around letters that are part of the word, as vowels are in Hindi, Bengali and Thai.
#: Those of Latin letters are not among them: in mathematics they are signs (x̄ is the mean of x).
_MARKS = frozenset(
    chr(code) for code in range(0x0591, 0x1800) if unicodedata.category(chr(code)) in ("Mn", "Mc")
)


@dataclass(frozen=True)
class Lexicon:
    """The word lists of `lexicon.toml`, turned around: word -> meaning."""

    asks: dict[str, str]
    numbers: dict[str, str]
    function_words: frozenset[str]
    short_words: frozenset[str]
    questions: frozenset[str]
    conditions: frozenset[str]
    first_names: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """The lexicon, read once."""
    data = tomllib.loads(files("rlvr_atlas.text").joinpath("lexicon.toml").read_text(encoding="utf-8"))

    def turn(table: dict[str, list[str]]) -> dict[str, str]:
        return {word: meaning for meaning, words in table.items() for word in words}

    plain = (
        frozenset(data[table]["words"])
        for table in ("function_words", "short_words", "questions", "conditions", "first_names")
    )
    return Lexicon(turn(data["asks"]), turn(data["numbers"]), *plain)


@cache
def pattern(*, of_python: bool = True) -> str:
    """A word, a number, a TeX command, a Chinese, Japanese or Korean character, or any other sign.

    Chinese is written without spaces: words of the lexicon come before single characters.

    Args:
        of_python: As Python's `re` reads it; else as Polars does, which finds the same.
    """
    words = lexicon()
    known = {*words.asks, *words.numbers, *words.function_words}
    unspaced = sorted(
        (word for word in known if len(word) > 1 and not word.isascii()), key=lambda w: (-len(w), w)
    )
    number, command, single = r"\d+(?:\.\d+)?", r"\\[a-z]+", rf"[{_UNSPACED}]"
    marks = "".join(sorted(_MARKS))
    letter, sign = rf"[^\W\d_{_UNSPACED}]", rf"[^\w\s{re.escape(_SILENT)}{marks}]"
    if not of_python:
        # Its \w and \s are other classes: marks above letters, raised digits, old control characters.
        letter = rf"[[\p{{L}}\p{{Nl}}\p{{No}}]--[{_UNSPACED}]]"
        sign = rf"[^\p{{L}}\p{{N}}_\s\x1c-\x1f{re.escape(_SILENT)}{marks}]"
    word = rf"{letter}+(?:[{marks}]+{letter}*)*"
    return "|".join([word, number, command, *map(re.escape, unspaced), single, sign])


@cache
def _compiled() -> re.Pattern[str]:
    return re.compile(pattern())


def tokenise(skeleton: str) -> list[str]:
    """Tokens of a skeleton in order, silent signs left out."""
    # Interned: a corpus repeats a small vocabulary millions of times.
    return [intern(plain(token)) for token in raw_tokens(skeleton)]


def raw_tokens(skeleton: str) -> list[str]:
    """Tokens as they are written."""
    return _compiled().findall(skeleton)


def plain(token: str) -> str:
    """Numbers without decimals that say nothing: 17.0 is 17."""
    return token.rstrip("0").rstrip(".") if "." in token else token


# Remembered: a corpus asks these of a small vocabulary millions of times.
@lru_cache(maxsize=1 << 18)
def is_number(token: str) -> bool:
    """Whether a token is a number in digits; only numbers begin with one."""
    return token[0].isdigit()


@lru_cache(maxsize=1 << 18)
def is_word(token: str) -> bool:
    """Whether a token is a word of two letters or more, of any script."""
    return len(token) > 1 and is_letters(token)


@lru_cache(maxsize=1 << 18)
def is_letters(token: str) -> bool:
    """Whether a token is made of letters, with the marks that belong to them."""
    return token.isalpha() or (token[0].isalpha() and all(sign.isalpha() or sign in _MARKS for sign in token))


@lru_cache(maxsize=1 << 18)
def is_sign(token: str) -> bool:
    """Whether a token is a sign or a TeX command."""
    return not token[0].isalnum()


def is_variable(token: str) -> bool:
    """Whether a token is a variable or label: one or two Latin letters that are no word, such as x and ab."""
    return len(token) <= 2 and token.isascii() and token.isalpha() and token not in lexicon().short_words


@dataclass(frozen=True)
class Parts:
    """The parts of one problem text; everything the verifier compares is derived from `tokens`."""

    tokens: tuple[str, ...]

    @classmethod
    def of(cls, skeleton: str) -> Parts:
        """Parts of a skeleton."""
        return cls(tuple(tokenise(skeleton)))

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Numbers in digits, in order."""
        return tuple(token for token in self.tokens if is_number(token))

    @cached_property
    def values(self) -> Counter[str]:
        """Numbers in digits and in words, as values: "7 pears" and "seven pears" agree."""
        table = lexicon().numbers
        return Counter(
            [table.get(token, token) for token in self.tokens if is_number(token) or token in table]
        )

    @cached_property
    def operators(self) -> Counter[str]:
        """Signs and TeX commands; a hyphen between two words is spelling, not subtraction."""
        padded = ("", *self.tokens, "")
        return Counter(
            [
                token
                for before, token, after in zip(padded, self.tokens, padded[2:], strict=False)
                if is_sign(token) and not (token == "-" and is_word(before) and is_word(after))
            ]
        )

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Variables and labels in order: one or two Latin letters that are no word, such as x and ab."""
        return tuple(token for token in self.tokens if is_variable(token))

    @cached_property
    def asks(self) -> frozenset[str]:
        """Meanings of the deciding words."""
        table = lexicon().asks
        return frozenset(table[token] for token in self.tokens if token in table)

    @cached_property
    def content_words(self) -> tuple[str, ...]:
        """The tokens without function words, in order."""
        ignored = lexicon().function_words
        return tuple(token for token in self.tokens if token not in ignored)

    @cached_property
    def masked(self) -> tuple[str, ...]:
        """Tokens with every number in digits replaced by one mark."""
        return tuple("#" if is_number(token) else token for token in self.tokens)


_INFLECTION = re.compile(r"(?:ies|es|s|ed|ing|y|e)$")
_VOWELS = re.compile(r"[aeiou]+")
_REPEATED = re.compile(r"(.)\1+")
#: A shorter word, or stem, is another one with a vowel changed: log, leg.
_SHORTEST, _LONG = 4, 5


def spelling(word: str) -> str:
    """What stays of a word however it is inflected, mistyped or spelled: its stem, or the stem's consonants.

    Words of fewer than four letters stay as they are.
    """
    if len(word) < _SHORTEST or not word.isascii() or not word.isalpha():
        return word
    word = f"{word[:-2]}er" if word.endswith("re") else word
    stem = _INFLECTION.sub("", word)
    if len(stem) >= _LONG:
        stem = stem[0] + _VOWELS.sub("", stem[1:])
    return _REPEATED.sub(r"\1", stem)
