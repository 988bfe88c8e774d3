"""Judge the packaged classifier on the test split and print docs/benchmarks/matching.md.

Run: python benchmarks/matching/report.py FOLDER WORKSPACE [--ablation] [--plain]

FOLDER is as benchmarks/matching/measure.py and links.py wrote it, WORKSPACE as it was given to them. With
--plain only what does without an encoder is printed, as measure.py --plain collects it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import kinds as by_kind
import numpy as np
import polars as pl
from judge import calibration_error, links, scored
from train import DROPPED, as_trees, chosen, fit

from rlvr_atlas.encoder.model import DEFAULT_ENCODER
from rlvr_atlas.match.calibrations import NO_ENCODER
from rlvr_atlas.match.classifier import Classifier, classifier
from rlvr_atlas.match.near_duplicates import signatures
from rlvr_atlas.text.token_table import TokenTable

MATH, GSM = (
    "math7500_corewarding_rewrite",
    ("benbench_gsm8k_test_rewritten", "gsm8k_rephrased_llmdecontaminator"),
)
PUZZLES = ("countdown10k_datacentric", "kk5_logicrl", "zebra_datacentric")
EVIDENCE = {
    "nothing": (),
    "answers": ("answers", "answer_weight", "telling", "forms"),
    "numbers": (
        "numbers",
        "child_numbers",
        "parent_numbers",
        "number_weight",
        "telling",
        "number_set",
        "numbers_gone",
        "numbers_new",
        "number_sets",
        "numbers_exchanged",
    ),
    "BM25 and its gap": ("bm25", "bm25_gap"),
    "crowds": ("crowding", "neighbours", "names"),
    "shares of rare terms": ("child_terms", "parent_terms"),
    "cosine and its gap": ("cosine", "cosine_gap"),
    "word overlap": (
        "lexical",
        "masked",
        "containment",
        "child_in_parent",
        "parent_in_child",
        "pairs",
        "changed",
        "child_ending",
        "parent_ending",
    ),
    "operators and formulas": ("operators", "formulas", "formula_size", "order"),
    "variables": ("variables",),
    "asks": ("asks_gone", "asks_new", "asks_exchanged"),
    "lengths and edges": ("length", "stretch", "edge"),
}


def test_split(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of the test split that are not doubtful where that matters: all of them, as found."""
    return pairs.filter(split="test")


RUNS = {
    "plain": "without encoder",
    "plain_hidden": "without encoder, answers hidden",
    "encoder": "with encoder",
    "encoder_hidden": "with encoder, answers hidden",
}


def run_rows(links: pl.DataFrame) -> list[str]:
    """Lines of a table: what whole runs did with the rewordings, and which tier did it."""
    rows = []
    for name, told in RUNS.items():
        if links.filter(run=name).is_empty():
            continue
        for problems, kinds in (("MATH", (MATH,)), ("GSM8K", GSM)):
            of = links.filter(pl.col("run") == name, pl.col("kind").is_in(kinds))
            summed = of.group_by("tier").agg(pl.col("texts", "links", "right").sum())
            by_tier = {row["tier"]: row for row in summed.iter_rows(named=True)}
            made, right, texts = (by_tier["all"][column] for column in ("links", "right", "texts"))
            recall, precision = right / texts, right / max(made, 1)
            f1 = 2 * recall * precision / max(recall + precision, 1e-9)
            tiers = " | ".join(
                f"{by_tier[tier]['right']} of {by_tier[tier]['links']}" for tier in ("lexical", "semantic")
            )
            figures = f"{recall:.3f} | {precision:.3f} | {f1:.3f}"
            rows.append(f"| {told} | {problems} | {texts} | {figures} | {tiers} |")
    return rows


def semhash_rows(path: Path) -> list[str]:
    """Lines of a table: semhash at its own threshold and a lower one, where it was run."""
    if not path.exists():
        return []
    found, rows = pl.read_csv(path), []
    for (threshold,), part in found.group_by("threshold", maintain_order=True):
        for problems, kinds in (("MATH", (MATH,)), ("GSM8K", GSM)):
            of = part.filter(pl.col("kind").is_in(kinds)).select("texts", "links", "right").sum()
            texts, made, right = of.row(0)
            recall, precision = right / texts, right / max(made, 1)
            f1 = 2 * recall * precision / max(recall + precision, 1e-9)
            figures = f"{recall:.3f} | {precision:.3f} | {f1:.3f}"
            rows.append(f"| semhash, threshold {threshold} | {problems} | {texts} | {figures} |")
    return rows


