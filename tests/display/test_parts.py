from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.display import parts
from dlmagic.display.findings import notice
from dlmagic.display.parts import Span, abridge, printable, sentence, shorten
from dlmagic.finding import Finding, Fix


def test_the_examples_in_the_docstrings() -> None:
    assert doctest.testmod(parts).failed == 0


@given(st.text())
def test_a_printable_text_has_nothing_that_acts(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert all(
        char.isprintable() or char in "\n\t" or char.isspace() or ord(char) > 127 for char in shown
    )
    assert printable(shown) == shown


@given(st.text(), st.integers(2, 50))
def test_a_shortened_text_is_one_line_that_fits(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert "\n" not in short


@given(st.text(), st.integers(4, 50))
def test_an_abridged_name_keeps_both_ends(name: str, limit: int) -> None:
    line, short = " ".join(name.split()), abridge(name, limit)
    assert len(short) <= limit
    assert (short[0], short[-1]) == (line[0], line[-1]) if line else not short


def test_a_sentence_leaves_out_what_is_empty() -> None:
    assert sentence("a", "", Span("b", "bad")).spans == (Span("a"), Span("b", "bad"))


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (Finding("x", "hint", "It waits."), "It waits."),
        (Finding("x", "hint", "It waits.", line=4), "line 4 – It waits."),
        (
            Finding("x", "error", "It waits.", "Cell In[3]", 4, "  a.item()"),
            "Cell In[3], line 4: a.item() – It waits.",
        ),
    ],
)
def test_a_finding_says_where_and_what(finding: Finding, words: str) -> None:
    shown = notice(finding)
    assert shown.word == finding.level
    assert "".join(span.text for span in shown.spans) == words


def test_a_fix_says_how_far_it_was_checked() -> None:
    shown = notice(Finding("x", "error", "It waits.", fix=Fix("Move it.", "a = 1", "verified")))
    assert "".join(span.text for span in shown.advice) == "Move it. (checked on your values)"
    assert shown.code == "a = 1"
