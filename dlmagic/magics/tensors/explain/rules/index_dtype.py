"""Numbers with fractions where positions are taken."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given, with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.trying import Tried, tried

PATTERNS = (
    re.compile(r"argument #\d+ 'indices' to have (one of the following )?scalar type"),
    re.compile(r"tensors used as indices must be long"),
    re.compile(r"expected scalar type Long but found \w+"),
    re.compile(r"(gather|scatter|index_select)\w*\(\): [Ee]xpected dtype int"),
)
_WHOLE = ("int64", "int32", "int16", "int8", "uint8", "bool")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which value stands for positions, and what it holds."""
    index = _index(failure)
    if index is None or index.dtype is None or index.dtype in _WHOLE:
        return None
    parts = _holds_fractions(index.value)
    more = " and holds fractions" if parts else ""
    change = with_call(failure, index, "Make it int64: {}.", ".long()", None)
    return Explained(
        kind="index-dtype",
        message=f"Indices are whole numbers (int64); {index.name} is {index.dtype}{more}.",
        operands=(index,),
        candidates=() if parts else (replace(change, check=lambda: _check(failure, index)),),
    )


def _check(failure: Failure, index: Operand) -> Tried:
    """How far the change was tried: a table may have no row of such a number."""
    step = failure.inside("embedding", "nn.functional")
    rows = step.local("weight") if step is not None else None
    if rows is not None and tried(lambda at, of: of[at.long()], index.value, rows) == "failed":
        return "not tried"
    return tried(lambda at: at.long(), index.value)


def _holds_fractions(value: Any) -> bool:
    """Whether they would be lost; only looked at on the CPU."""
    return bool(value.device.type == "cpu" and (value != value.round()).any())


def _index(failure: Failure) -> Operand | None:
    step = failure.inside("embedding", "nn.functional")
    if step is not None:
        return given(failure, step.local("input"), 0, "the input")
    found = operands_of(failure.site)
    node = failure.site.node if failure.site else None
    named = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        ("gather", "scatter", "index_select")
    )
    return found[-1] if found and (named or isinstance(node, ast.Subscript)) else None
