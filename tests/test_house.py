"""The house keeps its own rules: sizes, imports, documentation, locks, and no trace of anybody's machine."""

import ast
import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import polars as pl
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import rlvr_atlas
from rlvr_atlas import config, registry
from rlvr_atlas import schema as record
from rlvr_atlas.config import curate as config_curate
from rlvr_atlas.registry.page import markdown
from rlvr_atlas.schema import scores, tables

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "rlvr_atlas"
LOCK = ROOT / "requirements" / "dev.lock"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- code ---------------------------------------------------------------------------------------------


def test_no_module_is_longer_than_a_reader_can_hold():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in SOURCE.rglob("*.py")
    }
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


@pytest.mark.parametrize(
    ("modules", "slow"),
    [
        (
            "rlvr_atlas.cli",
            {"polars", "pydantic", "rich", "torch", "transformers", "sympy", "sklearn", "math_verify"},
        ),
        ("rlvr_atlas.cli, rlvr_atlas.explain", {"numpy", "pydantic", "pyarrow", "rich", "scipy", "jinja2"}),
    ],
)
def test_commands_wait_for_no_package_that_they_do_not_use(modules, slow):
    code = f"import sys, {modules}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not slow & set(run.stdout.split())


@pytest.mark.parametrize("arguments", [["list"], ["list", "sources"], ["show", "gsm8k"]])
def test_the_registry_is_shown_without_tables(arguments):
    code = f"""if True:
        import sys
        from rlvr_atlas.cli import app
        app(["registry", *{arguments}], standalone_mode=False)
        print(*sys.modules, file=sys.stderr)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "gsm8k" in run.stdout
    loaded = set(run.stderr.split())
    assert not {"polars", "numpy", "pyarrow", "scipy"} & loaded
    if arguments[0] == "list":  # half the time of the command was tables of rich and models of settings
        assert not {"rich.table", "rlvr_atlas.config"} & loaded


def test_a_schema_is_there_by_its_name_and_a_misspelled_one_is_not():
    assert record.MATCHES is tables.MATCHES
    assert record.SCORES is scores.SCORES
    missing = [name for name in record.__all__ if not hasattr(record, name)]
    assert missing == []
    with pytest.raises(AttributeError, match="no attribute 'MATCHS'"):
        _ = record.MATCHS
    assert not hasattr(record, "pl")


def loads_by_name(code: str) -> list[int]:
    """Lines of `code` that import a module by a name in a text, where no contract on imports can see it."""
    lines = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            hidden = node.module == "importlib" and any(name.name == "import_module" for name in node.names)
        elif isinstance(node, ast.Attribute):
            hidden = node.attr in {"import_module", "__import__", "load_module", "exec_module", "run_module"}
        else:
            hidden = isinstance(node, ast.Name) and node.id == "__import__"
        if hidden:
            lines.append(node.lineno)
    return lines


def test_no_module_is_imported_by_a_name_in_a_text():
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCE.rglob("*.py")
        for line in loads_by_name(path.read_text(encoding="utf-8"))
    }
    assert found == set(), "import it plainly, inside the function, and list it under importlinter"


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("import importlib\nimportlib.import_module('torch')", [2]),
        ("from importlib import import_module as load\nload('torch')", [1]),
        ("import importlib as i\nload = i.import_module", [2]),
        ("__import__('torch')", [1]),
        ("import builtins\nbuiltins.__import__('torch')", [2]),
        ("from importlib.util import find_spec\nfind_spec('torch')\ndef f():\n    import torch", []),
    ],
)
def test_an_import_by_name_is_seen(code, lines):
    assert loads_by_name(code) == lines


# --- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "module"),
    [
        ("blocking", "match/minhash.py"),
        ("retrieval", "match/retrieval.py"),
        ("features", "match/features.py"),
        ("classifier", "match/classifier.py"),
        ("calibration", "match/classifier.py"),
        ("prior", "match/dataset_prior.py"),
        ("deduplication", "curate/copies.py"),
        ("re-audit", "curate/again.py"),
        ("coincidence", "audit/coincidence.py"),
    ],
)
def test_a_word_of_the_field_leads_to_the_module_that_does_it(word, module):
    docstring = ast.get_docstring(ast.parse((SOURCE / module).read_text(encoding="utf-8")))
    assert re.search(rf"\b{word}\b", docstring, re.IGNORECASE)


def names(path: Path) -> set[str]:
    """The module's own name, and those of its functions and classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {path.stem} | {node.name for node in tree if isinstance(node, kinds)}


def test_no_module_function_or_class_has_an_old_name():
    old = {"derived", "worth_reading", "laxer", "telling"}
    found = {path.relative_to(SOURCE).as_posix(): names(path) & old for path in SOURCE.rglob("*.py")}
    assert {path: hits for path, hits in found.items() if hits} == {}


def test_the_architecture_page_lists_every_room():
    page = read("docs/architecture.md").split("## The rooms")[1].split("\n## ")[0]
    files = {path.name for path in SOURCE.glob("*.py") if not path.name.startswith("__")}
    folders = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    first = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    assert {name for cell in first for name in re.findall(r"`([\w.]+)`", cell)} == files | folders


