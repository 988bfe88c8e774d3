"""Answers that a mistake of ours cannot compare, or read, cost a run their evidence and nothing else."""

import polars as pl

from rlvr_atlas import answer
from rlvr_atlas.match import near_duplicates


def _fails(*_: object) -> None:
    raise ValueError("a mistake of ours")


def test_answers_that_cannot_be_compared_are_unknown(monkeypatch, caplog):
    monkeypatch.setattr(near_duplicates, "compare", _fails)
    assert near_duplicates.answers_agree("1", "2") is None
    assert "cannot be compared" in caplog.text


def test_answers_that_cannot_be_read_have_no_form(monkeypatch, caplog):
    real = answer.normal_form
    monkeypatch.setattr(answer, "normal_form", lambda text: _fails() if text == "bad" else real(text))
    assert answer.normal_column(pl.Series(["1.0", "bad", None])).to_list() == ["1", None, None]
    assert "cannot be read" in caplog.text
