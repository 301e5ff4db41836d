"""Which definitions run ahead of the rest of a cell."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from dlmagic.cell.hoist import is_star_import, split_definitions
from tests.cell.cells import namespace_of


def moved(text: str, setup: str = "", *, leading: bool = False) -> list[int]:
    """Lines of the statements that run ahead."""
    statements = ast.parse(dedent(text)).body
    definitions, body = split_definitions(statements, namespace_of(setup), leading=leading)
    assert len(definitions) + len(body) == len(statements)
    return [node.lineno for node in definitions]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("import math\nx = 1", [1]),
        ("def f(): pass\nclass C: pass\nx = 1", [1, 2]),
        ("x = 1\ndef f(): pass", [2]),
        ("x = 1\nimport math", [2]),
        ("x = 1\nclass C:\n    k = 2", [2]),
        # its name, or what it needs at once, is used or written before it
        ("f = 1\ndef f(): pass", []),
        ("print(f)\ndef f(): pass", []),
        ("x = 1\ndef f(a=x): pass", []),
        ("x = 1\nclass C:\n    k = x", []),
        # it runs code that somebody could notice
        ("x = 1\n@x\ndef f(): pass", []),
        ("x = 1\ndef f(a=print()): pass", []),
        ("x = 1\nclass C:\n    print()", []),
        ("x = 1\nfrom math import *", []),
        ("x = 1\nimport not_there_at_all", []),
    ],
)
def test_a_definition_moves_only_where_nobody_notices(text: str, lines: list[int]) -> None:
    assert moved(text) == lines


def test_only_the_top_of_the_cell_moves_where_asked() -> None:
    assert moved("import math\nx = 1\ndef f(): pass", leading=True) == [1]


def test_a_decorator_of_the_notebook_runs_where_it_stands() -> None:
    assert moved("x = 1\n@mark\ndef f(): pass", "def mark(f): return f") == []


def test_a_helper_that_reads_the_name_keeps_the_definition_in_place() -> None:
    assert moved("x = helper()\ndef f(): pass", "def helper(): return f") == []


@pytest.mark.parametrize(
    ("text", "star"), [("from m import *", True), ("from m import a", False), ("import m", False)]
)
def test_star_imports(text: str, star: bool) -> None:
    assert is_star_import(ast.parse(text).body[0]) is star
