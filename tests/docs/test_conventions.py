"""The table of conventions names what exists; some conventions have no better place than here."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from dlmagic.shell.extension import ROOMS
from tests.docs.pages import DOCS, ROOT

PACKAGE = ROOT / "dlmagic"
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (yes|partly|no) \| (.+) \|$", re.MULTILINE)
ROWS = ROW.findall((DOCS / "conventions.md").read_text(encoding="utf-8"))
NAMED = re.compile(r"`((?:tests|docs|dlmagic)/[^`]+|[\w.]+\.(?:toml|md))`")
LONGEST = 30
"""Lines of a magic's method without its docstring."""


def test_all_of_them_are_there_in_order() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 42))


@pytest.mark.parametrize(("number", "kept", "shown"), [(row[0], row[2], row[3]) for row in ROWS])
def test_what_a_row_names_exists(number: str, kept: str, shown: str) -> None:
    named = NAMED.findall(shown)
    assert named, f"{number} names nothing that shows it"
    assert all(map(exists, named)), named
    reason = NAMED.sub("", shown).strip(" ,")
    assert (len(reason.split()) > 5) is (kept != "yes"), f"{number}: a reason where it is not kept"


def exists(named: str) -> bool:
    """Whether there is such a file, and such a function in it."""
    file, _, name = named.partition("::")
    if not (ROOT / file).is_file():
        return False
    return not name or name in functions_of(ROOT / file)


def functions_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_what_does_not_exist_is_noticed() -> None:
    assert not exists("tests/test_imports.py::test_nothing_of_the_kind")
    assert not exists("tests/test_nothing.py")


def magics() -> Iterator[tuple[str, str, Any]]:
    """Kind, name and method of every magic."""
    for room in ROOMS:
        module, _, name = room.partition(":")
        found = getattr(import_module(module), name)
        for kind, table in found.magics.items():
            for magic, method in table.items():
                yield kind, magic, getattr(found, method)


def test_methods_of_magics_are_short() -> None:
    for _, name, method in magics():
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(method)))
        function = ast.parse(source).body[0]
        assert isinstance(function, ast.FunctionDef)
        docstring = function.body[0]
        assert (function.end_lineno or 0) - (docstring.end_lineno or 0) <= LONGEST, name


def test_options_are_declared_and_never_read_by_hand() -> None:
    assert all(hasattr(method, "parser") for _, _, method in magics())
    for file in PACKAGE.rglob("magic.py"):
        assert not re.search(r"\bshlex\b|\bparse_options\b", file.read_text(encoding="utf-8")), file


def test_every_magic_and_option_has_help() -> None:
    for _, name, method in magics():
        assert method.parser.description.strip(), name
        assert all(action.help for action in method.parser._actions), name
        assert len(method.parser.epilog.splitlines()) >= 3, f"{name} has fewer than two examples"


def test_nothing_is_expanded_in_a_cell() -> None:
    assert all(method._ipython_magic_no_var_expand for _, _, method in magics())


def test_the_front_end_is_not_guessed() -> None:
    guesses = re.compile(r"VSCODE_|google\.colab|COLAB_|DATABRICKS|KAGGLE_", re.IGNORECASE)
    for file in PACKAGE.rglob("*.py"):
        assert not guesses.search(file.read_text(encoding="utf-8")), file


def test_black_is_told_of_every_cell_magic() -> None:
    cells = sorted({name for kind, name, _ in magics() if kind == "cell"})
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["black"]["python-cell-magics"] == cells
    listed = re.findall(r"= (\[.*\])", (DOCS / "editors.md").read_text(encoding="utf-8"))
    assert [ast.literal_eval(each) for each in listed] == [cells, cells]
