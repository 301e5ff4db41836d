"""State that a graph keeps between calls, in a variable of the framework's."""

from __future__ import annotations

import ast

from dlmagic.fixing.edit import Edit, replacing

_IN_PLACE = {ast.Add: "assign_add", ast.Sub: "assign_sub"}


def assign_to_variable(statement: ast.stmt) -> tuple[str, Edit] | None:
    """Write ``a.b.assign_add(1)`` for ``a.b += 1``, and ``a.b.assign(v)`` for ``a.b = v``.

    Returns:
        What must be a variable for it, and the edit; None for all but attributes.
    """
    match statement:
        case ast.AugAssign(ast.Attribute() as target, operator, value):
            name, method = ast.unparse(target), _IN_PLACE.get(type(operator))
            new = ast.unparse(value)
            if method is None:
                method, new = "assign", ast.unparse(ast.BinOp(_read(target), operator, value))
            return name, replacing(statement, f"{name}.{method}({new})")
        case ast.Assign([ast.Attribute() as target], value):
            name = ast.unparse(target)
            return name, replacing(statement, f"{name}.assign({ast.unparse(value)})")
        case _:
            return None


def made_outside(statement: ast.stmt, kind: str) -> tuple[str, Edit] | None:
    """Write ``c.assign(0.0)`` for ``c = tf.Variable(0.0)``, which an earlier cell makes.

    Args:
        statement: The statement.
        kind: What makes a variable, such as ``"tf.Variable"``.

    Returns:
        The statement for the earlier cell, and the edit.
    """
    match statement:
        case ast.Assign([ast.Name(name)], ast.Call(function, [first, *_])) if (
            ast.unparse(function) == kind
        ):
            return ast.unparse(statement), replacing(
                statement, f"{name}.assign({ast.unparse(first)})"
            )
        case _:
            return None


def _read(target: ast.Attribute) -> ast.Attribute:
    return ast.Attribute(target.value, target.attr, ast.Load())
