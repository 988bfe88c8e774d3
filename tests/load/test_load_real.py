"""The 82 published datasets of the shared corpus: every row read or accounted for, and read as what it is.

The expected values are read from the files themselves or are facts of their READMEs; no problem text is kept.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.load import DatasetReader, open_dataset

pytestmark = pytest.mark.real


@dataclass
class Loaded:
    manifest: dict[str, Any]
    reader: DatasetReader
    frame: pl.DataFrame


class Corpus(Mapping[str, Loaded]):
    """Datasets by id, each read once, when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.entries = {entry["id"]: entry for entry in entries}
        self.loaded: dict[str, Loaded] = {}

    def __getitem__(self, key: str) -> Loaded:
        if key not in self.loaded:
            entry = self.entries[key]
            reader = open_dataset(DatasetSpec(id=key, path=entry["files"]), self.folder)
            self.loaded[key] = Loaded(entry, reader, pl.concat(reader.batches()))
        return self.loaded[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def questions(self, key: str) -> pl.Series:
        return self[key].frame["question"]

    def raw(self, key: str, file: int = 0) -> list[dict[str, Any]]:
        """The rows of one JSON lines or Parquet file, by other means."""
        path = self.folder / sorted(self.entries[key]["files"])[file]
        if path.suffix == ".parquet":
            return pq.read_table(path).to_pylist()
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return [json.loads(line) for line in data.splitlines()]


@pytest.fixture(scope="session")
def corpus(real_data: Path) -> Corpus:
    return Corpus(real_data)


#: Only in a worked solution or in code; everywhere else the rows hold the answer itself.
SOLUTIONS = {
    "benbench_gsm8k_train", "benbench_gsm8k_train_rewritten", "benbench_math_train", "gsm8k_screl_rft_seed",
    "gsm8k_train", "leetcodedataset_train_v010", "gsm8k_rephrased_llmdecontaminator", "gsm8k_test",
    "humaneval",
    "leetcodedataset_test_v010", "math_test", "mbpp_test", "minerva_qwen",
}  # fmt: skip


def test_every_row_is_read_or_skipped_with_a_reason(corpus: Corpus) -> None:
    assert len(corpus) == 82
    for key, (entry, frame, skipped) in _all(corpus).items():
        numbers = sorted([*frame["row"], *skipped["row"]])
        assert numbers == list(range(entry["rows"])), key
        assert frame.height > 0.99 * entry["rows"], key


def _all(corpus: Corpus) -> dict[str, tuple[dict[str, Any], pl.DataFrame, pl.DataFrame]]:
    return {key: (one.manifest, one.frame, one.reader.skipped_rows) for key, one in corpus.items()}


def test_questions_are_there_and_no_two_parts_of_a_row_are_confused(corpus: Corpus) -> None:
    for key, (_, frame, _) in _all(corpus).items():
        assert frame["question"].str.strip_chars().str.len_chars().min() > 0, key
        # Problems that stand many times are a fact of some datasets; a label would be one of a few texts.
        assert frame["question"].n_unique() > 0.03 * frame.height, key
        assert frame.filter(pl.col("question") == pl.col("answer")).is_empty(), key


#: Its `final_answer` holds id, title and date of the problem, and its tests are not there.
UNANSWERED = {"livecodebench"}


def test_answers_are_of_the_expected_kind(corpus: Corpus) -> None:
    for key, (_, frame, _) in _all(corpus).items():
        if key in UNANSWERED:
            assert frame["answer"].null_count() == frame.height, key
            continue
        kind = "solution" if key in SOLUTIONS else "final"
        assert frame["answer_kind"].drop_nulls().value_counts(sort=True)["answer_kind"][0] == kind, key
        # One of the two files of this one is pairs of texts without answers.
        least = 0.49 if key == "math7500_corewarding_rewrite" else 0.99
        assert frame["answer"].count() > least * frame.height, key


#: Where the text of a dataset is, by other means than detection.
TEXT_FIELDS = {
    "benbench_gsm8k_train_rewritten": "rewritten_question",
    "benbench_gsm8k_test_rewritten": "rewritten_question",
    "leetcodedataset_train_v010": "query",
    "leetcodedataset_test_v010": "query",
    "kk5_logicrl": "quiz",
    "math7500_corewarding_rewrite": "rewritten",
    "gsm_hard": "input",
    "carp_en": "content",
    "humaneval": "prompt",
    "mbpp_test": "prompt",
}


@pytest.mark.parametrize("key", TEXT_FIELDS)
def test_the_question_is_the_text_of_the_dataset_itself(key: str, corpus: Corpus) -> None:
    raw = [row[TEXT_FIELDS[key]] for row in corpus.raw(key)]
    assert corpus.questions(key)[: len(raw)].to_list() == raw


@pytest.mark.parametrize("key", ["benbench_gsm8k_train_rewritten", "benbench_gsm8k_test_rewritten"])
def test_a_reworded_problem_keeps_the_plain_answer(key: str, corpus: Corpus) -> None:
    raw = corpus.raw(key)
    assert corpus[key].frame["answer"].to_list() == [row.get("target", row["answer"]) for row in raw]


@pytest.mark.parametrize("key", ["dapo14k_corewarding", "math7500_corewarding", "limr"])
def test_a_system_message_is_wrapping(key: str, corpus: Corpus) -> None:
    assert not corpus.questions(key).str.contains("step by step, and put|step by step and output").any()


@pytest.mark.parametrize("key", ["gsm8k_verl", "math500_still_entropy", "aime24_dapo"])
def test_of_a_wrapped_prompt_the_untouched_text_is_a_part(key: str, corpus: Corpus) -> None:
    raw = [
        row["extra_info"].get("question") or row["extra_info"].get("raw_problem") for row in corpus.raw(key)
    ]
    assert all(text.strip() in question for text, question in zip(raw, corpus.questions(key), strict=True))


@pytest.mark.parametrize(
    ("key", "body", "ask"), [("asdiv_qwen", "body", "question"), ("svamp", "Body", "Question")]
)
def test_body_and_question_are_one_problem(key: str, body: str, ask: str, corpus: Corpus) -> None:
    path = corpus.folder / corpus.entries[key]["files"][0]
    raw = corpus.raw(key) if path.suffix == ".jsonl" else json.loads(path.read_text(encoding="utf-8"))
    assert corpus.questions(key).to_list() == [f"{row[body]} {row[ask]}" for row in raw]


def test_an_xml_problem_is_its_body_and_question(corpus: Corpus) -> None:
    plain = set(corpus.questions("asdiv_qwen"))
    assert len(plain & set(corpus.questions("asdiv_xml"))) > 0.9 * len(plain)


def test_a_wrapped_row_is_unwrapped(corpus: Corpus) -> None:
    raw = [next(iter(row.values())) for row in corpus.raw("odyssey_math")]
    frame = corpus["odyssey_math"].frame
    assert frame["question"].to_list() == [row["question"] for row in raw]
    assert frame["hint"].to_list() == [row["label"] for row in raw]


def test_masked_numbers_are_all_filled_in(corpus: Corpus) -> None:
    questions = corpus.questions("mawps_asdiv_svamp_train")
    assert not questions.str.contains(r"number\d").any()
    assert questions.str.contains(r"\d").mean() > 0.95


def test_one_text_with_question_and_answer_is_taken_apart(corpus: Corpus) -> None:
    frame = corpus["gsm8k_rephrased_llmdecontaminator"].frame
    assert not frame["question"].str.contains(r"Question:|Answer:|####").any()
    assert frame["answer"].str.contains(r"####\s*-?[\d.,]+").mean() > 0.99
    reasons = corpus["gsm8k_rephrased_llmdecontaminator"].reader.skipped_rows["reason"]
    assert set(reasons) <= {"no prompt"}  # some of its texts are empty between "Question:" and "Answer:"


OPTIONS = {"tal_scq5k_en_train": (2, 8), "aqua": (5, 5), "mmlu_stem": (4, 4)}


@pytest.mark.parametrize("key", OPTIONS)
def test_options_are_beside_the_question(key: str, corpus: Corpus) -> None:
    options = corpus[key].frame["options"]
    assert options.null_count() == 0
    assert (options.list.len().min(), options.list.len().max()) == OPTIONS[key]


def test_only_datasets_with_options_have_them(corpus: Corpus) -> None:
    found = {key for key, (_, frame, _) in _all(corpus).items() if frame["options"].count()}
    assert found == set(OPTIONS)


#: What every answer looks like.
ANSWERS = {
    "tal_scq5k_en_train": r"[A-G]",
    "aqua": r"[A-E]",
    "mmlu_stem": r"[0-3]",
    "amc_rllm": r"-?\d+\.\d+",
    "gsm_hard": r"-?[\d.]+(e[+-]\d+)?",
    "svamp_reft_nl": r"-?[\d.]+",
    "countdown10k_datacentric": r"\d+",
    "gsm8k_verl": r"-?[\d.,]+",
    "zebra_datacentric": r"\{.*\}",
}


@pytest.mark.parametrize("key", ANSWERS)
def test_answers_have_their_published_form(key: str, corpus: Corpus) -> None:
    pattern = re.compile(ANSWERS[key], re.DOTALL)
    assert [text for text in corpus[key].frame["answer"] if not pattern.fullmatch(text)] == []


def test_a_struct_and_a_list_give_the_answer_in_them(corpus: Corpus) -> None:
    rows = corpus.raw("math7500_rlvr_decomposed")
    frame = corpus["math7500_rlvr_decomposed"].frame
    final = frame["answer_kind"] == "final"
    targets = [row["reward_model"]["ground_truth"]["target"] for row in rows]
    assert frame["answer"].set(~final, "").to_list() == targets  # an empty one gives way to the solution
    lists = [row["reward_model"]["ground_truth"] for row in corpus.raw("empo_numina20k")]
    assert corpus["empo_numina20k"].frame["answer"].to_list() == [
        texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False) for texts in lists
    ]


