"""Domain: a number in a text does not make it mathematics."""

import json

import polars as pl
import pytest

from rlvr_atlas.text import traits

SQL = [
    "Database schema: CREATE TABLE t0 (id INTEGER);\nQuestion: List the 3 highest ids.",
    "Write an SQL query that returns the 5 oldest customers.",
    "Given the tables orders(id, total) and users(id), write SQL to find the 10 largest totals.",
    "Translate into SQL: how many singers are older than 30?",
    "You are given a SQLite database with 4 tables. Which query answers: how many heads are over 56?",
    "-- Using valid SQLite, answer the question.\nCREATE TABLE head (age INTEGER, born TEXT)",
    "What does SELECT count(*) FROM t WHERE x > 3 return for 7 rows?",
    "Complete the PostgreSQL statement that deletes rows older than 90 days.",
    "Schema: singer(id INT PRIMARY KEY, age INT). How many singers do we have?",
    "Fix the error in this MySQL query of 3 joins.",
    "```sql\nSELECT 1\n```\nWhat is wrong?",
]
WRITING = [
    "Write a short letter to the mayor and thank her for the bridge. Use exactly 3 paragraphs.",
    "Please write an email to my team about the 2 new rules.",
    "Compose a poem of 4 stanzas about the sea.",
    "Draft a blog post on 5 ways to save water.",
    "Summarize the following article in 3 bullet points: The town",
    "Give me a recipe for 4 people.",
    "Create an itinerary for 7 days in Lisbon.",
    "Describe a rainy day. Your response should contain at least 300 words.",
    "Tell me about Rome with exactly 6 bullet points.",
    "Explain tides. Do not use any commas and write 3 sections.",
    "Write a story about a fox that is 2 pages long.",
    "Rewrite this review for readers of 12 years: The film",
    "Act as a travel guide and suggest 3 museums.",
    "Translate the 2 sentences of this poem into English.",
]
LAW_AND_MEDICINE = [
    "The plaintiff filed suit on May 3, 1998 against 2 defendants. What is the holding?",
    "See United States v. Jones, 565 U.S. 400. Holding that the search of 2012 was unlawful.",
    "Choose the holding statement that fits: 123 F.3d 456 (9th Cir. 1997).",
    "The appellant was sentenced to 12 months. On appeal, the appellee argues",
    "Under 42 U.S.C. 1983, which claim survives?",
    "He was charged with 2 counts of felony theft. What follows?",
    "A 45-year-old man presents with chest pain for 3 hours. What is the most likely diagnosis?",
    "A 7-month-old female infant is brought in with a fever of 39 C. What is the next step?",
    "Serum glucose is 250 mg/dL. Which of these drugs is contraindicated?",
    "A 30-year-old woman complains of fatigue for 2 weeks. What is the best test?",
]
TALK = [
    "User: I bought 2 tickets. Assistant: How can I help?",
    "You are a helpful assistant with 10 rules to follow.",
    "Role-play a shop with 3 customers.",
    "Who won the World Cup in 1998?",
    "Name the capital of the 13th state.",
    "Which band released an album in 1973?",
    "Pretend to be a pirate of 300 years.",
    "Human: my order 12345 is late. Agent: let me look.",
    "Tell me about the 1969 moon landing.",
    "Customer: room 12 is cold. Agent: I am sorry.",
]
MATHS = [
    "Ada has 13 pears and gives 5 of them to a friend. How many pears does Ada keep?",
    "Compute 2+3.",
    "Find the value of $x$ if $2x = 6$.",
    "Let \\frac{a}{b} be reduced. What is a?",
    "Solve 3x - 7 = 11",
    "Round 3.14159 to 2 places.",
    "Ana tiene 5 peras y compra 3. ¿Cuántas tiene?",
    "小明有5支铅笔,又买了3支,一共有多少支?",
    "Combien font 12 et 30 ?",
    "Wie viel ist 12 und 30?",
    "Сколько будет 12 и 30?",
    "A court is 20 m by 15 m. What is its area?",
    "A letter weighs 20 g. What do 7 letters weigh?",
    "How many 4-letter words can be made from STORY?",
    "Write 0.75 as a fraction.",
    "Write an equation of the line through (1, 2) and (3, 4).",
    "Express 1/8 as a percentage.",
    "What is the probability that 2 dice show 7?",
    ".4 + .02 + .006 =",
    "Bryan has 50 sweets. Ben has 20. Who has more?",
    "Select 4 people from 6. In how many ways can it be done?",
    "How many five-letter words have at least 2 vowels?",
]
PROGRAMS = [
    "Tables: Employee(id, name, salary). Find the 2nd highest salary.",
    "The first line contains an integer t. For each test case print the largest sum.",
    "Given a binary tree of 7 nodes, return its depth.",
    "Implement a least recently used cache of capacity 3.",
    "What does this Python snippet give for 5 elements?",
    "Fix the bug: a TypeError is raised in line 45 of models.py.",
    "Rename 10 files with a bash script.",
    "What is printed? for i in range(3): print(i)",
    "Solve it in C++ with at most 2 loops.",
    "The GitHub issue says that 3 tests fail.",
]
PUZZLES = [
    "There are 5 houses in a row, each of another colour. Who owns the fish?",
    "Fill in the 9x9 sudoku below.",
    "If all bloops are razzies and all razzies are lazzies, what are 3 bloops?",
    "A truth-teller and 2 liars meet. Who is who?",
    "There are 4 houses in a row. The baker lives in the second. Who keeps the cat?",
]
SCIENCE = [
    "How many chromosomes does a human cell have, 23 or 46?",
    "Which is the 4th planet from the Sun?",
    "Give the chemical formula of sulfuric acid: H2SO4 or H2SO3?",
    "Which is the limiting reagent for 3 mol of hydrogen and 2 mol of oxygen?",
    "Which of these 4 enzymes digests starch?",
    "Which of 8 amino acids is hydrophobic?",
    "Photosynthesis has 2 stages. Which one needs light?",
    "Name 2 noble gases.",
    "What is the recommended dose of amoxicillin for a child of 20 kg?",
    "The patient has had 2 strokes. Which treatment is best?",
    "Is the bond between 2 chlorine atoms covalent?",
    "A tenant leases a flat for 12 months. The landlord is in breach. What is the remedy?",
    "Which of 4 rights does the First Amendment protect?",
    "The court held that 3 elements are needed. Is there a contract?",
    "What is the sentiment of this review: I waited 45 minutes?",
]
MORE_MATHS = [
    "A landlord rents out 12 flats for $900 each. What does he earn in a month?",
    "A patient man waits 12 minutes for each of 3 buses. How long does he wait?",
    "A sudoku takes 45 minutes. How long do 4 of them take?",
    "A doctor sees 8 patients an hour. How many does she see in 6 hours?",
    "A planet turns once in 10 hours. How often does it turn in 5 days?",
    "The sum of the digits of a program's version is 12. What is half of it?",
    "A colony of bacteria doubles every 3 hours. How many are there after 12 hours?",
    "أوجد ناتج 15 + 27",
    "ما هو مجموع 15 و 27؟",
    "Να βρεθεί το εμβαδόν κύκλου ακτίνας 3.",
]
KINDS = [("code", PROGRAMS), ("logic", PUZZLES), ("other", SCIENCE), ("math", MORE_MATHS)]
KINDS += [("code", SQL), ("other", WRITING), ("other", LAW_AND_MEDICINE), ("other", TALK), ("math", MATHS)]


