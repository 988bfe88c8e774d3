"""A benchmark, its index without text, and rows of which some leak."""

import json
from pathlib import Path

import pytest

from rlvr_atlas import fingerprints, pipeline
from rlvr_atlas.config import parse_recipe

TOWNS = ["Quillton", "Marrowby", "Osterfen", "Dunlisk", "Veldhaven", "Torrasund", "Pellworth", "Ashgrave"]


def item(number: int) -> str:
    return (
        f"A ferry leaves the harbour of {TOWNS[number % 8]} every {5 + number} minutes and carries "
        f"{113 + 7 * number} barrels of salted herring. How many barrels has it carried after "
        f"{3 + number % 9} hours?"
    )


def clean(number: int) -> str:
    return (
        f"The lighthouse keeper of {TOWNS[number % 8]} paints {number + 31} shutters in {number + 3} days; "
        f"how long does she need for {17 * number + 11} of them?"
    )


#: Reason of each row of `rows`, in their order.
REASONS = ["", "leak", "unreadable", "leak", *[""] * 20]


@pytest.fixture(scope="session")
def rows() -> list[dict[str, str]]:
    """A clean row, one that leaks, an empty one, one that leaks in capitals, and clean ones."""
    texts = [clean(40), item(0), "", item(1).upper(), *map(clean, range(20))]
    return [{"problem": text, "answer": str(at)} for at, text in enumerate(texts)]


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark")
    problems = [*map(item, range(24)), "Compute 2+3."]
    lines = [json.dumps({"problem": text, "answer": str(at)}) for at, text in enumerate(problems)]
    (folder / "bench.jsonl").write_text("\n".join(lines) + "\n")
    entry = {"id": "bench", "role": "benchmark", "path": "bench.jsonl"}
    recipe = parse_recipe({"workspace": {"path": "ws"}, "datasets": [entry]}, base=folder)
    workspace = pipeline.run(recipe, stages=["ingest"])
    tables = [workspace.read(name) for name in ("occurrences", "instances", "datasets")]
    fingerprints.write(fingerprints.build(*tables), folder / "bench.index")
    return folder / "bench.index"
