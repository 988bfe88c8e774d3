"""What a name means, and that different places get different ids."""

import pytest

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.errors import InputError
from rlvr_atlas.load.resolve import resolve


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a/test.jsonl", "b/test.jsonl", "Über maß.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}\n", encoding="utf-8")
    return tmp_path


def ids(names, **options):
    return [spec.id for spec in resolve(names, "benchmark", **options)]


def test_files_are_called_by_their_names_as_far_as_these_tell_them_apart(folder):
    assert ids(["a/test.jsonl"]) == ["test"]
    assert ids(["a/test.jsonl", "b/test.jsonl"]) == ["a-test", "b-test"]
    assert ids(["a/test.jsonl", "a/test.jsonl"]) == ["test"]
    assert ids(["a/test.jsonl"], taken=["TEST"]) == ["test-2"]
    assert ids(["Über maß.jsonl", "a/*"]) == ["ber_ma", "benchmark"]


def test_an_id_of_the_registry_brings_its_facts_and_takes_the_role_asked_for(folder):
    (spec,) = resolve(["gsm8k"], "source")
    assert type(spec) is DatasetSpec
    assert (spec.role, bool(spec.hub), bool(spec.released)) == ("source", True, True)


def test_a_hub_id_may_have_a_revision(folder):
    plain, pinned = resolve(["acme/sums", "acme/more.sums@v1.0"], "benchmark")
    assert (plain.id, plain.hub, plain.revision) == ("sums", "acme/sums", None)
    assert (pinned.id, pinned.hub, pinned.revision) == ("more.sums", "acme/more.sums", "v1.0")


def test_a_spec_stands_for_itself(folder):
    spec = DatasetSpec(id="mine", path="x")
    assert resolve([spec], "benchmark") == [spec]


@pytest.mark.parametrize("name", ["gone.jsonl", "acme/gone.parquet", "a/gone", "x" * 400, "a b c", ""])
def test_a_name_that_means_nothing_is_said(folder, name):
    with pytest.raises(InputError, match="neither a file nor a benchmark that the registry"):
        resolve([name], "benchmark")
