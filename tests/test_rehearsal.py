"""The paper's recipe, unchanged, from start to end against a Hub on loopback, in small; its bars can fail.

`python benchmarks/rehearsal` does the same at any size (docs/benchmarks/rehearsal.md).
"""

import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks" / "rehearsal"
sys.path.append(str(FOLDER))
import compare  # noqa: E402  they lie beside the command, not in a package
import plan  # noqa: E402
import texts  # noqa: E402

sys.path.remove(str(FOLDER))
SIZE = 0.003


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """The folder of a rehearsal, and what the command said and returned."""
    folder = tmp_path_factory.mktemp("rehearsal")
    command = [sys.executable, str(FOLDER), "--size", str(SIZE), "--folder", str(folder), "--no-local"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return folder, done


@pytest.fixture(scope="module")
def world():
    return plan.make(SIZE)


# One test, so that one rehearsal does, whichever processes share the tests.
def test_every_bar_holds_and_fails_where_a_table_is_wrong(rehearsed, world, tmp_path):
    folder, done = rehearsed
    assert done.returncode == 0, done.stdout + done.stderr
    assert "**NOT**" not in done.stdout
    assert (folder / "paper.toml").read_bytes() == (ROOT / "recipes" / "paper.toml").read_bytes()
    said = [
        *("rows with the right source", "planted leaks found, reworded", "cut files that came whole"),
        *("an error says what to do", "DAPO++: planted leaks in the mix", "DAPO++: the Q of deepmath"),
    ]
    assert [what for what in said if f"| {what}" not in done.stdout] == []
    for what, (name, change, failing) in SPOILT.items():
        place = tmp_path / what
        place.mkdir()
        assert spoilt(folder, world, place, name, change) == failing, what


def spoilt(folder, world, tmp_path, name, change):
    """What of the figures does not hold once a table is another one."""
    for table in ("lineage", "leaks"):
        shutil.copy(folder / "paper-atlas" / f"{table}.parquet", tmp_path)
    file = tmp_path / f"{name}.parquet"
    change(pl.read_parquet(file)).write_parquet(file)
    without = [*world.those("aside"), *world.those("local")]
    benchmarks = [one for one in world.those("benchmark") if one not in without]
    there = compare.Workspace(tmp_path, plan.truth(world, without), benchmarks)
    return [line.what for line in there.all() if not line.holds]


def with_false_leaks(leaks):
    others = leaks[:9].with_columns(benchmark_row=leaks["benchmark_row"][:9] ^ 1, relation=pl.lit("reworded"))
    return pl.concat([leaks, others])


UNKNOWN = (pl.col("dataset") == "orz_math_72k") & pl.col("atomic_source").is_null()
SPOILT = {
    "nothing": ("lineage", lambda rows: rows, []),
    "a row is missing": ("lineage", lambda rows: rows[1:], ["rows read"]),
    "labels of a dataset are lost": (
        "lineage",
        lambda rows: rows.with_columns(
            atomic_source=pl.when(pl.col("dataset") != "big_math").then("atomic_source")
        ),
        ["rows with the right source, of those that can be told"],
    ),
    "labels of a dataset are others": (
        "lineage",
        lambda rows: rows.with_columns(
            atomic_source=pl.when(pl.col("dataset") == "big_math")
            .then(pl.lit("dapo"))
            .otherwise("atomic_source")
        ),
        ["rows with the right source, of those that can be told"],
    ),
    "a source is invented": (
        "lineage",
        lambda rows: rows.with_columns(
            atomic_source=pl.when(UNKNOWN).then(pl.lit("dapo")).otherwise("atomic_source")
        ),
        ["rows with a source that nobody in view can know"],
    ),
    "leaks are lost": (
        "leaks",
        lambda rows: rows.filter(pl.col("relation") != "reworded"),
        ["planted leaks found, reworded"],
    ),
    "leaks are only called alike": (
        "leaks",
        lambda rows: rows.with_columns(relation=pl.lit("variant")),
        [f"planted leaks found, {how}" for how in ("word for word", "reformatted", "reworded")],
    ),
    "a leak is none": (
        "leaks",
        with_false_leaks,
        ["rows called a leak that are none"],
    ),
}


def test_what_the_paper_counts_is_there(world):
    rows = sum(world.rows[name].height for name in world.datasets if "parts" in world.datasets[name])
    rows -= sum(world.rows[name].height for name in world.those("aside"))
    assert rows == pytest.approx(SIZE * plan.ROWS, rel=0.05)
    assert len(world.those("benchmark")) == 14
    assert len({pool.origin for pool in world.pools} - {""}) >= 20
    assert world.datasets["dapo_math_17k"]["copies"] == 100
    assert set(world.rows) >= {spec["id"] for spec in recipe()["datasets"]}


def recipe():
    return tomllib.loads((ROOT / "recipes" / "paper.toml").read_text(encoding="utf-8"))


def test_problems_differ_and_looks_are_of_one_problem(world):
    problems = pl.concat(list(world.rows.values()))["problem"].unique().sort().to_list()
    told = {problem: texts.tell(problem, 0, world.pools) for problem in problems}
    assert len({text for text, _ in told.values()}) > 0.99 * len(problems)
    words = Counter(word for text, _ in told.values() for word in set(text.split()))
    assert len(words) > 5000
    for problem in problems[::50]:
        text, answer = told[problem]
        again = texts.tell(problem, texts.REWORDED, world.pools)
        assert again[0] != text
        assert again[1] == answer
        assert texts.tell(problem, texts.REFORMATTED, world.pools) != (text, answer)
        assert texts.tell(problem, texts.WRONG, world.pools)[1] != answer
