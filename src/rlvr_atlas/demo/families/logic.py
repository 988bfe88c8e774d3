"""Logic and puzzles. Rows of islands or of countdown share nearly every word and are different problems."""

from __future__ import annotations

import itertools
from fractions import Fraction
from random import Random
from typing import Any

from rlvr_atlas.demo.problem import Family, Numbers

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KINDS = ("knight", "knave")
_ORDINALS = ("first", "second", "third", "fourth")


def _holds(claim: tuple[int, str], world: tuple[bool, ...]) -> bool:
    other, kind = claim
    return world[other] == (kind == "knight")


def _solutions(claims: tuple[tuple[int, str, str, int, str], ...]) -> list[tuple[bool, ...]]:
    """All ways to call the speakers knights (true) or knaves that make every knight's claim true."""

    def consistent(world: tuple[bool, ...]) -> bool:
        for speaker, (a, kind, joint, b, other) in enumerate(claims):
            one, two = _holds((a, kind), world), _holds((b, other), world)
            if world[speaker] != (one and two if joint == "and" else one or two):
                return False
        return True

    return [world for world in itertools.product((True, False), repeat=len(claims)) if consistent(world)]


def _island(r: Random) -> Numbers:
    claims: tuple[tuple[int, str, str, int, str], ...] = ()
    while not claims or len(_solutions(claims)) != 1:
        size = r.choice([3, 4])
        pairs = [r.sample(range(size), 2) for _ in range(size)]
        claims = tuple((a, r.choice(_KINDS), r.choice(["and", "or"]), b, r.choice(_KINDS)) for a, b in pairs)
    return {"claims": claims}


def _said(p: Numbers) -> dict[str, str]:
    names = [p[slot] for slot in ("one", "two", "three", "four")][: len(p["claims"])]
    lines = [
        f'{who} said, "{names[a]} is a {kind} {joint} {names[b]} is a {other}."'
        for who, (a, kind, joint, b, other) in zip(names, p["claims"], strict=True)
    ]
    return {
        "names": ", ".join(names[:-1]) + f" and {names[-1]}",
        "said": " ".join(lines),
        "count": str(len(names)),
    }


def _judged(claims: tuple[tuple[int, str, str, int, str], ...]) -> str:
    world = _solutions(claims)[0]
    return ", ".join(
        f"the {_ORDINALS[i]} is a {'knight' if knight else 'knave'}" for i, knight in enumerate(world)
    )


def _countdown(r: Random) -> Numbers:
    tiles = tuple(r.sample(range(1, 100), r.choice([3, 4])))
    target = tiles[0]
    for tile in tiles[1:]:
        target = r.choice(
            [target + tile, abs(target - tile), target * tile if target * tile < 400 else target + tile]
        )
    return {"tiles": tiles, "target": target}


def _reach(tiles: tuple[int, ...], target: int) -> str:
    """The expression that was used to build the target, found again left to right."""
    for signs in itertools.product("+-*r", repeat=len(tiles) - 1):
        value, text = tiles[0], str(tiles[0])
        for sign, tile in zip(signs, tiles[1:], strict=True):
            value = {"+": value + tile, "-": value - tile, "*": value * tile, "r": tile - value}[sign]
            text = f"({tile} - {text})" if sign == "r" else f"({text} {sign} {tile})"
        if value == target:
            return text.removeprefix("(").removesuffix(")")
    raise ValueError("a countdown target is always reachable")


def _order(r: Random) -> Numbers:
    return {gap: r.randint(1, 19) for gap in ("g", "h", "i", "j")}


def _ordered(p: dict[str, Any]) -> dict[str, str]:
    line = [p[slot] for slot in ("one", "two", "three", "four", "five")]
    gaps = [p[gap] for gap in ("g", "h", "i", "j")]
    facts = [f"{a} is {gap} cm taller than {b}." for a, b, gap in zip(line, line[1:], gaps, strict=False)]
    # Told out of order, or the first name would always be the answer.
    mixed = [facts[i] for i in (2, 0, 3, 1)]
    return {"facts": " ".join(mixed), "front": line[0], "back": line[-1], "names": ", ".join(sorted(line))}


