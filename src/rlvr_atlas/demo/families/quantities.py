"""The quantities that algebra and contest problems combine, see `compound.py`."""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial, gcd, isqrt
from random import Random

from rlvr_atlas.demo.families.compound import Quantity
from rlvr_atlas.demo.families.numbers import digits, divisors, primes, zeros
from rlvr_atlas.demo.families.tex import linear, polynomial
from rlvr_atlas.demo.problem import Numbers


def _roots(r: Random) -> Numbers:
    q, p = sorted(r.sample([n for n in range(-15, 16) if n], 2))
    return {"p": p, "q": q}


def _points(r: Random) -> Numbers:
    a, c = r.sample(range(-12, 13), 2)
    return {"a": a, "b": r.randint(-15, 15), "c": c, "d": r.randint(-15, 15)}


def _triple(r: Random) -> Numbers:
    a, b = r.choice([(3, 4), (5, 12), (8, 15), (7, 24), (20, 21)])
    k = r.randint(1, 9)
    return {"a": a * k, "b": b * k}


def _common(r: Random) -> Numbers:
    g, (a, b) = r.randint(2, 20), r.sample(range(2, 25), 2)
    return {"a": g * a, "b": g * b}


ALGEBRAIC = (
    Quantity(
        name="root",
        draw=_roots,
        value=lambda p, q: p,
        shows=lambda n: {"poly": polynomial([1, -n["p"] - n["q"], n["p"] * n["q"]], "x")},
        say=(
            "the larger root of $@poly = 0$",
            "the larger solution of the equation $@poly = 0$",
            "the place furthest to the right at which the curve $y = @poly$ meets the horizontal axis",
        ),
    ),
    Quantity(
        name="value",
        draw=lambda r: {
            "a": r.randint(2, 7),
            "b": r.randint(-9, 9),
            "c": r.randint(-20, 20),
            "k": r.randint(-6, 6),
        },
        value=lambda a, b, c, k: a * k * k + b * k + c,
        shows=lambda n: {"poly": polynomial([n["a"], n["b"], n["c"]], "t")},
        say=(
            "the value of $@poly$ at $t = @k$",
            "the value that $@poly$ takes for $t = @k$",
            "what becomes of $@poly$ once $t$ is replaced by $@k$",
        ),
    ),
    Quantity(
        name="unknown",
        draw=lambda r: {"a": r.randint(2, 12), "b": r.randint(1, 40), "x": r.randint(-15, 15)},
        value=lambda a, b, x: x,
        shows=lambda n: {"left": polynomial([n["a"], n["b"]], "y"), "c": n["a"] * n["x"] + n["b"]},
        say=(
            "the solution of $@left = @c$",
            "the number $y$ with $@left = @c$",
            "the number of which $@a$ times, increased by $@b$, is $@c$",
        ),
    ),
    Quantity(
        name="slope",
        draw=_points,
        value=lambda a, b, c, d: Fraction(d - b, c - a),
        say=(
            "the slope of the line through $(@a, @b)$ and $(@c, @d)$",
            "the slope of the line that joins $(@a, @b)$ and $(@c, @d)$",
            "the rise per unit to the right on the straight road from $(@a, @b)$ to $(@c, @d)$",
        ),
    ),
    Quantity(
        name="term",
        draw=lambda r: {"a": r.randint(-20, 30), "d": r.randint(2, 14), "n": r.randint(7, 40)},
        value=lambda a, d, n: a + (n - 1) * d,
        shows=lambda n: {"b": n["a"] + n["d"]},
        say=(
            "term number $@n$ of the arithmetic sequence $@a, @b, \\ldots$",
            "the term in position $@n$ of the arithmetic sequence $@a, @b, \\ldots$",
            "the number reached after $@n - 1$ steps if one starts at $@a$ and every step adds $@d$",
        ),
    ),
    Quantity(
        name="log",
        draw=lambda r: {"b": r.randint(2, 7), "k": r.randint(2, 6)},
        value=lambda b, k: k,
        shows=lambda n: {"power": n["b"] ** n["k"]},
        say=(
            "the logarithm $\\log_{@b} @power$",
            "the value of $\\log_{@b} @power$",
            "the exponent that turns $@b$ into $@power$",
        ),
    ),
    Quantity(
        name="det",
        draw=lambda r: {name: r.choice([-1, 1]) * r.randint(1, 9) for name in "abcd"},
        value=lambda a, b, c, d: a * d - b * c,
        say=(
            "the determinant of $\\begin{pmatrix} @a & @b \\\\ @c & @d \\end{pmatrix}$",
            "the determinant of the matrix $\\begin{pmatrix} @a & @b \\\\ @c & @d \\end{pmatrix}$",
            "the signed area that the vectors $(@a, @b)$ and $(@c, @d)$ span, taken in this order",
        ),
    ),
    Quantity(
        name="vertex",
        draw=lambda r: {"h": r.randint(-9, 9), "k": r.randint(-30, 30)},
        value=lambda h, k: k,
        shows=lambda n: {"poly": polynomial([1, -2 * n["h"], n["h"] ** 2 + n["k"]], "z")},
        say=(
            "the minimum of $@poly$ over all real $z$",
            "the least value of $@poly$ for real $z$",
            "the height of the lowest point of the parabola with equation $w = @poly$",
        ),
    ),
    Quantity(
        name="disc",
        draw=lambda r: {"a": r.randint(2, 9), "b": r.randint(-15, 15), "c": r.randint(-9, 9)},
        value=lambda a, b, c: b * b - 4 * a * c,
        shows=lambda n: {"poly": polynomial([n["a"], n["b"], n["c"]], "u")},
        say=(
            "the discriminant of $@poly$",
            "the discriminant of the quadratic $@poly$",
            "the expression below the square root in the usual formula for the zeros of $@poly$",
        ),
    ),
    Quantity(
        name="near",
        draw=lambda r: {"a": r.randint(-30, 30), "b": r.randint(2, 40)},
        value=lambda a, b: 2 * b + 1,
        shows=lambda n: {"inside": polynomial([1, -n["a"]], "n")},
        say=(
            "the number of integers $n$ with $\\lvert @inside \\rvert \\le @b$",
            "the number of integers $n$ that satisfy $\\lvert @inside \\rvert \\le @b$",
            "how many whole numbers lie no further than $@b$ from $@a$",
        ),
    ),
    Quantity(
        name="modulus",
        draw=_triple,
        value=lambda a, b: isqrt(a * a + b * b),
        say=(
            "the modulus of $@a + @{b}i$",
            "the absolute value of the complex number $@a + @{b}i$",
            "the distance from the origin to the point $(@a, @b)$",
        ),
    ),
    Quantity(
        name="floor",
        draw=lambda r: {"a": r.randint(50, 900), "b": r.randint(3, 40)},
        value=lambda a, b: a // b,
        say=(
            "the greatest integer not above $\\frac{@a}{@b}$",
            "the greatest integer that does not exceed $\\frac{@a}{@b}$",
            "the integer quotient of $@a$ and $@b$, with the remainder dropped",
        ),
    ),
    Quantity(
        name="crossing",
        draw=lambda r: {
            "a": r.randint(2, 9),
            "b": r.randint(2, 9),
            "x": r.randint(-9, 9),
            "y": r.randint(-9, 9),
        },
        value=lambda a, b, x, y: x,
        shows=lambda n: {
            "one": linear(n["a"], n["b"], "x", "y"),
            "two": linear(n["a"] + 1, -n["b"], "x", "y"),
            "e": n["a"] * n["x"] + n["b"] * n["y"],
            "f": (n["a"] + 1) * n["x"] - n["b"] * n["y"],
        },
        say=(
            "the number $x$ for which $@one = @e$ and $@two = @f$",
            "the value of $x$ in the system $@one = @e$, $@two = @f$",
            "the first coordinate of the point shared by the lines $@two = @f$ and $@one = @e$",
        ),
    ),
)

