"""Where each name of a cell lives: parameter, local variable, or the notebook's namespace."""

from __future__ import annotations

import pytest

from tests.cell.cells import layout_of, namespace_of


@pytest.mark.parametrize(
    ("text", "names", "parameters", "outputs"),
    [
        ("y = x + 1", {"x": 1}, ("x",), ("y",)),
        ("x += 1", {"x": 1}, ("x",), ("x",)),
        ("y = missing", {}, (), ("y",)),
        ("b = a; c = b", {"a": 1, "b": 2}, ("a",), ("b", "c")),
        ("y = [i for i in x]", {"x": [1], "i": 2}, ("x",), ("y",)),
        ("x.append(1)", {"x": []}, ("x",), ()),
        ("y = len(x)", {"x": []}, ("x",), ("y",)),
        ("y = int(x)", {"x": "1", "int": int}, ("x",), ("y",)),
    ],
)
def test_parameters_and_outputs(text: str, names, parameters, outputs) -> None:
    layout = layout_of(text, namespace_of(**names))
    assert layout.parameters == parameters
    assert layout.outputs == outputs
    assert not layout.as_module


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("loss = x * 2\nloss.real", ("x",)),
        ("loss.real\nloss = x", ("loss", "x")),
        ("if x:\n    loss = 1\nloss", ("x", "loss")),
        ("for _ in x:\n    loss = 1\n    loss.real", ("x",)),
        ("loss = 1\ndef f(a=loss): pass", ()),
        ("loss = 1\n(lambda: loss)()", ("loss",)),
        ("loss = 1\nexec('loss')", ("exec",)),
    ],
)
def test_a_value_that_the_cell_makes_first_is_not_needed(text: str, needs) -> None:
    assert layout_of(text, namespace_of(loss=1, x=1)).needs == needs


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("y = 1\nf = lambda: y", ("y",)),
        ("def f(): return y\ny = 1\nf()", ("y",)),
        ("def f():\n    global y\n    y = 1\nf()\nz = y", ()),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    y = 1", ("error",)),
        ("y = 1\nz = 2", ()),
        ("if 1:\n    def f(): pass", ("f",)),
    ],
)
def test_names_that_others_look_up_stay_in_the_namespace(text: str, shared) -> None:
    layout = layout_of(text)
    assert layout.shared == shared
    assert not set(layout.shared) & set(layout.outputs)
    assert not set(layout.shared) & set(layout.parameters)


def test_a_helper_of_an_earlier_cell_keeps_its_names_shared() -> None:
    namespace = namespace_of("def helper(): return scale", scale=1)
    assert layout_of("scale = 2\nhelper()", namespace).shared == ("scale",)


def test_a_helper_in_a_container_counts_too() -> None:
    namespace = namespace_of("steps = [lambda: scale]", scale=1)
    assert layout_of("scale = 2\nsteps[0]()", namespace).shared == ("scale",)


@pytest.mark.parametrize(
    ("text", "unset", "deleted"),
    [
        ("if flag:\n    y = 1", ("y",), ()),
        ("for i in flag:\n    y = i", ("i", "y"), ()),
        ("y = 1\ndel y", ("y",), ("y",)),
        ("y = 1", (), ()),
    ],
)
def test_outputs_without_a_value_are_known(text: str, unset, deleted) -> None:
    layout = layout_of(text, namespace_of(flag=[1]))
    assert set(layout.unset) == set(unset)
    assert layout.deleted == deleted


@pytest.mark.parametrize(
    "text",
    [
        "exec('y = 1')",
        "eval('1')",
        "globals()['y'] = 1",
        "locals()",
        "y = vars()",
        "print(dir())",
        "get_ipython().run_line_magic('time', 'x = 1')",
        "x = 1\nfrom math import *",
    ],
)
def test_reaching_names_by_text_keeps_the_module_form(text: str) -> None:
    assert layout_of(text).as_module


@pytest.mark.parametrize("text", ["vars(x)", "dir(x)", "x.eval()", "model.exec"])
def test_words_that_only_look_like_it_do_not(text: str) -> None:
    assert not layout_of(text, namespace_of(x=1, model=1)).as_module


def test_a_helper_that_reaches_names_by_text_does_so_for_the_cell() -> None:
    assert layout_of("y = 1\nhelper()", namespace_of("def helper(): exec('z = y')")).as_module


def test_what_definitions_read_is_read_by_the_cell() -> None:
    layout = layout_of("def f(): return k\ny = f()", namespace_of(k=1))
    assert "k" in layout.reads
    assert layout.parameters == ("f",)
