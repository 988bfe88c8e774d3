"""Which images in view may be the same though their bytes differ: groups of problems by what they look like.

Only those in one group are compared (`schema.attachments.agree`), so that thousands of images of one question
make no pairs. A picture that looks like very many others tells nothing, and is known by its bytes alone.
"""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlvr_atlas.schema import looks
from rlvr_atlas.schema.attachments import look_of, with_look
from rlvr_atlas.stats import components

#: Hashes that differ in fewer bits than there are parts of them have a part in common.
_PARTS = 16
#: A part that more pictures share is of their kind; one that is like more others has no look of its own.
_SHARED, _MOST_ALIKE, _LARGEST_GROUP = 64, 8, 32

Pairs = NDArray[np.int64]


def with_groups(attachments: pl.Series) -> pl.Series:
    """The column with the group of each look; looks that are like no other are left out.

    Args:
        attachments: Of distinct problems, looks without a group.
    """
    look = pl.Series("look", [look_of(one) for one in attachments], dtype=pl.String)
    if look.null_count() == len(look):
        return attachments
    different = pl.DataFrame({"look": look, "all": attachments}).drop_nulls().unique()
    contents = Counter(different["look"])
    groups = _groups(sorted(contents), contents)
    changed = [
        one if one is None or seen is None else with_look(one, groups.get(seen))
        for one, seen in zip(attachments, look, strict=True)
    ]
    return pl.Series(attachments.name, changed, dtype=pl.String)


def _groups(texts: list[str], contents: Counter[str]) -> dict[str, str]:
    """Look -> the same with its group, of those that are like others or stand for several contents."""
    roots = _roots(texts)
    sizes = Counter(roots)
    named = {}
    for place, root in enumerate(roots):
        of = root if sizes[root] <= _LARGEST_GROUP else place
        if contents[texts[place]] > 1 or (of == root and sizes[root] > 1):
            group = hashlib.blake2b(texts[of].encode(), digest_size=8).hexdigest()
            named[texts[place]] = looks.written(looks.read(texts[place]), group)
    return named


def _roots(texts: list[str]) -> list[int]:
    """For each look the first one that it is like, by way of others too; itself in a crowd."""
    first = [looks.read(text)[0].hash.to_bytes(looks.BITS // 8, "big") for text in texts]
    near = [
        (one, other)
        for one, other in _near(np.frombuffer(b"".join(first), np.uint8).reshape(len(texts), -1)).tolist()
        if looks.same_images(texts[one], texts[other]) is not False
    ]
    alike = Counter(side for pair in near for side in pair)
    return components(len(texts), (pair for pair in near if max(alike[side] for side in pair) <= _MOST_ALIKE))


def _near(hashes: NDArray[np.uint8]) -> Pairs:
    """Pairs (n, 2) of lines that share a part and differ in few bits, each once, in order."""
    lines = len(hashes)
    parts = hashes.view(">u2").astype(np.int64) + (np.arange(_PARTS) << 16)
    shared = pl.DataFrame({"line": np.repeat(np.arange(lines), _PARTS), "part": parts.ravel()})
    shared = shared.filter(pl.len().over("part").is_between(2, _SHARED))
    both = shared.join(shared, on="part", suffix="_other").filter(pl.col("line") < pl.col("line_other"))
    pairs = both.select("line", "line_other").unique().sort("line", "line_other").to_numpy()
    apart = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]).sum(axis=1)
    near: Pairs = pairs[apart <= looks.NEAR].astype(np.int64)
    return near