COUNTABLE = (
    Quantity(
        name="modpow",
        draw=lambda r: {"a": r.randint(2, 15), "n": r.randint(8, 90), "m": r.randint(5, 23)},
        value=lambda a, n, m: pow(a, n, m),  # noqa: PLW0108 (built-ins take no keywords)
        say=(
            "the remainder when $@a^{@n}$ is divided by $@m$",
            "the remainder that $@a^{@n}$ leaves on division by $@m$",
            "what is left over when a product of $@n$ factors $@a$ is split into groups of $@m$",
        ),
    ),
    Quantity(
        name="divs",
        draw=lambda r: {"n": r.randint(60, 900)},
        value=lambda n: len(divisors(n)),
        say=(
            "the number of positive divisors of $@n$",
            "the number of positive integers that divide $@n$",
            "the count of all rectangles with whole sides and area $@n$, where turned ones count apart",
        ),
    ),
    Quantity(
        name="digitsum",
        draw=lambda r: {"n": r.randint(10_000, 999_999)},
        value=lambda n: sum(map(int, str(n))),
        say=(
            "the sum of the digits of $@n$",
            "the digit sum of the number $@n$",
            "what one gets from $@n$ by putting plus signs between neighbouring digits",
        ),
    ),
    Quantity(
        name="gcd",
        draw=_common,
        value=lambda a, b: gcd(a, b),  # noqa: PLW0108
        say=(
            "the greatest common divisor of $@a$ and $@b$",
            "the greatest common factor of $@a$ and $@b$",
            "the side of the largest square tile that paves a floor of $@a$ by $@b$ without cutting",
        ),
    ),
    Quantity(
        name="mults",
        draw=lambda r: {"d": r.randint(3, 29), "n": r.randint(100, 2500)},
        value=lambda d, n: n // d,
        say=(
            "the number of positive multiples of $@d$ up to $@n$",
            "the number of positive multiples of $@d$ that are at most $@n$",
            "how often $@d$ can be taken away from $@n$ before something negative comes out",
        ),
    ),
    Quantity(
        name="choose",
        draw=lambda r: {"n": r.randint(6, 18), "k": r.randint(2, 5)},
        value=lambda n, k: comb(n, k),  # noqa: PLW0108
        say=(
            "the number of ways to choose $@k$ of $@n$ books",
            "the number of ways to select $@k$ out of $@n$ books",
            "the number of different hands of $@k$ cards from $@n$ distinct cards",
        ),
    ),
    Quantity(
        name="zeros",
        draw=lambda r: {"n": r.randint(20, 600)},
        value=zeros,
        say=(
            "the number of zeros at the end of $@n!$",
            "the number of zeros in which $@n!$ ends",
            "the largest $e$ for which $10^e$ divides the product of all integers from $1$ to $@n$",
        ),
    ),
    Quantity(
        name="prime",
        draw=lambda r: {"n": r.randint(60, 999)},
        value=lambda n: max(primes(n)),
        say=(
            "the largest prime factor of $@n$",
            "the largest prime that divides $@n$",
            "the last number one writes down when splitting $@n$ into primes in increasing order",
        ),
    ),
    Quantity(
        name="units",
        draw=lambda r: {"a": r.randint(12, 99), "n": r.randint(11, 200)},
        value=lambda a, n: pow(a, n, 10),
        say=(
            "the units digit of $@a^{@n}$",
            "the last digit of $@a^{@n}$",
            "the final figure in the decimal expansion of $@a$ to the power $@n$",
        ),
    ),
    Quantity(
        name="diagonals",
        draw=lambda r: {"n": r.randint(6, 60)},
        value=lambda n: n * (n - 3) // 2,
        say=(
            "the number of diagonals of a convex polygon with $@n$ sides",
            "the number of diagonals in a convex $@n$-gon",
            "the number of greetings if each of $@n$ people at a round table greets all but both neighbours",
        ),
    ),
    Quantity(
        name="primes",
        draw=lambda r: {"n": r.randint(20, 250)},
        value=lambda n: sum(primes(k) == [k] for k in range(2, n)),
        say=(
            "the number of primes below $@n$",
            "the number of primes less than $@n$",
            "how many integers under $@n$ have exactly two positive divisors",
        ),
    ),
    Quantity(
        name="based",
        draw=lambda r: {"n": r.randint(30, 900), "b": r.randint(3, 8)},
        value=lambda n, b: n,
        shows=lambda n: {"text": digits(n["n"], n["b"])},
        say=(
            "the decimal value of the base-$@b$ numeral $@text$",
            "the decimal value of $@text$ read in base $@b$",
            "the number that creatures with $@b$ fingers write as $@text$",
        ),
    ),
    Quantity(
        name="orders",
        draw=lambda r: {"n": r.randint(4, 8), "k": r.randint(1, 3)},
        value=lambda n, k: factorial(n) // factorial(n - k),
        say=(
            "the number of ways to fill the first $@k$ places of a race with $@n$ runners",
            "the number of possibilities for the first $@k$ places of a race of $@n$ runners",
            "the number of codes of $@k$ different symbols from a set of $@n$",
        ),
    ),
    Quantity(
        name="bits",
        draw=lambda r: {"n": r.randint(50, 9000)},
        value=lambda n: n.bit_length(),
        say=(
            "the number of binary digits of $@n$",
            "the number of digits of $@n$ in base two",
            "how many coins in a row, heads or tails, are needed to note down $@n$ in the binary system",
        ),
    ),
)
