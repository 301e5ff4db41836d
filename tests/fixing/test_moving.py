"""Statements that move out of a cell, loops over parts, variables and log records."""

from __future__ import annotations

import ast

import pytest

from dlmagic.fixing.edit import Edit
from dlmagic.fixing.logs import print_instead_of_logging
from dlmagic.fixing.loops import loop_over_parts
from dlmagic.fixing.moving import move_out
from dlmagic.fixing.variables import assign_to_variable, made_outside


def without(text: str, *places: int) -> tuple[str, str, bool] | None:
    """The rest of a cell, what was taken out of it, and whether that was its beginning."""
    tree = ast.parse(text)
    moved = move_out(tree, [tree.body[place] for place in places])
    if moved is None:
        return None
    for edit in reversed(moved.edits):
        text = edit.apply(text)
    return text, moved.code, moved.above


def test_statements_move_out_and_all_other_lines_stay() -> None:
    text = "y = 1  # kept\n\nprint(\n    y\n)\nz = 2\nlog(z)"
    assert without(text, 1) == ("y = 1  # kept\n\nz = 2\nlog(z)", "print(y)", False)
    assert without(text, 1, 3) == ("y = 1  # kept\n\nz = 2", "print(y)\nlog(z)", False)
    assert without(text, 0) == (text.removeprefix("y = 1  # kept\n"), "y = 1", True)


def test_what_cannot_move_out_stays() -> None:
    assert without("print(y)", 0) is None, "nothing would be left"
    assert without("y = 1; print(y)\nz = 2", 1) is None, "another one stands on the line"
    tree = ast.parse("if y:\n    print(y)\nz = 2")
    assert isinstance(tree.body[0], ast.If)
    assert move_out(tree, [tree.body[0].body[0]]) is None, "it runs only sometimes"


@pytest.mark.parametrize(
    ("text", "line", "mended"),
    [
        ("for row in m:  # each\n    f(row)", 2, "for row in t.unstack(m):\n    f(row)"),
        ("for k in t.range(3):\n    f(k)", 1, "for k in range(3):\n    f(k)"),
        ("for a, b in zip(x, y):\n    f(a)", 2, "for (a, b) in zip(t.unstack(x), t.unstack(y)):"),
        ("y = [f(r) for r in m]", 1, "y = [f(r) for r in t.unstack(m)]"),
        (
            "def g(m):\n    return [r for r in m]",
            2,
            "def g(m):\n    return [r for r in t.unstack(m)]",
        ),
        ("for k in range(3):\n    f(k)", 2, None),
        ("for k in m: f(k)", 1, None),
        ("y = f(m)", 1, None),
    ],
)
def test_loops_run_over_parts(text: str, line: int, mended: str | None) -> None:
    edit = loop_over_parts(ast.parse(text), line, "t.unstack", "t.range")
    changed = edit.apply(text) if edit else None
    assert changed == mended or (mended and changed and changed.startswith(mended))


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def code(found: tuple[str, Edit] | None) -> tuple[str, str] | None:
    return (found[0], found[1].code) if found else None


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a.b += 1", ("a.b", "a.b.assign_add(1)")),
        ("a.b -= x", ("a.b", "a.b.assign_sub(x)")),
        ("a.b *= 2", ("a.b", "a.b.assign(a.b * 2)")),
        ("a.b = c + 1", ("a.b", "a.b.assign(c + 1)")),
        ("a += 1", None),
        ("f(a)", None),
    ],
)
def test_attributes_are_assigned_as_variables(text: str, mended: tuple[str, str] | None) -> None:
    assert code(assign_to_variable(statement(text))) == mended


def test_a_variable_is_made_elsewhere_and_given_its_value_here() -> None:
    found = made_outside(statement("c = tf.Variable(0.0, name='c')"), "tf.Variable")
    assert code(found) == ("c = tf.Variable(0.0, name='c')", "c.assign(0.0)")
    assert made_outside(statement("c = tf.constant(0.0)"), "tf.Variable") is None
    assert made_outside(statement("c = tf.Variable()"), "tf.Variable") is None


@pytest.mark.parametrize(
    ("text", "formatting", "mended"),
    [
        ("log.info('made')", "", "p('made')"),
        ("log.info('loss %s at %5.2f', a, b)", "", "p('loss {} at {}', a, b)"),
        ("log.info('loss %d', a)", "f", "p(f('loss {}', (a,)))"),
        ("log.info(text)", "", None),
        ("log.flush()", "", None),
        ("log.info('made', extra={})", "", None),
    ],
)
def test_log_records_become_prints(text: str, formatting: str, mended: str | None) -> None:
    edit = print_instead_of_logging(statement(text), "p", formatting)
    assert (edit.code if edit else None) == mended
