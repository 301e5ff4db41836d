"""Statements of the user's that change a tensor, and what they would be without doing so."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.bindings import inside

_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}


def changed_in_place(statement: ast.stmt | None) -> ast.expr | None:
    """The expression whose value a statement changes, such as ``x`` in ``x += 1``."""
    match statement:
        case ast.AugAssign(target):
            return target
        case ast.Assign([ast.Subscript(owner)]):
            return owner
        case ast.Expr(ast.Call(ast.Attribute(owner, name))) if _is_in_place(name):
            return owner
        case ast.Assign(_, ast.Call(ast.Attribute(owner, name))) if _is_in_place(name):
            return owner
        case _:
            return None


def out_of_place(statement: ast.stmt | None) -> str | None:
    """The statement that makes a new value instead; None where there is no such line."""
    match statement:
        case ast.AugAssign(ast.Name(name), sign, value) if type(sign) in _SIGNS:
            right = ast.unparse(value)
            right = f"({right})" if isinstance(value, ast.BinOp | ast.IfExp) else right
            return f"{name} = {name} {_SIGNS[type(sign)]} {right}"
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), method), arguments, keywords)):
            given = [ast.unparse(each) for each in [*arguments, *keywords]]
            return f"{name} = {name}.{method.rstrip('_')}({', '.join(given)})"
        case ast.Assign([target], ast.Call(ast.Attribute(owner, method), arguments, keywords)):
            given = [ast.unparse(each) for each in [*arguments, *keywords]]
            call = f"{ast.unparse(owner)}.{method.rstrip('_')}({', '.join(given)})"
            return f"{ast.unparse(target)} = {call}" if _is_in_place(method) else None
        case _:
            return None


def changes_in_place(scope: ast.AST) -> Iterator[tuple[ast.stmt, ast.expr]]:
    """The statements of a scope that change a tensor in place, each with what it changes."""
    for node in inside(scope):
        owner = changed_in_place(node) if isinstance(node, ast.stmt) else None
        if isinstance(node, ast.stmt) and owner is not None:
            yield node, owner


def _is_in_place(name: str) -> bool:
    return name.endswith("_") and not name.endswith("__")
