"""Arrays, or the numbers of a shape, that a function takes together and gets one by one."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.calls import Called, called, computes
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Explained, Operand

PATTERNS = (
    re.compile(r"must be tuple of Tensors, not Tensor"),
    re.compile(r"[Oo]nly integer scalar arrays can be converted to a scalar index"),
    re.compile(r"Zero-dimensional arrays cannot be concatenated"),
    re.compile(r"(stack|cat)\(\) takes .*positional arguments? but \d+ were given"),
    re.compile(r"Cannot interpret '\d+' as a data type"),
)
_JOINING = frozenset(
    {"cat", "concat", "concatenate", "stack", "vstack", "hstack", "dstack", "column_stack"}
)
_MAKING = frozenset({"zeros", "ones", "empty"})


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What belongs together, and the call with brackets around it."""
    call = called(failure.site)
    if call is None or not computes(failure.site):
        return None
    if any(isinstance(each, ast.Starred) for each in call.node.args):
        return None
    found, what = _arrays(call), "what it joins in one list"
    if not found:
        found, what = _sizes(call), "the shape as one tuple"
    if len(found) < 2:
        return None
    code = _together(call.node, len(found), ast.List if call.name in _JOINING else ast.Tuple)
    text = "Put brackets around them."
    return Explained(
        kind="not-together",
        message=f"{ast.unparse(call.node.func)} takes {what}, and gets {found[0].name} and "
        f"{found[1].name} one by one.",
        operands=tuple(found) if call.name in _JOINING else (),
        candidates=(rewritten(failure.site, text, {call.node: code}),),
    )


def _arrays(call: Called) -> list[Operand]:
    """The arrays that the arguments begin with, of a function that joins some."""
    found: list[Operand] = []
    for each in call.arguments if call.name in _JOINING else ():
        if each.description is None:
            break
        found.append(each)
    return found


def _sizes(call: Called) -> list[Operand]:
    """All arguments, where they are whole numbers, of a function that makes an array."""
    whole = all(type(each.value) is int for each in call.arguments)
    return list(call.arguments) if call.name in _MAKING and whole else []


def _together(node: ast.Call, count: int, brackets: type[ast.List] | type[ast.Tuple]) -> str:
    """The call with its first arguments in brackets."""
    first = brackets(node.args[:count], ast.Load())
    return ast.unparse(ast.Call(node.func, [first, *node.args[count:]], node.keywords))
