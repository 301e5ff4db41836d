"""How a line of ``%summary`` is read: a model, an input or shapes of one, and options."""

from __future__ import annotations

from typing import Any

import pytest

from dlmagic.errors import InputError
from dlmagic.magics.watch.summary.expressions import (
    before_options,
    model_and_input,
    names_in,
    options_first,
)
from dlmagic.magics.watch.summary.shapes import shapes_in_text, shapes_in_value


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("32,1,28,28", ((32, 1, 28, 28),)),
        ("(32, 784)", ((32, 784),)),
        ("[32, 784]", ((32, 784),)),
        ("32 784", ((32, 784),)),
        ("32×784", ((32, 784),)),
        ("32, 784", ((32, 784),)),
        ("32,10 32,5", ((32, 10), (32, 5))),
        ("32, 10 32, 5", ((32, 10), (32, 5))),
        ("32x10 32x5", ((32, 10), (32, 5))),
        ("32,10 32", ((32, 10), (32,))),
        ("(32, 10) (32,)", ((32, 10), (32,))),
        ("(32, 10), (32, 5)", ((32, 10), (32, 5))),
        ("((32, 10), (32, 5))", ((32, 10), (32, 5))),
        ("32,10 (32, 5)", ((32, 10), (32, 5))),
        ("(32,10) 32,5", ((32, 10), (32, 5))),
        ("[32, 10], 32", ((32, 10), (32,))),
        ("7", ((7,),)),
        ("x", None),
        ("x2", None),
        ("batch, 3", None),
        ("", None),
        ("()", None),
    ],
)
def test_shapes_in_a_text(text: str, shapes: Any) -> None:
    assert shapes_in_text(text) == shapes


def test_shapes_in_a_value() -> None:
    assert shapes_in_value((32, 784)) == ((32, 784),)
    assert shapes_in_value([(2, 3), [4]]) == ((2, 3), (4,))
    assert shapes_in_value("2,3") == ((2, 3),)
    for other in (object(), (), (1.5, 2), ((2, 3), "x"), {"x": (2, 3)}):
        assert shapes_in_value(other) is None


def test_a_size_of_zero_is_refused() -> None:
    for value in ("0,3", (0, 3), (-1, 3)):
        with pytest.raises(InputError, match="sizes above 0"):
            shapes_in_value(value)


@pytest.mark.parametrize(
    ("line", "first", "second"),
    [
        ("model", "model", ""),
        ("model x", "model", "x"),
        ("nets['a b'] (32, 784)", "nets['a b']", "(32, 784)"),
        ("make(3, 4) torch.ones(3, 4)", "make(3, 4)", "torch.ones(3, 4)"),
        ("model {'x': x, 'y': y}", "model", "{'x': x, 'y': y}"),
        ("", "", ""),
    ],
)
def test_a_model_ends_at_a_space_outside_of_brackets(line: str, first: str, second: str) -> None:
    assert model_and_input(line) == (first, second)


@pytest.mark.parametrize(
    ("line", "before", "options"),
    [
        ("model x --depth 2", "model x", "--depth 2"),
        ("--depth 2 model x", "", "--depth 2 model x"),
        ("model --depth 2 x", "model", "--depth 2 x"),
        ("model -o found", "model", "-o found"),
        ("model x-1", "model x-1", ""),
        ("model -x", "model -x", ""),
        ("model y -q", "model y", "-q"),
    ],
)
def test_options_may_stand_anywhere(line: str, before: str, options: str) -> None:
    assert (before_options(line), options_first(line)) == (before, options)


def test_names_of_an_expression() -> None:
    assert names_in("nets[key](x, k=y.z)") == ("nets", "key", "x", "y")
    with pytest.raises(InputError, match="not a Python expression"):
        names_in("model +")
