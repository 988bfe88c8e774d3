"""Measuring: the arrays say of every pair what a plain reading of its two texts says."""

import math
import tracemalloc
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_atlas.match.measure import measure
from rlvr_atlas.text.token_table import TokenTable
from rlvr_atlas.text.tokens import is_number, is_sign, is_variable, is_word, lexicon
from rlvr_atlas.text.word_frequency import rarity
from rlvr_atlas.text.word_loss import loss

WORDS = ["ann", "bo", "pears", "red", "the", "of", "sum", "largest", "seven", "what", "find", "if"]
TOKENS = [*WORDS, "x", "y", "ab", "7", "12", "3.5", "+", "-", "=", "\\sin", "#", "求"]
text_of = st.lists(st.sampled_from(TOKENS), max_size=14).map(tuple)


def _measured(*pairs):
    texts = TokenTable.of_tokens(text for pair in pairs for text in pair)
    at = np.arange(0, 2 * len(pairs), 2)
    return measure(texts, at, at + 1)


def _jaccard(one, other):
    shared, union = (one & other).total(), (one | other).total()
    return shared / union if union else 1.0


def _content(text):
    return [token for token in text if token not in lexicon().function_words]


def _values(text):
    numbers = lexicon().numbers
    return [numbers.get(token, token) for token in text if is_number(token) or token in numbers]


def _operators(text):
    padded = ("", *text, "")
    return [
        token
        for before, token, after in zip(padded, text, padded[2:], strict=False)
        if is_sign(token) and not (token == "-" and is_word(before) and is_word(after))
    ]


def _formula(text):
    return [
        (left, right)
        for left, right in pairwise(text)
        if (is_sign(left) and not is_word(right)) or (is_sign(right) and not is_word(left))
    ]


def _contexts(text):
    return [
        (left, right)
        for left, right in pairwise(("", *text, ""))
        if (left and is_number(left)) or (right and is_number(right))
    ]


def _places(text, meanings):
    padded = ("", *text, "")
    return {
        (before, after): meanings[token]
        for before, token, after in zip(padded, text, padded[2:], strict=False)
        if token in meanings
    }


def _exchanged(one, other):
    return sum(other.get(place, what) != what for place, what in one.items())


def _exchanged_of(one, other, kind):
    themselves = {token: token for token in TOKENS if kind(token)}
    return _exchanged(*(_places(text, themselves) for text in (one, other)))


def _pattern(names):
    return [names.index(name) for name in names]


def _is_plain_word(token):
    return is_word(token) and token not in lexicon().numbers


