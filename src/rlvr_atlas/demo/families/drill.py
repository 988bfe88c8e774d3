"""Short calculation drills; two of the families are shared with the algebra source."""

from __future__ import annotations

from fractions import Fraction

from rlvr_atlas.demo.families.tex import fraction, polynomial
from rlvr_atlas.demo.problem import Family

#: Short exercises, shared by two sources: alike by chance, never the same.
LINEAR = Family(
    name="linear",
    tex=True,
    draw=lambda r: {
        "a": r.randint(2, 15),
        "b": r.choice([-1, 1]) * r.randint(1, 40),
        "x": r.choice([-1, 1]) * r.randint(1, 20),
    },
    answer=lambda a, b, x: x,
    steps="$@a @v = @c - (@b)$, so $@v = \\boxed{@answer}$.",
    words={"v": "variable"},
    shows=lambda p: {"left": polynomial([p["a"], p["b"]], p["v"]), "c": p["a"] * p["x"] + p["b"]},
    wordings=(
        r"""<Solve for $@v$:|Solve:|Find $@v$ if> $@left = @c$.""",
        r"""<If|Given that> $@left = @c$, <determine|find> $@v$.""",
        r"""<Which number|What number> has to be put in place of $@v$ <so that|in order that> $@left$
        becomes $@c$?""",
    ),
)
FRACTIONS = Family(
    name="fractions",
    tex=True,
    draw=lambda r: {"a": r.randint(1, 9), "b": r.randint(2, 15), "c": r.randint(1, 9), "d": r.randint(2, 15)},
    answer=lambda a, b, c, d, ask: (
        Fraction(a, b) + Fraction(c, d) if ask == "sum" else Fraction(a, b) * Fraction(c, d)
    ),
    steps="$\\boxed{@answer}$",
    asks={"sum": {"sign": "+", "say": "sum"}, "product": {"sign": r"\cdot", "say": "product"}},
    shows=lambda p: {"one": fraction(p["a"], p["b"]), "two": fraction(p["c"], p["d"])},
    wordings=(
        r"""<Compute|Evaluate|Calculate> $@one @sign @two$<.| as a common fraction.|, and express the
        answer in lowest terms.>""",
        r"""<Determine|Find> $@one @sign @two$. <Express your answer as a common fraction.|Give a
        reduced fraction.>""",
        r"""<Form|Work out> the @say of the fractions $@two$ and $@one$ and <cancel|simplify> as far as
        possible.""",
    ),
)

DRILL = (
    LINEAR,
    FRACTIONS,
    Family(
        name="order",
        tex=True,
        draw=lambda r: {
            "a": r.randint(3, 99),
            "b": r.randint(2, 25),
            "c": r.randint(2, 25),
            "d": r.randint(2, 60),
        },
        answer=lambda a, b, c, d, ask: a + b * c - d if ask == "plus" else a - b * c + d,
        steps="The product comes first: $\\boxed{@answer}$.",
        asks={
            "plus": {
                "one": "+",
                "two": "-",
                "say": "Add the product of $@b$ and $@c$ to $@a$ and then take away $@d$",
            },
            "minus": {
                "one": "-",
                "two": "+",
                "say": "Take away the product of $@b$ and $@c$ from $@a$ and then add $@d$",
            },
        },
        wordings=(
            r"""<Compute|Evaluate|Calculate> $@a @one @b \times @c @two @d$.""",
            r"""What is <the value of |>$@a @one @b \times @c @two @d$?""",
            r"""@say. <What is the result?|Which number is the result?>""",
        ),
    ),
    Family(
        name="percent",
        draw=lambda r: {"p": r.randint(2, 98), "n": 25 * r.randint(2, 80)},
        answer=lambda p, n: Fraction(p * n, 100),
        steps="@p/100 * @n = @answer.",
        wordings=(
            """What is @p% of @n?""",
            """<Find|Compute|Calculate> @p percent of @n.""",
            """Out of every hundred, @p are taken. How many are taken out of @n?""",
        ),
    ),
    Family(
        name="squares",
        tex=True,
        draw=lambda r: {"a": r.randint(11, 99), "b": r.randint(11, 99)},
        answer=lambda a, b, ask: a * a - b * b if ask == "minus" else a * a + b * b,
        steps="$\\boxed{@answer}$",
        asks={
            "minus": {"sign": "-", "say": "From the square of $@a$ take away"},
            "plus": {"sign": "+", "say": "To the square of $@a$ add"},
        },
        wordings=(
            r"""<Compute|Evaluate> $@a^2 @sign @b^2$.""",
            r"""<Find|Determine> the value of $@a^2 @sign @b^2$ <without a calculator|by hand>.""",
            r"""@say the square of $@b$. Which number <do you get|results>?""",
        ),
    ),
    Family(
        name="products",
        draw=lambda r: {"a": r.randint(12, 199), "b": r.randint(12, 99), "c": r.randint(2, 9)},
        answer=lambda a, b, c: a * b * c,
        steps="@a * @b * @c = @answer.",
        wordings=(
            """<Multiply|Calculate>: @a x @b x @c.""",
            """<What is|What do you get for> @a times @b times @c?""",
            """<Find|Work out> the product of the three numbers @c, @b and @a.""",
        ),
    ),
)
