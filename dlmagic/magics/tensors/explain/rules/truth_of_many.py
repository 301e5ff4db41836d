"""A question with one answer, asked of many numbers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Boolean value of Tensor with more than one value is ambiguous"),
    re.compile(r"a Tensor with \d+ elements cannot be converted to Scalar"),
    re.compile(r"only one element tensors can be converted to Python scalars"),
)
_QUESTIONS = {
    "all": "Ask whether all are true",
    "any": "Ask whether at least one is true",
    "mean": "Take their mean",
    "sum": "Take their sum",
}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """How many answers there are, and the two questions that have one."""
    site = failure.site
    node = _asked(site)
    if site is None or node is None:
        return None
    many = operand(node, site)
    if not many.shape or many.shape == (1,):
        return None
    is_truth = "Boolean" in match[0]
    ways = ("all", "any") if is_truth else ("mean", "sum")
    needed = "One True or False" if is_truth else "One number"
    return Explained(
        kind="truth-of-many" if is_truth else "number-of-many",
        message=f"{needed} is needed here; {many.name} has one for each element: {many.shape}.",
        operands=(many,),
        candidates=tuple(_candidates(failure, many, ways)),
    )


def _asked(site: Site | None) -> ast.expr | None:
    """The condition, or what is made a number."""
    statement = site.statement if site else None
    node = site.node if site else None
    match node:
        case ast.Call(ast.Name("bool" | "float" | "int"), [inner]):
            return inner
        case ast.Call(ast.Attribute(owner, "item")):
            return owner
    if isinstance(statement, ast.If | ast.While | ast.Assert):
        test = statement.test
        return test.operand if isinstance(test, ast.UnaryOp) else test
    return None


def _candidates(failure: Failure, many: Operand, ways: tuple[str, ...]) -> Iterator[Candidate]:
    for name in ways:
        text = f"{_QUESTIONS[name]}: {{}}."
        yield with_call(failure, many, text, f".{name}()", lambda v, name=name: getattr(v, name)())
