"""Functions of expressions: exact where the result is known, an opaque atom with its value else."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

from rlvr_atlas.answer.algebra import PI, Expression, Rational, Unreadable

_VALUES: dict[str, Callable[[float], float]] = {
    **{name: getattr(math, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"arc{name}": getattr(math, f"a{name}") for name in ("sin", "cos", "tan")},
    "cot": lambda x: 1 / math.tan(x),
    "sec": lambda x: 1 / math.cos(x),
    "csc": lambda x: 1 / math.sin(x),
    "ln": math.log,  # but log is to base e or 10, by taste
}
_ZERO, _ONE = Expression.number(0), Expression.number(1)
_E = Expression.letter("e")
#: Factorials up to here are numbers; larger ones are atoms whose size is known.
MAX_FACTORIAL = 200
_MAX_CHOSEN = 200


def apply(name: str, base: Expression | None, argument: Expression) -> Expression:
    """A function of one argument.

    Args:
        name: `sin`, `ln`, `log` and so on.
        base: Of a logarithm, None where none is written.
        argument: What the function is of.
    """
    if name == "exp":
        return _E.power(argument)
    exact = _exact(name, base, argument)
    if exact is not None:
        return exact
    value = None
    try:
        if argument.value is not None and base is not None and base.value is not None:
            value = math.log(argument.value, base.value)
        elif argument.value is not None and base is None and name in _VALUES:
            value = _VALUES[name](argument.value)
    except (ArithmeticError, ValueError):
        value = None
    letters = argument.letters | (base.letters if base else frozenset())
    label = f"{name}_({base.form})" if base else name
    return Expression.atom(f"{label}({argument.form})", value, letters)


def _exact(name: str, base: Expression | None, argument: Expression) -> Expression | None:
    if name in ("sin", "cos", "tan", "cot", "sec", "csc"):
        return _trigonometric(name, argument)
    if name in ("arcsin", "arccos", "arctan"):
        return _inverse(name).get(argument.form)
    if name == "ln":
        return _ZERO if argument.form == "1" else _power_of(argument, _E)
    if name == "log" and base is not None:
        return _ZERO if argument.form == "1" else _power_of(argument, base)
    return _ZERO if name == "log" and argument.form == "1" else None


def _power_of(number: Expression, base: Expression) -> Expression | None:
    """The exponent where a number is a whole power of the base."""
    if base is _E:
        (powers, coefficient), *more = number.terms.items() or [((), 0)]
        is_power = not more and coefficient == 1 and len(powers) == 1 and powers[0][0] == "e"
        return Expression.number(powers[0][1]) if is_power else None
    by, rational = base.rational, number.rational
    if by is None or rational is None or by <= 0 or by == 1 or rational <= 0:
        return None
    exponent = round(math.log(rational) / math.log(by)) if number.value is not None else 0
    if not 0 < abs(exponent) < 200 or Fraction(by) ** exponent != rational:
        return None
    return Expression.number(exponent)


@cache
def _sines() -> dict[Rational, Expression]:
    """Sin of k/12 of π for the angles of the first quarter that have roots of whole numbers alone."""
    half = Expression.number(Fraction(1, 2))
    roots = {n: Expression.number(n).power(half) for n in (2, 3, 6)}
    quarter = Expression.number(Fraction(1, 4))
    return {
        Fraction(0): _ZERO,
        Fraction(1, 12): (roots[6] - roots[2]) * quarter,
        Fraction(1, 6): half,
        Fraction(1, 4): roots[2] * half,
        Fraction(1, 3): roots[3] * half,
        Fraction(5, 12): (roots[6] + roots[2]) * quarter,
        Fraction(1, 2): _ONE,
    }


def _sine(turns: Rational) -> Expression | None:
    """sin(π · turns), where it has a simple form."""
    turns = Fraction(turns) % 2
    sign = 1
    if turns >= 1:
        turns, sign = turns - 1, -1
    found = _sines().get(1 - turns if turns > Fraction(1, 2) else turns)
    return None if found is None else found * Expression.number(sign)


def _trigonometric(name: str, argument: Expression) -> Expression | None:
    turns = _of_pi(argument)
    if turns is None:
        if argument.rational is not None and not -10 < argument.rational < 10:
            raise Unreadable("degrees whose sign was left out, or not")
        return None
    sine, cosine = _sine(turns), _sine(Fraction(turns) + Fraction(1, 2))
    if sine is None or cosine is None:
        return None
    over, under = {
        "sin": (sine, _ONE),
        "cos": (cosine, _ONE),
        "tan": (sine, cosine),
        "cot": (cosine, sine),
        "sec": (_ONE, cosine),
        "csc": (_ONE, sine),
    }[name]
    if not under.terms:
        raise Unreadable(f"{name} has no value there")
    # 2 - √3 and its like: a quotient by a sum has no form of its own.
    return over / under if len(under.terms) == 1 else None


def _of_pi(argument: Expression) -> Rational | None:
    """How many π an argument is; None where it is no multiple of π."""
    if not argument.terms:
        return 0
    return argument.terms.get(((PI, 1),)) if len(argument.terms) == 1 else None


@cache
def _inverse(name: str) -> dict[str, Expression]:
    pi = Expression.letter(PI)
    start = Fraction(0) if name == "arccos" else Fraction(-1, 2)
    found = {}
    for step in range(13):
        turns = start + Fraction(step, 12)
        try:
            value = _trigonometric(name.removeprefix("arc"), pi * Expression.number(turns))
        except Unreadable:
            continue
        if value is not None:
            found[value.form] = pi * Expression.number(turns)
    return found


def apply_many(name: str, arguments: Sequence[Expression]) -> Expression:
    """`max`, `gcd`, `abs`, `floor`, `binomial` and the like of numbers; `abs` also of letters.

    Raises:
        Unreadable: For other arguments.
    """
    numbers = [argument.rational for argument in arguments]
    if name == "abs" and len(arguments) == 1:
        return _absolute(arguments[0])
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        raise Unreadable(f"{name} of letters")
    if name == "factorial" and len(known) == 1:
        return factorial(arguments[0])
    if name == "binomial" and len(known) == 2:
        return binomial(*arguments)
    if name in ("floor", "ceil") and len(known) == 1:
        return Expression.number(math.floor(known[0]) if name == "floor" else math.ceil(known[0]))
    if name in ("max", "min"):
        return Expression.number(max(known) if name == "max" else min(known))
    whole = [number for number in known if isinstance(number, int)]
    if name in ("gcd", "lcm") and len(whole) == len(known):
        return Expression.number(math.gcd(*whole) if name == "gcd" else math.lcm(*whole))
    raise Unreadable(name)


def _absolute(inside: Expression) -> Expression:
    if not inside.letters and inside.value is not None:
        return inside if inside.value >= 0 else -inside
    if not inside.terms:
        return inside
    if not inside.letters:
        raise Unreadable("absolute value of what has none here")
    form = min(inside.form, (-inside).form)  # |x - 3| is |3 - x|
    return Expression.atom(f"|{form}|", None, inside.letters)


def factorial(base: Expression) -> Expression:
    """N! as a number, or as an atom."""
    n = base.rational
    if isinstance(n, int) and 0 <= n <= MAX_FACTORIAL:
        return Expression.number(math.factorial(n))
    return Expression.atom(f"({base.form})!", None, base.letters)


def binomial(n: Expression, k: Expression) -> Expression:
    """A binomial coefficient as a number, or as an atom."""
    top, bottom = n.rational, k.rational
    if isinstance(top, int) and isinstance(bottom, int) and 0 <= bottom <= top <= _MAX_CHOSEN:
        return Expression.number(math.comb(top, bottom))
    return Expression.atom(f"binom({n.form},{k.form})", None, n.letters | k.letters)
