"""Leaks, what is too common to be one, families, paths and rates, on worlds small enough to see."""

import datetime as dt
import hashlib

import polars as pl
import pytest

from rlvr_atlas.audit import Audited, audit
from rlvr_atlas.audit.coincidence import Rarity
from rlvr_atlas.config import AuditSettings
from rlvr_atlas.lineage.attribute import attribute
from rlvr_atlas.lineage.chains import Verdicts, stated
from rlvr_atlas.schema import DATASETS, INSTANCES, MATCHES, OCCURRENCES, SKIPPED_ROWS, conform, empty

HARBOUR = "a ferry leaves the harbour of port {} every {} minutes; how many leave while {} lanterns burn"


def key(text):
    return hashlib.sha1(text.encode()).hexdigest()


def rare(number):
    """A problem that nobody writes twice."""
    return HARBOUR.format(
        f"quill{chr(97 + number % 26)}{chr(97 + number // 26)}ton", 137 + number, 7 * number + 1
    )


def world(datasets, matches=(), settings=None) -> Audited:
    """Audit datasets, given in order of release as name -> (role, upstreams, texts)."""
    described = [
        {
            "dataset": name,
            "role": role,
            "atomic_source": name if role == "source" else None,
            "derived_from": list(up),
            "rank": rank,
            "released": dt.date(2020, 1, 1) + dt.timedelta(days=30 * rank),
            "rows": len(texts),
            "distinct_prompts": len(set(texts)),
            "trust_labels": False,
        }
        for rank, (name, (role, up, texts)) in enumerate(datasets.items())
    ]
    frame = conform(
        pl.DataFrame(
            described, schema_overrides={"derived_from": pl.List(pl.String), "atomic_source": pl.String}
        ),
        DATASETS,
    )
    placed = [(name, row, text) for name, (_, _, texts) in datasets.items() for row, text in enumerate(texts)]
    occurrences = conform(
        pl.DataFrame(
            [(name, row, key(text)) for name, row, text in placed],
            schema=["dataset", "row", "key"],
            orient="row",
        ),
        OCCURRENCES,
    )
    texts = list(dict.fromkeys(text for _, _, text in placed))
    columns = {"key": list(map(key, texts)), "skeleton": texts, "language": ["en"] * len(texts)}
    instances = conform(
        pl.DataFrame({**columns, "stem": [text.partition(" (a) ")[0] for text in texts]}), INSTANCES
    )
    pairs = conform(
        pl.DataFrame(
            [(key(child), key(parent), relation, p) for child, parent, relation, p in matches],
            schema={
                "child": pl.String,
                "parent": pl.String,
                "relation": pl.String,
                "probability": pl.Float64,
            },
            orient="row",
        ).with_columns(tier=pl.lit("lexical")),
        MATCHES,
    )
    known = Verdicts.of(pairs, stated(occurrences), 0.5)
    traced = attribute(occurrences, pairs, frame, map_label=lambda label, dataset: None, known=known)
    tables = {
        "datasets": frame,
        "occurrences": occurrences,
        "instances": instances,
        "skipped_rows": empty(SKIPPED_ROWS),
        "matches": pairs,
        "lineage": traced.lineage,
    }
    return audit(tables, settings or AuditSettings())


def rate(result, group, name):
    lines = result.leak_rates.filter(pl.col("benchmark").is_null(), group=group, name=name)
    return lines.row(0, named=True)


def test_a_row_with_the_key_of_a_benchmark_item_is_a_leak_whoever_came_first():
    result = world(
        {
            "early": ("train", (), [rare(1), rare(2)]),
            "bench": ("benchmark", (), [rare(0), rare(1), rare(1)]),
            "late": ("train", (), [rare(3), rare(0)]),
        }
    )
    found = result.leaks.select(
        "dataset", "row", "benchmark", "benchmark_row", "relation", "tier", "came_first"
    )
    assert found.rows() == [
        ("early", 0, "bench", 1, "identical", "exact", "dataset"),
        ("late", 1, "bench", 0, "identical", "exact", "benchmark"),
    ]
    assert result.unjudged.is_empty()


