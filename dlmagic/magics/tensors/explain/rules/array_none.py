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


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which name holds None, and where it got it."""
    site = failure.site
    found = operands_of(site)
    nothing = next((each for each in found if each.value is None), None)
    if site is None or nothing is None or not (known(found) or called(site)):
        return None
    return Explained(
        kind="none-operand",
        message=f"{'None is given' if nothing.name == 'None' else f'{nothing.name} is None'}, "
        "where a tensor is needed.",
        operands=(nothing, *(each for each in known(found))),
    )
