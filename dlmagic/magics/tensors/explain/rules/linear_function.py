"""``torch.nn.functional.linear`` with a weight that was made for other inputs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import Called, called, computes
from dlmagic.magics.tensors.explain.edits import in_brackets
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"mat1 and mat2 shapes cannot be multiplied"),
    re.compile(r"mat1 dim 1 must match mat2 dim 0|size mismatch, (m1|got)"),
    re.compile(r"a and b must have same reduction dim"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which columns do not meet: those of the input are multiplied with those of the weight."""
    site, call = failure.site, called(failure.site)
    if site is None or call is None or call.name != "linear" or not computes(site):
        return None
    given, weight = call.argument(0, "input"), call.argument(1, "weight")
    if given is None or weight is None or not given.shape or not weight.shape:
        return None
    if len(weight.shape) != 2 or given.shape[-1] == weight.shape[1]:
        return None
    return Explained(
        kind="matmul-shapes",
        message=(
            f"linear multiplies rows of {given.name} with rows of {weight.name}, which must be of "
            f"one length: {given.name} is {given.shape}, {weight.name} is {weight.shape}."
        ),
        operands=(given, weight),
        candidates=tuple(_candidates(site, call, given, weight)),
    )


def _candidates(site: Site, call: Called, given: Operand, weight: Operand) -> Iterator[Candidate]:
    for operand in (weight, given):
        if operand.node is not None and len(operand.shape or ()) == 2:
            change = {operand.node: _transposed(operand.node)}
            yield rewritten(site, f"Transpose {operand.name}.", change, call.node)


def _transposed(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return ast.unparse(node.value)
    return f"{in_brackets(node, ast.unparse(node))}.T"
