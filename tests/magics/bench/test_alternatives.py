from __future__ import annotations

import pytest

from dlmagic.cell.source import CellSource
from dlmagic.errors import CellError
from dlmagic.magics.bench.alternatives import divide


def source(text: str) -> CellSource:
    return CellSource.from_text(text)


def test_a_cell_without_headings_is_one_alternative_without_a_name() -> None:
    parts = divide(source("x = 1\nx"))
    assert parts.setup is None
    assert list(parts.blocks) == [None]


def test_code_above_the_first_heading_is_setup_and_lines_keep_their_numbers() -> None:
    parts = divide(source("a = 1\n# --- one\na + 1\n# --- two\na + 2"))
    assert parts.setup is not None
    assert parts.setup.python.splitlines()[0] == "a = 1"
    assert list(parts.blocks) == ["one", "two"]
    assert parts.blocks["two"].python.split("\n") == ["", "", "", "", "a + 2"]
    assert parts.blocks["one"].python.split("\n") == ["", "", "a + 1", "", ""]


@pytest.mark.parametrize(
    "line",
    [
        "# --- section header ---",
        "# -- two dashes",
        "    # --- indented",
        "# ---- four",
        "# ---",
        "x = 1  # --- behind code",
    ],
)
def test_other_comments_are_no_headings(line: str) -> None:
    text = f"if True:\n    pass\n{line}\ny = 2"
    assert list(divide(source(text)).blocks) == [None]


def test_a_heading_inside_a_string_is_text() -> None:
    assert list(divide(source('s = """\n# --- no\n"""\ns')).blocks) == [None]


def test_setup_of_comments_only_is_no_setup() -> None:
    assert divide(source("# about\n# --- one\n1")).setup is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing to time"),
        ("\n# only\n# comments", "nothing to time"),
        ("x = 1\n# --- one\n# --- two\n2", "one is empty"),
        ("# --- one\n1\n# --- one\n2", "Two alternatives are called one"),
    ],
)
def test_what_cannot_be_timed_is_said_in_one_line(text: str, words: str) -> None:
    with pytest.raises(CellError, match=words) as caught:
        divide(source(text))
    assert "\n" not in str(caught.value)


def test_a_syntax_error_is_left_to_the_compiler() -> None:
    assert list(divide(source("if x\n  y")).blocks) == [None]


def test_a_name_of_two_words_among_headings_is_told() -> None:
    with pytest.raises(CellError, match="Line 3 names an alternative") as told:
        divide(CellSource.from_text("# --- one\n1\n# --- eager loop\n2"))
    assert "# --- eager-loop" in str(told.value)


def test_remarks_of_several_words_alone_divide_nothing() -> None:
    parts = divide(CellSource.from_text("# --- load the data\n1\n# --- train the net\n2"))
    assert list(parts.blocks) == [None]
