"""Log records, written as prints that a graph can make."""

from __future__ import annotations

import ast
import re

from dlmagic.fixing.edit import Edit, replacing

LEVELS = ("debug", "info", "warning", "error", "critical")
_PLACE = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[a-zA-Z]")


def print_instead_of_logging(
    statement: ast.stmt, function: str, formatting: str = ""
) -> Edit | None:
    """Write ``jax.debug.print('loss {}', loss)`` for ``log.info('loss %s', loss)``.

    Args:
        statement: A call of a logger's method that stands alone.
        function: What prints from within a graph.
        formatting: What puts values into a text there, where the print itself does not.

    Returns:
        None for anything else, and where the text is no literal.
    """
    match statement:
        case ast.Expr(
            ast.Call(ast.Attribute(_, method), [ast.Constant(str(text)), *values], [])
        ) if method in LEVELS:
            given = [ast.unparse(value) for value in values]
            return replacing(statement, _printed(text, given, function, formatting))
        case _:
            return None


def _printed(text: str, values: list[str], function: str, formatting: str) -> str:
    if not values:
        return f"{function}({text!r})"
    template = _PLACE.sub("{}", text)
    if formatting:
        return f"{function}({formatting}({template!r}, ({', '.join(values)},)))"
    return f"{function}({', '.join([repr(template), *values])})"
