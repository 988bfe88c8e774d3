"""A run on a Ray cluster of three nodes gives the same bytes as one here, whatever happens to the nodes."""

import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from rlvr_atlas import engine, executor, pipeline
from rlvr_atlas.demo import build
from rlvr_atlas.engine import worker
from rlvr_atlas.errors import AtlasError
from rlvr_atlas.match import near_duplicates, retrieval
from rlvr_atlas.recipe import read_recipe

pytestmark = pytest.mark.extra
ray = pytest.importorskip("ray")

#: The least that Ray takes.
STORE = 80 << 20


@pytest.fixture(scope="module")
def cluster():
    """Three nodes with one processor each; nothing here is connected to them yet."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  on a busy machine Ray's workers would wait for everybody else
    there = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": STORE})
    for _ in range(2):
        there.add_node(num_cpus=1, object_store_memory=STORE)
    yield there
    there.shutdown()


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    world = build(tmp_path_factory.mktemp("world"), seed=5, scale=0.12)
    world.recipe.write_text(world.recipe.read_text() + "\n[match]\nsemantic = false\n")
    return world.recipe


@pytest.fixture(scope="module")
def small_blocks():
    """Blocks so small that there are some for each node; they decide nothing else."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(retrieval, "_BLOCK", 128)
        patched.setattr(near_duplicates, "PAIRS", 512)
        yield


@pytest.fixture(scope="module")
def here(recipe, small_blocks):
    return run(recipe, "here")


def run(recipe, name, stages=("ingest", "trace", "audit"), **settings):
    """The tables of a run in a workspace of its own."""
    asked = read_recipe(recipe)
    workspace = asked.workspace.model_copy(update={"path": str(recipe.parent / name)})
    pipeline.run(asked.model_copy(update={"workspace": workspace}), stages=stages, **settings)
    return bytes_of(recipe.parent / name)


def bytes_of(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.parquet"))}


def assert_same(one, other):
    assert {"lineage.parquet", "verdicts.parquet", "leaks.parquet"} <= one.keys()
    assert [name for name in one if one[name] != other.get(name)] == []
    assert one.keys() == other.keys()


def test_the_command_gives_the_same_bytes(cluster, recipe, here):
    beside = recipe.with_name("there.toml")
    beside.write_text(recipe.read_text().replace('path = "."', 'path = "there"'))
    command = [sys.executable, "-m", "rlvr_atlas", "run", str(beside), "--json"]
    told = subprocess.run(
        [*command, "--engine", "ray", "--ray-address", cluster.address],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    assert told.stdout.startswith("{")
    there = bytes_of(recipe.parent / "there")
    assert_same(here, {name: data for name, data in there.items() if name in here})


@pytest.fixture(scope="module")
def connected(cluster):
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield cluster
    ray.shutdown()


def test_a_node_killed_in_the_middle_changes_nothing(connected, recipe, here):
    node = connected.add_node(num_cpus=1, object_store_memory=STORE)
    connected.wait_for_nodes()
    with engine.using("ray") as used:
        # Blocks wait for every processor by then, and some of matching are done.
        sent = kill_at(used, 36, lambda: connected.remove_node(node, allow_graceful=False))
        assert_same(here, run(recipe, "killed"))
    assert len(sent) > 36


def kill_at(used, nth, kill):
    """Kill when so many blocks were sent; the blocks."""
    start, sent = used._start, []

    def counted(*given):
        start(*given)
        sent.append(given)
        if len(sent) == nth:
            kill()

    used._start = counted
    return sent


def test_a_block_whose_process_dies_is_done_again(connected, tmp_path):
    # Each kills the process that works on it, the first time.
    blocks = [["sh", "-c", f"mkdir {tmp_path}/{n} && kill -9 $PPID; exit {n}"] for n in range(3)]
    with engine.using("ray") as used:
        lost, seen = used._lost, []
        used._lost = lambda error: seen.append(lost(error)) or seen[-1]
        assert engine.each_block(subprocess.call, blocks) == [0, 1, 2]
    assert len(seen) >= 3 and None not in seen


def test_an_object_store_that_is_full_changes_nothing(connected, recipe, here):
    held = [ray.put(np.zeros(STORE // 2, np.uint8)) for _ in range(4)]  # twice what a node holds
    with engine.using("ray"):
        assert_same(here, run(recipe, "full"))
    assert len(ray.get(held[0])) == STORE // 2


def test_a_process_that_always_dies_is_told(connected):
    with engine.using("ray"), pytest.raises(AtlasError, match="lost 5 times"):
        engine.each_block(os._exit, [1])


def test_a_part_that_is_larger_than_the_object_store(connected):
    part = np.arange(3 * STORE // 16, dtype=np.int64)  # half as much again
    with engine.using("ray"):
        assert engine.each_block(part.__getitem__, [0, -1], [part]) == [0, part[-1]]


def test_results_that_are_larger_than_the_object_store(connected):
    part = np.arange(STORE // 16, dtype=np.int64)
    with engine.using("ray"):
        made = engine.each_block(partial(np.multiply, part), [2, 3, 4], [part])
    assert [int(one[-1]) for one in made] == [times * int(part[-1]) for times in (2, 3, 4)]


def test_files_that_no_worker_sees_are_sent(connected, recipe, here, monkeypatch):
    monkeypatch.setattr(
        executor, "_names", lambda reader: tuple(f"/not/there{file}" for file in reader.files)
    )
    monkeypatch.setattr("rlvr_atlas.ingest.read_partition", lambda reader: pytest.fail(reader.spec.id))
    with engine.using("ray"):
        made = run(recipe, "sent", stages=("ingest",))
    assert all(made[name] == here[name] for name in made)


def test_an_older_package_on_the_workers_is_told(connected):
    with engine.using("ray") as used:
        used._versions = {**worker.versions(), "rlvr-atlas": "0.0.1"}
        with pytest.raises(AtlasError, match=r"rlvr-atlas .* instead of 0\.0\.1"):
            engine.each_block(abs, [1])
