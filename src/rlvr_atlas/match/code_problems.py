"""Programming problems: their statement, signature and tests, compared one by one.

A copy of such a problem often keeps its statement and comes with other things around it: a stub to complete,
examples, constraints, the tests that the answer must pass. Then the whole texts are not alike, the statements
are; and where even these were reworded, the tests still give the problem away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from rlvr_atlas.match import calibrations
from rlvr_atlas.match import near_duplicates as lexical
from rlvr_atlas.match.decide import Verdict, by_wording
from rlvr_atlas.match.evidence import Evidence
from rlvr_atlas.match.measure import measure
from rlvr_atlas.match.minhash import Pairs
from rlvr_atlas.match.near_duplicates import Pair
from rlvr_atlas.match.programs import Program, Test
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.text.token_table import TokenTable
from rlvr_atlas.text.tokens import Parts

if TYPE_CHECKING:
    from rlvr_atlas.config import MatchSettings

#: A test that more problems have than this, such as f(1) = 1, tells nothing, nor does a statement, such as
#: "complete this function".
_COMMON = 12
#: When tests or the order of words decide.
_CODE = calibrations.thresholds()["code"]


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
    for (one, other), (statement, found) in zip(
        pairs.tolist(), evidence(texts, programs, pairs), strict=True
    ):
        yield _decide(programs[one], programs[other], told.get((one, other)), statement, found), found


def evidence(
    texts: TokenTable, programs: Mapping[int, Program], pairs: Pairs
) -> Iterator[tuple[Evidence, Evidence]]:
    """What is measured between the statements of each pair, and between the whole texts and their parts.

    Args:
        texts: Tokens of whole texts.
        programs: Parts of the problems, by position.
        pairs: (n, 2) positions, the earlier text first.
    """
    places = np.unique(pairs)
    statements = TokenTable.of_tokens(programs[at].parts.tokens for at in places.tolist())
    whole = measure(texts, pairs[:, 0], pairs[:, 1])
    asked = measure(statements, *np.searchsorted(places, pairs).T)
    for n, (one, other) in enumerate(pairs.tolist()):
        parent, child = programs[one], programs[other]
        statement = asked.evidence(n, None)
        yield (
            statement,
            replace(
                whole.evidence(n, None),
                statement=round(statement.lexical, 4),
                signature_agrees=_same_signature(parent, child),
                tests_shared=_shared(parent.tests, child.tests),
            ),
        )


def _decide(
    parent: Program, child: Program, told: Verdict | None, statement: Evidence, evidence: Evidence
) -> Verdict | None:
    """The rules, in the order in which they are tried."""
    told_same = told is not None and told.relation in SAME_PROBLEM
    if contradictions(parent.tests, child.tests) or _other(evidence):
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


def contradictions(ours: frozenset[Test], theirs: frozenset[Test]) -> int:
    """For how many parameters two lists of tests want nothing in common."""
    wanted, others = _wanted(ours), _wanted(theirs)
    return sum(wanted[given].isdisjoint(others[given]) for given in wanted.keys() & others.keys())


def _wanted(tests: frozenset[Test]) -> dict[str, set[str]]:
    """Results by parameters."""
    wanted: dict[str, set[str]] = {}
    for given, result in tests:
        wanted.setdefault(given, set()).add(result)
    return wanted


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
