"""The few operations of a top-k search that touch a whole block of scores, on numpy or on torch."""

from __future__ import annotations

import importlib.util
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.encoder.model import Tensor, fast_precision

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

#: Searches smaller than this (in multiplications) are done before torch would be imported.
_WORTH_TORCH = 1e11


class Engine(Protocol):
    """Where rough scores are computed. `scores` is a block (queries, rows) in its memory."""

    #: "float32", "float16" or "bfloat16": how rough they are.
    precision: str

    def load(self, rows: NDArray[Any]) -> Tensor:
        """Vectors in the engine's memory and precision; two of them multiply with `@`."""
        ...

    def hide_from(self, scores: Tensor, limits: Ints) -> None:
        """Set each query's scores from the column `limits` on to minus infinity."""
        ...

    def hide(self, scores: Tensor, rows: Ints, columns: Ints) -> None:
        """Set single scores to minus infinity."""
        ...

    def kth_best(self, scores: Tensor, rows: Ints, k: int) -> Floats:
        """The k-th largest score of some queries."""
        ...

    def at_least(self, scores: Tensor, floor: Floats) -> tuple[Ints, Ints, Floats]:
        """Query, column and value of all scores that are not below the floor of their query."""
        ...


class _Numpy:
    """float32 on a CPU."""

    precision = "float32"

    def load(self, rows: NDArray[Any]) -> Floats:
        return np.asarray(rows, dtype=np.float32)

    def hide_from(self, scores: Floats, limits: Ints) -> None:
        np.copyto(scores, -np.inf, where=np.arange(scores.shape[1]) >= limits[:, None])

    def hide(self, scores: Floats, rows: Ints, columns: Ints) -> None:
        scores[rows, columns] = -np.inf

    def kth_best(self, scores: Floats, rows: Ints, k: int) -> Floats:
        best: Floats = np.partition(scores[rows], -k, axis=1)[:, -k]
        return best

    def at_least(self, scores: Floats, floor: Floats) -> tuple[Ints, Ints, Floats]:
        # Four times as fast as np.nonzero on the matrix.
        flat = np.flatnonzero(scores >= floor[:, None])
        where, columns = np.divmod(flat, scores.shape[1])
        return where, columns, scores.ravel()[flat]


class _Torch:
    """Half precision, where the device multiplies it faster."""

    def __init__(self, device: str, precision: str) -> None:
        import torch

        self._torch: Any = torch
        self.device, self.precision = device, precision

    def load(self, rows: NDArray[Any]) -> Tensor:
        # Copied first: torch warns about arrays that it could write to but should not, such as memory maps.
        return self._torch.from_numpy(np.array(rows)).to(self.device, getattr(self._torch, self.precision))

    def hide_from(self, scores: Tensor, limits: Ints) -> None:
        columns = self._torch.arange(scores.shape[1], device=self.device)
        scores.masked_fill_(columns >= self._here(limits)[:, None], -self._torch.inf)

    def hide(self, scores: Tensor, rows: Ints, columns: Ints) -> None:
        scores[self._here(rows), self._here(columns)] = -self._torch.inf

    def kth_best(self, scores: Tensor, rows: Ints, k: int) -> Floats:
        return self._back(scores[self._here(rows)].topk(k, dim=1).values[:, -1].float())

    def at_least(self, scores: Tensor, floor: Floats) -> tuple[Ints, Ints, Floats]:
        flat = (scores >= self._here(floor)[:, None]).view(-1).nonzero().squeeze(1)
        where, columns = np.divmod(self._back(flat), scores.shape[1])
        return where, columns, self._back(scores.view(-1)[flat].float())

    def _here(self, array: NDArray[Any]) -> Tensor:
        return self._torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _back(self, tensor: Tensor) -> NDArray[Any]:
        array: NDArray[Any] = tensor.cpu().numpy()
        return array


def choose_engine(device: str | None, multiplications: int) -> Engine:
    """Torch where it is faster: on a GPU, or on a CPU with bfloat16 instructions; numpy otherwise."""
    if importlib.util.find_spec("torch") is None or (device is None and multiplications < _WORTH_TORCH):
        return _Numpy()
    import torch

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda"):
        return _Torch(device, "float16")  # unit vectors cannot overflow it, and it rounds less than bfloat16
    precision = fast_precision(device)
    return _Numpy() if precision == "float32" else _Torch(device, precision)
