"""Word problems about buying, saving, sharing and counting: English prose, plain numbers."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from rlvr_atlas.demo.problem import Family, Numbers


def _change(r: Random) -> Numbers:
    a, p, b, q = r.randint(2, 12), r.randint(2, 15), r.randint(2, 12), r.randint(3, 18)
    return {
        "a": a,
        "p": p,
        "b": b,
        "q": q,
        "bill": next(n for n in (50, 100, 200, 500, 1000) if n > a * p + b * q),
    }


def _tickets(r: Random) -> Numbers:
    adults, children, p = r.randint(15, 160), r.randint(15, 160), r.randint(7, 19)
    q = r.randint(3, p - 2)
    return {"n": adults + children, "money": adults * p + children * q, "p": p, "q": q}


def _spent(r: Random) -> Numbers:
    a, b = r.randint(3, 8), r.randint(2, 6)
    return {"a": a, "b": b, "left": (a - 1) * (b - 1) * r.randint(2, 40)}


MARKET = (
    Family(
        name="crates",
        draw=lambda r: {"k": r.randint(3, 24), "n": r.randint(6, 48), "g": r.randint(5, 17)},
        answer=lambda k, n, g, ask: k * n - g if ask == "lose" else k * n + g,
        steps="First @k * @n, then @verb @g. The result is @answer.",
        words={"who": "name", "thing": "thing", "box": "container", "other": "name"},
        asks={
            "lose": {
                "verb": "subtract",
                "deed": "<gives @g of them to @other|hands @g of them to @other>",
                "sign": "<gives away|parts with>",
            },
            "gain": {
                "verb": "add",
                "deed": "<gets @g more from @other|is given @g more by @other>",
                "sign": "<receives|is given>",
            },
        },
        shows=lambda p: {"verb": "subtract" if p["ask"] == "lose" else "add"},
        openings=0.4,
        wordings=(
            """@who <buys|orders|picks up> @k @box of @thing. <Each @box_one|Every @box_one>
            <holds|contains> @n @thing. <Later|The next day|That evening> @who @deed. <How many @thing
            does @who have now?|What number of @thing does @who have in the end?>""",
            """<There are|One finds> @n @thing in <each|every> @box_one, and @who <owns|has> @k such
            @box. <If|Suppose that> @who @deed, how many @thing <does that leave @who with?|are then in
            the possession of @who?>""",
            """With <@k|@k_w> @box, each <packed with|filled with> @n @thing, @who has a good stock.
            Then @who @sign <@g|@g_w> @thing <in a deal with @other|because of @other>. Work out how
            large the stock of @thing is <after that|afterwards>.""",
        ),
    ),
    Family(
        name="change",
        draw=_change,
        answer=lambda a, p, b, q, bill, ask: bill - a * p - b * q if ask == "change" else a * p + b * q,
        steps="@a * @p + @b * @q is the price, and the bill is @bill, which gives @answer.",
        words={"who": "name", "first": "thing", "second": "thing", "where": "place"},
        asks={
            "change": {
                "ask": "<How much change does @who get back?|How many dollars does @who get back?>",
                "find": "<the change|the amount handed back>",
            },
            "total": {
                "ask": "<How much do these goods cost altogether?|What is the total price of these goods?>",
                "find": "<the total price|the sum due>",
            },
        },
        openings=0.3,
        wordings=(
            """At @where, @who <buys|purchases> @a @first <at $@p each|for $@p apiece> and @b @second
            <at $@q each|for $@q apiece>, and <pays with|hands over> @bill dollars. @ask""",
            """<A @first_one costs $@p|The price of a @first_one is $@p> and a @second_one <costs|is>
            $@q <at @where|in the shop of @where>. @who takes @a @first and @b @second <to the till|to
            the counter> and puts down $@bill. @ask""",
            """<On a visit to @where|During a stop at @where>, @who spends money on two kinds of goods:
            <@b|@b_w> @second, each worth <@q|@q_w> dollars, as well as <@a|@a_w> @first, each worth
            <@p|@p_w> dollars. If $@bill <is|are> put on the counter, find @find in dollars.""",
        ),
    ),
    Family(
        name="price_tag",
        draw=lambda r: {"p": 20 * r.randint(4, 90), "d": 5 * r.randint(1, 12), "c": r.randint(3, 19)},
        answer=lambda p, d, c, ask: Fraction(p * (100 + (d if ask == "rise" else -d)), 100) + c,
        steps="@d percent of @p is taken into account and @c added: @answer.",
        words={"what": "article", "where": "place", "who": "name"},
        asks={
            "fall": {"ask": "<reduced|lowered> by @d%", "find": "<fell|dropped> by @d percent"},
            "rise": {"ask": "<raised|increased> by @d%", "find": "<rose|went up> by @d percent"},
        },
        openings=0.4,
        wordings=(
            """The price of a @what <at @where|in the shop at @where> is $@p. <For the weekend|For the
            season> it is @ask. @who also pays $@c for delivery. <How much does @who pay
            altogether?|What does @who pay in total?>""",
            """@who <wants|would like> a @what that <costs|is priced at> @p dollars. <Before it is
            bought|Just before the purchase> the price is @ask, and a fee of @c dollars is
            <added|charged> at the end. <What is the final amount|How much is the final bill> in
            dollars?""",
            """<Yesterday|Last week> one could get a @what for @p dollars at @where, but since then that
            figure @find. Including the <@c|@c_w> dollars for bringing it to the home of @who, how many
            dollars are due?""",
        ),
    ),
    Family(
        name="ratio_share",
        draw=lambda r: {"a": r.randint(2, 9), "b": r.randint(10, 17), "m": r.randint(3, 60)},
        answer=lambda a, b, m, ask: m * (b if ask == "larger" else a),
        steps="One part is @m, so the share is @answer.",
        words={"who": "name", "other": "name", "thing": "thing"},
        asks={
            "larger": {"ask": "<larger|bigger> share", "find": "<more|the most>"},
            "smaller": {"ask": "<smaller|lesser> share", "find": "<less|the least>"},
        },
        shows=lambda p: {"n": (p["a"] + p["b"]) * p["m"]},
        openings=0.4,
        wordings=(
            """@who and @other <divide|share> @n @thing <in the ratio|in a ratio of> @a:@b. <How many
            @thing are in|What is the number of @thing in> the @ask?""",
            """<A collection of @n @thing|A stock of @n @thing> is <split|divided> between @who and
            @other <so that|in such a way that> for every @a that one gets, the other gets @b.
            <Find|Determine> the @ask.""",
            """Whenever @who takes <@a|@a_w> @thing from the pile, @other takes <@b|@b_w>, and when they
            stop nothing is left of the @n @thing. How many did the one with @find end up with?""",
        ),
    ),
    Family(
        name="saving",
        draw=lambda r: {"h": r.randint(5, 90), "s": r.randint(4, 35), "weeks": r.randint(4, 40)},
        answer=lambda h, s, weeks: weeks,
        steps="The missing money divided by @s gives @answer weeks.",
        words={"who": "name", "what": "article", "where": "place"},
        shows=lambda p: {"price": p["h"] + p["s"] * p["weeks"]},
        openings=0.5,
        wordings=(
            """@who wants to buy a @what that costs $@price. @who <has|already has> $@h and <saves|puts
            aside> $@s <every week|each week>. <After how many weeks|In how many weeks> can @who
            <buy|afford> the @what?""",
            """<A @what at @where costs @price dollars.|At @where a @what costs @price dollars.> So far
            @who has <saved|collected> @h dollars. By <working|helping> there @who earns @s dollars a
            week. How many weeks <does it take|are needed> until there is <enough money|enough> for the
            @what?""",
            """The purse of @who holds $@h, and thanks to a small job at @where another $@s goes into it
            <weekly|once a week>. Count the weeks until the purse holds exactly the $@price that are
            asked for a @what.""",
        ),
    ),
    Family(
        name="rows",
        draw=lambda r: {
            "r": r.randint(8, 40),
            "s": r.randint(9, 36),
            "e": r.randint(5, 70),
            "p": r.randint(3, 21),
        },
        answer=lambda r, s, e, p: (r * s - e) * p,
        steps="(@r * @s - @e) * @p = @answer.",
        words={"where": "place", "event": "event", "who": "name"},
        openings=0.0,
        wordings=(
            """The hall <at @where|of @where> has @r rows with @s seats <each|in each row>. <At|During>
            @event, @e seats <stay|remain> empty and every <occupied seat|visitor> brings in $@p. <How
            many dollars are taken?|What are the takings in dollars?>""",
            """For @event, @who <rents|hires> a hall near @where with @r rows of @s seats. <Tickets cost
            @p dollars|A ticket costs @p dollars> and all but @e of them are sold. <How much money does
            @who take|How many dollars does @who take> <in total|altogether>?""",
            """@who sold tickets for @event at <@p|@p_w> dollars <a piece|per person>. Had @e more
            people come, all <@r|@r_w> rows of <@s|@s_w> chairs would have been full. What was the
            income in dollars?""",
        ),
    ),
    Family(
        name="three_people",
        draw=lambda r: {"a": r.randint(30, 160), "b": r.randint(4, 25), "k": r.randint(2, 6)},
        answer=lambda a, b, k, ask: a + (k + 1) * (a + b if ask == "more" else a - b),
        steps="The three numbers are added up: @answer.",
        words={"who": "name", "other": "name", "third": "name", "thing": "thing", "event": "event"},
        asks={
            "more": {"ask": "more", "find": "<outdid|beat> @who by"},
            "fewer": {"ask": "fewer", "find": "<fell short of|stayed behind> @who by"},
        },
        openings=0.2,
        wordings=(
            """<During|For> @event, @who <made|sold> @a @thing. @other <made|sold> @b @ask than @who,
            and @third <made|sold> @k times <as many as|the number of> @other. <How many @thing is that
            altogether?|How many @thing is that in total?>""",
            """@who has @a @thing, @other has @b @ask @thing than @who, and @third has @k times as many
            @thing as @other. <What is the total number of @thing|How many @thing are there in all>
            <that they bring to|on the table at> @event?""",
            """Three friends <collected|counted> @thing for @event. The first, @who, came to @a. @other
            @find <@b|@b_w>, while the count of @third was that of @other times <@k|@k_w>. Add up the
            three counts.""",
        ),
    ),
    Family(
        name="tickets",
        draw=_tickets,
        answer=lambda n, money, p, q, ask: (
            (money - q * n) // (p - q) if ask == "adults" else (p * n - money) // (p - q)
        ),
        steps="From a + c = @n and @{p}a + @{q}c = @money one finds @answer.",
        words={"event": "event", "where": "place", "who": "name"},
        asks={
            "adults": {"ask": "adults"},
            "children": {"ask": "children"},
        },
        openings=0.2,
        wordings=(
            """<For|At> @event, @n tickets were sold for <a total of|altogether> $@money. <An adult
            ticket costs $@p and a child ticket $@q.|A ticket is $@p for adults and $@q for children.>
            <How many @ask came?|What was the number of @ask?>""",
            """@where <charges|asks> @p dollars for an adult and @q dollars for a child. <On the day
            of|During> @event, @n people <paid|were charged> @money dollars <in all|in total>. How many
            of them were @ask?""",
            """@who counts the till after @event: $@money, from @n visitors. Grown-ups had paid
            <@p|@p_w> dollars and children <@q|@q_w>. Find out how many @ask there had been.""",
        ),
    ),
    Family(
        name="spent",
        draw=_spent,
        answer=lambda a, b, left: Fraction(left * a * b, (a - 1) * (b - 1)),
        steps="Going backwards from @left: times @b/(@b - 1), times @a/(@a - 1), is @answer.",
        words={"who": "name", "first": "thing", "second": "thing", "where": "place"},
        openings=0.4,
        wordings=(
            """@who <spent|paid> 1/@a of <the money|all the money> <on|for> @first and <then|afterwards>
            1/@b of what was left on @second. @who <has|still has> $@left. <How many dollars did @who
            have at first?|How much money did @who have at the start?>""",
            """At @where, @who <used|spent> one part in @a of a sum of money for @first and one part in
            @b of the rest for @second. @left dollars <remained|were left>. What <was|had been> the sum
            <at the beginning|to begin with>?""",
            """The @left dollars that @who brought home from @where were all that remained: of every @a
            dollars in the purse, one had gone on @first, and later, of every @b dollars still there,
            one on @second. How full was the purse in the morning, in dollars?""",
        ),
    ),
)
