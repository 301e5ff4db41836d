"""Where a value came from: the line that last gave the name its value."""

from __future__ import annotations

import ast
import linecache

from dlmagic.magics.tensors.explain.rule import Operand
from dlmagic.magics.tensors.explain.sites import NameOfCell, Site, parsed

_RETURN_NOTHING = {"append", "extend", "sort", "update", "shuffle", "fill", "resize", "compile"}


def origin_of(operand: Operand, site: Site, name_of_cell: NameOfCell) -> tuple[str, ...]:
    """One sentence on where the value of a name was made, or nothing.

    Looked for are the lines above, then, for a name of the notebook, the cells before.
    """
    if not isinstance(operand.node, ast.Name):
        return ()
    here = _made(site.file, site, operand.name, before=site.line)
    if here is not None:
        return (_told(operand, f"line {here.lineno}", site.file, here),)
    if operand.name in site.frame.f_locals and site.frame.f_locals is not site.frame.f_globals:
        return ()
    for file in reversed(list(linecache.cache)):
        cell = name_of_cell(file) if file != site.file else None
        there = _made(file, site, operand.name) if cell is not None else None
        if there is not None:
            return (_told(operand, f"{cell}, line {there.lineno}", file, there),)
    return ()


def _made(file: str, site: Site, name: str, before: int | None = None) -> ast.Assign | None:
    """The last line of a file that gives the name its value."""
    tree = parsed(file, site.frame)
    made = [
        node
        for node in (ast.walk(tree) if tree else ())
        if isinstance(node, ast.Assign)
        and _names(node, name)
        and (before is None or node.lineno < before)
    ]
    return max(made, key=_line, default=None)


def _told(operand: Operand, where: str, file: str, node: ast.Assign) -> str:
    source = linecache.getline(file, node.lineno).strip()
    return f"{operand.name} comes from {where}: {source}{_why(node.value)}"


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