def test_paths_of_modules_on_the_pages_exist():
    rooms = "|".join(sorted(path.parent.name for path in SOURCE.glob("*/__init__.py")))
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md"]
    gone = [
        f"{page.name}: {path}"
        for page in pages
        for path in re.findall(rf"`((?:{rooms})/[\w/]+\.(?:py|toml|json|npy))`", page.read_text("utf-8"))
        if not (SOURCE / path).exists()
    ]
    assert gone == []


# --- documentation ------------------------------------------------------------------------------------


def test_the_command_reference_is_what_the_commands_say():
    command = [sys.executable, "-m", "typer", "rlvr_atlas.cli", "utils", "docs", "--name", "rlvr-atlas"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert read("docs/cli.md").strip() == run.stdout.strip(), "docs/cli.md is out of step: run make docs"


def test_the_page_of_the_registry_is_what_the_registry_says():
    said = markdown(registry.of())
    assert read("docs/registry-entries.md") == said, "docs/registry-entries.md is out of step: run make docs"


def test_the_workspace_page_lists_the_columns_of_every_table():
    schemas: dict[str, list[tuple[str, str]]] = {}
    for name in record.__all__:
        schema = getattr(record, name)
        fields = (
            {field.name: field.dtype for field in schema.fields} if isinstance(schema, pl.Struct) else schema
        )
        if name.isupper() and isinstance(fields, dict):
            schemas[name.lower()] = [(column, shown(dtype)) for column, dtype in fields.items()]
    page = read("docs/workspace.md")
    written = {
        section.split("\n", 1)[0]: re.findall(r"^\| `(\w+)` \| (\S+) \| ", section, re.MULTILINE)
        for section in page.split("\n### ")[1:]
    }
    assert written == schemas


def test_the_recipe_page_lists_every_setting_with_its_default():
    sections = {
        "[workspace]": config.WorkspaceSettings,
        "[[datasets]]": config.DatasetSpec,
        "[datasets.adapter]": config.Adapter,
        "[match]": config.MatchSettings,
        "[recover]": config.RecoverSettings,
        "[audit]": config.AuditSettings,
        "[sca]": config.SCASettings,
        "[curate]": config_curate.CurateSettings,
        "[curate.refill]": config_curate.RefillSettings,
    }
    page = read("docs/recipes.md")
    for title, settings in sections.items():
        section = page.split(f"\n## `{title}`\n", 1)[1].split("\n## ", 1)[0]
        written = dict(re.findall(r"^\| `(\w+)` \|(?: `(.*?)` \|)?", section, re.MULTILINE))
        defaults = {name: field.default for name, field in settings.model_fields.items()}
        assert list(written) == list(defaults), title
        stated = {name: json.loads(text) for name, text in written.items() if text}
        assert stated == {name: value for name, value in defaults.items() if name in stated}, title


def test_the_recipe_page_begins_with_a_recipe_that_is_one():
    example = re.search(r"```toml\n(.*?)```", read("docs/recipes.md"), re.DOTALL)[1]
    assert len(config.parse_recipe(tomllib.loads(example)).datasets) == 3


def shown(dtype: pl.DataType | type[pl.DataType]) -> str:
    return "Struct" if isinstance(dtype, pl.Struct) else str(dtype)


def test_links_between_pages_lead_somewhere():
    pages = [ROOT / name for name in tracked() if name.endswith(".md")]
    links = [
        (page, link) for page in pages for link in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    ]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page, link in links
        if not re.match(r"[a-z]+:", link) and not (page.parent / link).exists()
    ]
    assert broken == []


def anchors(page: str) -> set[str]:
    """Anchors of a page's headings, as both the repository's host and the site make them."""
    text = re.sub(r"^( *)(```+).*?^\1\2", "", page, flags=re.DOTALL | re.MULTILINE)
    found: set[str] = set()
    for title in re.findall(r"^#+ (.+?)\s*$", text, re.MULTILINE):
        plain = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        assert anchor not in found, f"two headings have the anchor {anchor}: hosts number them differently"
        found.add(anchor)
    return found


def lost_anchors(page: Path, text: str) -> list[str]:
    """Links of a page to a heading that its target does not have."""
    return [
        f"{page.relative_to(ROOT)}: {name}#{anchor}"
        for name, anchor in re.findall(r"\]\(((?![a-z]+:)[^)#\s]*)#([^)\s]+)\)", text)
        if (target := page.parent / name if name else page).suffix == ".md"
        and anchor not in anchors(text if target == page else target.read_text("utf-8"))
    ]


