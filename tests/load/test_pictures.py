"""What images look like: the same pixels, near hashes, and strangers' files that have no look."""

import importlib.util
import struct
import sys
import zlib
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from rlvr_atlas import ingest, pipeline
from rlvr_atlas.check import Checked, check
from rlvr_atlas.config import DatasetSpec, Recipe
from rlvr_atlas.load import attachments, open_dataset, pictures
from rlvr_atlas.schema import is_same_problem, looks
from rlvr_atlas.schema.attachments import look_of

from .attached_rows import image
from .test_load_attachments import store

_BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "images.py"


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    """The benchmark, which draws diagrams and stores them anew."""
    pytest.importorskip("PIL")
    pytest.importorskip("imagehash")
    spec = importlib.util.spec_from_file_location("benchmark_of_images", _BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_without_the_extra_no_image_is_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pictures, "can_look", lambda: False)
    assert pictures.looks_of([image("x")]) is None
    store([{"question": f"Find x{n}.", "image": image(str(n))} for n in range(6)], tmp_path / "a.parquet")
    rows = pl.concat(open_dataset(DatasetSpec(id="d", path="a.parquet"), tmp_path).batches())
    assert [look_of(one) for one in rows["attachments"]] == [None] * 6


def test_whether_the_extra_is_there_decides_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store(
        [{"question": f"What is {n} + {n + 3}?", "answer": str(2 * n + 3)} for n in range(9)],
        tmp_path / "a.jsonl",
    )
    spec = DatasetSpec(id="a", path="a.jsonl", role="train")
    recipe = Recipe(workspace={"path": "ws"}, datasets=[spec], base=tmp_path)
    names, made = [], []
    for there in (False, True, False):
        for module in (pipeline, ingest):
            monkeypatch.setattr(module, "can_look", lambda there=there: there)
        names.append(ingest.partition_name(open_dataset(spec, tmp_path)))
        made.append(pipeline.run(recipe, stages=["ingest"]).fingerprint_of("ingest"))
    assert names[0] == names[2] != names[1]
    assert made[0] == made[2] != made[1]


def test_images_that_are_no_bytes_and_too_many_have_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "can_look", lambda: True)
    monkeypatch.setattr(pictures, "_look", lambda content: looks.Look("p", content[0]))
    assert pictures.looks_of([b"a", b"b", b"a"]) == looks.written([looks.Look("p", 97), looks.Look("p", 98)])
    assert pictures.looks_of([b"a", "<svg></svg>"]) is None
    assert pictures.looks_of([bytes([n]) for n in range(16)]) is not None
    assert pictures.looks_of([bytes([n]) for n in range(17)]) is None
    assert pictures.looks_of([]) is None


