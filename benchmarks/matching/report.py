"""Judge the packaged verifier on the test split and print docs/benchmarks/matching.md.

Run: python benchmarks/matching/report.py FOLDER WORKSPACE [--ablation] > docs/benchmarks/matching.md
(FOLDER as written by benchmarks/matching/measure.py, WORKSPACE as given to it.)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from judge import calibration_error, links, scored
from train import fit

from rlvr_atlas.match import minhash
from rlvr_atlas.match.model import Model, Trees, model
from rlvr_atlas.match.signals import FEATURES
from rlvr_atlas.match.tokens import Parts

MATH, GSM = (
    "math7500_corewarding_rewrite",
    ("benbench_gsm8k_test_rewritten", "gsm8k_rephrased_llmdecontaminator"),
)
PUZZLES = ("countdown10k_datacentric", "kk5_logicrl")
EVIDENCE = {
    "nothing": (),
    "answers": ("answers", "answer_weight"),
    "numbers": (
        "numbers",
        "child_numbers",
        "parent_numbers",
        "number_weight",
        "number_set",
        "numbers_gone",
        "numbers_new",
    ),
    "BM25 and its gap": ("bm25", "bm25_gap", "crowding"),
    "cosine and its gap": ("cosine", "cosine_gap"),
    "word overlap": ("lexical", "masked", "containment", "child_in_parent", "parent_in_child", "pairs"),
    "operators and formulas": ("operators", "formulas", "formula_size", "order"),
    "variables": ("variables",),
    "asks": ("asks_gone", "asks_new"),
    "lengths and edges": ("length", "growth", "edge"),
}


def test_split(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of the test split that are not doubtful where that matters: all of them, as found."""
    return pairs.filter(split="test")


def link_rows(name: str, pairs: pl.DataFrame, score: str = "p_same", threshold: float = 0.5) -> list[str]:
    """Lines of a table: rewordings of MATH and of GSM8K."""
    rows = []
    for told, kinds in (("MATH", (MATH,)), ("GSM8K", GSM)):
        of = pairs.filter(pl.col("kind").is_in(kinds))
        found = links(of, of.select("child").unique(), score, threshold)
        figures = " | ".join(f"{found[name]:.3f}" for name in ("recall", "precision", "f1"))
        rows.append(f"| {name} | {told} | {found['texts']} | {figures} |")
    return rows


def rates(pairs: pl.DataFrame) -> list[str]:
    """Lines of a table: what other problems are taken for."""
    rows = []
    kinds = ["gsm_hard", "renumbered", "ask flipped", *PUZZLES]
    for kind in kinds:
        of = pairs.filter(kind=kind)
        n = of["child"].n_unique()
        wrong = of.filter(pl.col("label") == "variant", pl.col("p_same") >= 0.5)
        named = of.filter(pl.col("label") == "variant", (1 - pl.col("p_same")) * pl.col("p_variant") >= 0.5)
        asked = "of texts" if kind not in PUZZLES else "of pairs"
        size = n if kind not in PUZZLES else of.filter(label="variant").height
        taken = wrong["child"].n_unique() if kind not in PUZZLES else wrong.height
        said = named["child"].n_unique() if kind not in PUZZLES else named.height
        rows.append(
            f"| {kind} | {size} {asked[3:]} | {taken / max(size, 1):.4f} | {said / max(size, 1):.3f} |"
        )
    return rows


def embedded_rows(pairs: pl.DataFrame) -> list[str]:
    """Lines of a table: texts that hold another, or are held by it."""
    rows = []
    for kind in ("options appended", "context added", "first sentence cut", "one of two questions"):
        of = pairs.filter(kind=kind)
        right = of.filter(pl.col("label") == "embedded", pl.col("p_same") >= 0.5)
        n = max(of["child"].n_unique(), 1)
        named = right.filter(pl.col("p_embedded") >= 0.5)["child"].n_unique()
        rows.append(f"| {kind} | {n} | {right['child'].n_unique() / n:.3f} | {named / n:.3f} |")
    return rows


def ece(pairs: pl.DataFrame) -> float:
    """Calibration error over all pairs that are not doubtful and not ruled out at a glance."""
    sure = pairs.filter(~pl.col("doubtful"))
    return calibration_error(sure["p_same"].to_numpy(), sure["label"].is_in(["same", "embedded"]).to_numpy())


