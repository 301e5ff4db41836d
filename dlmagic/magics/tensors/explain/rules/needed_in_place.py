"""A value that ``backward`` needs and that was changed in place after it was used."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Place
from dlmagic.magics.tensors.explain.sources import Code, codes
from dlmagic.magics.tensors.explain.statements import changes_in_place, out_of_place
from dlmagic.magics.tensors.explain.values import MISSING, value_of

PATTERNS = (
    re.compile(
        r"modified by an inplace operation: \[[\w.]+ \[(?P<shape>[\d, ]*)\]\]"
        r"(, which is output \d+ of (?P<step>\w+))?"
    ),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The only statement that can have changed it, as far as shapes tell."""
    shape = tuple(int(axis) for axis in match["shape"].split(",") if axis.strip())
    changes = [
        (code.place(statement), statement, owner)
        for code in codes(failure.name_of_cell, "")
        for scope in _scopes(code)
        for statement, owner in changes_in_place(scope)
    ]
    shapes = [Operand("", _value(owner, failure)).shape for _, _, owner in changes]
    sure = [each for each, own in zip(changes, shapes, strict=True) if own == shape]
    unseen = [each for each, own in zip(changes, shapes, strict=True) if own is None]
    found = sure or unseen
    if len(found) != 1:
        return None
    place, statement, owner = found[0]
    return _explained(place, statement, Operand(ast.unparse(owner), _value(owner, failure)), match)


def _scopes(code: Code) -> list[ast.AST]:
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return [code.tree, *(node for node in ast.walk(code.tree) if isinstance(node, functions))]


def _value(owner: ast.expr, failure: Failure) -> object:
    return value_of(owner, failure.site) if failure.site is not None else MISSING


def _explained(
    place: Place, statement: ast.stmt, changed: Operand, match: re.Match[str]
) -> Explained:
    new = out_of_place(statement)
    line = line_with(place, {statement: new}) if new else None
    step = re.sub(r"Backward\d*$", "", match["step"] or "")
    needs = f"The gradient of {step} needs" if step else "A gradient needs"
    text = "Make a new tensor instead of a change in place."
    text = text if new else f"Change a copy: {changed.name} = {changed.name}.clone() before it."
    return Explained(
        kind="needed-in-place",
        message=f"{needs} {changed.name} as it was; line {place.line} changes it in place.",
        operands=(changed,),
        candidates=(Candidate(text, line, None, place),),
    )
