"""A ``DataLoader`` that is asked for a single batch as if it were a list or an iterator."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"'DataLoader' object is not (an iterator|subscriptable)"),
    re.compile(r"'_\w+DataLoaderIter' object has no attribute 'next'"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How to get its first batch, or the next one."""
    site = failure.site
    match site.node if site is not None else None:
        case ast.Call(ast.Name("next"), [owner]) | ast.Subscript(owner, _):
            why = "gives its batches to a loop, which begins anew each time, and has no numbers"
            new = f"next(iter({ast.unparse(owner)}))"
        case ast.Attribute(owner, "next"):
            why = "has no method next any more: the function does it"
            new = f"next({ast.unparse(owner)})"
        case _:
            return None
    assert site is not None
    return Explained(
        kind="batch-of-loader",
        message=f"{ast.unparse(owner)} {why}.",
        operands=(operand(owner, site),),
        candidates=tuple(_candidates(site, new)),
    )


def _candidates(site: Site, new: str) -> Iterator[Candidate]:
    node = site.node
    match node:
        case ast.Subscript(_, ast.Constant(0)) | ast.Call():
            yield Candidate(f"For its first batch: {new}.", line_with(site, {node: new}))
        case ast.Subscript():
            yield Candidate(f"For its first batch: {new}; for a sample: its dataset, by number.")
        case ast.Attribute():
            called = (each for each in ast.walk(site.statement or node) if _calls(each, node))
            call = next(called, None)
            line = line_with(site, {call: new}) if call is not None else None
            yield Candidate(f"For its next batch: {new}.", line)


def _calls(node: ast.AST, function: ast.expr) -> bool:
    return isinstance(node, ast.Call) and node.func is function
