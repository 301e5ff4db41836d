"""A method of ``x.at[i]`` with square brackets behind it."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Explained, operand

PATTERNS = (re.compile(r"'method' object is not subscriptable"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which method, and its call."""
    site = failure.site
    match site.node if site is not None else None:
        case ast.Subscript(
            ast.Attribute(ast.Subscript(ast.Attribute(owner, "at"))) as method, value
        ) as node:
            pass
        case _:
            return None
    array = operand(owner, site) if site is not None else None
    if array is None or array.description is None or not hasattr(type(array.value), "at"):
        return None
    code = f"{ast.unparse(method)}({ast.unparse(value)})"
    return Explained(
        kind="method-in-brackets",
        message=f"{method.attr} is a method: its value stands in round brackets.",
        operands=(array,),
        candidates=(rewritten(site, f"Write {code}.", {node: code}),),
    )
