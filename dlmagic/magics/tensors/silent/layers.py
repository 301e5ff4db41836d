"""Where in the cell a function is applied: at a call of its own, or as a layer of a model."""

from __future__ import annotations

import ast

from dlmagic.frameworks.operations import Operation
from dlmagic.magics.tensors.silent.rule import After
from dlmagic.magics.tensors.silent.writing import (
    callee,
    code_of,
    expression_of,
    last_name,
    operand,
    with_method,
)

_NAMES = {
    "softmax": frozenset({"softmax", "Softmax", "Softmax2d", "special_softmax"}),
    "log_softmax": frozenset({"log_softmax", "LogSoftmax"}),
    "sigmoid": frozenset({"sigmoid", "Sigmoid", "expit"}),
}


def call_of(after: After, operation: Operation, function: str) -> ast.Call | None:
    """The user's call of a function such as ``softmax``, if an operation came from one."""
    node = expression_of(after, operation)
    if isinstance(node, ast.Call) and callee(after, node) in _NAMES[function]:
        return node
    return None


def layer_of(after: After, function: str) -> ast.Call | None:
    """``nn.Softmax()`` in the cell, if it stands there once."""
    found = [
        node
        for node in ast.walk(after.tree)
        if isinstance(node, ast.Call)
        and last_name(node.func) in _NAMES[function]
        and makes_layer(node)
    ]
    return found[0] if len(found) == 1 else None


def without_layer(after: After, layer: ast.Call) -> tuple[ast.Call, str] | None:
    """The ``nn.Sequential()`` that a layer is an argument of, and its code without it."""
    for node in ast.walk(after.tree):
        if (
            isinstance(node, ast.Call)
            and layer in node.args
            and "Sequential" in last_name(node.func)
        ):
            kept = [code_of(after, each) for each in node.args if each is not layer]
            return node, f"{code_of(after, node.func)}({', '.join(kept)})"
    return None


def deciding_call(after: After, operation: Operation, function: str) -> ast.Call | None:
    """Where the cell says what a softmax does: its call, or where its layer is made."""
    call = call_of(after, operation, function)
    if call is not None and callee(after, call)[:1].islower():
        return call
    if call is not None and isinstance(call.func, ast.Call):  # nn.Softmax(0)(scores)
        return call.func
    return layer_of(after, function)


def along_last_axis(after: After, call: ast.Call) -> str:
    """The code of a softmax, or of its layer, along the last axis."""
    scores = None if makes_layer(call) else operand(after, call)
    given = "" if scores is None or scores not in call.args else f"{code_of(after, scores)}, "
    return f"{code_of(after, call.func)}({given}dim=-1)"


def as_sigmoid(after: After, call: ast.Call) -> str | None:
    """The code of a sigmoid in place of a softmax, or of its layer."""
    if makes_layer(call):
        return f"{code_of(after, call.func).replace('Softmax', 'Sigmoid')}()"
    scores = operand(after, call)
    return None if scores is None else with_method(after, scores, "sigmoid()")


def makes_layer(call: ast.Call) -> bool:
    """Whether it is a call of a class, as in ``nn.Softmax()``."""
    return last_name(call.func)[:1].isupper()
