"""``view`` of elements that do not lie in order."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.trying import tried
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (re.compile(r"view size is not compatible with input tensor's size and stride"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which tensor, and the call that copies where it must."""
    site = failure.site
    node = site.node if site else None
    if site is None or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    tensor = operand(node.func.value, site)
    known = tensor.description
    if node.func.attr != "view" or (known is not None and known.contiguous):
        return None
    sizes = [value_of(each, site) for each in node.args]
    new = f"{ast.unparse(node.func.value)}.reshape({', '.join(map(ast.unparse, node.args))})"
    seen = not any(each is MISSING for each in [tensor.value, *sizes])
    return Explained(
        kind="view-order",
        message=(
            f"The elements of {tensor.name} no longer follow each other in memory, as after a "
            "transpose, and view never copies them."
        ),
        operands=(tensor,),
        candidates=(
            Candidate(
                "Write reshape, which copies them where it must.",
                line_with(site, {node: new}),
                (lambda: tried(lambda value: value.reshape(*sizes), tensor.value))
                if seen
                else None,
            ),
        ),
    )
