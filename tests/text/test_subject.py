"""The subject of a mathematical question, by its words; none where none is told."""

import polars as pl
import pytest

from rlvr_atlas.canonical import canonicalise
from rlvr_atlas.schema import TEMPLATES, empty
from rlvr_atlas.text.subject import subject

TOLD = {
    "algebra": [
        "Solve the equation $3x + 5 = 20$ for $x$.",
        "Find the sum of the roots of the quadratic polynomial $x^2 - 7x + 3$.",
        "What is the slope of the line $y = 4x - 9$?",
        "If $f(x) = 2x + 1$, find $f(6)$.",
        "Evaluate $\\log_2 64$.",
    ],
    "geometry": [
        "In triangle $ABC$, $AB = 7$ and angle $B$ is right. Find the perimeter.",
        "A cone has radius 4 cm and height 9 cm. What is its volume?",
        "The diagonals of a rhombus are 10 and 24. Find its area.",
        "A hexagon is inscribed in a circle of diameter 14. How long is a side?",
    ],
    "number theory": [
        "What is the remainder when $7^{100}$ is divided by 13?",
        "How many positive divisors does 360 have?",
        "Find the least common multiple of 18 and 42.",
        "Convert $231_5$ to base 10.",
        "What is the units digit of $3^{41}$?",
    ],
    "counting and probability": [
        "Two fair dice are rolled. What is the probability that the sum is 9?",
        "In how many ways can 6 people be seated in a row?",
        "A committee of 3 is chosen from 8 teachers. How many committees are possible?",
        "A bag has 5 red marbles and 3 blue marbles, and one is drawn at random.",
    ],
    "trigonometry": ["Find $\\sin 75^\\circ$.", "Simplify $\\tan x \\cos x$ where $\\sin x > 0$."],
    "linear algebra": [
        "Find the determinant of the matrix $\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}$.",
        "Let $\\mathbf{u}$ and $\\mathbf{v}$ be vectors with $\\mathbf{u} \\cdot \\mathbf{v} = 3$.",
    ],
    "calculus": [
        "Evaluate $\\int_0^1 x^2 \\, dx$.",
        "Find the derivative of $x^3 \\ln x$.",
        "Solve the differential equation $\\frac{dy}{dx} = 3y$.",
    ],
}


def test_subjects_are_told_by_their_words():
    pairs = [(name, text) for name, texts in TOLD.items() for text in texts]
    assert subject(pl.Series([text for _, text in pairs])).to_list() == [name for name, _ in pairs]


@pytest.mark.parametrize("text", ["", "Ada has pears and apples.", "17 + 25", "\x00", "?"])
def test_what_names_no_subject_has_none(text):
    assert subject(pl.Series([text])).to_list() == [None]


def test_only_english_mathematics_has_a_subject():
    texts = [
        "Solve the equation $3x + 5 = 20$ for $x$.",
        "Resuelve la ecuación $3x + 5 = 20$ y halla el valor de la incógnita.",
        "Write a python function to find the perimeter of a triangle.",
    ]
    questions = pl.DataFrame({"question": texts}).with_columns(
        hint=pl.lit(None, pl.String), options=pl.lit(None, pl.List(pl.String))
    )
    made = canonicalise(questions, empty(TEMPLATES))
    assert made["subject"].to_list() == ["algebra", None, None]


def test_a_greek_letter_beside_a_word_does_not_hide_it():
    assert subject(pl.Series(["Given that $sinα + cosα = 1.2$, what is $α$?"]))[0] == "trigonometry"
