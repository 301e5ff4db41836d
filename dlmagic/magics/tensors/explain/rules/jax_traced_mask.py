"""A mask that would make an array whose length depends on numbers, while JAX traces."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.computing import library_value
from dlmagic.magics.tensors.explain.edits import in_brackets
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.traced import is_traced

PATTERNS = (re.compile(r"Array boolean indices must be concrete"),)
_STARTING = {"max": "-", "min": ""}
"""The sign of the infinity that such a reduction begins with."""
_REDUCING = {"sum", "mean", "prod", "std", "var", "any", "all", *_STARTING}
"""What takes the mask as ``where=`` and gives what it would of the selected values alone."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which array is masked, and what leaves values out without another shape."""
    site = failure.site
    if site is None or not isinstance(site.node, ast.Subscript):
        return None
    array = operand(site.node.value, site)
    if not is_traced(array):
        return None
    return Explained(
        kind="traced-mask",
        message=f"The length of {ast.unparse(site.node)} depends on the values of "
        f"{array.name}, which are not known while JAX traces.",
        operands=(array,),
        candidates=(_candidate(site, site.node),),
    )


def _candidate(site: Site, node: ast.Subscript) -> Candidate:
    """The line with the mask given to what reduces the array; a sentence where that is unknown.

    Zeros in place of what was left out would change every result but that of a sum.
    """
    calls = [each for each in _on_line(site) if isinstance(each, ast.Call)]
    reduced = {id(part): call for call in calls if (part := _reduced(call, site)) is not None}
    call = reduced.get(id(node))
    code = _without_mask(call, node, site) if call is not None else None
    if call is None or code is None or _other_masks(site, node):
        where = f"{module_name(site, 'jax.numpy', 'jnp')}.mean(x, where=mask)"
        return Candidate(f"Keep the shape, and leave values out where you reduce: as in {where}.")
    return rewritten(site, "Keep the shape, and let the mask leave values out.", {call: code}, call)


def _on_line(site: Site) -> Iterator[ast.AST]:
    nodes = ast.walk(site.statement) if site.statement is not None else ()
    yield from (each for each in nodes if getattr(each, "lineno", None) == site.line)


def _reduced(call: ast.Call, site: Site) -> ast.expr | None:
    """What a call reduces to one value, written as a method or as a function of JAX."""
    match call:
        case ast.Call(ast.Attribute(ast.Subscript() as array, name), [], []) if name in _REDUCING:
            return array
        case ast.Call(ast.Attribute(module, name), [array], []) if name in _REDUCING:
            owner = library_value(module, site)
            return array if getattr(owner, "__name__", "") == "jax.numpy" else None
        case _:
            return None


def _other_masks(site: Site, node: ast.Subscript) -> bool:
    """Whether the line would fail again at another mask."""
    others = (each for each in _on_line(site) if isinstance(each, ast.Subscript))
    return any(each is not node and _is_mask(each.slice, site) for each in others)


def _is_mask(index: ast.expr, site: Site) -> bool:
    return operand(index, site).dtype == "bool"


def _without_mask(call: ast.Call, node: ast.Subscript, site: Site) -> str | None:
    """The reduction with all values and the mask; None where they have not the same shape."""
    array, mask = operand(node.value, site), operand(node.slice, site)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if array.shape is None or array.shape != mask.shape or mask.dtype != "bool":
        return None
    jnp = module_name(site, "jax.numpy", "jnp")
    if name == "sum":
        return _with(call, f"{jnp}.where({mask.name}, {array.name}, 0)", "")
    if name in _STARTING and not str(array.dtype).startswith(("float", "bfloat")):
        return None
    first = f", initial={_STARTING[name]}{jnp}.inf" if name in _STARTING else ""
    code = array.name if call.args else in_brackets(node.value, array.name)
    return _with(call, code, f"where={mask.name}{first}")


def _with(call: ast.Call, array: str, more: str) -> str:
    """The reduction of an array, in the spelling of a call."""
    if call.args:
        return f"{ast.unparse(call.func)}({array}{', ' if more else ''}{more})"
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return f"{array}.{name}({more})"
