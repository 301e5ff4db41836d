"""Values of TensorFlow that a cell cannot be timed with."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import tensorflow as tf

from dlmagic.frameworks.tensorflow.iterators import is_wound_back

_READ_ALL = frozenset({"list", "tuple", "set", "sorted", "sum", "max", "min", "dict"})
_WRAPPERS = frozenset({"enumerate", "iter"})
_STEPS = {"fit": "steps_per_epoch", "evaluate": "steps", "predict": "steps"}
_LOOPS = (ast.For, ast.While, ast.AsyncFor)


def limitation(name: str, value: object, cell_text: str) -> str | None:
    """Why a cell cannot be run again and again with a value, in one sentence, or None.

    Args:
        name: How the user writes it.
        value: A value that exists before the cell runs.
        cell_text: The cell.
    """
    if isinstance(value, tf.data.Dataset) and _is_endless(value) and _reads_all(name, cell_text):
        return f"{name} is a data set without end, and the cell reads it all: use {name}.take(n)."
    if not is_wound_back(value):
        return (
            f"{name} is an iterator over Python code or random numbers, which cannot be put back: "
            "make it in this cell."
        )
    if isinstance(value, tf.queue.QueueBase):
        return f"{name} is a queue, whose elements cannot be put back: make it in this cell."
    return None


def _is_endless(dataset: tf.data.Dataset) -> bool:
    return bool(dataset.cardinality() == tf.data.INFINITE_CARDINALITY)


def _reads_all(name: str, cell_text: str) -> bool:
    """Whether some code of the cell reads a data set to its end."""
    try:
        tree = ast.parse(cell_text)
    except SyntaxError:
        return False
    return any(_takes_all(node, name) for node in ast.walk(tree))


def _takes_all(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.For):
        return _is(node.iter, name) and not _is_left(node)
    if isinstance(node, ast.comprehension):
        return _is(node.iter, name)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in _READ_ALL and any(_is(value, name) for value in node.args)
    if isinstance(node.func, ast.Attribute):
        limit = _STEPS.get(node.func.attr)
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        data = [*node.args[:1], *(given[key] for key in ("x",) if key in given)]
        return limit is not None and limit not in given and any(_is(v, name) for v in data)
    return False


def _is(node: ast.expr, name: str) -> bool:
    """Whether an expression is the named value, or only counts it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in _WRAPPERS and bool(node.args) and _is(node.args[0], name)
    return ast.unparse(node) == name


def _is_left(loop: ast.For) -> bool:
    """Whether the loop has a break of its own, or returns or raises."""
    return any(isinstance(node, ast.Break | ast.Return | ast.Raise) for node in _own(loop.body))


def _own(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a loop's body without those of loops and functions in it."""
    for statement in statements:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            continue
        inner = [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
        left = [child for child in _own(inner) if not isinstance(child, ast.Break)]
        yield from left if isinstance(statement, _LOOPS) else _own(inner)
