"""Edits that leave the problem as it is: other words, names, order and notation, something beside the point.

Each takes a text with its answer (`pieces.Given`) and returns the edited text; None where it cannot be made.
"""

from __future__ import annotations

import re
from functools import cache
from string import ascii_lowercase

from pieces import (
    Given,
    asks,
    formulas,
    in_formulas,
    letters,
    outside_formulas,
    people,
    question_at,
    sentences,
    with_letters,
)

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
#: Plain nouns that no problem is likely to use, as long names of variables.
_NOUNS = [
    "lantern",
    "harbor",
    "violin",
    "meadow",
    "copper",
    "saddle",
    "pebble",
    "orchard",
    "anchor",
    "velvet",
    "thistle",
    "marble",
    "compass",
    "ribbon",
    "cedar",
    "falcon",
    "quarry",
    "timber",
    "pillow",
    "canyon",
]
#: After one of these words a sentence leans on the one before it.
_LEANS = re.compile(
    r"^(?:he|she|it|they|his|her|its|their|this|that|these|those|then|after|if|when|however|but|so|also|next|"
    r"later|finally|the (?:other|rest|remaining|next))\b|"
    r"\b(?:then|remaining|rest|left|afterwards|later|again|now|them)\b",
    re.IGNORECASE,
)


def distracted(given: Given) -> str | None:
    """With a sentence that does not matter."""
    parts = sentences(given.text)
    names = people(given.text, given.half) or [given.rng.choice(given.half.women)]
    sentence = given.rng.choice(given.half.lists["distractions"])
    sentence = sentence.replace("{name}", given.rng.choice(names)).replace(
        "{n}", str(given.rng.randint(3, 60))
    )
    # Never after the question: options may stand there.
    parts.insert(given.rng.randint(0, question_at(parts)), sentence)
    return " ".join(parts)


def framed(given: Given) -> str:
    """With polite words around it."""
    return str(given.rng.choice(given.half.lists["frames"])).replace("{}", given.text)


def retold(given: Given) -> str | None:
    """The givens in another order of sentences, or the question first."""
    parts = sentences(given.text)
    at = question_at(parts)
    if at == 0 or not asks(parts[at]) or at != len(parts) - 1:
        return None
    free = [n for n in range(1, at) if not _LEANS.search(parts[n]) and not _LEANS.search(parts[n - 1])]
    if free and given.rng.random() < 0.6:
        n = given.rng.choice(free)
        parts[n - 1], parts[n] = parts[n], parts[n - 1]
        return " ".join(parts)
    if re.match(r"\W*(?:then|if|now)\b", parts[at], re.IGNORECASE):
        return None
    return given.rng.choice(
        ["{ask} {rest}", "{ask} This is known: {rest}", "{ask} Here is what is given. {rest}"]
    ).format(ask=parts[at], rest=" ".join(parts[:at]))


def letters_exchanged(given: Given) -> str | None:
    """Variables and points get other letters, everywhere the same."""
    used = letters(given.text)
    small = [v for v in used if v.islower() and v not in "deifgh"]
    functions, large = [v for v in used if v in "fgh"], [v for v in used if v.isupper() and v not in "CPNRZQ"]
    names: dict[str, str] = {}
    for group, pool in ((small, "abcmnkpqrstuvwxyz"), (functions, "fgh"), (large, "ABDEFGHJKLMSTUVWXY")):
        free = [v for v in pool if v not in used]
        if 0 < len(group) <= len(free):
            names |= dict(zip(group, given.rng.sample(free, len(group)), strict=True))
    # An article in prose is no variable, but a reader could take it for one.
    if not names or ("a" in names and re.search(r"\ba\b", outside_formulas_only(given.text))):
        names.pop("a", None)
    return with_letters(given.text, names) if names else None


def outside_formulas_only(text: str) -> str:
    """What is no formula."""
    kept: list[str] = []
    outside_formulas(text, lambda prose: kept.append(prose) or prose)  # type: ignore[func-returns-value]
    return " ".join(kept)


def _long_names(given: Given, make: list[str]) -> str | None:
    used = [v for v in letters(given.text) if v.islower() and v not in "aedifgh"]
    if not 0 < len(used) <= 6:
        return None
    return with_letters(given.text, dict(zip(used, make[: len(used)], strict=True)))


def letters_to_words(given: Given) -> str | None:
    """Variables get words for names."""
    return _long_names(given, given.rng.sample(_NOUNS, 6))


def letters_to_nonsense(given: Given) -> str | None:
    """Variables get names that are no words."""
    return _long_names(
        given, ["".join(given.rng.sample(ascii_lowercase, given.rng.randint(5, 9))) for _ in range(6)]
    )


def names_exchanged(given: Given) -> str | None:
    """First names get other first names, everywhere the same."""
    used = people(given.text, given.half)
    if not used:
        return None
    names: dict[str, str] = {}
    for kind in (given.half.women, given.half.men):
        of = [name for name in used if name in kind]
        names |= dict(
            zip(of, given.rng.sample([n for n in kind if n not in given.text], len(of)), strict=True)
        )
    return re.sub(rf"\b(?:{'|'.join(names)})\b", lambda found: names[found.group()], given.text)


