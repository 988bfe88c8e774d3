"""Where the answer is: what follows it, how it is boxed, in which language, printed by what."""

import time

import pytest

from rlvr_atlas.answer import compare, extract, normal_form

AFTER_HASHES = [
    ("6*7=42\n#### 42\nThis matches the estimate.", "42"),
    ("So it is 18.\n#### 18\n\nLet me know if you need more.", "18"),
    ("#### 3/4\nas was to be shown", "3/4"),
    ("Add them.\n####  1,250 \nDone.", "1,250"),
    ("x\n#### $15\nHe pays 15 dollars.", "$15"),
    ("x\n#### 12 apples\nThat is the number of apples.", "12 apples"),
    ("x\n#### B\nbecause only B fits", "B"),
    ("first\n#### 4\nno, wrong\n#### 5\nnow it is right", "5"),
    ("x\n#### \\frac{1}{2}\nhalf of it", "\\frac{1}{2}"),
    ("x\n#### (2, 3)\nis the point", "(2, 3)"),
    ("x\n#### -7\n\n\nEnd of solution", "-7"),
    ("x\n#### 9:30 AM\nis when they meet", "9:30 AM"),
    ("#### Step 1\nAdd 4 and 5.\n#### Step 2\nGet nine.", None),
    ("#### First, add\nWe get \\boxed{9}.", "9"),
    ("40 and 2 are 42 #### 42", "42"),
    ("So it is 18.#### 18\nLet me know.", "18"),
    ("We use four signs, as in a #### b, to mark it.", None),
    ("a#### 3/4", "3/4"),
    ("x\n#### **17**\nDone.", "17"),
    ("x\n#### **17**", "17"),
    ("x\n#### Answer: 17\nDone.", "17"),
    ("x\n#### Answer\n17\n", "17"),
    ("x\n#### Final answer\n\n9", "9"),
    ("x\n#### The final answer:\n(B)\nas said", "(B)"),
    ("x\n#### Final Answer\n\\boxed{9}\n", "9"),
    ("x\n#### Answer\nWe have shown it.", None),
    ("x\n#### 41\nOn second thought it is \\boxed{42}.", "42"),
    ("#### 17 \n\n(checked)", "17"),
    ("total\n#### 2,000\n", "2,000"),
]
BOXES = [
    (r"We get $\boxed\frac{5}{8}$.", r"\frac{5}{8}"),
    (r"so \boxed\dfrac{1}{2} of it", r"\dfrac{1}{2}"),
    (r"$\boxed\sqrt{7}$", r"\sqrt{7}"),
    (r"$\boxed\sqrt[3]{7}$", r"\sqrt[3]{7}"),
    (r"$\boxed\text{Yes}$", r"\text{Yes}"),
    (r"$\boxed\pi$", r"\pi"),
    (r"$\boxed\frac34$", r"\frac34"),
    (r"\boxed 12.", "12"),
    (r"\boxed -3 it is", "-3"),
    (r"\boxed 2.5 m", "2.5"),
    (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
    (r"\boxed{x \in \{1, 2\}}", r"x \in \{1, 2\}"),
    (r"$\boxed\binom{5}{2}$", r"\binom{5}{2}"),
    (r"\fbox\frac{2}{3}", r"\frac{2}{3}"),
    (r"\boxed{ 7 }", "7"),
    (r"\boxed\left(1,2\right)", r"\left(1,2\right)"),
    (r"so $\boxed\left[0, \frac12\right)$.", r"\left[0, \frac12\right)"),
    (r"\boxed -\frac{1}{2}", r"-\frac{1}{2}"),
    (r"$\boxed-\sqrt{3}$", r"-\sqrt{3}"),
    (r"\boxed -\pi it is", r"-\pi"),
    (r"\boxed\left\{1,2\right\}", r"\left\{1,2\right\}"),
    ("The final answer is $\\boxed{14}$.", "14"),
    ("Thus $\\boxed\\tfrac{7}{8}$", "\\tfrac{7}{8}"),
    ("so $\\boxed{\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}}$", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"),
]
CUT_OFF = [
    r"so the result is \boxed{12",
    r"so \boxed{\frac{1}{2}",
    r"so \boxed{\text{the num",
    r"so \boxed\frac{3}{",
    r"so \boxed\frac{3}",
    r"The answer is \boxed{",
    r"The answer is $\boxed{42",
    r"therefore \boxed",
    r"\boxed{\sqrt{2",
    r"<think>long</think> \boxed{x^2 + {1}",
    r"\fbox{3",
    "Hence \\boxed{\\begin{pmatrix} 1 \\\\ 2",
    "so we have \\boxed{x = 3",
    "and \\boxed{\\left(1, 2",
    "thus \\boxed\\sqrt{",
]
LANGUAGES = [
    ("计算可得 20。\n故选：C．", "C"),
    ("所以有 8 个。\n答：一共有8个。", "8个"),
    ("故选B", "B"),
    ("因此选 D。", "D"),
    ("综上，故选：AC．", "AC"),
    ("所以正确答案是A。", "A"),
    ("故答案为：$\\frac{1}{2}$．", "$\\frac{1}{2}$"),
    ("答案：15元", "15元"),
    ("答：小明有5个苹果。", "5个苹果"),
    ("解：3×4=12\n答：这本书一共有12页。", "12页"),
    ("答: 每人分得 3/4 千克。", "3/4 千克"),
    ("最终结果为 36。", "36"),
    ("所以答案是12，因为3乘4等于12。", "12"),
    ("应选（C）", "（C）"),
    ("答：他不能买到3本书。", "他不能买到3本书"),
    ("Решение: 3*4=12.\nОтвет: 12.", "12"),
    ("Ответ: 12 см", "12 см"),
    ("Ответ — $\\sqrt{2}$.", "$\\sqrt{2}$"),
    ("Por lo tanto, la respuesta es 12.", "12"),
    ("Respuesta: 12 manzanas", "12 manzanas"),
    ("La respuesta final es $x = 3$.", "$x = 3$"),
    ("La respuesta correcta es B.", "B"),
    ("Vậy đáp án là 12.", "12"),
    ("Đáp số: 12 quả", "12 quả"),
    ("Đáp án đúng là C", "C"),
    ("Chọn B.", "B"),
    ("따라서 정답은 12입니다.", "12"),
    ("정답: 12", "12"),
    ("답: 3/4", "3/4"),
    ("よって、答えは12です。", "12"),
    ("答え：12", "12"),
    ("したがって正解はBです。", "B"),
    ("الإجابة: 12", "12"),
    ("الإجابة النهائية هي 12.", "12"),
    ("إذن الجواب هو ١٢", "١٢"),
    ("Die Antwort ist 12.", "12"),
    ("Antwort: 12 Äpfel", "12 Äpfel"),
    ("Also lautet das Ergebnis: 12", "12"),
    ("La réponse est 12.", "12"),
    ("Réponse : 12 pommes", "12 pommes"),
    ("La réponse finale est donc $\\frac{1}{2}$.", "$\\frac{1}{2}$"),
    ("A resposta é 12.", "12"),
    ("La risposta corretta è C.", "C"),
    ("Jawabannya adalah 12.", "12"),
    ("उत्तर: 12", "12"),
    ("คำตอบคือ 12", "12"),
    ("Cevap: 12", "12"),
    ("综上所述，答案应为 24。", "24"),
    ("故本题选D。", "D"),
    ("因此正确选项是 C。", "C"),
    ("所以结果是 $3\\sqrt{2}$。", "$3\\sqrt{2}$"),
    ("答：甲、乙两地相距 120 千米。", "120 千米"),
    ("故答案为 7．", "7"),
    ("∴ 选 A.", "A"),
    ("Таким образом, ответ: 27", "27"),
    ("Ответ: $x = 4$.", "$x = 4$"),
    ("Правильный ответ: Б", "Б"),
    ("Итак, ответ равен 15.", "15"),
    ("Luego la respuesta correcta es la opción C.", "C"),
    ("El resultado es 45.", "45"),
    ("Entonces, la respuesta es $\\frac{3}{5}$.", "$\\frac{3}{5}$"),
    ("Kết quả là 18.", "18"),
    ("Đáp án: 25 cm", "25 cm"),
    ("Vậy chọn đáp án D.", "D"),
    ("Câu trả lời là 9.", "9"),
    ("그러므로 답은 36이다.", "36"),
    ("정답은 3번입니다.", "3번"),
    ("따라서 답은 $\\frac{2}{3}$ 입니다.", "$\\frac{2}{3}$"),
    ("以上より、答えは 24 である。", "24"),
    ("解答：$x=2$", "$x=2$"),
    ("ゆえに答えは5個です。", "5個"),
    ("الجواب: 48", "48"),
    ("الجواب النهائي هو 7", "7"),
    ("لذلك فإن الإجابة هي 15.", "15"),
    ("Die richtige Antwort lautet 33.", "33"),
    ("Lösung: $x = 7$", "$x = 7$"),
    ("Das Ergebnis ist 4,5.", "4,5"),
    ("Ergebnis: 12 km", "12 km"),
    ("Donc la réponse est 21.", "21"),
    ("La bonne réponse est B.", "B"),
    ("Le résultat est $2\\pi$.", "$2\\pi$"),
    ("Réponse: 3,5 litres", "3,5 litres"),
    ("Answer: 72", "72"),
    ("ANSWER: (C)", "(C)"),
]
PRINTED = [
    ("np.float64(3.5)", "3.5"),
    ("np.int64(7)", "7"),
    ("numpy.int32(7)", "7"),
    ("Fraction(3, 4)", "3/4"),
    ("Rational(3, 4)", "3/4"),
    ("Decimal('2.50')", "2.50"),
    ("array([1, 2, 3])", "[1, 2, 3]"),
    ("np.array([1.5, 2.5])", "[1.5, 2.5]"),
    ("array([[1, 2],\n       [3, 4]])", "[[1, 2], [3, 4]]"),
    ("tensor([1, 2])", "[1, 2]"),
    ("tensor(5, device='cuda:0')", "5"),
    ("array(['34'], dtype=object)", "34"),
    ("['34']", "34"),
    ("['34' '34']", "34"),
    ("'34'", "34"),
    ("b'34'", "34"),
    ("('34',)", "34"),
    ("{'answer': '34'}", "34"),
    ("[1 2 3]", "[1, 2, 3]"),
    ("[1. 2. 3.]", "[1, 2, 3]"),
    ("[np.float64(1.5), np.float64(2.5)]", "[1.5, 2.5]"),
    ("[Fraction(1, 2), Fraction(3, 4)]", "[1/2, 3/4]"),
    ("{1, 2}", "{1, 2}"),
    ("[None]", None),
    ("[nan]", None),
    ("( None, )", None),
    ("[null]", None),
    ("set([1, 2])", "\\{1, 2\\}"),
    ("(3+4j)", "3+4i"),
    ("Matrix([[1, 2], [3, 4]])", "[[1, 2], [3, 4]]"),
    ("datetime.date(2021, 3, 4)", "2021-03-04"),
    ('["12345678901234567890123"]', "12345678901234567890123"),
    ("[12345678901234567890123]", "12345678901234567890123"),
    ("Ответ: 12", "12"),
    ("答案：12", "12"),
    ("The correct choice is **B) 29**.", "**B) 29**."),
    ("\\begin{array}{c} 1 \\\\\ne^{t} \\end{array}", "\\begin{array}{c} 1 \\\\ e^{t} \\end{array}"),
    ("np.float32(0.25)", "0.25"),
    ("numpy.float64(-1.5)", "-1.5"),
    ("np.int64(-3)", "-3"),
    ("np.bool_(True)", "True"),
    ("np.str_('12')", "12"),
    ("array([0.5, 1.5])", "[0.5, 1.5]"),
    ("array([1, 2, 3], dtype=int64)", "[1, 2, 3]"),
    ("array(5)", "5"),
    ("Fraction(-7, 2)", "-7/2"),
    ("Decimal('0.125')", "0.125"),
    ("tensor(2.5)", "2.5"),
    ("tensor([[1., 2.]])", "[[1., 2.]]"),
    ("[np.int64(1), np.int64(2)]", "[1, 2]"),
    ("(np.float64(1.0), np.float64(2.0))", "(1.0, 2.0)"),
    ("['12', '12']", "12"),
    ("[Decimal('1.5')]", "[1.5]"),
    ("{'target': 12}", "12"),
    ("(2-3j)", "2-3i"),
    ("Integer(7)", "7"),
    ("Float('2.5')", "2.5"),
    ("array([['1'], ['2']], dtype='<U1')", "[['1'], ['2']]"),
]


@pytest.mark.parametrize(("text", "answer"), [*AFTER_HASHES, *BOXES, *LANGUAGES])
def test_solutions(text, answer):
    assert extract(text, "solution") == answer


@pytest.mark.parametrize("text", CUT_OFF)
@pytest.mark.parametrize("kind", ["solution", "final"])
def test_a_box_that_is_cut_off_holds_no_answer(text, kind):
    assert extract(text, kind) is None


@pytest.mark.parametrize(("text", "answer"), PRINTED)
def test_prints_of_programs(text, answer):
    assert extract(text, "final") == answer


def test_digits_of_other_scripts_are_digits():
    assert normal_form("١٢") == "12"
    assert compare("१२", "12") == "same"
    assert compare("١٢", "21") == "different"


DEEP = {
    "brackets": "[" * 300 + "]" * 300,
    "brackets round a text": "[" * 300 + '"5"' + "]" * 300,
    "objects": '{"answer":' * 900 + "1" + "}" * 900,
    "objects of another name": '{"a":' * 900 + "1" + "}" * 900,
    "objects in text": '{"answer": "' * 50 + "1" + '"}' * 50,
    "Python brackets": "[" * 300 + "'5'" + "]" * 300,
    "Python objects": "{'answer':" * 300 + "'1'" + "}" * 300,
    "parentheses": "(" * 300 + "1" + ")" * 300,
    "sets": r"\{" * 300 + "1" + r"\}" * 300,
    "calls": "np.float64(" * 300 + "1" + ")" * 300,
    "arrays": "array(" * 300 + "1" + ")" * 300,
    "minus signs": "-(" * 300 + "1" + ")" * 300,
    "roots": r"\sqrt{" * 300 + "1" + "}" * 300,
    "functions": "max(" * 300 + "1" + ")" * 300,
    "sines": r"\sin" * 400 + "1",
    "absolute values": "|" * 900,
    "powers": "2^" * 500 + "2",
    "factorials": "3" + "!" * 900,
    "boxes": r"\boxed" * 300,
    "boxed boxes": r"\boxed{" * 300 + "1" + "}" * 300,
    "fractions": r"\boxed" + r"\frac" * 300,
    "matrices": r"\begin{pmatrix}" * 100 + "1" + r"\end{pmatrix}" * 100,
    "texts": r"\text{" * 300 + "a" + "}" * 300,
    "tags": "<answer>" * 300 + "1" + "</answer>" * 300,
    "bold": "**" * 900,
    "ticks": "`" * 1999,
    "number words": "twenty " * 280,
    "units": "5 hours " * 240,
    "labels": "Ann: 5, " * 240,
    "relations": "x < " * 480,
    "unions": "(1,2) U " * 240,
    "lone surrogates": "\ud800" * 900,
    "digits": '["' + "9" * 5000 + '"]',
    "a long number": "[" + "9" * 5000 + "]",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_answers_raise_nothing_and_are_the_same_as_no_other(text):
    started = time.process_time()
    for kind in ("final", "solution"):
        found = extract(text, kind)
        assert found is None or isinstance(found, str)
        assert compare(found, "5 pears and 3 figs") != "same"
        assert compare(found, found) in ("same", "unknown")
    assert compare(text, "17") != "same"
    assert compare(text, "17") == compare("17", text)
    assert time.process_time() - started < 30, "what is in proportion takes well under one second"


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        '{"a":',
        "(",
        "-(",
        "\\frac{",
        "**",
        "`",
        "<answer>",
        "\\boxed",
        "np.float64(",
        "5 hours ",
        "答：",
        "#### 5\n",
    ],
)
def test_time_grows_with_the_length_of_the_text(unit):
    def seconds(size):
        text = unit * (size // len(unit))
        started = time.process_time()
        for kind in ("final", "solution"):
            compare(extract(text, kind), "5")
        return time.process_time() - started

    seconds(1000)
    # Ten times the text: 10 where time is in proportion, 100 where it grows with the square.
    assert min(seconds(400_000) / max(seconds(40_000), 0.005) for _ in range(3)) < 40
