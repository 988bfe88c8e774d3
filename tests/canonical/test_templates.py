"""Known wrapping comes off whatever its spelling, and nothing else does."""

import polars as pl
import pytest

from rlvr_atlas.canonical.templates import known_rules, literal_rule, take_off

PROBLEM = "A baker fills 7 trays with 12 rolls each. How many rolls is that?"
TEX = r"Let $f(x)=x^{2}-3x+\frac{1}{2}$. Find the least value of $f$."

WRAPPED = [
    "{} Let's think step by step and output the final answer within \\boxed{{}}.",
    "{}\nPlease reason step by step, and put your final answer within \\boxed{{}}.",
    "{}  please  REASON step-by-step and put your final answer within \\boxed{{}}",
    "{}\n\nThink carefully, then write your final answer inside \\boxed{{answer}}.",
    "{} Put your answer in \\boxed{{}}.",
    '{} Let\'s think step by step and output the final answer after "####".',
    "Solve the following math problem step by step. The last line of your response should be of the form "
    "Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n{}\n\n"
    'Remember to put your answer on its own line after "Answer:".',
    "Solve the following math problem. Make sure to put the answer (and only answer) inside "
    "\\boxed{{}}.\n\n{}",
    "<|im_start|>system\nYou are calm.<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\n{}\nPlease reason step by step, and put your final answer within \\boxed{{}}."
    "<|im_end|>\n<|im_start|>assistant\n<think>\n",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\n{} [/INST]",
    "<｜begin▁of▁sentence｜><｜User｜>{}<｜Assistant｜><think>\n",
    "{}\nPlease reason step by step, and put your final answer within \\boxed{{}}.<| Assistant |>",
    "<start_of_turn>user\n{}<end_of_turn>\n<start_of_turn>model\n",
    "A conversation between User and Assistant. The User asks a question, and the Assistant solves it. The "
    "Assistant thinks first, i.e., <think> reasoning here </think> <answer> answer here </answer>.\n"
    "User: {}\nAssistant: <think>",
    "User: {}\nAssistant: Let me solve this step by step.\n<think>",
    "Below is an instruction that describes a task. Write a response that appropriately completes the "
    "request.\n\n### Instruction:\n{}\n\n### Response: Let's think step by step.",
    "Question: {}\nAnswer:",
    "**Problem:** {}\n\n**Solution:**",
    "Question:\n{}\nAnswer:\nLet's think step by step.\n",
    "{}\n\nPresent the answer in LaTex format: \\boxed{{Your answer}}",
    "{}\n请逐步推理，并将最终答案放在\\boxed{{}}中。",
    "{}\n\nWrite Python code to solve the problem. Present the code in \n```python\nYour code\n```\n"
    "at the end.",
]


def bare(texts: list[str]) -> list[str]:
    # One call for many texts: a call compiles all patterns.
    return take_off(pl.Series(texts, dtype=pl.String), known_rules())[0].str.strip_chars().to_list()


@pytest.mark.parametrize("problem", [PROBLEM, TEX])
def test_the_problem_comes_out_whole(problem):
    left = bare([wrapping.format(problem) for wrapping in WRAPPED])
    assert [wrapping for wrapping, text in zip(WRAPPED, left, strict=True) if text != problem] == []


def test_a_problem_without_wrapping_is_left_alone():
    texts = [
        PROBLEM,
        TEX,
        "What is the final answer that the assistant of Dr. Voss gives?",
        "Express your answer as a common fraction.",
        "Find $x$ and put it in the form $a+b$. Give your answer as $a\\cdot b$.",
        "Mia stacks boxed sets. How many does she have?",
        "Ola thinks of a number, doubles it and adds 3. What is the answer if she thinks of 5?",
        "Explain step by step how 17 is reached from 3 by doubling and adding 1.",
        "Who lies? User: none of us. Robot: all of us.",
        "In which set is A: the even or the odd numbers? Choose B or A:",
        "The solution contains 5 g of salt. Solve for the mass of the water.",
    ]
    assert bare(texts) == texts


def test_nothing_is_taken_to_nothing():
    texts = ["Let's think step by step.", "Answer:", "<|im_start|>user\n<|im_end|>", "", "<think>"]
    for text, left in zip(texts, bare(texts), strict=True):
        assert left == text or any(char.isalnum() for char in left)


def test_wrapping_in_the_middle_stays():
    text = (
        f"{PROBLEM} Please reason step by step, and put your final answer within \\boxed{{}}. Then double it."
    )
    assert bare([text]) == [text]


def test_rows_are_counted_per_rule_and_the_input_is_untouched():
    texts = pl.Series([f"Question: {PROBLEM}", PROBLEM, f"Question: {TEX}\nAnswer:"])
    before = texts.to_list()
    _, counts = take_off(texts, known_rules(), pl.Series([5, 7, 2]))
    assert {rule.text: rows for rule, rows in counts.items()} == {"Question:": 7, "Answer:": 2}
    assert texts.to_list() == before


def test_a_literal_rule_ignores_spacing_only_and_stops_at_words():
    rules = [literal_rule("prefix", "Quiz no. (4)"), literal_rule("suffix", "Over to you")]
    texts = pl.Series(
        ["Quiz\n no.  (4) How old is Ann? Over to\tyou", "quiz no. (4) x", "Say it. Over to yours"]
    )
    assert take_off(texts, rules)[0].to_list() == [
        "How old is Ann? ",
        "quiz no. (4) x",
        "Say it. Over to yours",
    ]
