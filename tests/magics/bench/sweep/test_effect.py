"""A sweep that could change nothing is refused before anything runs."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.errors import OptionError
from dlmagic.magics.bench.alternatives import divide
from dlmagic.magics.bench.sweep.effect import require_effect, require_fitting_type
from dlmagic.magics.bench.sweep.values import read_sweep


def require(text: str, name: str = "n", **names: object) -> None:
    namespace: dict[str, object] = {"__name__": "__main__", "math": math, **names}
    parts = divide(CellSource.from_text(text))

    def cell(source: CellSource) -> CellFunction:
        return compile_cell(source, namespace)

    setup = cell(parts.setup) if parts.setup else None
    require_effect(name, setup, [cell(block) for block in parts.blocks.values()])


@pytest.mark.parametrize(
    "text",
    [
        "math.sqrt(n)",
        "a = n\nn = 3\na",
        "n += 1",
        "if math.pi > 4:\n    n = 3\nn * 2",
        "def f():\n    return n\nf()",
        "f = lambda: n\nf()",
        "sum(n for _ in range(3))",
        "class A:\n    size = n\nA.size",
        "def f(size=n):\n    return size\nf()",
        "try:\n    n = int('x')\nexcept ValueError:\n    pass\nn",
        "a = [1] * n\n# --- one\nlen(a)",
        "# --- one\nn = 3\nn\n# --- two\nn + 1",
        "eval('n + 1')",
        "exec('n = 1')\nn",
        "f'{n:.{n}f}'",
        "del n",
    ],
)
def test_a_cell_that_reads_the_name_is_taken(text: str) -> None:
    require(text, n=4)


@pytest.mark.parametrize("bound", [True, False])
def test_the_name_need_not_be_bound(bound: bool) -> None:
    require("math.sqrt(n)", **({"n": 4} if bound else {}))


def test_functions_of_the_notebook_read_it_as_well() -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec("def inner():\n    return n\ndef outer():\n    return inner()", namespace)
    cell = compile_cell(CellSource.from_text("outer()"), namespace)
    require_effect("n", None, [cell])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("n = 3\nmath.sqrt(n)", 1),
        ("a = 1\nfor n in range(3):\n    a += n\na", 2),
        ("a = (\n  0,\n)\nb, n = 1, 2\nn", 4),
        ("(n := 5)\nn", 1),
        ("import math as n\nn", 1),
        ("def n():\n    return 1\nn()", 1),
        ("n = 8\na = [1] * n\n# --- one\nlen(a) + n", 1),
        ("a = 1\n# --- one\nn = 3\nn\n# --- two\nn = 4\nn", 3),
        ("with open('x') as n:\n    n", 1),
        ("n = 2\ndef f():\n    return n\nf()", 1),
    ],
)
def test_a_name_that_is_assigned_first_is_refused_with_the_line(text: str, line: int) -> None:
    with pytest.raises(OptionError, match=f"Line {line} assigns n before the cell reads it"):
        require(text, n=4)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("size * width", "Choose from: size, width."),
        ("nn * 2", "Did you mean nn?"),
        ("[n for n in range(3)]", ""),
        ("math.pi", ""),
        ("len(model)", ""),
    ],
)
def test_a_name_that_is_not_read_is_refused_with_the_nearest(text: str, hint: str) -> None:
    names = {"size": 3, "width": 4, "nn": 5, "model": object(), "n": 4}
    with pytest.raises(OptionError, match="does not read n,") as caught:
        require(text, **names)
    assert caught.value.hint == hint


@pytest.mark.parametrize("bound", [8, 0.5, np.int64(8), np.float32(1), None])
def test_numbers_may_stand_for_numbers(bound: object) -> None:
    require_fitting_type(read_sweep("n=1,2.5"), {"n": bound})
    require_fitting_type(read_sweep("n=1,2"), {})


@pytest.mark.parametrize(
    ("bound", "sweep", "words"),
    [
        (8, "n='a','b'", "n is an int now, and 'a' is a str"),
        (True, "n=1,2", "n is a bool now, and 1 is an int"),
        ("sum", "n=1,2", "n is a str now, and 1 is an int"),
        (np.ones(3), "n=1,2", "n is an ndarray now, and 1 is an int"),
        ((1, 2), "n=[1],[2]", "n is a tuple now, and [1] is a list"),
    ],
)
def test_values_of_another_type_are_refused(bound: object, sweep: str, words: str) -> None:
    with pytest.raises(OptionError, match=re.escape(words)):
        require_fitting_type(read_sweep(sweep), {"n": bound})
