"""What is said of where the offending value came from."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dlmagic.finding import Finding
from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.assigning import came_from
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Operand

_RETURN_NOTHING = {"append", "extend", "sort", "update", "shuffle", "fill", "resize", "compile"}


def origins_of(operands: tuple[Operand, ...], failure: Failure, finding: Finding) -> Iterator[str]:
    """One sentence for each name on the line that gave it its value; none for the line to edit."""
    for each in (each for each in operands if isinstance(each.node, ast.Name)):
        name = each.name
        origin = told(lambda: came_from(name, failure))  # noqa: B023
        if origin is None:
            continue
        place, value = origin
        if (place.cell, place.line) != (finding.cell, finding.line):
            why = _why(value) if each.value is None else ""
            yield f"{name} comes from {place.cell}, line {place.line}: {place.source}{why}"


def _why(value: ast.expr | None) -> str:
    """What explains that the value is None."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        name = value.func.attr
        if name in _RETURN_NOTHING:
            return f" ({name} changes its object in place and returns None)"
        if name == "gradient":
            return " (gradient returns None for what the loss does not depend on)"
    return ""
