"""An array of many elements where one number is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, known
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"only (length|size)-1 arrays can be converted"),
    re.compile(r"[Oo]nly (0-dimensional|scalar) arrays can be converted to Python scalars"),
    re.compile(r"can only convert an array of size 1 to a Python scalar"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which array it is, and what it could become."""
    call = called(failure.site)
    owner = [call.owner] if call and call.owner else []
    found = known([*(call.arguments if call else ()), *owner])
    if call is None or not found or not found[0].shape:
        return None
    array = found[0]
    return Explained(
        kind="not-a-scalar",
        message=f"{call.name} takes one number, and {array.name} has the shape {array.shape}.",
        operands=(array,),
        candidates=tuple(_candidates(failure.site, call, array)),
    )


def _candidates(site: Site | None, call: Called, array: Operand) -> Iterator[Candidate]:
    name, node = array.name, array.node
    if node is None:
        return
    if all(length == 1 for length in array.shape or ()):
        code = f"{name}[{', '.join('0' for _ in array.shape or ())}]"
        yield rewritten(site, "Take its only element.", {node: code})
    elif call.owner is None and _is_of_math(call, site):
        code = f"{module_name(site, 'numpy', 'np')}.{call.name}"
        yield rewritten(site, "Let NumPy do it for every element.", {call.node.func: code})
    elif call.name in ("int", "float") and hasattr(array.value, "astype"):
        code = f"{name}.astype({call.name})"
        yield rewritten(site, "Convert every element.", {call.node: code})


def _is_of_math(call: Called, site: Site | None) -> bool:
    return site is not None and getattr(call.function, "__module__", "") == "math"
