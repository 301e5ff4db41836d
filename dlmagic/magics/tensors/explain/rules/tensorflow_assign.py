"""A variable of TensorFlow that is given a value of another shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Cannot assign value to variable"),
    re.compile(r"shape of the target variable and the shape of the target value"),
    re.compile(r"Shapes \(.*?\) and \(.*?\) are incompatible"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The shapes of the variable and of the value."""
    call = called(failure.site)
    value = call.argument(0, "value") if call else None
    if call is None or value is None or call.owner is None or not call.name.startswith("assign"):
        return None
    mine, yours = call.owner.shape, value.shape
    if mine is None or yours is None or mine == yours:
        return None
    return Explained(
        kind="assigned-shape",
        message=f"A variable keeps its shape: {call.owner.name} has {mine}, {value.name} {yours}.",
        operands=(value, call.owner),
        candidates=tuple(_candidates(failure.site, call, value)),
    )


def _candidates(site: Site | None, call: Called, value: Operand) -> Iterator[Candidate]:
    mine = call.owner.shape if call.owner else None
    if value.node is None or mine is None or len(mine) != 2 or value.shape != mine[::-1]:
        return
    code = f"{module_name(site, 'tensorflow', 'tf')}.transpose({value.name})"
    line = line_with(site, {value.node: code})
    yield Candidate(f"Transpose {value.name}.", line, lambda: "shape-verified")
