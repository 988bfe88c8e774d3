"""The same function inside datasets, datatrove and verl, as they are installed."""

import pickle

import pytest

from rlvr_atlas.errors import InputError
from rlvr_atlas.integrations import LeakFilter

from .conftest import REASONS, item

pytestmark = pytest.mark.extra


@pytest.fixture
def leaks(index):
    return LeakFilter(indexes=[index])


@pytest.mark.parametrize("settings", [{"batch_size": None}, {"batch_size": 2}])
def test_datasets_maps_and_filters_with_it(rows, leaks, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    import datasets

    data = datasets.Dataset.from_list([row for row in rows if row["problem"]])
    marked = data.map(leaks.mark, batched=True, **settings)
    assert marked["atlas_reason"][:] == [reason for reason in REASONS if reason in ("", "leak")]
    kept = data.filter(leaks.keep, batched=True, **settings)
    assert kept["problem"][:] == [row["problem"] for row in marked if not row["atlas_reason"]]


def test_datasets_knows_the_function_again(leaks):
    from datasets.fingerprint import Hasher

    before = Hasher.hash(leaks.mark)
    leaks.tell([{"problem": item(0)}])
    assert Hasher.hash(leaks.mark) == before != Hasher.hash(LeakFilter().mark)


def documents(rows):
    from datatrove.data import Document

    return [
        Document(text=row["problem"], id=str(at), metadata={"answer": row["answer"]})
        for at, row in enumerate(rows)
    ]


def test_datatrove_drops_documents_and_says_why(rows, leaks, tmp_path):
    from datatrove.pipeline.writers import JsonlWriter

    from rlvr_atlas.integrations.datatrove_filter import BenchmarkLeakFilter

    gone = JsonlWriter(str(tmp_path / "gone"), compression=None)
    step = pickle.loads(
        pickle.dumps(BenchmarkLeakFilter(leaks, exclusion_writer=gone))
    )  # as an executor does
    kept = list(step.run(iter(documents(rows))))
    assert [doc.id for doc in kept] == [
        str(at) for at, reason in enumerate(REASONS) if reason not in leaks.drop
    ]
    assert kept[1].metadata["atlas_reason"] == "unreadable"
    written = (tmp_path / "gone" / "00000.jsonl").read_text()
    assert '"filter_reason":"leak"' in written and '"atlas_benchmark":"bench"' in written
    assert step.stats["dropped_leak"].total == 2


def test_datatrove_can_look_at_one_document(rows, leaks):
    from rlvr_atlas.integrations.datatrove_filter import BenchmarkLeakFilter

    step = BenchmarkLeakFilter(leaks)
    assert [step.filter(doc) for doc in documents(rows[:2])] == [True, (False, "leak")]


@pytest.fixture
def loaded(rows, index, tmp_path, monkeypatch):
    """A function: the dataset that verl makes of a file of the rows, under a configuration."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    import polars as pl
    from omegaconf import OmegaConf
    from verl.utils.dataset.rl_dataset import get_dataset_class

    file = str(tmp_path / "train.parquet")
    pl.DataFrame(
        {
            "prompt": [[{"role": "user", "content": row["problem"] or " "}] for row in rows],
            "reward_model": [{"style": "rule", "ground_truth": row["answer"]} for row in rows],
            "extra_info": [{"index": at} for at in range(len(rows))],
        }
    ).write_parquet(file)

    def load(**settings):
        config = {
            "cache_dir": str(tmp_path / "verl"),
            "filter_overlong_prompts": False,
            "train_files": file,
            "val_files": "test.parquet",
            "custom_cls": {
                "path": "pkg://rlvr_atlas.integrations.verl_dataset",
                "name": "CleanRLHFDataset",
            },
            "rlvr_atlas": {"indexes": [str(index)]},
        }
        made = OmegaConf.create(config | settings)
        return get_dataset_class(made)(data_files=file, tokenizer=None, processor=None, config=made)

    return load


def places(data):
    return [data[at]["index"] for at in range(len(data))]


def test_verl_trains_without_the_rows_that_leak(loaded, caplog):
    data = loaded()
    assert places(data) == [at for at, reason in enumerate(REASONS) if "leak" not in reason]
    assert "2 of 24 training rows dropped, they leak: bench (2)" in caplog.text
    data.resume_dataset_state()
    assert len(data) == 22


def test_verl_validates_on_the_whole_benchmark(loaded):
    assert len(loaded(train_files=["other.parquet"])) == 24


def test_verls_configuration_says_what_is_dropped(loaded, index):
    assert len(loaded(rlvr_atlas={"indexes": [str(index)], "drop": ["possible leak"]})) == 24  # none is
    with pytest.raises(InputError, match=r"data\.rlvr_atlas: an unexpected .*'dorp'"):
        loaded(rlvr_atlas={"dorp": []})
