r"""Algebra in TeX: equations, polynomials, functions, sequences, as a textbook sets them."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from random import Random

from rlvr_atlas.demo.families.tex import linear, polynomial, signed
from rlvr_atlas.demo.problem import Family, Numbers


def _nonzero(r: Random, size: int) -> int:
    return r.choice([-1, 1]) * r.randint(1, size)


def _two_lines(r: Random) -> Numbers:
    a, b, c, d = 1, 1, 1, 1
    while a * d == b * c:
        a, b, c, d = (_nonzero(r, 9) for _ in range(4))
    x, y = _nonzero(r, 12), _nonzero(r, 12)
    return {"a": a, "b": b, "c": c, "d": d, "e": a * x + b * y, "f": c * x + d * y}


def _solve_two(ask: str, **p: int) -> Fraction:
    a, b, c, d, e, f = (p[name] for name in "abcdef")
    x, y = Fraction(e * d - b * f, a * d - b * c), Fraction(a * f - e * c, a * d - b * c)
    return {"sum": x + y, "product": x * y}[ask]


def _roots(r: Random) -> Numbers:
    p, q = r.sample([n for n in range(-19, 20) if n], 2)
    return {"b": -(p + q), "c": p * q}


def _root(b: int, c: int, ask: str) -> int:
    root = isqrt(b * b - 4 * c)
    return (-b + root) // 2 if ask == "larger" else (-b - root) // 2


def _sums(r: Random) -> Numbers:
    return {"a": r.randint(2, 9), "b": _nonzero(r, 30), "c": _nonzero(r, 30)}


ALGEBRA = (
    Family(
        name="two_sides",
        tex=True,
        draw=lambda r: {
            "a": r.randint(6, 15),
            "b": _nonzero(r, 40),
            "c": r.randint(1, 5),
            "x": _nonzero(r, 15),
        },
        answer=lambda a, b, c, x: x,
        steps="Collecting terms, $(@a - @c)@v = @d - (@b)$, so $@v = \\boxed{@answer}$.",
        words={"v": "variable"},
        shows=lambda p: {
            "d": (d := (p["a"] - p["c"]) * p["x"] + p["b"]),
            "left": polynomial([p["a"], p["b"]], p["v"]),
            "right": polynomial([p["c"], d], p["v"]),
        },
        wordings=(
            r"""<Solve the equation|Solve> $@left = @right$ <for|with respect to> $@v$.""",
            r"""<For which value of $@v$|For what real number $@v$> <is it true that|does the equality
            hold that> $@left = @right$?""",
            r"""The expressions $@left$ and $@right$ <take the same value|coincide> at exactly one
            point. <Give|State> that value of the unknown $@v$.""",
        ),
    ),
    Family(
        name="vieta",
        tex=True,
        draw=_sums,
        answer=lambda a, b, c, ask: Fraction(-b, a) if ask == "sum" else Fraction(c, a),
        steps="By Vieta's formulas the @ask of the roots is $\\boxed{@answer}$.",
        words={"v": "variable"},
        asks={
            "sum": {"ask": "sum", "find": r"$r_1 + r_2$", "do": "added"},
            "product": {"ask": "product", "find": r"$r_1 r_2$", "do": "multiplied"},
        },
        shows=lambda p: {"poly": polynomial([p["a"], p["b"], p["c"]], p["v"])},
        wordings=(
            r"""<Find|Determine|Compute> the @ask of the <roots|solutions> of $@poly = 0$<, counted with
            multiplicity| over the complex numbers|>.""",
            r"""Let $r_1$ and $r_2$ be the <roots|zeros> of <the quadratic|the polynomial> $@poly$.
            <Compute|Evaluate> @find.""",
            r"""<A quadratic equation reads|Consider the quadratic equation> $@poly = 0$. <Which number
            does one get|What is obtained> when its two complex solutions are @do?""",
        ),
    ),
    Family(
        name="roots",
        tex=True,
        draw=_roots,
        answer=_root,
        steps="The roots are found by factoring; the @ask one is $\\boxed{@answer}$.",
        words={"v": "variable", "f": "function"},
        asks={
            "larger": {"ask": "<larger|greater>", "find": "furthest to the right"},
            "smaller": {"ask": "<smaller|lesser>", "find": "furthest to the left"},
        },
        shows=lambda p: {"poly": polynomial([1, p["b"], p["c"]], p["v"])},
        wordings=(
            r"""<Determine|Find> the @ask <root|solution> of <the equation|the quadratic equation>
            $@poly = 0$.""",
            r"""<Suppose that|Assume that> $@v$ <satisfies|is a real number with> $@poly = 0$.
            <Determine|Compute> the @ask possible value of $@v$.""",
            r"""The graph of $@f(@v) = @poly$ meets the horizontal axis twice. At which value of $@v$
            does the crossing @find <lie|occur>?""",
        ),
    ),
    Family(
        name="two_lines",
        tex=True,
        draw=_two_lines,
        answer=_solve_two,
        steps="Elimination gives both unknowns, and $@find = \\boxed{@answer}$.",
        asks={
            "sum": {"ask": "$x + y$", "find": "x + y", "say": "sum"},
            "product": {"ask": "$xy$", "find": "xy", "say": "product"},
        },
        shows=lambda p: {
            "one": linear(p["a"], p["b"], "x", "y"),
            "two": linear(p["c"], p["d"], "x", "y"),
            "find": "x + y" if p["ask"] == "sum" else "xy",
        },
        wordings=(
            r"""<Given that|If> $@one = @e$ and $@two = @f$, <find|compute|determine> @ask.""",
            r"""The <real numbers|numbers> $x$ and $y$ <satisfy|fulfil> <the system|the equations> \[
            \begin{cases} @one = @e \\ @two = @f \end{cases} \] <Find|Determine> the value of @ask.""",
            r"""<Two lines|Two straight lines> with equations $@two = @f$ and $@one = @e$ intersect in
            one point. Calculate the @say of the coordinates of <this|that> point.""",
        ),
    ),
    Family(
        name="composition",
        tex=True,
        draw=lambda r: {
            "a": r.randint(2, 9),
            "b": _nonzero(r, 20),
            "c": _nonzero(r, 20),
            "n": _nonzero(r, 9),
        },
        answer=lambda a, b, c, n, ask: a * (n * n + c) + b if ask == "outer" else (a * n + b) ** 2 + c,
        steps="Evaluating from the inside out gives $\\boxed{@answer}$.",
        words={"f": "function", "v": "variable"},
        asks={
            "outer": {"ask": r"@f(h_1(@n))", "find": r"first $h_1$ to $@n$ and then $@f$ to the result"},
            "inner": {"ask": r"h_1(@f(@n))", "find": r"first $@f$ to $@n$ and then $h_1$ to the result"},
        },
        shows=lambda p: {
            "one": polynomial([p["a"], p["b"]], p["v"]),
            "two": polynomial([1, 0, p["c"]], p["v"]),
        },
        wordings=(
            r"""Let $@f(@v) = @one$ and $h_1(@v) = @two$. <Find|Evaluate|Compute> $@ask$.""",
            r"""<Define the functions|Two functions are defined by> $@f(@v) = @one$ and $h_1(@v) = @two$
            <on the real numbers|for all real $@v$>. <Compute|Calculate> the value of $@ask$.""",
            r"""<A machine|A computer program> knows two rules: $@f$ turns <a number|every> $@v$ into
            $@one$, and $h_1$ turns it into $@two$. Which number comes out if one applies @find?""",
        ),
    ),
    Family(
        name="remainder",
        tex=True,
        draw=lambda r: {
            "a": r.randint(1, 6),
            "b": _nonzero(r, 9),
            "c": _nonzero(r, 12),
            "d": _nonzero(r, 25),
            "k": _nonzero(r, 4),
        },
        answer=lambda a, b, c, d, k: a * k**3 + b * k**2 + c * k + d,
        steps="By the remainder theorem one evaluates at $@k$ and gets $\\boxed{@answer}$.",
        words={"v": "variable"},
        shows=lambda p: {
            "poly": polynomial([p["a"], p["b"], p["c"], p["d"]], p["v"]),
            "by": polynomial([1, -p["k"]], p["v"]),
        },
        wordings=(
            r"""<Find|Determine|Compute> the remainder when $@poly$ is divided by $@by$.""",
            r"""<What remainder is left|What is the remainder> <after dividing|on division of> the
            polynomial $@poly$ by <the linear polynomial |>$@by$?""",
            r"""<Write|One can write> \[ @poly = (@by) \cdot q(@v) + r \] with a polynomial $q$ and a
            constant $r$. <State|Give> the constant $r$.""",
        ),
    ),
    Family(
        name="parabola",
        tex=True,
        draw=lambda r: {"a": r.randint(1, 9), "h": _nonzero(r, 12), "k": _nonzero(r, 40)},
        answer=lambda a, h, k, ask: h if ask == "place" else k,
        steps="Completing the square gives the vertex $(@h, @k)$, hence $\\boxed{@answer}$.",
        words={"v": "variable", "f": "function"},
        asks={
            "place": {
                "ask": r"<the value of $@v$|the number $@v$> at which $@f(@v)$ is <smallest|least>",
                "find": "first",
            },
            "value": {"ask": r"<the minimum value|the least value> of $@f(@v)$", "find": "second"},
        },
        shows=lambda p: {
            "poly": polynomial([p["a"], -2 * p["a"] * p["h"], p["a"] * p["h"] ** 2 + p["k"]], p["v"])
        },
        wordings=(
            r"""<For|Given> $@f(@v) = @poly$, <find|determine> @ask.""",
            r"""<A function is given by|Consider the function> $@f(@v) = @poly$<, where $@v$ is real|,
            defined for all real $@v$>. <Compute|State> @ask.""",
            r"""In the coordinate plane the curve <with equation|described by> $y = @poly$ is a parabola
            that opens upwards. What is the @find coordinate of its lowest point?""",
        ),
    ),
    Family(
        name="arithmetic_sequence",
        tex=True,
        draw=lambda r: {"a": _nonzero(r, 25), "d": _nonzero(r, 13), "n": r.randint(8, 60)},
        answer=lambda a, d, n, ask: a + (n - 1) * d if ask == "term" else n * (2 * a + (n - 1) * d) // 2,
        steps="With $a_n = @a + (n - 1)(@d)$ the answer is $\\boxed{@answer}$.",
        asks={
            "term": {
                "ask": r"<the term|the value of the term> $a_{@n}$",
                "find": "the <entry|number> in position @n",
            },
            "sum": {
                "ask": r"<the sum|the value of the sum> $a_1 + a_2 + \cdots + a_{@n}$",
                "find": "the total of the first @n <entries|numbers>",
            },
        },
        shows=lambda p: {"second": p["a"] + p["d"], "third": p["a"] + 2 * p["d"]},
        wordings=(
            r"""An arithmetic sequence <begins with|starts with> $@a, @second, @third, \ldots$
            <Find|Compute> @ask.""",
            r"""<Let|Suppose that> $(a_n)$ <be|is> an arithmetic sequence with $a_1 = @a$ and common
            difference <of |>$@d$. <Compute|Determine> @ask.""",
            r"""<In a list of numbers|In a column of numbers> the first is $@a$ and every further one
            <equals|is> the one before it plus $(@d)$. Work out @find.""",
        ),
    ),
    Family(
        name="geometric_sequence",
        tex=True,
        draw=lambda r: {
            "a": _nonzero(r, 30),
            "q": r.choice([-5, -4, -3, -2, 2, 3, 4, 5]),
            "n": r.randint(4, 8),
        },
        answer=lambda a, q, n: a * q ** (n - 1),
        steps="$@a \\cdot (@q)^{@n - 1} = \\boxed{@answer}$.",
        shows=lambda p: {"second": p["a"] * p["q"]},
        wordings=(
            r"""The first term of a geometric sequence is $@a$ and <the second term is|its second term
            is> $@second$. <Determine|Find> term number $@n$.""",
            r"""<Let|Suppose that> $g_1 = @a$ and $g_{n+1} = @q \, g_n$ for all $n \ge 1$.
            <Compute|Determine> $g_{@n}$.""",
            r"""One starts from $@a$ and multiplies by $@q$ again and again. Which number <stands|is
            found> in place <@n|@n_w> of the resulting list, if the starting number is in place one?""",
        ),
    ),
    Family(
        name="logarithm",
        tex=True,
        draw=lambda r: {
            "b": r.randint(2, 9),
            "k": r.randint(2, 5),
            "m": r.randint(2, 12),
            "c": _nonzero(r, 60),
        },
        answer=lambda b, k, m, c: Fraction(b**k - c, m),
        steps="Then $@inside = @b^@k$, so $@v = \\boxed{@answer}$.",
        words={"v": "variable"},
        shows=lambda p: {"inside": polynomial([p["m"], p["c"]], p["v"])},
        wordings=(
            r"""<Solve for|Find> $@v$: $\log_{@b} (@inside) = @k$.""",
            r"""<Determine the|Find the> real number $@v$ <such that|for which> \[ \log_{@b} (@inside) =
            @k. \]""",
            r"""The exponent to which $@b$ has to be raised to give $@inside$ is <$@k$|@k_w>. What is
            $@v$?""",
        ),
    ),
    Family(
        name="absolute",
        tex=True,
        draw=lambda r: {"a": r.randint(2, 12), "b": _nonzero(r, 40), "c": r.randint(3, 50)},
        answer=lambda a, b, c, ask: Fraction(-2 * b, a) if ask == "sum" else Fraction(b * b - c * c, a * a),
        steps="The two cases give two solutions, whose @ask is $\\boxed{@answer}$.",
        words={"v": "variable"},
        asks={"sum": {"ask": "sum", "do": "add"}, "product": {"ask": "product", "do": "multiply"}},
        shows=lambda p: {"inside": polynomial([p["a"], p["b"]], p["v"])},
        wordings=(
            r"""<Evaluate|Find> the @ask of all <solutions|real solutions> of $\left\lvert @inside
            \right\rvert = @c$.""",
            r"""<Compute|Determine> the @ask of <all values of|all real numbers> $@v$ <such
            that|satisfying> $\lvert @inside \rvert = @c$.""",
            r"""Two points on the number line <fulfil the condition|have the property> that $@inside$
            <is at distance|lies at distance> $@c$ from zero. <What do you get|What results> if you @do
            them?""",
        ),
    ),
    Family(
        name="complex_product",
        tex=True,
        draw=lambda r: {
            "a": _nonzero(r, 12),
            "b": _nonzero(r, 12),
            "c": _nonzero(r, 12),
            "d": _nonzero(r, 12),
        },
        answer=lambda a, b, c, d, ask: a * c - b * d if ask == "real" else a * d + b * c,
        steps="Expanding and using $i^2 = -1$ gives $\\boxed{@answer}$.",
        asks={"real": {"ask": "real part"}, "imaginary": {"ask": "imaginary part"}},
        shows=lambda p: {
            "one": f"{p['a']} {signed(p['b'])}i".replace(" 1i", " i"),
            "two": f"{p['c']} {signed(p['d'])}i".replace(" 1i", " i"),
        },
        wordings=(
            r"""<Find|Compute> the @ask of $(@one)(@two)$<, where $i^2 = -1$|, with $i$ the imaginary
            unit|>.""",
            r"""Let $z = @one$ and $w = @two$ <be complex numbers|in the complex plane>.
            <Find|Determine> the @ask of $zw$.""",
            r"""<When|As soon as> the complex number $@two$ is multiplied by $@one$ and the result is
            <brought to|written in> the form $u + vi$ with real $u$ and $v$, which number is its @ask?""",
        ),
    ),
    Family(
        name="coefficient",
        tex=True,
        draw=lambda r: {
            "a": _nonzero(r, 12),
            "b": _nonzero(r, 12),
            "c": _nonzero(r, 20),
            "k": r.randint(1, 2),
        },
        answer=lambda a, b, c, k: c + a * b if k == 1 else a + b,
        steps="Expanding, the coefficient in question is $\\boxed{@answer}$.",
        words={"v": "variable"},
        shows=lambda p: {
            "one": polynomial([1, p["a"]], p["v"]),
            "two": polynomial([1, p["b"], p["c"]], p["v"]),
            "power": p["v"] if p["k"] == 1 else f"{p['v']}^2",
        },
        wordings=(
            r"""<Determine|Find> the coefficient of $@power$ in <the expansion of|the product>
            $(@one)(@two)$.""",
            r"""<Expand|Multiply out> $(@one)(@two)$ <completely|and collect terms>. <State|Give> the
            coefficient of $@power$.""",
            r"""If $@one$ is multiplied by $@two$, one obtains a cubic polynomial in $@v$. By which
            number is $@power$ multiplied in it?""",
        ),
    ),
    Family(
        name="star",
        tex=True,
        draw=lambda r: {
            "m": r.randint(2, 9),
            "n": _nonzero(r, 9),
            "p": r.randint(2, 15),
            "q": r.randint(2, 15),
        },
        answer=lambda m, n, p, q: m * p * q + n * (p + q),
        steps="Inserting the numbers gives $\\boxed{@answer}$.",
        shows=lambda p: {"rule": f"{p['m']}ab {signed(p['n'])}(a + b)".replace(" 1(a + b)", " (a + b)")},
        wordings=(
            r"""<The operation $\star$ is defined by|Define an operation $\star$ by> $a \star b =
            @rule$. <Compute|Find> $@p \star @q$.""",
            r"""For <real|all real> numbers $a$ and $b$, let $a \star b = @rule$. <Compute|Evaluate>
            <the number |>$@p \star @q$.""",
            r"""<Some students|Two students> invent a new sign $\star$ and agree that $@rule$ is
            abbreviated as $a \star b$. Then which number is abbreviated as $@p \star @q$?""",
        ),
    ),
    Family(
        name="determinant",
        tex=True,
        draw=lambda r: {
            "a": _nonzero(r, 15),
            "b": _nonzero(r, 15),
            "c": _nonzero(r, 15),
            "d": _nonzero(r, 15),
        },
        answer=lambda a, b, c, d: a * d - b * c,
        steps="$(@a)(@d) - (@b)(@c) = \\boxed{@answer}$.",
        wordings=(
            r"""<Compute|Find|Evaluate> the determinant of $\begin{pmatrix} @a & @b \\ @c & @d
            \end{pmatrix}$.""",
            r"""Let $M = \begin{pmatrix} @a & @b \\ @c & @d \end{pmatrix}$. <Find|Determine> $\det M$.""",
            r"""<In the plane|In a coordinate system>, the vectors $(@a, @b)$ and $(@c, @d)$ <span|form>
            a parallelogram. What is its signed area, <taken|if taken> in this order?""",
        ),
    ),
)
