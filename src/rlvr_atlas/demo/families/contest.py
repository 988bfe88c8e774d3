"""Number theory, counting and probability, as a school contest sets them."""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial, gcd, lcm
from random import Random
from statistics import median

from rlvr_atlas.demo.families.numbers import digits, divisors, primes, zeros
from rlvr_atlas.demo.problem import Family, Numbers
from rlvr_atlas.demo.words import VOCABULARY


def _composite(r: Random) -> Numbers:
    n = 0
    while len(primes(n or 1)) < 2:
        n = r.randint(60, 2400)
    return {"n": n}


def _pair(r: Random) -> Numbers:
    g = r.randint(2, 18)
    a, b = r.sample(range(2, 30), 2)
    return {"a": g * a, "b": g * b}


def _sieve(r: Random) -> Numbers:
    d, e = r.sample([2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13], 2)
    a = r.randint(2, 300)
    return {"a": a, "b": a + r.randint(80, 900), "d": d, "e": e}


def _sifted(a: int, b: int, d: int, e: int, ask: str) -> int:
    return sum(n % d == 0 and (n % e == 0) == (ask == "both") for n in range(a, b + 1))


def _clocks(r: Random) -> Numbers:
    m, n = 2, 2
    while gcd(m, n) > 1:
        m, n = sorted(r.sample(range(4, 25), 2))
    return {"m": m, "a": r.randint(1, m - 1), "n": n, "b": r.randint(1, n - 1)}


def _crt(m: int, a: int, n: int, b: int) -> int:
    return next(x for x in range(a, m * n, m) if x % n == b)


def _same_colour(a: int, b: int, c: int, ask: str) -> Fraction:
    same = Fraction(comb(a, 2) + comb(b, 2) + comb(c, 2), comb(a + b + c, 2))
    return same if ask == "same" else 1 - same


def _anagrams(letters: str, k: int) -> int:
    ways = factorial(len(letters))
    for letter in sorted(set(letters)):
        ways //= factorial(letters.count(letter))
    return ways * k


def _list(r: Random) -> Numbers:
    values = tuple(r.sample(range(3, 99), r.choice([5, 7])))
    return {"values": values}


def _described(values: tuple[int, ...], ask: str) -> Fraction:
    return {
        "mean": Fraction(sum(values), len(values)),
        "median": Fraction(median(values)),
        "range": Fraction(max(values) - min(values)),
    }[ask]


