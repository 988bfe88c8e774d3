"""Changes: each does what its name says, and nothing to the problem unless it is a variant."""

import re
from random import Random

import pytest

from rlvr_atlas.demo.sources import SOURCES, problems
from rlvr_atlas.demo.transform import CHANGES, item_of


@pytest.fixture(scope="module")
def items():
    taken: set[str] = set()
    return [item_of(p) for source in SOURCES for p in problems(source, 40, 2, taken)], taken


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_every_change_applies_somewhere_and_keeps_or_changes_the_problem(items, name):
    originals, taken = items
    change, rng = CHANGES[name], Random(0)
    done = [(item, new) for item in originals if (new := change.act(item, rng, taken))]
    assert len(done) >= 3
    for item, new in done:
        same = new.problem.key == item.problem.key
        assert same == (change.relation != "variant")
        if same and new.form not in ("options", "part"):
            assert new.answer == item.answer
        assert (new.text == item.text) == (name == "copy")


def test_respelling_keeps_every_letter_and_number(items):
    def letters(text: str) -> str:
        text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
        text = text.replace(r"\leq", r"\le").replace(r"\geq", r"\ge").replace(r"\dots", r"\ldots")
        return "".join(
            re.findall(
                r"\w",
                re.sub(r"\\(dfrac|left|right)", lambda m: {"dfrac": "frac"}.get(m[1], ""), text.lower()),
            )
        )

    for item in items[0]:
        new = CHANGES["reformat"].act(item, Random(item.text), set())
        if new:
            assert letters(new.text).replace("left", "").replace("right", "") == letters(item.text).replace(
                "left", ""
            ).replace("right", "")
            assert new.text.split() != item.text.split()


def test_options_hold_the_answer_once(items):
    for item in items[0]:
        new = CHANGES["options"].act(item, Random(item.text), set())
        if not new:
            continue
        listed = re.findall(
            r"(?:\n|\s)\(?([A-E])[.)] \$?(.*?)\$?(?= \([A-E]\)|\n|$)", new.text.removeprefix(item.text)
        )
        assert 4 <= len(listed) <= 5
        assert len({value for _, value in listed}) == len(listed)
        right = [letter for letter, value in listed if value == item.answer]
        assert len(right) == 1
        assert new.answer in (right[0], item.answer)


def test_cut_and_context_are_contained(items):
    for item in items[0]:
        shorter, longer = (CHANGES[name].act(item, Random(1), set()) for name in ("cut", "context"))
        assert shorter is None or item.text.endswith(shorter.text)
        assert longer is None or longer.text.endswith(item.text)


def test_nothing_but_spelling_is_changed_in_an_embedded_row(items):
    embedded = next(new for item in items[0] if (new := CHANGES["options"].act(item, Random(1), set())))
    unfit = [name for name in CHANGES if CHANGES[name].act(embedded, Random(1), set()) is None]
    assert set(CHANGES) - set(unfit) <= {"copy", "reformat"}
