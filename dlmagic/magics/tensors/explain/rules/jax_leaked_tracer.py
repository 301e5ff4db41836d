"""An array without numbers that outlived the function in which JAX made it."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operands_of
from dlmagic.magics.tensors.explain.traced import is_traced

PATTERNS = (re.compile(r"unexpected tracer", re.IGNORECASE),)
_FUNCTION = re.compile(r"function being traced when the value leaked was (\S+)")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which value it is, and from which function it came."""
    leaked = next((each for each in operands_of(failure.site) if is_traced(each)), None)
    if leaked is None:
        return None
    found = failure.search(_FUNCTION)
    function = found[1] if found else "the traced function"
    return Explained(
        kind="leaked-tracer",
        message=(
            f"{leaked.name} was stored while JAX traced {function}: it is a placeholder (tracer) "
            "that never gets a value."
        ),
        operands=(leaked,),
        candidates=(Candidate(f"Return the value from {function} instead of storing it."),),
    )
