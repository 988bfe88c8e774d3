"""Word problems and short exercises in Chinese."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from random import Random

from rlvr_atlas.demo.problem import Family, Numbers


def _pair(r: Random) -> Numbers:
    common = r.randint(2, 15)
    one, two = r.sample(range(2, 20), 2)
    return {"m": common * one, "n": common * two}


def _equation(r: Random) -> Numbers:
    a, b = r.randint(2, 19), r.randint(2, 60)
    return {"a": a, "b": b, "c": a * r.randint(2, 40) + b}


CHINESE = (
    Family(
        name="cn_buy",
        draw=lambda r: {"a": r.randint(3, 15), "p": r.randint(3, 29), "m": r.randint(1, 60)},
        answer=lambda a, p, m, ask: m if ask == "left" else a * p,
        steps="@a × @p，所以答案是 @answer。",
        words={"who": "cn_name", "thing": "cn_thing", "where": "cn_place"},
        asks={
            "left": {"ask": "<还剩多少元|应找回多少元>？"},
            "cost": {"ask": "<一共花了多少元|一共用去多少元>？"},
        },
        shows=lambda p: {"cash": p["a"] * p["p"] + p["m"]},
        wordings=(
            """@who<在|到>@{where}<买了|购买了>@{a}个@{thing}，每个@{p}元，付了@{cash}元，@ask""",
            """@{where}的@{thing}每个<卖|售价>@{p}元，@{who}带了@{cash}元，买了@{a}个，@ask""",
            """@{who}有@{cash}元，按照单价@{p}元的价格，从@{where}带回@{a}个@{thing}，请问@ask""",
        ),
    ),
    Family(
        name="cn_meet",
        draw=lambda r: {"v": r.randint(30, 95), "w": r.randint(30, 95), "t": r.randint(2, 12)},
        answer=lambda v, w, t: (v + w) * t,
        steps="(@v + @w) × @t = @answer。",
        words={"one": "cn_place", "two": "cn_place"},
        wordings=(
            """甲、乙两车<同时|同一时刻>从@{one}和@{two}<出发|开出>，相向而行，甲车每小时行@{v}千米，乙车每小时行@{w}千米，@{t}小时后相遇。<两地相距多少千米|两地之间的距离是多少千米>？""",
            """@{one}与@{two}之间有一条公路，甲车速度为@{v}千米/时，乙车速度为@{w}千米/时，两车<分别从两端|各从一端>同时相对开出，经过@{t}小时<相遇|碰面>，求公路的<长度|全长>。""",
            """每小时行@{w}千米的乙车和每小时行@{v}千米的甲车，从@{one}、@{two}两处面对面开来，用了@{t}小时才碰到一起。这两处隔了多远（千米）？""",
        ),
    ),
    Family(
        name="cn_cage",
        draw=lambda r: {"x": r.randint(5, 70), "y": r.randint(5, 70)},
        answer=lambda x, y, ask: x if ask == "hens" else y,
        steps="设鸡有 x 只，列方程可得 @answer。",
        words={"who": "cn_name", "where": "cn_place"},
        asks={"hens": {"ask": "鸡"}, "rabbits": {"ask": "兔"}},
        shows=lambda p: {"heads": p["x"] + p["y"], "legs": 2 * p["x"] + 4 * p["y"]},
        wordings=(
            """<鸡兔同笼|笼子里关着鸡和兔>，共有@{heads}个头，@{legs}只脚，@{ask}有<多少只|几只>？""",
            """@{who}在@{where}养了鸡和兔<一共|总共>@{heads}只，它们<一共|总共>有@{legs}条腿。求@{ask}的只数。""",
            """@{where}里只有鸡和兔。@{who}数了数脚，是@{legs}只，又数了数头，是@{heads}个。那么其中@{ask}是几只？""",
        ),
    ),
    Family(
        name="cn_sequence",
        tex=True,
        draw=lambda r: {"a": r.randint(1, 30), "d": r.randint(2, 15), "n": r.randint(8, 60)},
        answer=lambda a, d, n, ask: a + (n - 1) * d if ask == "term" else n * (2 * a + (n - 1) * d) // 2,
        steps="由公式得 $\\boxed{@answer}$。",
        asks={"term": {"ask": "第 $@n$ 项 $a_{@n}$"}, "sum": {"ask": "前 $@n$ 项和 $S_{@n}$"}},
        wordings=(
            r"""<已知|设>等差数列 $\{a_n\}$ 中，$a_1 = @a$，公差 $d = @d$，<求|计算>@ask。""",
            r"""在等差数列 $\{a_n\}$ 中，<首项为|第一项是> $@a$，公差<为|是> $@d$，则@{ask}等于<多少|几>？""",
            r"""一列数从 $@a$ 开始，以后每一个数都比前一个数多 $@d$。请写出这列数的@{ask}的值。""",
        ),
    ),
    Family(
        name="cn_equation",
        tex=True,
        draw=_equation,
        answer=lambda a, b, c, ask: Fraction(c - b if ask == "plus" else c + b, a),
        steps="解得 $x = \\boxed{@answer}$。",
        asks={"plus": {"sign": "+", "say": "再加上"}, "minus": {"sign": "-", "say": "再减去"}},
        wordings=(
            r"""<解方程|求方程的解>：$@{a}x @sign @b = @c$。""",
            r"""<若|已知> $@{a}x @sign @b = @c$，<则|那么> $x$ 的值是<多少|几>？""",
            r"""一个数的 $@a$ 倍@{say} $@b$ 得到 $@c$，求这个数。""",
        ),
    ),
    Family(
        name="cn_work",
        draw=lambda r: {"a": r.randint(4, 40), "b": r.randint(4, 40)},
        answer=lambda a, b: Fraction(a * b, a + b),
        steps="1 ÷ (1/@a + 1/@b) = @answer。",
        words={"where": "cn_place", "one": "cn_name", "two": "cn_name"},
        wordings=(
            """一项工程，甲队单独做要@{a}天<完成|做完>，乙队单独做要@{b}天<完成|做完>。两队合作，需要<多少天|几天>完成？""",
            """修建@{where}，@{one}的队伍<独自|单独>需要@{a}天，@{two}的队伍<独自|单独>需要@{b}天，两队<一起|共同>修建要多少天？""",
            """@{where}的整修工作如果全交给@{two}，要@{b}天；如果全交给@{one}，要@{a}天。两人同时动手，几天可以结束？""",
        ),
    ),
    Family(
        name="cn_divisor",
        draw=_pair,
        answer=lambda m, n, ask: gcd(m, n) if ask == "gcd" else lcm(m, n),
        steps="分解质因数得 @answer。",
        asks={
            "gcd": {"ask": "最大公因数", "say": "能同时整除它们的最大整数"},
            "lcm": {"ask": "最小公倍数", "say": "能同时被它们整除的最小正整数"},
        },
        wordings=(
            """<求|计算>@{m}和@{n}的@{ask}。""",
            """@{m}与@{n}<这两个数|两数>的@{ask}是<多少|几>？""",
            """老师在黑板上写了@{n}和@{m}，请找出@{say}。""",
        ),
    ),
)
