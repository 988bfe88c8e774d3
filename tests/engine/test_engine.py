"""What engines promise, without a cluster: order, sharing, retries, back pressure, and errors for users."""

import gc
import sys
import types
from functools import partial
from operator import itemgetter

import numpy as np
import pytest

from rlvr_atlas import engine
from rlvr_atlas.engine import sent, worker
from rlvr_atlas.errors import AtlasError, InputError, MissingExtraError


class Table:
    """A large thing that blocks refer to."""

    def __init__(self, numbers):
        self.numbers = numbers


def found_in(table, block):
    return table, block, int(table.numbers[block].sum())


def refuse(block):
    raise AtlasError("it cannot be read", where=f"block {block}", fix="look at it")


class LostError(Exception):
    """As `ray.exceptions.RayError`."""


class FailedError(LostError):
    """As `ray.exceptions.RayTaskError`."""

    def __init__(self, cause):
        super().__init__(f"in a task: {cause}")
        self.cause = cause


class Cluster:
    """A cluster of this process alone, whose tasks die as told."""

    exceptions = types.SimpleNamespace(RayError=LostError, RayTaskError=FailedError)

    def __init__(self, processors=2, dies=lambda nth: None):
        self.put_parts, self.under_way, self.most, self.started, self.cancelled = [], {}, 0, 0, []
        self.processors, self.dies = processors, dies

    def is_initialized(self):
        return True

    def get_runtime_context(self):
        return types.SimpleNamespace(gcs_address="10.0.0.1:6379")

    def cluster_resources(self):
        return {"CPU": self.processors}

    def put(self, value):
        self.put_parts.append(value)
        return len(self.put_parts) - 1

    def remote(self, **options):
        return lambda function: types.SimpleNamespace(remote=partial(self._start, function))

    def _start(self, function, block, parts, wanted):
        self.started += 1
        self.under_way[self.started] = block, parts, wanted
        self.most = max(self.most, len(self.under_way))
        return self.started

    def wait(self, references, timeout):
        return references[-1:], references[:-1]  # the latest first

    def get(self, reference):
        block, parts, wanted = self.under_way.pop(reference)
        if error := self.dies(reference):
            raise error
        return worker.carry_out(block, parts, wanted, self.put_parts.__getitem__)

    def cancel(self, reference, force):
        self.cancelled.append(reference)


@pytest.fixture
def on(monkeypatch):
    def connect(**settings):
        cluster = Cluster(**settings)
        monkeypatch.setitem(sys.modules, "ray", cluster)
        monkeypatch.setattr(worker, "_held", {})
        return cluster

    return connect


def test_here_nothing_is_copied_and_the_order_stays():
    table = Table(np.arange(10))
    made = engine.each_block(partial(found_in, table), [3, 1, 2], [table])
    assert [block for _, block, _ in made] == [3, 1, 2]
    assert all(one is table for one, *_ in made)


def test_a_part_is_sent_once_and_comes_back_as_itself(on):
    cluster, table = on(), Table(np.arange(1_000_000))
    with engine.using("ray"):
        made = engine.each_block(partial(found_in, table), [*range(20)], [table])
        again = engine.each_block(partial(found_in, table), [7], [table])
    assert [block for _, block, _ in made] == [*range(20)]
    assert all(one is table for one, *_ in made + again)
    assert len(cluster.put_parts) == 1
    data, apart = cluster.put_parts[0]
    assert len(data) < 1000 and sum(len(part) for part in apart) == table.numbers.nbytes


def test_a_part_is_let_go_when_nobody_holds_it(on):
    on()
    with engine.using("ray") as used:
        table, other = Table(np.arange(10)), Table(np.arange(5))
        engine.each_block(partial(found_in, table), [1], [table])
        del table
        gc.collect()
        engine.each_block(partial(found_in, other), [1], [other])
        assert len(used._parts) == 1
        assert [number for number, _ in worker._held.items()] == [*used._parts]


def test_few_blocks_are_taken_ahead(on):
    taken = []

    def blocks():
        for number in range(50):
            taken.append(number)
            yield number

    cluster = on(processors=2)
    with engine.using("ray") as used:
        for done, _ in enumerate(used.results(float, blocks(), ())):
            assert len(taken) <= done + 6
    assert cluster.most == 4


