"""What a workspace withstands: kills, flipped bits, two processes, a full disk, read-only files.

Run: python benchmarks/faults [--part NAMES] [--results FOLDER] [--write docs/benchmarks/faults.md]

Parts that were done before are read from the results folder, so that the page can be made from several runs.
Exits with 1 if anything was lost, read as other data, or ended in a traceback. Takes half an hour on two
cores. Mounts a small disk in memory for the part `full`, and drops rights for `readonly`, so it wants to be
run as root, on Linux; where it is not, these parts say what they could not do.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import corpus
import disks
import flips
import kills
import rivals

from rlvr_atlas import __version__

Lines = list[dict[str, object]]
#: Outcomes in capitals are those that must not be.
PARTS: dict[str, Callable[[Path, Path, argparse.Namespace], Lines]] = {
    "kills": lambda data, place, asked: kills.kills(data, place, asked.kills, asked.seed),
    "flips": lambda data, place, asked: flips.flips(data, place, asked.flips, asked.seed),
    "two": lambda data, place, _: rivals.rivals(data, place),
    "full": lambda data, place, _: disks.full(data, place),
    "readonly": lambda data, place, _: disks.read_only(data, place),
}


def is_bad(line: dict[str, object]) -> bool:
    """Whether a line tells of something that must not be: its outcome is in capitals."""
    return any(isinstance(value, str) and value[:3].isupper() for value in line.values())


def table(lines: Lines) -> str:
    """Lines as a table in Markdown."""
    names = list(lines[0])
    rows = [names, ["---"] * len(names), *([str(line[name]) for name in names] for line in lines)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def page(results: dict[str, Lines], asked: argparse.Namespace) -> str:
    """The page, filled in."""
    told = {
        "command": "python benchmarks/faults --write docs/benchmarks/faults.md",
        "versions": f"rlvr-atlas {__version__}, Python {platform.python_version()}, seed {asked.seed}",
        "note": asked.note,
        "datasets": len(corpus.DATASETS),
    }
    for part, lines in results.items():
        told[part] = table(lines)
        told[f"{part}_times"] = sum(int(str(line["times"])) for line in lines)
        told[f"{part}_bad"] = sum(int(str(line["times"])) for line in lines if is_bad(line))
    return (Path(__file__).parent / "page.template").read_text(encoding="utf-8").format(**told)


def main() -> int:
    """Do the parts that are asked for; 1 if one of them found something bad."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default=",".join(PARTS))
    parser.add_argument("--results", type=Path, default=Path("faults-results"))
    parser.add_argument("--write", type=Path)
    parser.add_argument("--note", default="", help="What a reader of the page should know of these results.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--flips", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    logging.disable()  # what the library says of damaged caches is no result
    asked.results.mkdir(parents=True, exist_ok=True)
    for part in filter(None, asked.part.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            corpus.make(place / "corpus")
            lines = PARTS[part](place / "corpus", place, asked)
        (asked.results / f"{part}.json").write_text(json.dumps(lines, indent=1), encoding="utf-8")
        print(table(lines), flush=True)
    files = {part: asked.results / f"{part}.json" for part in PARTS}
    results = {part: json.loads(file.read_text()) for part, file in files.items() if file.exists()}
    if asked.write and len(results) == len(PARTS):
        asked.write.write_text(page(results, asked), encoding="utf-8")
    return 1 if any(is_bad(line) for lines in results.values() for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
