"""Which datasets the demo world has, in order of release, and how each was made from earlier ones."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from rlvr_atlas.schema import Role


@dataclass(frozen=True)
class Take:
    """Rows of an earlier dataset, changed in one way (a key of `transform.CHANGES`)."""

    upstream: str
    count: int
    change: str = "copy"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One dataset of the demo world; counts are those of scale 1.

    Args:
        new: How many new problems of which source. Where the dataset has no `atomic_source`, they have no
            known origin, whatever their labels say.
        documented: Upstreams that the dataset names; it may well have others.
        labels: Whether rows name their source: not at all, "true", or "noisy" with some wrong names.
        duplicates: Rows that stand in the dataset twice.
        no_prompt: Rows without a question.
        no_answer: Rows without an answer.
        broken: Lines that are not JSON.
    """

    id: str
    role: Role
    released: dt.date
    title: str
    layout: str
    files: tuple[str, ...]
    wrapping: str = ""
    atomic_source: str | None = None
    documented: tuple[str, ...] = ()
    new: dict[str, int] | None = None
    takes: tuple[Take, ...] = ()
    labels: str = ""
    duplicates: int = 0
    no_prompt: int = 0
    no_answer: int = 0
    broken: int = 0


def _many(upstream: str, **counts: int) -> tuple[Take, ...]:
    return tuple(Take(upstream, count, change) for change, count in counts.items())


