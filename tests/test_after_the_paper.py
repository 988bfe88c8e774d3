"""The page "After the paper, end to end": each command runs, in its order, and writes the files it says.

The data are generated, a server on loopback plays the models, and verl's training is played by the file that
its script ends with. The sections [sca] and [curate] are those of the recipe that the page uses.
"""

import io
import json
import re
import shlex
import subprocess
import threading
from contextlib import redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas.cli import main

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorials" / "after-the-paper.md").read_text(encoding="utf-8")
PLACE = Path("recipes") / "dapo-plus-plus"
POOL = [
    (f"Jar {n} holds {n} red and {3 * n} blue beads. How many beads is that?", 4 * n) for n in range(1, 121)
]
START = [(f"A carpenter has {n} boxes of 7 nails each. Count the nails.", 7 * n) for n in range(41, 71)]
LEAK = (
    "Wilhelmina photographs kingfishers beside a frozen millpond, eleven on Tuesday, and twice that number "
    "plus thirty herons on Thursday before the thaw. What is the total of birds in her album?",
    63,
)
EXAM = [LEAK, *((f"Which number is {n} less than 100?", 100 - n) for n in range(11))]
CHOICE = [
    ("Which number is the square of twelve? (A) 124 (B) 144 (C) 154 (D) 164", "B"),
]
DATA = {
    "dapo_math_17k_processed": (
        [LEAK, *START], 'released = 2025-03-17\natomic_source = "dapo"\nrole = "train"'
    ),
    "deepmath_103k": (
        [*POOL, *CHOICE], 'released = 2025-04-15\natomic_source = "stack_exchange"\nrole = "train"'
    ),
    "math_500": (EXAM, 'released = 2023-05-01\nrole = "benchmark"'),
}  # fmt: skip
GOLDS = {question: answer for rows, _ in DATA.values() for question, answer in rows}
#: Which jars each model gets right, by the rest of their number by four.
SOLVES = {"Qwen/Qwen3-1.7B-Base": {0}, "stack_exchange": {0, 1, 2}, "dapo_plus_plus": {0, 1, 2, 3}}


class Models(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = body["messages"][0]["content"].split("\n\nPlease reason")[0]
        number = int(re.search(r"\d+", question.replace("Tuesday", "1"))[0])
        right = number % 4 in SOLVES[body["model"]]
        choice = {"message": {"content": f"So \\boxed{{{GOLDS[question] if right else -1}}}"}}
        data = json.dumps({"choices": [{**choice, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


@pytest.fixture
def url():
    with Server(("127.0.0.1", 0), Models) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with both recipes, over generated data."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    told = ["[match]\nsemantic = false\n"]
    for name, (rows, facts) in DATA.items():
        lines = (json.dumps({"question": q, "answer": str(a)}) + "\n" for q, a in rows)
        (folder / f"{name}.jsonl").write_text("".join(lines))
        told.append(f'[[datasets]]\nid = "{name}"\npath = "{name}.jsonl"\n{facts}\n')
    datasets = "\n".join(told)
    own = (ROOT / "recipes" / "dapo_plus_plus.toml").read_text().split("# --- what the mix is made of")[0]
    assert "size = 17000" in own
    (folder / "dapo_plus_plus.toml").write_text(own.replace("size = 17000", "size = 70") + datasets)
    (folder / "paper.toml").write_text(f'[workspace]\npath = "paper-atlas"\n{datasets}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(arguments):
    """Run a command as a shell does: (exit code, standard output and error)."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.argv", arguments)
        with pytest.raises(SystemExit) as stop:
            main()
    return stop.value.code or 0, out.getvalue() + err.getvalue()


def commands(section):
    blocks = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    return [line for block in blocks for line in block.strip().splitlines()]


def trained(script):
    """What verl's script does last; the script itself must be one that bash can read."""
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    out = PLACE / "sca" / "checkpoints" / Path(script).parent.name
    out.mkdir(parents=True)
    (out / "training.json").write_bytes(Path(script).with_name("job.json").read_bytes())


def files(section):
    """Paths in the first column of its tables; one without a folder lies beside the one before it."""
    for cell in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE):
        folder = Path()
        for name in re.findall(r"`([^`]+)`", cell):
            path = Path(name) if "/" in name else folder / name
            folder = path.parent
            yield str(path)


def test_every_command_of_the_page_runs_and_writes_what_it_says(place, url):
    ran = []
    for section in PAGE.split("\n## ")[1:]:
        for line in commands(section):
            arguments = shlex.split(line.replace("http://localhost:8000/v1", url))
            ran.append(" ".join(arguments[:3]))
            if arguments[0] == "vllm":
                continue
            if arguments[0] == "bash":
                trained(arguments[1])
                continue
            code, said = call([argument for argument in arguments if argument != "--network"])
            stops = arguments[:3] == ["rlvr-atlas", "run", "recipes/dapo_plus_plus.toml"]
            assert code == (2 if stops else 0), f"{line}\n{said}"
            assert not stops or "nothing was trained" in said
            last = said
        for name in files(section):
            assert list(place.glob(name.replace("BENCHMARK", "*"))), f"{name} is not written"
    assert len(ran) == 20

    mix = pl.read_parquet(PLACE / "mix.parquet")
    numbers = mix.filter(action="add")["prompt"].str.extract(r"Jar (\d+)").cast(pl.Int64)
    assert mix["dataset"].value_counts().sort("dataset").rows() == [
        ("dapo_math_17k_processed", 30), ("deepmath_103k", 40),
    ]  # fmt: skip
    assert set(numbers % 4) == {1, 2}, "only rows of transition 01 fill it up"
    assert LEAK[0] not in mix["prompt"]
    train = pl.read_parquet(PLACE / "sca" / "verl" / "mix-dapo_plus_plus-seed0" / "train.parquet")
    assert train["problem"].n_unique() == 70
    script = (PLACE / "sca" / "verl" / "stack_exchange-seed0" / "run.sh").read_text()
    assert "trainer.n_gpus_per_node=8" in script and "trainer.total_training_steps=500" in script
    results = pl.read_parquet(PLACE / "evaluations" / "results.parquet")
    assert results["dataset"].unique().sort().to_list() == [None, "dapo_plus_plus"]
    assert "gain" in last
    scored = ["rlvr-atlas", "score", str(PLACE), "--model-size", "1.7", "--json"]
    code, said = call([*scored, "--results", str(PLACE / "evaluations" / "results.parquet")])
    assert code == 0, said
