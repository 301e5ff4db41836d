"""A mask that is turned round in a way that its type does not know."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.edits import in_brackets
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Explained, operand
from dlmagic.magics.tensors.explain.rules.boolean_mask import holds_marks

PATTERNS = (
    re.compile(r"Subtraction, the `-` operator, with a bool tensor is not supported"),
    re.compile(r"~ \(operator\.invert\) is only implemented on integer and Boolean-type tensors"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which mask, and how it is turned round."""
    site = failure.site
    node = site.node if site is not None else None
    match node:
        case ast.BinOp(ast.Constant(1 | 1.0), ast.Sub(), taken):
            end, why = "", "which PyTorch does not subtract"
        case ast.UnaryOp(ast.Invert(), taken):
            end, why = ".bool()", "and ~ turns True and False (bool) round"
        case _:
            return None
    assert site is not None
    mask = operand(taken, site)
    if mask.dtype is None or (mask.dtype == "bool") is bool(end):
        return None
    if holds_marks(mask.value) is False:
        return None
    new = f"~{in_brackets(taken, mask.name)}{end}"
    return Explained(
        kind="mask-dtype",
        message=f"{mask.name} is {mask.dtype}, {why}.",
        operands=(mask,),
        candidates=(rewritten(site, f"Turn it round: {new}.", {node: new}),),
    )
