"""Speed of the encoder and of exact top-k, each beside the plain way of doing it, on real prompts.

Run: python benchmarks/encoder.py [--corpus FOLDER] [--rows 96] [--write docs/benchmarks/encoder.md]

Every variant of a table is run in turn, several rounds over, and its best round counts, so that what else the
machine does meanwhile weighs on all alike. Processor time tells what a variant costs, wall time what its user
waits.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import sentence_transformers
import torch

from rlvr_atlas.encoder.cache import EmbeddingCache, top_k
from rlvr_atlas.encoder.model import load_encoder

HERE = Path(__file__).resolve().parent
Array = np.ndarray[Any, Any]
TOP, QUERIES = 50, 3000


class Cost(NamedTuple):
    """Seconds of one variant."""

    wall: float
    cpu: float


def prompts(corpus: Path) -> list[str]:
    """The distinct questions of one real dataset, in file order."""
    frame = pl.read_parquet(corpus / "train" / "math7500_corewarding" / "train_original.parquet")
    return frame["prompt"].list.last().struct.field("content").unique(maintain_order=True).to_list()


def best_of(
    rounds: int, variants: Mapping[str, Callable[[], object]], workers: Sequence[int] = ()
) -> dict[str, Cost]:
    """Least wall time and least processor time of each variant, the variants taking turns.

    Args:
        rounds: How often each runs.
        variants: What to run, by name.
        workers: Process ids whose processor time counts too.
    """
    costs = {name: Cost(float("inf"), float("inf")) for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            started, used = time.perf_counter(), processor_seconds(workers)
            run()
            wall, cpu = time.perf_counter() - started, processor_seconds(workers) - used
            costs[name] = Cost(min(costs[name].wall, wall), min(costs[name].cpu, cpu))
    return costs


def processor_seconds(workers: Sequence[int]) -> float:
    """Processor time of this process, all its threads, and some others."""
    ticks = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in workers]
    return time.process_time() + sum(int(tick) for pair in ticks for tick in pair) / os.sysconf("SC_CLK_TCK")


def encoding(texts: list[str], rounds: int) -> dict[str, Cost]:
    """Cost of each way to encode the texts on this CPU."""
    cores = torch.get_num_threads()
    threads, single, half = (
        load_encoder(device="cpu", precision=precision, workers=workers)
        for precision, workers in (("float32", cores), ("float32", 1), ("bfloat16", cores))
    )
    plain, shared = threads._model, load_encoder(device="cpu", precision="float32")._model
    os.environ["OMP_NUM_THREADS"] = "1"  # inherited by the processes of the pool, which start here
    pool = shared.start_multi_process_pool(["cpu"] * cores)
    del os.environ["OMP_NUM_THREADS"]
    variants: dict[str, Callable[[], object]] = {
        "sentence-transformers `encode`, float32": lambda: plain.encode(texts, show_progress_bar=False),
        f"sentence-transformers, {cores} processes of one thread, float32": lambda: shared.encode(
            texts, pool=pool, chunk_size=32
        ),
        "`SentenceEncoder`, float32, workers=1 (torch's own threads)": lambda: single.encode(texts),
        f"`SentenceEncoder`, float32, workers={cores} (the default)": lambda: threads.encode(texts),
    }
    try:
        shared.encode(texts[: 4 * cores], pool=pool, chunk_size=1)  # the processes import torch first
        costs = best_of(rounds, variants, [process.pid for process in pool["processes"]])
    finally:
        shared.stop_multi_process_pool(pool)
    few = texts[: max(8, len(texts) // 8)]  # emulated bfloat16 is slow
    slow = best_of(1, {"": lambda: half.encode(few)})[""]
    share = len(texts) / len(few)
    costs[f"`SentenceEncoder`, bfloat16, workers={cores}"] = Cost(slow.wall * share, slow.cpu * share)
    return costs


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


def searching(vectors: Array, rounds: int) -> tuple[dict[str, Cost], float]:
    """Cost of each way to search, and the share of rows on which ours and the plain way agree."""
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


def caching(vectors: Array) -> dict[str, Cost]:
    """Cost of filling a cache of 100,000 rows, and of opening and questioning it."""

    class Ready:
        name, dimension = "ready", vectors.shape[1]

        def encode(self, texts: Sequence[str]) -> Array:
            return vectors[np.arange(len(texts)) % len(vectors)]

    keys = [f"{number:040x}" for number in range(100_000)]
    with tempfile.TemporaryDirectory() as folder:
        fill = {
            "write, in commits of 2,048": lambda: EmbeddingCache(Path(folder), Ready()).get_or_encode(
                keys, keys
            )
        }
        find = {"open again and find every key": lambda: EmbeddingCache(Path(folder), Ready()).find(keys)}
        return best_of(1, fill) | best_of(3, find)


def main() -> None:
    """Measure, print, and write the page where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=HERE.parent.parent / "shared" / "data" / "real")
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--write", type=Path, help="also write the result here")
    options = parser.parse_args()
    everything = prompts(options.corpus)
    texts = everything[:: max(1, len(everything) // options.rows)][: options.rows]
    encoder = load_encoder(device="cpu", precision="float32")
    vectors = encoder.encode(texts)
    searched, agree = searching(vectors, options.rounds)
    tables = {
        f"encoding {len(texts)} prompts on a CPU": encoding(texts, options.rounds),
        f"top {TOP} of 100,000 for {QUERIES:,} queries, on a CPU": searched,
        "cache of 100,000 rows": caching(vectors),
    }
    closing = [
        *(
            f"- Largest change of a cosine, {what}: {change:.1g}."
            for what, change in rounding(texts[::6]).items()
        ),
        f"- {encoder.truncated} of the {len(texts)} prompts were longer than the window.",
        f"- `top_k` and plain numpy name the same row in {agree:.3%} of places. They differ where two scores",
        "  are closer than float32 rounding; `top_k` is the one that agrees with float64.",
    ]
    text = page(options, tables, closing)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


def page(options: argparse.Namespace, tables: dict[str, dict[str, Cost]], closing: list[str]) -> str:
    """The result as Markdown."""
    bf16 = any(torch.cpu.get_capabilities().get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    lines = [
        "# Encoder and top-k search",
        "",
        f"Command: `python benchmarks/encoder.py --rows {options.rows} --rounds {options.rounds} "
        "--write docs/benchmarks/encoder.md`",
        "",
        f"{platform.machine()}, {torch.get_num_threads()} cores, "
        f"{'' if bf16 else 'no '}bfloat16 instructions, torch {torch.__version__}, "
        f"sentence-transformers {sentence_transformers.__version__}, numpy {np.__version__}.",
        f"Each variant in turn, best of {options.rounds} rounds. The machine had other work to do: "
        "read ratios, and of those the ones in processor time first.",
    ]
    for title, costs in tables.items():
        first = next(iter(costs.values()))
        lines += ["", f"| {title} | wall s | CPU s | speed, wall | speed, CPU |", "|---|---|---|---|---|"]
        lines += [
            f"| {name} | {cost.wall:.2f} | {cost.cpu:.2f} | {first.wall / cost.wall:.2f} "
            f"| {first.cpu / cost.cpu:.2f} |"
            for name, cost in costs.items()
        ]
    return "\n".join([*lines, "", *closing]) + "\n"


if __name__ == "__main__":
    main()
