"""`trace FILE` and the public atlas: origins, leaks and labels of a file without a recipe."""

import datetime as dt
import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rlvr_atlas import pipeline, public_atlas
from rlvr_atlas.check import Against, check, public_benchmarks, read_file
from rlvr_atlas.cli import app
from rlvr_atlas.config import parse_recipe, read_toml
from rlvr_atlas.demo import build
from rlvr_atlas.errors import AtlasError, InputError
from rlvr_atlas.public_atlas import BENCHMARKS, CARD, ORIGINS, PublicAtlas, open_atlas
from rlvr_atlas.public_atlas.origins import TELLING, bits
from rlvr_atlas.schema import is_same_problem
from rlvr_atlas.trace_files import Traced, trace_file
from rlvr_atlas.workspace.store import Workspace


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A traced world, and its atlas in the folder `atlas`."""
    folder = tmp_path_factory.mktemp("world")
    recipe = parse_recipe(read_toml(build(folder, seed=7, scale=0.1).recipe), base=folder)
    workspace = pipeline.run(recipe, stages=("ingest", "trace", "audit"))
    public_atlas.build(workspace, folder / "atlas")
    return folder


@pytest.fixture(scope="module")
def atlas(world: Path) -> PublicAtlas:
    return open_atlas(world / "atlas")


def workspace_of(world: Path) -> Workspace:
    return Workspace(next(path.parent for path in world.rglob("manifest.json")))


def traced(file: Path, atlas: PublicAtlas) -> Traced:
    return trace_file(read_file(file), atlas, Against(indexes=[public_benchmarks(atlas)]))


def file_of(world: Path, dataset: str) -> Path:
    workspace = workspace_of(world)
    spec = next(spec for spec in pipeline.stored_recipe(workspace).datasets if spec.id == dataset)
    return world / spec.paths[0]


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["trace", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


UNHEARD = [
    {"problem": f"A violet lantern hums {n * 37 + 5} verses for {n + 3} sleepy otters. How many verses each?"}
    for n in range(20)
]


@pytest.mark.parametrize("name", ["leaky_mix", "logic_gym", "verl_orchard"])
def test_the_composition_is_that_of_a_run(world: Path, atlas: PublicAtlas, name: str) -> None:
    lineage = workspace_of(world).read("lineage").filter(dataset=name)
    wanted = dict(lineage["atomic_source"].fill_null("unknown").value_counts().iter_rows())
    found = traced(file_of(world, name), atlas)
    assert dict(found.sources.select("source", "rows").iter_rows()) == wanted
    assert found.unknown == 0  # it is in the atlas itself
    assert set(found.rows["known_by"]) == {"text"}


def test_what_leaks_word_for_word_is_found(world: Path, atlas: PublicAtlas) -> None:
    leaks = workspace_of(world).read("leaks").filter(is_same_problem(), dataset="leaky_mix")
    alike = set(leaks.filter(pl.col("relation").is_in(["identical", "reformatted"]))["row"])
    found = set(traced(file_of(world, "leaky_mix"), atlas).checked.leaks.filter(is_same_problem())["row"])
    assert alike
    assert alike <= found <= set(leaks["row"])


def test_rows_that_nobody_published_are_unknown(tmp_path: Path, atlas: PublicAtlas) -> None:
    found = traced(written(tmp_path / "new.jsonl", UNHEARD), atlas)
    assert found.unknown == len(UNHEARD)
    assert found.sources.select("source", "rows").rows() == [("unknown", len(UNHEARD))]
    assert found.datasets.is_empty() and found.labels.is_empty() and found.checked.leaked == 0
    assert any("unknown to the public atlas" in sentence for sentence in found.answer)


def test_datasets_are_named_by_what_they_add(world: Path, tmp_path: Path, atlas: PublicAtlas) -> None:
    """Two whole datasets and rows of nobody: both are named, what they share counts once."""
    prompts = workspace_of(world).read("instances").select("key", "prompt", "answer")
    places = workspace_of(world).read("occurrences").select("dataset", "key")
    both = [
        places.filter(dataset=name)
        .unique("key")
        .join(prompts, on="key")
        .select("prompt", "answer")
        .to_dicts()
        for name in ("logic_gym", "verl_orchard")
    ]
    found = traced(written(tmp_path / "both.jsonl", [*both[0], *both[1], *UNHEARD]), atlas)
    assert found.datasets["adds"].sum() == found.rows.height - len(UNHEARD)
    assert found.datasets["adds"].is_sorted(descending=True)
    assert (found.datasets["adds"] <= found.datasets["rows"]).all()


def test_another_wording_is_known_by_telling_numbers(world: Path, tmp_path: Path, atlas: PublicAtlas) -> None:
    instances = workspace_of(world).read("instances").filter(pl.col("answer").is_not_null())
    known = set(atlas.origins.frame["numbers"].drop_nulls())
    assert known
    numbers = instances["skeleton"].str.extract_all(r"\d+(?:\.\d+)?").list.join(", ").to_list()
    told = [
        {"problem": f"Consider these, told quite otherwise: {found}.", "answer": answer}
        for found, answer in zip(numbers, instances["answer"], strict=True)
    ]
    found = traced(written(tmp_path / "otherwise.jsonl", told), atlas)
    by_numbers = found.rows.filter(known_by="numbers")
    assert by_numbers.height > 20
    assert set(found.rows["known_by"]) <= {"numbers", None}


def test_numbers_that_say_little_are_not_looked_for() -> None:
    assert bits("2 3 = 5") < TELLING < bits("1729 3811 = 90210")
    assert bits(None) == 0


def test_labels_that_name_another_source_are_counted(tmp_path: Path, world: Path, atlas: PublicAtlas) -> None:
    lineage = workspace_of(world).read("lineage").drop_nulls("atomic_source")
    key = lineage["key"][0]
    prompt = workspace_of(world).read("instances").filter(key=key)["prompt"].item()
    rows = [{"problem": prompt, "data_source": "gsm8k", "answer": "1"}] * 3
    found = traced(written(tmp_path / "labelled.jsonl", rows), atlas)
    (line,) = found.labels.to_dicts()
    assert (line["declared"], line["rows"], line["example_row"]) == ("gsm8k", 3, 0)


def test_a_problem_with_an_image_is_not_known_by_its_text(
    tmp_path: Path, world: Path, atlas: PublicAtlas
) -> None:
    prompt = workspace_of(world).read("instances")["prompt"][0]
    rows = [{"problem": prompt, "image": f"https://example.org/{n}.png"} for n in range(6)]
    assert traced(written(tmp_path / "images.jsonl", rows), atlas).unknown == len(rows)


def test_the_same_workspace_gives_the_same_bytes(world: Path, tmp_path: Path) -> None:
    public_atlas.build(workspace_of(world), tmp_path)
    for name in (BENCHMARKS, ORIGINS, CARD):
        assert (tmp_path / name).read_bytes() == (world / "atlas" / name).read_bytes()


def test_an_edition_is_the_last_release_unless_it_is_given(world: Path, tmp_path: Path) -> None:
    released = workspace_of(world).read("datasets")["released"]
    assert open_atlas(world / "atlas").edition == released.max()
    arguments = ["atlas", "build", str(workspace_of(world).folder), str(tmp_path), "--edition", "2030-01-31"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert open_atlas(tmp_path).edition == dt.date(2030, 1, 31)
    assert (tmp_path / ORIGINS).read_bytes() == (world / "atlas" / ORIGINS).read_bytes()


def test_an_atlas_holds_no_text(world: Path) -> None:
    content = b"".join(path.read_bytes() for path in (world / "atlas").iterdir())
    for prompt in workspace_of(world).read("instances")["prompt"].head(200):
        assert prompt.encode()[:20] not in content


def test_a_damaged_atlas_is_refused(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "atlas", tmp_path / "atlas")
    path = tmp_path / "atlas" / ORIGINS
    whole = path.read_bytes()
    for at in range(7, len(whole), max(len(whole) // 40, 1)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        try:
            read = public_atlas.origins.read(path)
        except InputError:
            continue
        assert read.frame.equals(open_atlas(world / "atlas").origins.frame)  # a byte that says nothing
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        open_atlas(tmp_path / "atlas")
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        open_atlas(tmp_path / "atlas")


def test_two_halves_of_different_atlases_are_refused(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "atlas", tmp_path / "atlas")
    index = open_atlas(world / "atlas").benchmarks
    public_atlas.fingerprints.write(
        type(index)(index.salt, index.benchmarks[:1], index.places, index.prints),
        tmp_path / "atlas" / BENCHMARKS,
    )
    with pytest.raises(InputError, match="not made together"):
        open_atlas(tmp_path / "atlas")


# --- the packaged one --------------------------------------------------------------------------------------


def test_the_package_carries_an_atlas() -> None:
    packaged = open_atlas()
    roles = packaged.origins.datasets["role"].value_counts()
    assert dict(roles.iter_rows())["benchmark"] == len(packaged.benchmarks.benchmarks) >= 40
    assert packaged.origins.frame.height > 100_000
    assert packaged.origins.frame["text"].is_unique().all()


def test_check_needs_no_benchmark_of_the_users(tmp_path: Path) -> None:
    found = check(written(tmp_path / "new.jsonl", UNHEARD))
    assert found.leaked == 0
    assert any("public atlas" in limit for limit in found.limits)


#: Dataset of the corpus, a benchmark that its first file leaks, its main source; None for none worth naming.
KNOWN = {
    "limr": ("math_test", "math"),
    "gsm8k_train": (None, "gsm8k"),
    "gsm8k_oat": ("gsm8k_test", "gsm8k"),
    "simplerl_math8k_limr": ("math_test", "math"),
    "benbench_math_train": (None, "math"),
    "svamp_reft_nl": (None, None),
    "ttrl_test_prompts": ("aime24_atlas", None),
    "math7500_decs": (None, "math"),
    "countdown10k_datacentric": (None, None),
    "deepscaler_math_part": ("math_test", "math"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_packaged_atlas_knows_the_datasets_it_was_made_from(name: str, real_data: Path) -> None:
    """Also that texts are still brought into the same canonical form as when it was made."""
    benchmark, source = KNOWN[name]
    entries = json.loads((real_data / "manifest.json").read_text(encoding="utf-8"))
    files = next(entry["files"] for entry in entries if entry["id"] == name)
    found = traced(real_data / files[0], open_atlas())
    assert (found.rows["known_by"] == "text").sum() >= 0.99 * found.rows.height
    leaking = found.leaks_by_benchmark["benchmark"].to_list()
    if benchmark is not None:
        assert benchmark in leaking
    if source is not None:
        assert found.sources["source"][0] == source
        assert found.sources["share"][0] > 0.9
    assert name in {line["dataset"] for line in open_atlas().origins.card["datasets"]}
    assert found.datasets["adds"].sum() >= 0.99 * found.rows.height


# --- the command --------------------------------------------------------------------------------------------


def test_the_answer_comes_first_and_the_exit_code_is_that_of_check(world: Path, tmp_path: Path) -> None:
    code, text = run(file_of(world, "leaky_mix"), "--atlas", world / "atlas")
    assert code == 1
    assert text.startswith("FAILED: ") and "are problems of a benchmark" in text.splitlines()[0]
    assert run(file_of(world, "leaky_mix"), "--atlas", world / "atlas", "--tolerance", "1")[0] == 0
    code, text = run(written(tmp_path / "new.jsonl", UNHEARD), "--atlas", world / "atlas")
    assert code == 0
    assert text.startswith("passed: new.jsonl: None of 20 rows is known")


def test_a_benchmark_of_ones_own_is_looked_for_too(world: Path, tmp_path: Path) -> None:
    keys = workspace_of(world).read("occurrences").filter(dataset="verl_orchard").unique("key").select("key")
    texts = keys.join(workspace_of(world).read("instances"), on="key").sort("key")["prompt"].head(60)
    mine = written(tmp_path / "mine.jsonl", [{"problem": text} for text in texts])
    exam = written(tmp_path / "exam.jsonl", [{"problem": text} for text in texts.head(5)])
    code, text = run(mine, "--atlas", world / "atlas", "--against", exam, "--json")
    (told,) = json.loads(text)
    assert code == 1
    assert ("exam", 5) in [(line["benchmark"], line["rows"]) for line in told["leaks"]]


def test_every_file_of_a_glob_is_one_dataset_and_of_several_names_each_its_own(
    world: Path, tmp_path: Path
) -> None:
    for name, rows in (("a", UNHEARD[:8]), ("b", UNHEARD[8:])):
        written(tmp_path / f"{name}.jsonl", rows)
    of_glob = json.loads(run(tmp_path / "*.jsonl", "--atlas", world / "atlas", "--json")[1])
    assert [one["rows"] for one in of_glob] == [len(UNHEARD)]
    each = json.loads(
        run(tmp_path / "a.jsonl", tmp_path / "b.jsonl", "--atlas", world / "atlas", "--json")[1]
    )
    assert [one["rows"] for one in each] == [8, 12]


def test_one_unreadable_file_does_not_hide_the_others(world: Path, tmp_path: Path) -> None:
    good, bad = written(tmp_path / "good.jsonl", UNHEARD), tmp_path / "bad.jsonl"
    bad.write_bytes(b"\x00\x01 nothing that could be read")
    code, text = run(bad, good, "--atlas", world / "atlas")
    assert code == 2
    assert "UNREADABLE" in text and "passed: good.jsonl" in text
    with pytest.raises(AtlasError):
        run(bad, "--atlas", world / "atlas")
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        run(tmp_path / "nowhere.jsonl")


def test_json_says_where_every_row_is_from(world: Path) -> None:
    code, text = run(file_of(world, "logic_gym"), "--atlas", world / "atlas", "--json")
    (told,) = json.loads(text)
    assert code == (0 if told["passed"] else 1)
    assert len(told["row_origins"]) == told["rows"]
    assert sum(line["rows"] for line in told["sources"]) == told["rows"]


def test_the_page_holds_hostile_text_as_text(world: Path, tmp_path: Path) -> None:
    leaking = workspace_of(world).read("leaks").filter(is_same_problem())["benchmark_key"][0]
    prompt = workspace_of(world).read("instances").filter(key=leaking)["prompt"].item()
    rows = [{"problem": prompt, "data_source": "<script>alert(1)</script>"}]
    file = written(tmp_path / "a<b>&c.jsonl", rows)
    page = tmp_path / "page.html"
    run(file, "--atlas", world / "atlas", "--html", page, "--tolerance", "1")
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html and "a&lt;b&gt;&amp;c.jsonl" in html
    assert "Where the rows come from" in html and "http-equiv" in html


def test_a_workspace_is_told_the_command_it_wants(world: Path) -> None:
    with pytest.raises(InputError, match="match"):
        run(workspace_of(world).folder)


def test_the_atlas_can_be_listed_and_verified(world: Path) -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["atlas", "list", "--atlas", str(world / "atlas"), "--json"])
    assert {"leaky_mix", "logic_gym"} <= {entry["dataset"] for entry in json.loads(listed.output)["datasets"]}
    verified = runner.invoke(app, ["atlas", "verify", "--atlas", str(world / "atlas")])
    assert verified.output.startswith("whole: ")
    again = runner.invoke(app, ["atlas", "build", str(workspace_of(world).folder), str(world / "again")])
    assert again.exit_code == 0, again.output