#: What the rows say of their source, even where it is not true.
SOURCES = {
    "limr": {"olympiads.23k"},
    "math_lead_8521": {"deepscaler"},
    "dapo14k_corewarding": {"DigitalLearningGmbH/MATH-lighteval"},
    "math7500_rlvr_decomposed": {"TianHongZXY/MATH"},
    "deepscaler_fastcurl": {None},
    "ttrl_test_prompts": {"aime", "amc", "math"},
    "skywork_eval": {"test-math-aime24", "test-math-aime25"},
}


@pytest.mark.parametrize("key", SOURCES)
def test_declared_sources_are_kept_untouched(key: str, corpus: Corpus) -> None:
    assert set(corpus[key].frame["declared_source"]) == SOURCES[key]


def test_splits_come_from_a_field_or_the_file_name(corpus: Corpus) -> None:
    expected = {"aqua": {"dev", "test"}, "gsm8k_verl": {"train"}, "math_test": {"test"}, "gsm8k_oat": {None}}
    assert {key: set(corpus[key].frame["split"]) for key in expected} == expected


SAME_TEXTS = [
    ("gsm8k_train", "gsm8k_screl_rft_seed", 7473),
    ("math500_atlas", "math500_qwen", 500),
    ("math500_atlas", "math500_rllm", 490),
    ("olympiadbench_atlas", "olympiadbench_qwen", 670),
    ("math7500_corewarding", "math7500_rlvr_decomposed", 7400),
    ("amc_rllm", "ttrl_test_prompts", 80),
]


@pytest.mark.parametrize(("one", "other", "least"), SAME_TEXTS)
def test_copies_under_other_schemas_give_the_same_texts(
    one: str, other: str, least: int, corpus: Corpus
) -> None:
    def plain(key: str) -> set[str]:
        return {" ".join(text.split()) for text in corpus.questions(key)}

    assert len(plain(one) & plain(other)) >= least


def test_what_was_detected_is_told_for_every_file(corpus: Corpus) -> None:
    for key, one in corpus.items():
        prompts = one.reader.schemas.filter((pl.col("part") == "prompt") & (pl.col("rows") > 0))
        assert prompts["file"].n_unique() == len(one.manifest["files"]), key
        assert set(one.reader.schemas["decided_by"]) == {"detected"}