def domains(texts, hint=None):
    questions = pl.DataFrame({"prompt": texts, "hint": pl.Series([hint] * len(texts), dtype=pl.String)})
    return traits.domain(questions).to_list()


@pytest.mark.parametrize(("wanted", "text"), [(wanted, text) for wanted, texts in KINDS for text in texts])
def test_a_text_is_of_its_domain(wanted, text):
    assert domains([text]) == [wanted]


def test_the_rows_own_word_comes_first():
    assert domains(["Compute 2+3."], "coding") == ["code"]
    assert domains(WRITING[:1], "math") == ["math"]


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("code", "text2sql"), ("code", "SQL"), ("code", "swe"), ("code", "debugging"), ("other", "law"),
        ("other", "Legal reasoning"), ("other", "medical_qa"), ("other", "high_school_biology"),
        ("other", "Chemistry"),
        ("other", "physics"), ("other", "dialogue"), ("other", "instruction_following"), ("other", "ifeval"),
        ("other", "creative_writing"), ("other", "world history"), ("other", "STEM"), ("math", "math_lawn"),
        ("math", "flawed"), ("math", None),
    ],
)  # fmt: skip
def test_a_word_for_another_domain_is_believed(wanted, hint):
    assert domains(["There are 12 of them and 3 more; how many are there?"], hint) == [wanted]


def test_the_shared_case_is_right():
    from pathlib import Path

    case = Path(__file__).resolve().parents[3] / "shared" / "cases" / "domain_not_math" / "a.jsonl"
    if not case.exists():
        pytest.skip(f"no cases at {case}")
    texts = [json.loads(line)["prompt"] for line in case.read_text().splitlines()]
    found = domains(texts)
    assert {d for text, d in zip(texts, found, strict=True) if "CREATE TABLE" in text} == {"code"}
    assert {d for text, d in zip(texts, found, strict=True) if "letter" in text} == {"other"}
