"""Images that were stored anew, and images that are different: how far their perceptual hashes are apart.

    python benchmarks/images.py

Needs the extra `images`. Diagrams are drawn here, from a seed. Results: docs/benchmarks/images.md.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from rlvr_atlas.load.pictures import looks_of
from rlvr_atlas.schema import looks

_SEED, _DRAWN = 7, 60
_SIZES = ((320, 240), (640, 480), (1000, 700), (400, 400))


@dataclass(frozen=True)
class Diagram:
    """What is drawn: a polygon with labels at its corners, a circle, bars. Lengths: shares of the width."""

    size: tuple[int, int]
    points: tuple[tuple[float, float], ...]
    labels: tuple[str, ...]
    circle: tuple[float, float, float] | None = None
    bars: tuple[float, ...] = ()
    dashed: bool = False

    def image(self) -> Image.Image:
        """The drawing, black on white."""
        width, height = self.size
        drawn = Image.new("RGB", self.size, "white")
        draw = ImageDraw.Draw(drawn)
        corners = [(x * width, y * height) for x, y in self.points]
        thick = max(1, width // 250)
        draw.polygon(corners, outline="black", width=thick)
        if self.dashed:
            (left, up), (right, down) = corners[1:3]
            draw.line((corners[0], ((left + right) / 2, (up + down) / 2)), fill="black", width=thick)
        if self.circle:
            x, y, radius = (part * width for part in self.circle)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline="black", width=thick)
        for nth, bar in enumerate(self.bars):
            left = width * (0.1 + 0.8 * nth / len(self.bars))
            draw.rectangle((left, height * (0.95 - bar), left + width * 0.06, height * 0.95), fill="grey")
        font = ImageFont.load_default(size=max(10, width // 28))
        for label, (x, y) in zip(self.labels, corners, strict=False):
            draw.text((x + 5, y - 14), label, fill="black", font=font)
        return drawn


def diagrams(count: int, seed: int) -> list[Diagram]:
    """Diagrams that have nothing in common but how they are drawn."""
    draw = random.Random(seed)
    made = []
    for nth in range(count):
        sides = draw.choice((3, 3, 4, 5))
        turn = draw.uniform(0, 2 * math.pi)
        points = tuple(
            (
                0.5 + draw.uniform(0.25, 0.4) * math.cos(turn + 2 * math.pi * side / sides),
                0.5 + draw.uniform(0.25, 0.4) * math.sin(turn + 2 * math.pi * side / sides),
            )
            for side in range(sides)
        )
        labels = tuple(f"{letter} {draw.randint(11, 99)}" for letter in "ABCDE"[:sides])
        circle = (draw.uniform(0.3, 0.7), draw.uniform(0.2, 0.5), draw.uniform(0.05, 0.25))
        bars = tuple(draw.uniform(0.1, 0.8) for _ in range(draw.randint(3, 7)))
        made.append(
            Diagram(
                _SIZES[nth % len(_SIZES)],
                points,
                labels,
                circle if nth % 3 == 1 else None,
                bars if nth % 3 == 2 else (),
            )
        )
    return made


def stored(image: Image.Image, kind: str, **options: object) -> bytes:
    """An image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _resized(image: Image.Image, share: float) -> Image.Image:
    return image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS)


def _on_glass(image: Image.Image) -> Image.Image:
    """White made transparent."""
    clear = image.convert("RGBA")
    clear.putalpha(Image.eval(image.convert("L"), lambda value: 255 - value))
    return clear


