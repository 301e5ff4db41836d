"""From statements to code."""

from __future__ import annotations

import copy
import pickle

import pytest

from dlmagic.cell.build import MISSING, MISSING_NAME, optional_names, parse
from dlmagic.cell.source import CellSource
from tests.cell.cells import cell_of, layout_of, namespace_of


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\nx = = 2", 2),
        ("x = 1\nreturn x", 2),
        ("break", 1),
        ("\n\nx = (1", 3),
        ("nonlocal x", 1),
    ],
)
def test_a_syntax_error_names_the_users_line(text: str, line: int) -> None:
    with pytest.raises(SyntaxError) as caught:
        parse(CellSource.from_text(text))
    assert caught.value.lineno == line


def test_a_future_import_of_the_cell_becomes_a_flag() -> None:
    import __future__

    _, flags = parse(CellSource.from_text("from __future__ import annotations\nx = 1"))
    assert flags == __future__.annotations.compiler_flag
    _, flags = parse(CellSource.from_text("x = 1", flags=__future__.annotations.compiler_flag))
    assert flags == __future__.annotations.compiler_flag


def test_missing_is_one_object() -> None:
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING
    assert repr(MISSING) == "<no value>"
    assert copy.copy(MISSING) is MISSING
    assert not MISSING_NAME.isidentifier()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("y = 1", ()),
        ("if flag:\n    y = 1", ("y",)),
        ("y = 1\ndel y", ("y", MISSING_NAME)),
        ("flag = 1\ndel flag", ("flag", MISSING_NAME)),
    ],
)
def test_names_without_a_value_have_a_parameter_nobody_passes(text: str, names) -> None:
    assert optional_names(layout_of(text, namespace_of(flag=1))) == names


def test_the_code_bears_the_name_of_module_code() -> None:
    cell = cell_of("f = lambda: 1\nf")
    assert cell.function.__code__.co_name == "<module>"  # type: ignore[attr-defined]
    assert cell.function()[0].__qualname__ == "<lambda>"  # type: ignore[attr-defined]


def test_the_cell_is_compiled_once() -> None:
    cell = cell_of("y = 1")
    assert cell.function is cell.function


@pytest.mark.parametrize("text", ["", "# only a comment", "\n\n"])
def test_an_empty_cell_does_nothing(text: str) -> None:
    assert cell_of(text).function() == (None,)
