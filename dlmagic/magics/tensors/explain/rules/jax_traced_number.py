"""A number that Python needs while JAX traces the function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.edits import in_brackets
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.traced import marking, needed, traced_names

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
    traced = needed(traced_names(node, site), failure) if site and node else []
    if site is None or node is None or not traced:
        return None
    return Explained(
        kind="traced-number",
        message=f"{ast.unparse(node)} needs a number, and {traced[0].name} has no value yet "
        f"while JAX traces {site.frame.f_code.co_name}.",
        operands=tuple(traced),
        candidates=tuple(_candidates(failure, site, node, traced)),
    )


def _candidates(
    failure: Failure, site: Site, node: ast.AST, traced: list[Operand]
) -> Iterator[Candidate]:
    code = _as_array(node)
    if code is None or not isinstance(node, ast.expr):
        yield from marking(traced, failure)
    elif _may_be_an_array(node, site):
        yield rewritten(site, "Keep it an array.", {node: code}, node)
    elif isinstance(site.statement, ast.For):
        yield Candidate("Write the loop as jax.lax.fori_loop, whose bounds may be arrays.")
    else:
        yield Candidate("Let it be an argument that is static, and no result of an array.")


def _as_array(node: ast.AST) -> str | None:
    """What a conversion to a number becomes without it."""
    match node:
        case ast.Call(ast.Name("float"), [value]):
            return ast.unparse(value)
        case ast.Call(ast.Name("int"), [value]):
            return f"{in_brackets(value, ast.unparse(value))}.astype(int)"
        case ast.Call(ast.Attribute(owner, "item" | "tolist"), []):
            return ast.unparse(owner)
        case _:
            return None


def _may_be_an_array(node: ast.expr, site: Site) -> bool:
    """Whether nothing around it needs a number of Python's, as ``range`` and an index do."""
    parents = {
        id(child): each
        for each in ast.walk(site.statement or ast.Module([], []))
        for child in ast.iter_child_nodes(each)
    }
    around = parents.get(id(node))
    while isinstance(around, ast.BinOp | ast.UnaryOp):
        around = parents.get(id(around))
    return isinstance(around, ast.Return | ast.Assign | ast.Lambda)
