"""Where a value came from: the line that last gave the name its value."""

from __future__ import annotations

import ast
import linecache

from dlmagic.magics.tensors.explain.rule import Operand
from dlmagic.magics.tensors.explain.sites import Site, parsed

_RETURN_NOTHING = {"append", "extend", "sort", "update", "shuffle", "fill", "resize", "compile"}


def origin_of(operand: Operand, site: Site) -> tuple[str, ...]:
    """One sentence on where the value of a name was made, or nothing."""
    tree = parsed(site.file, site.frame)
    if tree is None or not isinstance(operand.node, ast.Name):
        return ()
    made = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _names(node, operand.name) and node.lineno <= site.line
    ]
    last = max((node for node in made if node.value is not operand.node), key=_line, default=None)
    if last is None:
        return ()
    source = linecache.getline(site.file, last.lineno, site.frame.f_globals).strip()
    return (f"{operand.name} comes from line {last.lineno}: {source}{_why(last.value)}",)


def _names(node: ast.Assign, name: str) -> bool:
    targets = (each for target in node.targets for each in ast.walk(target))
    return any(isinstance(each, ast.Name) and each.id == name for each in targets)


def _line(node: ast.Assign) -> int:
    return node.lineno


def _why(value: ast.expr) -> str:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        name = value.func.attr
        if name in _RETURN_NOTHING:
            return f" ({name} changes its object in place and returns None)"
        if name == "gradient":
            return " (gradient returns None for what the loss does not depend on)"
    return ""