LOGIC = (
    Family(
        name="height_order",
        draw=_order,
        answer=lambda **gaps: sum(gaps.values()),
        steps="The differences add up: @answer.",
        words={
            "one": "name",
            "two": "name",
            "three": "name",
            "four": "name",
            "five": "name",
            "event": "event",
        },
        shows=_ordered,
        openings=0.5,
        wordings=(
            """@facts <By how many centimetres is @front taller than @back?|How many centimetres taller
            than @back is @front?>""",
            """<Five friends|Five children> compare their heights <at|during> @event. @facts <What is
            the difference in height, in cm, between @front and @back?|How much taller, in cm, is @front
            than @back?>""",
            """A photographer lines up @names by height for a picture of @event and is told: @facts How
            many centimetres lie between the tallest and the shortest of them?""",
        ),
    ),
    Family(
        name="weekday",
        draw=lambda r: {"day": r.choice(DAYS), "n": r.randint(9, 900)},
        answer=lambda day, n, ask: DAYS[(DAYS.index(day) + (n if ask == "after" else -n)) % 7],
        steps="@n leaves a remainder on division by 7, which leads to @answer.",
        words={"who": "name", "event": "event"},
        asks={
            "after": {"ask": "<@n days after that|@n days later>", "find": "@n days have passed since then"},
            "before": {
                "ask": "<@n days before that|@n days earlier>",
                "find": "@n days are still to go until then",
            },
        },
        openings=0.3,
        wordings=(
            """@event <falls|takes place> on a @day. <Which day of the week is|What day of the week is>
            @ask?""",
            """@who <moved house|moved home> on a @day. <On which weekday|On what weekday> was the date
            @ask?""",
            """A @day is marked in the calendar of @who for @event. Name the day of the week on which
            one can say that @find.""",
        ),
    ),
    Family(
        name="clubs",
        draw=lambda r: {
            "a": r.randint(20, 60),
            "b": r.randint(20, 60),
            "c": r.randint(3, 19),
            "d": r.randint(2, 40),
        },
        answer=lambda a, b, c, d, ask: a + b - c if ask == "least" else a + b - 2 * c,
        steps="By inclusion and exclusion the answer is @answer.",
        words={"first": "subject", "second": "subject", "where": "place"},
        asks={
            "least": {
                "ask": "at least one of the two subjects",
                "find": "in one list or the other, or in both",
            },
            "exactly": {
                "ask": "exactly one of the two subjects",
                "find": "in one of the two lists but not in the other",
            },
        },
        openings=0.3,
        wordings=(
            """<Of the students|Among the students> who meet at @where, @a study @first, @b study
            @second, @c study both and @d study neither. How many of them study @ask?""",
            """In a class, @a pupils <take|have chosen> @first and @b <take|have chosen> @second; @c of
            these <take|have> both. Another @d pupils, <who sit near|who come from> @where, take
            neither. <Find|Determine> the number of pupils with @ask.""",
            """@where keeps a list of @a people who asked for a course in @first and a list of @b people
            who asked for @second. On both there are <@c|@c_w> names, and <@d|@d_w> visitors are on
            none. How many people are @find?""",
        ),
    ),
    Family(
        name="next_term",
        tex=True,
        draw=lambda r: {"a": r.randint(1, 30), "d": r.randint(2, 12), "e": r.randint(1, 9)},
        answer=lambda a, d, e: a + 5 * d + 10 * e,
        steps="The differences grow by @e each time, so the next number is @answer.",
        shows=lambda p: {
            "list": ", ".join(str(p["a"] + n * p["d"] + n * (n - 1) // 2 * p["e"]) for n in range(5))
        },
        wordings=(
            r"""<What is|Which is> the next <number|term> in the <sequence|pattern> $@list, \ldots$?""",
            r"""The <differences|gaps> between neighbours in the list $@list, \ldots$ form an arithmetic
            sequence. <Find|Give> the <sixth number|number that comes next>.""",
            r"""Somebody stacks bricks and notes after every minute how many there are: $@list$. The
            rule <stays|remains> the same. What <is|will be> the next note?""",
        ),
    ),
    Family(
        name="clock",
        draw=lambda r: {"h": r.randint(1, 12), "m": r.randint(0, 59)},
        answer=lambda h, m: Fraction(min((60 * h - 11 * m) % 720, (11 * m - 60 * h) % 720), 2),
        steps="The hands move by half a degree and six degrees a minute: @answer.",
        words={"where": "place", "who": "name"},
        shows=lambda p: {"time": f"{p['h']}:{p['m']:02d}", "past": f"{p['m']} minutes past {p['h']} o'clock"},
        openings=0.3,
        wordings=(
            """The clock <of|at> @where shows @time. <How many degrees is the smaller angle between its
            hands?|What is the smaller angle between its hands, in degrees?>""",
            """<Find|Compute> the smaller angle, <in degrees|measured in degrees>, between the hour hand
            and the minute hand of the clock that @who sees at @where at @time.""",
            """It is @past. @who, who looks at the dial of @where, wonders how many degrees one hand
            would have to turn, taking the short way, to cover the other. Help with this question.""",
        ),
    ),
    Family(
        name="walk",
        draw=lambda r: {"k": r.randint(1, 40), "t": r.choice([3, 5, 8, 7]), "back": r.randint(5, 95)},
        answer=lambda k, t, back: k * {3: 5, 5: 13, 8: 17, 7: 25}[t],
        steps="By the theorem of Pythagoras the distance is @answer metres.",
        words={"who": "name", "start": "place"},
        shows=lambda p: {
            "east": p["t"] * p["k"] + p["back"],
            "north": p["k"] * {3: 4, 5: 12, 8: 15, 7: 24}[p["t"]],
        },
        openings=0.3,
        wordings=(
            """@who <walks|goes> @east metres east from @start, then @north metres north, then @back
            metres west. <How far, in metres, is @who from the starting point?|How many metres away from
            the starting point is @who?>""",
            """<Starting from|Leaving> @start, @who <walks|rides> @north metres north, turns and goes
            @east metres east, and finally <comes back|returns> @back metres to the west.
            <Find|Determine> the straight-line distance to the start in metres.""",
            """A drone that @who flies over @start moves @east m to the east. Of these it takes back
            @back m by flying west; @north m towards the north follow. What is the length of the direct
            way back, in metres?""",
        ),
    ),
    Family(
        name="shared_chores",
        draw=lambda r: {"a": r.randint(2, 12), "b": r.randint(2, 12), "h": r.randint(2, 30)},
        answer=lambda a, b, h: Fraction(a * b * h, a + b),
        steps="Together they do 1/@a + 1/@b in an hour, so @h rooms take $@answer$ hours.",
        words={"who": "name", "other": "name", "where": "place"},
        openings=0.3,
        wordings=(
            """@who can paint a room of @where in @a hours, and @other needs @b hours <for one|per
            room>. <Working together|If both work together>, how many hours do they <need|take> for @h
            rooms? <Give an exact answer.|An exact answer is wanted.>""",
            """<Alone|On their own>, @who needs @a hours to clean one floor of @where and @other @b
            hours. How long do both <together need|need together> for @h floors, in hours, <exactly|as
            an exact number>?""",
            """@where has @h equal rooms to tidy. A room costs @other <@b|@b_w> hours of work and costs
            @who <@a|@a_w>. Side by side, without getting in each other's way, they start. After exactly
            how many hours is everything tidy?""",
        ),
    ),
)

ISLAND = Family(
    name="island",
    varies=False,
    draw=_island,
    answer=_judged,
    steps="Trying all cases leaves one: @answer.",
    words={"one": "name", "two": "name", "three": "name", "four": "name"},
    shows=_said,
    wordings=(
        """A very old island is inhabited only by knights and knaves. Knights always tell the truth, and
        knaves always lie. You meet @count inhabitants: @names. @said Who is a knight and who is a
        knave? Answer in the order in which they are named.""",
        """On a certain island every inhabitant is either a knight, who always tells the truth, or a
        knave, who always lies. You come across @count of them, called @names. @said Determine, in this
        order, who is a knight and who is a knave.""",
    ),
)

COUNTDOWN = Family(
    name="countdown",
    varies=False,
    draw=_countdown,
    answer=_reach,
    steps="@answer = @target",
    shows=lambda p: {"list": "[" + ", ".join(map(str, p["tiles"])) + "]"},
    wordings=(
        """Using the numbers @list, create an equation that equals @target. You can use basic arithmetic
        operations (+, -, *, /) and each number can only be used once.""",
        """Combine the numbers @list with the signs +, -, * and /, each number once, so that the result
        is @target.""",
    ),
)
