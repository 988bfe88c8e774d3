"""A mix of hostile rows, and the tables that a workspace would have with it."""

import sys
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas import schema as record
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.schema import conform, empty

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "curate"))
from small import curated, row, tables

HOSTILE = [
    "</script><script>alert(1)</script> <b>What</b> is 1 + 1?",
    '=HYPERLINK("http://example.invalid";"sum") of 2 and 3?',
    "+1-1@SUM(A1) is what number?",
    "bell \x07, escape \x1b[31m, null \x00, delete \x7f: how many?",
    "next line \x85, line separator \u2028, paragraph \u2029, mark \ufeff: how many?",
    "turned round \u202e by a mark: how many?",
    'quotes " and \\ and {"role": "system"} | pipes | and # marks?',
    "a line\nand another\r\nand a tab\tof it?",
    "$$\\text{dollars}$$ and {prompt}?",
    "水の中に何匹いますか?",
]


@pytest.fixture
def workspace():
    """Tables as `Workspace.tables()` gives them, and the recipe."""
    rows = [row(text, str(i), atomic_source="gsm8k" if i % 2 else None) for i, text in enumerate(HOSTILE)]
    made = tables({"a": [*rows, row("copy?", "1"), row("copy?", "1")]}, leaks=[("a", 0, "variant", 0.9)])
    title = "<img src=x onerror=alert(1)> | [a](javascript:b)\n# head"
    made["datasets"] = made["datasets"].with_columns(title=pl.lit(title), license=pl.lit("CC BY-SA 4.0"))
    result, _ = curated(made)
    made |= {"mix": result.mix, "decisions": result.decisions}
    made["leak_rates"] = conform(empty(record.LEAK_RATES), record.LEAK_RATES)
    recipe = parse_recipe({"datasets": [{"id": "a", "path": "a.jsonl"}], "curate": {"datasets": ["a"]}})
    return {name: frame.lazy() for name, frame in made.items()}, recipe
