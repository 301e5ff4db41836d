"""A function of the user's that computes something and returns nothing."""

from __future__ import annotations

import ast
from typing import Any

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.bindings import inside
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import layer_kind
from dlmagic.magics.tensors.explain.rule import Candidate
from dlmagic.magics.tensors.explain.sources import Code, Function, code_of, function_at
from dlmagic.magics.tensors.explain.values import MISSING


def with_return(node: ast.expr | None, failure: Failure) -> Candidate | None:
    """The last line of the function that gave None, with ``return``.

    Args:
        node: The expression that is None: a call, or a name that was given one.
        failure: What happened.
    """
    site = failure.site
    if site is None or node is None:
        return None
    if isinstance(node, ast.Name):
        origin = origin_of(node.id, site, failure)
        node = origin.value if origin else None
    called = value_of(node.func, site) if isinstance(node, ast.Call) else MISSING
    if called is MISSING and isinstance(node, ast.Call) and isinstance(node.func, ast.Call):
        made = value_of(node.func.func, site)  # a model that is made where it is called
        called = getattr(made, "forward", MISSING) if isinstance(made, type) else MISSING
    return with_return_in(_python_code(called), failure)


def _python_code(called: Any) -> Any:
    """The code that a function, or the ``forward`` of a model of the user's, is made of."""
    function = type(called).forward if layer_kind(called) == "of the user's" else called
    return getattr(function, "__code__", None)


def _written(code: Any, failure: Failure) -> tuple[Code, Function] | None:
    """The user's cell that a function is written in, and where; None where it is not known."""
    cell = failure.name_of_cell(code.co_filename) if code is not None else None
    source = code_of(code.co_filename, cell) if cell is not None else None
    function = function_at(source.tree, code.co_firstlineno) if source is not None else None
    return (source, function) if source is not None and function is not None else None


def returned_by(code: Any, failure: Failure) -> list[ast.expr]:
    """What a function of the user's is written to return; nothing where it is not known."""
    written = _written(code, failure)
    found = [each for each in inside(written[1]) if isinstance(each, ast.Return)] if written else []
    values = [each.value for each in found if each.value is not None]
    return values if len(values) == len(found) else []


def with_return_in(code: Any, failure: Failure) -> Candidate | None:
    """The last line of a function, with ``return``; None where it is not the user's, or no value.

    Args:
        code: What the function is made of; None where it is not known.
        failure: What happened.
    """
    written = _written(code, failure)
    if written is None:
        return None
    source, function = written
    last = function.body[-1]
    if not isinstance(last, ast.Expr | ast.Assign):
        return None
    place = source.place(last)
    if isinstance(last, ast.Assign):
        target = ast.unparse(last.targets[0])
        new = f"{ast.unparse(last)}\nreturn {target}"
    else:
        new = f"return {ast.unparse(last)}"
    return Candidate("Return the result.", line_with(place, {last: new}), None, place)