def hard_rows(links: pl.DataFrame) -> list[str]:
    """Lines of a table: what whole runs did with problems whose numbers were changed."""
    return [
        f"| {told} | {texts} | {made / texts:.4f} | {variant / texts:.3f} |"
        for name, told in RUNS.items()
        for texts, made, variant in links.filter(run=name, kind="gsm_hard", tier="all")
        .select("texts", "links", "variant")
        .iter_rows()
    ]


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


def ece(pairs: pl.DataFrame) -> str:
    """Calibration error over all pairs that are not doubtful, over those read, and over uncertain ones."""
    sure = pairs.filter(~pl.col("doubtful"))
    kept = (sure, sure.filter("read"), sure.filter(pl.col("p_calibrated").is_between(0.1, 0.9)))
    return " | ".join(f"{_error(part):.4f} ({part.height})" for part in kept)


def _error(pairs: pl.DataFrame) -> float:
    return calibration_error(
        pairs["p_calibrated"].to_numpy(), pairs["label"].is_in(["same", "embedded"]).to_numpy()
    )


def confusion(pairs: pl.DataFrame) -> list[str]:
    """Lines of a table: what pairs that are not doubtful are called."""
    called = (
        pl.when((1 - pl.col("p_same")) * pl.col("p_variant") >= 0.5).then(pl.lit("variant"))
        .when(pl.col("p_same") < 0.5).then(pl.lit("unrelated"))
        .when(pl.col("p_embedded") >= 0.5).then(pl.lit("embedded")).otherwise(pl.lit("same"))
    )  # fmt: skip
    sure = pairs.filter(~pl.col("doubtful")).with_columns(called=called)
    names = ("same", "embedded", "variant", "unrelated")
    rows = []
    for truth in names:
        of = sure.filter(label=truth)
        shares = " | ".join(f"{(of['called'] == name).mean() or 0.0:.4f}" for name in names)
        rows.append(f"| {truth} | {of.height} | {shares} |")
    return rows


def baselines(pairs: pl.DataFrame, workspace: Path) -> list[str]:
    """The same links by one similarity and a threshold."""
    skeletons = (
        pl.read_parquet(workspace / "instances.parquet")["skeleton"].unique(maintain_order=True).to_list()
    )
    known = pairs.filter(pl.col("kind").is_in([MATH, *GSM]))
    used = sorted({*known["child"], *known["parent"]})
    texts = TokenTable.of(skeletons[n] for n in used)
    signs = dict(zip(used, signatures(texts, np.arange(len(used)), seed=0), strict=True))
    grams = {n: _grams(texts[at]) for at, n in enumerate(used)}
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


def refitted(pairs: pl.DataFrame, dropped: float, hidden: tuple[str, ...]) -> Classifier:
    """A classifier trained without some of the evidence."""
    fitted = fit(pairs, dropped, hidden)
    questions = {name: as_trees(trees) for name, trees in fitted["questions"].items()}
    return Classifier(questions, fitted["least_likely"])


def table(title: str, head: str, rows: list[str]) -> None:
    """Print one table."""
    print(f"\n## {title}\n\n| {head} |\n|{'---|' * (head.count('|') + 1)}")
    print("\n".join(rows))


