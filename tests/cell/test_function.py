"""A cell as a function, and committed as a plain run."""

from __future__ import annotations

import traceback
from textwrap import dedent

import pytest

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.errors import CellError
from tests.cell.cells import cell_of, namespace_of


@pytest.mark.parametrize(
    ("text", "names", "outputs", "last"),
    [
        ("y = x + 1", {"x": 1}, {"y": 2}, None),
        ("x += 1\nx * 10", {"x": 1}, {"x": 2}, 20),
        ("1;", {}, {}, 1),
        ("(y := 3)", {}, {"y": 3}, 3),
        ("[n for n in range(3)]", {}, {}, [0, 1, 2]),
        ("if x:\n    y = 1", {"x": False}, {}, None),
        ("if x:\n    y = 1", {"x": True}, {"y": 1}, None),
        ("y = 1\ndel y\nx", {"x": 5}, {}, 5),
        ("a, *b = x", {"x": [1, 2, 3]}, {"a": 1, "b": [2, 3]}, None),
        ("for i in x:\n    pass", {"x": "ab"}, {"i": "b"}, None),
        ("match x:\n    case {'k': v}: pass", {"x": {"k": 4}}, {"v": 4}, None),
        ("y: float = x", {"x": 1}, {"y": 1}, None),
        ("print", {}, {}, print),
    ],
)
def test_outputs_and_the_last_value(text: str, names, outputs, last) -> None:
    cell = cell_of(text, namespace_of(**names))
    cell.define()
    assert cell.split(cell.function(*cell.arguments())) == (outputs, last)


def test_calling_leaves_the_namespace_alone() -> None:
    namespace = namespace_of(x=1)
    cell = cell_of("x += 1\ny = x", namespace)
    before = dict(namespace)
    cell.function(*cell.arguments())
    assert namespace == before


@pytest.mark.parametrize(
    "text",
    [
        "x = x + 1\ny = x\ny",
        "def f(v): return v + x\ny = f(2)\ny",
        "del x",
        "y = 1\nf = lambda: y\nf()",
        "exec('y = x')\ny",
        "globals()['y'] = 5\ny",
        "class C:\n    k = x\ny = C().k",
        "from math import *\ny = floor(x)",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    y = str(error)\ny",
        "global y\ny = x",
    ],
)
def test_committing_is_a_plain_run(text: str) -> None:
    plain, through = namespace_of(x=1), namespace_of(x=1)
    exec(text, plain)
    value = cell_of(text, through).commit()
    assert simple(plain) == simple(through)
    lines = text.split("\n")
    assert value == (plain["y"] if lines[-1] == "y" else 1 if lines[-1] == "f()" else None)


def simple(namespace: dict[str, object]) -> dict[str, object]:
    kept = (int, str, float)
    return {
        name: value if isinstance(value, kept) else type(value)
        for name, value in namespace.items()
        if not name.startswith("__")
    }


def test_what_was_assigned_before_an_error_stays() -> None:
    namespace = namespace_of(x=1)
    with pytest.raises(ZeroDivisionError):
        cell_of("x = 2\ny = 3\nz = 1 / 0\nw = 4", namespace).commit()
    assert (namespace["x"], namespace["y"]) == (2, 3)
    assert "z" not in namespace
    assert "w" not in namespace


@pytest.mark.parametrize(
    ("text", "error", "line"),
    [
        ("x = 1\ny = missing", NameError, 2),
        ("x = [\n  1,\n  1 / 0,\n]", ZeroDivisionError, 3),
        ("\n\nassert False", AssertionError, 3),
        ("def f():\n    return 1 / 0\n\nf()", ZeroDivisionError, 4),
        ("exec('y = 1')\n1 / 0", ZeroDivisionError, 2),
        ("if 1:\n    del nothing", NameError, 2),
        ("for i in range(2):\n    if i:\n        {}[i]", KeyError, 3),
    ],
)
def test_a_traceback_stands_at_the_users_line(text: str, error, line: int) -> None:
    cell = compile_cell(CellSource.from_text("%%dlbench\n" + text, magic=True), namespace_of())
    with pytest.raises(error) as caught:
        cell.commit()
    frame = cell.frame_of(caught.value)
    assert frame is not None
    assert frame.tb_lineno == line + 1
    shown = traceback.extract_tb(caught.value.__traceback__)
    (first, *_) = [entry for entry in shown if entry.filename == cell.source.filename]
    assert first.line == text.split("\n")[line - 1].strip()
    assert first.name == "<module>"


@pytest.mark.parametrize(
    "text",
    ["await f()", "async with a: pass", "[x async for x in y]", "if 1:\n    await f()"],
)
def test_await_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CellError, match="await") as caught:
        cell_of(text)
    assert "\n" not in str(caught.value)


def test_await_inside_a_function_is_nobodys_business() -> None:
    cell_of("async def f():\n    await g()").commit()


def test_a_name_that_is_gone_is_a_name_error() -> None:
    namespace = namespace_of(x=1)
    cell = cell_of("y = x", namespace)
    del namespace["x"]
    with pytest.raises(NameError, match="x") as caught:
        cell.arguments()
    assert caught.value.name == "x"


def test_functions_that_outlive_the_cell_read_the_notebook_live() -> None:
    namespace = namespace_of(scale=1)
    cell_of("def f(): return scale\ng = lambda: scale", namespace).commit()
    namespace["scale"] = 7
    assert namespace["f"]() == namespace["g"]() == 7  # type: ignore[operator]
    assert namespace["f"].__globals__ is namespace  # type: ignore[attr-defined]


def test_shared_names_are_written_while_the_cell_runs() -> None:
    namespace = namespace_of()
    cell = cell_of(
        """
        y = 1
        def f():
            return y
        y = 2
        z = f()
        """,
        namespace,
    )
    assert "y" in cell.shared
    cell.define()
    outputs, _ = cell.split(cell.function(*cell.arguments()))
    assert outputs == {"z": 2}
    assert namespace["y"] == 2


def test_a_nested_error_keeps_its_cause() -> None:
    text = dedent(
        """
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise KeyError("outer") from error
        """
    )
    with pytest.raises(KeyError) as caught:
        cell_of(text).commit()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("y = x + 1\nseen = 'y' in names", {"x": 1, "y": 2, "seen": True}),
        ("x = 3\ndel x\ny = 1", {"y": 1}),
        ("def f(): return z\nz = 5\ny = f()", {"x": 1, "z": 5, "y": 5}),
    ],
)
def test_as_module_code_names_are_in_the_namespace_while_it_runs(text: str, left) -> None:
    namespace = namespace_of(x=1)
    namespace["names"] = namespace
    cell = compile_cell(CellSource.from_text(text), namespace, as_module=True)
    assert cell.commit() is None
    assert {name: namespace[name] for name in left} == left
    assert ("x" in namespace) == ("x" in left)


def test_module_code_that_fails_leaves_what_it_had_assigned() -> None:
    namespace = namespace_of(x=1)
    cell = compile_cell(CellSource.from_text("y = 2\n1 / 0\nz = 3"), namespace, as_module=True)
    with pytest.raises(ZeroDivisionError):
        cell.commit()
    assert namespace["y"] == 2
    assert "z" not in namespace
