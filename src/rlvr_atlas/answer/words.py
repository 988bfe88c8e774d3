"""Letters that are a word, and letters that are a product of variables.

`2ab` is a product and `9 hens` is not: read as one, `hens` would be the same as `nesh`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rlvr_atlas.answer.tex import FUNCTIONS, LETTERS, NOTATION

#: Plain names of functions, and what they are called here.
ALIASES = {
    **{f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan")},
    **{f"{name}{h}": f"{name}{h}" for name in ("sin", "cos", "tan") for h in ("", "h")},
    "tg": "tan",
    "ctg": "cot",
    "arctg": "arctan",
    "cosec": "csc",
}
#: Functions of several arguments, or of one that is worked out at once.
PLAIN = frozenset(
    {"sqrt", "cbrt", "abs", "floor", "ceil", "factorial", "max", "min", "gcd", "lcm", "binomial"}
)
#: Letters and constants by name.
NAMED = {name: f"\\{name}" for name in LETTERS if len(name) > 2} | {"infinity": "∞", "infty": "∞"}
_NAMES = "|".join(sorted(FUNCTIONS | ALIASES.keys() | PLAIN, key=lambda name: (-len(name), name)))
#: A function's name that runs into what is around it: sinx, xcosx, 2pir; but not using, cost, pink.
BEGINNING = re.compile(rf"(?:{_NAMES})(?=[xyzabcnuvwkmABC]?(?![A-Za-z])|{_NAMES})|pi(?=[rRx](?![A-Za-z]))")
_KNOWN_NAMES = FUNCTIONS | ALIASES.keys() | PLAIN | NAMED.keys()
_SHORT = frozenset(NOTATION["words"]["two_letters"].split())
_NO_VOWEL = frozenset(NOTATION["words"]["consonants"].split())
_PRODUCT = re.compile(r"(?:ab|ax)?[b-df-hj-np-tv-z]*[ei]?")
_RUN = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{2,}")
_ORDER = "abcdefghijklmnopqrstuvwxyz"
_MAX_PRODUCT = 6


@lru_cache(maxsize=4096)
def is_word(run: str) -> bool:
    """Whether a run of letters is a word, by itself: neither a function nor a product of variables."""
    if len(run) <= 2 or run in _KNOWN_NAMES:
        return False
    if run.lower() in _NO_VOWEL:
        return True
    if len(parts := BEGINNING.split(run)) > 1:
        return any(len(part) > 2 or (len(part) == 2 and not _PRODUCT.fullmatch(part)) for part in parts)
    if run.isupper():
        return len(run) > 4
    low = run.lower()
    return low not in _ORDER and (len(run) > _MAX_PRODUCT or not _PRODUCT.fullmatch(low))


def word_at(text: str, start: int, end: int) -> bool:
    """Whether the letters at a place are a word there: `3 of 5`, but `u + at`.

    Args:
        text: Cleaned text.
        start: Where the run of letters begins.
        end: Where it ends.
    """
    run = text[start:end]
    if len(run) == 2 and run.lower() in _SHORT and (run.islower() or run.isupper()):
        before, after = text[:start], text[end:]
        apart = before.endswith(" ") and before[-2:-1].isalnum()
        return apart or (after.startswith(" ") and after[1:2].isalnum())
    return is_word(run)


def has_words(text: str) -> bool:
    """Whether any run of letters in cleaned text is a word; commands do not count."""
    return any(word_at(text, *match.span()) for match in _RUN.finditer(text))


def is_product(text: str) -> bool:
    """Whether letters alone, as in `xy` or `sin x`, are mathematics; capitals may be names of points."""
    return text.islower() and " " not in text and text not in _SHORT and not is_word(text)
