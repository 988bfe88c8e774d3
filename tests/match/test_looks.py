"""Images of other bytes: equal pixels are one image, near hashes are not known, and a crowd tells nothing."""

import random
import re
import time

import polars as pl
import pytest

from rlvr_atlas.canonical import key_of
from rlvr_atlas.canonical.look_alikes import with_groups
from rlvr_atlas.check import check
from rlvr_atlas.cli.show import show_explanation
from rlvr_atlas.config import DatasetSpec, MatchSettings, Recipe
from rlvr_atlas.explain import explain
from rlvr_atlas.fingerprints import Printer
from rlvr_atlas.load import attachments as loader
from rlvr_atlas.match import match
from rlvr_atlas.match.attachments import paired
from rlvr_atlas.match.decide import with_likeness
from rlvr_atlas.pipeline import run
from rlvr_atlas.schema import looks
from rlvr_atlas.schema.attachments import agree, content, forms, likeness, named, needed, with_look
from rlvr_atlas.schema.looks import BITS, NEAR, UNKNOWN, Look, read, written

SEEN = 0xD2F1 << 200 | 0x93AB << 90 | 0x77
#: Hashes by how many bits they are from SEEN.
NEXT, LIMIT, BEYOND = SEEN ^ 0b111, SEEN ^ (2**NEAR - 1), SEEN ^ (2 ** (NEAR + 1) - 1)


def attached(digest, *shown, group="g", more=""):
    return with_look(f"{more}image.content:{digest}", written([Look(*one) for one in shown], group))


ONE = attached("aa", ("p1", SEEN))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (attached("bb", ("p1", SEEN)), True),
        (attached("bb", ("p2", SEEN)), None),
        (attached("bb", ("p2", LIMIT)), None),
        (attached("bb", ("p2", BEYOND)), False),
        (attached("bb", (UNKNOWN, SEEN)), None),
        (attached("aa", ("p1", SEEN), group=""), True),
        ("image.content:bb", False),
        ("image.name:bb", None),
        (None, None),
        (attached("bb", ("p1", SEEN), ("p1", SEEN)), False),
        (attached("bb", ("p1", SEEN), more="database.id:1 "), None),
        (attached("bb", ("p1", SEEN), more="code.stub:1 "), True),
    ],
)
def test_agreement(other, expected):
    assert agree(ONE, other) is expected
    assert agree(other, ONE) is expected


def test_unknown_pixels_are_equal_to_nothing():
    one, other = (attached(digest, (UNKNOWN, SEEN)) for digest in ("aa", "bb"))
    assert agree(one, other) is None


def test_all_else_that_differs_is_different():
    mine, theirs = (attached(digest, ("p1", SEEN), more=f"database.id:{digest} ") for digest in ("aa", "bb"))
    assert agree(mine, theirs) is False


def test_the_images_of_a_problem_are_compared_in_order():
    both = attached("aa", ("p1", SEEN), ("p2", BEYOND))
    turned = attached("bb", ("p2", BEYOND), ("p1", SEEN))
    assert agree(both, turned) is False
    assert agree(both, attached("cc", ("p1", SEEN), ("p2", BEYOND))) is True
    assert agree(both, attached("cc", ("p1", SEEN), ("p3", BEYOND))) is None


def test_a_look_is_no_part_of_the_problem():
    plain = "code.stub:1 image.content:aa"
    told = attached("aa", ("p1", SEEN), more="code.stub:1 ")
    assert told != plain
    assert content(told) == plain
    assert key_of("Find x.", told) == key_of("Find x.", plain)
    assert forms(told) == forms(plain)
    assert named(told) == "code, image"
    assert needed(told) == "image.content:g"
    assert needed(attached("aa", ("p1", SEEN), group="")) == "image.content:aa"
    assert Printer().attached(told) == Printer().attached(plain)


def test_looks_are_read_as_they_are_written():
    some = [Look("0f", 3), Look(UNKNOWN, 2**BITS - 1)]
    assert read(written(some, "g")) == some
    assert looks.group_of(written(some, "g")) == "g"
    assert looks.group_of(written(some)) == ""


def test_what_is_said_of_two_images():
    assert likeness(ONE, attached("bb", ("p1", SEEN))) == "other bytes, the same pixels"
    assert likeness(ONE, attached("bb", ("p2", NEXT))) == "look alike, 3 of 256 bits differ"
    assert likeness(ONE, ONE) is None
    assert likeness(ONE, attached("bb", ("p2", BEYOND))) is None
    assert likeness(ONE, None) is None


def grouped(*shown):
    """The column of problems with one image each, of these pixels and hashes."""
    column = pl.Series("attachments", [attached(f"{n:02x}", one, group="") for n, one in enumerate(shown)])
    return with_groups(column).to_list()


def test_only_what_may_be_the_same_keeps_its_look():
    found = grouped(("p1", SEEN), ("p1", SEEN), ("p2", NEXT), ("p3", ~SEEN % 2**BITS))
    assert len({needed(one) for one in found[:3]}) == 1
    assert found[3] == "image.content:03"
    assert [agree(found[0], one) for one in found] == [True, True, None, False]
    assert with_groups(pl.Series("attachments", [None, "image.content:1"])).to_list() == [
        None,
        "image.content:1",
    ]


