"""Speed of the encoder and of exact top-k, each beside the plain way of doing it, on real prompts.

Run: python benchmarks/encoder.py [--corpus FOLDER] [--rows 256] [--write docs/benchmarks/encoder.md]

Every variant of a table is run in turn, several rounds over, and its best round counts, so that what else the
machine does meanwhile weighs on all alike. Read the ratios; the seconds belong to the machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
import sentence_transformers
import torch

from rlvr_atlas.match.embeddings import EmbeddingCache, top_k
from rlvr_atlas.match.encoder import load_encoder

HERE = Path(__file__).resolve().parent
Array = np.ndarray[Any, Any]
TOP, QUERIES = 50, 2000


class Table(NamedTuple):
    """Figures of several variants; `better` adds their speed against the first."""

    title: str
    unit: str
    values: dict[str, float]
    better: Literal["more", "less"] | None = None


def prompts(corpus: Path) -> list[str]:
    """The distinct questions of one real dataset, in file order."""
    frame = pl.read_parquet(corpus / "train" / "math7500_corewarding" / "train_original.parquet")
    return frame["prompt"].list.last().struct.field("content").unique(maintain_order=True).to_list()


def best_of(rounds: int, variants: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Shortest time of each variant in seconds, the variants taking turns."""
    seconds = dict.fromkeys(variants, float("inf"))
    for _ in range(rounds):
        for name, run in variants.items():
            started = time.perf_counter()
            run()
            seconds[name] = min(seconds[name], time.perf_counter() - started)
    return seconds


