"""What to say of an operation that gave NaN or infinity, and what to write instead."""

from __future__ import annotations

import ast

from dlmagic.frameworks.operations import Operation
from dlmagic.magics.tensors.silent.ancestry import plain
from dlmagic.magics.tensors.silent.not_finite import Origin
from dlmagic.magics.tensors.silent.rewriting import called, expression, rewritten

_LOGS = ("log", "log2", "log10")
_QUOTIENTS = ("div", "truediv", "rtruediv", "true_divide", "divide")


def reason_of(origin: Origin) -> str:
    """How it came to that, such as ``"log() of 0"``."""
    name, numbers = plain(origin.operation.name), origin.output.numbers
    low, high = _extremes(origin.operation)
    if _is_half(origin):
        return f"{name}() exceeds what float16 holds, 65504,"
    if name in _LOGS or name == "sqrt":
        return f"{name}() of {'a negative number' if low < 0 else 0}"
    if name in _QUOTIENTS or name == "reciprocal":
        return "a division by 0"
    if name in ("exp", "expm1", "cosh", "sinh"):
        return f"{name}() of {high:.4g}, which is too large,"
    if name == "pow" and numbers == "nan":
        return "a negative number to a fractional power"
    if "softmax" in name:
        return f"{name}() over numbers that are all masked"
    return f"{name}()"


def advice_on(origin: Origin) -> str:
    """What to do."""
    name = plain(origin.operation.name)
    low, _ = _extremes(origin.operation)
    if _is_half(origin):
        return "Compute this part in float32 or bfloat16."
    if name in (*_LOGS, "sqrt", "pow") and low < 0:
        return f"Keep its input above 0, where {name}() is defined."
    if "softmax" in name:
        return "Leave at least one number of each row unmasked."
    return {
        **dict.fromkeys(_LOGS, "Keep its input above 0, or use log_softmax or logsumexp."),
        **dict.fromkeys(_QUOTIENTS, "Add a small number to what is divided by."),
        **dict.fromkeys(("sqrt", "pow"), "Add a small number first."),
        "exp": "Subtract the maximum first, or use logsumexp, log_softmax or clamp_max.",
    }.get(name, "Look at its inputs with %tensors --values.")


def _is_half(origin: Origin) -> bool:
    """Whether a result in float16 is too large, and not a mask or the like."""
    is_float16 = origin.output.dtype == "float16" and origin.output.numbers == "infinite"
    return is_float16 and plain(origin.operation.name) not in (*_LOGS, *_QUOTIENTS)


def code_for(operation: Operation, tree: ast.Module) -> str | None:
    """The line with that done; None where it is not done in one place."""
    if operation.frame is None or not operation.extremes:  # PyTorch alone tells them
        return None
    name = plain(operation.name)
    low, _ = _extremes(operation)
    line = operation.frame.line
    if name == "exp":
        return rewritten(tree, line, _as_logsumexp)
    if name in _LOGS and low >= 0:
        return rewritten(tree, line, lambda node: _with_floor(node, name))
    if name in ("sqrt", "pow") and low >= 0:
        return rewritten(tree, line, lambda node: _with_small_number(node, name))
    return rewritten(tree, line, _with_safe_divisor) if name in _QUOTIENTS else None


def _extremes(operation: Operation) -> tuple[float, float]:
    first = operation.extremes[0] if operation.extremes else None
    return first or (0.0, 0.0)


def _as_logsumexp(node: ast.expr) -> ast.expr | None:
    name, outer = called(node)
    if name != "log" or len(outer) != 1:
        return None
    name, inner = called(outer[0])
    if name != "sum" or len(inner) < 2:
        return None
    name, scores = called(inner[0])
    if name != "exp" or len(scores) != 1:
        return None
    return expression("x.logsumexp(axis)", x=scores[0], axis=inner[1])


def _with_floor(node: ast.expr, function: str) -> ast.expr | None:
    name, arguments = called(node)
    if name != function or len(arguments) != 1:
        return None
    return expression(f"x.clamp_min(1e-8).{function}()", x=arguments[0])


def _with_small_number(node: ast.expr, function: str) -> ast.expr | None:
    if function == "pow" and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return expression("(x + 1e-8) ** y", x=node.left, y=node.right)
    name, arguments = called(node)
    if name != function or not arguments:
        return None
    if function == "sqrt":
        return expression("(x + 1e-8).sqrt()", x=arguments[0])
    return expression("(x + 1e-8).pow(y)", x=arguments[0], y=arguments[1])


def _with_safe_divisor(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return expression("x / (y + 1e-8)", x=node.left, y=node.right)
    return None
