"""What the user's line becomes when one of its expressions is written otherwise."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Mapping
from typing import Any

from dlmagic.magics.tensors.explain.sites import Place, parsed


def line_with(place: Place | None, changes: Mapping[Any, str]) -> str | None:
    """A line with other code in place of some of its expressions.

    Args:
        place: Where the line is.
        changes: Expressions or statements on that line, and what stands in their place.

    Returns:
        The line without its indentation; None where an expression is not on one line.
    """
    if place is None:
        return None
    line = linecache.getline(place.file, place.line).rstrip("\n")
    data = line.encode("utf-8")
    for node, code in sorted(changes.items(), key=lambda change: -change[0].col_offset):
        if node.lineno != place.line or node.end_lineno != place.line:
            return None
        start, end = _with_brackets(data, node.col_offset, node.end_col_offset, code)
        data = data[:start] + code.encode("utf-8") + data[end:]
    return data.decode("utf-8").strip()


def still_parses(place: Place, line: int, code: str) -> bool:
    """Whether a file, whose code is known, is Python with another code in place of a line."""
    lines = linecache.getlines(place.file)
    if not 0 < line <= len(lines) or parsed("".join(lines)) is None:
        return True  # it is not known
    old = lines[line - 1]
    indentation = old[: len(old) - len(old.lstrip())]
    new = [f"{indentation}{each}\n" for each in code.splitlines()]
    return parsed("".join([*lines[: line - 1], *new, *lines[line:]])) is not None


def _with_brackets(line: bytes, start: int, end: int, code: str) -> tuple[int, int]:
    """The span of an expression; with brackets around it that the new code does not need."""
    around = line[start - 1 : start] == b"(" and line[end : end + 1] == b")"
    called = line[: max(start - 1, 0)].rstrip()[-1:]
    of_a_call = called.isalnum() or called in (b"_", b")", b"]")
    if not around or of_a_call or not _is_simple(ast.parse(code, mode="eval").body):
        return start, end
    return start - 1, end + 1


def in_brackets(node: ast.expr | None, code: str) -> str:
    """The code as the owner of an attribute: ``(a + b)`` where it is more than a name or call."""
    return code if _is_simple(node) else f"({code})"


def _is_simple(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
