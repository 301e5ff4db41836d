"""None where an array is needed."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Explained, known, operands_of

PATTERNS = (
    re.compile(r"NoneType|None values not supported|value \(None\)|Got 'None'"),
    re.compile(r"does not have enough dimensions \(has 0, gufunc core"),
)
_LIBRARIES = ("numpy", "jax", "tensorflow", "keras")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which name holds None; an argument by name may do so rightly."""
    site, call = failure.site, called(failure.site)
    named = [each.node for each in call.keywords.values()] if call else []
    found = [each for each in operands_of(site) if each.node not in named]
    nothing = next((each for each in found if each.value is None), None)
    tensors = known(found)
    if nothing is None or not (tensors or _in_a_library(failure)):
        return None
    if any(type(each.value).__module__.startswith("torch") for each in tensors):
        return None  # its functions may take None, and say themselves where they do not
    return Explained(
        kind="none-operand",
        message=f"{'None is given' if nothing.name == 'None' else f'{nothing.name} is None'}, "
        "where a tensor is needed.",
        operands=(nothing, *tensors),
    )


def _in_a_library(failure: Failure) -> bool:
    return any(each.module.startswith(_LIBRARIES) for each in failure.below)
