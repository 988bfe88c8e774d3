"""A small traced workspace with a leak, rewordings to review, an image, and texts that are out to harm."""

import base64
import json
import shutil
import struct
import zlib

import pytest

from rlvr_atlas import pipeline
from rlvr_atlas.config import parse_recipe

HOSTILE = (
    "</title></script><script>alert('h')</script>\"'><img src=x onerror=alert(1)> [a](javascript:alert(2)) "
    "{{7*7}} $\\text{<b onclick=alert(3)>}$ $\\href{javascript:alert(4)}{x}$ \u202eturned\u202c "
    "How many <i>marks</i> are there?"
)
SECOND = "Of what number is \\(\\frac{1}{2}\\) the square <root>, when asked by &lt;nobody&gt;?"


def png():
    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes([200, 30, 30, 30, 30, 200]) for _ in range(2)))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


def problem(number):
    things = ("pears", "lanterns", "marbles", "kites", "ropes")[number % 5]
    a, b = 3 * number + 17, 2 * number + 5
    return (
        f"Mira packs {a} {things} into each of {b} crates. How many {things} does she pack (lot {number})?",
        a * b,
    )


def rows():
    """Files by name: a source, a train set made from it, a benchmark that it leaks."""
    source = [{"question": text, "answer": str(answer)} for text, answer in map(problem, range(60))]
    source += [{"question": HOSTILE, "answer": "<u>5</u>"}, {"question": SECOND, "answer": "\\frac{1}{4}"}]
    train = [{**row, "data_source": "<s>lot</s>"} for row in source[:30]]
    for number in range(30, 45):  # in part other words: uncertain matches
        text, answer = problem(number)
        changed = (
            text.replace("packs", "puts")
            .replace("How many", "Count how many")
            .replace("into each", "in each")
        )
        train.append({"question": f"{changed} Please think.", "answer": str(answer), "data_source": "lot"})
    train += [{"question": HOSTILE + " Think!", "answer": "<u>5</u>", "data_source": HOSTILE}]
    train += [{"question": "What does the picture <show>?", "answer": "2", "data_source": "x", "image": None}]
    train[-1]["image"] = "data:image/png;base64," + base64.b64encode(png()).decode()
    bench = [{"question": problem(number)[0], "answer": str(problem(number)[1])} for number in (3, 5, 70, 71)]
    return {"source": source, "train": train, "bench": bench}


@pytest.fixture(scope="session")
def traced(tmp_path_factory):
    """The folder of the workspace; copy it before writing."""
    folder = tmp_path_factory.mktemp("explored")
    for name, lines in rows().items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    recipe = parse_recipe(
        {
            "workspace": {"path": str(folder / "ws")},
            "match": {"semantic": False},
            "datasets": [
                {
                    "id": name,
                    "role": role,
                    "path": f"{name}.jsonl",
                    "released": f"202{year}-01-01",
                    "title": HOSTILE if name == "train" else name,
                    **({"atomic_source": "lots"} if name == "source" else {}),
                }
                for year, (name, role) in enumerate(
                    [("source", "source"), ("bench", "benchmark"), ("train", "train")]
                )
            ],
        },
        base=folder,
    )
    pipeline.run(recipe)
    return folder / "ws"


@pytest.fixture
def own(traced, tmp_path):
    """A copy of the workspace to write to."""
    return shutil.copytree(traced, tmp_path / "ws")
