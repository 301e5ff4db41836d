"""Paths in which Dynamo spells out by which key it has found an item of a dictionary."""

from __future__ import annotations

import ast

_LOOKED_UP = "dict.keys("


def without_keys(path: str) -> str:
    """The path with ``...`` for keys that are expressions themselves, which nobody can read.

    >>> without_keys("self.state[list(dict.keys(self.state))[0]]['step']")
    "self.state[...]['step']"
    """
    if _LOOKED_UP not in path:
        return path
    try:
        return ast.unparse(_Keys().visit(ast.parse(path, mode="eval")))
    except (SyntaxError, RecursionError):
        return path


class _Keys(ast.NodeTransformer):
    """Leaves out keys that are themselves looked up."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        key = ast.Constant(...) if _LOOKED_UP in ast.unparse(node.slice) else node.slice
        return ast.Subscript(self.visit(node.value), key, node.ctx)
