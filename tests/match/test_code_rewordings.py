"""Programming problems in other words and other languages of code."""

import numpy as np
import polars as pl
import pytest

from rlvr_atlas import pipeline
from rlvr_atlas.config import MatchSettings, parse_recipe
from rlvr_atlas.explain import explain
from rlvr_atlas.match import code_rewordings, dataset_prior, match
from rlvr_atlas.match.programs import programs
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.text.token_table import TokenTable

#: Name, what is asked, a test; then how another one tells it, in JavaScript.
TASKS = [
    (
        "rising_run",
        "Return the length of the longest run of steps of a staircase that rise.",
        "rising_run([3, 4, 1]) == 2",
        "longestRisingRun",
        "Given the steps of a staircase, this gives how long the longest run of rising steps is.",
    ),
    (
        "merge_ferries",
        "Merge overlapping ferry trips, each a departure and an arrival, and return them by departure.",
        "merge_ferries([[1, 3], [2, 5]]) == [[1, 5]]",
        "joinFerryTrips",
        "Joins ferry trips that overlap. A trip is its departure and its arrival; sorted by departure.",
    ),
    (
        "vowel_weight",
        "Return the sum of the alphabet positions of the vowels in a sentence, ignoring case.",
        "vowel_weight('Abe') == 6",
        "weightOfVowels",
        "Sums the positions in the alphabet of all vowels of a sentence. Case is ignored.",
    ),
    (
        "lamp_toggles",
        "Count how many lamps are lit after every k-th lamp was toggled for each k up to n.",
        "lamp_toggles(10) == 3",
        "litLamps",
        "For each k up to n every k-th lamp is toggled; counts the lamps that are lit in the end.",
    ),
    (
        "garden_fence",
        "Return the length of fence around the cells of a garden grid that are planted.",
        "garden_fence([[1, 1]]) == 6",
        "fenceOfGarden",
        "Computes how much fence surrounds the planted cells of a garden, given as a grid.",
    ),
    (
        "postal_code",
        "Check whether a postal code has four digits followed by two capital letters.",
        "postal_code('1234AB') == True",
        "isPostalCode",
        "Whether a postal code consists of four digits and then two capital letters.",
    ),
]
#: Other tasks, told in words that many tasks share.
STRANGERS = [
    ("mostFrequentBird", "Given an array of birds, returns the bird that is seen most often in a season."),
    ("secondsToClock", "Given a number of seconds, returns the time of day as hours and minutes."),
    ("compressRoute", "Given a route as a string of moves, returns the shortest route to the same place."),
]


def original(name, asked, test, *_):
    call, result = test.split(" == ")
    return f'def {name}(given): """ {asked} >>> {call} {result} """'


def retold(name, said):
    return f"```javascript // {said} function {name}(given) {{ let result = 0; return result; }} ```"


EARLY = [original(*task) for task in TASKS]
LATE = [retold(*task[3:]) for task in TASKS] + [retold(*stranger) for stranger in STRANGERS]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    for name, prompts in (("early", EARLY), ("late", LATE)):
        pl.DataFrame({"prompt": prompts}).write_ndjson(folder / f"{name}.jsonl")
    datasets = [
        {"id": name, "path": f"{name}.jsonl", "role": "train", "released": f"202{n}-01-01"}
        for n, name in enumerate(("early", "late"))
    ]
    recipe = {"workspace": {"path": "ws"}, "match": {"semantic": False}, "datasets": datasets}
    return pipeline.run(parse_recipe(recipe, base=folder))


