"""Programming problems taken apart: what is asked in prose, for which function, and its tests."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, pairwise

import polars as pl

from rlvr_atlas.canonical.skeleton import skeleton
from rlvr_atlas.text.tokens import Parts

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
_RESULT = re.compile(r" ?(?P<sign>==|➞|→|➔|⇒|->|=>|==>|=|# ?=?>?|(?:should )?returns?\b)? ?")
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

Test = tuple[str, str]


@dataclass(frozen=True)
class Program:
    """The parts of one programming problem.

    Attributes:
        statement: Skeleton of what is asked, in prose; empty where it tells nothing.
        name: The function asked for, without case and underscores; None where none is named.
        parameters: Names of its parameters.
        tests: What it must return for which parameters, both spelt in one way.
    """

    statement: str
    name: str | None
    parameters: tuple[str, ...]
    tests: frozenset[Test]

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
    statements = skeleton(pl.Series([_statement(prompt) for prompt in prompts], dtype=pl.String)).to_list()
    return [
        Program(statement, _plain(name) if name else None, parameters, _tests(prompt, answer, name))
        for statement, (name, parameters), prompt, answer in zip(
            statements, stubs, prompts, answers, strict=True
        )
    ]


def _stub(prompt: str) -> tuple[str | None, tuple[str, ...]]:
    """Name and parameters of the last function that the prompt begins, or the name that its tests call."""
    stubs = deque(_STUB.finditer(prompt), maxlen=_MOST_STUBS)
    for stub in reversed(stubs):
        end = _closed(prompt, stub.end())
        if end is not None:
            listed = (re.split(r"[:=]", part)[0].strip(" *") for part in _listed(prompt[stub.end() : end]))
            return stub[1], tuple(name for name in listed if name and name != "self")
    tested = Counter(call["name"] for call in _CALL.finditer(prompt) if call["begin"])
    return (tested.most_common(1)[0][0] if tested else None), ()


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
