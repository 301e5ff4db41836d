"""One line of a cell, written anew with one expression changed."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

Change = Callable[[ast.expr], ast.expr | None]
"""What an expression becomes; None where it stays."""

_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)


def rewritten(tree: ast.Module, line: int | None, change: Change) -> str | None:
    """The statement that is the whole line, with a change at its only place; else None."""
    statements = [each for each in statements_at(tree, line) if isinstance(each, _SIMPLE)]
    if len(statements) != 1 or not is_whole_line(statements[0], tree):
        return None
    changing = _Changing(change)
    changed = changing.visit(copy.deepcopy(statements[0]))
    return ast.unparse(changed) if changing.count == 1 else None


def is_whole_line(statement: ast.stmt, tree: ast.Module) -> bool:
    """Whether what takes a statement's place takes that of its line: it shares it with no other."""
    others = (each for each in statements_at(tree, statement.lineno) if each is not statement)
    around = all(hasattr(each, "body") and each.lineno < statement.lineno for each in others)
    return around and statement.lineno == statement.end_lineno


def statements_at(tree: ast.Module, line: int | None) -> Iterator[ast.stmt]:
    """All statements that reach over a line, those around others included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.lineno <= (line or 0) <= (node.end_lineno or 0):
            yield node


class _Changing(ast.NodeTransformer):
    def __init__(self, change: Change) -> None:
        self.count = 0
        self._change = change

    def visit(self, node: ast.AST) -> ast.AST:
        node = self.generic_visit(node)
        changed = self._change(node) if isinstance(node, ast.expr) else None
        self.count += changed is not None
        return changed or node


def called(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """Name and arguments of a call, what a method belongs to first; an empty name for others."""
    match node:
        case ast.Call(ast.Attribute(ast.Name("torch" | "F" | "np" | "jnp"), name), arguments):
            return name, arguments
        case ast.Call(ast.Attribute(owner, name), arguments):
            return name, [owner, *arguments]
        case ast.Call(ast.Name(name), arguments):
            return name, arguments
        case _:
            return "", []


def expression(template: str, **parts: ast.expr) -> ast.expr:
    """The expression of a text in which names stand for others."""
    tree = ast.parse(template, mode="eval").body

    class Filling(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return parts.get(node.id, node)

    filled = Filling().visit(tree)
    assert isinstance(filled, ast.expr)
    return filled
