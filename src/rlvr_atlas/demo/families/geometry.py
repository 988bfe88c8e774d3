"""Plane and solid geometry with whole-number sides."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from random import Random

from rlvr_atlas.demo.families.tex import pi
from rlvr_atlas.demo.problem import Family, Numbers

_TRIPLES = [
    (3, 4, 5),
    (5, 12, 13),
    (8, 15, 17),
    (7, 24, 25),
    (20, 21, 29),
    (9, 40, 41),
    (12, 35, 37),
    (11, 60, 61),
]


def _right(r: Random) -> Numbers:
    a, b, _ = r.choice(_TRIPLES)
    k = r.randint(1, 24)
    return {"a": k * a, "b": k * b}


def _hypotenuse(a: int, b: int) -> int:
    return isqrt(a * a + b * b)


GEOMETRY = (
    Family(
        name="rectangle",
        tex=True,
        draw=lambda r: {"a": r.randint(4, 90), "b": r.randint(4, 90)},
        answer=lambda a, b: (2 * (a + b), a * b),
        steps="$2(@a + @b)$ and $@a \\cdot @b$ give @answer.",
        words={"p": "points", "who": "name", "where": "place"},
        wordings=(
            r"""A rectangle has sides of length $@a$ and $@b$. ## <Find|Compute> its perimeter. ##
            <Find|Compute> its area.""",
            r"""Rectangle $@{p}O$ has length $@b$ cm and width $@a$ cm. ## What is <its perimeter in
            cm|the perimeter, in centimetres>? ## What is <its area in square cm|the area, in square
            centimetres>?""",
            r"""@who measures a rectangular bed at @where: one edge <is|measures> $@a$ units, the next
            one $@b$ units. ## How long is a string laid once around the edge? ## How many unit squares
            does the bed <cover|take up>?""",
        ),
    ),
    Family(
        name="right_triangle",
        tex=True,
        draw=_right,
        answer=lambda a, b, ask: {
            "hypotenuse": _hypotenuse(a, b),
            "area": a * b // 2,
            "inradius": (a + b - _hypotenuse(a, b)) // 2,
        }[ask],
        steps="By the theorem of Pythagoras the answer is $\\boxed{@answer}$.",
        words={"p": "points", "where": "place"},
        asks={
            "hypotenuse": {
                "ask": "<the length of the hypotenuse|the hypotenuse>",
                "find": "the length of the third edge",
            },
            "area": {"ask": "<the area of the triangle|its area>", "find": "the area of the slab"},
            "inradius": {
                "ask": "<the radius of the inscribed circle|the inradius>",
                "find": "the radius of the largest disc that fits on the slab",
            },
        },
        wordings=(
            r"""The legs of a right triangle <have lengths|are> $@a$ and $@b$. <Find|Determine> @ask.""",
            r"""In triangle $@p$ <there is a right angle|the angle is right> at the second vertex, and
            the two sides that meet there <measure|are> $@b$ and $@a$. <Compute|Calculate> @ask.""",
            r"""A stone slab at @where has three straight edges. Two of them, $@a$ cm and $@b$ cm long,
            <are perpendicular|stand perpendicular to each other>. What, in the unit that fits, is
            @find?""",
        ),
    ),
    Family(
        name="circle",
        tex=True,
        draw=lambda r: {"d": r.randint(3, 999)},
        answer=lambda d, ask: pi(d) if ask == "circumference" else pi(Fraction(d * d, 4)),
        steps="With diameter $@d$ this is $\\boxed{@answer}$.",
        words={"where": "place", "who": "name"},
        asks={
            "circumference": {"ask": "circumference", "find": "length of its rim"},
            "area": {"ask": "area", "find": "surface that it covers"},
        },
        wordings=(
            r"""A circle has diameter $@d$. <Find|Give> its @ask <in terms of $\pi$|as a multiple of
            $\pi$>.""",
            r"""<Compute|Determine> the @ask of a circle <whose diameter is|of diameter> $@d$. <Leave
            $\pi$ in your answer.|Express the answer with $\pi$.>""",
            r"""@who <cuts|saws> a round table top, $@d$ cm across, for @where. <State|Write down> the
            exact @find, using $\pi$.""",
        ),
    ),
    Family(
        name="polygon",
        tex=True,
        draw=lambda r: {"n": r.randint(5, 120), "k": r.randint(2, 9)},
        answer=lambda n, k: k * 180 * (n - 2),
        steps="$@k \\cdot 180 (@n - 2) = \\boxed{@answer}$.",
        wordings=(
            r"""Let $S$ be the sum, in degrees, of the interior angles of a <convex|simple> polygon with
            $@n$ sides. <Find|Compute> $@{k}S$.""",
            r"""<What is|How large is> $@k$ times the sum of <the|all> interior angles of a convex
            $@n$-gon, <in degrees|measured in degrees>?""",
            r"""An ant walks along the border of @k_w closed figures, each with $@n$ straight edges and
            no dent, and adds up the inner angle of every corner. How many degrees does it note?""",
        ),
    ),
    Family(
        name="trapezoid",
        tex=True,
        draw=lambda r: {"a": r.randint(5, 60), "b": r.randint(5, 60), "h": r.randint(3, 50)},
        answer=lambda a, b, h: Fraction((a + b) * h, 2),
        steps="$\\frac{(@a + @b) \\cdot @h}{2} = \\boxed{@answer}$.",
        words={"who": "name", "where": "place"},
        wordings=(
            r"""A trapezoid has <parallel sides|bases> of lengths $@a$ and $@b$ and <height|an altitude
            of> $@h$. <Find|Determine> its area.""",
            r"""<The bases of a trapezoid are|A trapezoid has the bases> $@b$ and $@a$; <they are|these
            are> $@h$ apart. <Compute|Calculate> the area.""",
            r"""@who sells a field behind @where. Two of its four sides run parallel, one $@a$ m and one
            $@b$ m long, at a distance of $@h$ m. How many square metres are sold?""",
        ),
    ),
    Family(
        name="box",
        tex=True,
        draw=lambda r: {"a": r.randint(2, 25), "b": r.randint(2, 25), "c": r.randint(2, 25)},
        answer=lambda a, b, c, ask: a * b * c if ask == "volume" else 2 * (a * b + b * c + a * c),
        steps="From the three edges one gets $\\boxed{@answer}$.",
        words={"who": "name", "thing": "thing"},
        asks={
            "volume": {"ask": "volume", "find": "How many cubes with edge $1$ <fit|go> into it?"},
            "surface": {
                "ask": "surface area",
                "find": "How many squares with edge $1$ <cover|are needed to cover> all of its faces?",
            },
        },
        wordings=(
            r"""A <rectangular box|rectangular prism> has <edges|edge lengths> $@a$, $@b$ and $@c$.
            <Find|Determine> its @ask.""",
            r"""<Determine|Find> the @ask of a cuboid <measuring|of size> $@c \times @a \times @b$.""",
            r"""@who keeps @thing in a case that is $@b$ deep, $@a$ wide and $@c$ high. @find""",
        ),
    ),
    Family(
        name="cone",
        tex=True,
        draw=lambda r: {"r": r.randint(2, 24), "h": r.randint(2, 60)},
        answer=lambda r, h, ask: pi(Fraction(r * r * h, 3) if ask == "cone" else r * r * h),
        steps="The volume is $\\boxed{@answer}$.",
        words={"where": "place", "who": "name"},
        asks={
            "cone": {"ask": "cone", "find": "pointed tower"},
            "cylinder": {"ask": "cylinder", "find": "round tower with a flat top"},
        },
        wordings=(
            r"""<Find|Compute> the volume of a <right|right circular> @ask with radius $@r$ and height
            $@h$.""",
            r"""A @ask <stands|rests> on a base of radius $@r$ <and has height|and rises to height>
            $@h$. <What is|How large is> its volume, in terms of $\pi$?""",
            r"""The model of a @find, built by @who for @where, is $@h$ cm <high|tall> and measures
            twice $@r$ cm across its round base. How much space does it fill, as a multiple of $\pi$?""",
        ),
    ),
    Family(
        name="shadow",
        draw=lambda r: {"a": r.randint(2, 9), "s": r.randint(2, 9), "k": r.randint(3, 30)},
        answer=lambda a, s, k: a * k,
        steps="The triangles are similar with ratio @k, so the height is @answer.",
        words={"who": "name", "where": "place"},
        shows=lambda p: {"long": p["s"] * p["k"]},
        openings=0.3,
        wordings=(
            """A stick of @a metres <casts|throws> a shadow of @s metres. At the same time the tower of
            @where <casts|throws> a shadow of @long metres. <How high is the tower?|What is the height
            of the tower in metres?>""",
            """@who <puts up|holds> a pole that is @a m tall <in the sun|in the sunshine>; its shadow is
            @s m long. The shadow of a tree near @where is @long m long. How tall is the tree<, in
            metres|>?""",
            """In the evening light, <@s|@s_w> metres of shadow belong to <@a|@a_w> metres of height.
            The mast at @where darkens a strip of @long metres. Tell its height.""",
        ),
    ),
)