@pytest.mark.parametrize("earlier_is_benchmark", [True, False])
def test_a_match_is_a_leak_in_both_directions(earlier_is_benchmark):
    bench, train = ("benchmark", (), [rare(0)]), ("train", (), [rare(1)])
    datasets = {"b": bench, "t": train} if earlier_is_benchmark else {"t": train, "b": bench}
    first, second = (rare(0), rare(1)) if earlier_is_benchmark else (rare(1), rare(0))
    (leak,) = world(datasets, [(second, first, "reworded", 0.9)]).leaks.iter_rows(named=True)
    assert (leak["dataset"], leak["benchmark"], leak["relation"]) == ("t", "b", "reworded")
    assert 0.89 < leak["probability"] <= 0.9


def test_variants_are_template_leaks_and_give_way_to_real_ones():
    result = world(
        {"b": ("benchmark", (), [rare(0), rare(1)]), "t": ("train", (), [rare(0), rare(2)])},
        [
            (rare(1), rare(0), "variant", 0.8),
            (rare(2), rare(0), "variant", 0.8),
            (rare(2), rare(1), "variant", 0.8),
        ],
    )
    assert result.leaks.select("row", "relation").rows() == [(0, "identical"), (1, "variant"), (1, "variant")]
    line = rate(result, "dataset", "t")
    assert (line["total"], line["leaked"], line["identical"], line["variant"]) == (2, 1, 1, 1)
    assert rate(result, "benchmark", "b")["leaked"] == 1


def test_options_that_were_added_hide_nothing():
    offered = rare(0) + " (a) 12 (b) 13"
    (leak,) = world({"b": ("benchmark", (), [offered]), "t": ("train", (), [rare(0)])}).leaks.iter_rows(
        named=True
    )
    assert (leak["relation"], leak["tier"]) == ("embedded", "normalised")
    other = "which of these statements about ferries is true (a) 4 (b) 5"
    both = {"b": ("benchmark", (), [other]), "t": ("train", (), [other.replace("4", "7")])}
    assert world(both).leaks.is_empty()
    common = "compute 2+3"
    result = world(
        {
            "b": ("benchmark", (), [common + " (a) 5 (b) 6"]),
            "t": ("train", (), [common, *map(rare, range(60))]),
        }
    )
    assert result.leaks.is_empty() and result.unjudged["reason"].to_list() == ["too common"]


def test_a_match_below_the_threshold_is_listed_and_not_counted():
    result = world(
        {"b": ("benchmark", (), [rare(0)]), "t": ("train", (), [rare(1)])},
        [(rare(1), rare(0), "reworded", 0.6)],
        AuditSettings(min_probability=0.7),
    )
    assert result.leaks.is_empty()
    assert result.unjudged["reason"].to_list() == ["below the threshold"]
    assert rate(result, "dataset", "t")["unjudged"] == 1


def test_a_common_problem_is_no_leak_unless_the_benchmark_is_there_with_it():
    common = "compute 2+3"
    mine = [rare(number) for number in range(100, 300)]
    bench = [common, *map(rare, range(20))]
    clean = world({"b": ("benchmark", (), bench), "t": ("train", (), [*mine, common])})
    assert clean.leaks.is_empty()
    assert clean.unjudged.select("row", "reason").rows() == [(200, "too common")]
    assert any("too common" in sentence for sentence in clean.limits)
    copied = world({"b": ("benchmark", (), bench), "t": ("train", (), [*mine, *bench])})
    assert copied.leaks.height == len(bench)
    assert copied.unjudged.is_empty()


def test_one_row_against_one_item_can_be_judged():
    assert world({"b": ("benchmark", (), [rare(0)]), "t": ("train", (), [rare(0)])}).leaks.height == 1


def test_wording_shared_by_many_problems_says_nothing():
    puzzles = [
        f"using the numbers {n} make an equation that equals {n + 1} with every number once"
        for n in range(60)
    ]
    counted = Rarity([*puzzles, *map(rare, range(60))])
    (puzzle, other), (_, wording) = counted.weigh([puzzles[0], rare(0)])
    assert puzzle < 24 < other
    assert wording < other


