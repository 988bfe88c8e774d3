"""What the comments of a function say, in texts without line breaks."""

import time

import pytest

from rlvr_atlas.match import comments

SAID = "Counts the steps of a staircase that rise."


@pytest.mark.parametrize(
    "text",
    [
        f'import math def rising(heights: List[int], start: int = 0) -> int: """{SAID}""" return 0',
        f"from typing import List # {SAID} def rising(heights): total = 0",
        f"Here it is: ```javascript /** * {SAID} */ function rising(heights) {{ return 0; }} ```",
        f"function rising(heights) {{ // {SAID} let total = 0; return total; }}",
        f"const base = 1; // {SAID} const rising = (heights) => {{ return base; }};",
        f'#include <stdio.h> #include "steps.h" // {SAID} int rising(int *heights, size_t n) {{ return 0; }}',
        f"int other(int n) {{ return n; }} /* {SAID} */ unsigned int rising(int heights[]) {{ return 0; }}",
        f"int rising(int heights[]) {{ /* {SAID} */ return 0; }}",
        f"public static int[] rising(List<String> heights) {{ // {SAID} return null; }}",
    ],
)
def test_the_comment_of_a_function_is_found(text):
    assert comments.documentation(text) == SAID
    assert comments.names(text)[-1] == "rising"


def test_marks_and_tags_are_left_out():
    text = (
        f"/** * {SAID} * @param {{number[]}} heights - their heights * @returns {{number}} how many */ "
        "function rising(heights) { return 0; }"
    )
    said = comments.documentation(text)
    assert "@" not in said and "*" not in said and said.startswith(SAID)


@pytest.mark.parametrize(
    "text",
    [
        "Let f(x) be the function f(x) = x^2 // 3 and find f(2)",
        "if (heights.length > 3) { return 0; } else if (start) { return 1; }",
        "for (int i = 0; i < n; i++) { total += i; }",
        "",
    ],
)
def test_no_function_no_comment(text):
    assert comments.names(text) == []
    assert comments.documentation(text) == ""


@pytest.mark.parametrize(
    "part",
    [
        "/* ",
        "// int f(int a) { ",
        "def f(",
        "function f(a) { ",
        "int f(int ",
        "const f = (a) => ",
        '"""',
        "a b(",
    ],
)
def test_hostile_texts_are_read_in_linear_time(part):
    """Of eight times the text not 64 times the work: counted in processor time, and of two long texts."""

    def seconds(times):
        text = part * times
        before = time.process_time()
        comments.documentation(text)
        return time.process_time() - before

    short = min(seconds(2_000) for _ in range(3))
    long = min(seconds(16_000) for _ in range(2))
    assert long < 24 * max(short, 0.005)
