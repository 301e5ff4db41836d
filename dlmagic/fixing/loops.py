"""Loops over symbols of a graph, written as loops over their parts, which Python can run."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable

from dlmagic.fixing.edit import Edit, replacing

_OVER_SEVERAL = ("zip", "enumerate", "reversed")

Change = Callable[[ast.expr], ast.expr]


def loop_over_parts(tree: ast.Module, line: int, apart: str, counting: str) -> Edit | None:
    """Write ``for row in apart(m):`` for ``for row in m:``, and ``range`` for its own counting.

    Args:
        tree: The cell.
        line: A line of the loop or the comprehension.
        apart: The function that takes an array apart along its first axis: ``"tf.unstack"``.
        counting: The framework's own ``range``, such as ``"tf.range"``.

    Returns:
        None where nothing on that line loops, or where the loop's head is no line of its own.
    """

    def change(over: ast.expr) -> ast.expr:
        return _of_parts(over, apart, counting)

    return _comprehension(tree, line, change) or _head(tree, line, change)


def _comprehension(tree: ast.Module, line: int, change: Change) -> Edit | None:
    """The simple statement on a line with all its comprehensions changed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body") and _covers(node, line):
            changed = copy.deepcopy(node)
            for each in ast.walk(changed):
                if isinstance(each, ast.comprehension):
                    each.iter = change(each.iter)
            code = ast.unparse(changed)
            return replacing(node, code) if code != ast.unparse(node) else None
    return None


def _head(tree: ast.Module, line: int, change: Change) -> Edit | None:
    """The innermost loop around a line with its head changed."""
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For) and _covers(node, line)]
    loop = max(loops, key=lambda each: each.lineno, default=None)
    if loop is None or loop.body[0].lineno == loop.lineno:
        return None
    over = ast.unparse(change(loop.iter))
    if over == ast.unparse(loop.iter):
        return None
    head = f"for {ast.unparse(loop.target)} in {over}:"
    return Edit(loop.lineno, loop.iter.end_lineno or loop.lineno, head)


def _covers(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _of_parts(over: ast.expr, apart: str, counting: str) -> ast.expr:
    match over:
        case ast.Call(function) if ast.unparse(function) == counting:
            return ast.Call(ast.Name("range"), over.args, over.keywords)
        case ast.Call(ast.Name(name), arguments) if name in _OVER_SEVERAL:
            parts = [_of_parts(each, apart, counting) for each in arguments]
            return ast.Call(over.func, parts, over.keywords)
        case ast.Call(ast.Name("range")) | ast.List() | ast.Tuple():
            return over
        case _:
            return ast.parse(f"{apart}({ast.unparse(over)})", mode="eval").body
