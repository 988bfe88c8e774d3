"""The language of a question: many languages, few words, and no English taken for something else."""

import tomllib
from pathlib import Path

import polars as pl
import pytest

from rlvr_atlas.text import traits

_WRITTEN = Path(__file__).resolve().parents[2] / "benchmarks" / "languages.toml"
WRITTEN = [
    (code, text) for code, texts in tomllib.loads(_WRITTEN.read_text("utf-8")).items() for text in texts
]
#: Not those that the bounds were chosen on.
OTHERS = [
    ("vi", "Một cửa hàng bán 48 quyển sách vào tháng tư và một nửa số đó vào tháng năm."),
    ("vi", "Rút gọn phân số $\\frac{12}{18}$."),
    ("es", "Una tienda vendió 48 libros en abril y la mitad en mayo."),
    ("es", "Simplifica la fracción $\\frac{12}{18}$."),
    ("fr", "Un magasin a vendu 48 livres en avril et la moitié en mai."),
    ("de", "Ein Laden verkaufte im April 48 Bücher und im Mai halb so viele."),
    ("it", "Un negozio ha venduto 48 libri ad aprile e la metà a maggio."),
    ("pt", "Uma loja vendeu 48 livros em abril e metade disso em maio."),
    ("nl", "Een winkel verkocht in april 48 boeken en in mei de helft daarvan."),
    ("pl", "Sklep sprzedał 48 książek w kwietniu, a w maju połowę tej liczby."),
    ("tr", "Bir dükkân nisan ayında 48 kitap, mayısta bunun yarısını sattı."),
    ("id", "Sebuah toko menjual 48 buku pada bulan April dan setengahnya pada bulan Mei."),
    ("sw", "Duka liliuza vitabu 48 mwezi wa nne na nusu yake mwezi wa tano."),
    ("cs", "Obchod prodal v dubnu 48 knih a v květnu polovinu."),
    ("ro", "Un magazin a vândut 48 de cărți în aprilie și jumătate în mai."),
    ("sv", "En butik sålde 48 böcker i april och hälften så många i maj."),
    ("hu", "Egy bolt áprilisban 48 könyvet adott el, májusban feleannyit."),
    ("th", "ร้านขายหนังสือได้ 48 เล่มในเดือนเมษายน และครึ่งหนึ่งในเดือนพฤษภาคม"),
    ("bn", "একটি দোকান এপ্রিলে 48টি বই এবং মে মাসে তার অর্ধেক বিক্রি করেছে।"),
    ("ta", "ஒரு கடை ஏப்ரலில் 48 புத்தகங்களையும் மே மாதத்தில் அதில் பாதியையும் விற்றது."),
    ("te", "ఒక దుకాణం ఏప్రిల్‌లో 48 పుస్తకాలు, మే నెలలో అందులో సగం అమ్మింది."),
    ("bg", "Един магазин продаде 48 книги през април и половината през май."),
    ("hi", "एक दुकान ने अप्रैल में 48 किताबें और मई में उनकी आधी बेचीं।"),
    ("ur", "ایک دکان نے اپریل میں 48 کتابیں بیچیں اور مئی میں اس کی آدھی۔"),
]
ENGLISH = [
    "Simplify $\\sqrt{8}$.",
    "Compute $\\sin 60^\\circ$.",
    "Factor $x^2 - 9$.",
    "Find quotient: $\\frac{27}{3}$",
    "Evaluate $\\lfloor 3.7 \\rfloor$.",
    "In triangle $ABC$, $AB = 5$. Find $BC$.",
    "def add(a: int, b: int) -> int:\n    '''Add the two numbers.'''",
    "Let $ABCD$ be a rhombus. Determine $\\angle A$.",
]


def languages(texts):
    return traits.language(pl.Series(texts, dtype=pl.String)).to_list()


@pytest.mark.parametrize(("code", "text"), [*WRITTEN, *OTHERS])
def test_a_question_is_in_its_language(code, text):
    assert languages([text]) == [code]


@pytest.mark.parametrize("text", ENGLISH)
def test_the_few_words_between_formulas_are_english(text):
    assert languages([text]) == ["en"]


@pytest.mark.parametrize(
    "text", ["", "$x^2$", "1 + 1 =", "\\frac{1}{2}", "xyz", "?", "f(x)", "\x00", "\ufffd" * 50]
)
def test_what_says_nothing_is_undetermined(text):
    assert languages([text]) == ["und"]


def test_each_text_is_judged_by_itself():
    texts = [text for _, text in WRITTEN]
    assert languages(texts) == [languages([text])[0] for text in texts]
