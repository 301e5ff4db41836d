"""What the user's line becomes when one of its expressions is written otherwise."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Mapping
from typing import TypeVar

from dlmagic.magics.tensors.explain.sites import Site

_Node = TypeVar("_Node", ast.expr, ast.stmt)


def line_with(site: Site | None, changes: Mapping[_Node, str]) -> str | None:
    """The failed line with other code in place of some of its expressions.

    Args:
        site: Where the line is.
        changes: Expressions on that line, and what stands in their place.

    Returns:
        The line without its indentation; None where an expression is not on one line.
    """
    if site is None:
        return None
    line = linecache.getline(site.file, site.line, site.frame.f_globals).rstrip("\n")
    data = line.encode("utf-8")
    for node, code in sorted(changes.items(), key=lambda change: -change[0].col_offset):
        if node.lineno != site.line or node.end_lineno != site.line:
            return None
        data = data[: node.col_offset] + code.encode("utf-8") + data[node.end_col_offset :]
    return data.decode("utf-8").strip()


def in_brackets(node: ast.expr | None, code: str) -> str:
    """The code as the owner of an attribute: ``(a + b)`` where it is more than a name or call."""
    simple = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    return code if simple else f"({code})"
