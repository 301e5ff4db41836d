"""Two shapes that cannot be stretched to one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, zip_longest
from math import prod

from dlmagic.magics.tensors.explain.calls import called, computes
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import (
    Candidate,
    Explained,
    Operand,
    is_product,
    known,
    operands_of,
)
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.stretching import conflict, index_with_axis, missing_axes
from dlmagic.magics.tensors.explain.trying import MOST_RESULTS, Tried, tried

PATTERNS = (
    re.compile(
        r"The size of tensor a \((?P<left>\w+)\) must match the size of tensor b \((?P<right>\w+)\)"
    ),
    re.compile(r"Attempting to broadcast a dimension of length \d+ at -\d+"),
    re.compile(r"operands could not be broadcast together"),
    re.compile(r"got incompatible shapes for broadcasting|Incompatible shapes for broadcasting"),
    re.compile(r"Incompatible shapes: \[|required broadcastable shapes"),
    re.compile(r"Dimensions must be equal, but are \d+ and \d+ for .* = (?!\w*MatMul)", re.DOTALL),
)

_RULE = "axes are paired from the last one on, and each pair must be equal, or one of it 1"
_NOT_BY_ELEMENTS = ("scaled_dot_product_attention",)
"""Functions that stretch something else than what they are given."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which axes do not meet, and where an axis of length one is missing."""
    site = failure.site
    call = called(site)
    if not computes(site) or is_product(site) or (call and call.name in _NOT_BY_ELEMENTS):
        return None
    operands = operands_of(site)
    found = [each for each in known(operands) if each.axes is not None]
    if len(operands) == 2 and len(found) == 1 and "left" in match.groupdict():
        return _with_one(found[0], operands, match)
    pairs = ((left, right, _conflicting(left, right)) for left, right in combinations(found, 2))
    left, right, axis = next((pair for pair in pairs if pair[2]), (None, None, None))
    if left is None or right is None or axis is None:
        return None
    mine, yours = (left.axes or ())[-axis], (right.axes or ())[-axis]
    return Explained(
        kind="broadcast-shapes",
        message=(
            f"{_ordinal(axis)} axis of {left.name} has {mine} elements, that of {right.name} "
            f"{yours}: {_RULE}."
        ),
        operands=(left, right),
        candidates=tuple(_candidates(site, left, right)),
    )


def _with_one(kept: Operand, operands: Sequence[Operand], match: re.Match[str]) -> Explained | None:
    """The other value is kept by nobody, as that of ``model(x)``; the error states a length."""
    lengths = {
        id(each): match[side] for each, side in zip(operands, ("left", "right"), strict=True)
    }
    gone = next(each for each in operands if each is not kept)
    axes = [k for k, each in enumerate(kept.axes or ()) if str(each) == lengths[id(kept)]]
    if len(axes) != 1:
        return None
    axis = len(kept.axes or ()) - axes[0]
    return Explained(
        kind="broadcast-shapes",
        message=(
            f"{_ordinal(axis)} axis of {kept.name} {kept.shape} has {lengths[id(kept)]} elements, "
            f"that of {gone.name} {lengths[id(gone)]}: {_RULE}."
        ),
        operands=(kept, gone),
    )


def _conflicting(left: Operand, right: Operand) -> int | None:
    return conflict(left.axes or (), right.axes or ())


def _ordinal(axis: int) -> str:
    return {1: "The last", 2: "The second last", 3: "The third last"}.get(
        axis, f"The {axis}th last"
    )


def _candidates(site: Site | None, left: Operand, right: Operand) -> Iterator[Candidate]:
    for operand, other in ((right, left), (left, right)):
        if operand.node is None or operand.axes is None or other.axes is None:
            continue
        for axis in missing_axes(operand.axes, other.axes):
            index = index_with_axis(axis, len(operand.axes))
            code = f"{in_brackets(operand.node, operand.name)}[{index}]"
            line = line_with(site, {operand.node: code})
            text = f"Give {operand.name} an axis of length one: {code}."
            yield Candidate(text, line, _check(operand, other, axis))


def _check(operand: Operand, other: Operand, axis: int) -> Callable[[], Tried]:
    index = (*[slice(None)] * axis, None)
    lengths = zip_longest(reversed(operand.axes or ()), reversed(other.axes or ()), fillvalue=1)
    if prod(max(a or 1, b or 1) for a, b in lengths) > MOST_RESULTS:
        return lambda: "shape-verified"
    return lambda: tried(lambda a, b: a[index] + b, operand.value, other.value)