def main(folder: Path, workspace: Path, *, ablate: bool, plain: bool) -> None:
    """Print the page."""
    known, hidden = (pl.read_parquet(folder / f"{name}.parquet") for name in ("known", "hidden"))
    whole: dict[str, pl.DataFrame] = {}
    sets: dict[str, pl.DataFrame] = {}
    for encoder in (False,) if plain else (False, True):
        told = "with encoder" if encoder else "without encoder"
        whole[told] = chosen(known, hidden, with_encoder=encoder)
        judged = test_split(scored(whole[told], classifier(DEFAULT_ENCODER if encoder else NO_ENCODER)))
        sets[told] = judged.filter("answered")
        sets[f"{told}, answers hidden"] = judged.filter(~pl.col("answered"))
    print((Path(__file__).parent / "page.template").read_text(encoding="utf-8").rstrip())
    made = pl.read_csv(folder / "links-test.csv")
    head = (
        "run | rewordings of | texts | recall | precision | F1 | right, lexical tier | right, semantic tier"
    )
    table("Links to the right problem", head, run_rows(made))
    table(
        "gsm_hard in the same runs",
        "run | texts | called the same | variant of the right one",
        hard_rows(made),
    )
    head = "rule | rewordings of | texts | recall | precision | F1"
    rows = [row for told, pairs in sets.items() for row in link_rows(f"classifier alone, {told}", pairs)]
    if not plain:
        rows += link_rows("MiniLM cosine >= 0.90 (the paper's rule)", sets["with encoder"], "encoded", 0.9)
        rows += link_rows("MiniLM cosine >= 0.80", sets["with encoder"], "encoded", 0.8)
        rows += link_rows("cosine >= 0.80 in the metric", sets["with encoder"], "cosine", 0.8)
    rows += semhash_rows(folder / "semhash-test.csv")
    rows += baselines(sets["without encoder"], workspace)
    table("Each pair by itself: the classifier alone, and simpler rules", head, rows)
    for told, pairs in sets.items():
        table(f"Other problems, {told}", "kind | number | called the same | called variant", rates(pairs))
    for told, pairs in sets.items():
        head = "kind | texts | called the same | and `embedded`"
        table(f"Embedded texts, {told}", head, embedded_rows(pairs))
    for told, pairs in sets.items():
        rows = [str(line) for line in by_kind.lines(pairs)]
        table(f"Edits, look-alikes and answers that mislead, {told}", by_kind.HEAD, rows)
    for told, pairs in sets.items():
        table(f"Confusion, {told}", "truth | pairs | same | embedded | variant | unrelated", confusion(pairs))
    head = "classifier | over all pairs | over pairs that were read | in bins of 0.1 to 0.9"
    table("Expected calibration error", head, [f"| {told} | {ece(p)} |" for told, p in sets.items()])
    for told in whole if ablate else ():
        ablation(whole[told], told, told == "with encoder")


def ablation(pairs: pl.DataFrame, told: str, encoder: bool) -> None:
    """What each kind of evidence, and of training pairs, buys: the classifier trained again without it."""
    rows = []
    dropped = DROPPED[DEFAULT_ENCODER if encoder else NO_ENCODER]
    for name, hidden in EVIDENCE.items():
        if "cosine" not in hidden or encoder:
            rows.append(figures(name, pairs, refitted(pairs, dropped, hidden)))
    real = pairs.filter(~pl.col("kind").str.starts_with("generated"))
    rows.append(figures("pairs of the demo's generator", pairs, refitted(real, dropped, ())))
    head = (
        "left out | MATH recall | precision | GSM8K recall | precision | generated heavy, recall"
        " | changed, called the same | ECE"
    )
    table(f"What each kind of evidence buys, {told}", head, rows)


def figures(name: str, pairs: pl.DataFrame, classifier: Classifier) -> str:
    """A line of the table."""
    judged = test_split(scored(pairs, classifier))
    told: list[str] = []
    for kinds in ((MATH,), GSM, ("generated heavy",)):
        of = judged.filter(pl.col("kind").is_in(kinds))
        found = links(of, of.select("child").unique(), "p_same")
        told += [f"{found['recall']:.3f}", f"{found['precision']:.3f}"]
    other = judged.filter(
        pl.col("kind").is_in(["gsm_hard", "renumbered", "ask flipped"]), pl.col("label") == "variant"
    )
    wrong = (other["p_same"] >= 0.5).mean() or 0.0
    error = _error(judged.filter(~pl.col("doubtful")))
    return f"| {name} | {' | '.join(told[:-1])} | {wrong:.4f} | {error:.4f} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), ablate="--ablation" in sys.argv, plain="--plain" in sys.argv)
