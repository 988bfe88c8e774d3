"""Changes made to texts of the corpus, each with the relation it leaves."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from edits_other import gives
from pieces import sentences

#: Words whose exchange asks for something else.
OPPOSITES = (
    ("largest", "smallest"),
    ("greatest", "least"),
    ("maximum", "minimum"),
    ("sum", "product"),
    ("sum", "difference"),
    ("more", "fewer"),
    ("more", "less"),
    ("odd", "even"),
    ("positive", "negative"),
    ("area", "perimeter"),
    ("increased", "decreased"),
    ("first", "last"),
    ("before", "after"),
    ("mean", "median"),
    ("radius", "diameter"),
    ("highest", "lowest"),
    ("longest", "shortest"),
    ("total", "difference"),
    ("buys", "sells"),
    ("numerator", "denominator"),
    ("real", "imaginary"),
    ("left", "right"),
)
Change = Callable[[str, Random, str], str | None]


def renumber(text: str, rng: Random, other: str) -> str | None:
    """Another number in one or two places."""
    places = list(re.finditer(r"(?<![\w.])\d+(?![\w.])", text))
    if not places:
        return None
    for found in sorted(
        rng.sample(places, min(len(places), rng.choice([1, 1, 2]))), key=lambda f: -f.start()
    ):
        old = int(found.group()[:6])
        new = old + rng.choice([1, 2, 3, 5, 10]) if rng.random() < 0.7 else old * rng.choice([2, 3, 7]) + 1
        text = text[: found.start()] + str(new) + text[found.end() :]
    return text


def flip(text: str, rng: Random, other: str) -> str | None:
    """The opposite of one deciding word."""
    possible = []
    for pair in OPPOSITES:
        for one, two in (pair, pair[::-1]):
            possible += [(found.span(), two) for found in re.finditer(rf"\b{one}\b", text)]
    if not possible:
        return None
    (start, end), word = rng.choice(possible)
    return text[:start] + word + text[end:]


def options(text: str, rng: Random, other: str) -> str | None:
    """Four answer options."""
    start, step = rng.randint(1, 60), rng.randint(1, 9)
    style = rng.choice(["\n{}. {}", " ({}) {}", "\n({}) ${}$", " {}: {}"])
    return text + "".join(style.format(letter, start + step * n) for n, letter in enumerate("ABCD"))


def context(text: str, rng: Random, other: str) -> str | None:
    """A sentence of another problem before it."""
    parts = [part for part in re.split(r"(?<=[.?!])\s+", other) if len(part) > 30]
    return f"{rng.choice(parts)} {text}" if parts else None


def cut(text: str, rng: Random, other: str) -> str | None:
    """Without its first sentence, where that gives nothing: no number and no condition, only a scene."""
    first, *rest = sentences(text)
    return " ".join(rest) if len(rest) > 1 and len(" ".join(rest)) > 80 and not gives(first) else None


def joined(text: str, rng: Random, other: str) -> str | None:
    """One question of two."""
    parts = [text, other]
    rng.shuffle(parts)
    return f"(a) {parts[0]} (b) {parts[1]}"


#: name -> (change, relation).
CHANGES: dict[str, tuple[Change, str]] = {
    "renumbered": (renumber, "variant"),
    "ask flipped": (flip, "variant"),
    "options appended": (options, "embedded"),
    "context added": (context, "embedded"),
    "first sentence cut": (cut, "embedded"),
    "one of two questions": (joined, "embedded"),
}
