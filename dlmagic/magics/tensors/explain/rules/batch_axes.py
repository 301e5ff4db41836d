"""A product of batches of matrices that are not as many."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import computes
from dlmagic.magics.tensors.explain.edits import in_brackets
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import (
    Candidate,
    Explained,
    Operand,
    is_product,
    known,
    operands_of,
)
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.stretching import conflict, missing_axes

PATTERNS = (
    re.compile(r"The size of tensor a \(\w+\) must match the size of tensor b"),
    re.compile(r"operands could not be broadcast together with remapped shapes"),
    re.compile(r"Expected size for first two dimensions of batch2 tensor"),
    re.compile(r"Incompatible types for matmul arguments|Incompatible shapes for broadcasting"),
    re.compile(r"must have compatible batch dimensions"),
    re.compile(r"Dimensions must be equal, but are \d+ and \d+ for .*MatMul", re.DOTALL),
)
_Axes = tuple[int | None, ...]


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which of the axes before those of the matrices do not go together."""
    site = failure.site
    found = known(operands_of(site))[:2]
    if site is None or not is_product(site) or not computes(site) or len(found) < 2:
        return None
    left, right = found
    axis = conflict(_batch(left), _batch(right))
    if axis is None:
        return None
    return Explained(
        kind="batch-axes",
        message=(
            "The axes before the last two count the matrices of a product, and they must go "
            f"together: {left.name} {left.axes} has {_batch(left)[-axis]} where {right.name} "
            f"{right.axes} has {_batch(right)[-axis]}."
        ),
        operands=(left, right),
        candidates=(*_candidates(site, right, left), *_candidates(site, left, right)),
    )


def _batch(operand: Operand) -> _Axes:
    """The axes that count matrices."""
    return (operand.axes or ())[:-2]


def _candidates(site: Site, operand: Operand, other: Operand) -> Iterator[Candidate]:
    """An axis of length one where the other operand has one more."""
    if operand.node is None:
        return
    for axis in missing_axes(_batch(operand), _batch(other)):
        index = ", ".join([":"] * axis + ["None"])
        code = f"{in_brackets(operand.node, operand.name)}[{index}]"
        text = f"Give {operand.name} an axis of length one: {code}."
        yield rewritten(site, text, {operand.node: code})
