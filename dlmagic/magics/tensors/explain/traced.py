"""What is known of a function while JAX traces it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.static import static_candidates

_TOLD = re.compile(r"depends on the value of the argument (\w+)\.")


def is_traced(operand: Operand) -> bool:
    """Whether a value stands for an array that has no numbers yet."""
    known = operand.description
    return known is not None and known.kind == "Tracer"


def traced_names(node: ast.AST, site: Site) -> list[Operand]:
    """The names in an expression that hold such values."""
    names = {each.id: each for each in ast.walk(node) if isinstance(each, ast.Name)}
    loaded = [ast.Name(each.id, ast.Load()) for each in names.values()]
    return [each for each in (operand(name, site) for name in loaded) if is_traced(each)]


def marking(traced: list[Operand], failure: Failure) -> Iterator[Candidate]:
    """Marking as static what are arguments of the function, and single whole numbers."""
    site = failure.site
    if site is None:
        return
    code = site.frame.f_code
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    whole = [each.name for each in traced if each.name in arguments and _is_whole(each)]
    if whole:
        yield from static_candidates(site, code.co_name, whole)


def needed(traced: list[Operand], failure: Failure) -> list[Operand]:
    """Those of which the error says that their values are needed, or else all of them."""
    told = _TOLD.findall(failure.texts[0])
    return [each for each in traced if each.name in told] or traced


def _is_whole(operand: Operand) -> bool:
    known = operand.description
    kind = str(known.dtype) if known is not None else ""
    return operand.shape == () and kind.startswith(("int", "uint", "bool"))
