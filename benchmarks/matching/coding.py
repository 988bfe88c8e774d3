"""Programming problems in other surroundings: how many are recognised, and how many taken for others.

Run: python benchmarks/matching/coding.py [--corpus FOLDER] [--write FILE]

Three sets of the shared corpus hold programming problems with more than their prompt. Each problem is written
anew with that: LeetCode's descriptions with examples and limits, where the prompt has a stub; MBPP with its
tests appended, and these tests alone; HumanEval without its stub, and with another name. All stand in one
workspace, so that each text may be taken for any problem; the last line counts those of the published sets
that are taken for one another. A link counts where it is more likely than not.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rlvr_atlas import pipeline
from rlvr_atlas.config import parse_recipe
from rlvr_atlas.schema import SAME_PROBLEM
from rlvr_atlas.workspace.store import Workspace

_PUBLISHED = (
    "humaneval",
    "leetcodedataset_test_v010",
    "leetcodedataset_train_v010",
    "livecodebench",
    "mbpp_test",
)
_REAL = Path(__file__).parents[3] / "shared" / "data" / "real"


@dataclass(frozen=True)
class Rewrite:
    """One problem in other surroundings: the dataset or the way, and the row, of its original; the text."""

    original: str
    row: int
    text: str


def lines(path: Path) -> list[dict]:
    """The rows of a file of JSON lines."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in text.decode().splitlines() if line.strip()]


def file_of(corpus: Path, dataset: str) -> Path:
    """The one file of a set."""
    entries = {entry["id"]: entry for entry in json.loads((corpus / "manifest.json").read_text())}
    return corpus / entries[dataset]["files"][0]


def rewrites(corpus: Path) -> dict[str, list[Rewrite]]:
    """All ways of writing the problems anew, by name."""
    made: dict[str, list[Rewrite]] = {}

    def add(way: str, original: str, texts: Iterator[str | None]) -> None:
        made[way] = [Rewrite(original, row, text) for row, text in enumerate(texts) if text]

    for part in ("train", "test"):
        name = f"leetcodedataset_{part}_v010"
        rows = lines(file_of(corpus, name))
        add(f"LeetCode {part}: described", name, (row["meta"]["question_title"] for row in rows))
    mbpp = lines(file_of(corpus, "mbpp_test"))
    add("MBPP: with tests", "mbpp_test", (with_tests(row) for row in mbpp))
    add("MBPP: tests alone", "MBPP: with tests", (tests_alone(row) for row in mbpp))
    human = lines(file_of(corpus, "humaneval"))
    add("HumanEval: without stub", "humaneval", (without_stub(row["prompt"]) for row in human))
    add("HumanEval: renamed", "humaneval", (renamed(row) for row in human))
    return made


def with_tests(row: dict) -> str:
    """The task as it is commonly asked."""
    tests = "\n".join(row["test"])
    return (
        "You are an expert Python programmer, and here is your task: "
        f"{row['prompt']} Your code should pass these tests:\n\n{tests}"
    )


def tests_alone(row: dict) -> str:
    """Nothing but what must hold."""
    tests = "\n".join(row["test"])
    return f"Complete the code of one Python function so that all of the following is true.\n\n{tests}"


def without_stub(prompt: str) -> str | None:
    """What the comment of the stub says."""
    comment = re.search(r'(?s)def \w+\(.*?("""|\'\'\')(.*?)\1', prompt)
    return comment[2] if comment else None


def renamed(row: dict) -> str:
    """The function under another name."""
    return re.sub(rf"\b{row['entry_point']}(?= ?\()", "solve_it", row["prompt"])


def recipe(corpus: Path, made: dict[str, list[Rewrite]], folder: Path) -> dict:
    """The published sets, and each way as a later one."""
    datasets: list[dict] = [
        {"id": name, "path": str(file_of(corpus, name)), "released": "2024-01-01"} for name in _PUBLISHED
    ]
    for number, way in enumerate(made.values(), 1):
        text = "".join(json.dumps({"prompt": rewrite.text, "domain": "code"}) + "\n" for rewrite in way)
        (folder / f"way{number}.jsonl").write_text(text, encoding="utf-8")
        released = f"2025-01-{number:02}"
        datasets.append({"id": f"way{number}", "path": f"way{number}.jsonl", "released": released})
    return {"workspace": {"path": "ws"}, "datasets": datasets}


def score(workspace: Workspace, made: dict[str, list[Rewrite]]) -> list[str]:
    """The table: how many of each way are linked to their own problem, and to another one."""
    places = workspace.read("occurrences").select("dataset", "row", "key")
    keys = {(dataset, row): key for dataset, row, key in places.iter_rows()}
    likely = pl.col("relation").is_in(SAME_PROBLEM) & (pl.col("probability") >= 0.5)
    pairs = workspace.read("matches").filter(likely)
    linked = {key: {key} for key in keys.values()}
    for child, parent in pairs.select("child", "parent").iter_rows():
        linked[child].add(parent)
        linked[parent].add(child)
    ids = {name: f"way{number}" for number, name in enumerate(made, 1)}
    table = ["| problems | n | recognised | taken for another |", "|---|---|---|---|"]
    for name, way in made.items():
        right = wrong = 0
        for row, rewrite in enumerate(way):
            original = ids.get(rewrite.original, rewrite.original)
            among = {key for (dataset, _), key in keys.items() if dataset == original}
            own = linked[keys[original, rewrite.row]]  # the same problem may stand there twice
            reached = linked[keys[ids[name], row]] & among
            right += not own.isdisjoint(reached)
            wrong += not reached <= own
        table.append(f"| {name} | {len(way)} | {right / len(way):.3f} | {wrong / len(way):.4f} |")
    published = {key for (dataset, _), key in keys.items() if dataset in _PUBLISHED}
    mistaken = sum(len(linked[key] & published) > 1 for key in published)
    table.append(f"| published, distinct | {len(published)} | | {mistaken / len(published):.4f} |")
    return table


def main() -> int:
    """Write anew, trace, count, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=_REAL)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    made = rewrites(options.corpus)
    with tempfile.TemporaryDirectory() as folder:
        asked = parse_recipe(recipe(options.corpus, made, Path(folder)), base=Path(folder))
        workspace = pipeline.run(asked, stages=["ingest", "trace"])
        table = score(workspace, made)
    title = "# Programming problems in other surroundings"
    head = [title, "", "Command: `benchmarks/matching/coding.py`", ""]
    text = "\n".join([*head, *table])
    print(text)
    if options.write:
        options.write.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
