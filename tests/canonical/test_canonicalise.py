"""The canonical form of whole frames: keys, options, traits, and what must not change."""

import hashlib

import polars as pl

from rlvr_atlas.canonical import canonicalise, skeleton
from rlvr_atlas.schema import DOMAINS, TEMPLATES, empty

ADDED = ["key", "prompt", "skeleton", "stem", "language", "domain", "subject", "is_mcq"]


def frame(questions: list[str | None], **columns: list[object]) -> pl.DataFrame:
    schema = {"question": pl.String, "options": pl.List(pl.String), "hint": pl.String}
    nothing: list[object] = [None] * len(questions)
    data = {"question": questions, "options": nothing, "hint": nothing} | columns
    return pl.DataFrame(data, schema_overrides=schema)


def canon(
    questions: list[str | None], templates: pl.DataFrame | None = None, **columns: list[object]
) -> pl.DataFrame:
    return canonicalise(frame(questions, **columns), empty(TEMPLATES) if templates is None else templates)


def test_rows_stay_in_place_and_other_columns_pass_through():
    texts = ["b?", "a?", None, "b?", "  "]
    result = canon(texts, row=[4, 3, 2, 1, 0])
    assert result.columns == ["question", "options", "hint", "row", *ADDED]
    assert result["question"].to_list() == texts
    assert result["row"].to_list() == [4, 3, 2, 1, 0]
    assert result["prompt"].to_list() == ["b?", "a?", "", "b?", ""]
    assert result.select(set(ADDED) - {"subject"}).null_count().sum_horizontal()[0] == 0


def test_the_key_is_the_sha1_of_the_prompt():
    result = canon(["  How  many\r\nétudes? \ufeff", "无"])
    for key, prompt in result.select("key", "prompt").iter_rows():
        assert key == hashlib.sha1(prompt.encode()).hexdigest()
    assert result["prompt"][0] == "How many études?"


SPELLINGS = {
    "a\u00a0b\u200bc\u3000d": "a bc d",
    "cafe\u0301": "café",
    "one\n\n two\t three ": "one two three",
    "the form \x0crac{m}{n} \times": r"the form \frac{m}{n} \times",
    "x\x08inom{4}{2}\x01": r"x\binom{4}{2}",
    "Case and $x = 2$ stay.": "Case and $x = 2$ stay.",
}


def test_forms_do_not_depend_on_whether_kinds_are_told():
    texts = [
        "Ein Haus kostet 80.000 Euro und ein Garten 3,5 Mal so wenig. Wie viel kosten beide zusammen?",
        "A house costs 80.000 dollars and a garden 3,5 times less. How much is it all?",
        "Which is prime? (A) 4 (B) 5 (C) 6",
        "Find x.",
        "计算 3.5 + 2。",
        "Write a function that sorts a list.",
    ]
    options = [None, None, None, ["1", "2"], None, None]
    told = canon(texts, options=options)
    bare = canonicalise(frame(texts, options=options), empty(TEMPLATES), kinds=False)
    assert told["language"].to_list()[:2] == ["de", "en"]
    kinds = ["language", "subject"]
    assert bare.drop(kinds).equals(told.drop(kinds))
    assert bare["subject"].null_count() == len(texts)
    assert "80000" in bare["skeleton"][0] and "80000" not in bare["skeleton"][1]


def test_characters_are_normalised_and_nothing_else():
    # One call for all cases: a call compiles all patterns.
    assert canon([*SPELLINGS])["prompt"].to_list() == [*SPELLINGS.values()]


def test_the_pool_of_templates_works_on_every_question():
    templates = pl.DataFrame(
        [
            ("one", "prefix", "Riddle time!", "inferred", 9),
            ("one", "prefix", "Riddle time! Be quick.", "inferred", 9),
            ("two", "suffix", "(over)", "recipe", 9),
            ("two", "suffix", "How many are left?", "kept", 9),
        ],
        schema=TEMPLATES,
        orient="row",
    )
    texts = [
        "Riddle time!\nBe quick. Ada had 3 pears and ate 2. How many are left? (over)",
        "Riddle time! What is 7?",
    ]
    expected = ["Ada had 3 pears and ate 2. How many are left?", "What is 7?"]
    assert canon(texts, templates)["prompt"].to_list() == expected


def test_options_of_a_field_are_written_one_way():
    options = [["A) 4", "B) 5", "C) 6"], [" 4", "5 ", "6"], ["A", "B. C. 300", "no"], [], None]
    result = canon(["Pick $x$."] * 5, options=options)
    assert result["prompt"].to_list() == [
        "Pick $x$. (A) 4 (B) 5 (C) 6",
        "Pick $x$. (A) 4 (B) 5 (C) 6",
        "Pick $x$. (A) A (B) B. C. 300 (C) no",
        "Pick $x$.",
        "Pick $x$.",
    ]
    assert result["is_mcq"].to_list() == [True, True, True, False, False]
    assert result["stem"].to_list() == ["pick x"] * 5
    assert result["skeleton"][0] != result["skeleton"][3]


