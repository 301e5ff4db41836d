"""What the user wrote for a value that a library's code complains of."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import first_misfit, is_chain, layer_kind, uncompiled
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.rule import Candidate, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import tried
from dlmagic.magics.tensors.explain.values import MISSING


def given(failure: Failure, value: object, position: int, otherwise: str) -> Operand:
    """The argument of the failed call that holds a value, or else that stands in its position.

    Args:
        failure: What happened.
        value: The value that the library saw.
        position: Which argument of the user's call it is likely to be.
        otherwise: What to call it where the user's call does not show it.
    """
    site = failure.site
    written = _arguments(site)
    for node in written:
        if site is not None and _is_same(value_of(node, site), value):
            return Operand(ast.unparse(node), value, node)
    if position < len(written) and _is_direct(failure) and _may_be(written[position], value, site):
        return Operand(ast.unparse(written[position]), value, written[position])
    return Operand(otherwise, value)


def _is_same(mine: object, value: object) -> bool:
    """Whether it is the same object, or a library's view of all of it in the same shape."""
    if mine is value or not (is_plain_tensor(mine) and is_plain_tensor(value)):
        return mine is value
    first, second = (Operand("", each).description for each in (mine, value))
    return first is not None and bool(first.memory) and first == second


def running_layer(failure: Failure, *kinds: str) -> tuple[Any, Any]:
    """The layer that failed, of one of these files of PyTorch's, and its input; or None for both.

    It is seen at work in PyTorch's code, or called in the user's line that was being compiled.
    """
    for kind in kinds:
        step = failure.inside("forward", f"nn.modules.{kind}")
        if step is not None:
            return step.local("self"), step.local("input")
    site = failure.site
    node = site.node if site is not None else None
    if site is None or failure.below or not isinstance(node, ast.Call) or not node.args:
        return None, None
    layer, value = uncompiled(value_of(node.func, site)), value_of(node.args[0], site)
    if is_chain(layer) and is_plain_tensor(value):
        layer, value = first_misfit(layer, value)
    return (None, None) if value is MISSING or layer_kind(layer) not in kinds else (layer, value)


def _arguments(site: Site | None) -> list[ast.expr]:
    node = site.node if site is not None else None
    if not isinstance(node, ast.Call):
        return []
    return [*node.args, *(each.value for each in node.keywords)]


def _is_direct(failure: Failure) -> bool:
    """Whether the user's call is that of the layer itself, not of a model around it."""
    return sum(step.function == "forward" for step in failure.below) < 2


def _may_be(node: ast.expr, value: object, site: Site | None) -> bool:
    """Whether an expression gave a value: it cannot be computed here, or looks the same."""
    if site is None or isinstance(node, ast.Name):
        return False
    mine = value_of(node, site)
    return mine is MISSING or _looks(mine) == _looks(value)


def _looks(value: object) -> tuple[object, ...]:
    known = Operand("", value).description
    return () if known is None else (known.kind, known.shape, known.dtype, known.device)


def with_call(
    failure: Failure,
    operand: Operand,
    text: str,
    code: str,
    function: Callable[..., object] | None,
    *others: object,
) -> Candidate:
    """A candidate that puts a method behind an operand, such as ``.long()``.

    Args:
        failure: What happened.
        operand: What is changed.
        text: The change in one sentence; ``{}`` stands for the new code, or for the method alone
            where the operand stands in a library's code.
        code: What is put behind the operand.
        function: What must hold of the user's value, with the change made; None where that
            cannot be tried.
        others: Further values that the function takes.
    """
    new = code if operand.node is None else f"{in_brackets(operand.node, operand.name)}{code}"
    line = line_with(failure.site, {operand.node: new}) if operand.node is not None else None
    check = None if function is None else lambda: tried(function, operand.value, *others)
    return Candidate(text.format(new), line, check)
