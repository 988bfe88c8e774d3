"""Where the answer is: fields, JSON, solutions; and rows that have none."""

import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.answer import extract, extract_column, normal_form

FINAL = [
    ("9 (pens)", "9 (pens)"),
    ("  142.0 \n", "142.0"),
    ('["34"]', "34"),
    ("[5]", "5"),
    ("[1,2]", "[1,2]"),  # an interval, or a list of two: the text stays
    ('["1.9\\n", "1.9"]', "1.9"),
    ('["34", "35"]', '["34","35"]'),
    ("[]", None),
    ('"34"', "34"),
    ('{"target": "0", "question": "What is 1-1?"}', "0"),
    ('{"target": 98, "numbers": [44, 19, 35]}', '{"target": 98, "numbers": [44, 19, 35]}'),
    ('{"answer": ["7"]}', "7"),
    ('{"answer": null}', None),
    ('{"target": "", "solution": "so \\\\boxed{4}"}', "4"),
    ("{1, 2}", "{1, 2}"),
    ("Answer: 5", "5"),
    ("The answer is $x$", "$x$"),
    (r"so it is \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
    ("3+4=7\n#### 7", "7"),
    ("3\u200b4", "34"),
    ("proof", None),
    ("Proved.", None),
    ("see solution", None),
    ("NaN", None),
    ("null", None),
    ("None", None),
    ("none", "none"),
    ("", None),
    (None, None),
]
SOLUTION = [
    (r"First \boxed{1}, then \boxed{\frac{a}{\sqrt{b}}}.", r"\frac{a}{\sqrt{b}}"),
    (r"Then \fbox{12}", "12"),
    (r"Then \framebox{12} minutes.", "12"),
    (r"Then \boxed 7.", "7"),
    (r"\boxed{3} and an unclosed \boxed{4", "3"),
    (r"a set \boxed{\{1,2\}}", r"\{1,2\}"),
    ("2+2 = <<2+2=4>>4\n#### 4", "4"),
    ("#### Step 1\nAdd.\n#### Step 2\nWrite \\boxed{8}.\nDone.", "8"),
    ("Sum them up. The answer is: 12", "12"),
    ("Therefore, the answer is <203>.", "203"),
    ("So the final answer is $x^2$. I hope it is correct.", "$x^2$"),
    ("It follows.\nCorrect answer - A", "A"),
    ("Answer : Option B", "Option B"),
    ("Answer: 100. Indeed, let n be given." + " Words follow." * 60, "100"),
    ("the answer is thus $8 + 4 = 12$.", "$8 + 4 = 12$"),
    ("<think>5?</think><answer>(1 + 2) * 3</answer>", "(1 + 2) * 3"),
    (r"<answer>It is \boxed{6}</answer>", "6"),
    ("所以答案是 15。", "15"),
    ("The answer is not hard to see once we draw the figure.", None),
    ("```python\nanswer: int = 0\n```\nThe answer is 3", None),
    ("We add 3 and 4 and get 7.", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "answer"), FINAL)
def test_final(text, answer):
    assert extract(text, "final") == answer


@pytest.mark.parametrize(("text", "answer"), SOLUTION)
def test_solution(text, answer):
    assert extract(text, "solution") == answer


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind"):
        extract("5", "answer")


def test_stated_answers_read_as_numbers():
    assert normal_form(extract("the answer is thus $8 + 4 = 12$.", "solution")) == "12"
    assert normal_form(extract("Answer : Option B", "solution")) == "B"


def test_column_form_agrees_with_the_single_form_and_keeps_order_and_nulls():
    texts = pl.Series("t", ["#### 4", "#### 4", None, "5", "proof", "5"])
    kinds = pl.Series(["solution", "final", "final", "solution", "final", None])
    found = extract_column(texts, kinds)
    assert found.to_list() == ["4", "4", None, None, None, None]
    assert found.name == "t"
    assert extract_column(texts[:0], kinds[:0]).to_list() == []


HOSTILE = {
    "unclosed boxes": r"\boxed{" * 150_000,
    "closed boxes": r"\boxed{" * 100_000 + "}" * 100_000,
    "hashes": "#### " * 200_000,
    "answers": "the answer is " * 70_000,
    "tags": "<answer>" * 120_000,
    "brackets": "[" * 500_000 + "]" * 500_000,
    "open json": '{"a":' * 200_000 + "}",
    "spaces": "answer is" + " " * 1_000_000,
    "lines": "\n" * 1_000_000,
    "controls": "\x00\u200b" * 500_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_costs_little_and_raises_nothing(text):
    started = time.process_time()
    extract(text, "final")
    extract(text, "solution")
    assert time.process_time() - started < 30, "what is in proportion takes well under one second"


@given(st.text(max_size=80), st.sampled_from(["final", "solution"]))
def test_any_text_gives_an_answer_with_content_or_none(text, kind):
    found = extract(text, kind)
    assert found is None or found.strip()


@given(
    st.text(alphabet="abc123+-\\/{}^ ", min_size=1, max_size=30).filter(
        lambda t: t.strip() and t.count("{") == 0 and t.count("}") == 0
    )
)
def test_what_is_boxed_comes_out(content):
    expected = content.strip()
    if not expected.endswith("\\"):
        assert extract(rf"Words, and so \boxed{{{content}}} is it.", "solution") in (expected, None)
