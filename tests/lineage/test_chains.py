"""No chain of links joins strangers: a problem is the same as its root, or it has another root."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from rlvr_atlas.audit.families import problems
from rlvr_atlas.audit.paths import chains
from rlvr_atlas.lineage.attribute import attribute
from rlvr_atlas.lineage.chains import Verdicts, stated
from rlvr_atlas.schema import DATASETS, MATCHES, OCCURRENCES, conform
from rlvr_atlas.stats import follow
from rlvr_atlas.workspace.query import both_ways, uncut

ABC = (("B", "A", "reworded", 0.9), ("C", "B", "reworded", 0.9))


def _trace(keys, matches, answers=None, rejected=()):
    """One dataset a key, in this order."""
    answers = answers or {}
    occurrences = conform(
        pl.DataFrame(
            {
                "key": list(keys),
                "dataset": [f"of {key}" for key in keys],
                "answer": [answers.get(k) for k in keys],
            },
            schema_overrides={"answer": pl.String},
        ).with_columns(row=pl.lit(0)),
        OCCURRENCES,
    )
    return _attribute(occurrences, _matches(matches), rejected)


def _matches(lines):
    frame = pl.DataFrame(list(lines), schema=["child", "parent", "relation", "probability"], orient="row")
    return conform(frame.with_columns(tier=pl.lit("lexical")), MATCHES)


def _attribute(occurrences, matches, rejected=()):
    names = occurrences["dataset"].unique(maintain_order=True)
    datasets = conform(
        pl.DataFrame({"dataset": names, "trust_labels": False}).with_row_index("rank"), DATASETS
    )
    refused = pl.DataFrame(list(rejected), schema={"child": pl.String, "parent": pl.String}, orient="row")
    known = Verdicts.of(matches, stated(occurrences), 0.5, refused)
    return attribute(occurrences, matches, datasets, map_label=lambda *_: None, known=known).lineage


def _roots(lineage):
    return dict(lineage.select("key", pl.col("root_dataset").str.strip_prefix("of ")).iter_rows())


@pytest.mark.parametrize(
    ("more", "answers", "root"),
    [
        ((), {}, "A"),
        ((), {"A": "3", "C": "3"}, "A"),
        ((("C", "A", "variant", 0.9),), {}, "B"),
        ((("C", "A", "variant", 0.8),), {}, "A"),  # the chain is surer
        ((("C", "A", "variant", 0.9),), {"A": "3", "C": "3"}, "B"),
        ((("C", "A", "variant", 0.4),), {}, "A"),  # too unsure to say anything
        ((), {"A": "3", "C": "4"}, "B"),
        ((), {"A": "3", "B": "4"}, "A"),  # these two have a verdict of their own
        ((("C", "A", "reworded", 0.6),), {"A": "3", "C": "4"}, "A"),
    ],
)
def test_a_chain_ends_where_its_ends_disagree(more, answers, root):
    assert _roots(_trace("ABC", [*ABC, *more], answers)) == {"A": "A", "B": "A", "C": root}


def test_what_a_person_rejected_is_not_concluded_by_way_of_another():
    assert _roots(_trace("ABC", ABC, rejected=[("C", "A")]))["C"] == "B"


def test_a_chain_is_as_likely_as_the_product_of_its_links():
    keys = "ABCDEFG"
    links = [(child, parent, "reworded", 0.8) for parent, child in pairwise(keys)]
    # 0.8 * 0.8 * 0.8 is a match, one more is none: D is a root of what follows.
    assert _roots(_trace(keys, links)) == dict(zip(keys, "AAAADDD", strict=True))


def test_a_part_may_have_another_answer_than_the_whole():
    links = [("B", "A", "embedded", 0.9), ("C", "B", "reworded", 0.9)]
    assert _roots(_trace("ABC", links, {"A": "3", "B": "4", "C": "4"}))["C"] == "A"


def test_a_question_with_options_states_no_answer_that_can_be_compared():
    occurrences = conform(pl.DataFrame({"key": ["A", "B"], "answer": ["3", "4"]}), OCCURRENCES)
    told = stated(occurrences, pl.DataFrame({"key": ["A", "B"], "is_mcq": [True, False]}))
    assert told.rows() == [("A", None), ("B", "4")]


def test_what_follows_a_broken_chain_has_the_same_root_and_a_path_that_ends_there():
    links = [*ABC, ("D", "C", "reworded", 0.9)]
    lineage = _trace("ABCD", links, {"A": "3", "C": "4", "D": "4"})
    assert _roots(lineage) == {"A": "A", "B": "A", "C": "B", "D": "B"}
    assert lineage["hops"].to_list() == [0, 1, 1, 2]
    path = chains(lineage.select("dataset", "row"), lineage).filter(dataset="of D")["path"].item()
    assert path.to_list() == ["of D", "of C", "of B"]


def test_items_of_benchmarks_are_one_problem_only_as_far_as_a_chain_holds():
    keys = "ABCD"
    matches = _matches([*ABC, ("D", "B", "reworded", 0.9)])
    answers = pl.DataFrame({"key": list(keys), "answer": ["3", "3", "4", "3"]})
    items = pl.DataFrame({"benchmark": "b", "benchmark_key": list(keys)})
    links = both_ways(matches, "relation", "probability")
    found = problems(items, links, Verdicts.of(matches, answers, 0.5))
    assert found["problem"].to_list() == ["A", "A", "C", "A"]


def test_all_that_chains_connect_is_one_group_however_they_are_cut():
    lineage = _trace("ABCDE", [*ABC, ("D", "C", "reworded", 0.9)], {"A": "3", "B": "3", "C": "4", "D": "5"})
    assert _roots(lineage) == {"A": "A", "B": "A", "C": "B", "D": "C", "E": "E"}
    assert _roots(uncut(lineage)) == {"A": "A", "B": "A", "C": "A", "D": "A", "E": "E"}


def test_following_ends_at_the_top():
    end, steps = follow(np.array([0, 0, 1, 2, 4]))
    assert (end.tolist(), steps.tolist()) == ([0, 0, 0, 0, 4], [0, 1, 2, 3, 0])


def test_100_000_near_chained_texts_form_no_false_clusters():
    """Each text links to the one before; one link in twenty leads to another problem with another answer."""
    rng = np.random.default_rng(0)
    datasets, rows = 50, 2_000
    wrong = (rng.random((datasets, rows)) < 0.05) & (np.arange(datasets) > 0)[:, None]
    truth = (np.arange(rows) * datasets + wrong.cumsum(axis=0)).ravel()
    keys = np.array([f"{number:07}" for number in range(datasets * rows)])
    occurrences = conform(
        pl.DataFrame(
            {
                "key": keys,
                "dataset": np.repeat([f"of {number:02}" for number in range(datasets)], rows),
                "row": np.tile(np.arange(rows), datasets),
                "answer": truth.astype(str),
            }
        ),
        OCCURRENCES,
    )
    links = {"child": keys[rows:], "parent": keys[:-rows], "relation": "reworded", "probability": 0.97}
    lineage = _attribute(occurrences, conform(pl.DataFrame(links), MATCHES))
    of_root = lineage.select(
        at=pl.col("root_dataset").str.slice(3).cast(pl.Int64) * rows + pl.col("root_row")
    )["at"]
    false = truth != truth[of_root.to_numpy()]
    linked = (lineage["hops"] <= 1).to_numpy()
    assert wrong.sum() > 2_000
    assert not (false & ~linked).any(), "by a chain"
    assert false.sum() <= wrong.sum(), "by the link itself"
    # And the chains that hold are kept: 22 links of .97 are more likely than not.
    assert lineage["hops"].max() > 15
