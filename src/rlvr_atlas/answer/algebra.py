r"""Exact algebra for short answers: sums of products with rational coefficients.

An expression is a sum of monomials over *atoms*: letters, π, primes under a root, and *opaque* atoms for all
that is not expanded (`sin(2*x)`, roots of sums, quotients by sums). Without opaque atoms the form is
canonical: monomials in distinct letters, π and square-free roots are linearly independent over the rationals,
so different forms are different expressions. With them, only equality of forms says something.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

#: Whole numbers stay `int`, which is several times faster; both kinds compare, hash and print alike.
Rational = int | Fraction
Monomial = tuple[tuple[str, Rational], ...]

MAX_TERMS = 64
MAX_BITS = 2048
#: Names of opaque atoms hold the form of what is inside, which nesting could multiply without end.
MAX_NAME = 1000
#: Whole powers up to this size are multiplied out.
MAX_FOLDED = 512
_SMALL_PRIMES = [n for n in range(2, 1000) if all(n % d for d in range(2, math.isqrt(n) + 1))]
_PRIME = re.compile(r"\d+")
_FACTORIAL = re.compile(r"\((\d{1,12})\)!")
PI = "π"


class Unreadable(ValueError):  # noqa: N818 - a finding about the text, not an error of the program
    """The text is no expression, or one that is too large to expand."""


@dataclass(frozen=True)
class Expression:
    """A sum of monomials, and its value where it has no letters.

    Args:
        terms: Monomial (sorted pairs of atom and exponent) to non-zero coefficient.
        opaque: Value of each opaque atom among `terms`, None where it has letters or none was computed.
        letters: The free letters, also those inside opaque atoms.
    """

    terms: Mapping[Monomial, Rational]
    opaque: Mapping[str, float | None] = field(default_factory=dict)
    letters: frozenset[str] = frozenset()

    @classmethod
    def number(cls, value: Rational) -> Expression:
        """A rational constant."""
        return cls({(): _plain(value)} if value else {})

    @classmethod
    def letter(cls, name: str) -> Expression:
        """A free letter; π and `i` are constants (whose square is left alone: i may also be an index)."""
        return cls({((name, 1),): 1}, {}, frozenset() if name in (PI, "i") else frozenset({name}))

    @classmethod
    def atom(cls, name: str, value: float | None, letters: frozenset[str]) -> Expression:
        """An opaque atom."""
        if len(name) > MAX_NAME:
            raise Unreadable("too large")
        return cls({((name, 1),): 1}, {name: value}, letters)

    @property
    def rational(self) -> Rational | None:
        """The value where it is a rational constant."""
        if not self.terms:
            return 0
        return self.terms.get(()) if len(self.terms) == 1 else None

    @property
    def canonical(self) -> bool:
        """Whether another form means another expression."""
        powers = [power for monomial in self.terms for power in monomial]
        if self.opaque or any(atom == "i" and exponent != 1 for atom, exponent in powers):
            return False
        # A huge power has one form as a product of primes, but none as a part of a sum or product.
        alone = len(self.terms) == 1 and abs(next(iter(self.terms.values()))) == 1
        folded = all(_bits(c) <= MAX_FOLDED for c in self.terms.values()) and all(
            0 < exponent < 1 for atom, exponent in powers if _PRIME.fullmatch(atom)
        )
        return alone or folded

    @cached_property
    def value(self) -> float | None:
        """Floating-point value, to nine digits; None with letters, `i`, overflow, or terms that cancel."""
        total = magnitude = 0.0
        try:
            for monomial, coefficient in self.terms.items():
                product = float(coefficient)
                for atom, exponent in monomial:
                    base = self._base(atom)
                    if base is None:
                        return None
                    product *= math.pow(base, exponent)
                total += product
                magnitude += abs(product)
        except (OverflowError, ValueError, ZeroDivisionError):
            return None
        return total if math.isfinite(magnitude) and magnitude <= 1e6 * abs(total) else None

    def _base(self, atom: str) -> float | None:
        if _PRIME.fullmatch(atom):
            return float(atom)
        return math.pi if atom == PI else self.opaque.get(atom)

    @cached_property
    def form(self) -> str:
        """The canonical text, e.g. `1/2`, `2*3^(1/2)`, `x^2-3*x+2`."""
        if not self.terms:
            return "0"
        text = ""
        for monomial in sorted(self.terms, key=_order):
            coefficient = self.terms[monomial]
            factors = [
                atom if exponent == 1 else f"{atom}^{_exponent(exponent)}" for atom, exponent in monomial
            ]
            if abs(coefficient) != 1 or not factors:
                factors.insert(0, str(abs(coefficient)))
            text += ("-" if coefficient < 0 else "+" if text else "") + "*".join(factors)
        return text

    def with_i_squared(self) -> Expression:
        """Powers of i reduced where there are no letters, among which i may be an index."""
        if self.letters or not any(atom == "i" for monomial in self.terms for atom, _ in monomial):
            return self
        total = Expression({})
        for monomial, coefficient in self.terms.items():
            rest = tuple((atom, power) for atom, power in monomial if atom != "i")
            power = dict(monomial).get("i", 0)
            if power.denominator != 1:
                return self
            sign = -1 if power % 4 >= 2 else 1
            kept = tuple(sorted((*rest, ("i", 1)))) if power % 2 else rest
            total = total + self._with(self, {kept: sign * coefficient})
        return total

    @cached_property
    def logarithm(self) -> float | None:
        """Natural logarithm of the size of one product without letters, also beyond what floats hold."""
        if len(self.terms) != 1 or self.letters:
            return None
        (monomial, coefficient), *_ = self.terms.items()
        total = math.log(abs(coefficient.numerator)) - math.log(coefficient.denominator)
        for atom, exponent in monomial:
            if match := _FACTORIAL.fullmatch(atom):
                total += float(exponent) * math.lgamma(int(match[1]) + 1)
                continue
            base = self._base(atom)
            if not base:
                return None
            total += float(exponent) * math.log(abs(base))
        return total if math.isfinite(total) else None

    def monic(self) -> Expression:
        """Divided by the leading coefficient, so that 2x=4 and x=2 say the same; not for 0."""
        return self * Expression.number(Fraction(1) / self.terms[min(self.terms, key=_order)])

    def __add__(self, other: Expression) -> Expression:
        terms = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return self._with(other, terms)

    def __neg__(self) -> Expression:
        return self * Expression.number(-1)

    def __sub__(self, other: Expression) -> Expression:
        return self + -other

    def __mul__(self, other: Expression) -> Expression:
        if len(self.terms) * len(other.terms) > MAX_TERMS:
            raise Unreadable("too many terms")
        total: dict[Monomial, Rational] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                monomial, factor = _product(left, right)
                total[monomial] = total.get(monomial, 0) + a * b * factor
        return self._with(other, total)

    def __truediv__(self, other: Expression) -> Expression:
        return self * other.power(Expression.number(-1))

    def power(self, exponent: Expression) -> Expression:
        """Raise to a power; what has no expansion becomes an opaque atom.

        Raises:
            Unreadable: For 0 to a negative power, roots of negative numbers, and results too large.
        """
        by = exponent.rational
        if by is None:
            return self._opaque_power(exponent)
        if not self.terms:
            if by <= 0:
                raise Unreadable("0 to a power that is not positive")
            return self
        if len(self.terms) == 1:
            return self._monomial_power(by)
        if by.denominator == 1 and 0 <= by <= 8:
            result = Expression.number(1)
            for _ in range(int(by)):
                result = result * self
            return result
        return self._sum_power(by)

    def _monomial_power(self, by: Rational) -> Expression:
        (monomial, coefficient), *_ = self.terms.items()
        whole = by.denominator == 1
        if not whole and coefficient < 0:
            return self._sum_power(by)
        result = _rational_power(coefficient, by)
        rest = []
        for atom, exponent in monomial:
            # (x^2)^(1/2) is |x|, so only what is positive, or a plain letter alone, takes a fractional power.
            if whole or _is_positive(atom):
                result = result * self._with(self, {((atom, _plain(exponent * by)),): 1})
            else:
                rest.append((atom, exponent))
        if len(rest) == 1 and rest[0][1] == 1:
            result = result * self._with(self, {((rest[0][0], by),): 1})
        elif rest:
            result = result * self._with(self, {tuple(rest): 1})._sum_power(by)
        return result

    def _sum_power(self, by: Rational) -> Expression:
        """Take the content out of a sum, so that 1/(2x+2) and 1/2 * 1/(x+1) look alike."""
        numerators = [abs(c.numerator) for c in self.terms.values()]
        content = Fraction(math.gcd(*numerators), math.lcm(*(c.denominator for c in self.terms.values())))
        if by.denominator == 1 and self.terms[min(self.terms, key=_order)] < 0:
            content = -content
        primitive = self * Expression.number(Fraction(1) / content)
        name = f"({primitive.form})"
        value = primitive.value
        if value is not None and value < 0 and by.denominator != 1:
            raise Unreadable("root of a negative number")
        atom = Expression.atom(name, value, self.letters)
        return _rational_power(content, by) * self._with(atom, {((name, by),): 1})

    def _opaque_power(self, exponent: Expression) -> Expression:
        if exponent.terms[min(exponent.terms, key=_order)] < 0:
            return Expression.number(1) / self._opaque_power(-exponent)
        value = None
        if self.value is not None and exponent.value is not None:
            try:
                value = math.pow(self.value, exponent.value)
            except (OverflowError, ValueError):
                value = None
        return Expression.atom(f"(({self.form})^({exponent.form}))", value, self.letters | exponent.letters)

    def _with(self, other: Expression, terms: Mapping[Monomial, Rational]) -> Expression:
        kept = {monomial: _plain(coefficient) for monomial, coefficient in terms.items() if coefficient}
        if len(kept) > MAX_TERMS or any(_bits(c) > MAX_BITS for c in kept.values()):
            raise Unreadable("too large")
        opaque = {**self.opaque, **other.opaque}
        if opaque:
            used = {atom for monomial in kept for atom, _ in monomial}
            opaque = {atom: value for atom, value in opaque.items() if atom in used}
        return Expression(kept, opaque, self.letters | other.letters)


def _plain(value: Rational) -> Rational:
    return value if isinstance(value, int) or value.denominator != 1 else value.numerator


def _order(monomial: Monomial) -> tuple[bool, Rational, Monomial]:
    """Constants last, higher degrees first."""
    return (not monomial, -sum(exponent for _, exponent in monomial), monomial)


def _exponent(exponent: Rational) -> str:
    return str(exponent) if exponent.denominator == 1 and exponent > 0 else f"({exponent})"


def _bits(value: Rational) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _is_positive(atom: str) -> bool:
    return atom == PI or _PRIME.fullmatch(atom) is not None


def _product(left: Monomial, right: Monomial) -> tuple[Monomial, Rational]:
    """Join two monomials; whole powers of primes move into the coefficient while they are small."""
    if not right:
        return left, 1
    exponents = dict(left)
    factor: Rational = 1
    for atom, exponent in right:
        total = exponents.pop(atom, 0) + exponent
        if total and _PRIME.fullmatch(atom):
            whole = math.floor(total)
            if abs(whole) * int(atom).bit_length() <= MAX_FOLDED:
                factor *= Fraction(int(atom)) ** whole
                total -= whole
        if total:
            exponents[atom] = _plain(total)
    return tuple(sorted(exponents.items())), factor


def _rational_power(base: Rational, by: Rational) -> Expression:
    """Exact power of a rational: small results are expanded, others stay as powers of primes."""
    if by.denominator == 1 and _bits(base) * abs(by.numerator) <= MAX_FOLDED:
        if not base and by < 0:
            raise Unreadable("division by zero")
        return Expression.number(Fraction(base) ** by.numerator if by < 0 else base**by.numerator)
    if base <= 0:
        if by.denominator != 1 or not base:
            raise Unreadable("root of a negative number")
        sign = 1 if by.numerator % 2 == 0 else -1
        return Expression.number(sign) * _rational_power(-base, by)
    result = Expression.number(1)
    for number, side in ((base.numerator, 1), (base.denominator, -1)):
        for prime, count in _factors(number).items():
            result = result * _prime_power(prime, count * side * by)
    return result


def _prime_power(atom: str, exponent: Rational) -> Expression:
    if not _PRIME.fullmatch(atom):  # a rest that was not factored
        return Expression({((atom, exponent),): 1}, {atom: float(atom[1:])}, frozenset())
    whole = math.floor(exponent)
    if abs(whole) * int(atom).bit_length() > MAX_FOLDED:
        return Expression({((atom, exponent),): 1})
    rest = exponent - whole
    return Expression({((atom, rest),) if rest else (): Fraction(int(atom)) ** whole})


def _factors(number: int) -> dict[str, int]:
    """Prime factors; a large rest that may be composite is an opaque atom, marked by `#`."""
    found: dict[str, int] = {}
    for prime in _SMALL_PRIMES:
        while number % prime == 0:
            found[str(prime)] = found.get(str(prime), 0) + 1
            number //= prime
    if number > 1:
        root = math.isqrt(number)
        name, count = (str(root), 2) if root * root == number else (str(number), 1)
        if int(name) > 10**6:
            if number.bit_length() > 512:
                raise Unreadable("too large to factor")
            name = f"#{name}"
        found[name] = count
    return found
