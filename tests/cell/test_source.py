"""Line k of a cell is line k everywhere."""

from __future__ import annotations

import linecache

import pytest

from dlmagic.cell.source import CellSource, register_text


@pytest.mark.parametrize(
    ("text", "magic", "python"),
    [
        ("x = 1", False, "x = 1"),
        ("%%dlbench -t 2\nx = 1", True, "\nx = 1"),
        ("%%dlbench", True, "\n"),
        ("\n\nx = 1\n", False, "\n\nx = 1\n"),
        ("", False, ""),
    ],
)
def test_the_magic_line_is_blank_in_python(text: str, magic: bool, python: str) -> None:
    source = CellSource.from_text(text, magic=magic)
    assert source.python == python
    assert source.text == text


def test_blank_lines_that_a_transformation_drops_are_kept() -> None:
    source = CellSource.from_text(
        "%%dlbench\n\n  \nx = 1", magic=True, transform=lambda body: body.lstrip() + "\n"
    )
    assert source.python.split("\n")[3] == "x = 1"


@pytest.mark.parametrize(
    ("number", "line"), [(0, ""), (1, "%%dlbench"), (2, "a"), (3, "b"), (4, ""), (-1, "")]
)
def test_a_line_is_the_users(number: int, line: str) -> None:
    assert CellSource.from_text("%%dlbench\na\nb", magic=True).line(number) == line


def test_tools_find_the_text_and_keep_it() -> None:
    filename = register_text("first\nsecond")
    linecache.checkcache()
    assert linecache.getline(filename, 2) == "second\n"
    assert register_text("first\nsecond") == filename
    assert register_text("first\nthird") != filename


def test_a_name_of_the_notebooks_own_may_be_given() -> None:
    source = CellSource.from_text("x", register=lambda text: f"<{text}>")
    assert source.filename == "<x>"


def test_text_that_is_no_valid_unicode_can_be_registered() -> None:
    assert register_text("'\ud800'").startswith("<cell ")