PLANS: tuple[Plan, ...] = (
    Plan(
        id="orchard_stories",
        role="source",
        released=dt.date(2021, 3, 1),
        title="Word problems, written for this world",
        layout="hashes",
        files=("orchard_stories/train.jsonl",),
        atomic_source="orchard_stories",
        new={"orchard_stories": 1600},
        duplicates=8,
        broken=1,
    ),
    Plan(
        id="bench_stories",
        role="benchmark",
        released=dt.date(2021, 5, 10),
        title="Word problems for testing",
        layout="hashes",
        files=("bench_stories/test.jsonl",),
        atomic_source="bench_stories",
        new={"orchard_stories": 250},
    ),
    Plan(
        id="slate_algebra",
        role="source",
        released=dt.date(2021, 6, 20),
        title="Textbook algebra in TeX",
        layout="boxed",
        files=("slate_algebra/train.parquet",),
        atomic_source="slate_algebra",
        new={"slate_algebra": 1500},
    ),
    Plan(
        id="lantern_contest",
        role="source",
        released=dt.date(2021, 10, 4),
        title="Contest problems: numbers, counting, chance",
        layout="titled",
        files=("lantern_contest/problems.csv",),
        atomic_source="lantern_contest",
        new={"lantern_contest": 1200},
        no_prompt=3,
        no_answer=4,
    ),
    Plan(
        id="bench_algebra",
        role="benchmark",
        released=dt.date(2021, 12, 12),
        title="Algebra for testing, in part drawn from the textbook",
        layout="final",
        files=("bench_algebra/test.json",),
        atomic_source="bench_algebra",
        new={"slate_algebra": 200},
        takes=_many("slate_algebra", copy=40, reformat=20),
    ),
    Plan(
        id="abacus_drill",
        role="source",
        released=dt.date(2022, 2, 2),
        title="Short calculation drills",
        layout="plain",
        files=("abacus_drill/drill_columns.json",),
        atomic_source="abacus_drill",
        new={"abacus_drill": 600},
    ),
    Plan(
        id="bench_contest",
        role="benchmark",
        released=dt.date(2022, 4, 1),
        title="Contest problems for testing",
        layout="chat",
        files=("bench_contest/test.json",),
        atomic_source="bench_contest",
        new={"lantern_contest": 200},
    ),
    Plan(
        id="riddle_logic",
        role="source",
        released=dt.date(2022, 5, 15),
        title="Logic and everyday reasoning",
        layout="final",
        files=("riddle_logic/riddles.json",),
        atomic_source="riddle_logic",
        new={"riddle_logic": 800},
    ),
    Plan(
        id="island_riddles",
        role="source",
        released=dt.date(2022, 7, 7),
        title="Knights and knaves, one template",
        layout="labelled",
        files=("island_riddles/train.jsonl.gz",),
        atomic_source="island_riddles",
        new={"island_riddles": 500},
    ),
    Plan(
        id="bamboo_cn",
        role="source",
        released=dt.date(2022, 8, 8),
        title="Word problems in Chinese",
        layout="instruction",
        files=("bamboo_cn/train_lines.json",),
        atomic_source="bamboo_cn",
        new={"bamboo_cn": 400},
    ),
    Plan(
        id="verl_orchard",
        role="train",
        released=dt.date(2022, 10, 1),
        title="orchard_stories for a trainer",
        layout="verl",
        files=("verl_orchard/train.parquet",),
        wrapping="boxed",
        documented=("orchard_stories",),
        takes=_many("orchard_stories", copy=1300),
        duplicates=50,
        labels="true",
    ),
    Plan(
        id="tile_arena",
        role="train",
        released=dt.date(2022, 11, 11),
        title="Countdown puzzles under a long template",
        layout="verl",
        files=("tile_arena/train.parquet",),
        wrapping="arena",
        atomic_source="countdown_tiles",
        new={"countdown_tiles": 500},
        labels="true",
    ),
    Plan(
        id="slate_chat",
        role="train",
        released=dt.date(2022, 12, 5),
        title="slate_algebra as conversations, TeX respelt",
        layout="chat",
        files=("slate_chat/train.jsonl.gz",),
        documented=("slate_algebra",),
        takes=_many("slate_algebra", reformat=900, copy=150),
        no_prompt=4,
        broken=2,
    ),
    Plan(
        id="bench_islands",
        role="benchmark",
        released=dt.date(2023, 2, 14),
        title="Knights and knaves for testing; nothing of it leaked",
        layout="hashes",
        files=("bench_islands/test.jsonl",),
        atomic_source="bench_islands",
        new={"island_riddles": 200},
    ),
    Plan(
        id="rewrite_hub",
        role="train",
        released=dt.date(2023, 3, 3),
        title="Three sources, reworded",
        layout="query",
        files=("rewrite_hub/data.feather",),
        documented=("orchard_stories", "slate_algebra", "lantern_contest"),
        takes=(
            *_many("orchard_stories", light=350, heavy=350),
            *_many("slate_algebra", light=250, heavy=250),
            *_many("lantern_contest", light=180, heavy=180),
        ),
    ),
    Plan(
        id="renumber_farm",
        role="train",
        released=dt.date(2023, 6, 6),
        title="Twins with other numbers or another ask, among their originals",
        layout="final",
        files=("renumber_farm/train.json",),
        wrapping="exam",
        documented=("orchard_stories", "slate_algebra"),
        takes=(
            *_many("orchard_stories", renumber=350, flip=150, copy=150),
            *_many("slate_algebra", renumber=300, flip=120, copy=100),
            *_many("lantern_contest", renumber=150, flip=80),
        ),
    ),
    Plan(
        id="embed_forge",
        role="train",
        released=dt.date(2023, 8, 18),
        title="Options appended, context added, openings and parts cut",
        layout="plain",
        files=("embed_forge/train.parquet",),
        documented=("orchard_stories",),
        takes=(
            *_many("orchard_stories", options=120, context=150, cut=200, part=50),
            *_many("slate_algebra", options=150, context=120),
            *_many("lantern_contest", options=80, context=80),
            *_many("riddle_logic", options=50, context=50, cut=50),
        ),
    ),
    Plan(
        id="hidden_pool",
        role="train",
        released=dt.date(2023, 10, 10),
        title="Contest problems and geometry from a source that is not in view",
        layout="labelled",
        files=("hidden_pool/pool.csv",),
        new={"compass_geometry": 450},
        takes=_many("lantern_contest", copy=450),
        labels="noisy",
        no_answer=6,
    ),
    Plan(
        id="logic_gym",
        role="train",
        released=dt.date(2023, 12, 1),
        title="Logic for a trainer, with new countdown puzzles",
        layout="verl_system",
        files=("logic_gym/train.parquet",),
        documented=("riddle_logic", "island_riddles", "tile_arena"),
        new={"countdown_tiles": 250},
        takes=(Take("riddle_logic", 400), Take("island_riddles", 250), Take("tile_arena", 200)),
        labels="true",
    ),
    Plan(
        id="two_tongues",
        role="train",
        released=dt.date(2024, 1, 20),
        title="Chinese and English word problems, some reworded",
        layout="instruction",
        files=("two_tongues/train_lines.json",),
        takes=(
            *_many("bamboo_cn", copy=120, reformat=60, light=60, heavy=60),
            *_many("verl_orchard", copy=200, reformat=60),
        ),
        broken=1,
    ),
    Plan(
        id="leaky_mix",
        role="train",
        released=dt.date(2024, 3, 3),
        title="A mix that holds test problems in every form",
        layout="labelled",
        files=("leaky_mix/train.jsonl.gz",),
        takes=(
            *_many(
                "bench_stories",
                copy=40,
                reformat=30,
                light=30,
                heavy=30,
                context=15,
                cut=15,
                renumber=20,
                flip=10,
            ),
            *_many(
                "bench_algebra", copy=30, reformat=30, light=25, heavy=25, options=20, context=10, renumber=20
            ),
            *_many(
                "bench_contest", copy=30, reformat=20, light=25, heavy=25, options=15, renumber=20, flip=10
            ),
            *_many("orchard_stories", copy=350),
            *_many("slate_algebra", copy=300),
            *_many("abacus_drill", copy=250),
        ),
        labels="noisy",
        no_prompt=5,
        broken=1,
    ),
    Plan(
        id="grand_mix",
        role="train",
        released=dt.date(2024, 6, 1),
        title="Everything again, through several hands",
        layout="chatml",
        files=("grand_mix/part-0.arrow", "grand_mix/part-1.arrow"),
        takes=(
            *_many("verl_orchard", copy=500, light=80),
            *_many("slate_chat", copy=450, heavy=60),
            *_many("rewrite_hub", copy=600, reformat=150, light=80),
            *_many("renumber_farm", copy=350, reformat=80),
            *_many("embed_forge", copy=250),
            *_many("hidden_pool", copy=200, reformat=80),
            *_many("leaky_mix", copy=250, light=30),
            *_many("logic_gym", copy=150),
        ),
        duplicates=30,
    ),
    Plan(
        id="small_select",
        role="train",
        released=dt.date(2024, 8, 8),
        title="A selection of grand_mix",
        layout="verl",
        files=("small_select/train.parquet",),
        wrapping="boxed",
        documented=("grand_mix",),
        takes=(Take("grand_mix", 500),),
    ),
    Plan(
        id="bench_late",
        role="benchmark",
        released=dt.date(2024, 9, 9),
        title="A late test, half of it older problems in new words",
        layout="plain",
        files=("bench_late/test.jsonl",),
        atomic_source="bench_late",
        new={"orchard_stories": 80},
        takes=(*_many("orchard_stories", light=20, heavy=20), *_many("riddle_logic", light=15, heavy=15)),
    ),
)
