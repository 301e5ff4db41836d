"""A fix that writes the failed expression otherwise, and computes that on copies."""

from __future__ import annotations

import ast

from dlmagic.magics.tensors.explain.computing import check_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.rule import Candidate
from dlmagic.magics.tensors.explain.sites import Site


def rewritten(
    site: Site | None, text: str, changes: dict[ast.expr, str], within: ast.expr | None = None
) -> Candidate:
    """A fix that puts other code in place of parts of the failed expression.

    Args:
        site: Where it failed.
        text: The change in one sentence.
        changes: Parts of the expression, and what stands in their place.
        within: What is computed with the change; the failed expression where it is None.
    """
    node = within or (site.node if site else None)
    code = None if node is None else changed(node, changes)
    return Candidate(text, line_with(site, changes), None if code is None else check_of(code, site))


def changed(node: ast.expr, changes: dict[ast.expr, str]) -> str:
    """The code of an expression with other code in place of some of its parts."""
    return ast.unparse(_Changing(changes).visit(node))


class _Changing(ast.NodeTransformer):
    def __init__(self, changes: dict[ast.expr, str]) -> None:
        self.changes = changes

    def visit(self, node: ast.AST) -> ast.AST:
        code = self.changes.get(node) if isinstance(node, ast.expr) else None
        if code is not None:
            return ast.parse(code, mode="eval").body
        return _copied(self, node)


def _copied(changing: _Changing, node: ast.AST) -> ast.AST:
    """A copy of the node with the changes below it; the user's own tree stays as it is."""
    fields = {name: _field(changing, value) for name, value in ast.iter_fields(node)}
    return type(node)(**fields)


def _field(changing: _Changing, value: object) -> object:
    if isinstance(value, list):
        return [_field(changing, each) for each in value]
    return changing.visit(value) if isinstance(value, ast.AST) else value
