"""Sets of problems that are asked in a few words again and again, each of something else."""

import base64
import io
import struct
import wave
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
_ASKED = [
    "Find x.",
    "Find the measure of angle ABC.",
    "What is the area of the shaded region?",
    "How many are there?",
]
_GOALS = [
    "Fix the failing test.",
    "Finish the task that the user was promised.",
    "Put the clean mug on the desk.",
]
_STATED = ["Complete the function.", "Implement the function as its docstring says."]


def image(seed: str) -> bytes:
    """Bytes that begin as a PNG does; equal seeds give equal bytes."""
    return b"\x89PNG\r\n\x1a\n" + b"\x00\xff" + seed.encode() * 3


def sound(seed: str) -> bytes:
    """A WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", ord(letter) * 97) for letter in seed))
    return buffer.getvalue()


def base64_of(seed: str) -> str:
    """The image in base64."""
    return base64.b64encode(image(seed)).decode()


def sound_in_base64(seed: str) -> str:
    """The WAV file in base64."""
    return base64.b64encode(sound(seed)).decode()


def data_url(seed: str) -> str:
    """The image as a data URL."""
    return f"data:image/png;base64,{base64_of(seed)}"


def _message(*parts: Row, text: str) -> list[Row]:
    return [{"role": "user", "content": [*parts, {"type": "text", "text": text}]}]


def _part(kind: str, name: str, value: object) -> Callable[[str, str], Row]:
    return lambda text, seed: {"messages": _message({"type": kind, name: _filled(value, seed)}, text=text)}


def _filled(value: object, seed: str) -> object:
    if isinstance(value, dict):
        return {name: _filled(part, seed) for name, part in value.items()}
    return value(seed) if callable(value) else value


def _column(**values: object) -> Callable[[str, str], Row]:
    """Rows of a question and these fields; functions are called with what tells a row from the others."""
    return lambda text, seed: {
        "question": text,
        **{name: _filled(value, seed) for name, value in values.items()},
    }


#: What makes a row of a set.
_MADE: dict[str, dict[str, Callable[[str, str], Row]]] = {
    "image": {
        "feature": _column(images=lambda s: [{"bytes": image(s), "path": None}]),
        "feature with a path": _column(image=lambda s: {"bytes": image(s), "path": f"{s}.png"}),
        "bytes": _column(image=image),
        "bytes under any name": _column(media=image),
        "paths": _column(image=lambda s: f"images/{s}.png"),
        "pixels": _column(image=lambda s: [[[ord(c), 2, 3] for c in s * 3] for _ in range(4)]),
        "list of paths": _column(images=lambda s: ["images/logo.png", f"images/{s}.png"]),
        "numbered": _column(image_1="same.png", image_2=lambda s: f"{s}.png"),
        "links": _column(image_url=lambda s: f"https://example.org/i/{s}.jpg?w=400"),
        "data urls": _column(image=data_url),
        "base64": _column(image_base64=base64_of),
        "ids": _column(image_id=lambda s: s),
        "part image_url": _part("image_url", "image_url", {"url": data_url}),
        "part image": _part("image", "image", lambda s: f"pictures/{s}.jpg"),
        "part source": _part("image", "source", {"type": "base64", "data": base64_of}),
    },
    "audio": {
        "part audio": _part("input_audio", "input_audio", {"data": sound_in_base64}),
        "audio": _column(audio=lambda s: {"bytes": sound(s), "path": "a.wav"}),
        "samples": _column(audio=lambda s: {"array": [float(ord(c)) for c in s * 20], "sampling_rate": 8}),
    },
    "video": {
        "video": _column(videos=lambda s: [f"clips/{s}.mp4"]),
    },
    "file": {
        "files": _column(files=lambda s: [{"name": "data.csv", "content": f"a,b\n1,{s}"}]),
        "attached files": _column(attached_files=lambda s: [f"{s}.xlsx"]),
        "file name": _column(file_name=lambda s: f"{s}.pdf"),
    },
    "table": {
        "table": _column(table=lambda s: {"header": ["year", "won"], "rows": [["1999", s]]}),
        "table text": _column(table_text=lambda s: f"| year | won |\n| 1999 | {s} |"),
    },
    "database": {
        "database": _column(db_id=lambda s: f"shop_{s}", query="SELECT count(*) FROM t"),
        "database in notes": _column(extra_info={"db_id": lambda s: f"shop_{s}", "index": 3}),
        "schema": _column(schema=lambda s: f"CREATE TABLE t_{s} (a INT, b TEXT)"),
    },
    "environment": {
        "environment": _column(environment=lambda s: f"house_{s}", answer="done"),
        "game": _column(env_name="house", gamefile=lambda s: f"games/{s}.tw"),
        "state": _column(env_name="house", initial_state=lambda s: {"mug": s, "desk": [1, 2]}),
        "commit": _column(repo="some/thing", base_commit=lambda s: f"{s:0>40}"),
        "container": _column(docker_image=lambda s: f"registry/run:{s}"),
    },
    "tools": {
        "tools": _column(tools=lambda s: [{"name": f"get_{s}", "parameters": {"a": "int"}}]),
    },
    "code": {
        "stub": _column(starter_code=lambda s: f"def solve_{s}(n: int) -> int:\n    pass"),
        "docstring": _column(starter_code=lambda s: f'def f(n):\n    """Return {s} of n."""\n'),
    },
}  # fmt: skip
_TEXTS = {"environment": _GOALS, "tools": _GOALS, "code": _STATED}
#: The maker of a row, the kind of what is attached, and the texts that are asked.
SETS = {
    name: (make, kind, _TEXTS.get(kind, _ASKED))
    for kind, sets in _MADE.items()
    for name, make in sets.items()
}


def rows(name: str, mark: str, count: int = 24) -> list[Row]:
    """Rows of one of the sets, none of which is asked of the same as another or as those of another mark."""
    make, _, texts = SETS[name]
    return [make(texts[nth % len(texts)], f"{mark}{nth}") for nth in range(count)]
