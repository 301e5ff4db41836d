"""What is known of a function while JAX traces it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.rule import Candidate, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.static import static_candidates


def is_traced(operand: Operand) -> bool:
    """Whether a value stands for an array that has no numbers yet."""
    known = operand.description
    return known is not None and known.kind == "Tracer"


def traced_names(node: ast.AST, site: Site) -> list[Operand]:
    """The names in an expression that hold such values."""
    names = {each.id: each for each in ast.walk(node) if isinstance(each, ast.Name)}
    loaded = [ast.Name(each.id, ast.Load()) for each in names.values()]
    return [each for each in (operand(name, site) for name in loaded) if is_traced(each)]


def marking(traced: list[Operand], site: Site) -> Iterator[Candidate]:
    """Marking as static what is an argument of the function, and a single whole number."""
    code = site.frame.f_code
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    for each in traced:
        known = each.description
        whole = known is not None and str(known.dtype).startswith(("int", "uint", "bool"))
        if each.name in arguments and each.shape == () and whole:
            yield from static_candidates(site, code.co_name, each.name)
