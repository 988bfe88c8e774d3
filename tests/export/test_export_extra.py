"""Exports as the trainers' own libraries read them: verl's dataset class, and datasets."""

import importlib.util
import io

import pytest

from rlvr_atlas.export import export

from .test_original_rows import base, made, table

pytestmark = pytest.mark.extra

TEMPLATE = "{% for turn in messages %}[{{ turn['role'] }}]{{ turn['content'] }}{% endfor %}[assistant]"


@pytest.fixture(scope="module")
def tokenizer():
    """A tokenizer of bytes with a chat template, made on the spot."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={sign: at for at, sign in enumerate(alphabet)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made, chat_template=TEMPLATE)


def written(workspace, form, folder):
    (file,) = export(*workspace, form, folder, originals=False).files
    return str(file)


def rows_of(workspace):
    return workspace[0]["mix"].collect().to_dicts()


def test_what_these_tests_read_with_is_there():
    # A skip would read as a pass where the extras' tests are asked for.
    assert all(importlib.util.find_spec(name) for name in ("datasets", "verl", "ray", "tensordict"))


def test_the_dataset_class_of_verl_reads_every_row_unchanged(workspace, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    from omegaconf import OmegaConf
    from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

    # Keys of `data` in verl's own configuration; the class has defaults for the others.
    config = OmegaConf.create(
        {
            "cache_dir": str(tmp_path / "verl"),
            "prompt_key": "prompt",
            "max_prompt_length": 512,
            "filter_overlong_prompts": True,
            "filter_overlong_prompts_workers": None,
        }
    )
    read = RLHFDataset(written(workspace, "verl", tmp_path), tokenizer, config)
    expected = rows_of(workspace)
    assert len(read) == len(expected)
    for at, row in enumerate(expected):
        got = read[at]
        assert got["raw_prompt"] == [{"role": "user", "content": row["prompt"]}]
        assert got["reward_model"] == {"style": "rule", "ground_truth": row["answer"]}
        assert (got["index"], got["extra_info"]["row"]) == (at, row["row"])
        assert isinstance(got["data_source"], str)
        shown = tokenizer.apply_chat_template(got["raw_prompt"], tokenize=False)
        assert shown == f"[user]{row['prompt']}[assistant]"
    batch = collate_fn([read[at] for at in range(len(read))])
    assert batch["dummy_tensor"].shape == (len(expected), 1)
    assert list(batch["index"]) == list(range(len(expected)))


@pytest.mark.parametrize(
    ("form", "reader"), [("verl", "parquet"), ("trl", "parquet"), ("openrlhf", "json"), ("flat", "json")]
)
def test_datasets_reads_every_row_unchanged(workspace, tmp_path, form, reader):
    import datasets

    file = written(workspace, form, tmp_path)
    read = datasets.load_dataset(reader, data_files=file, cache_dir=str(tmp_path))["train"]
    field = "input" if form == "openrlhf" else "prompt"
    texts = [row[field] if reader == "json" else row[field][0]["content"] for row in read]
    assert texts == [row["prompt"] for row in rows_of(workspace)]


@pytest.mark.parametrize("form", ["verl", "trl"])
def test_datasets_reads_the_original_row_and_makes_pictures_of_the_images(tmp_path, form):
    import datasets
    from PIL import Image

    rows = []
    for n in range(6):
        picture = io.BytesIO()
        Image.new("RGB", (4 + n, 3)).save(picture, "png")
        rows.append(base(n) | {"image": {"bytes": picture.getvalue(), "path": f"{n}.png"}, "level": n})
    table(tmp_path / "a.parquet", rows)
    (file,) = export(*made(tmp_path), form, tmp_path / "out").files
    read = datasets.load_dataset("parquet", data_files=str(file), cache_dir=str(tmp_path))["train"]
    shown = read.cast_column("images", datasets.List(datasets.Image()))
    assert len(read) == len(rows)
    for row, pictures in zip(read, shown["images"], strict=True):
        origin = row["extra_info"] if form == "verl" else row
        assert row["extra_info"]["original"] == rows[origin["row"]]
        assert [picture.size for picture in pictures] == [(4 + origin["row"], 3)]