_DECLARED = (
    (r"(?<![A-Za-z\\])([A-Z]) ?\((-?\w+ ?, ?-?\w+)\)", r"\1 = (\2)"),
    (r"(?<![A-Za-z\\])([A-Z]) ?= ?\((-?\w+ ?, ?-?\w+)\)", r"\1(\2)"),
)
_SAID = (
    (
        r"\b([Ll]et|[Ss]uppose|[Ii]f) \$([fgh])\(([a-z])\) ?= ?([^$]+)\$",
        r"\1 $\2$ be the function with $\2(\3) = \4$",
    ),
    (r"\b[Tt]he function \$([fgh])\(([a-z])\) ?= ?([^$]+)\$", r"the function $\1$ given by $\1(\2) = \3$"),
    (r"\b[Ll]et \$([fgh])\$ be (?:a|the) function (?:defined by|with|such that|given by) \$", r"let $"),
    (r"\bWhat is the value of\b", "Find the value of"),
    (r"\b[Ff]ind the value of \$", "evaluate $"),
    (r"\b(?:Compute|Evaluate|Calculate) \$([^$]+)\$\s*\.?$", r"What is $\1$?"),
    (r"\bWhat is \$([^$]+)\$\?", r"Determine $\1$."),
    (r"\b[Ll]et \$([a-z]) ?= ?([^$=]+)\$", r"suppose that $\1$ equals $\2$"),
    (r"\bSuppose (?:that )?\$", "Assume that $"),
    (r"\b[Ss]uch that\b", "so that"),
    (r"\b[Ff]ind all\b", "determine every one of the"),
    (r"\b[Hh]ow many (\w+) are there\b", r"what is the number of \1 that there are"),
    (r"\bsatisfies\b", "fulfils"),
    (r"\bin terms of\b", "as an expression in"),
)


def declared_otherwise(given: Given) -> str | None:
    """The same thing declared in another form: P(0,0) and P = (0,0), a function, a value."""
    marked = [(p, new) for p, new in _DECLARED if any(re.search(p, f.group()) for f in formulas(given.text))]
    said = [(p, new) for p, new in _SAID if re.search(p, given.text)]
    if marked and (not said or given.rng.random() < 0.7):
        pattern, new = given.rng.choice(marked)
        return in_formulas(given.text, lambda formula: re.sub(pattern, new, formula))
    if not said:
        return None
    text = given.text
    for pattern, new in given.rng.sample(said, min(len(said), 2)):
        text = re.sub(pattern, new, text)
    return re.sub(r"(?:^|(?<=[.?!] ))[a-z](?=[a-z]+ )", lambda found: found.group().upper(), text)


