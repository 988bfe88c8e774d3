"""Programming problems: their statement, signature and tests, compared one by one.

A copy of such a problem often keeps its statement and comes with other things around it: a stub to complete,
examples, constraints, the tests that the answer must pass. Then the whole texts are not alike, the statements
are; and where even these were reworded, the tests still give the problem away.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, combinations, islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rlvr_atlas.canonical.skeleton import skeleton
from rlvr_atlas.match import calibrations
from rlvr_atlas.match import near_duplicates as lexical
from rlvr_atlas.match.decide import Verdict, by_wording
from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.match.measure import measure
from rlvr_atlas.match.minhash import Pairs
from rlvr_atlas.match.near_duplicates import Pair
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.text.token_table import TokenTable
from rlvr_atlas.text.tokens import Parts

if TYPE_CHECKING:
    from rlvr_atlas.config import MatchSettings

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
#: A test that more problems have than this, such as f(1) = 1, tells nothing, nor does a statement, such as
#: "complete this function".
_COMMON = 12
#: When tests or the order of words decide.
_CODE = calibrations.thresholds()["code"]

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


def find(
    whole: Sequence[Pair],
    texts: TokenTable,
    problems: Sequence[tuple[int, Program]],
    datasets: Sequence[str],
    settings: MatchSettings,
) -> list[Pair]:
    """Pairs of programming problems, by their parts.

    Args:
        whole: What the lexical tier found; pairs of programming problems are looked at again.
        texts: Tokens of all texts, ordered by release.
        problems: Position and parts of each programming problem, ordered by position.
        datasets: Where each text was first seen.
        settings: Thresholds and seed.

    Returns:
        The pairs of `whole` with those of programming problems replaced, ordered by parent and child.
    """
    often = Counter(program.statement for _, program in problems)
    known = {at: replace(p, statement="") if often[p.statement] > _COMMON else p for at, p in problems}
    places = [at for at, program in known.items() if program.statement]
    statements = [known[at].statement for at in places]
    alike = lexical.find(
        TokenTable.of(statements), [None] * len(places), [datasets[at] for at in places], settings
    )
    told = {(pair.parent, pair.child): pair.verdict for pair in whole}
    candidates = {pair for pair in told if pair[0] in known and pair[1] in known}
    candidates |= {(places[pair.parent], places[pair.child]) for pair in alike.pairs}
    candidates |= set(_sharing_tests(known))
    pairs = [pair for pair in whole if (pair.parent, pair.child) not in candidates]
    listed = np.array(sorted(candidates), np.int64).reshape(-1, 2)
    for (parent, child), (verdict, evidence) in zip(
        listed.tolist(), judge(texts, known, listed, told), strict=True
    ):
        inside = datasets[parent] == datasets[child]
        if verdict is None or (verdict.relation == "variant" and (inside or not settings.variants)):
            continue
        pairs.append(Pair(parent, child, verdict, evidence))
    return sorted(pairs, key=lambda pair: (pair.parent, pair.child))


def judge(
    texts: TokenTable,
    programs: Mapping[int, Program],
    pairs: Pairs,
    told: Mapping[tuple[int, int], Verdict | None],
) -> Iterator[tuple[Verdict | None, Evidence]]:
    """Compare programming problems part by part.

    Args:
        texts: Tokens of whole texts.
        programs: Parts of the problems, by position.
        pairs: (n, 2) positions, the earlier text first.
        told: What the whole texts of a pair were taken for.
    """
    places = np.unique(pairs)
    statements = TokenTable.of_tokens(programs[at].parts.tokens for at in places.tolist())
    whole = measure(texts, pairs[:, 0], pairs[:, 1])
    asked = measure(statements, *np.searchsorted(places, pairs).T)
    for n, (one, other) in enumerate(pairs.tolist()):
        parent, child = programs[one], programs[other]
        statement = asked.evidence(n, None)
        evidence = replace(
            whole.evidence(n, None),
            statement=round(statement.lexical, 4),
            signature_agrees=_same_signature(parent, child),
            tests_shared=_shared(parent.tests, child.tests),
        )
        yield _decide(parent, child, told.get((one, other)), statement, evidence), evidence


def _decide(
    parent: Program, child: Program, told: Verdict | None, statement: Evidence, evidence: Evidence
) -> Verdict | None:
    """The rules, in the order in which they are tried."""
    told_same = told is not None and told.relation in SAME_PROBLEM
    if _contradict(parent.tests, child.tests) or _other(evidence):
        return Verdict("variant", 0.8) if told_same else told
    said = by_wording(statement) if statement.length else None
    if said is not None and said.relation in SAME_PROBLEM:
        if said.relation == "reworded" and not _in_order(parent.parts, child.parts):
            return None
        if told is not None and told_same:
            return told
        inside = said.relation == "embedded" or _unlike(parent, child)
        return Verdict("embedded" if inside else "reworded", said.probability)
    if _same_tests(parent.tests & child.tests, evidence):
        return Verdict("reworded", _CODE["p_tests"])
    return told if told is not None else said


def _other(evidence: Evidence) -> bool:
    """Another function with other tests."""
    return evidence.signature_agrees is False and evidence.tests_shared == 0


def _same_tests(shared: frozenset[Test], evidence: Evidence) -> bool:
    """Whether the tests alone tell that it is one problem."""
    share = evidence.tests_shared or 0.0
    if evidence.signature_agrees:
        return share >= _CODE["common_with_signature"]
    return (
        share >= _CODE["common"]
        and sum(sign.isalnum() for test in shared for sign in "".join(test)) >= _CODE["telling"]
    )


def _contradict(ours: frozenset[Test], theirs: frozenset[Test]) -> bool:
    """Whether for the same parameters the two want nothing in common."""
    wanted: dict[str, set[str]] = {}
    for given, result in ours:
        wanted.setdefault(given, set()).add(result)
    return any(
        given in wanted and wanted[given].isdisjoint(result for same, result in theirs if same == given)
        for given, _ in theirs
    )


def _in_order(one: Parts, other: Parts) -> bool:
    ours, theirs = (set(pairwise(parts.content_words)) for parts in (one, other))
    return len(ours & theirs) >= _CODE["in_order"] * len(ours | theirs)


def _same_signature(one: Program, other: Program) -> bool | None:
    """Whether both ask for one function; None where either names none.

    Equal names of two parameters or more will do, since functions are renamed.
    """
    if one.name is None or other.name is None:
        return None
    return one.name == other.name or (len(one.parameters) > 1 and one.parameters == other.parameters)


def _shared(ours: frozenset[Test], theirs: frozenset[Test]) -> float | None:
    fewer = min(len(ours), len(theirs))
    return round(len(ours & theirs) / fewer, 4) if fewer else None


def _unlike(one: Program, other: Program) -> bool:
    """One has a stub, or tests, and the other has not."""
    return bool(one.parameters) != bool(other.parameters) or bool(one.tests) != bool(other.tests)


def _sharing_tests(known: dict[int, Program]) -> Iterator[tuple[int, int]]:
    holders: dict[Test, list[int]] = {}
    for position, program in known.items():
        for test in sorted(program.tests):
            holders.setdefault(test, []).append(position)
    for among in holders.values():
        if len(among) <= _COMMON:
            yield from combinations(among, 2)


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
