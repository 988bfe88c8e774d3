"""What images look like, as a text that can be compared: pixels that are equal, or hashes that are near.

Written as `GROUP/PIXELS.HASH,PIXELS.HASH,...`, one `PIXELS.HASH` for each image of a problem in order.
Problems whose images may be the same share a group; before they are compared with others it is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: A perceptual hash has HASH_SIDE x HASH_SIDE bits.
HASH_SIDE = 16
BITS = HASH_SIDE * HASH_SIDE
#: Two hashes that differ in no more bits are of images that look alike (docs/benchmarks/images.md).
NEAR = 12
#: Stands for the pixels of an image that was not decoded exactly.
UNKNOWN = "-"


@dataclass(frozen=True)
class Look:
    """What one image looks like.

    Args:
        pixels: A digest of its pixels, or `UNKNOWN`.
        hash: Its perceptual hash, `BITS` bits.
    """

    pixels: str
    hash: int


def written(looks: Sequence[Look], group: str = "") -> str:
    """Looks as text."""
    return f"{group}/" + ",".join(f"{look.pixels}.{look.hash:0{BITS // 4}x}" for look in looks)


def group_of(text: str) -> str:
    """The group of some looks; empty where there is none."""
    return text.split("/", 1)[0]


def read(text: str) -> list[Look]:
    """Looks from their text."""
    parts = (one.split(".") for one in text.split("/", 1)[1].split(","))
    return [Look(pixels, int(seen, 16)) for pixels, seen in parts]


def distance(left: Sequence[Look], right: Sequence[Look]) -> int | None:
    """In how many bits the hashes of the least alike images differ; None where the images are not as many."""
    if len(left) != len(right):
        return None
    return max((ours.hash ^ theirs.hash).bit_count() for ours, theirs in zip(left, right, strict=True))


def same_pixels(left: Sequence[Look], right: Sequence[Look]) -> bool:
    """Whether all images are known to have the same pixels."""
    known = [look.pixels for look in left]
    return UNKNOWN not in known and known == [look.pixels for look in right]


def same_images(left: str, right: str) -> bool | None:
    """Whether images of other bytes are the same: True for equal pixels, None where they only look alike.

    Diagrams that differ in one label look alike too, so that this is never a proof.
    """
    ours, theirs = read(left), read(right)
    if same_pixels(ours, theirs):
        return True
    apart = distance(ours, theirs)
    return None if apart is not None and apart <= NEAR else False


def told(left: str, right: str) -> str | None:
    """The same in words, for a person; None where the images differ."""
    same, ours, theirs = same_images(left, right), read(left), read(right)
    if same:
        return "other bytes, the same pixels"
    return None if same is False else f"look alike, {distance(ours, theirs)} of {BITS} bits differ"