def test_a_run_finds_tasks_in_other_words_and_invents_none(workspace):
    occurrences = workspace.read("occurrences").select("dataset", "row", "key")
    places = {(name, row): key for name, row, key in occurrences.iter_rows()}
    likely = pl.col("relation").is_in(SAME_PROBLEM) & (pl.col("probability") >= 0.5)
    verdicts = workspace.read("verdicts").filter(likely)
    found = {(child, parent) for child, parent in verdicts.select("child", "parent").iter_rows()}
    right = {(places["late", n], places["early", n]) for n in range(len(TASKS))}
    assert found <= right
    assert len(found) >= len(right) / 2
    assert verdicts["tier"].unique().to_list() == ["semantic"]  # so that the higher bar of leaks holds
    evidence = verdicts["evidence"].struct.unnest()
    assert evidence["statement"].is_not_null().all() and evidence["dataset_odds"].is_not_null().all()


def test_explain_finds_them_where_other_words_are_searched(workspace):
    # Told a third time, so that the workspace does not hold it.
    said = TASKS[0][4].replace("this gives", "this returns")
    found = explain(workspace, retold("longestRun", said), rewordings=True)
    assert found.relation in SAME_PROBLEM
    assert found.chain[-1]["dataset"] == "early"


@pytest.mark.parametrize("text", [EARLY[0], LATE[0]])
def test_parts_are_read_in_both_languages(text):
    (program,) = programs([text], [None])
    assert program.name in ("risingrun", "longestrisingrun")
    assert {"stairc", "steps"} <= set(program.words)
    assert "rising" in program.named


def _look_up(early, late, tests=(None, None)):
    parts = programs([*early, late], [tests[0]] + [None] * (len(early) - 1) + [tests[1]])
    return code_rewordings.look_up(TokenTable.of([*early, late]), dict(enumerate(parts)))


def test_tests_that_contradict_make_it_another_task():
    ours, theirs = "assert f(8) == 3 assert f(4) == 2", "assert f(8) == 5 assert f(4) == 9"
    assert any(pair.parent == 0 for pair in _look_up(EARLY, LATE[0], (ours, None)))
    assert not any(pair.parent == 0 for pair in _look_up(EARLY, LATE[0], (ours, theirs)))


def test_other_counts_speak_against_it():
    asked = "Return whether {} numbers of a list add up to nothing."
    early = [original("sum_up", asked.format("three"), "f([2]) == False"), *EARLY]
    pairs = code_rewordings.candidates(
        programs(
            [*early, original("adds_up", asked.format("two"), "g([2]) == False")], [None] * (len(early) + 1)
        ),
        np.array([len(early)]),
        np.array([len(early)]),
    )
    nth = pairs.parents.tolist().index(0)
    assert pairs.features[nth, code_rewordings.COLUMNS.index("counts")] == 1


@pytest.mark.parametrize("early", [[], ["def f(x): pass"], ["write a function"]])
def test_tasks_without_words_are_like_none(early):
    late = "def g(y): pass"
    parts = programs([*early, late], [None] * (len(early) + 1))
    at = np.array([len(early)])
    found = code_rewordings.candidates(parts, at, at)
    assert np.isfinite(found.features).all()
    assert (code_rewordings.probability(found.features) < 0.5).all()


def test_the_search_can_be_turned_off():
    n = len(EARLY) + len(LATE)
    instances = pl.DataFrame(
        {
            "key": [f"k{i}" for i in range(n)],
            "skeleton": [text.lower() for text in [*EARLY, *LATE]],
            "prompt": [*EARLY, *LATE],
            "answer": pl.Series([None] * n, dtype=pl.String),
            "first_dataset": ["early"] * len(EARLY) + ["late"] * len(LATE),
            "attachments": pl.Series([None] * n, dtype=pl.String),
            "domain": "code",
            "language": "en",
            "stem": pl.Series([None] * n, dtype=pl.String),
        }
    )
    on, off = (match(instances, MatchSettings(rewordings=asked)) for asked in (True, False))
    assert not on.matches.is_empty() and off.matches.is_empty()
    assert any("rewordings" in limit for limit in off.limits)


def test_odds_are_those_of_the_texts_it_was_fitted_on():
    """The dataset prior starts from how many of these had an original."""
    assert 0 < code_rewordings.calibrations.programs()["with_original"] < dataset_prior._TRAINED