def encoding(texts: list[str], rounds: int) -> dict[str, float]:
    """Rows per second of each way to encode on this CPU."""
    cores = torch.get_num_threads()
    side_by_side = load_encoder(device="cpu", precision="float32")
    single = load_encoder(device="cpu", precision="float32", workers=1)
    half = load_encoder(device="cpu", precision="bfloat16")
    plain = side_by_side._model
    os.environ["OMP_NUM_THREADS"] = "1"  # inherited by the processes of the pool, which start here
    pool_of = load_encoder(device="cpu", precision="float32")._model
    pool = pool_of.start_multi_process_pool(["cpu"] * cores)
    del os.environ["OMP_NUM_THREADS"]
    few = texts[: max(16, len(texts) // 8)]  # emulated bfloat16 is slow
    try:
        variants: dict[str, Callable[[], object]] = {
            "sentence-transformers `encode`, float32": lambda: plain.encode(texts, show_progress_bar=False),
            f"sentence-transformers, {cores} processes of one thread, float32": lambda: pool_of.encode(
                texts, pool=pool
            ),
            "`SentenceEncoder`, float32, workers=1 (torch's own threads)": lambda: single.encode(texts),
            f"`SentenceEncoder`, float32, workers={cores} (the default)": lambda: side_by_side.encode(texts),
        }
        best_of(1, {name: run for name, run in variants.items() if "processes" in name})  # workers load first
        seconds = best_of(rounds, variants)
    finally:
        pool_of.stop_multi_process_pool(pool)
    speeds = {name: len(texts) / value for name, value in seconds.items()}
    slow = best_of(1, {"half": lambda: half.encode(few)})["half"]
    speeds[f"`SentenceEncoder`, bfloat16, workers={cores}"] = len(few) / slow
    return speeds


def rounding(texts: list[str]) -> dict[str, float]:
    """What bfloat16 and float16 storage change in a cosine."""
    whole = load_encoder(device="cpu", precision="float32").encode(texts).astype(np.float64)
    half = load_encoder(device="cpu", precision="bfloat16").encode(texts).astype(np.float64)
    stored = whole.astype(np.float16).astype(np.float64)
    exact = whole @ whole.T
    return {
        "computed in bfloat16": float(np.abs(half @ half.T - exact).max()),
        "computed in float32, stored as float16": float(np.abs(stored @ stored.T - exact).max()),
    }


def like_real(vectors: Array, rows: int, seed: int) -> Array:
    """As many unit vectors as asked for, each between two real ones, so that scores are spread as in life."""
    rng = np.random.default_rng(seed)
    pairs = rng.integers(0, len(vectors), (rows, 2))
    share = rng.random((rows, 1), dtype=np.float32)
    mixed = share * vectors[pairs[:, 0]] + (1 - share) * vectors[pairs[:, 1]]
    mixed += rng.standard_normal(mixed.shape, dtype=np.float32) * 0.02
    return (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float16)


def plain_top_k(queries: Array, corpus: Array, k: int) -> Array:
    """The usual few lines of numpy: blocks of float32 scores, argpartition, sort, merge."""
    queries = queries.astype(np.float32)
    best: Array = np.empty((len(queries), 0), dtype=np.float32)
    rows: Array = np.empty((len(queries), 0), dtype=np.int64)
    for start in range(0, len(corpus), 8192):
        scores = queries @ corpus[start : start + 8192].astype(np.float32).T
        part = np.argpartition(-scores, k, axis=1)[:, :k]
        best = np.hstack([best, np.take_along_axis(scores, part, axis=1)])
        rows = np.hstack([rows, part + start])
        keep = np.argsort(-best, axis=1, kind="stable")[:, :k]
        best, rows = np.take_along_axis(best, keep, axis=1), np.take_along_axis(rows, keep, axis=1)
    return rows


def searching(vectors: Array, rounds: int) -> tuple[dict[str, float], float]:
    """Seconds of each way to search, and the share of rows on which ours and the plain way agree."""
    corpus, queries = like_real(vectors, 100_000, seed=0), like_real(vectors, QUERIES, seed=3)
    order = np.random.default_rng(1).integers(0, 82, len(corpus))
    asked = np.random.default_rng(2).integers(0, 83, len(queries))
    variants: dict[str, Callable[[], object]] = {
        "numpy float32, argpartition": lambda: plain_top_k(queries, corpus, TOP),
        "torch float32, topk": lambda: torch_top_k(queries, corpus, TOP),
        "`top_k`": lambda: top_k(queries, corpus, TOP, device="cpu"),
        "`top_k`, only rows released earlier": lambda: top_k(
            queries, corpus, TOP, device="cpu", query_order=asked, corpus_order=order
        ),
    }
    agree = float((plain_top_k(queries, corpus, TOP) == top_k(queries, corpus, TOP, device="cpu")[0]).mean())
    return best_of(rounds, variants), agree


def torch_top_k(queries: Array, corpus: Array, k: int) -> Array:
    """The usual few lines of torch, in the same blocks."""
    asked = torch.from_numpy(queries).float()
    best, rows = torch.empty((len(asked), 0)), torch.empty((len(asked), 0), dtype=torch.long)
    for start in range(0, len(corpus), 8192):
        values, columns = (asked @ torch.from_numpy(corpus[start : start + 8192]).float().T).topk(k)
        best, place = torch.hstack([best, values]).topk(k)
        rows = torch.hstack([rows, columns + start]).gather(1, place)
    result: Array = rows.numpy()
    return result


def caching(vectors: Array) -> dict[str, float]:
    """Seconds to fill, open and question a cache of 100,000 rows."""

    class Ready:
        name, dimension = "ready", vectors.shape[1]

        def encode(self, texts: list[str]) -> Array:
            return vectors[np.arange(len(texts)) % len(vectors)]

    keys = [f"{number:040x}" for number in range(100_000)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return {
            "write, in commits of 2,048": best_of(
                1, {"": lambda: EmbeddingCache(place, Ready()).get_or_encode(keys, keys)}
            )[""],
            "open again and find every key": best_of(
                3, {"": lambda: EmbeddingCache(place, Ready()).find(keys)}
            )[""],
        }


def main() -> None:
    """Measure, print, and write the page where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=HERE.parent.parent / "shared" / "data" / "real")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, help="also write the result here")
    options = parser.parse_args()
    everything = prompts(options.corpus)
    texts = everything[:: max(1, len(everything) // options.rows)][: options.rows]
    encoder = load_encoder(device="cpu", precision="float32")
    vectors = encoder.encode(texts)
    searched, agree = searching(vectors, options.rounds)
    tables = [
        Table("encoding on a CPU", "rows/s", encoding(texts, options.rounds), better="more"),
        Table(f"top {TOP} of 100,000 for {QUERIES:,} queries, on a CPU", "seconds", searched, better="less"),
        Table("cache of 100,000 rows", "seconds", caching(vectors)),
        Table("largest change of a cosine", "by", rounding(texts[:64])),
    ]
    closing = (
        f"{encoder.truncated} of the {len(texts)} prompts were longer than the window. `top_k` and plain numpy name "
        f"the same row in {agree:.4%} of places; they differ where two scores are closer than float32 rounding, "
        "and there `top_k` is the one that agrees with float64 (tests/match/test_topk.py)."
    )
    text = page(options, tables, closing)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


def page(options: argparse.Namespace, tables: list[Table], closing: str) -> str:
    """The result as Markdown."""
    bf16 = any(torch.cpu.get_capabilities().get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    machine = [
        platform.machine(),
        f"{torch.get_num_threads()} cores",
        "bfloat16 instructions" if bf16 else "no bfloat16 instructions",
        f"torch {torch.__version__}",
        f"sentence-transformers {sentence_transformers.__version__}",
        f"numpy {np.__version__}",
    ]
    lines = [
        "# Encoder and top-k search",
        "",
        f"Command: `python benchmarks/encoder.py --rows {options.rows} --rounds {options.rounds} "
        "--write docs/benchmarks/encoder.md`",
        "",
        f"{', '.join(machine)}. Each variant in turn, best of {options.rounds} rounds; read the ratios.",
    ]
    for table in tables:
        first = next(iter(table.values.values()))
        columns = [table.title, table.unit, *(["speed"] if table.better else [])]
        lines += ["", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
        for name, value in table.values.items():
            speed = (
                [f"{value / first if table.better == 'more' else first / value:.2f}"] if table.better else []
            )
            lines.append(f"| {' | '.join([name, f'{value:.3g}', *speed])} |")
    return "\n".join([*lines, "", closing]) + "\n"


if __name__ == "__main__":
    main()
