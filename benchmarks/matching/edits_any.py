"""Edits with words of no list: any quality, any word of the corpus, any condition on a letter.

What is learnt from pairs of `exchanges.toml` alone holds for these words. Here words are drawn from the list
of word frequencies, but for those of the half that is only judged on and those that rewordings lose readily.
Each takes `pieces.Given` and returns the edited text; None where it cannot be made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from pieces import Given, formulas, halves, letters, question_at, sentences

from rlvr_atlas.text.tokens import lexicon
from rlvr_atlas.text.word_frequency import rarity
from rlvr_atlas.text.word_loss import loss

#: A word that other wordings lose more readily tells nothing, in bits.
_TELLING = 1.0
#: Endings of words that say how a thing is.
_QUALITY = re.compile(r"[a-z]{5,}(?:al|ic|ous|ive|ful|less|able|ible|ary|ant|ent|ar|ed)")
#: Words with one ending are exchanged for each other, so that the sentence still reads.
_ENDINGS = ("ing", "ed", "ly", "ies", "es", "s", "al", "ic", "ous", "ive", "er", "ion", "")
_WORD = re.compile(r"(?<![\w\\'-])[a-z]{5,}(?![\w'-])")
_BEFORE_NOUN = re.compile(r"(?<![\w\\])(?:the|a|an|each|of|two|three|four|\d+) (?=[a-z]{4,}\b)")
_CONDITIONS = (
    "The number ${v}$ is {quality}.",
    "Let ${v}$ be {quality}.",
    "We call ${v}$ {quality}, and it is.",
    "It is required that ${v} \\geq {n}$.",
    "The sum of ${v}$ and {n} is {quality}.",
    "All values of ${v}$ that are not {quality} are left out.",
)
_TRIES = 12


@cache
def _judged_on() -> frozenset[str]:
    """Words of the half that is never trained on."""
    lists = halves()["test"].lists
    phrases = [
        term
        for listed in lists.values()
        for pair in listed
        for term in ([pair] if isinstance(pair, str) else pair)
    ]
    return frozenset(word for phrase in phrases for word in re.findall(r"[a-z]+", phrase.lower()))


def _tells(word: str) -> bool:
    """Whether a word says something of a problem, and may be learnt from."""
    known = lexicon()
    listed = word in known.function_words or word in known.numbers or word in _judged_on()
    return loss(word, "gone") >= _TELLING and not listed


@cache
def _words() -> dict[str, list[str]]:
    """Words of the frequency list by their ending."""
    levels = json.loads(files("rlvr_atlas.text").joinpath("word_frequency.json").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {ending: [] for ending in _ENDINGS}
    for listed in levels.values():
        for word in listed.split(" "):
            if _WORD.fullmatch(word) and _tells(word):
                found[_ending(word)].append(word)
    return found


@cache
def _qualities() -> list[str]:
    return sorted(word for words in _words().values() for word in words if _QUALITY.fullmatch(word))


def _ending(word: str) -> str:
    return next(ending for ending in _ENDINGS if word.endswith(ending))


def any_quality_added(given: Given) -> str | None:
    """With one word more that says how a thing is."""
    found = list(_prose(given.text, _BEFORE_NOUN))
    if not found:
        return None
    at = given.rng.choice(found).end()
    new = given.rng.choice(_qualities())
    return None if new in given.text else f"{given.text[:at]}{new} {given.text[at:]}"


def any_quality_dropped(given: Given) -> str | None:
    """Without one word that says how a thing is."""
    known = {*_qualities()}
    found = [
        place
        for place in _prose(given.text, re.compile(rf"(?<=[a-z\d] ){_WORD.pattern} (?=[a-z]{{4,}}\b)"))
        if place.group().strip() in known
    ]
    if not found:
        return None
    place = given.rng.choice(found)
    return given.text[: place.start()] + given.text[place.end() :]


def any_word_exchanged(given: Given) -> str | None:
    """One word, which stands there once, for another of the same ending that is as common."""
    found = [place for place in _prose(given.text, _WORD) if _tells(place.group())]
    once = [place for place in found if given.text.lower().count(place.group()) == 1]
    if not once:
        return None
    place = given.rng.choice(once)
    old = place.group()
    for _ in range(_TRIES):
        new = given.rng.choice(_words()[_ending(old)] or [old])
        if new[:4] != old[:4] and abs(rarity(new) - rarity(old)) <= 2:
            return given.text[: place.start()] + new + given.text[place.end() :]
    return None


def any_given_added(given: Given) -> str | None:
    """With one sentence more, which asks something of a letter."""
    names = [letter for letter in letters(given.text) if letter.islower() and letter not in "deif"]
    if not names:
        return None
    rng = given.rng
    new = rng.choice(_CONDITIONS).format(
        v=rng.choice(names[:3]), quality=rng.choice(_qualities()), n=rng.choice([3, 4, 5, 6, 7, 9, 12, 15])
    )
    parts = sentences(given.text)
    at = question_at(parts)
    parts.insert(at + (rng.random() < 0.25 or at == 0), new)
    return " ".join(parts)


def _prose(text: str, wanted: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Where a pattern is found outside of formulas."""
    spans = [formula.span() for formula in formulas(text)]
    for place in wanted.finditer(text):
        if not any(start < place.end() and place.start() < end for start, end in spans):
            yield place
