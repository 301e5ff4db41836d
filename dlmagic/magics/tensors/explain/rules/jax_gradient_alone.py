"""``jax.grad`` where the value is wanted, too, or more than one gradient."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.computing import library_value
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Place, Site

PATTERNS = (
    re.compile(r"too many values to unpack|not enough values to unpack"),
    re.compile(r"[Ii]teration over a 0-d array"),
)
_VALUES = re.compile(r"loss|value|cost|error|energy|\A(val|l)\Z", re.IGNORECASE)
"""What the first of two names is called where it is meant for what the function returns."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What it returns, and what returns as much as is taken."""
    site = failure.site
    match site.statement if site is not None else None:
        case ast.Assign([ast.Tuple([first, second]) as taken], ast.Call() as call):
            pass
        case _:
            return None
    maker, place = _maker(site, call, failure) if site is not None else (None, None)
    if site is None or maker is None or place is None or not _is_plain(maker, site):
        return None
    if _VALUES.search(ast.unparse(first)):
        new = _named_beside(maker.func)
        text = f"Use {new}, which returns both."
        line = line_with(place, {maker.func: new})
    elif len(call.args) == 2 and not call.keywords and not isinstance(second, ast.Starred):
        text = "Ask for the gradients of both arguments: argnums=(0, 1)."
        line = line_with(place, {maker: f"{ast.unparse(maker)[:-1]}, argnums=(0, 1))"})
    else:
        return None
    return Explained(
        kind="gradient-alone",
        message=f"{ast.unparse(maker.func)} returns the gradient of the first argument alone, and "
        f"{ast.unparse(taken).strip('()')} takes two values.",
        candidates=(Candidate(text, line, None, place),),
    )


def _maker(site: Site, call: ast.Call, failure: Failure) -> tuple[ast.Call | None, Place]:
    """The call of ``jax.grad``, in the same expression or where its result got a name."""
    made: ast.expr = call.func
    place: Place = site
    if isinstance(made, ast.Name):
        origin = origin_of(made.id, site, failure)
        if origin is None:
            return None, site
        made, place = origin.value, origin.place
    if isinstance(made, ast.Call) and made.args and isinstance(made.args[0], ast.Call):
        inner = made.args[0]
        if _is(made.func, site, "jit") and _is(inner.func, site, "grad"):
            return inner, place
    return (made if isinstance(made, ast.Call) else None), place


def _is(node: ast.expr, site: Site, name: str) -> bool:
    jax: Any = sys.modules.get("jax")
    return jax is not None and library_value(node, site) is getattr(jax, name)


def _is_plain(maker: ast.Call, site: Site) -> bool:
    """Whether it is ``jax.grad`` of a function, without a word of what it returns."""
    return _is(maker.func, site, "grad") and len(maker.args) == 1 and not maker.keywords


def _named_beside(function: ast.expr) -> str:
    owner = ast.unparse(function).rpartition(".")[0]
    return f"{owner}.value_and_grad" if owner else "jax.value_and_grad"
