"""Small rewrites inside one statement: what makes a number of a tensor is left out, and others."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable

from dlmagic.fixing.edit import Edit, replacing

_NUMBERS = ("float", "bool")


def keep_tensors(statement: ast.stmt, cut: str = "{0}") -> Edit | None:
    """Leave out ``.item()``, ``.numpy()``, ``float()`` and ``bool()`` in a statement.

    Args:
        statement: The statement.
        cut: What lets no gradient through, as these do not: ``"({0}).detach()"``.
    """
    return _rewritten(statement, lambda node: _kept_tensor(node, cut))


def clone_instead_of_deepcopy(statement: ast.stmt) -> Edit | None:
    """Write ``x.clone()`` for ``copy.deepcopy(x)``."""
    return _rewritten(statement, _cloned)


def mask_instead_of_selecting(statement: ast.stmt, where: str) -> Edit | None:
    """Write ``where(mask, x, 0).sum()`` for ``x[mask].sum()``, whose shape depends on the mask."""
    return _rewritten(statement, lambda node: _masked(node, where))


def another_module(statement: ast.stmt, old: str, new: str) -> Edit | None:
    """Call functions of one module instead of those of another: ``np.sin(x)``, ``jnp.sin(x)``."""

    def change(node: ast.expr) -> ast.expr | None:
        match node:
            case ast.Attribute(ast.Name(name), function) if name == old:
                return ast.parse(f"{new}.{function}", mode="eval").body
            case _:
                return None

    return _rewritten(statement, change)


def print_in_graph(statement: ast.stmt, function: str, *, template: bool) -> Edit | None:
    """Print from within a graph.

    Args:
        statement: A call of ``print`` that stands alone.
        function: What prints there, such as ``"tf.print"``.
        template: Whether it takes a text with a place for each value first.
    """
    match statement:
        case ast.Expr(ast.Call(ast.Name("print"), arguments, [])):
            given = [ast.unparse(argument) for argument in arguments]
            if template:
                given = [repr(" ".join(["{}"] * len(given))), *given]
            return replacing(statement, f"{function}({', '.join(given)})")
        case _:
            return None


def _rewritten(statement: ast.stmt, change: Callable[[ast.expr], ast.expr | None]) -> Edit | None:
    """The statement's own line with some expressions changed; None where there are none.

    Only simple statements: the head of a compound one cannot be replaced alone.
    """
    if hasattr(statement, "body"):
        return None
    rewriter = _Rewriter(change)
    changed = rewriter.visit(copy.deepcopy(statement))
    return replacing(statement, ast.unparse(changed)) if rewriter.changed else None


class _Rewriter(ast.NodeTransformer):
    def __init__(self, change: Callable[[ast.expr], ast.expr | None]) -> None:
        self._change = change
        self.changed = False

    def visit(self, node: ast.AST) -> ast.AST:
        node = self.generic_visit(node)
        if isinstance(node, ast.expr):
            other = self._change(node)
            if other is not None:
                self.changed = True
                return other
        return node


def _kept_tensor(node: ast.expr, cut: str) -> ast.expr | None:
    match node:
        case ast.Call(ast.Attribute(value, "item" | "numpy"), [], []):
            return _cut(value, cut)
        case ast.Call(ast.Name(name), [value], []) if name in _NUMBERS:
            return _cut(value, cut)
        case _:
            return None


def _cut(value: ast.expr, cut: str) -> ast.expr:
    """The value without its gradient; as it stands where it has none."""
    match value:
        case ast.Compare() | ast.Call(ast.Attribute(_, "detach" | "stop_gradient")):
            return value
        case _:
            return ast.parse(cut.format(ast.unparse(value)), mode="eval").body


def _cloned(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Call(ast.Attribute(ast.Name("copy"), "deepcopy"), [value], []) | ast.Call(
            ast.Name("deepcopy"), [value], []
        ):
            return ast.Call(ast.Attribute(value, "clone", ast.Load()), [], [])
        case _:
            return None


def _masked(node: ast.expr, where: str) -> ast.expr | None:
    match node:
        case ast.Call(ast.Attribute(ast.Subscript(value, mask), "sum"), [], []) if not isinstance(
            mask, ast.Constant | ast.Slice | ast.Tuple
        ):
            chosen = f"{where}({ast.unparse(mask)}, {ast.unparse(value)}, 0).sum()"
            return ast.parse(chosen, mode="eval").body
        case _:
            return None