def _between(one, other):
    """How many tokens stand between what both begin with and, of the rest, what both end with."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return len(one), len(other)


def _plain(one, other):
    """What is measured, said as plainly as possible."""
    bags = [Counter(text) for text in (one, other)]
    content = [Counter(_content(text)) for text in (one, other)]
    masked = [Counter("#" if is_number(t) else t for t in _content(text)) for text in (one, other)]
    values = [Counter(_values(text)) for text in (one, other)]
    asks = [{lexicon().asks[t] for t in text if t in lexicon().asks} for text in (one, other)]
    variables = [[t for t in text if is_variable(t)] for text in (one, other)]
    digits = [[t for t in text if is_number(t)] for text in (one, other)]
    meanings = {t: lexicon().numbers.get(t, t) for t in TOKENS if is_number(t) or t in lexicon().numbers}
    rare = [{t: rarity(t) for t in _content(text) if is_word(t)} for text in (one, other)]
    held = sum(weight for word, weight in rare[0].items() if word in rare[1])
    endings = [_content(text)[-12:] for text in (one, other)]
    short, long = sorted((one, other), key=len)
    contexts = [Counter(_contexts(text)) for text in (one, other)]
    moved = digits[0] == digits[1] or 2 * (contexts[0] & contexts[1]).total() >= contexts[0].total()
    same_variables = Counter(variables[0]) == Counter(variables[1])
    same_formulas = Counter(_formula(one)) == Counter(_formula(other))
    function = lexicon().function_words
    words = [Counter(t for t in text if _is_plain_word(t) and t not in function) for text in (one, other)]
    lost = [Counter(t for t in text if _is_plain_word(t)) for text in (one, other)]
    between = _between(one, other)
    echo = [
        Counter(t for t in text if t in words[n] or is_variable(t)) for n, text in enumerate((one, other))
    ]
    conditions = [Counter(t for t in text if t in lexicon().conditions) for text in (one, other)]
    operators = [Counter(_operators(text)) for text in (one, other)]
    fewer = min(content[0].total(), content[1].total())
    return {
        "lexical": _jaccard(*content),
        "masked": _jaccard(*masked),
        "containment": (content[0] & content[1]).total() / fewer if fewer else 1.0,
        "equal": one == other,
        "edge": long[: len(short)] == short or long[len(long) - len(short) :] == short,
        "length": len(short),
        "changed": sum(abs(bags[0][t] - bags[1][t]) for t in {*one, *other}),
        "only_function_words": _content(one) == _content(other),
        "numbers_agree": values[0] == values[1],
        "number_set_agrees": values[0].keys() == values[1].keys(),
        "numbers": _jaccard(*values),
        "number_weight": sum(rarity(value) for value in values[0].keys() & values[1].keys()),
        "numbers_gone": (values[0] - values[1]).total(),
        "numbers_new": (values[1] - values[0]).total(),
        "numbers_exchanged": _exchanged(*(_places(text, meanings) for text in (one, other))),
        "asks_exchanged": _exchanged(*(_places(text, lexicon().asks) for text in (one, other))),
        "words_gone": (words[0] - words[1]).total(),
        "words_new": (words[1] - words[0]).total(),
        "words_exchanged": _exchanged_of(one, other, lambda t: _is_plain_word(t) and t not in function),
        "function_words_exchanged": _exchanged_of(one, other, lambda t: t in function),
        "loss_gone": sum(loss(t, "gone") * n for t, n in (lost[0] - lost[1]).items()),
        "loss_new": sum(loss(t, "new") * n for t, n in (lost[1] - lost[0]).items()),
        "between_gone": between[0],
        "between_new": between[1],
        "echoed_gone": sum(max(n - bags[1][t], 0) for t, n in echo[0].items() if t in bags[1]),
        "echoed_new": sum(max(n - bags[0][t], 0) for t, n in echo[1].items() if t in bags[0]),
        "conditions_gone": (conditions[0] - conditions[1]).total(),
        "conditions_new": (conditions[1] - conditions[0]).total(),
        "operators_gone": (operators[0] - operators[1]).total(),
        "operators_new": (operators[1] - operators[0]).total(),
        "operators_exchanged": _exchanged_of(one, other, is_sign),
        "variables_exchanged": _exchanged_of(one, other, is_variable),
        "operators_agree": Counter(_operators(one)) == Counter(_operators(other)),
        "operators": _jaccard(Counter(_operators(one)), Counter(_operators(other))),
        "formulas": _jaccard(Counter(_formula(one)), Counter(_formula(other))),
        "pairs": _jaccard(Counter(pairwise(one)), Counter(pairwise(other))),
        "variables_agree": same_variables or _pattern(variables[0]) == _pattern(variables[1]),
        "order_agree": moved and (same_formulas or not same_variables),
        "asks_agree": asks[0] == asks[1],
        "asks_gone": len(asks[0] - asks[1]),
        "parent_in_child": held / sum(rare[0].values()) if rare[0] else 1.0,
        "child_in_parent": held / sum(rare[1].values()) if rare[1] else 1.0,
        "child_ending": sum(t in one for t in endings[1]) / len(endings[1]) if endings[1] else 1.0,
    }


@given(st.lists(st.tuples(text_of, text_of), min_size=1, max_size=4))
def test_every_column_is_what_a_plain_reading_of_the_pair_says(pairs):
    measured = _measured(*pairs)
    for nth, pair in enumerate(pairs):
        for name, value in _plain(*pair).items():
            assert math.isclose(measured.columns[name][nth], value, abs_tol=1e-9), (name, pair)


@given(st.lists(st.sampled_from(["12", "x", "+", "red", "sum", "of", "\\sin"]), max_size=12).map(tuple))
def test_a_text_agrees_with_itself_and_comparison_is_symmetric(tokens):
    other = ("12", "+", "x")
    same, there, back = (
        _measured(pair).evidence(0, None) for pair in ((tokens, tokens), (tokens, other), (other, tokens))
    )
    assert same.same_content
    assert (same.lexical, same.changed) == (1.0, "")
    assert (there.lexical, there.same_content, there.edge) == (back.lexical, back.same_content, back.edge)


@given(
    st.lists(st.sampled_from(["12", "7", "x", "+", "red", "pears"]), min_size=4, max_size=12),
    st.integers(0, 11),
)
def test_changing_one_number_never_keeps_the_content(tokens, position):
    tokens = [*tokens, "5"]
    changed = list(tokens)
    numbers = [i for i, token in enumerate(tokens) if token.isdigit()]
    changed[numbers[position % len(numbers)]] = "99"
    assert not _measured((tuple(tokens), tuple(changed))).evidence(0, None).same_content


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("ann bo ann bo meet", "cy di cy di meet", True),
        ("ann bo ann bo meet", "cy di di cy meet", False),
        ("ann ann and bo meet", "cy cy and di meet", True),  # one repeated word proves nothing
    ],
)
def test_names_agree_where_they_are_exchanged_consistently(one, other, agree):
    assert _measured((tuple(one.split()), tuple(other.split()))).columns["names_agree"].tolist() == [agree]


def test_what_is_said_of_a_pair_does_not_depend_on_the_pairs_around_it():
    rng = np.random.default_rng(5)
    texts = TokenTable.of_tokens(tuple(rng.choice(TOKENS, rng.integers(0, 20))) for _ in range(60))
    parents, children = rng.integers(0, 60, (2, 200))
    together = measure(texts, parents, children).columns
    alone = [measure(texts, parents[n : n + 1], children[n : n + 1]).columns for n in range(200)]
    for name, column in together.items():
        assert column.tolist() == [one[name][0] for one in alone], name


def test_memory_does_not_grow_with_the_numbers_that_items_have():
    """Neighbours are numbered by two positions in the vocabulary: their numbers are its size squared."""
    texts = TokenTable.of_tokens([tuple(f"w{n}" for n in range(60_000)), ("w0", "w1", "w2")])
    tracemalloc.start()
    measured = measure(texts, np.array([0]), np.array([1]))
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()
    assert measured.columns["containment"].tolist() == [1.0]


def test_no_pair_and_empty_texts_are_measured_too():
    nothing = np.zeros(0, np.int64)
    assert len(measure(TokenTable.of(["x"]), nothing, nothing)) == 0
    assert _measured(((), ())).columns["lexical"].tolist() == [1.0]
