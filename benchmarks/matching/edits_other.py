"""Edits that leave another problem: something given, asked or computed is no longer the same.

Each takes a text with its answer (`pieces.Given`) and returns the edited text; None where it cannot be made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from pieces import Given, asks, formulas, in_formulas, letters, like, people, question_at, sentences, word

_NUMBER = re.compile(r"(?<![\w.,^_{\\])\d+(?:\.\d+)?(?![\w.,]*\d)")
_NUMBER_WORD = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|twelve|twice|half|third|"
    r"quarter|double|triple|dozen|hundred)\b",
    re.IGNORECASE,
)
_OTHER_NUMBER = {
    "two": "three", "three": "four", "four": "five", "five": "seven", "six": "eight", "seven": "five",
    "eight": "six", "nine": "seven", "ten": "twelve", "twelve": "ten", "twice": "three times",
    "half": "a third of", "third": "fifth", "quarter": "third", "double": "triple",
    "triple": "double", "dozen": "hundred", "hundred": "thousand",
}  # fmt: skip
_CONDITION = re.compile(
    r"[=<>]|\\(?:le|ge|leq|geq|lt|gt|in|ne)\b|"
    r"\b(?:if|such that|exactly|at least|at most|each|every|distinct)\b"
)
#: A condition inside a sentence: from its first word to the next pause.
_CLAUSES = (
    re.compile(
        r",? (?:such that|so that|given that|provided that|with the property that|assuming that)\b"
        r"[^.?;]*?(?=[.?;]|, (?:what|how|find)|$)"
    ),
    re.compile(r",? where \$[^$]+\$(?: (?:is|are) [^.?,;]*)?(?=[.?,;])"),
    re.compile(r",? for (?:all|every|any|some) [^.?,;]*(?=[.?,;])"),
    re.compile(
        r",? (?:if|when|while|without|except|who|which|that) "
        r"[^.?,;]*(?:\d|\bno\b|\bnot\b|\bsame\b)[^.?,;]*(?=[.?,;])"
    ),
    re.compile(r" and (?:\$[^$]+\$|[^.?,;]*\d[^.?,;]*)(?=[.,;])"),
    re.compile(r"(?<=[.?!] )(?:If|When|Suppose|Given that) [^.?;]*?(?=, (?:what|how|find))"),
)
_QUALITIES = re.compile(
    r"\b(distinct|different|positive|negative|even|odd|prime|consecutive|nonnegative|"
    r"non-negative|nonzero|real|integer|identical|"
    r"equilateral|isosceles|acute|right|regular|convex|common|proper|whole|"
    r"two-digit|three-digit|four-digit) (?=[a-z])"
)
_NOUNS = re.compile(
    r"\b(?=(?:integers?|numbers?|digits|divisors|solutions|values|factors|pairs|triples|students|books|cards|balls|boxes)\b)"
)


def _pick(found: list[re.Match[str]], rng: Random) -> re.Match[str]:
    """One place; where a text has several, mostly one of the last two: what is asked stands at the end."""
    return rng.choice(found[-2:] if rng.random() < 0.5 else found)


def _put(text: str, place: re.Match[str], new: str) -> str:
    return text[: place.start()] + new + text[place.end() :]


def exchanged(kind: str) -> Callable[[Given], str | None]:
    """An edit that exchanges one word for the other of its pair, of one list of `exchanges.toml`."""

    def act(given: Given) -> str | None:
        options, lower = [], given.text.lower()
        for old, new in given.half.exchanges(kind):
            found = _places(given, kind, old) if old.lower() in lower else []
            if found:
                options.append((found, new))
        if not options:
            return None
        found, new = given.rng.choice(options)
        # One place in seven of ten, all of them otherwise; of units never all.
        if kind == "unit" or given.rng.random() < 0.7:
            place = _pick(found, given.rng)
            return _put(given.text, place, like(new, place.group()))
        text = given.text
        for place in reversed(found):
            text = _put(text, place, like(new, place.group()))
        return text

    return act


def _places(given: Given, kind: str, old: str) -> list[re.Match[str]]:
    """Where exchanging a word makes another problem."""
    found = list(word(old).finditer(given.text))
    if kind == "unit":
        if len(old) <= 2:  # a variable may have the same letters
            found = [f for f in found if re.search(r"\d\s?$", given.text[: f.start()])]
        # The only unit of a text may be told in another one without any change.
        return found if len(found) > 1 else []
    if not old[0].isalpha():
        spans = [formula.span() for formula in formulas(given.text)]
        return [f for f in found if any(a <= f.start() < b for a, b in spans)]
    if kind == "operator":  # what happens matters where a number comes with it
        return [f for f in found if _counted(given.text, f)]
    return found


def _counted(text: str, place: re.Match[str]) -> bool:
    """Whether a number stands in the same sentence."""
    start, end = text.rfind(". ", 0, place.start()) + 1, text.find(". ", place.end())
    sentence = text[start : end if end >= 0 else len(text)]
    return (
        re.search(r"\d|how m", sentence, re.IGNORECASE) is not None
        or _NUMBER_WORD.search(sentence) is not None
    )


def gives(sentence: str) -> bool:
    """Whether a sentence holds a number or a condition."""
    found = re.search(r"\d", sentence) or _NUMBER_WORD.search(sentence) or _CONDITION.search(sentence)
    return found is not None


def given_dropped(given: Given) -> str | None:
    """Without one sentence that holds a number or a condition and asks nothing."""
    parts = sentences(given.text)
    needed = [
        n for n, part in enumerate(parts)
        if not asks(part) and gives(part)
    ]  # fmt: skip
    if not needed or len(parts) < 2:
        return None
    gone = given.rng.choice(needed)
    text = " ".join(part for n, part in enumerate(parts) if n != gone)
    return text if len(text) >= 40 else None


def clause_dropped(given: Given) -> str | None:
    """Without one condition inside a sentence."""
    found = [place for clause in _CLAUSES for place in clause.finditer(given.text) if len(place.group()) > 8]
    if not found:
        return None
    place = given.rng.choice(found)
    text = _put(given.text, place, "")
    text = re.sub(r"^[, ]+|(?<=[.?!]) *, *", " ", text).strip()
    return text if len(text) >= 30 else None


def quality_dropped(given: Given) -> str | None:
    """Without one adjective that is a condition: distinct, positive, even."""
    found = list(_QUALITIES.finditer(given.text))
    return _put(given.text, given.rng.choice(found), "") if found else None


def quality_added(given: Given) -> str | None:
    """With one adjective more that is a condition."""
    found = list(_NOUNS.finditer(given.text))
    new = given.rng.choice(given.half.lists["adjectives"])
    if not found or new in given.text:
        return None
    return _put(given.text, given.rng.choice(found), f"{new} ")


def given_added(given: Given) -> str | None:
    """With one sentence more that changes the problem."""
    parts = sentences(given.text)
    names = [letter for letter in letters(given.text) if letter.islower() and letter not in "deif"]
    lists = given.half.lists
    n = str(given.rng.choice([3, 4, 6, 7, 8, 9, 12, 14, 15, 20, 25]))
    if names:
        new = given.rng.choice(lists["added_to_variable"]).replace("{v}", given.rng.choice(names[:3]))
    elif re.search(r"\d", given.text) and not formulas(given.text):
        new = given.rng.choice(lists["added"])
    else:
        return None
    at = question_at(parts)
    # After a question a condition reads well too.
    parts.insert(at + (given.rng.random() < 0.25 or at == 0), new.replace("{n}", n))
    return " ".join(parts)


def number_changed(given: Given) -> str | None:
    """One number word, share or small number for another."""
    words, digits = list(_NUMBER_WORD.finditer(given.text)), list(_NUMBER.finditer(given.text))
    if words and given.rng.random() < 0.7:
        place = given.rng.choice(words)
        return _put(given.text, place, like(_OTHER_NUMBER[place.group().lower()], place.group()))
    if not digits:
        return None
    place = given.rng.choice(digits)
    value = place.group()
    if "." in value:
        return _put(given.text, place, str(round(float(value) + given.rng.choice([0.5, 1, 0.2]), 3)))
    return _put(
        given.text, place, str(int(value[:9]) + given.rng.choice([1, 1, 2, -1 if int(value[:9]) > 2 else 1]))
    )


def negated(given: Given) -> str | None:
    """One thing that was so is not so, or the other way round."""
    there = list(re.finditer(r"\b(is|are|can|does|do|has|was|were|may|must)( not|n't|not)\b", given.text))
    if there:
        place = given.rng.choice(there)
        return _put(given.text, place, place.group(1))
    parts = sentences(given.text)
    found = [
        (n, place) for n, part in enumerate(parts) if not asks(part)
        for place in re.finditer(r"\b(is|are|can|may|must|was|were)(?= [a-z])", part)
    ]  # fmt: skip
    if not found:
        return None
    n, place = given.rng.choice(found)
    parts[n] = _put(parts[n], place, f"{place.group()} not")
    return " ".join(parts)


_TURNED = {
    "train": (
        "{all} The answer to this is {answer}. Find {v}.",
        "{all} If the result is {answer}, what must {v} be?",
        "{all} Knowing that this comes to {answer}, determine the value of {v}.",
    ),
    "test": (
        "{all} It is known that the correct answer is {answer}; which number does {v} stand for?",
        "{all} Someone worked it out and got {answer}. Which {v} makes that right?",
    ),
}


def turned_round(given: Given) -> str | None:
    """The answer is told, and one of the numbers is asked for."""
    found = list(_NUMBER.finditer(given.text))
    if not found or given.answer is None or not re.fullmatch(r"-?\$?\d[\d,.]*%?", given.answer):
        return None
    name = next((v for v in given.rng.sample("xyznkt", 6) if not re.search(rf"\b{v}\b", given.text)), None)
    if name is None:
        return None
    place = given.rng.choice(found)
    inside = any(a <= place.start() < b for a, b in (f.span() for f in formulas(given.text)))
    text = _put(
        given.text,
        place,
        name
        if inside or given.rng.random() < 0.6
        else given.rng.choice(["an unknown number", "some number"]),
    )
    ask = given.rng.choice(_TURNED[given.half.name])
    told = name if name in text[place.start() : place.start() + 1] else "that number"
    return ask.format(all=text, answer=given.answer, v=told)


_HOW_MANY = re.compile(
    r"[Hh]ow (?:many|much) ([a-z ]{3,30}?) "
    r"(did|does|do|will|can|could|are|were|is|was|has|had|have) ([^?]+)\?"
)


def told_and_asked(given: Given) -> str | None:
    """What was asked is told in a sentence, and a number of the givens is asked for in its place."""
    parts = sentences(given.text)
    at = question_at(parts)
    ask = _HOW_MANY.search(parts[at])
    if ask is None or given.answer is None or not re.fullmatch(r"\d[\d,]*(?:\.\d+)?", given.answer):
        return None
    options = [
        (n, place) for n, part in enumerate(parts) if n != at
        for place in re.finditer(r"(?<![\w$.,])(\d+)( [a-z]+)(?=[ .,])", part)
    ]  # fmt: skip
    if not options:
        return None
    n, place = given.rng.choice(options)
    noun, verb, rest = (group.strip() for group in ask.groups())
    sentence = _put(parts[n], place, f"some{place.group(2)}")
    told = f"In the end, the number of {noun} that {rest.rstrip(' .')} ({verb}) is {given.answer}."
    if given.rng.random() < 0.5:
        told = f"It turns out that {given.answer} is how many {noun} {verb} {rest}."
    kept = [sentence if m == n else part for m, part in enumerate(parts) if m != at]
    lead = parts[at][: ask.start()].strip(" ,")
    asked = given.rng.choice(
        [f"How many{place.group(2)} was that at the beginning?", f"What was the number of{place.group(2)}?"]
    )
    return " ".join([*kept, *([lead.rstrip(".") + "."] if len(lead) > 8 else []), told, asked])


def asked_of_another(given: Given) -> str | None:
    """The question names another person, letter or thing of the same text."""
    parts = sentences(given.text)
    at = question_at(parts)
    before = " ".join(parts[:at])
    options = [
        (one, other)
        for one in people(parts[at], given.half)
        for other in people(before, given.half)
        if one != other
    ]
    pairs = [(a, b) for pair in _TOLD_APART for a, b in (pair, pair[::-1])]
    options += [(a, b) for a, b in pairs if word(a).search(parts[at]) and word(b).search(given.text)]
    if options:
        one, other = given.rng.choice(options)
        place = given.rng.choice(list(word(one).finditer(parts[at])))
        parts[at] = _put(parts[at], place, like(other, place.group()))
        return " ".join(parts)
    asked = re.search(
        r"(?:[Ff]ind|[Ww]hat is|value of|[Cc]ompute|[Dd]etermine)"
        r"(?: the (?:value|measure) of)? \$([a-z])\$(?=[.?, ]|$)",
        given.text,
    )
    others = [
        v for v in letters(given.text) if asked and v != asked.group(1) and v.islower() and v not in "defgih"
    ]
    if asked is None or not others:
        return None
    start = asked.start(1)
    return given.text[:start] + given.rng.choice(others) + given.text[start + 1 :]


_TOLD_APART = (
    ("boys", "girls"),
    ("men", "women"),
    ("adults", "children"),
    ("teachers", "students"),
    ("apples", "oranges"),
    ("cats", "dogs"),
    ("cows", "chickens"),
    ("red", "blue"),
    ("black", "white"),
    ("green", "yellow"),
    ("nickels", "dimes"),
    ("pens", "pencils"),
    ("quarters", "pennies"),
    ("heads", "tails"),
    ("cars", "trucks"),
    ("small", "large"),
    ("Saturday", "Sunday"),
    ("Monday", "Tuesday"),
)


def roles_swapped(given: Given) -> str | None:
    """Two names, or two letters, change places in one sentence that tells something."""
    parts = sentences(given.text)
    at = question_at(parts)
    options = [
        (n, two) for n, part in enumerate(parts) if n != at and len(two := people(part, given.half)) == 2
    ]
    if not options:
        return None
    n, (one, other) = given.rng.choice(options)
    parts[n] = re.sub(
        rf"\b(?:{one}|{other})\b", lambda found: other if found.group() == one else one, parts[n]
    )
    return " ".join(parts)


def way_back(given: Given) -> str | None:
    """From A to B becomes from B to A; A divided by B and A minus B likewise."""
    thing = r"(\$[^$]+\$|[A-Z][a-z]+|[A-Z]|\d+|the [a-z]+)"
    phrase = r"((?:the )?[a-z $A-Z]+?)"
    pattern = (
        rf"\b(?:from {thing} to {thing}|{thing} (?:divided by|minus|subtracted from) {thing}|"
        rf"ratio of {phrase} to {phrase}(?=[.?,;]))"
    )
    found = list(re.finditer(pattern, given.text))
    if not found:
        return None
    place = given.rng.choice(found)
    first, second = [n for n in range(1, 7) if place.group(n) is not None]
    one, other = place.group(first), place.group(second)
    if one == other:
        return None
    start = place.start(first)
    return (
        given.text[:start]
        + other
        + given.text[place.end(first) : place.start(second)]
        + one
        + given.text[place.end(second) :]
    )


def exponent_changed(given: Given) -> str | None:
    """Another exponent, or another root."""
    places = list(re.finditer(r"\^(?:(\d)(?!\d)|\{(\d)\})", given.text))
    roots = list(re.finditer(r"\\sqrt(?=\s*\{)", given.text))
    if not places and not roots:
        return None
    if roots and (not places or given.rng.random() < 0.4):
        return _put(given.text, given.rng.choice(roots), r"\sqrt[3]")
    place = given.rng.choice(places)
    new = given.rng.choice([n for n in (2, 3, 4, 5) if str(n) not in place.groups()])
    return _put(given.text, place, f"^{new}" if place.group(1) else f"^{{{new}}}")


def sign_changed(given: Given) -> str | None:
    """One plus for a minus in a formula, or the other way round."""

    def change(formula: str) -> str:
        signs = list(re.finditer(r"(?<=[\w)}] )[+-](?= )|(?<=[a-z\d)}])[+-](?=[a-z\d(\\{])", formula))
        if not signs or done:
            return formula
        done.append(1)
        place = given.rng.choice(signs)
        return _put(formula, place, "-" if place.group() == "+" else "+")

    done: list[int] = []
    text = in_formulas(given.text, change)
    return text if done else None


def grouped_otherwise(given: Given) -> str | None:
    """A term leaves its fraction, root or parentheses, an end of an interval opens: all signs stay."""
    patterns: tuple[tuple[str, str], ...] = (
        (r"\\frac\{(\w+) ?\+ ?(\w+)\}\{(\w+)\}", r"\1 + \\frac{\2}{\3}"),
        (r"\\frac\{(\w+) ?- ?(\w+)\}\{(\w+)\}", r"\1 - \\frac{\2}{\3}"),
        (r"\\frac\{(\w+)\}\{(\w+) ?\+ ?(\w+)\}", r"\\frac{\1}{\2} + \3"),
        (r"\\sqrt\{(\w+) ?\+ ?(\w+)\}", r"\\sqrt{\1} + \2"),
        (r"\((\w+) ?\+ ?(\w+)\)\^(\d)", r"\1 + \2^\3"),
        (r"(\w)\((\w) ?([+-]) ?(\w+)\)(?![\w=^])", r"\1\2 \3 \4"),
        (r"\[(-?\w+) ?, ?(-?\w+)\]", r"(\1, \2)"),
    )
    options = [(p, new) for p, new in patterns if any(re.search(p, f.group()) for f in formulas(given.text))]
    if not options:
        return None
    pattern, new = given.rng.choice(options)
    return in_formulas(given.text, lambda formula: re.sub(pattern, new, formula, count=1))
