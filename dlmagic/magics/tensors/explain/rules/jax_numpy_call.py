"""A function of NumPy that is given an array without numbers, while JAX traces."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.computing import library_value
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.traced import traced_names

PATTERNS = (
    re.compile(r"numpy.ndarray conversion method __array__\(\) was called"),
    re.compile(r"TracerArrayConversionError"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which call, and the function of JAX of the same name."""
    call, site = called(failure.site), failure.site
    traced = traced_names(call.node, site) if call and site else []
    if call is None or not traced:
        return None
    path = _path(call, site)
    return Explained(
        kind="numpy-in-jit",
        message=f"{call.name}{' of NumPy' if path else ''} needs numbers, and {traced[0].name} has "
        "no values yet while JAX traces.",
        operands=tuple(traced),
        candidates=tuple(_candidates(site, call, path)),
    )


def _path(call: Called, site: Site | None) -> str | None:
    """The way to a function from NumPy's module, such as ``"linalg.norm"``."""
    owner = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
    module = library_value(owner, site) if owner is not None and site is not None else None
    if isinstance(module, ModuleType) and module.__name__.partition(".")[0] == "numpy":
        return f"{module.__name__}.{call.name}".removeprefix("numpy.")
    same = isinstance(call.node.func, ast.Name) and getattr(np, call.name, None) is call.function
    return call.name if same else None


def _candidates(site: Site | None, call: Called, path: str | None) -> Iterator[Candidate]:
    """The function in the same place of JAX, where there is one."""
    found: Any = sys.modules.get("jax.numpy")
    for name in path.split(".") if path else ():
        found = getattr(found, name, None)
    if path and found is not None:
        code = f"{module_name(site, 'jax.numpy', 'jnp')}.{path}"
        yield rewritten(site, f"Use that of JAX: {code}.", {call.node.func: code})