def test_every_pair_within_the_limit_is_found():
    for width in range(NEAR + 1):
        spread = sum(1 << (16 * bit) for bit in range(width))
        first, second = grouped(("p1", SEEN), ("p2", SEEN ^ spread))
        assert needed(first) == needed(second)
        assert agree(first, second) is None


def test_a_crowd_that_looks_alike_tells_nothing_but_equal_pixels():
    crowd = [(f"p{n}", SEEN ^ n) for n in range(40)]
    found = grouped(*crowd, ("p7", SEEN ^ 7))
    assert found[:7] == [f"image.content:{n:02x}" for n in range(7)]
    assert agree(found[7], found[40]) is True
    assert needed(found[7]) == needed(found[40])


def test_pairs_are_made_of_what_looks_alike():
    found = grouped(("p1", SEEN), ("p1", SEEN), ("p2", NEXT), ("p3", ~SEEN % 2**BITS))
    problems = pl.DataFrame({"order": range(4), "skeleton": "s", "attachments": found})
    pairs = paired(problems, problems, "skeleton", "skeleton").filter(pl.col("order") < pl.col("order_child"))
    made = {(a, b): agreed for a, b, agreed in pairs.select("order", "order_child", "agree").iter_rows()}
    assert made == {(0, 1): True, (0, 2): None, (1, 2): None}


def test_evidence_says_what_is_known_of_the_images():
    found = grouped(("p1", SEEN), ("p1", SEEN), ("p2", NEXT))
    problems = pl.DataFrame(
        {
            "key": ["a", "b", "c"], "skeleton": "find x", "prompt": "Find x.", "answer": "4",
            "attachments": found, "first_dataset": ["early", "late", "late"], "domain": "math",
            "language": "en", "stem": None,
        }
    )  # fmt: skip
    matches = with_likeness(match(problems, MatchSettings(rewordings=False)).matches, problems)
    told = {
        (row["child"], row["parent"]): (row["probability"] > 0.5, row["evidence"]["images"])
        for row in matches.iter_rows(named=True)
    }
    near = (False, "look alike, 3 of 256 bits differ")
    assert told == {("b", "a"): (True, "other bytes, the same pixels"), ("c", "a"): near, ("c", "b"): near}


def test_explain_and_the_report_say_it(monkeypatch, tmp_path, capsys):
    def looks_of(held):
        return written([Look(f"p{held[0][-1]}", SEEN ^ held[0][-1])])

    monkeypatch.setattr(loader, "looks_of", looks_of)
    for name, last in (("first", 0), ("second", 1)):
        rows = [{"question": f"Find x{n}.", "image": b"\x89PNG" + bytes([9, n, last])} for n in range(6)]
        pl.DataFrame(rows).write_parquet(tmp_path / f"{name}.parquet")
    specs = [DatasetSpec(id=name, role="train", path=f"{name}.parquet") for name in ("first", "second")]
    recipe = Recipe(workspace={"path": "ws"}, datasets=specs, base=tmp_path)
    done = run(recipe, stages=("ingest", "match", "attribute", "report"))
    show_explanation(explain(done, "second:3"))
    assert "look alike, 1 of 256 bits differ" in " ".join(re.findall(r"[\w,]+", capsys.readouterr().out))
    assert "look alike, 1 of 256 bits differ" in (done.folder / "report.html").read_text()


def test_a_check_says_it_too(monkeypatch, tmp_path):
    """With looks as the extra would give them: the last byte is how an image was stored."""
    monkeypatch.setattr(
        loader, "looks_of", lambda held: written([Look(f"p{held[0][-2]}", SEEN ^ held[0][-2])])
    )
    for name, last in (("train", 1), ("bench", 2)):
        rows = [
            {"question": "Find x.", "image": b"\x89PNG" + bytes([n, last]), "answer": str(n)}
            for n in range(6)
        ]
        pl.DataFrame(rows).write_parquet(tmp_path / f"{name}.parquet")
    checked = check(tmp_path / "train.parquet", [str(tmp_path / "bench.parquet")])
    assert checked.leaks.select("row", "benchmark_row").rows() == [(n, n) for n in range(6)]
    images = checked.leaks["evidence"].struct.field("images")
    assert set(images) == {"other bytes, the same pixels"}
    assert checked.unjudged["probability"].max() <= 0.3
    others = checked.unjudged["evidence"].struct.field("images")
    assert all(told.startswith("look alike") for told in others)


def test_twenty_thousand_images_take_no_time():
    """Hashes that have half of their parts in common with many others, as drawings of one kind do."""
    draw = random.Random(3)
    kinds = [draw.getrandbits(BITS) for _ in range(40)]
    seen = [(draw.choice(kinds) & ~(2**128 - 1)) | draw.getrandbits(128) for _ in range(20_000)]
    started = time.process_time()
    found = grouped(*((f"p{n}", one) for n, one in enumerate(seen)), ("p7", seen[7] ^ 1))
    assert time.process_time() - started < 30
    assert needed(found[7]) == needed(found[-1])
    assert sum("look" in one for one in found) < 10
