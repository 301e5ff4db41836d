"""What stands around a part of a cell."""

from __future__ import annotations

import ast
from collections.abc import Iterator

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Module)


class Parents:
    """Finds the way from a node to the whole cell.

    Args:
        tree: The cell.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._parents = {
            child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """All nodes around one, the innermost first."""
        while node in self._parents:
            node = self._parents[node]
            yield node

    def scope(self, node: ast.AST) -> ast.AST:
        """The function, class or cell whose names a node uses."""
        return next(each for each in self.above(node) if isinstance(each, SCOPES))

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that a node is a part of."""
        around = (node, *self.above(node))
        return next(each for each in around if isinstance(each, ast.stmt))

    def in_scope(self, node: ast.AST) -> Iterator[ast.AST]:
        """All nodes around one up to its function, class or cell."""
        for each in self.above(node):
            if isinstance(each, SCOPES):
                return
            yield each
