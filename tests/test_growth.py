"""Time does not grow with the square of the text, for every function that reads text and 64 kinds of text.

Processor time moves with the machine's load, so the bound lies between what is in proportion (1) and what is
not (2). `python benchmarks/growth.py` has a closer one, and looks up to 1 MB.
"""

import importlib.util
from pathlib import Path

import pytest

_PLACE = Path(__file__).resolve().parents[1] / "benchmarks" / "growth.py"
_SPEC = importlib.util.spec_from_file_location("growth", _PLACE)
growth = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(growth)

#: In bytes. What does much with each character is measured on less of them.
SIZES, SMALLER = (64_000, 256_000), (16_000, 64_000)
SLOW = {"canonicalise", "prints", "programs", "evidence", "tokens", "skeleton"}
#: Part of what `prints` does.
COVERED = {"canonicalise"}
MOST = 1.6


def test_there_are_64_kinds_of_text():
    assert len(set(growth.UNITS.values())) == 64


@pytest.mark.parametrize("name", sorted(growth.FUNCTIONS.keys() - COVERED))
def test_time_grows_in_proportion(name):
    sizes = SMALLER if name in SLOW else SIZES
    grown = {kind: growth.exponent(growth.FUNCTIONS[name], kind, sizes, MOST) for kind in growth.UNITS}
    assert {kind: value for kind, value in grown.items() if value > MOST} == {}


def test_what_grows_with_the_square_is_seen():
    def pairs(text):
        return sum(one == other for one in text[::320] for other in text[::320])

    # Sixteen times the text, so that a busy machine cannot make a square look like less.
    assert growth.exponent(pairs, "digits", (64_000, 1_024_000), MOST) > MOST
