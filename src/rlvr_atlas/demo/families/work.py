"""Word problems about travelling, working, measuring and growing older: English prose, plain numbers."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from rlvr_atlas.demo.problem import Family, Numbers


def _crew(r: Random) -> Numbers:
    a, t = r.randint(1, 7), r.randint(2, 9)
    b, c = r.sample(range(2, 9), 2)
    return {"w": a * b, "d": c * t, "v": a * c}


def _tank(r: Random) -> Numbers:
    fast, slow, t = r.randint(14, 60), r.randint(3, 12), r.randint(6, 45)
    # Divisible by the sum as well as the difference, so that the leak may become a second pipe.
    return {"fast": fast, "slow": slow, "volume": (fast - slow) * (fast + slow) * t}


def _reader(r: Random) -> Numbers:
    p, d, q = r.randint(12, 40), r.randint(3, 9), r.randint(15, 55)
    return {"p": p, "d": d, "q": q, "pages": p * d + q * r.randint(3, 14)}


def _marks(r: Random) -> Numbers:
    marks, goal = [0], 1
    while not 40 <= 5 * goal - sum(marks) <= 100:
        marks, goal = [r.randint(52, 96) for _ in range(4)], r.randint(66, 84)
    return {"marks": tuple(marks), "goal": goal}


WORK = (
    Family(
        name="two_legs",
        draw=lambda r: {
            "v": r.randint(32, 95),
            "s": r.randint(2, 7),
            "w": r.randint(33, 99),
            "t": r.randint(2, 8),
        },
        answer=lambda v, s, w, t, ask: v * s + w * t if ask == "sum" else abs(v * s - w * t),
        steps="The legs are @v * @s and @w * @t kilometres, so the answer is @answer.",
        words={"car": "vehicle", "start": "place", "end": "place"},
        asks={
            "sum": {
                "ask": "<How far does it travel in total?|What total distance does it cover?>",
                "find": "combined length of both legs",
            },
            "difference": {
                """ask""": """<By how many kilometres do the two legs differ?|What is the difference
                between the two legs in kilometres?>""",
                "find": "gap between the lengths of both legs",
            },
        },
        openings=0.3,
        wordings=(
            """A @car <leaves|sets off from> @start and <goes|travels> at @v km/h for @s hours. <It
            then|After that it> <continues|goes on> at @w km/h for <another|a further> @t hours until it
            reaches @end. @ask""",
            """<For @s hours a @car keeps a speed of @v kilometres per hour.|A @car keeps a speed of @v
            kilometres per hour for @s hours.> On the <second leg|rest of the way>, which <takes|lasts>
            @t hours, its speed is @w kilometres per hour. The trip leads from @start to @end. @ask""",
            """Between @start and @end the road has two legs. A @car needs <@t|@t_w> hours for the
            second one, <moving|driving> @w km every hour, and <@s|@s_w> hours for the first one, where
            it manages @v km every hour. Determine the @find (in km).""",
        ),
    ),
    Family(
        name="crew",
        draw=_crew,
        answer=lambda w, d, v: Fraction(w * d, v),
        steps="The job takes @w * @d days of work; divided by @v this is @answer.",
        words={"crew": "workers", "where": "place", "who": "name"},
        openings=0.4,
        wordings=(
            """@w @crew <can finish|are able to finish> the work at @where in @d days. <How many days
            would it take|How long, in days, would it take> @v @crew <working at the same pace|who work
            equally fast>?""",
            """<It takes @w @crew @d days to renovate @where.|To renovate @where, @w @crew need @d
            days.> @who can only <send|provide> @v of them. <At the same rate|If all work equally fast>,
            how many days will the job <last|take>?""",
            """@who has to plan a job at @where. <Experience says|The offer says> that <@d|@d_w> days
            are enough when <@w|@w_w> @crew share the load. Everybody works at one and the same speed.
            With <@v|@v_w> @crew instead, after how many days is the job done?""",
        ),
    ),
    Family(
        name="ages",
        draw=lambda r: {"k": r.randint(2, 7), "y": r.randint(2, 25), "b": r.randint(3, 28)},
        answer=lambda k, y, b, ask: b * (k + 1) + 2 * y if ask == "sum" else b * (k - 1),
        steps="The ages are @b and @k * @b, in @y years each is @y more, so the answer is @answer.",
        words={"who": "name", "other": "name", "where": "place"},
        asks={
            "sum": {
                "ask": "<What will be the sum of their ages|How old will both be together> in @y years?",
                "find": "<their ages add up to|both ages sum to>",
            },
            "difference": {
                """ask""": """<What will be the difference of their ages|By how many years will their
                ages differ> in @y years?""",
                "find": "<the gap between their ages is|the older one is ahead by>",
            },
        },
        openings=0.3,
        wordings=(
            """@who is @k times as old as @other, <who is|whose age is> @b. @ask""",
            """@other <works|helps out> at @where and is <now|currently> @b years old; the age of @who
            is @k times <that|that number>. @ask""",
            """<Two people met at @where.|Two friends met at @where.> One of them, @other, has lived for
            <@b|@b_w> years, and the other, @who, for <@k|@k_w> times as long. Another <@y|@y_w> years
            from today, how many years is it that @find?""",
        ),
    ),
    Family(
        name="tank",
        draw=_tank,
        answer=lambda fast, slow, volume, ask: volume // (fast - slow if ask == "leak" else fast + slow),
        steps="The level changes by the net rate of @fast and @slow, so it takes @answer minutes.",
        words={"vessel": "vessel", "liquid": "liquid", "where": "place"},
        asks={
            "leak": {
                "ask": "<while a leak loses|but a leak loses> @slow litres <per minute|a minute>",
                "find": "trickle out",
            },
            "pipe": {
                "ask": "<while a second pipe adds|and a second pipe adds> @slow litres <per minute|a minute>",
                "find": "flow in besides",
            },
        },
        openings=0.2,
        wordings=(
            """An empty @vessel at @where <holds|can hold> @volume litres of @liquid. A pipe <fills it
            with|supplies> @fast litres <per minute|every minute> @ask. <How many minutes does it take
            to fill the @vessel?|After how many minutes is the @vessel full?>""",
            """<Into a @vessel of @volume litres|Into a @vessel with a capacity of @volume litres> a
            pump <moves|delivers> @fast litres of @liquid <per minute|each minute> @ask. The @vessel at
            @where was empty <at first|at the start>. <In how many minutes|How many minutes later> is it
            full?""",
            """Each minute <@fast|@fast_w> litres of @liquid run into the @vessel of @where and
            <@slow|@slow_w> litres @find. Nothing was in it to begin with; @volume litres fit. Work out
            the filling time in minutes.""",
        ),
    ),
    Family(
        name="recipe",
        draw=lambda r: {"a": r.randint(3, 9), "u": r.randint(15, 95), "b": r.randint(10, 45)},
        answer=lambda a, u, b: u * b,
        steps="One person needs @u grams, so @b people need @answer grams.",
        words={"food": "food", "who": "name", "event": "event", "where": "place"},
        shows=lambda p: {"g": p["a"] * p["u"]},
        openings=0.3,
        wordings=(
            """A recipe for @a people <needs|calls for> @g grams of @food. <How many grams of @food does
            @who need|What amount of @food, in grams, does @who need> <to cook|in order to cook> for @b
            people <at|during> @event?""",
            """@who <cooks|prepares a meal> for @event. <For @a guests @g grams of @food are enough.|@g
            grams of @food are enough for @a guests.> <If @b guests come|When @b guests arrive>, how
            many grams of @food <are needed|does it take>?""",
            """The kitchen of @where uses @g g of @food whenever it feeds <@a|@a_w>. <@b|@b_w> people
            have signed up for @event. Scale the amount of @food <accordingly|to fit> and give it in
            grams.""",
        ),
    ),
    Family(
        name="reader",
        draw=_reader,
        answer=lambda p, d, q, pages: d + (pages - p * d) // q,
        steps="After @d days @p * @d pages are read; the rest at @q a day makes @answer days.",
        words={"who": "name", "subject": "subject", "where": "place"},
        openings=0.4,
        wordings=(
            """@who <reads|is reading> a @subject book of @pages pages. <For the first @d days|In the
            first @d days> @who reads @p pages a day, <then|after that> @q pages a day. <How many days
            does it take|In how many days does @who manage> to <finish|complete> the book?""",
            """A book <about|on> @subject from @where has @pages pages. @who <manages|gets through> @p
            pages <per day|each day> for @d days and @q pages <per day|each day> <from then
            on|afterwards>. After how many days <in all|altogether> is the book <finished|read>?""",
            """<@d|@d_w> days long @who took it slowly, with <@p|@p_w> pages of the @subject volume
            <daily|every day>. The remainder of the @pages pages went by at a pace of <@q|@q_w> daily.
            How many days passed between opening the volume and closing it?""",
        ),
    ),
    Family(
        name="posts",
        draw=lambda r: {"gap": r.randint(2, 15), "m": r.randint(8, 99)},
        answer=lambda gap, m, ask: m + 1 if ask == "line" else m,
        steps="There are @m gaps of @gap metres, hence @answer.",
        words={"where": "place", "who": "name", "crew": "workers"},
        asks={
            "line": {
                "ask": "<straight path|straight lane>",
                "find": "along a straight edge, both ends included",
            },
            "ring": {"ask": "<circular path|circular lane>", "find": "around a closed ring"},
        },
        shows=lambda p: {"length": p["gap"] * p["m"]},
        openings=0.4,
        wordings=(
            """<Trees are planted|Trees are set> <every @gap metres|at intervals of @gap metres> along a
            @ask that is @length metres long, at @where, <starting at one point of it and going all the
            way|from its beginning all the way on>. <How many are needed?|What number of them is
            needed?>""",
            """The @crew <place|set> a stone <every @gap metres|each @gap metres> on a @ask near @where.
            Its <length|full length> is @length metres and no place is left out. <How many stones do
            they use?|How many stones does @who have to order?>""",
            """@who marks out @length metres at @where with flags, @find, and <leaves|keeps>
            <@gap|@gap_w> metres from each flag to the next. State how many flags that takes.""",
        ),
    ),
    Family(
        name="mean_score",
        draw=_marks,
        answer=lambda marks, goal: 5 * goal - sum(marks),
        steps="Five tests at @goal make 5 * @goal; the first four are taken off, which leaves @answer.",
        words={"who": "name", "subject": "subject", "where": "place"},
        shows=lambda p: {"list": "{}, {}, {} and {}".format(*p["marks"]), "sum": sum(p["marks"])},
        openings=0.3,
        wordings=(
            """@who <scored|got> @list points in <the first four|four> @subject tests. <How many points
            are needed|What score is needed> in the fifth test <for an average of|to reach an average
            of> @goal?""",
            """<The results of @who in @subject are|In @subject, the results of @who are> @list. <After
            one more test|With one more test> the mean <is to be|should be> exactly @goal. <What must
            @who score|Which score must @who get>?""",
            """Four grades, namely @list, stand in the @subject report of @who. Which fifth grade lifts
            or lowers the arithmetic mean of all five to @goal?""",
        ),
    ),
    Family(
        name="farm",
        draw=lambda r: {
            "a": r.randint(12, 130),
            "b": r.randint(12, 130),
            "k": r.randint(3, 9),
            "m": r.randint(3, 9),
        },
        answer=lambda a, b, k, m: (a * k + b * m, abs(a * k - b * m)),
        steps="@a * @k and @b * @m kilograms; together and apart: @answer.",
        words={"first": "animals", "second": "animals", "who": "name", "where": "place"},
        openings=0.3,
        wordings=(
            """@who <keeps|has> @a @first and @b @second near @where. <Each day|Every day> one of the
            @first <eats|gets> @k kilograms of feed and one of the @second <eats|gets> @m kilograms. ##
            <How much feed is needed each day for all of them?|How many kilograms are needed per day for
            all of them?> ## <By how many kilograms do the needs of both groups differ?|What is the
            difference between both groups in kilograms?>""",
            """<A farm near @where feeds @a @first and @b @second.|@a @first and @b @second are fed on a
            farm near @where.> @who <gives|serves> @k kilograms a day to <each|every one> of the @first
            and @m kilograms to <each|every one> of the @second. ## <What is the total per day?|How many
            kilograms is that per day?> ## <How large is the difference between the two groups?|How much
            more does one group need than the other?>""",
            """Of the @second that @who looks after, @b in number, one needs <@m|@m_w> kg of fodder
            daily; of the @first, @a in number, one needs <@k|@k_w> kg. ## What is the daily amount of
            fodder for both kinds, in kg? ## How far apart are the daily amounts of the two kinds, in
            kg?""",
        ),
    ),
)