def baselines(pairs: pl.DataFrame, workspace: Path) -> list[str]:
    """The same links by one similarity and a threshold."""
    skeletons = (
        pl.read_parquet(workspace / "instances.parquet")["skeleton"].unique(maintain_order=True).to_list()
    )
    known = pairs.filter(pl.col("kind").is_in([MATH, *GSM]))
    used = sorted({*known["child"], *known["parent"]})
    parts = {n: Parts.of(skeletons[n]) for n in used}
    signs = dict(zip(used, minhash.signatures([parts[n].shingles for n in used]), strict=True))
    grams = {n: _grams(parts[n].tokens) for n in used}
    similar, shared = [], []
    for child, parent in known.select("child", "parent").iter_rows():
        similar.append(float((signs[child] == signs[parent]).mean()))
        shared.append(float(bool(grams[child] & grams[parent])))
    known = known.with_columns(minhash=pl.Series(similar), grams=pl.Series(shared))
    return [
        *link_rows("MinHash (rensa), Jaccard >= 0.7", known, "minhash", 0.7),
        *link_rows("one 13-gram shared", known, "grams", 1.0),
    ]


def _grams(tokens: tuple[str, ...], n: int = 13) -> set[tuple[str, ...]]:
    return {tokens[i : i + n] for i in range(len(tokens) - n + 1)}


def refitted(pairs: pl.DataFrame, hidden: tuple[str, ...]) -> Model:
    """A verifier trained without some of the evidence."""
    columns = np.arange(len(FEATURES))
    return Model({name: Trees.read(trees, columns) for name, trees in fit(pairs, hidden).items()})


def table(title: str, head: str, rows: list[str]) -> None:
    """Print one table."""
    print(f"\n## {title}\n\n| {head} |\n|{'---|' * (head.count('|') + 1)}")
    print("\n".join(rows))


def main(folder: Path, workspace: Path, *, ablate: bool) -> None:
    """Print the page."""
    sets: dict[str, tuple[pl.DataFrame, Model]] = {}
    for name in ("plain", "hidden", "encoder", "encoder_hidden"):
        if (folder / f"{name}.parquet").exists():
            fitted = model(with_encoder=name.startswith("encoder"))
            pairs = pl.read_parquet(folder / f"{name}.parquet")
            sets[name] = test_split(scored(pairs, fitted)), fitted
    told = {
        "plain": "without encoder",
        "hidden": "without encoder, answers hidden",
        "encoder": "with encoder",
        "encoder_hidden": "with encoder, answers hidden",
    }
    print((Path(__file__).parent / "page.template").read_text(encoding="utf-8").rstrip())
    head = "verifier | rewordings of | texts | recall | precision | F1"
    rows = [row for name, (pairs, _) in sets.items() for row in link_rows(told[name], pairs)]
    if "encoder" in sets:
        rows += link_rows("MiniLM cosine >= 0.90", sets["encoder"][0], "cosine", 0.9)
        rows += link_rows("MiniLM cosine >= 0.80", sets["encoder"][0], "cosine", 0.8)
    table("Links to the right problem", head, [*rows, *baselines(sets["plain"][0], workspace)])
    for name, (pairs, _) in sets.items():
        table(
            f"Other problems, {told[name]}", "kind | number | called the same | called variant", rates(pairs)
        )
    for name, (pairs, _) in sets.items():
        table(
            f"Embedded texts, {told[name]}",
            "kind | texts | called the same | and `embedded`",
            embedded_rows(pairs),
        )
    table(
        "Calibration",
        "verifier | expected calibration error",
        [f"| {told[n]} | {ece(p):.4f} |" for n, (p, _) in sets.items()],
    )
    for name in ("plain", "encoder") if ablate else ():
        if name in sets:
            ablation(pl.read_parquet(folder / f"{name}.parquet"), told[name], name == "encoder")


def ablation(pairs: pl.DataFrame, told: str, encoder: bool) -> None:
    """What each kind of evidence buys: the verifier trained again without it."""
    rows = []
    for name, hidden in EVIDENCE.items():
        if "cosine" in hidden and not encoder:
            continue
        judged = test_split(scored(pairs, refitted(pairs, hidden)))
        figures: list[Any] = []
        for kinds in ((MATH,), GSM):
            of = judged.filter(pl.col("kind").is_in(kinds))
            found = links(of, of.select("child").unique(), "p_same")
            figures += [f"{found['recall']:.3f}", f"{found['precision']:.3f}"]
        other = judged.filter(
            pl.col("kind").is_in(["gsm_hard", "renumbered", "ask flipped"]), pl.col("label") == "variant"
        )
        wrong = (other["p_same"] >= 0.5).mean() or 0.0
        rows.append(f"| {name} | {' | '.join(figures)} | {wrong:.4f} | {ece(judged):.4f} |")
    head = "left out | MATH recall | precision | GSM8K recall | precision | changed, called the same | ECE"
    table(f"What each kind of evidence buys, {told}", head, rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), ablate="--ablation" in sys.argv)