OPTIONS = [
    " (A) 4 (B) 5 (C) $6x$",
    "\nA. 4\nB. 5\nC. $6x$",
    "\nA) $4$ B) $5$ C) $6x$",
    r" $\textbf{(A)}\ 4 \qquad \textbf{(B)}\ 5 \qquad \textbf{(C)}\ 6x$",
    r" $\text{(A) } 4\quad \text{(B) } 5\quad \text{(C) } 6x$",
]


def test_options_in_the_text_are_seen_however_they_are_set():
    plain, *offered = canon([f"How tall is the mast?{options}" for options in ["", *OPTIONS]]).rows(
        named=True
    )
    assert not plain["is_mcq"]
    for row in offered:
        assert row["is_mcq"]
        assert row["stem"] == plain["stem"] == plain["skeleton"]
        assert row["skeleton"] == "how tall is the mast(a)4(b)5(c)6 x"


def test_options_that_are_in_the_text_already_are_not_said_twice():
    result = canon(["Pick. (A) 1 (B) 2 (C) 3"], options=[["1", "2", "3"]])
    assert result["prompt"][0] == "Pick. (A) 1 (B) 2 (C) 3"


def test_points_are_no_options():
    texts = [
        "Points A, B and C lie on a line. Find $AB$ if (A) holds.",
        'Find the area. [asy] dot(A); label("A", A); label("B", B); label("C", C); [/asy]',
        "In base 5, A. B. holds.",
    ]
    assert not canon(texts)["is_mcq"].any()


def test_without_options_skeleton_and_stem_are_the_skeleton_of_the_prompt():
    result = canon([r"Find $\dfrac12$ of $x$.", "求 $x$ 的值。"])
    assert result["skeleton"].to_list() == result["stem"].to_list() == skeleton(result["prompt"]).to_list()


LANGUAGES = [
    ("How many pears does Ada have if she eats two of them?", "en"),
    ("Simplify: $-10-4(n-5)$", "en"),
    ("计算：$\\frac{2}{37}+\\frac{20}{37}$", "zh"),
    ("芳芳买了一本书有99页，还剩多少页没有看？", "zh"),
    ("りんごが3個あります。全部でいくつですか。", "ja"),
    ("사과가 세 개 있습니다. 모두 몇 개입니까?", "ko"),
    ("Сколько яблок осталось у Маши?", "ru"),
    ("Скільки яблук є у Марії?", "uk"),
    ("Wie viele Äpfel hat Anna, wenn sie zwei von den Äpfeln isst?", "de"),
    ("Combien de pommes a Anne si elle mange une pomme sur deux dans la boîte?", "fr"),
    ("¿Cuántas manzanas tiene Ana si come una de las manzanas del cesto?", "es"),
    ("كم تفاحة لدى سارة؟", "ar"),
    (r"$\int_0^1 \text{d}x \sin x = \_\_$", "und"),
    ("3 + 4 =", "und"),
    (r"$\alpha + \beta$ где $\alpha$ и $\beta$ корни", "ru"),
    ("Let θ and φ be angles with θ + φ = π. Find the sum of the sines.", "en"),
    ("", "und"),
]


def test_language():
    texts, codes = zip(*LANGUAGES, strict=True)
    assert canon([*texts])["language"].to_list() == [*codes]


KINDS = [
    ("What is 3 + 4?", None, "math"),
    ("How many ways are there to seat Ada?", None, "math"),
    ("Write a python function to reverse a string.", None, "code"),
    ("Read $n$ from standard input. Sample Input 1: 3", None, "code"),
    ("Each of them is a knight or a knave. Who is who?", None, "logic"),
    ("Which gas do plants release by day?", None, "other"),
    ("Which gas do plants release by day?", "MATH", "math"),
    ("Return the 3 largest.", "coding", "code"),
    ("Who owns the 2nd house?", "Puzzle", "logic"),
    ("What is 3 + 4?", "no idea", "math"),
]


def test_domain():
    texts, hints, domains = zip(*KINDS, strict=True)
    found = canon([*texts], hint=[*hints])["domain"].to_list()
    assert set(found) <= set(DOMAINS)
    assert found == [*domains]


def test_one_text_may_have_two_hints():
    assert canon(["Who am I?"] * 3, hint=["code", None, "logic"])["domain"].to_list() == [
        "code",
        "other",
        "logic",
    ]


def test_the_same_input_gives_the_same_output():
    texts = [f"Ada has {i} pears. {'Which' if i % 2 else 'How many'} are ripe?" for i in range(200)]
    assert canon(texts).equals(canon(texts))


def test_no_rows_are_no_trouble():
    result = canon([])
    assert result.columns == ["question", "options", "hint", *ADDED]
    assert result.height == 0


def test_what_is_asked_of_a_database_is_code():
    attached = ["database.id:1", "image.name:2 database.schema:3", "image.name:1", "tools.content:1", None]
    result = canon(["How many singers are over 30?"] * 5, attachments=attached)
    assert result["domain"].to_list() == ["code", "code", "math", "math", "math"]
    assert result["subject"].head(2).null_count() == 2
