"""Where a value is said to come from: only where the order of the lines tells it surely."""

from __future__ import annotations

import linecache

import pytest

from dlmagic.cell.source import name_of_users_file
from dlmagic.magics.tensors.explain.engine import explain
from tests.magics.tensors.explain.explained import (
    CELL,
    SETUP_CELL,
    Case,
    check,
    explained,
    name_of_cell,
    raised,
)

SETUP = """import torch
w = torch.ones(5, 2)
x = torch.ones(3, 4)
emb = torch.nn.Embedding(100, 16)
"""
BRANCH = """if w.ndim == 3:
    x = torch.ones(3, 5)
y = x @ w"""
ROUND = """x = torch.ones(3, 5)
for _ in range(2):
    y = x @ w
    x = torch.ones(3, 4)"""
ARGUMENT = """def f(x):
    for x in [x]:
        return x @ w
f(torch.ones(3, 4))"""
TOLD = {
    "y = x @ w": f"{SETUP_CELL}, line 3: x = torch.ones(3, 4)",
    "for x in [torch.ones(3, 4)]:\n    y = x @ w": (
        f"{CELL}, line 1: for x in [torch.ones(3, 4)]:"
    ),
    "x: torch.Tensor = torch.ones(2, 4)\ny = x @ w": (
        f"{CELL}, line 1: x: torch.Tensor = torch.ones(2, 4)"
    ),
    "x += 1\ny = x @ w": f"{CELL}, line 1: x += 1",
    "if w.ndim == 2:\n    x = torch.ones(2, 4)\n    y = x @ w": (
        f"{CELL}, line 2: x = torch.ones(2, 4)"
    ),
    "for _ in range(2):\n    x = torch.ones(2, 4)\n    y = x @ w\n    x = y": (
        f"{CELL}, line 2: x = torch.ones(2, 4)"
    ),
    "def f(z):\n    return z @ w\nf(torch.ones(3, 4))": f"{CELL}, line 3: f(torch.ones(3, 4))",
    ARGUMENT: f"{CELL}, line 2: for x in [x]:",
}
NOT_TOLD = [
    "x = torch.ones(2, 4); y = x @ w",
    "y = [x @ w for x in [torch.ones(3, 4)]]",
    "y = (lambda x: x @ w)(torch.ones(3, 4))",
    "y = [x for x in (x @ w)]",
    "if (x := torch.ones(2, 4)).ndim == 2:\n    y = x @ w",
    BRANCH,
    ROUND,
    "def f():\n    x = torch.ones(2, 4)\n    def g():\n        return x @ w\n    return g()\nf()",
]


@pytest.mark.parametrize("text", TOLD)
def test_what_gave_a_name_its_value_is_told(text: str) -> None:
    found = explained(Case(SETUP, text, None))
    assert found is not None
    name = "z" if "z @" in text else "x"
    assert found.notes == (f"{name} comes from {TOLD[text]}",)


@pytest.mark.parametrize("text", NOT_TOLD)
def test_nothing_is_told_where_the_lines_do_not_tell_it_surely(text: str) -> None:
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert found.notes == ()


def test_a_file_that_has_its_own_variables_is_no_origin() -> None:
    """Also a file of the user's, whose lines Python has looked up."""
    error, _ = raised(Case("import torch\nw = torch.ones(5, 2)", "globals()['x'] = w\nx @ w", None))
    theirs, text = "/their/file.py", "x = None\n"
    linecache.cache[theirs] = (len(text), 1.0, [text], theirs)
    found = explain(error, lambda file: theirs if file == theirs else name_of_cell(file))
    del linecache.cache[theirs]
    assert found is not None
    assert found.notes == ()


def test_the_line_to_edit_is_that_of_an_annotated_assignment() -> None:
    text = "emb: torch.nn.Embedding = torch.nn.Embedding(50, 16)\nemb(torch.tensor([60]))"
    fix = "emb: torch.nn.Embedding = torch.nn.Embedding(61, 16)"
    check(Case(SETUP, text, "index-range", 1, "emb has 50 rows", fix))


def test_no_line_is_to_be_edited_where_a_layer_was_made_in_one_of_two() -> None:
    branch = "if w.ndim == 2:\n    emb = torch.nn.Embedding(50, 16)\nelse:\n    emb = None"
    found = explained(Case(SETUP, f"{branch}\nemb(torch.tensor([60]))", None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is None or found.finding.fix.code is None


def test_a_copy_of_tensorflow_is_not_said_to_be_where_a_value_comes_from() -> None:
    """AutoGraph writes the functions that it traces to files, as a user might."""
    pytest.importorskip("tensorflow")
    text = (
        "import tensorflow as tf\nw = tf.ones((4, 2))\n"
        "def prepared(z):\n    return tf.linalg.matvec(w, z, transpose_a=True)\n"
        "d = tf.data.Dataset.from_tensors([1, 2, 3, 4]).map(prepared)"
    )
    error, _ = raised(Case("", text, None))
    found = explain(error, lambda file: name_of_cell(file) or name_of_users_file(file))
    assert found is not None
    assert found.notes == (f"z comes from {CELL}, line 5: {text.splitlines()[-1]}",)


@pytest.mark.parametrize(("made", "is_none"), [("[3, 1].sort()", True), ("w.sort()", False)])
def test_only_of_none_it_is_said_why_it_is_none(made: str, is_none: bool) -> None:
    """``sort()`` of a list returns nothing, and that of a tensor does not."""
    found = explained(Case(f"{SETUP}ordered = {made}", "torch.relu(ordered)", None))
    assert found is not None
    (note,) = found.notes
    assert "line 5: ordered = " in note
    assert ("None" in note) is is_none