def test_a_block_that_is_lost_is_done_again(on):
    cluster = on(dies=lambda nth: LostError("a machine is gone") if nth in (2, 3, 9) else None)
    with engine.using("ray"):
        assert engine.each_block(float, [*range(8)]) == [float(n) for n in range(8)]
    assert cluster.started == 11


def test_so_is_one_whose_part_was_lost_on_the_way(on):
    on(dies=lambda nth: FailedError(LostError("an object is gone")) if nth == 1 else None)
    with engine.using("ray"):
        assert engine.each_block(float, [1]) == [1.0]


def test_a_block_that_is_always_lost_ends_the_run(on):
    cluster = on(dies=lambda _: LostError("no memory\nmore of it"))
    with engine.using("ray"), pytest.raises(AtlasError, match=r"lost 5 times \(LostError: no memory\)"):
        engine.each_block(float, [1, 2, 3])
    assert cluster.cancelled == [*cluster.under_way]  # nothing goes on for nobody


def test_an_error_of_the_work_is_not_tried_again(on):
    cluster = on(dies=lambda _: FailedError(ZeroDivisionError("by 0")))
    with engine.using("ray"), pytest.raises(FailedError, match="by 0"):
        engine.each_block(float, [1])
    assert cluster.started == 1


def test_an_error_for_users_arrives_whole(on):
    on()
    with engine.using("ray"), pytest.raises(AtlasError) as told:
        engine.each_block(refuse, [4])
    assert (told.value.what, told.value.where, told.value.fix) == (
        *("it cannot be read", "block 4"),
        "look at it",
    )


@pytest.mark.parametrize("name", ["rlvr-atlas", "its code", "Python", "polars", "numpy"])
def test_a_worker_of_other_versions_is_refused(name, on):
    on()
    with engine.using("ray") as used:
        used._versions = {**worker.versions(), name: "0.0.1"}
        with pytest.raises(
            AtlasError, match=rf"other versions than this command: {name} .* instead of 0\.0\.1"
        ):
            engine.each_block(float, [1])


def test_a_worker_without_this_package_is_told(on):
    on(dies=lambda _: FailedError(RuntimeError("The remote function failed to import on the worker.")))
    with engine.using("ray"), pytest.raises(AtlasError, match="cannot load this version of rlvr-atlas"):
        engine.each_block(float, [1])


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"rlvr-atlas\[ray\]"), engine.using("ray"):
        pass


@pytest.mark.parametrize("address", ["ray://10.0.0.1:10001", "somewhere", "host:port", ":6379"])
def test_what_is_no_address_is_refused(address, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", types.SimpleNamespace(is_initialized=lambda: False))
    with pytest.raises(InputError, match="no address of a Ray cluster"), engine.using("ray", address):
        pass


def test_an_address_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", types.SimpleNamespace(is_initialized=lambda: False))
    told = "127.0.0.1:9: no Ray cluster answers"
    with pytest.raises(InputError, match=told), engine.using("ray", "127.0.0.1:9"):
        pass


def test_another_cluster_than_the_connected_one_is_refused(on):
    on()
    told = "connected to another Ray cluster"
    with pytest.raises(InputError, match=told), engine.using("ray", "10.0.0.2:6379"):
        pass


def test_an_address_alone_chooses_no_engine():
    with pytest.raises(InputError, match="--engine ray"), engine.using("local", "10.0.0.1:6379"):
        pass


def test_afterwards_work_is_done_here_again(on):
    on()
    with engine.using("ray"):
        assert engine.current().remote
    assert not engine.current().remote


def test_parts_may_hold_parts():
    numbers = np.arange(100_000)
    inner, outer = Table(numbers), Table(None)
    outer.inner = inner
    data, apart = sent.dumps_part(outer, {id(inner): 5})
    assert len(data) < 1000 and not apart
    stand_in = object()
    assert sent.loads(data, {5: stand_in}).inner is stand_in


def test_arrays_over_shared_memory_cannot_be_written():
    data, apart = sent.dumps_part(Table(np.arange(10)), {})
    for part in apart:
        part.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        sent.loads(data, {}, apart).numbers[0] = 1


def test_versions_that_are_equal_do_not_differ():
    assert worker.differences(worker.versions(), worker.versions()) == ""
    assert worker.differences({}, {"polars": "2.0"}) == "polars missing instead of 2.0"


def test_a_result_is_what_a_function_makes(on):
    on()
    with engine.using("ray"):
        assert engine.each_block(itemgetter(1), [(1, 2), (3, 4)]) == [2, 4]
