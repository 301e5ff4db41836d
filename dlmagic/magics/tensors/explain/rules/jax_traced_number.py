"""A number that Python needs while JAX traces the function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.traced import marking, traced_names

PATTERNS = (
    re.compile(r"Abstract tracer value encountered where concrete value is expected"),
    re.compile(r"__index__\(\) method was called on (the JAX Tracer|traced)"),
    re.compile(r"Shapes must be 1D sequences of concrete values"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which number it is, and whether it can be an argument that stays a Python value."""
    site = failure.site
    node: ast.AST | None = (site.node or site.statement) if site else None
    if isinstance(node, ast.For):
        node = node.iter
    traced = traced_names(node, site) if site and node else []
    if site is None or node is None or not traced:
        return None
    return Explained(
        kind="traced-number",
        message=f"{ast.unparse(node)} needs a number, and {traced[0].name} has no value yet "
        f"while JAX traces {site.frame.f_code.co_name}.",
        operands=tuple(traced),
        candidates=tuple(_candidates(site, node, traced)),
    )


def _candidates(site: Site, node: ast.AST, traced: list[Operand]) -> Iterator[Candidate]:
    match node:
        case ast.Call(ast.Name("float"), [value]):
            yield rewritten(site, "Keep it an array.", {node: ast.unparse(value)}, node)
        case ast.Call(ast.Name("int"), [value]):
            code = f"({ast.unparse(value)}).astype(int)"
            yield rewritten(site, "Keep it an array.", {node: code}, node)
        case ast.Call(ast.Attribute(owner, "item" | "tolist"), []):
            yield rewritten(site, "Keep it an array.", {node: ast.unparse(owner)}, node)
        case _:
            yield from marking(traced, site)
