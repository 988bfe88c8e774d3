"""What an image looks like: a digest of its pixels and a perceptual hash, with the extra `images` alone.

Images come from strangers. Only common formats are opened, never one that runs a program; what is too large,
moves, is cut off or cannot be read has no look, which costs nothing but that evidence.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from rlvr_atlas.schema.looks import HASH_SIDE, UNKNOWN, Look, written

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
#: No more is decoded: 64 MiB as RGBA, and a few times that while it is looked at.
_MOST_PIXELS, _MOST_BYTES = 1 << 24, 64 << 20
#: A JPEG with more pixels is decoded smaller, to no less than this.
_DRAFT = (512, 512)
#: A problem with more images is known by its bytes alone.
_MOST_IMAGES = 16
#: With more than 8 bits a channel, decoding rounds: equal pixels may then be of different images.
_EXACT_MODES = frozenset(("1", "L", "LA", "P", "PA", "RGB", "RGBA"))


@cache
def can_look() -> bool:
    """Whether what it takes to look at images is installed."""
    return all(find_spec(name) is not None for name in ("PIL", "imagehash"))


def looks_of(contents: Sequence[bytes | str]) -> str | None:
    """What the images of a problem look like, as `schema.looks` writes it.

    Args:
        contents: Of its images, in order.

    Returns:
        None where any of them cannot be looked at, there are too many, or the extra is not installed.
    """
    different = list(dict.fromkeys(contents))
    if not can_look() or len(different) > _MOST_IMAGES:
        return None
    looks = []
    for content in different:
        look = _look(content) if isinstance(content, bytes) else None
        if look is None:
            return None
        looks.append(look)
    return written(looks) if looks else None


def _look(content: bytes) -> Look | None:
    if len(content) > _MOST_BYTES:
        return None
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                return _of_image(image)
    except Exception:  # whatever a stranger's image can do costs its look only
        return None


def _of_image(image: Image) -> Look | None:
    from PIL import ImageOps

    if getattr(image, "n_frames", 1) > 1:
        return None
    whole = image.width * image.height <= _MOST_PIXELS
    if not whole:
        image.draft(image.mode, _DRAFT)
        if image.width * image.height > _MOST_PIXELS:
            return None
    exact = whole and image.mode in _EXACT_MODES
    shown = ImageOps.exif_transpose(image).convert("RGBA")
    seen = _perceptual_hash(shown)
    return None if seen is None else Look(_digest(shown) if exact else UNKNOWN, seen)


def _digest(shown: Image) -> str:
    """16 hex digits over the size and the pixels; the colour of what is wholly transparent does not count."""
    import numpy as np

    pixels = np.array(shown)
    pixels[pixels[..., 3] == 0] = 0
    return hashlib.blake2b(f"{shown.size}".encode() + pixels.tobytes(), digest_size=8).hexdigest()


def _perceptual_hash(shown: Image) -> int | None:
    """The signs of the low frequencies, 256 bits, as on white paper; None where nothing is drawn."""
    import imagehash
    from PIL import Image

    paper = Image.new("RGBA", shown.size, "white")
    grey = Image.alpha_composite(paper, shown).convert("L")
    extrema: Any = grey.getextrema()
    if extrema[0] == extrema[1]:
        return None
    return int(str(imagehash.phash(grey, hash_size=HASH_SIDE)), 16)
