"""The process behind `Verifier`: reads pairs as JSON lines, writes one verdict a line.

Only this module imports math-verify and SymPy.
"""

from __future__ import annotations

import cmath
import contextlib
import json
import logging
import os
import signal
import sys

from latex2sympy2_extended.latex2sympy2 import NormalizationConfig
from math_verify import LatexExtractionConfig, parse, verify
from sympy import Basic, Eq, I, MatrixBase, Set, Symbol, Tuple
from sympy.core.relational import Relational

from rlvr_atlas.answer.judge import Verdict
from rlvr_atlas.answer.tex import clean
from rlvr_atlas.answer.to_tex import to_tex

#: SymPy can ask for any amount of memory within the deadline.
MAX_MEMORY_BYTES = 4 << 30
#: Compared before the first pair: much of SymPy is imported when it is first used.
_FIRST = (r"\frac{x^2-1}{x+1}+\sqrt{2}", r"x-1+\sqrt{2}")

#: Its own list of units holds `ab`, `o` and `m`, which are letters here.
_LATEX = [
    LatexExtractionConfig(
        normalization_config=NormalizationConfig(units=False, malformed_operators=True, boxed="none")
    )
]
#: Values for letters, at which expressions that are called different have to differ.
_PLACES = ((0.7312, 0.1931), (1.3717, 0.2713), (2.1179, 0.3137))
_DIGITS = 20
#: Relative difference up to which two numbers are one.
_EQUAL = 1e-12


def verdict(one: str, other: str) -> Verdict:
    """What math-verify says of a pair, asked both ways and checked; `unknown` where it cannot read both."""
    try:
        texts = to_tex(clean(one)), to_tex(clean(other))
        if texts[0] is None or texts[1] is None:
            return "unknown"
        left, right = _read(texts[0]), _read(texts[1])
        if not left or not right:
            return "unknown"
        return _checked(*_imaginary(left[0], right[0]))
    except Exception:  # whatever SymPy raises means "not judged"
        return "unknown"


def _imaginary(left: object, right: object) -> tuple[object, object]:
    """`i` as the square root of -1 where it is the only letter, as the exact rules take it."""
    both = [side for side in (left, right) if isinstance(side, Basic | MatrixBase)]
    letters = {letter for side in both for letter in side.free_symbols}
    if len(both) < 2 or {str(letter) for letter in letters} != {"i"}:
        return left, right
    return both[0].subs(dict.fromkeys(letters, I)), both[1].subs(dict.fromkeys(letters, I))


def _checked(left: object, right: object) -> Verdict:
    """math-verify takes its first argument for the reference; a verdict that depends on the order is none."""
    if not isinstance(left, Basic | MatrixBase) or not isinstance(right, Basic | MatrixBase):
        return "unknown"
    left, right = _assigned(left, right), _assigned(right, left)
    shapes = {_shape(left), _shape(right)}
    close = _close(left, right) if shapes == {"expression"} else None
    if close is False:
        return "different"
    said = {_asked(left, right)}
    if close is not True:
        said.add(_asked(right, left))
    if said == {True}:
        return "same"
    return "unknown" if len(said) > 1 or close or _other_notation(left, right) else "different"


def _assigned(value: Basic | MatrixBase, other: Basic | MatrixBase) -> Basic | MatrixBase:
    """The right side of `x = 5` where the other is no equation."""
    named = isinstance(value, Eq) and isinstance(value.lhs, Symbol) and not isinstance(other, Relational)
    return value.rhs if named else value


def _other_notation(left: Basic | MatrixBase, right: Basic | MatrixBase) -> bool:
    """Whether two that are called different may be one thing in two notations, as `x < 4` and an interval."""
    shapes = {_shape(left), _shape(right)}
    if shapes == {"Relational"}:  # each is solved for its own letters
        return bool(left.free_symbols != right.free_symbols)
    if shapes == {"Relational", "expression"}:  # x^2 = 4 and 2
        equation = left if isinstance(left, Relational) else right
        return isinstance(equation, Eq) and len(equation.free_symbols) < 2
    return len(shapes) > 1 and "expression" not in shapes


def _asked(gold: Basic | MatrixBase, other: Basic | MatrixBase) -> bool:
    return bool(verify(gold, other, timeout_seconds=None, raise_on_error=True))


def _shape(value: Basic | MatrixBase) -> str:
    for kind in (MatrixBase, Tuple, Set, Relational):
        if isinstance(value, kind):
            return str(kind.__name__)
    return "expression"


def _letters(left: Basic | MatrixBase, right: Basic | MatrixBase) -> list[Basic]:
    return sorted(left.free_symbols | right.free_symbols, key=str)


def _close(left: Basic | MatrixBase, right: Basic | MatrixBase) -> bool | None:
    """Whether two expressions are equal at some places; None where it cannot be worked out.

    math-verify calls numbers the same that differ by less than 1e-15, however small they are.
    """
    letters = _letters(left, right)
    found = set()
    for start, step in _PLACES if letters else _PLACES[:1]:
        values = {letter: start + step * at for at, letter in enumerate(letters)}
        x, y = (complex(0) + _number(side, values) for side in (left, right))
        if not cmath.isfinite(x) or not cmath.isfinite(y):
            return None
        larger = max(abs(x), abs(y))
        # Below what floats hold, the difference itself is looked at.
        if larger < 1e-250:
            return None if larger else True
        found.add(abs(x - y) <= (_EQUAL if not letters else 1e-9) * larger)
    return found.pop() if len(found) == 1 else False


def _number(side: Basic | MatrixBase, values: dict[Basic, float]) -> complex:
    return complex(side.subs(values).evalf(_DIGITS))


def _read(text: str) -> list[object]:
    parsed: list[object] = parse(
        f"${text}$", _LATEX, fallback_mode="no_fallback", parsing_timeout=None, raise_on_error=True
    )
    return parsed


def main() -> None:
    """Serve until the input ends."""
    # Parsers print complaints; only verdicts may reach the pipe.
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    logging.disable(logging.CRITICAL)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # not on every platform

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    verdict(*_FIRST)
    print("ready", file=pipe, flush=True)
    deadline_s = float(sys.argv[1])
    if hasattr(signal, "SIGPROF"):
        # The default action ends the process, even inside one long call into C or after the parent died.
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for line in sys.stdin:
        pair = json.loads(line)
        _limit(deadline_s)
        answer = verdict(*pair)
        _limit(0)
        print(answer, file=pipe, flush=True)


def _limit(seconds: float) -> None:
    """End this process after so much processor time from now on; 0 takes the limit off."""
    if hasattr(signal, "setitimer"):  # not on every platform; there only the parent's last resort holds
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
