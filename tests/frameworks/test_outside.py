"""Values that helper functions read from outside, and other values put in their place."""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType

import pytest

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.outside import places_outside, replaced

BEFORE = """
import math
scale, shift, unused = 2.0, 3.0, 4.0
word = "no number"

def make(bound):
    def inner(a):
        return a * bound
    return inner

inner = make(5.0)

def deeper(a):
    return inner(a) + shift

def helper(a):
    return deeper(a) * scale + len(word) * math.pi

x = 1.0
"""


@dataclass
class Notebook:
    namespace: dict[str, object]

    def places(self, text: str):
        cell = compile_cell(CellSource.from_text(text), self.namespace)
        cell.define()
        arguments = dict(zip(cell.parameters, cell.arguments(), strict=True))
        return places_outside(cell, arguments, lambda value: isinstance(value, float))


@pytest.fixture
def notebook() -> Notebook:
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec(BEFORE, namespace)
    return Notebook(namespace)


def test_what_helpers_read_is_found_but_no_parameter(notebook):
    places = notebook.places("y = helper(x)")
    assert sorted((place.name, place.read()) for place in places) == [
        ("bound", 5.0), ("scale", 2.0), ("shift", 3.0),
    ]  # fmt: skip


def test_a_function_of_the_cell_itself_is_followed(notebook):
    places = notebook.places("def mine(a):\n    return a * unused\ny = mine(x)")
    assert [place.name for place in places] == ["unused"]


def test_functions_of_libraries_are_not_followed(notebook):
    assert not any(place.name == "pi" for place in notebook.places("y = helper(x)"))


def test_a_place_is_found_once(notebook):
    assert [p.name for p in notebook.places("y = inner(x) + inner(x)")] == ["bound"]


def test_other_values_stand_there_for_a_while(notebook):
    places = notebook.places("y = helper(x)")
    helper = notebook.namespace["helper"]
    assert isinstance(helper, FunctionType)
    before = helper(1.0)
    with replaced(places, [0.0 for _ in places]):
        assert all(place.read() == 0.0 for place in places)
        assert helper(1.0) == 0.0 + len("no number") * notebook.namespace["math"].pi * 1
    assert helper(1.0) == before
    with pytest.raises(ZeroDivisionError), replaced(places, [0.0 for _ in places]):
        1 / 0  # noqa: B018 - an error while other values stand there
    assert helper(1.0) == before
