"""Fit the metric of the default encoder's cosines: match/calibrations/all-MiniLM-L6-v2/metric.npz.

Run: python benchmarks/matching/metric.py WORKSPACE FOLDER [--corpus FOLDER]

One matrix, applied to every vector, so that rewordings come close and other problems of one topic do not. It
is learned from aligned rewordings of the train split (MATH and GSM8K; no benchmark file), against the other
originals of a batch and the nearest other texts of the corpus, by gradient descent from the identity.
FOLDER/metric-0.npy and -1.npy are fitted on half of these each: with them `measure.py` scores the other half,
so that the classifier does not learn from cosines that have seen their own pair.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import torch
from gold import REWORDED, arguments, fold_of, gold
from torch.nn.functional import cross_entropy, normalize

from rlvr_atlas.config import MatchSettings
from rlvr_atlas.match import embedder

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "src" / "rlvr_atlas" / "match" / "calibrations" / "all-MiniLM-L6-v2" / "metric.npz"
EPOCHS, BATCH, RATE, DECAY, SHARPNESS = 3, 256, 1e-3, 0.05, 20.0
#: How many of the nearest other texts each pair is told from; nearer than _COPY it may be the original again.
_NEAREST, _COPY = 8, 0.93


def fit(vectors: torch.Tensor, children: torch.Tensor, originals: torch.Tensor) -> torch.Tensor:
    """A matrix (d, d); vectors (m, d) of the corpus, and positions of pairs in it."""
    torch.manual_seed(0)
    near = vectors[originals] @ vectors.T
    rows = torch.arange(len(originals))
    near[rows, originals] = near[rows, children] = -1
    near[near > _COPY] = -1
    others = near.topk(_NEAREST, dim=1).indices
    change = torch.zeros(vectors.shape[1], vectors.shape[1], requires_grad=True)
    unit = torch.eye(vectors.shape[1])
    optimiser = torch.optim.AdamW([change], lr=RATE, weight_decay=DECAY)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(children)).split(BATCH):

            def seen(positions: torch.Tensor) -> torch.Tensor:
                return normalize(vectors[positions] @ (unit + change).T, dim=1)

            asked = seen(children[batch])
            against = torch.cat([seen(originals[batch]), seen(others[batch].reshape(-1))])
            loss = cross_entropy(SHARPNESS * asked @ against.T, torch.arange(len(batch)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return (unit + change).detach()


def found(
    metric: torch.Tensor, vectors: torch.Tensor, children: torch.Tensor, originals: torch.Tensor
) -> str:
    """Share of the originals that are the nearest, or among the 12 nearest, of all texts before."""
    seen = normalize(vectors @ metric.T, dim=1)
    scores = seen[children] @ seen[: int(children.min())].T
    rank = (scores > (seen[children] * seen[originals]).sum(1, keepdim=True) + 1e-6).sum(1)
    return f"nearest {(rank < 1).float().mean():.3f}, among 12 {(rank < 12).float().mean():.3f}"


def main() -> None:
    """Read the arguments, fit three times, and say what it does on the validation split."""
    given = arguments(__doc__).parse_args()
    torch.set_num_threads(1)  # the same sums in the same order
    instances = pl.read_parquet(given.workspace / "instances.parquet")
    texts = instances.unique("skeleton", keep="first", maintain_order=True)
    embed = embedder(MatchSettings(), given.folder / "embeddings")
    vectors = torch.tensor(embed(texts["key"].to_list(), texts["prompt"].to_list()).astype(np.float32))
    place = dict(zip(texts["skeleton"], range(texts.height), strict=True))
    pairs = gold(given.workspace, given.corpus).filter(pl.col("relation") == "same")
    pairs = pairs.with_columns(
        child=pairs["skeleton"].replace_strict(place),
        original=pairs["skeleton_original"].replace_strict(place),
    )
    train = pairs.filter(pl.col("split") == "train", pl.col("kind").is_in(REWORDED))
    fold = np.array([fold_of(text) for text in train["prompt_original"]])
    for half in (0, 1, None):
        of = train.filter(pl.Series(fold != half)) if half is not None else train
        metric = fit(vectors, of["child"].to_torch(), of["original"].to_torch())
        fitted = metric.numpy().astype(np.float16)
        path = TARGET if half is None else given.folder / f"metric-{half}.npy"
        if half is None:
            np.savez_compressed(path, metric=fitted)
        else:
            np.save(path, fitted)
        print(f"{path.name}: {of.height} pairs")
    for kind in pairs["kind"].unique(maintain_order=True):
        of = pairs.filter(kind=kind, split="validation")
        sides = of["child"].to_torch(), of["original"].to_torch()
        print(f"{kind}: as encoded: {found(torch.eye(len(metric)), vectors, *sides)}")
        print(f"{kind}: in the metric: {found(metric, vectors, *sides)}")


if __name__ == "__main__":
    main()
