"""Programming problems taken apart: what is asked in prose, for which function, and its tests."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import chain, islice, pairwise

import polars as pl

from rlvr_atlas.canonical.skeleton import skeleton
from rlvr_atlas.match import comments
from rlvr_atlas.text.tokens import Parts, lexicon

#: A stub in Python, up to its parameters, and what follows them.
_STUB = re.compile(r"\bdef (\w+) ?(?=\()")
_RETURNS = re.compile(r"(?: ?-> ?[^:]{1,80})? ?:")
#: What may stand around a stub.
_SCAFFOLD = re.compile(
    r"```\w*|\"\"\"|'''|\bclass \w+(?:\([\w., ]*\))? ?:"
    r"|\bfrom [\w.]+ import (?:\*|\w+(?: ?, ?\w+)*)|\bimport \w[\w.]*"
)
#: A call whose result is told, in an assertion, a session or a sentence; parameters follow.
_CALL = re.compile(r"(?<!\bdef )(?P<begin>\bassert |>>> ?)?\b(?P<name>[A-Za-z_][\w.]{0,200}+) ?(?=\()")
_RESULT = re.compile(
    r"(?P<sign>\)?;? ?(?://|#) ?(?:(?:expected|should|will) )?(?:outputs?|returns?|prints?|result)"
    r"(?: is| should be)?:?"
    r"| ?(?:==|➞|→|➔|⇒|->|=>|==>|=|# ?=?>?|(?:should |will |would )?returns?\b))? ?",
    re.IGNORECASE,
)
#: An example in the way of competitions.
_EXAMPLE = re.compile(
    r"(?:\bSample Input(?: \d+)?:?|\bInput:) (?P<given>.{1,300}?)"
    r" (?:\bSample Output(?: \d+)?:?|\bOutput:) (?P<result>.{1,120}?)"
    r"(?= (?:Explanation|Examples?|Constraints?|Notes?|Sample|Input|Output|Follow)\b| \"\"\"| '''|$)"
)
#: Where the statement ends at the latest: what follows are examples, limits, tests or a stub.
_END = re.compile(
    r"\b(?:Sample |For )?Examples?(?: \d+)? ?[:.,]|\bSample Input\b|\bInput(?: \d+)?:|\bConstraints?\b"
    r"|\bNotes?:|>>>|\bassert |```|\bFollow[- ]up\b"
)
#: A sentence that announces what was cut off.
_ANNOUNCES = re.compile(r"(?:^|(?<=[.!?]) )[^.!?:]{0,120}: ?$")
#: The name of a parameter in a call, white space left out.
_KEYWORD = re.compile(r"(^|,)[a-z_]\w*=(?!=)")
#: A statement has this many words at least; with fewer what stood before the end was a heading.
_WORDS = 6
_WORD = re.compile(r"\S+")
#: So many ends with enough words before them are tried: mostly the first one will do.
_MOST_ENDS = 16
#: So many functions that a prompt begins are looked at, of however many that are never finished.
_MOST_STUBS = 200
#: The call of a function, which ends the statement where it is the function asked for.
_ASKED_FOR = re.compile(r"\b(\w+) ?\(")
#: Brackets and quotes further apart than this belong to something else.
_FAR = 2_000
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_SIGN = re.compile(r"""[()\[\]{}'"]""")
#: Words, the parts of names such as `sumOfDigits` among them.
_LETTERS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
#: Where a comment begins.
_COMMENT = re.compile(r"/\*|//|# |\"\"\"|'''")
#: Words are compared by so many letters: "returns" is "return", "duplicated" is "duplicates".
_BEGINNING = 6
_COUNTS = frozenset("23456789")
_LITERAL = re.compile(r"""(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]\w)|"([^"]{1,40})"|'([^']{1,40})'""")
_QUOTED, _NUMBER = re.compile(r"\"[^\"]*\""), re.compile(r"-?\d+(?:\.\d+)?")
_REPEATED = re.compile(r"(\b\w|\[[^\[\]]*\])(?:,\1)+")

Test = tuple[str, str]


@dataclass(frozen=True)
class Program:
    """The parts of one programming problem.

    Attributes:
        statement: Skeleton of what is asked, in prose; empty where it tells nothing.
        name: The function asked for, without case and underscores; None where none is named.
        parameters: Names of its parameters.
        tests: What it must return for which parameters, both spelt in one way.
        words: Beginnings of the words of what is asked, prose and comments; repeated ones are repeated.
        named: The same of the names of its functions.
        literals: Numbers and quoted texts in what is asked and in tests, of more than one sign.
    """

    statement: str
    name: str | None
    parameters: tuple[str, ...]
    tests: frozenset[Test]
    words: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()
    literals: frozenset[str] = frozenset()

    @cached_property
    def counts(self) -> frozenset[str]:
        """Numbers from two on in the statement, in words or of one digit."""
        known = lexicon().numbers
        told = (known.get(token, token) for token in self.parts.tokens)
        return frozenset(token for token in told if token in _COUNTS)

    @cached_property
    def shapes(self) -> frozenset[str]:
        """What kinds of values the tests give and want: a list of numbers and a text, a number."""
        return frozenset(f"{_shape(given)}:{_shape(result)}" for given, result in self.tests)

    @cached_property
    def parts(self) -> Parts:
        """Tokens of the statement."""
        return Parts.of(self.statement)


def programs(prompts: Sequence[str], answers: Sequence[str | None]) -> list[Program]:
    """Take programming problems apart.

    Args:
        prompts: Canonical prompts.
        answers: Their answers, which are tests where they are anything; None where unknown.
    """
    stubs = [_stub(prompt) for prompt in prompts]
    said = [comments.documentation(prompt) for prompt in prompts]
    asked = [_asked(prompt, comment) for prompt, comment in zip(prompts, said, strict=True)]
    statements = skeleton(pl.Series(asked, dtype=pl.String)).to_list()
    found = []
    for prompt, answer, (name, parameters), statement, comment, words in zip(
        prompts, answers, stubs, statements, said, asked, strict=True
    ):
        tests = _tests(prompt, answer, name)
        named = _words(" ".join(comments.names(prompt) or [name or ""]))
        found.append(
            Program(
                statement,
                _plain(name) if name else None,
                parameters,
                tests,
                words=_words(f"{'' if words in comment else statement} {comment}") + named,
                named=frozenset(named),
                literals=_literals(f"{statement} {comment}", tests),
            )
        )
    return found


def _asked(prompt: str, comment: str) -> str:
    """What is asked: the prose before the first function, or else what the comments of the functions say."""
    head = comments.HEAD.search(prompt)
    if head is None or len(comment.split()) < _WORDS:
        return _statement(prompt)
    begins = [found.start() for found in _COMMENT.finditer(prompt, 0, head.start())]
    before = _ANNOUNCES.sub("", _SCAFFOLD.sub(" ", prompt[: min([*begins, head.start()])]).rstrip())
    return _statement(prompt if len(before.split()) >= _WORDS else comment)


def _words(text: str) -> tuple[str, ...]:
    """Beginnings of the words of a text that are no function words."""
    known = lexicon().function_words
    words = (word.lower() for word in _LETTERS.findall(text))
    begun = (word[:_BEGINNING] for word in words if len(word) > 1 and word not in known)
    return tuple(_synonyms().get(word, word) for word in begun)


@cache
def _synonyms() -> dict[str, str]:
    """The first of the words that say the same for each other one, beginnings all."""
    text = files("rlvr_atlas.match").joinpath("programming_words.toml").read_text(encoding="utf-8")
    same: dict[str, str] = {}
    for line in tomllib.loads(text)["synonyms"]:
        first, *others = (word[:_BEGINNING] for word in line.split())
        for word in others:
            same.setdefault(word, first)
    return same


def _literals(text: str, tests: frozenset[Test]) -> frozenset[str]:
    parts = [text, *(side for test in tests for side in test)]
    found = (literal[0].strip("\"'").lower() for part in parts for literal in _LITERAL.finditer(part))
    return frozenset(literal for literal in found if len(literal) > 1)


def _stub(prompt: str) -> tuple[str | None, tuple[str, ...]]:
    """Name and parameters of the last function that the prompt begins, or the name that its tests call.

    Of functions in other languages than Python only the name.
    """
    stubs = deque(_STUB.finditer(prompt), maxlen=_MOST_STUBS)
    for stub in reversed(stubs):
        end = _closed(prompt, stub.end())
        if end is not None:
            listed = (re.split(r"[:=]", part)[0].strip(" *") for part in _listed(prompt[stub.end() : end]))
            return stub[1], tuple(name for name in listed if name and name != "self")
    tested = Counter(call["name"] for call in _CALL.finditer(prompt) if call["begin"])
    if tested:
        return tested.most_common(1)[0][0], ()
    return next(iter(comments.names(prompt)[-1:]), None), ()


def _statement(prompt: str) -> str:
    """What is asked, without stub, examples and limits; all of it where nothing else would be left."""
    prose, at = [], 0
    for stub in islice(_STUB.finditer(prompt), _MOST_STUBS):
        end = _closed(prompt, stub.end())
        if end is not None and stub.start() >= at:
            prose.append(prompt[at : stub.start()])
            returns = _RETURNS.match(prompt, end)
            at = returns.end() if returns else end
    text = " ".join([*prose, prompt[at:]])
    names = {stub[1] for stub in _STUB.finditer(prompt)}
    ends = sorted(
        [found.start() for found in _END.finditer(text)]
        + [found.start() for found in _ASKED_FOR.finditer(text) if found[1] in names]
    )
    for end in islice(_worded(text, ends), _MOST_ENDS):
        before = _ANNOUNCES.sub("", _SCAFFOLD.sub(" ", text[:end]).rstrip())
        if len(before.split()) >= _WORDS:
            return before
    return _SCAFFOLD.sub(" ", text)


def _worded(text: str, ends: Iterable[int]) -> Iterator[int]:
    """Those ends before which there may be enough words; a text may have an end at every sign."""
    scaffolds = [found.span() for found in _SCAFFOLD.finditer(text)]
    begins = [begin for begin, _ in scaffolds]
    gaps = pairwise([0, *chain.from_iterable(scaffolds), len(text)])
    words = [
        word.start() for begin, end in islice(gaps, 0, None, 2) for word in _WORD.finditer(text, begin, end)
    ]
    for end in ends:
        last = bisect_left(begins, end) - 1
        cut_in_two = last >= 0 and scaffolds[last][1] > end
        if cut_in_two or bisect_left(words, end) >= _WORDS:
            yield end


def _tests(prompt: str, answer: str | None, name: str | None) -> frozenset[Test]:
    """Tests in the prompt and in the answer."""
    texts = [text for text in (prompt, answer) if text]
    return frozenset(test for text in texts for test in (*_calls(text, name), *_examples(text)))


def _calls(text: str, name: str | None) -> Iterator[Test]:
    for call in _CALL.finditer(text):
        if call["begin"] is None and call["name"] != name:
            continue
        end = _closed(text, call.end())
        result = _RESULT.match(text, end) if end is not None else None
        if result is None or not (result["sign"] or (call["begin"] or "").startswith(">")):
            continue
        value = _value(text, result.end())
        if value:
            yield _test(text[call.end() + 1 : end - 1] if end else "", value)


def _examples(text: str) -> Iterator[Test]:
    for example in _EXAMPLE.finditer(text):
        yield _test(example["given"], example["result"])


def _test(given: str, result: str) -> Test:
    """One spelling: no spaces, one kind of quotes, parameters without their names."""
    given, result = (re.sub(r"\s+", "", part).replace("'", '"').lower() for part in (given, result))
    return _KEYWORD.sub(r"\1", given), result


def _shape(value: str) -> str:
    """A value with every number, text and truth value replaced by its kind, and repeated kinds told once."""
    kinds = _QUOTED.sub("s", value)
    kinds = _NUMBER.sub("n", re.sub(r"\b(?:true|false)\b", "b", kinds))
    return _REPEATED.sub(r"\1", kinds)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _listed(group: str) -> Iterable[str]:
    """The parts of a bracketed list."""
    inner, begin, at = group[1:-1], 0, 0
    while at < len(inner):
        if inner[at] in _BRACKETS:
            at = _closed(inner, at) or len(inner)
        elif inner[at] == ",":
            yield inner[begin:at]
            begin = at = at + 1
        else:
            at += 1
    yield inner[begin:]


def _value(text: str, at: int) -> str:
    """The literal that begins here: up to its bracket or quote, else up to white space."""
    if at < len(text) and (text[at] in _BRACKETS or text[at] in "'\""):
        end = _closed(text, at)
        return text[at:end] if end is not None else ""
    return text[at : at + _FAR].split(" ", 1)[0].rstrip(",;.")


def _closed(text: str, at: int) -> int | None:
    """Where the bracket or quote that opens at `at` is closed, or None."""
    open_now: list[str] = []
    end = min(len(text), at + _FAR)
    while at < end:
        if open_now:  # what is no bracket and no quote changes nothing
            found = _SIGN.search(text, at, end)
            if found is None:
                return None
            at = found.start()
        sign = text[at]
        if sign in "'\"":
            at = text.find(sign, at + 1, end)
            if at < 0:
                return None
        elif sign in _BRACKETS:
            open_now.append(_BRACKETS[sign])
        elif open_now and sign == open_now[-1]:
            open_now.pop()
        at += 1
        if not open_now:
            return at
    return None
