"""A tensor that is called like a function."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (re.compile(r"'(?P<kind>[\w.]+)' object is not callable"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What the name holds now, and what was probably meant."""
    site = failure.site
    if site is None or not isinstance(site.node, ast.Call):
        return None
    tensor = operand(site.node.func, site)
    known = tensor.description
    if known is None:
        return None
    shape = f"shape {tensor.shape}" if tensor.shape else "no axes"
    return Explained(
        kind="not-callable",
        message=f"{tensor.name} is no function any more, but a {known.kind} with {shape}."
        if _hides_a_function(tensor.name)
        else f"{tensor.name} is no function, but a {known.kind} with {shape}.",
        operands=(tensor,),
        candidates=tuple(_candidates(site, site.node, tensor.name)),
    )


def _hides_a_function(name: str) -> bool:
    return callable(getattr(builtins, name, None))


def _candidates(site: Site, node: ast.Call, name: str) -> Iterator[Candidate]:
    if _hides_a_function(name):
        code = f"del {name}; {site.source}"
        yield Candidate(f"Free the name {name} of Python, and call the array otherwise.", code)
    elif node.args and not node.keywords:
        index = ", ".join(ast.unparse(each) for each in node.args)
        code = f"{name}[{index}]"
        yield rewritten(site, "Use square brackets for an element.", {node: code})
