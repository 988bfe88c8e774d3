r"""Read an answer as an expression: TeX and plain notation, one recursive descent over the cleaned text.

What is ambiguous (`1/2x`) or unknown (integrals, absolute values, other commands) is not read at all:
the caller keeps such answers as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from rlvr_atlas.answer.algebra import PI, Expression, Rational, Unreadable
from rlvr_atlas.answer.functions import apply, apply_many, binomial, factorial
from rlvr_atlas.answer.tex import ACCENTS, FUNCTIONS, LETTERS
from rlvr_atlas.answer.words import ALIASES, BEGINNING, NAMED, PLAIN, word_at

MAX_DEPTH = 24
MAX_DIGITS = 400
_ONE, _HALF, _THIRD = (Expression.number(value) for value in (1, Fraction(1, 2), Fraction(1, 3)))
_DEGREE = Expression.letter(PI) * Expression.number(Fraction(1, 180))

_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
#: 2e and 2e-3 may mean Euler's number, so an exponent needs a decimal mantissa or two digits behind its sign.
_SCIENTIFIC = re.compile(r"(\d+\.\d*|\.\d+)[eE]([-+]?\d{1,3})(?!\w)|(\d+)[eE]\+?([-+]\d{2,3}|\d{1,3})(?!\w)")
_REPEATING = re.compile(r"(\d{0,30})\.(\d{0,30})\\overline ?\{ ?(\d{1,30}) ?\}")
_FRACTION = re.compile(
    r"\s?(?:\\frac\s?(?:\{\s?(\d+)\s?\}|(\d))\s?(?:\{\s?(\d+)\s?\}|(\d))|(?<=\s)(\d+)\s?/\s?(\d+)(?!\d))"
)
_WORD = re.compile(r"[A-Za-z]+")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_TEXT = re.compile(r"\{ ?([A-Za-z]{1,8}) ?\}")
_ACCENTED = re.compile(r" ?\{ ?(\\?[A-Za-z]{1,8}) ?\}| ?([A-Za-z])")
_SUBSCRIPT = re.compile(r" ?_ ?(?:(\w)|\{ ?([\w, ]{1,16})\}|\{ ?\\text ?\{([\w, ]{1,16})\} ?\})")
#: I(0) and f(x) are values of a function; x(x+1) is a product.
_APPLIED = re.compile(r" ?\( ?([a-z]|\d{1,3}) ?\)")

_CLOSERS = {"(": ")", "{": "}", "[": "]"}


def parse(text: str) -> Expression:
    """Read cleaned text as one expression.

    Args:
        text: Output of `tex.clean`, without units, relations or lists.

    Raises:
        Unreadable: Where it is not one expression, or too large.
    """
    scanner = _Scanner(text)
    try:
        result = scanner.sum()
    except (ArithmeticError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from None
    if scanner.peek():
        raise Unreadable(f"stopped at {scanner.at}")
    return result.with_i_squared()


def decimal(text: str) -> Rational:
    """The exact value of a decimal literal.

    A literal of 16 and more significant digits is the print of a binary float (0.30000000000000004), so it is
    rounded to the 15 digits that such a number holds.
    """
    whole, _, decimals = text.partition(".")
    if whole and not decimals.strip("0"):
        return int(whole)
    if len(text.replace(".", "").lstrip("0")) >= 16:
        text = f"{float(text):.15g}"
    return Fraction(text.removesuffix("."))


class _Scanner:
    """A position in the text, and one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def peek(self) -> str:
        """The next character that is no space, or "" at the end."""
        text, at = self.text, self.at
        character = text[at : at + 1]
        while character == " ":
            at += 1
            character = text[at : at + 1]
        self.at = at
        return character

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def sum(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("nested too deeply")
        result = self.signed(self.product)
        while (sign := self.peek()) and sign in "+-":
            self.at += 1
            term = self.signed(self.product)
            result = result + term if sign == "+" else result - term
        self.depth -= 1
        return result

    def signed(self, rule: Callable[[], Expression]) -> Expression:
        negative = False
        while (sign := self.peek()) and sign in "+-":
            negative ^= sign == "-"
            self.at += 1
        return -rule() if negative else rule()

    def product(self) -> Expression:
        result = self.factor()
        divided = False
        while (follows := self.peek()) and follows not in "+-)}],=|&":
            if follows in "*/":
                self.at += 1
                factor = self.signed(self.factor)
                result = result * factor if follows == "*" else result / factor
                divided = follows == "/"
            elif divided:
                raise Unreadable("a/bc has two readings")
            elif follows.isdigit() and self.text[: self.at].rstrip()[-1:].isdigit():
                raise Unreadable("two numbers side by side")
            else:
                result = result * self.factor()
        return result

    def factor(self) -> Expression:
        base = self.base()
        while (mark := self.peek()) and mark in "^!°":
            self.at += 1
            if mark == "^":
                base = base.power(self.exponent())
            else:
                base = factorial(base) if mark == "!" else base * _DEGREE
        return base

    def exponent(self) -> Expression:
        """Right to left: 2^3^2 is 2^9."""
        result = self.signed(self.base)
        if self.peek() == "^":
            self.at += 1
            result = result.power(self.exponent())
        return result

    def base(self) -> Expression:
        first = self.peek()
        if first.isdigit() or first == ".":
            return self.number()
        if first in _CLOSERS:
            return self.group()
        if first == "|":
            return self.absolute()
        if match := self.take(_COMMAND):
            return self.command(match[1])
        if match := self.take(_WORD):
            return self.word(match)
        if first == "∞":
            self.at += 1
            return Expression.letter(first)
        raise Unreadable(f"nothing to read at {self.at}")

    def group(self) -> Expression:
        closer = _CLOSERS[self.text[self.at]]
        self.at += 1
        result = self.sum()
        if self.peek() != closer:
            raise Unreadable("unbalanced")
        self.at += 1
        return result

    def number(self) -> Expression:
        match = _NUMBER.match(self.text, self.at)
        if not match or len(match[0]) > MAX_DIGITS:
            raise Unreadable("no number")
        follows = self.text[match.end() : match.end() + 1]
        if follows == "\\" and (repeating := self.take(_REPEATING)):
            whole, fixed, period = repeating[1] or "0", repeating[2], repeating[3]
            nines = 10 ** len(fixed) * (10 ** len(period) - 1)
            return Expression.number(Fraction(int(whole + fixed + period) - int(whole + fixed), nines))
        if follows and follows in "eE" and (scientific := self.take(_SCIENTIFIC)):
            mantissa, power = scientific[1] or scientific[3], scientific[2] or scientific[4]
            return Expression.number(Fraction(decimal(mantissa)) * Fraction(10) ** int(power))
        self.at = match.end()
        value = decimal(match[0])
        if isinstance(value, int) and (mixed := _FRACTION.match(self.text, self.at)):
            over, under = (int(part) for part in mixed.groups() if part)
            if not 0 < over < under:
                raise Unreadable("a whole number before an improper fraction has two readings")
            self.at = mixed.end()
            return Expression.number(value + Fraction(over, under))
        return Expression.number(value)

    def word(self, match: re.Match[str]) -> Expression:
        """A run of letters: a function, a constant, or a product of which this takes the first letter."""
        start, end = match.span()
        if not self.text[start - 1 : start].isalpha() and word_at(self.text, start, end):
            raise Unreadable("words")
        known = self.text[start:end]
        if not (known in FUNCTIONS or known in ALIASES or known in PLAIN or known in NAMED or known == "pi"):
            name = BEGINNING.match(known)
            known = name[0] if name else known[0]
        self.at = start + len(known)
        if known == "pi":
            return Expression.letter(PI)
        if known in NAMED:
            return self.symbol(NAMED[known])
        if len(known) > 1:
            return self.named(known)
        return self.symbol(known)

    def named(self, name: str) -> Expression:
        """A function by its plain name."""
        name = ALIASES.get(name, name)
        if name == "sqrt":
            return self.base().power(_HALF)
        if name == "cbrt":
            return self.base().power(_THIRD)
        return self.several(name) if name in PLAIN else self.function(name)

    def several(self, name: str) -> Expression:
        """A function of one or more arguments in brackets: max(3, 8)."""
        if self.peek() not in ("(", "{", "⦃"):
            raise Unreadable(f"{name} without brackets")
        closer = {"(": ")", "{": "}", "⦃": "⦄"}[self.text[self.at]]
        self.at += 1
        arguments = [self.sum()]
        while self.peek() == ",":
            self.at += 1
            arguments.append(self.sum())
        if self.peek() != closer:
            raise Unreadable("unbalanced")
        self.at += 1
        return apply_many(name, arguments)

    def absolute(self) -> Expression:
        self.at += 1
        inside = self.sum()
        if self.peek() != "|":
            raise Unreadable("unbalanced")
        self.at += 1
        return apply_many("abs", [inside])

    def symbol(self, name: str) -> Expression:
        if match := self.take(_SUBSCRIPT):
            name += "_" + (match[1] or match[2] or match[3]).replace(" ", "")
        while self.text.startswith("'", self.at):
            name += "'"
            self.at += 1
        letter = Expression.letter(name)
        if match := self.take(_APPLIED):
            inside = Expression.letter(match[1]).letters if match[1].isalpha() else frozenset()
            return Expression.atom(f"{name}({match[1]})", None, letter.letters | inside)
        return letter

    def argument(self) -> Expression:
        """What a command takes: a group, a command, or one character, as TeX does."""
        first = self.peek()
        if first.isdigit():
            self.at += 1
            return Expression.number(int(first))
        return self.base()

    def command(self, name: str) -> Expression:
        if name in _COMMANDS:
            return _COMMANDS[name](self)
        if name in LETTERS:
            return self.symbol(f"\\{name}")
        if name in FUNCTIONS:
            return self.function(name)
        if name in PLAIN:
            return self.several(name)
        if name in ACCENTS and (inside := self.take(_ACCENTED)):
            return self.symbol(f"\\{name}({inside[1] or inside[2]})")
        raise Unreadable(f"\\{name}")

    def upright(self) -> Expression:
        inside = self.take(_TEXT)
        if inside and (inside[1] in FUNCTIONS or inside[1] in PLAIN or inside[1] in ALIASES):
            return self.named(inside[1])
        if inside and len(inside[1]) == 1:
            return self.symbol(inside[1])
        raise Unreadable("words")

    def fraction(self) -> Expression:
        over = self.argument()
        return over / self.argument()

    def root(self) -> Expression:
        index = self.group() if self.peek() == "[" else Expression.number(2)
        # Unlike TeX, people mean the root of 15 by \sqrt 15.
        radicand = self.number() if self.peek().isdigit() else self.base()
        return radicand.power(_ONE / index)

    def function(self, name: str) -> Expression:
        r"""`\sin^2 2x`, `\log_2(8)`: the argument is one group, or all factors up to a sign or a function."""
        base = power = None
        if name == "log" and self.text.startswith(("2(", "10("), self.at):
            base = self.number()
        if name == "log" and self.peek() == "_":
            self.at += 1
            base = self.argument()
        if self.peek() == "^":
            self.at += 1
            power = self.exponent()
            if power.form == "-1":
                raise Unreadable("inverse or reciprocal")
        grouped = self.peek() in ("(", "{")
        argument = self.base() if grouped else self.signed(self.factor)
        while not grouped and (follows := self.peek()) and follows not in "+-*/)}],=|&([":
            if any(self.text.startswith((f"\\{other}", other), self.at) for other in FUNCTIONS):
                break
            argument = argument * self.factor()
        result = apply(name, base, argument)
        return result.power(power) if power else result


_COMMANDS: dict[str, Callable[[_Scanner], Expression]] = {
    "frac": _Scanner.fraction,
    "sqrt": _Scanner.root,
    "text": _Scanner.upright,
    "pi": lambda _: Expression.letter(PI),
    "binom": lambda scanner: binomial(scanner.argument(), scanner.argument()),
}
