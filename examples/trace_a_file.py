"""Trace a file: where its rows come from and what they leak. Everything is generated here, and offline.

Run it with: python examples/trace_a_file.py
"""

import json
import tempfile
from pathlib import Path

import rlvr_atlas as atlas
from rlvr_atlas.demo import problems


def main(folder: Path) -> None:
    """Write three files, trace one of them against the others, and make a mix without its leaks."""
    rows = [{"problem": p.text, "answer": p.answer} for p in problems("orchard_stories", 60)]
    parts = {"orchard": rows[:30], "exam": rows[40:50], "train": rows[10:45]}
    for name, part in parts.items():
        lines = "".join(json.dumps(row) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")

    traced = atlas.trace(
        folder / "train.jsonl",
        against=folder / "exam.jsonl",
        sources=folder / "orchard.jsonl",
        workspace=folder / "workspace",
        match={"semantic": False},
    )
    print(traced.summary)
    print(traced.leaks.select("row", "benchmark", "benchmark_row", "relation"))
    found = traced.explain(0)
    print(f"row 0 comes from {found.atomic_source}: {found.prompt}")
    traced.to_html(folder / "report.html")
    print(atlas.curate(traced).summary)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(temporary))
