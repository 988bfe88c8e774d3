"""Unknown templates are found; shared text that carries a task or facts stays."""

import polars as pl
import pytest

from rlvr_atlas.canonical import canonicalise, infer_templates
from rlvr_atlas.config import Adapter
from rlvr_atlas.schema import ROWS, TEMPLATES, conform

NAMES = ["Ada", "Bo", "Cleo", "Dag", "Esi", "Finn", "Gro", "Hal", "Ivo", "Jun", "Kai", "Lou", "Mio"]


def problems(count: int) -> list[str]:
    """Distinct problems that neither begin nor end alike."""
    forms = [
        "{a} packs {n} crates and drops {m}. How many crates are whole?",
        "If ${n}x = {m}$, what does {a} get for $x$?",
        "Compute ${n}^2 - {m}$, as {a} did.",
        "A tank holds {n} litres; {a} lets {m} litres out. What is left in it?",
    ]
    return [forms[i % 4].format(a=NAMES[i % 13], n=i + 2, m=3 * i + 1) for i in range(count)]


def rows(questions: list[str]) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"dataset": ["d"] * len(questions), "row": range(len(questions)), "question": questions}
    )
    return conform(frame, ROWS)


def found(questions: list[str], adapter: Adapter | None = None) -> dict[str, set[tuple[str, str]]]:
    frame = infer_templates(rows(questions), adapter or Adapter())
    assert dict(frame.schema) == TEMPLATES
    result: dict[str, set[tuple[str, str]]] = {}
    for position, text, origin in frame.select("position", "text", "origin").iter_rows():
        result.setdefault(origin, set()).add((position, text))
    return result


def prompts(questions: list[str]) -> list[str]:
    frame = rows(questions)
    return canonicalise(frame, infer_templates(frame, Adapter()))["prompt"].to_list()


@pytest.mark.parametrize(
    "wrapping",
    [
        "Dear model, work through the question below and reply in plain English.\n{}",
        "{}\nKindly reply with nothing but the result, wrapped in <res></res>.",
        "{} Your reply must close with the line 'Result:' and the value.",
        "### Quiz\n{}\n### Reply below this line",
        "[SYS]You are Bot 7, be terse in 3 lines.[/SYS][USR]{}[/USR][BOT]",
        "<|person|>{}<|machine|>",
        "请认真阅读题目并给出完整的解答步骤。\n{}",
        "You are an expert tutor. Be kind.\n\nReply in JSON with keys thoughts and answer.\n\n{}\n\nJSON:",
        "Consider the following puzzle calmly and slowly.\n{}",
    ],
)
def test_an_unknown_template_of_all_rows_is_taken_off(wrapping):
    bare = problems(40)
    assert prompts([wrapping.format(text) for text in bare]) == bare
    assert found([wrapping.format(text) for text in bare])["inferred"]


@pytest.mark.parametrize("count", [8, 30])
def test_small_datasets_are_enough(count):
    bare = problems(count)
    assert prompts([f"Answer this in the given format, please.\n{text}" for text in bare]) == bare


@pytest.mark.parametrize(
    "wrapping",
    [
        "{} So who is telling the truth and who is not?",
        "{} How many apples are left?",
        "Using the numbers [{}], create an equation.",
        "Simplify: {}",
        "On this island, truth-tellers never lie. {}",
        "{} Give the answer as $m+n$, where $m/n$ is in lowest terms.",
        "{} Round your answer to two decimal places.",
        "{}\nYou may use each number only once.",
        "Let $ABC$ be a triangle. {}",
        "已知答案的形式为$m/n$。{}",
    ],
)
def test_shared_text_that_carries_a_task_stays_and_is_reported(wrapping):
    questions = [wrapping.format(text) for text in problems(40)]
    assert prompts(questions) == [" ".join(text.split()) for text in questions]
    result = found(questions)
    assert "inferred" not in result
    if len(wrapping) > 14:
        assert result["kept"]


def test_the_outer_template_goes_and_the_inner_task_stays():
    bare = [
        f"Using the numbers [{i}, {i + 9}], reach {3 * i}. Each number may be used once."
        for i in range(2, 60)
    ]
    wrapped = [f"Reply as a helpful tutor would.\n{text} Put your reply between <out> tags." for text in bare]
    assert prompts(wrapped) == bare


def test_sub_collections_have_their_own_templates():
    bare = problems(120)
    forms = [
        "{}\nReply with your reasoning first, in full sentences.",
        "{}\nState your answer in a box of asterisks.",
        "As an assistant, respond briefly to this:\n{}",
        "{}",
    ]
    assert prompts([forms[i % 4].format(text) for i, text in enumerate(bare)]) == bare


def test_facts_shared_by_a_part_are_no_template():
    bare = problems(100)
    shared = [
        f"Kim has a red box and a blue box on the table. {text}" if i % 3 else text
        for i, text in enumerate(bare)
    ]
    assert prompts(shared) == shared


def test_a_problem_that_is_repeated_is_no_template():
    questions = ["Kindly reply to this: what is a torus?"] * 500 + problems(6)
    assert "inferred" not in found(questions)


def test_known_templates_are_reported_with_their_rows():
    questions = [f"{text} Let's think step by step." for text in problems(30)] * 2
    frame = infer_templates(rows(questions), Adapter())
    assert frame.select("dataset", "position", "origin", "rows").rows() == [("d", "suffix", "known", 60)]


def test_recipe_rules_come_first_and_inference_can_be_switched_off():
    questions = [f"(quiz) {text} Reply in JSON, please." for text in problems(20)]
    adapter = Adapter(strip_prefix=["(quiz)"], strip_suffix=["never there"], infer_templates=False)
    frame = infer_templates(rows(questions), adapter)
    assert frame.select("position", "text", "origin", "rows").rows() == [
        ("prefix", "(quiz)", "recipe", 20),
        ("suffix", "never there", "recipe", 0),
    ]
    assert canonicalise(rows(questions), frame)["prompt"][0].startswith(NAMES[0])


def test_the_result_does_not_depend_on_the_order_of_rows():
    questions = [f"Respond in rhyme.\n{text}" for text in problems(50)]
    one, other = found(questions), found(questions[::-1])
    assert one == other


def test_an_empty_dataset_has_no_templates():
    assert infer_templates(rows([]), Adapter()).height == 0
    assert dict(infer_templates(rows([]), Adapter()).schema) == TEMPLATES
