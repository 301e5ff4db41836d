"""Rewrites change the statement that is mended, and nothing else."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.fixing.branches import choose_instead_of_branching
from dlmagic.fixing.edit import Edit, statement_at
from dlmagic.fixing.expressions import (
    another_module,
    clone_instead_of_deepcopy,
    keep_tensors,
    mask_instead_of_selecting,
    print_in_graph,
)
from dlmagic.fixing.moving import move_to_end


def branched(text: str, line: int = 1) -> str | None:
    tree = ast.parse(text)
    statement = statement_at(tree, line)
    assert statement is not None
    edit = choose_instead_of_branching(tree, statement, "where")
    return edit.apply(text) if edit else None


@pytest.mark.parametrize(
    ("text", "line", "mended"),
    [
        ("if t:\n    y = a\nelse:\n    y = b", 1, "y = where(t, a, b)"),
        ("if t:\n    y = a", 1, "y = where(t, a, y)"),
        ("if t:\n    y += a", 1, "y = where(t, y + a, y)"),
        ("y = a if t else b  # why", 1, "y = where(t, a, b)"),
        ("def f():\n    return a if t else b", 2, "def f():\n    return where(t, a, b)"),
        (
            "def f():\n    if t:\n        return a\n    return b\nz = 1  # kept",
            2,
            "def f():\n    return where(t, a, b)\nz = 1  # kept",
        ),
        (
            "def f():\n    if t:\n        return a\n    else:\n        return b",
            2,
            "def f():\n    return where(t, a, b)",
        ),
        (
            "if t:\n    y = a\n    z = b\nelse:\n    y = c\n    z = d",
            1,
            "y = where(t, a, c)\nz = where(t, b, d)",
        ),
    ],
)
def test_branches_become_choices(text: str, line: int, mended: str) -> None:
    assert branched(text, line) == mended


@pytest.mark.parametrize(
    "text",
    [
        "if t:\n    print(y)",
        "if t:\n    y.append(a)",
        "if t:\n    a, b = c",
        "if t:\n    y = a\n    z = y\nelse:\n    y = b\n    z = c",
        "if t:\n    y = a\n    y = b",
        "if y > 0:\n    y = a\n    z = b\nelse:\n    y = b\n    z = c",
        "while t:\n    y = a",
        "def f():\n    if t:\n        return a\n    x = 1\n    return b",
    ],
)
def test_what_does_more_than_choose_is_left(text: str) -> None:
    line = next(k for k, each in enumerate(text.split("\n"), 1) if "if" in each or "while" in each)
    assert branched(text, line) is None


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("v = x.sum().item()", "v = x.sum()"),
        ("v = float(x.sum()) + 1", "v = x.sum() + 1"),
        ("v = x.numpy()", "v = x"),
        ("v = x.sum()", None),
        ("v = float('1', 2)", None),
        ("for k in range(x.item()):\n    pass", None),
    ],
)
def test_tensors_are_kept(text: str, mended: str | None) -> None:
    edit = keep_tensors(statement(text))
    assert (edit.code if edit else None) == mended


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("v = (a + b).item()", "v = (a + b).detach()"),
        ("v = float(a + b)", "v = (a + b).detach()"),
        ("v = x.detach().item()", "v = x.detach()"),
        ("v = bool(x > 0)", "v = x > 0"),
    ],
)
def test_tensors_are_kept_without_their_gradients(text: str, mended: str) -> None:
    edit = keep_tensors(statement(text), "({0}).detach()")
    assert edit is not None
    assert edit.code == mended


MASKED = "y = w(x > 2, x, 0).sum()"


def test_other_small_rewrites() -> None:
    cases = [
        (clone_instead_of_deepcopy(statement("z = copy.deepcopy(x)")), "z = x.clone()"),
        (
            mask_instead_of_selecting(statement("y = x[x > 2].sum()"), "w"),
            "y = w(x > 2, x, 0).sum()",
        ),
        (another_module(statement("y = np.sin(x) + a.np"), "np", "jnp"), "y = jnp.sin(x) + a.np"),
        (print_in_graph(statement("print(a, b)"), "tf.print", template=False), "tf.print(a, b)"),
        (
            print_in_graph(statement("print(a, 'b')"), "jax.debug.print", template=True),
            "jax.debug.print('{} {}', a, 'b')",
        ),
    ]
    assert [edit.code if edit else None for edit, _ in cases] == [code for _, code in cases]
    assert mask_instead_of_selecting(statement("y = x[1:].sum()"), "w") is None
    assert print_in_graph(statement("print(a, end='')"), "p", template=False) is None


def test_a_statement_moves_below_the_last_line() -> None:
    text = "y = 1\nprint(y)\nz = 2\n\n"
    tree = ast.parse(text)
    edit = move_to_end(tree, tree.body[1])
    assert edit is not None
    assert edit.apply(text) == "y = 1\nz = 2\nprint(y)"
    assert move_to_end(tree, tree.body[2]) is None


LINES = st.lists(st.text(st.characters(blacklist_characters="\n\r", codec="utf-8"), max_size=9))


@given(LINES, st.data())
def test_other_lines_are_never_touched(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join([*lines, "last"])
    count = len(lines) + 1
    start = data.draw(st.integers(1, count))
    end = data.draw(st.integers(start, count))
    after = Edit(start, end, "new").apply(text).split("\n")
    before = text.split("\n")
    assert after[: start - 1] == before[: start - 1]
    assert after[start - 1].strip() == "new"
    assert after[start:] == before[end:]