#: The same picture, stored anew.
STORED: dict[str, Callable[[Image.Image], bytes]] = {
    "PNG, other compression": lambda image: stored(image, "PNG", compress_level=1),
    "PNG, opaque alpha": lambda image: stored(image.convert("RGBA"), "PNG"),
    "PNG, palette": lambda image: stored(image.quantize(256), "PNG"),
    "BMP": lambda image: stored(image, "BMP"),
    "WebP, lossless": lambda image: stored(image, "WEBP", lossless=True),
    "WebP, quality 80": lambda image: stored(image, "WEBP", quality=80),
    "WebP, quality 30": lambda image: stored(image, "WEBP", quality=30),
    "JPEG, quality 95": lambda image: stored(image, "JPEG", quality=95),
    "JPEG, quality 75": lambda image: stored(image, "JPEG", quality=75),
    "JPEG, quality 30": lambda image: stored(image, "JPEG", quality=30),
    "JPEG twice, quality 75": lambda image: stored(
        Image.open(io.BytesIO(stored(image, "JPEG", quality=75))), "JPEG", quality=75
    ),
    "greyscale": lambda image: stored(image.convert("L"), "PNG"),
    "white made transparent": lambda image: stored(_on_glass(image), "PNG"),
    "three quarters of the size": lambda image: stored(_resized(image, 0.75), "PNG"),
    "half the size": lambda image: stored(_resized(image, 0.5), "PNG"),
    "half the size, JPEG 75": lambda image: stored(_resized(image, 0.5), "JPEG", quality=75),
    "a quarter of the size": lambda image: stored(_resized(image, 0.25), "PNG"),
    "twice the size": lambda image: stored(_resized(image, 2), "PNG"),
}


def _label(one: Diagram) -> Diagram:
    letter, number = one.labels[0].split()
    return replace(one, labels=(f"{letter} {(int(number) + 13) % 89 + 11}", *one.labels[1:]))


def _digit(one: Diagram) -> Diagram:
    number = one.labels[0][-1]
    return replace(one, labels=(f"{one.labels[0][:-1]}{(int(number) + 1) % 10}", *one.labels[1:]))


def _exchanged(one: Diagram) -> Diagram:
    return replace(one, labels=(one.labels[1], one.labels[0], *one.labels[2:]))


def _moved(one: Diagram, far: float) -> Diagram:
    (x, y), *others = one.points
    return replace(one, points=((x + far, y), *others))


#: Another picture for another problem.
CHANGED: dict[str, Callable[[Diagram], Diagram]] = {
    "one digit of a label": _digit,
    "one label": _label,
    "two labels exchanged": _exchanged,
    "one more line": lambda one: replace(one, dashed=True),
    "a point moved by 1%": lambda one: _moved(one, 0.01),
    "a point moved by 5%": lambda one: _moved(one, 0.05),
    "a point moved by 15%": lambda one: _moved(one, 0.15),
}


@dataclass(frozen=True)
class Measured:
    """Of the pairs of one kind: how far they are apart, and how many have the same pixels."""

    distances: list[int]
    same_pixels: int

    def line(self, name: str) -> str:
        """As a line of a table."""
        told, many = sorted(self.distances), len(self.distances)
        high = told[min(many - 1, math.ceil(0.95 * many) - 1)]
        near = sum(apart <= looks.NEAR for apart in told)
        shares = f"{self.same_pixels / many:.0%} | {near / many:.0%}"
        return f"| {name} | {told[0]} | {told[many // 2]} | {high} | {told[-1]} | {shares} |"


def measure(pairs: Iterator[tuple[bytes, bytes]]) -> Measured:
    """Compare pairs of images."""
    distances, same = [], 0
    for pair in pairs:
        one, other = (looks.read(told) for content in pair if (told := looks_of([content])))
        distances.append(looks.distance(one, other) or 0)
        same += looks.same_pixels(one, other)
    return Measured(distances, same)


def measured(count: int = _DRAWN, seed: int = _SEED) -> dict[str, dict[str, Measured]]:
    """All kinds: the same picture stored anew, a changed picture, and pictures of nothing in common."""
    drawn = diagrams(count, seed)
    images = [(one, one.image()) for one in drawn]
    files = [stored(image, "PNG") for _, image in images]
    again = {
        name: measure((file, store(image)) for file, (_, image) in zip(files, images, strict=True))
        for name, store in STORED.items()
    }
    changed = {
        name: measure(
            (file, stored(change(one).image(), "PNG")) for file, (one, _) in zip(files, images, strict=True)
        )
        for name, change in CHANGED.items()
    }
    others = {"nothing in common": measure(pairwise(files))}
    return {"the same picture, stored anew": again, "another picture": changed | others}


def main() -> None:
    """Print a table for each."""
    for title, kinds in measured().items():
        print(f"| {title} | least | median | 95% | most | same pixels | near (<= {looks.NEAR}) |")
        print("|---|---|---|---|---|---|---|")
        for name, found in kinds.items():
            print(found.line(name))
        print()


if __name__ == "__main__":
    main()
