"""A function of NumPy that is given an array without numbers, while JAX traces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import Called, called, module_name
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
    return Explained(
        kind="numpy-in-jit",
        message=f"{call.name} of NumPy needs numbers, and {traced[0].name} has no values yet while "
        "JAX traces.",
        operands=tuple(traced),
        candidates=tuple(_candidates(site, call)),
    )


def _candidates(site: Site | None, call: Called) -> Iterator[Candidate]:
    code = f"{module_name(site, 'jax.numpy', 'jnp')}.{call.name}"
    yield rewritten(site, f"Use that of JAX: {code}.", {call.node.func: code})
