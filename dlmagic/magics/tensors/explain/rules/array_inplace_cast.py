"""An array of whole numbers that is changed in place to what it cannot hold."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.computing import check_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operands_of
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Cannot cast ufunc '?(?P<name>\w+)'? output from"),
    re.compile(r"ufunc '\w+' output \(typecode '\w'\) could not be coerced to provided output"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which array keeps its type, and the line that makes a new one."""
    site = failure.site
    statement = site.statement if site else None
    if site is None or not isinstance(statement, ast.AugAssign):
        return None
    found = operands_of(site)
    known = found[0].description if found else None
    if known is None or not str(known.dtype).startswith(("int", "uint", "bool")):
        return None
    name = found[0].name
    return Explained(
        kind="in-place-cast",
        message=f"{name} stays {known.dtype} when it is changed in place, and the result is not.",
        operands=tuple(found),
        candidates=(_anew(site, statement),),
    )


def _anew(site: Site, statement: ast.AugAssign) -> Candidate:
    target, value = ast.unparse(statement.target), ast.unparse(statement.value)
    right = f"({value})" if isinstance(statement.value, ast.BinOp) else value
    sign = ast.unparse(ast.BinOp(ast.Name("a"), statement.op, ast.Name("b"))).strip("ab ")
    expression = f"{target} {sign} {right}"
    whole: ast.stmt = statement
    code = line_with(site, {whole: f"{target} = {expression}"})
    return Candidate("Make a new array of the result.", code, check_of(expression, site))