def test_bits_are_the_sum_of_what_each_token_tells():
    counted = Rarity([*map(rare, range(60)), "a tree and a tree"])
    (one, more, again, none), (wording, *_) = counted.weigh(["zebra 7", "zebra 7 8", "zebra zebra 7", ""])
    assert 0 < wording < one < more
    assert again == one + 1
    assert none == 0


def test_what_is_attached_adds_its_rarity():
    image, often, seldom = "image.content:aa", "database.id:bb", "database.id:cc"
    counted = Rarity(["find x"], [image, seldom, *[often] * 500, None, "code.stub:dd"])
    assert counted.attached_bits(None) == counted.attached_bits("code.stub:dd") == 0
    assert counted.attached_bits(image) == 64
    assert 0 < counted.attached_bits(often) < 3
    assert counted.attached_bits(seldom) > 8
    assert counted.attached_bits(f"{seldom} {image}") == 64 + counted.attached_bits(seldom)


def test_copies_are_one_family_and_parts_are_not():
    items = [rare(number) for number in range(40)]
    result = world(
        {
            "whole": ("benchmark", (), items),
            "half": ("benchmark", (), items[:20]),
            "copy": ("benchmark", (), [*items[1:20], rare(50)]),
            "t": ("train", (), items[:4]),
        }
    )
    lines = {row["benchmark"]: row for row in result.benchmark_families.iter_rows(named=True)}
    assert [lines[name]["family"] for name in ("whole", "half", "copy")] == ["whole", "half", "half"]
    assert lines["copy"]["part_of"] == ["whole"]
    family = rate(result, "family", "half")
    assert (family["total"], family["leaked"]) == (21, 4)
    assert result.leak_paths.filter(benchmark="half").height == 4
    pairs = result.leak_rates.filter(group="pair").select("name", "benchmark", "leaked").rows()
    assert pairs == [("t", "half", 4), ("t", "whole", 4)]


def test_what_a_dataset_holds_of_a_benchmark_is_counted_by_its_problems():
    items = [rare(number) for number in range(5)]
    result = world(
        {
            "bench": ("benchmark", (), items),
            "t": ("train", (), [items[0], items[0], items[1], rare(60)]),
        },
        matches=[(rare(60), items[2], "variant", 0.9)],
    )
    held = result.leak_rates.filter(group="held").row(0, named=True)
    assert [held[name] for name in ("name", "benchmark", "unit")] == ["t", "bench", "problems"]
    assert [held[name] for name in ("total", "leaked", "variant", "share")] == [5, 2, 1, 0.4]
    assert held["low"] < 0.4 < held["high"]
    assert rate(result, "dataset", "t")["leaked"] == 3


def test_the_path_names_who_brought_a_problem_in_and_who_inherited_it():
    result = world(
        {
            "bench": ("benchmark", (), [rare(0)]),
            "first": ("train", (), [rare(9), rare(0)]),
            "second": ("train", ("first",), [rare(1)]),
            "third": ("train", ("second",), [rare(1), rare(0)]),
        },
        [(rare(1), rare(0), "reworded", 0.9)],
    )
    (line,) = result.leak_paths.iter_rows(named=True)
    assert (line["brought_by"], line["brought_row"], line["relation"]) == ("first", 1, "identical")
    assert line["heirs"] == ["second", "third"]
    assert line["rows"] == 4
    paths = {(leak["dataset"], leak["row"]): leak["path"] for leak in result.leaks.iter_rows(named=True)}
    assert paths["third", 0] == ["third", "second", "first", "bench"]
    assert paths["first", 1] == ["first", "bench"]


def test_without_benchmarks_nothing_is_found_and_that_is_said():
    result = world({"t": ("train", (), [rare(0)])})
    assert result.leaks.is_empty() and result.leak_paths.is_empty() and result.benchmark_families.is_empty()
    assert rate(result, "dataset", "t")["total"] == 1
    assert "no benchmark" in result.limits[0]