CONTEST = (
    Family(
        name="gcd_lcm",
        tex=True,
        draw=_pair,
        answer=lambda a, b, ask: gcd(a, b) if ask == "gcd" else lcm(a, b),
        steps="Factoring both numbers gives $\\boxed{@answer}$.",
        asks={
            "gcd": {"ask": "greatest common divisor", "find": "largest integer that divides both of them"},
            "lcm": {
                "ask": "least common multiple",
                "find": "smallest positive integer that both of them divide",
            },
        },
        wordings=(
            r"""<Find|Compute> the @ask of $@a$ and $@b$.""",
            r"""<What is the|Which number is the> @ask of <the integers|the numbers> $@b$ and $@a$?""",
            r"""<Somebody writes|A teacher writes> $@a$ and $@b$ on the board and asks for the @find.
            What is the <right|correct> reply?""",
        ),
    ),
    Family(
        name="power_remainder",
        tex=True,
        draw=lambda r: {"a": r.randint(2, 29), "n": r.randint(11, 250), "m": r.randint(5, 31)},
        answer=lambda a, n, m: pow(a, n, m),  # noqa: PLW0108 (the built-in knows other keywords)
        steps="The powers of $@a$ repeat modulo $@m$; the result is $\\boxed{@answer}$.",
        wordings=(
            r"""<Find|Determine> the remainder when $@a^{@n}$ is divided by $@m$.""",
            r"""What remainder does $@a^{@n}$ <leave|give> <upon division by|when divided by> $@m$?""",
            r"""A product consists of $@n$ factors, all of them equal to $@a$. It is taken apart into as
            many groups of $@m$ as possible. How much <is left over|remains>?""",
        ),
    ),
    Family(
        name="divisors",
        tex=True,
        draw=_composite,
        answer=lambda n, ask: {
            "count": len(divisors(n)),
            "sum": sum(divisors(n)),
            "most": max(primes(n)),
            "least": min(primes(n)),
        }[ask],
        steps="From the prime factorisation of $@n$ one reads off $\\boxed{@answer}$.",
        asks={
            "count": {
                "ask": "the number of positive divisors",
                "find": "how many positive integers divide it",
            },
            "sum": {
                "ask": "the sum of the positive divisors",
                "find": "what the positive integers that divide it add up to",
            },
            "most": {"ask": "the largest prime factor", "find": "the greatest prime that divides it"},
            "least": {"ask": "the smallest prime factor", "find": "the least prime that divides it"},
        },
        wordings=(
            r"""<Find|Determine> @ask of $@n$.""",
            r"""<Let|Write> $N = @n$. <Compute|State> @ask of <$N$|this number>.""",
            r"""Factor the integer $@n$, and <say|tell> @find.""",
        ),
    ),
    Family(
        name="sieve",
        tex=True,
        draw=_sieve,
        answer=_sifted,
        steps="Counting multiples gives $\\boxed{@answer}$.",
        asks={
            "both": {"ask": "and also by $@e$", "find": "as well as"},
            "only": {"ask": "but not by $@e$", "find": "but not"},
        },
        wordings=(
            r"""How many <integers|whole numbers> <from $@a$ to $@b$ inclusive|between $@a$ and $@b$,
            inclusive,> are divisible by $@d$ @ask?""",
            r"""<Count|Find the number of> the integers $n$ with $@a \le n \le @b$ <that are|which are>
            multiples of $@d$ @ask.""",
            r"""Somebody counts aloud from $@a$ up to $@b$ and claps at every number in the table of
            $@d$ @find in the table of $@e$. How often <is there a clap|does one hear a clap>?""",
        ),
    ),
    Family(
        name="bases",
        tex=True,
        draw=lambda r: {"n": r.randint(60, 3000), "b": r.randint(3, 9)},
        answer=digits,
        steps="Repeated division by $@b$ gives $\\boxed{@answer}$.",
        wordings=(
            r"""<Write|Express> $@n$ (in base ten) <in base|as a numeral in base> $@b$.""",
            r"""<Give the|Find the> base-$@b$ representation of <the decimal number|the number> $@n$.""",
            r"""Creatures with $@b$ fingers <write|note> numbers by the same place system as we do, with
            digits below $@b$. How do they note our $@n$?""",
        ),
    ),
    Family(
        name="committee",
        draw=lambda r: {
            "w": r.randint(4, 12),
            "m": r.randint(4, 12),
            "a": r.randint(2, 3),
            "b": r.randint(1, 3),
        },
        answer=lambda w, m, a, b: comb(w, a) * comb(m, b),
        steps="The choices are independent, so their numbers are multiplied: @answer.",
        words={"where": "place", "event": "event", "who": "name"},
        openings=0.3,
        wordings=(
            """A club at @where has @w women and @m men. <In how many ways can|How many ways are there
            to let> it <choose|select> a committee of @a women and @b men for @event?""",
            """@who <must|has to> <form|put together> a team for @event from @w girls and @m boys. The
            team <consists of|needs> @a girls and @b boys. How many <different|possible> teams are
            there?""",
            """From the <@w|@w_w> mothers and <@m|@m_w> fathers who offered to help at @event, exactly
            @a mothers and @b fathers are wanted. Count the groups from which @who can pick one.""",
        ),
    ),
    Family(
        name="anagrams",
        draw=lambda r: {"letters": r.choice(VOCABULARY["letters"]), "k": r.randint(2, 40)},
        answer=_anagrams,
        steps="Divide the factorial by the repetitions, and multiply by @k: @answer.",
        words={"who": "name", "where": "place"},
        openings=0.2,
        wordings=(
            """Tiles with the letters of @letters are <arranged in a row|laid in a row>, and a stamp
            with one of @k colours is put <beside|below> the row. How many <different outcomes|distinct
            results> are <possible|there>?""",
            """@who <writes|paints> a rearrangement of @letters <with|in> one of @k inks <on a wall
            of|on a board at> @where. <In how many distinguishable ways|In how many distinct ways> can
            that be done?""",
            """How many signs for @where can be made if each shows all letters of the word @letters in
            some order and comes in <@k|@k_w> different <shades|tints>?""",
        ),
    ),
    Family(
        name="colours",
        draw=lambda r: {"a": r.randint(2, 12), "b": r.randint(2, 12), "c": r.randint(2, 12)},
        answer=_same_colour,
        steps="Counting pairs gives the probability $@answer$.",
        words={"box": "container", "who": "name", "thing": "thing"},
        asks={
            "same": {"ask": "<the same colour|one and the same colour>"},
            "different": {"ask": "<different colours|two different colours>"},
        },
        openings=0.3,
        wordings=(
            """A @box_one <contains|holds> @a red, @b green and @c white @thing. @who <draws|takes> two
            of them at random. What is the probability that they <have|are of> @ask? <Give a
            fraction.|Express it as a common fraction.>""",
            """@who has @c white, @b green and @a red @thing in a @box_one and <picks|selects> two
            <blindly|without looking>. <Find|Determine> the probability that the two <show|have> @ask.""",
            """There are <@b|@b_w> green @thing, <@a|@a_w> red ones and <@c|@c_w> white ones, and all
            are equally likely to be grabbed by @who, who grabs a pair. As a reduced fraction, how
            likely is a pair in @ask?""",
        ),
    ),
    Family(
        name="grid_paths",
        draw=lambda r: {"a": r.randint(3, 14), "b": r.randint(3, 14), "k": r.randint(2, 20)},
        answer=lambda a, b, k: comb(a + b, a) * k,
        steps="There are C(@a + @b, @a) paths, times @k: @answer.",
        words={"who": "name", "start": "place", "end": "place", "crew": "workers"},
        openings=0.2,
        wordings=(
            """The streets from @start to @end <form|make up> a grid, @a blocks east and @b blocks
            north. @who <always walks|only walks> east or north, in one of @k coats. How many
            <combinations|choices> of path and coat are there?""",
            """@end lies @b blocks north and @a blocks east of @start. <Going|Walking> only north and
            east, and <with a choice of|choosing one of> @k hats, in how many ways can @who <make the
            trip|go there>?""",
            """To get to @end from @start, @who crosses <@a|@a_w> squares to the right and <@b|@b_w>
            upwards, one square at a time and never back, wearing one of <@k|@k_w> scarves. Count all
            such trips, scarves included.""",
        ),
    ),
    Family(
        name="consecutive",
        tex=True,
        draw=lambda r: {"n": r.choice([3, 5, 7, 9, 11]), "m": r.randint(20, 400)},
        answer=lambda n, m, ask: m + n // 2 if ask == "largest" else m - n // 2,
        steps="The middle number is the mean, so the answer is $\\boxed{@answer}$.",
        asks={
            "largest": {"ask": "<largest|greatest>", "find": "last"},
            "smallest": {"ask": "<smallest|least>", "find": "first"},
        },
        shows=lambda p: {"sum": p["n"] * p["m"]},
        wordings=(
            r"""The sum of $@n$ consecutive integers is $@sum$. <Find|Determine> the @ask of <them|these
            integers>.""",
            r"""$@n$ consecutive <integers|whole numbers> <add up to|have the sum> $@sum$.
            <Determine|Compute> the @ask <one|number among them>.""",
            r"""The pages of a chapter <bear|carry> @n_w successive numbers, and these numbers <together
            make|come to> $@sum$. Which number does the @find page carry?""",
        ),
    ),
    Family(
        name="zeros",
        tex=True,
        draw=lambda r: {"n": r.randint(20, 999), "m": r.randint(2, 19)},
        answer=lambda n, m: zeros(n) * m,
        steps="Counting the factors $5$ and multiplying by $@m$ gives $\\boxed{@answer}$.",
        wordings=(
            r"""Let $z$ be the number of zeros at the end of $@n!$. <Find|Compute> $@{m}z$.""",
            r"""<Suppose|Assume> that $10^k$ is the highest power of ten that divides $@n!$.
            <Find|Determine> the product $@m \cdot k$.""",
            r"""The product of all positive integers up to $@n$ ends in a row of zeros. <Find|Give> the
            number that is @m_w times as large as the length of this row.""",
        ),
    ),
    Family(
        name="chinese_remainder",
        tex=True,
        draw=_clocks,
        answer=_crt,
        steps="Trying the numbers $@a, @a + @m, \\ldots$ one finds $\\boxed{@answer}$.",
        words={"who": "name", "thing": "thing"},
        wordings=(
            r"""<Find|Determine> the <smallest|least> positive integer that leaves remainder $@a$ when
            divided by $@m$ and remainder $@b$ when divided by $@n$.""",
            r"""What is the <smallest|least> $x > 0$ <with|such that> $x \equiv @a \pmod{@m}$ and $x
            \equiv @b \pmod{@n}$?""",
            r"""@who <packs|sorts> @thing. In boxes of @m, the last box would hold @a; in boxes of @n,
            the last box would hold @b. What is the least number of @thing for which this is possible?""",
        ),
    ),
    Family(
        name="described",
        draw=_list,
        answer=_described,
        steps="The @ask is @answer.",
        words={"where": "place", "thing": "thing", "who": "name"},
        asks={"mean": {"ask": "mean"}, "median": {"ask": "median"}, "range": {"ask": "range"}},
        shows=lambda p: {"list": ", ".join(map(str, p["values"]))},
        openings=0.3,
        wordings=(
            """<The daily sales of @thing at @where were|At @where, the daily sales of @thing were>
            @list. <Find|Compute> the @ask of <these numbers|this list>.""",
            """@who <noted|wrote down> how many @thing <were seen|passed> at @where: @list. <What is the
            @ask|Which number is the @ask> of the data?""",
            """For the numbers @list, which <count|are counts of> @thing, @who is asked for the @ask.
            Give it.""",
        ),
    ),
    Family(
        name="multiples_sum",
        tex=True,
        draw=lambda r: {"k": r.randint(3, 40), "n": r.randint(200, 3000)},
        answer=lambda k, n: k * ((n - 1) // k) * ((n - 1) // k + 1) // 2,
        steps="There are $\\lfloor (@n - 1) / @k \\rfloor$ of them, with sum $\\boxed{@answer}$.",
        wordings=(
            r"""<Find|Compute> the sum of all positive multiples of $@k$ <less than|below> $@n$.""",
            r"""What is <the sum of|the total of> all positive integers $n \lt @n$ <that are divisible
            by|divisible by> $@k$?""",
            r"""One adds $@k$, twice $@k$, three times $@k$ and so on, <as long as|while> the
            <summand|added number> stays under $@n$. What does one arrive at?""",
        ),
    ),
    Family(
        name="handshakes",
        draw=lambda r: {"n": r.randint(12, 90), "m": r.randint(2, 9)},
        answer=lambda n, m: comb(n, 2) - comb(m, 2),
        steps="All pairs without the pairs among the @m: @answer.",
        words={"event": "event", "where": "place", "crew": "workers", "who": "name"},
        openings=0.3,
        wordings=(
            """At @event there are @n people, @m of whom are @crew from @where. <Everybody shakes hands
            once with everybody else|Each person shakes hands once with each other person>, except that
            the @m @crew do not shake hands <with one another|among themselves>. How many handshakes
            <are there|take place>?""",
            """@n guests of @event greet each other in pairs, once <each|per pair>. Only the @m @crew of
            @where, who are <among the guests|part of the guests>, <have met before and|know each other
            and> do not greet one another. <Count|Find the number of> the greetings.""",
            """Among the <@n|@n_w> visitors of @where, any two exchange cards, except for <@m|@m_w>
            @crew who have each other's card already. How often do two visitors exchange cards?""",
        ),
    ),
)
