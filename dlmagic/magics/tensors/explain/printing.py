"""A ``print`` written for JAX: it shows the numbers when they are there, not while tracing."""

from __future__ import annotations

import ast
from collections.abc import Callable

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.sites import Site


def printed(node: ast.expr, site: Site) -> ast.Call | None:
    """The call of ``print`` that an expression is handed to; None where it is used otherwise."""
    nodes = ast.walk(site.statement) if site.statement is not None else ()
    calls = (each for each in nodes if isinstance(each, ast.Call) and each.args)
    prints = (each for each in calls if ast.unparse(each.func) == "print")
    return next((each for each in prints if any(part is node for part in ast.walk(each))), None)


def debug_print(call: ast.Call, site: Site, unwrap: Callable[[ast.expr], ast.expr]) -> str | None:
    """The call as ``jax.debug.print``; None where its text cannot be written so.

    Args:
        call: The call of ``print``.
        site: Where it stands.
        unwrap: What stands for a value, without a conversion to a number of Python's.
    """
    texts: list[str] = []
    values: list[str] = []
    for argument in call.args:
        parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        written = [_written(part, values, unwrap) for part in parts]
        if None in written:
            return None
        texts.append("".join(map(str, written)))
    if call.keywords:
        return None
    jax = module_name(site, "jax", "jax")
    return f"{jax}.debug.print({', '.join([repr(' '.join(texts)), *values])})"


def _written(
    part: ast.expr, values: list[str], unwrap: Callable[[ast.expr], ast.expr]
) -> str | None:
    """A part in the text of the format; what is no text joins the values."""
    match part:
        case ast.Constant(str() as text):
            return text.replace("{", "{{").replace("}", "}}")
        case ast.FormattedValue(value, -1, None):
            form = ""
        case ast.FormattedValue(value, -1, ast.JoinedStr([ast.Constant(str() as text)])):
            form = f":{text}"
        case ast.FormattedValue() | ast.Starred():
            return None
        case value:
            form = ""
    array = unwrap(value)
    if any(isinstance(each, ast.expr) and unwrap(each) is not each for each in ast.walk(array)):
        return None
    values.append(ast.unparse(array))
    return f"{{{form}}}"