@cache
def in_words(n: int) -> str:
    """A number below a thousand in words."""
    if n < 20:
        return _ONES[n]
    if n < 100:
        return _TENS[n // 10 - 2] + (f"-{_ONES[n % 10]}" if n % 10 else "")
    return f"{_ONES[n // 100]} hundred" + (f" and {in_words(n % 100)}" if n % 100 else "")


def numbers_in_words(given: Given) -> str | None:
    """Whole numbers below a thousand in words, outside formulas."""

    def change(prose: str) -> str:
        return re.sub(
            r"(?<![\w$.,:/#-])\d{1,3}(?![\w%:/-]|[.,]\d)", lambda found: in_words(int(found.group())), prose
        )

    return outside_formulas(given.text, change)


def words_in_numbers(given: Given) -> str | None:
    """Number words as digits."""
    values = {name: str(n) for n, name in enumerate(_ONES) if n > 1} | {
        name: str(20 + 10 * n) for n, name in enumerate(_TENS)
    }
    return re.sub(
        rf"(?<![\w-])(?:{'|'.join(values)})(?![\w-])", lambda found: values[found.group()], given.text
    )


_UNITS = (
    (r"(?<=\d) ?cm\b", " centimeters"),
    (r"(?<=\d) ?km\b", " kilometers"),
    (r"(?<=\d) ?kg\b", " kilograms"),
    (r"(?<=\d) centimeters?\b", " cm"),
    (r"(?<=\d) kilometers?\b", " km"),
    (r"(?<=\d) kilograms?\b", " kg"),
    (r"(?<=\d) ?mph\b", " miles per hour"),
    (r"(?<=\d) miles per hour\b", " mph"),
    (r"(?<=\d) ?%", " percent"),
    (r"(?<=\d) percent\b", "%"),
    (r"\$(\d+(?:\.\d+)?)(?![\d$])", r"\1 dollars"),
    (r"(?<![\w$.])(\d+) dollars\b", r"$\1"),
    (r"(?<=\d) minutes\b", " min"),
    (r"(?<=\d) hours\b", " h"),
    (r"(?<=\d) pounds\b", " lb"),
    (r"(?<=\d) feet\b", " ft"),
    (r"(?<=\d) inches\b", " in."),
    (r"(?<=\d) grams\b", " g"),
    (r"(?<=\d) liters\b", " L"),
    (r"\bcents\b", "¢"),
)


def units_spelled(given: Given) -> str | None:
    """Units, prices and percentages in their other spelling."""
    options = [(p, new) for p, new in _UNITS if re.search(p, given.text)]
    if not options or formulas(given.text):
        return None
    text = given.text
    for pattern, new in given.rng.sample(options, min(len(options), 2)):
        text = re.sub(pattern, new, text)
    return text


_PLAIN = (
    (r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}", r"(\1)/(\2)"),
    (r"\\sqrt\{([^{}]+)\}", r"sqrt(\1)"),
    (r"\\(?:left|right)(?=[()\[\]|.])", ""),
    (r"\\(?:cdot|times)", "*"),
    (r"\\(?:leq|le)(?![a-z])", "<="),
    (r"\\(?:geq|ge)(?![a-z])", ">="),
    (r"\\neq?(?![a-z])", "!="),
    (r"\\(sin|cos|tan|log|ln|pi|angle|triangle|max|min|gcd)(?![a-z])", r"\1 "),
    (r"\^\{?\\circ\}?", " degrees"),
    (r"\\(?:dots|ldots|cdots)", "..."),
    (r"\^\{(\w+)\}", r"^\1"),
    (r"_\{(\w+)\}", r"_\1"),
    (r"\\[,;!]|\\q?quad", " "),
    (r"\\%", "%"),
)


def tex_as_text(given: Given) -> str | None:
    """Formulas as plain text; None where a command is left that has no plain form."""

    def change(formula: str) -> str:
        inner = re.sub(r"^(?:\$\$?|\\\[|\\\()|(?:\$\$?|\\\]|\\\))$", "", formula)
        for pattern, new in _PLAIN:
            inner = re.sub(pattern, new, inner)
        return inner.strip()

    if not formulas(given.text):
        return None
    text = in_formulas(given.text, change)
    return None if "\\" in text else text


_SPOKEN = (
    (r"\$([a-z])\^\{?2\}?\$", r"the square of $\1$"),
    (r"\$([a-zA-Z0-9]+) ?= ?([a-zA-Z0-9]+)\$", r"$\1$ equals $\2$"),
    (r"\$([a-z]) ?> ?0\$", r"$\1$ is positive"),
    (r"\$([a-z]) ?(?:\\geq?|≥) ?(\d+)\$", r"$\1$ is at least $\2$"),
    (r"\$([a-z]) ?(?:\\leq?|≤) ?(\d+)\$", r"$\1$ is at most $\2$"),
    (r"\$([a-z]) ?> ?(\d+)\$", r"$\1$ is greater than $\2$"),
    (r"\$([a-z]) ?< ?(\d+)\$", r"$\1$ is less than $\2$"),
    (r"\$([a-z]+) ?\+ ?([a-z]+)\$", r"the sum of $\1$ and $\2$"),
    (r"\$\\frac\{1\}\{2\}\$", "one half"),
    (r"\$\\angle ([A-Z]+)\$", r"angle $\1$"),
    (r"\$\\triangle ([A-Z]+)\$", r"triangle $\1$"),
    (r"\$([A-Z]{2}) ?\\perp ?([A-Z]{2})\$", r"$\1$ is perpendicular to $\2$"),
    (r"\$([A-Z]{2}) ?\\parallel ?([A-Z]{2})\$", r"$\1$ is parallel to $\2$"),
)


def formula_spoken(given: Given) -> str | None:
    """A short formula in words: `x >= 3` is "x is at least 3"."""
    options = [(p, new) for p, new in _SPOKEN if re.search(p, given.text)]
    if not options:
        return None
    text = given.text
    for pattern, new in options:
        text = re.sub(pattern, new, text)
    return text


_OPTION = re.compile(r"(?:^|(?<=[\s\n]))(?:\(([A-E])\)|([A-E])[.):]|\\?textbf\{\(([A-E])\)[^}]*\})\s*")


def _options(text: str) -> tuple[str, list[str]] | None:
    """The text before its options, and the options without their letters; None where it has none."""
    marks = list(_OPTION.finditer(text))
    said = [next(letter for letter in mark.groups() if letter) for mark in marks]
    if len(marks) < 3 or said != list("ABCDE")[: len(said)]:
        return None
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    values = [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
    return (text[: marks[0].start()].strip(), values) if all(values) and marks[0].start() > 40 else None


def options_dropped(given: Given) -> str | None:
    """Multiple choice without its options, where it can be answered without them."""
    parts = _options(given.text)
    return None if parts is None or re.search(r"\bfollowing\b|\bthese\b|\boptions?\b", parts[0]) else parts[0]


def options_shuffled(given: Given) -> str | None:
    """The options in another order and with other marks."""
    parts = _options(given.text)
    if parts is None:
        return None
    style = given.rng.choice(["\n{}. {}", " ({}) {}", "\n({}) {}", "\n{}) {}"])
    values = given.rng.sample(parts[1], len(parts[1]))
    return parts[0] + "".join(
        style.format(letter, value) for letter, value in zip("ABCDE", values, strict=False)
    )
