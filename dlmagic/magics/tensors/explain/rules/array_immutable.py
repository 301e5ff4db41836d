"""An array that cannot be changed in place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.computing import check_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"JAX arrays are immutable"),
    re.compile(r"object does not support item assignment"),
    re.compile(r"unsupported operand type\(s\) for \S+=: '_IndexUpdateRef'"),
)
_UPDATES = {ast.Add: "add", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "power"}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which array it is, and the line that makes a changed one."""
    site = failure.site
    target = _without_at(_target(site.statement)) if site else None
    array = operand(target.value, site) if site and target else None
    if site is None or array is None or target is None or array.description is None:
        return None
    return Explained(
        kind="immutable-array",
        message=_message(array),
        operands=(array,),
        candidates=tuple(_candidates(site, target, array)),
    )


def _target(statement: ast.stmt | None) -> ast.Subscript | None:
    match statement:
        case ast.Assign([ast.Subscript() as target]) | ast.AugAssign(ast.Subscript() as target):
            return target
        case _:
            return None


def _without_at(target: ast.Subscript | None) -> ast.Subscript | None:
    """``x[0]`` of ``x.at[0]``, which returns a changed array and takes no assignment either."""
    match target:
        case ast.Subscript(ast.Attribute(array, "at"), index):
            return ast.copy_location(ast.Subscript(array, index, ast.Store()), target)
        case _:
            return target


def _library(array: Operand) -> str:
    has_at = hasattr(type(array.value), "at")
    return "JAX array" if has_at else "TensorFlow tensor"


def _candidates(site: Site, target: ast.Subscript, array: Operand) -> Iterator[Candidate]:
    if _is_variable(array):
        yield from _assigned(site, target)
        return
    if not hasattr(type(array.value), "at"):
        yield Candidate("Use tf.tensor_scatter_nd_update, or a tf.Variable and its assign method.")
        return
    statement = site.statement
    index, name = _code(target.slice), array.name
    update = _update(statement)
    if update is None or statement is None:
        return
    expression = f"{name}.at[{index}].{update}"
    code = line_with(site, {statement: f"{name} = {expression}"})
    yield Candidate("Make a changed copy.", code, check_of(expression, site))


def _message(array: Operand) -> str:
    if _is_variable(array):
        return f"{array.name} is a variable of TensorFlow, which changes by its method assign."
    return f"{array.name} cannot be changed in place: a {_library(array)} stays as it is."


def _is_variable(array: Operand) -> bool:
    return type(array.value).__module__.startswith("tensorflow.") and hasattr(array.value, "assign")


def _assigned(site: Site, target: ast.Subscript) -> Iterator[Candidate]:
    """The part of a variable, changed by the method that its slices have."""
    part = ast.unparse(target)
    match site.statement:
        case ast.Assign(_, value):
            new = ast.unparse(value)
        case ast.AugAssign(_, sign, value):
            new = ast.unparse(ast.BinOp(target, sign, value))
        case _:
            return
    code = f"{part}.assign({new})"
    yield Candidate(f"Write {code}.", line_with(site, {site.statement: code}))


def _code(index: ast.expr) -> str:
    code = ast.unparse(index)
    return code[1:-1] if isinstance(index, ast.Tuple) and len(index.elts) > 1 else code


def _update(statement: ast.stmt | None) -> str | None:
    match statement:
        case ast.Assign(_, value):
            return f"set({ast.unparse(value)})"
        case ast.AugAssign(_, ast.Sub(), value):
            return f"add(-({ast.unparse(value)}))"
        case ast.AugAssign(_, sign, value) if type(sign) in _UPDATES:
            return f"{_UPDATES[type(sign)]}({ast.unparse(value)})"
        case _:
            return None
