"""A tensor that is called like a function."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from dlmagic.errors import with_article
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (re.compile(r"'(?P<kind>[\w.]+)' object is not callable"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """An element was probably meant; other calls of values are those of ``not_callable``."""
    site = failure.site
    if site is None or not isinstance(site.node, ast.Call):
        return None
    tensor = operand(site.node.func, site)
    known = tensor.description
    if known is None or hasattr(builtins, tensor.name) or not _is_index(site.node, site):
        return None
    shape = f"shape {tensor.shape}" if tensor.shape else "no axes"
    return Explained(
        kind="not-callable",
        message=f"{tensor.name} is not a function, but {with_article(known.kind)} with {shape}.",
        operands=(tensor,),
        candidates=tuple(_candidates(site, site.node, tensor.name)),
    )


def _is_index(node: ast.Call, site: Site) -> bool:
    """Whether what is given could stand in square brackets: whole numbers."""
    values = [value_of(each, site) for each in node.args]
    return bool(values) and not node.keywords and all(isinstance(v, int) for v in values)


def _candidates(site: Site, node: ast.Call, name: str) -> Iterator[Candidate]:
    index = ", ".join(ast.unparse(each) for each in node.args)
    yield rewritten(site, "Use square brackets for an element.", {node: f"{name}[{index}]"})