def test_links_to_headings_lead_to_one():
    pages = [ROOT / name for name in tracked() if name.endswith(".md")]
    assert [line for page in pages for line in lost_anchors(page, page.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("link", "lost"),
    [
        ("[it](#the-keys-of-a_table)", False),
        ("[it](#the-keys)", True),
        ("[it](#not-a-heading)", True),
        ("[it](audit.md#an-index-that-can-be-shared)", False),
        ("[it](audit.md#an-index)", True),
        ("[it](https://example.org/page.md#there)", False),
    ],
)
def test_a_lost_heading_is_seen(link, lost):
    text = f"# Page\n## The `keys` of [a_table](x.md)!\n```sh\n# Not a heading\n```\n{link}\n"
    assert bool(lost_anchors(ROOT / "docs" / "page.md", text)) == lost


def test_every_page_is_in_the_menu_of_the_site():
    menu = read("mkdocs.yml").split("\nnav:\n", 1)[1]
    listed = re.findall(r"(?:: |- )(\S+\.md)$", menu, re.MULTILINE)
    pages = {name.removeprefix("docs/") for name in tracked() if re.fullmatch(r"docs/.+\.md", name)}
    assert sorted(listed) == sorted(pages)


def test_on_the_site_a_link_out_of_the_pages_leads_to_the_repository():
    absolute = runpy.run_path(str(ROOT / ".ci" / "docs_links.py"))["absolute"]
    host = "https://example.org/project/"
    assert absolute("../answers.md#x", "benchmarks/answers.md", host) == "../answers.md#x"
    assert absolute("../README.md#x", "audit.md", host) == "https://example.org/project/blob/main/README.md#x"
    assert absolute("../../src", "benchmarks/answers.md", host) == "https://example.org/project/tree/main/src"
    with pytest.raises(FileNotFoundError, match=r"docs/audit\.md links to nowhere\.py"):
        absolute("../nowhere.py", "audit.md", host)


def test_one_version_everywhere():
    assert f"\nversion: {rlvr_atlas.__version__}\n" in read("CITATION.cff")


# --- what is in git -----------------------------------------------------------------------------------


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in listing.stdout.decode().split("\0") if (ROOT / name).is_file()]


def test_no_file_names_a_machine_or_a_package_index():
    # Written in halves, so that this file is not the one that is found.
    folders = "|".join(
        ["/ro" + "ot/", "/ho" + r"me/\w", "/Us" + r"ers/\w", "/wo" + r"rk/\w", "/o" + "pt/", "/tm" + "p/"]
    )
    hosts = "|".join(
        ["py" + r"pi\.org", "python" + r"hosted\.org", "file:" + "///", "(?<!emit-)index" + "-url[ =]"]
    )
    found = []
    for name in tracked():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data:
            hits = re.findall(rf"(?<![\w.])(?:{folders})|{hosts}", data.decode("utf-8"))
            found += [f"{name}: {hit}" for hit in hits]
    assert found == []


# --- dependencies -------------------------------------------------------------------------------------


LOWEST = ROOT / "requirements" / "lowest.lock"


def locked(lock: Path = LOCK) -> dict[str, list[tuple[Requirement, str]]]:
    """Name -> its pins in the lock, each with the text that carries its hashes."""
    pins: dict[str, list[tuple[Requirement, str]]] = {}
    for entry in re.split(r"\n(?=\w)", lock.read_text(encoding="utf-8")):
        if not entry.startswith("#"):
            requirement = Requirement(entry.split("\\", 1)[0].strip())
            pins.setdefault(requirement.name, []).append((requirement, entry))
    return pins


def test_the_lock_satisfies_the_project():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    pins = locked()
    for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        wanted = Requirement(text)
        versions = [Version(str(pin.specifier).removeprefix("==")) for pin, _ in pins[wanted.name]]
        assert all(version in wanted.specifier for version in versions), text


def test_the_lowest_versions_are_those_that_the_project_allows():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    pins = locked(LOWEST)
    for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        wanted = Requirement(text)
        (bound,) = [Version(part.version) for part in wanted.specifier if part.operator == ">="]
        ((pin, _),) = pins[wanted.name]
        lowest = Version(str(pin.specifier).removeprefix("=="))
        # A bound that no release has, or that another dependency lifts, is a bound that nobody has tried.
        assert lowest == bound, f"{text}, but {lowest} is the lowest that can be had: raise the bound"


@pytest.mark.parametrize("lock", [LOCK, LOWEST], ids=["dev", "lowest"])
def test_every_pin_has_a_hash(lock):
    bare = [
        str(pin) for pins in locked(lock).values() for pin, entry in pins if "--hash=sha256:" not in entry
    ]
    assert bare == []


# --- the checks themselves ----------------------------------------------------------------------------


@pytest.mark.parametrize(("required", "outcome"), [("0", "1 skipped"), ("1", "1 error")])
def test_without_the_corpus_a_test_skips_and_in_ci_fails(tmp_path, required, outcome):
    (tmp_path / "conftest.py").write_text(read("tests/conftest.py"))
    (tmp_path / "test_it.py").write_text("def test_it(real_data): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = real: here\naddopts = -q -rs\n")
    environment = os.environ | {
        "RLVR_ATLAS_REAL_DATA": str(tmp_path / "nowhere"),
        "RLVR_ATLAS_REQUIRE_REAL_DATA": required,
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert outcome in run.stdout
    assert "no real corpus at" in run.stdout
