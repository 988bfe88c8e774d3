"""The registry: its files hold together, labels mean what was decided for them, and nothing is guessed."""

import datetime as dt
import json
import re
from graphlib import TopologicalSorter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas import registry
from rlvr_atlas.config import Adapter
from rlvr_atlas.load.paths import parse
from rlvr_atlas.registry.page import markdown

ENTRIES = [*registry.datasets().values(), *registry.benchmarks().values()]
by_id = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)


def normal(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


# --- the files ----------------------------------------------------------------------------------------


def test_the_registry_knows_the_collections_and_benchmarks_of_the_paper():
    assert len(registry.datasets()) >= 32
    assert len(registry.benchmarks()) >= 14
    assert len(registry.sources()) >= 20
    assert {entry.role for entry in registry.benchmarks().values()} == {"benchmark"}
    assert {entry.role for entry in registry.datasets().values()} == {"source", "train"}


def test_no_name_means_two_datasets():
    names = [normal(name) for entry in ENTRIES for name in {entry.id, *entry.aliases}]
    assert sorted(names) == sorted(set(names))


def test_no_label_means_two_sources():
    names = [normal(name) for source in registry.sources().values() for name in {source.id, *source.aliases}]
    assert sorted(names) == sorted(set(names))


@by_id
def test_an_entry_holds_together(entry):
    sources = registry.sources()
    assert entry.atomic_source is None or entry.atomic_source in sources
    assert set(entry.labels.values()) <= set(sources)
    assert not (entry.trust_labels and entry.atomic_source), "atomic_source would override every label"
    assert not (entry.trust_labels and entry.labels_say_nothing)
    assert entry.hub or entry.url, "nobody could find it"
    assert entry.hub is None or re.fullmatch(r"[\w.-]+/[\w.-]+", entry.hub)
    assert entry.released is None or dt.date(2010, 1, 1) < entry.released < dt.date.today()
    if entry.id in sources:
        assert entry.trust_labels or entry.atomic_source == entry.id


@by_id
def test_adapters_are_written_in_the_language_of_field_paths(entry):
    adapter = entry.adapter
    prompts = [adapter.prompt] if isinstance(adapter.prompt, str) else adapter.prompt or []
    paths = [adapter.answer, adapter.solution, adapter.source, adapter.split, adapter.options]
    assert prompts or adapter == Adapter(), "an adapter is whole, or all of it is detected"
    for path in [*prompts, *(path for path in paths if path)]:
        assert parse(path)


@by_id
def test_evidence_is_of_what_the_entry_says(entry):
    assert all(why.strip() for why in entry.evidence.values())
    if entry.revision:
        assert "revision" in entry.evidence and re.fullmatch("[0-9a-f]{40}", entry.revision)


def test_the_sets_that_the_paper_and_agents_use_are_known():
    for name in ("rstar_math_ppm", "hf-imo-colab/AMO-Bench", "gpqa", "gaokao", "kaoyan", "cn_math"):
        assert registry.find(name), name
    for name in ("grade_school_math_zh", "ARPO-RL-Reasoning-10K", "tool_star", "SynSQL-2.5M", "SynLogic"):
        assert registry.find(name), name
    assert registry.find("amo_bench").hub == "meituan-longcat/AMO-Bench"


def test_a_page_marks_what_has_no_evidence_and_shows_text_as_it_is(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        '[datasets.a]\nhub = "x/y"\nreleased = 2024-01-01\nlicense = "A|B <i>"\nevidence.license = "c"\n'
    )
    page = markdown(registry.of(own))
    assert "| `a` | 2024-01-01 ? | A\\|B &lt;i> | `x/y` |" in page
    assert "- `a`: license: c" in page.splitlines()


def test_upstreams_are_known_older_and_run_in_no_circle():
    ups = {entry.id: [registry.find(name) for name in entry.derived_from] for entry in ENTRIES}
    for entry in ENTRIES:
        for up in ups[entry.id]:
            assert up is not None, entry.id
            if up.released and entry.released:
                assert up.released <= entry.released, (entry.id, up.id)
    graph = {name: [up.id for up in upstreams] for name, upstreams in ups.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(ENTRIES)


@by_id
def test_a_dataset_is_found_by_each_of_its_names(entry):
    for name in [entry.id, entry.id.upper(), *entry.aliases]:
        assert registry.find(name) is entry
    if entry.hub:
        found = registry.find(entry.hub)
        assert found is not None and found.hub == entry.hub


def test_ids_win_over_aliases_and_those_over_hub_ids():
    assert registry.find("openai/gsm8k").id == "gsm8k"
    assert registry.find("gsm8k_test").id == "gsm8k_test"
    assert registry.find("DeepScaleR-Preview-Dataset").id == "deepscaler"
    assert registry.find("never_heard_of") is None


def test_suggestions_are_the_closest_names():
    assert registry.suggest("gsm8k_tset")[0] == "gsm8k_test"
    assert registry.suggest("dapo_math_17")[:2] == ["dapo_math_17k", "dapo_math_17k_processed"]
    assert registry.suggest("?") == []


# --- labels -------------------------------------------------------------------------------------------

#: What rows of published datasets declare, and what was decided for each.
DECIDED = {
    # the paper's rules
    "cn_k12": "cn_k12",
    "numina_cn_k12": "cn_k12",
    "numina_olympiads": "olympiads",
    "numina_synthetic_math": "synthetic_math",
    "numina_synthetic_amc": "synthetic_amc",
    "numina_amc_aime": "amc_aime",
    "numina_aops_forum": "aops_forum",
    "train-math-numinamath1.5_olympiads": "olympiads",
    "train-math-numinamath1.5_olympiads_ref": "olympiads_ref",
    "train-math-numinamath1.5_cn_contest": "cn_contest",
    "train-math-still3": "still3",
    "train-math-deepscaler": None,
    "train-code-taco-hard": "taco",
    "math_dapo": None,
    "GSM8k_structured": "gsm8k",
    "APPS_structured": "apps",
    "svamp_structured": "svamp",
    "addsub": "basic_arithmetic",
    "simuleq": "basic_arithmetic",
    "singleop": "basic_arithmetic",
    "singleq": "basic_arithmetic",
    "singleeq": "basic_arithmetic",
    "multiarith": "basic_arithmetic",
    "amps_algebra": "amps",
    "mathqa_gain": "mathqa",
    "NumGLUE_Type_1_crowdsourced": "num_glue",
    "deepmind_mathematics_muldiv": "deepmind_mathematics",
    "MATH_algebra_crowdsourced": "math",
    "numina_math1.5": "numina_math1.5",
    "big_math": "big_math",
    "omnimath": "omni_math",
    "harp": "harp",
    "metamath": "metamath",
    "orca_math": "orca_math",
    "aops_c6_high_school_olympiads": "aops_forum",
    "MATH_training_set": "math",
    "deepmath_stack_exchange": "stack_exchange",
    "codecontests": "code_contests",
    "codeforces": "codeforces",
    # the shared corpus of real datasets
    "countdown": "countdown",
    "DigitalLearningGmbH/MATH-lighteval": "math",
    "TianHongZXY/MATH": "math",
    "DAPO-17k": "dapo",
    "deepscaler": None,
    "deepscaler_difficulty": None,
    "numina_math": None,  # the whole collection, not its subset `math`
    "openai/gsm8k": "gsm8k",
    "GSM8K": "gsm8k",
    "kk_logic": "knights_and_knaves",
    "zebra": "zebra_puzzles",
    "rl": None,
    "olympiads.23k": "olympiads",
    "POLARIS-Project/Polaris-Dataset-53K": None,
    "math": "math",
    "aime": "amc_aime",
    "amc": "amc_aime",
    "prime_math_competition_en_single_choice_8K_dev": "tal_scq5k",
    "TestDataset.MATH": None,
    "test-math-aime24": "amc_aime",
    "test-math-aime25": "amc_aime",
    "college_math.Calculus": "college_math",
    "college_math.PRECALCULUS": "college_math",
    "2023BJ_2023年新高考北京卷-数学/01Q.en": "gaokao",
    "part1.en_zh.json": None,
    "QA_2021考研数2_mathpix": "kaoyan",
    "HMMT_2": None,
    "imo_shortlist": None,
    "https://artofproblemsolving.com/wiki/index.php/2023_AMC_12A_Problems/Problem_1": "amc_aime",
    "https://artofproblemsolving.com/wiki/index.php/2024_AIME_I_Problems/Problem_3": "amc_aime",
    "http://www.k5learning.com": None,
    # subjects, tasks and nothings are no sources
    "Algebra": None,
    "Number Theory": None,
    "Intermediate Algebra": None,
    "Puzzle": None,
    "code": None,
    "high_school_mathematics": None,
    "Principles of Microeconomics (14.01 Fall 2011)": None,
    "": None,
    "  ": None,
    "-": None,
    # near misses that must not be taken for what they resemble
    "mathematica": None,
    "gsm8k_but_harder": None,
    "openai/gsm8k/socratic/extra": None,
    "amcat": None,
    "aimed": None,
    "olympiads and gsm8k": None,
    "not math": None,
}


@pytest.mark.parametrize(("label", "source"), DECIDED.items())
def test_a_label_means_what_was_decided(label, source):
    assert registry.map_label(label) == source


@pytest.mark.parametrize(
    ("label", "dataset", "source"),
    [
        (None, None, None),
        (None, "deepmath_103k", "stack_exchange"),
        ("", "zwhe99/DeepMath-103K", "stack_exchange"),
        (None, "numinamath_1_5", None),
        (None, "somebodys_own_set", None),
        ("math", "still_1", None),
        ("DAPO-17k", "klear_mathsub_30k", None),
        ("MATH_AnsAug", "metamathqa", "math"),
        ("GSM_FOBAR", "meta-math/MetaMathQA", "metamath"),
        ("GSM_FOBAR", None, None),
        ("DAPO", "dapo_math_17k", None),  # a mix's own name
        ("DAPO", None, "dapo"),
        ("gsm8k_main", "gsm8k", "gsm8k"),  # the name of a dataset that introduces a source
        ("number_theory", "numinamath_1_5", "numina_math1.5"),
        ("number_theory", None, None),
        ("olympiads", "numinamath_1_5", "olympiads"),
    ],
)
def test_a_label_may_mean_something_in_one_dataset_only(label, dataset, source):
    assert registry.map_label(label, dataset) == source


labels = st.sampled_from([*DECIDED, *registry.sources()])


@given(st.text() | labels, st.none() | st.text() | st.sampled_from([entry.id for entry in ENTRIES]))
def test_any_label_gives_a_source_or_nothing(label, dataset):
    assert registry.map_label(label, dataset) in {None, *registry.sources()}
    assert registry.map_upstream(label) in {None, *registry.sources()}


@given(st.sampled_from(list(registry.sources())), st.sampled_from(["_", "-", " ", "."]), st.booleans())
def test_case_punctuation_and_organisation_of_a_label_do_not_matter(source, mark, upper):
    label = source.replace("_", mark)
    assert registry.map_label(label.upper() if upper else label) == source
    if mark != " ":
        assert registry.map_label(f"some-org/{label}") == source


@given(st.text(alphabet="abcdefgh", min_size=9, max_size=20))
def test_a_word_that_nobody_knows_stays_unknown(word):
    assert registry.map_label(word) is None


@pytest.mark.real
def test_every_label_of_the_real_corpus_was_decided(real_data):
    # The detection of label fields is load's business; `data_source` is where verl keeps them.
    found = set()
    for file in sorted(real_data.rglob("*.parquet")):
        if "data_source" in pl.read_parquet_schema(file):
            found |= set(pl.read_parquet(file, columns=["data_source"])["data_source"].unique())
    assert len(found) >= 12
    assert found <= set(DECIDED)


# --- upstreams ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("hendrycks/math (train)", "math"),
        ("hendrycks/math (train and test)", "math"),
        ("MAWPS (sroy9/mawps)", "mawps"),
        ("AIME 1983-2023 (contest archive)", "amc_aime"),
        ("AIME/AMC 2022-2024 (contest)", "amc_aime"),
        ("AMC (before 2023)", "amc_aime"),
        ("K-and-K (AlphaPav/mem-kk-logic)", "knights_and_knaves"),
        ("Jiayi-Pan/Countdown-Tasks-3to4", "countdown"),
        ("MIT OpenCourseWare", "minerva_math"),
        ("LeetCode", "leetcode"),
        ("Omni-MATH", "omni_math"),
        ("BytedTsinghua-SIA/DAPO-Math-17k", "dapo"),
        ("gsm8k_train", "gsm8k"),
        # collections of several sources, and names that name none
        ("AI-MO/NuminaMath-CoT", None),
        ("AI-MO/NuminaMath-1.5", None),
        ("DeepScaleR-Preview-Dataset", None),
        ("zwhe99/DeepMath-103K", None),
        ("POLARIS-Project/Polaris-Dataset-53K", None),
        ("GSM8K (and MATH)", None),
        ("STILL", None),
        ("AoPS website and official competition pages", None),
        ("(train)", None),
        ("", None),
    ],
)
def test_an_upstream_names_one_source_or_none(name, source):
    assert registry.map_upstream(name) == source


@pytest.mark.real
def test_the_upstreams_of_the_real_corpus_are_never_guessed(real_data):
    manifest = json.loads((real_data / "manifest.json").read_text(encoding="utf-8"))
    named = {up["id"] for entry in manifest for up in entry["documented_upstreams"]}
    mapped = {name: registry.map_upstream(name) for name in named}
    assert sum(source is not None for source in mapped.values()) >= 18
    for name, source in mapped.items():
        if source:  # a word of the upstream's name, or of its title, says so
            known = registry.sources()[source]
            words = {normal(source), normal(known.title), *map(normal, known.aliases)}
            assert any(word.split("_")[0] in normal(name) for word in words), (name, source)
