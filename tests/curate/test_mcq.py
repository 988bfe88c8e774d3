"""Multiple choice made exact only where nothing is lost: the refusals matter more than the conversions."""

import polars as pl
import pytest
from small import curated, row, tables

from rlvr_atlas.curate.mcq import Exact, convert


def one(prompt, answer, language="en"):
    return convert([prompt], [answer], [language])[0]


@pytest.mark.parametrize(
    ("prompt", "answer", "exact", "letter"),
    [
        ("What is 6 times 7? (A) 41 (B) 42 (C) 43", "B", "42", "B"),
        ("What is 6 times 7? A. 41 B. 42 C. 43", "(B)", "42", "B"),
        ("What is 6 times 7? (A) 41 (B) 42 (C) 43", "42", "42", "B"),
        ("What is 6 times 7? (A) 41 (B) 42 (C) 43", "(B) 42", "42", "B"),
        (
            r"Find the height. $\textbf{(A)}\ \frac{1}{2} \qquad\textbf{(B)}\ 3 \qquad\textbf{(C)}\ 5$",
            "A",
            r"\frac{1}{2}",
            "A",
        ),
        ("A rope of 6 cm is cut in 4. How long is a part? (A) 1.5 cm (B) 2 cm (C) 24 cm", "A", "1.5 cm", "A"),
        ("Solve for the pair. (A) (1, 2) (B) (2, 1) (C) (0, 0)", "B", "(2, 1)", "B"),
    ],
)
def test_a_question_that_stands_alone_becomes_exact(prompt, answer, exact, letter):
    done = one(prompt, answer)
    assert isinstance(done, Exact)
    assert (done.answer, done.letter) == (exact, letter)
    assert "(A)" not in done.prompt
    assert prompt.startswith(done.prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "why"),
    [
        ("The even one of the following is (A) 1 (B) 2 (C) 3", "B", "following"),
        ("Of these numbers, which is even? (A) 1 (B) 2 (C) 3", "B", "needs its options"),
        ("Choose the even number. (A) 1 (B) 2 (C) 3", "B", "choose the"),
        ("The weight of a tram is closest to what? (A) 1 (B) 20 (C) 300", "B", "closest"),
        ("What could be the sum of the digits? (A) 1 (B) 2 (C) 3", "B", "could be"),
        ("Name a factor of 36: a factor of 36 is (A) 5 (B) 6 (C) 7", "B", "a factor of"),
        ("What is it not equal to? (A) 5 (B) 6 (C) 7", "B", "not"),
        ("How can 1 to 4 be paired? (A) (1,2) (B) (1,3) (C) 5", "A", "how can"),
        ("Pair them. (A) (1,2), (3,5) (B) (1,3), (2,5) (C) 1", "A", "not a number"),
        ("What is the capital? (A) Lund (B) Graz (C) Bari", "B", "not a number"),
        ("What is a half? (A) 0.5 (B) 1/2 (C) 2", "A", "the same number"),
        ("What is 1 + 1? (A) 2 (B) 3 (C) 4", "D", "does not point"),
        ("What is 1 + 1? (A) 2 (B) 3 (C) 4", "5", "does not point"),
        ("What is 1 + 1? (A) 2 (B) 3 (C) 4", "(B) 2", "does not point"),
        ("What is 1 + 1? (A) 2 (B) (C) 4", "A", "cannot be told apart"),
        ("What is 1 + 1? (A) 2 (B) none of these (C) all of these", "B", "not a number"),
    ],
)
def test_a_question_that_needs_its_options_is_refused(prompt, answer, why):
    assert why in one(prompt, answer)


def test_a_language_without_rules_is_refused():
    assert one("Quanto fa 6 per 7? (A) 41 (B) 42 (C) 43", "B", "it") == "no rules for its language"
    assert "选项" not in one("六乘七等于多少? (A) 41 (B) 42 (C) 43", "B", "zh").prompt
    assert "下列" in one("下列各数中,偶数是 (A) 41 (B) 42 (C) 43", "B", "zh")


def test_the_ledger_says_what_was_replaced_and_the_copy_without_options_goes():
    made = tables(
        {
            "a": [
                row("What is 6 times 7? (A) 41 (B) 42 (C) 43", "B", is_mcq=True),
                row("What is 6 times 7?", "42"),
                row("Which of these is even? (A) 41 (B) 42 (C) 43", "B", is_mcq=True),
            ]
        }
    )
    result, said = curated(made, mcq="convert")
    assert said == {
        ("a", 0): ("replace", "multiple choice made exact"),
        ("a", 1): ("drop", "duplicate"),
        ("a", 2): ("drop", "multiple choice"),
    }
    assert result.mix.select("prompt", "answer", "is_mcq").rows() == [("What is 6 times 7?", "42", False)]
    assert '"answer_was":"B","answer":"42"' in result.decisions.filter(row=0)["evidence"].item()
    kept, _ = curated(made, mcq="keep", drop_duplicates=["identical"])
    assert kept.mix["is_mcq"].to_list() == [True, False, True]


def test_two_questions_that_become_one_with_two_answers_conflict():
    made = tables(
        {
            "a": [
                row("What is drawn? (A) 1 (B) 2 (C) 3", "B", is_mcq=True),
                row("What is drawn? (A) 5 (B) 6 (C) 7", "B", is_mcq=True),
                row("Other?"),
            ]
        }
    )
    _, said = curated(made, mcq="convert")
    assert said["a", 0] == said["a", 1] == ("drop", "conflicting answers")


def test_a_question_is_compared_anew_once_its_options_are_off():
    exam = "A ferry to the old mill leaves every 14 minutes from 6:05 on; how many have left at 9:00?"
    asked = f"{exam} (A) 11 (B) 12 (C) 13 (D) 14"
    made = tables({"a": [row(asked, "C", is_mcq=True), row("Other?")], "exam": [row(exam, "13")]})
    made["datasets"] = made["datasets"].with_columns(
        role=pl.when(pl.col("dataset") == "exam").then(pl.lit("benchmark")).otherwise("role")
    )
    # No match says that the row with its options is the benchmark's problem; the audit of the mix would.
    _, said = curated(made, mcq="keep", drop_leaks=[])
    assert said["a", 0][0] == "keep"
    _, said = curated(made, mcq="convert")
    assert said["a", 0] == ("drop", "leak")
