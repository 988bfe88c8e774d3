r"""Our exact rules against math-verify, over the gold answers of the shared corpus.

Run: python benchmarks/answers.py [--corpus FOLDER] [--pairs N] [--values] [--write FILE]

Pairs of different texts, each under the first sort it belongs to:
    remark         one is a number with a remark in parentheses, `18 (people)`, whatever the other sort
    one question   two answers that rows of the corpus give to one question, all such pairs
    one form       neighbours in order, among answers that our rules give the same normal form
    one value      neighbours among answers that math-verify reads as the same value (with --values only:
                   it reads every answer, which takes a quarter of an hour)
    alike          neighbours among answers with the same letters and digits
    otherwise      every tenth answer and the same one in other TeX
    random         3,000 pairs of answers drawn at random
JSON structs are left out: both compare them as text, or by their first number. Of all pairs, or of the N that
--pairs says, four of one question, one form and alike are taken for each one of the other sorts.

Both are asked in both orders; a verdict that the order changes is `unknown` (where ours is not `same`, one
order in which math-verify says "different" is enough). Prints how often they agree, and writes every
pair that one calls the same and the other different, and those that only we cannot judge.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import random
import re
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path
from typing import TypeVar

import polars as pl
from math_verify import parse, verify
from sympy import sympify

from rlvr_atlas.answer import compare, extract_column, normal_form
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.load import open_dataset

HERE = Path(__file__).resolve().parent
DEADLINE_S = 3.0
#: Longer answers are prose or programs.
MAX_CHARS = 300
#: Answers or pairs that a process is given at once.
CHUNK = 100
_PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")
_COMMANDS = re.compile(r"\\(?:text|d?frac|left|right|mathrm|textbf|mathbf)|[^A-Za-z0-9]")
#: Other TeX for the same: the first that fits is used.
_OTHERWISE = (
    (re.compile(r"\\d?frac *\{(-?\d+)\} *\{(\d+)\}"), r"\1/\2"),
    (re.compile(r"(?<![\w.}/])(\d+)/(\d+)(?![\w/.^])"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\frac"), r"\\dfrac"),
    (re.compile(r"\\left *([(\[]|\\\{)|\\right *([)\]]|\\\})"), r"\1\2"),
    (re.compile(r"(?<!\\)\s*([,+=<>])\s*"), r" \1 "),
    (re.compile(r"\\text\{ *([^{}]*?) *\}"), r"\\mathrm{\1}"),
    (re.compile(r"\A(-?\d+)\Z"), r"\1.0"),
    (re.compile(r"\A(-?\d*\.\d+)\Z"), r"\g<1>0"),
    (re.compile(r"\A([^$]*)\Z", re.S), r"$\1$"),
)
_REMARK = re.compile(r"-?[\d.,]+ \([A-Za-z][^()]*\)")
#: What pairs have that were read one by one, and why math-verify cannot tell: first in order that fits.
KINDS = {
    "a number with a remark in parentheses": _REMARK,
    "rows of a matrix whose end lost a backslash": re.compile(r"\\begin"),
    "a number with an exponent, 2.5e7": re.compile(r"\d[eE][-+]?\d"),
    "percent, degrees, money": re.compile(r"%|\\circ|°|\\prime|percent|\\\$"),
    "a value with the letter of a choice": re.compile(r"(?:^|\{)\W{0,3}[A-J]\s?[).:}]"),
    "a name and its value, or an equation": re.compile(r"=|\\equiv|≡|≈|\\approx|\\in(?![a-z])"),
    "words and units": re.compile(r"\\(?:text|mathrm|mathbf|textbf)|(?<![\\A-Za-z])[A-Za-z]{2,}"),
    "signs that are not TeX": re.compile(r"[^\x00-\x7f]|\\[(\[]|\{[,;]\}|\{[A-Z]|\\$|\.$|;|\d \d"),
}
#: How many pairs of a sort are taken in one turn.
SHARES = {"one question": 4, "one form": 4, "alike": 4}
DRAWN = 3000
Pair = tuple[str, str, str]
T = TypeVar("T")


def gold_answers(corpus: Path) -> pl.DataFrame:
    """Question and answer of every row of the corpus that has one."""
    manifest = json.loads((corpus / "manifest.json").read_text())
    datasets = [
        {"id": entry["id"], "role": "train", "path": [str(corpus / name) for name in entry["files"]]}
        for entry in manifest
    ]
    recipe = parse_recipe({"workspace": {"path": "unused"}, "datasets": datasets})
    frames = []
    for spec in recipe.datasets:
        for rows in open_dataset(spec, corpus).batches():
            answers = extract_column(rows["answer"], rows["answer_kind"])
            frames.append(rows.select("question").with_columns(answers.alias("answer")))
    found = pl.concat(frames).drop_nulls()
    return found.filter(pl.col("answer").str.len_chars() <= MAX_CHARS)


def pairs_of(rows: pl.DataFrame, values: dict[str, str], seed: int) -> list[Pair]:
    """Pairs of different answers, with how each was found, so ordered that any beginning has all sorts.

    Args:
        rows: Columns `question` and `answer`.
        values: What math-verify reads in an answer, where it reads something.
        seed: Of what is drawn, and of the order.
    """
    rows = rows.filter(~pl.col("answer").str.starts_with('{"'))
    question = pl.col("question").str.to_lowercase().str.replace_all(r"[^a-z0-9]", "").str.tail(200)
    distinct = rows.select(question, "answer").unique().sort("question", "answer")
    asked = distinct.group_by("question", maintain_order=True).agg("answer")["answer"].to_list()
    answers = sorted(set(distinct["answer"]))
    rng = random.Random(seed)
    sorts: dict[str, Iterable[tuple[str, str]]] = {
        "one question": (pair for group in asked for pair in itertools.combinations(group, 2)),
        "one form": _neighbours(answers, lambda text: normal_form(text) or ""),
        "one value": _neighbours(answers, lambda text: values.get(text, "")),
        "alike": _neighbours(answers, lambda text: "".join(sorted(_COMMANDS.sub("", text.lower())))),
        "otherwise": ((text, otherwise(text)) for text in answers[::10]),
        "random": (tuple(rng.sample(answers, 2)) for _ in range(DRAWN)),
    }
    found: dict[tuple[str, str], str] = {}
    for name, pairs in sorts.items():
        for a, b in pairs:
            if a != b:
                sort = "remark" if _REMARK.fullmatch(a) or _REMARK.fullmatch(b) else name
                found.setdefault((min(a, b), max(a, b)), sort)
    shuffled = [(sort, a, b) for (a, b), sort in sorted(found.items())]
    rng.shuffle(shuffled)
    turns: Counter[str] = Counter()
    order = []
    for sort, a, b in shuffled:
        order.append((turns[sort] // SHARES.get(sort, 1), sort, a, b))
        turns[sort] += 1
    return [(sort, a, b) for _, sort, a, b in sorted(order, key=lambda pair: pair[0])]


def _neighbours(answers: list[str], key: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for answer in answers:
        groups[key(answer)].append(answer)
    groups.pop("", None)
    for _, group in sorted(groups.items()):
        yield from itertools.pairwise(group)


def otherwise(answer: str) -> str:
    """The same answer in other TeX; itself where nothing fits."""
    for pattern, other in _OTHERWISE:
        written = pattern.sub(other, answer).strip()
        if written != answer:
            return written
    return answer


def kind_of(a: str, b: str) -> str:
    """Which of the kinds that were read a pair that differs is of; empty where it is of none."""
    return next((kind for kind, sign in KINDS.items() if sign.search(a) or sign.search(b)), "")


@lru_cache(maxsize=1 << 14)
def _parsed(text: str) -> tuple[object, ...]:
    return tuple(parse(f"${text}$", parsing_timeout=None))


def value_of(answer: str) -> str:
    """What math-verify reads in an answer, as text; empty where it reads nothing."""
    if _PLAIN.fullmatch(answer):  # the same as below, without the wait
        return str(sympify(answer).evalf(10))
    with _Deadline():
        found = _parsed(answer)
        return str(found[0].evalf(10)) if found else ""  # type: ignore[attr-defined]
    return ""


def by_math_verify(a: str, b: str, *, both: bool = True) -> str:
    """The verdict of math-verify with its own settings, within a deadline of processor time.

    Args:
        a: One answer.
        b: The other.
        both: Whether the other order is asked where the first says "different".
    """
    with _Deadline():
        left, right = list(_parsed(a)), list(_parsed(b))
        if not left or not right:
            return "unknown"
        said = {verify(left, right, timeout_seconds=None)}
        if both or True in said:
            said.add(verify(right, left, timeout_seconds=None))
        return "unknown" if len(said) > 1 else "same" if said == {True} else "different"
    return "unknown"


class _Deadline:
    """Breaks off after so much processor time, and swallows what SymPy raises."""

    broken = False

    def __enter__(self) -> _Deadline:
        signal.signal(signal.SIGPROF, _expired)
        signal.setitimer(signal.ITIMER_PROF, DEADLINE_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.broken = kind is not None and issubclass(kind, Exception)
        return self.broken


def _expired(*_: object) -> None:
    raise TimeoutError


def _batches(items: list[T]) -> Iterator[list[T]]:
    return (items[at : at + CHUNK] for at in range(0, len(items), CHUNK))


def _values(answers: list[str]) -> list[str]:
    return [value_of(answer) for answer in answers]


def verdicts(pairs: list[Pair]) -> list[tuple[str, str]]:
    """Ours and that of math-verify, for each pair."""
    found = []
    for _, a, b in pairs:
        ours = compare(a, b)
        found.append((ours, by_math_verify(a, b, both=ours == "same")))
    return found


def _quiet() -> None:
    logging.disable(logging.CRITICAL)


def main() -> None:
    """Compare, count, and write what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=HERE.parents[1] / "shared" / "data" / "real")
    parser.add_argument("--pairs", type=int, help="how many; all where it is not given")
    parser.add_argument("--values", action="store_true", help="also pairs that math-verify reads alike")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", type=Path, help="a file of JSON lines for the pairs that differ")
    given = parser.parse_args()
    started = time.monotonic()
    rows = gold_answers(given.corpus)
    answers = sorted(set(rows["answer"]))
    print(f"{len(rows)} rows, {len(answers)} answers")
    with Pool(given.processes, _quiet) as pool:
        read = pool.imap(_values, _batches(answers if given.values else []))
        values = dict(zip(answers, itertools.chain.from_iterable(read), strict=False))
        pairs = pairs_of(rows, values, given.seed)
        print(f"pairs: {len(pairs)}, {dict(Counter(name for name, *_ in pairs))}", flush=True)
        pairs = pairs[: given.pairs]
        judged = pool.imap(verdicts, _batches(pairs))
        asked = list(itertools.chain.from_iterable(judged))
    table = Counter((name, *both) for (name, _, _), both in zip(pairs, asked, strict=True))
    differing = [
        {"kind": kind_of(a, b), "found": name, "a": a, "b": b, "ours": ours, "math_verify": theirs}
        for (name, a, b), (ours, theirs) in zip(pairs, asked, strict=True)
        if (theirs == "same" and ours != "same") or (ours, theirs) == ("same", "different")
    ]
    for (ours, theirs, kind), count in sorted(
        Counter((entry["ours"], entry["math_verify"], entry["kind"]) for entry in differing).items()
    ):
        print(f"| {ours} | {theirs} | {kind or 'of none of the kinds'} | {count} |")
    if given.write:
        lines = (json.dumps(entry, ensure_ascii=False) + "\n" for entry in differing)
        given.write.write_text("".join(lines), encoding="utf-8")
    for (name, ours, theirs), count in sorted(table.items()):
        print(f"| {name} | {ours} | {theirs} | {count} |")
    print(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