# --- with the extra -----------------------------------------------------------------------------------------


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _bomb(width: int, height: int) -> bytes:
    """A small PNG of very many white pixels."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    lines = zlib.compressobj(9)
    data = lines.compress(b"\0" + b"\xff" * (width // 8)) + lines.flush()
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _hostile(drawing: ModuleType) -> dict[str, bytes]:
    from PIL import Image

    drawn = drawing.diagrams(2, 3)
    png = drawing.stored(drawn[0].image(), "PNG")
    jpeg = drawing.stored(drawn[0].image(), "JPEG")
    frames = [one.image().resize((100, 80)) for one in drawn]
    moving = {"save_all": True, "append_images": frames[1:]}
    text = _chunk(b"zTXt", b"x\0\0" + zlib.compress(b"a" * (80 << 20)))
    return {
        "nothing": b"",
        "words": b"no image at all",
        "only a head": b"\x89PNG\r\n\x1a\n",
        "PNG cut off": png[: len(png) // 2],
        "JPEG cut off": jpeg[: len(jpeg) // 2],
        "PNG with a wrong byte": png[:60] + b"\xff\xff\xff" + png[63:],
        "bomb of a thousand million pixels": _bomb(40_000, 30_000),
        "too many pixels": _bomb(8_000, 3_000),
        "bomb of text": png[:33] + text + png[33:],
        "blank": drawing.stored(Image.new("RGB", (300, 200), "white"), "PNG"),
        "white on transparent": drawing.stored(Image.new("RGBA", (30, 20), (255, 255, 255, 9)), "PNG"),
        "moving GIF": drawing.stored(frames[0], "GIF", **moving),
        "moving WebP": drawing.stored(frames[0], "WEBP", **moving),
        "moving PNG": drawing.stored(frames[0], "PNG", **moving),
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "TIFF": drawing.stored(frames[0], "TIFF"),
        "PPM": drawing.stored(frames[0], "PPM"),
    }


@pytest.mark.extra
def test_what_cannot_be_looked_at_has_no_look(drawing: ModuleType) -> None:
    for name, content in _hostile(drawing).items():
        assert pictures.looks_of([content]) is None, name


@pytest.mark.extra
def test_no_damage_ends_a_run(drawing: ModuleType) -> None:
    import random

    draw = random.Random(4)
    picture = drawing.diagrams(1, 3)[0].image().resize((90, 70))
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        content = drawing.stored(picture, kind)
        for _ in range(60):
            spoilt = bytearray(content)
            for _ in range(draw.randint(1, 4)):
                spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
            told = pictures.looks_of([bytes(spoilt)])
            assert told is None or len(looks.read(told)) == 1


@pytest.mark.extra
def test_a_large_photograph_is_decoded_smaller_and_its_pixels_are_not_known(drawing: ModuleType) -> None:
    picture = drawing.diagrams(1, 3)[0].image()
    large = drawing.stored(picture.resize((5000, 4000)), "JPEG", quality=90)
    told, small = (pictures.looks_of([one]) for one in (large, drawing.stored(picture, "PNG")))
    assert told is not None
    assert small is not None
    assert looks.read(told)[0].pixels == looks.UNKNOWN
    assert looks.same_images(told, small) is None


@pytest.mark.extra
def test_pixels_that_are_rounded_are_not_known(drawing: ModuleType) -> None:
    from PIL import Image

    deep = Image.new("I;16", (64, 64))
    deep.putdata([n * 16 for n in range(64 * 64)])
    told = pictures.looks_of([drawing.stored(deep, "PNG")])
    assert told is None or looks.read(told)[0].pixels == looks.UNKNOWN


@pytest.mark.extra
def test_a_drawing_is_not_the_same_in_another_ink_or_the_other_way_up(drawing: ModuleType) -> None:
    from PIL import Image

    picture = drawing.diagrams(1, 3)[0].image()
    turned = Image.Exif()
    turned[0x0112] = 3
    white = Image.new("RGBA", picture.size, (255, 255, 255, 0))
    black = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    for one in (white, black):
        one.paste((90, 0, 0, 255), (20, 20, 120, 90))
    files = [drawing.stored(picture, "PNG"), drawing.stored(picture, "PNG", exif=turned)]
    upright, other = (pictures.looks_of([file]) for file in files)
    assert upright is not None
    assert other is not None
    assert looks.same_images(upright, other) is False
    # The colour of what is wholly transparent is no part of a picture.
    one, two = (pictures.looks_of([drawing.stored(glass, "PNG")]) for glass in (white, black))
    assert one == two is not None


@pytest.mark.extra
def test_the_measurement_is_what_the_decision_stands_on(drawing: ModuleType) -> None:
    tables = drawing.measured(12, seed=11)
    stored, changed = tables["the same picture, stored anew"], tables["another picture"]
    exact = (
        "PNG, other compression",
        "PNG, opaque alpha",
        "PNG, palette",
        "BMP",
        "WebP, lossless",
        "greyscale",
    )
    for name in exact:
        assert (stored[name].same_pixels, max(stored[name].distances)) == (12, 0), name
    for name in ("JPEG, quality 75", "WebP, quality 80", "half the size", "twice the size"):
        assert max(stored[name].distances) <= looks.NEAR, name
    assert min(changed["nothing in common"].distances) > 4 * looks.NEAR
    # Another picture never has the same pixels, but it does look alike: near hashes prove nothing.
    assert all(found.same_pixels == 0 for found in changed.values())
    assert max(changed["one digit of a label"].distances) <= looks.NEAR


def _rows(contents: list[bytes], question: str = "Find x.") -> list[dict[str, object]]:
    return [
        {"question": question, "image": {"bytes": content, "path": None}, "answer": "12"}
        for content in contents
    ]


def _checked(train: list[bytes], bench: list[bytes], folder: Path) -> Checked:
    for name, contents in (("train", train), ("bench", bench)):
        store(_rows(contents), folder / f"{name}.parquet")
    return check(folder / "train.parquet", [str(folder / "bench.parquet")])


@pytest.mark.extra
def test_a_copy_that_was_stored_anew_without_loss_is_a_leak(drawing: ModuleType, tmp_path: Path) -> None:
    drawn = [one.image() for one in drawing.diagrams(12, 5)]
    bench = [drawing.stored(one, "PNG") for one in drawn]
    for name in ("WebP, lossless", "PNG, opaque alpha"):
        train = [drawing.STORED[name](one) for one in drawn[:6]]
        checked = _checked(train, bench, tmp_path)
        found = checked.leaks.filter(is_same_problem())
        assert found.select("row", "benchmark_row").sort("row").rows() == [(n, n) for n in range(6)]
        assert set(found["evidence"].struct.field("images")) == {"other bytes, the same pixels"}


@pytest.mark.extra
def test_a_copy_with_loss_is_not_known_and_no_leak(drawing: ModuleType, tmp_path: Path) -> None:
    drawn = [one.image() for one in drawing.diagrams(9, 5)]
    bench = [drawing.stored(one, "PNG") for one in drawn]
    for name in ("JPEG, quality 75", "half the size"):
        checked = _checked([drawing.STORED[name](one) for one in drawn], bench, tmp_path)
        assert (checked.leaked, checked.variants) == (0, 0)
        found = checked.unjudged
        assert found.select("row", "benchmark_row").sort("row").rows() == [(n, n) for n in range(9)]
        assert found["evidence"].struct.field("images").str.starts_with("look alike").all()


@pytest.mark.extra
def test_another_diagram_with_the_same_text_and_answer_is_never_a_leak(
    drawing: ModuleType, tmp_path: Path
) -> None:
    drawn = drawing.diagrams(9, 8)
    bench = [drawing.stored(one.image(), "PNG") for one in drawn]
    for name, change in drawing.CHANGED.items():
        train = [drawing.stored(change(one).image(), "PNG") for one in drawn]
        checked = _checked(train, bench, tmp_path)
        assert (checked.leaked, checked.variants) == (0, 0), name


@pytest.mark.extra
def test_keys_do_not_depend_on_the_extra(
    drawing: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    contents = [drawing.stored(one.image(), "PNG") for one in drawing.diagrams(6, 5)]
    store(_rows(contents), tmp_path / "a.parquet")
    spec = DatasetSpec(id="d", path="a.parquet")
    with_looks = ingest.read_partition(open_dataset(spec, tmp_path)).rows
    monkeypatch.setattr(attachments, "looks_of", lambda _: None)
    without = ingest.read_partition(open_dataset(spec, tmp_path)).rows
    assert with_looks["key"].equals(without["key"])
    assert all(look_of(one) for one in with_looks["attachments"])
    assert not any(look_of(one) for one in without["attachments"])
