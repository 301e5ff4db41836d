"""Two shapes that cannot be stretched to one."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, zip_longest
from math import prod

from dlmagic.magics.tensors.explain.calls import computes, sign_of
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, known, operands_of
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import MOST_RESULTS, Tried, tried

PATTERNS = (
    re.compile(r"The size of tensor a \(\w+\) must match the size of tensor b \(\w+\)"),
    re.compile(r"Attempting to broadcast a dimension of length \d+ at -\d+"),
    re.compile(r"operands could not be broadcast together"),
    re.compile(r"got incompatible shapes for broadcasting|Incompatible shapes for broadcasting"),
    re.compile(r"Incompatible shapes: \[|required broadcastable shapes"),
    re.compile(r"Dimensions must be equal, but are \d+ and \d+ for .* = (?!\w*MatMul)", re.DOTALL),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which axes do not meet, and where an axis of length one is missing."""
    site = failure.site
    if not computes(site) or isinstance(sign_of(site), ast.MatMult):
        return None
    found = [each for each in known(operands_of(site)) if each.axes is not None]
    pairs = ((left, right, _conflicting(left, right)) for left, right in combinations(found, 2))
    left, right, axis = next((pair for pair in pairs if pair[2]), (None, None, None))
    if left is None or right is None or axis is None:
        return None
    mine, yours = (left.axes or ())[-axis], (right.axes or ())[-axis]
    return Explained(
        kind="broadcast-shapes",
        message=(
            f"{_ordinal(axis)} axis of {left.name} has {mine} elements, that of {right.name} "
            f"{yours}: axes are paired from the last one on, and each pair must be equal, or one "
            "of it 1."
        ),
        operands=(left, right),
        candidates=tuple(_candidates(site, left, right)),
    )


def _conflicting(left: Operand, right: Operand) -> int | None:
    return _conflict(left.axes or (), right.axes or ())


def _conflict(left: Sequence[int | None], right: Sequence[int | None]) -> int | None:
    """The first axis, counted from the end, whose lengths do not go together."""
    pairs = enumerate(zip(reversed(left), reversed(right), strict=False), 1)
    return next((axis for axis, (a, b) in pairs if a != b and not {1, None} & {a, b}), None)


def _ordinal(axis: int) -> str:
    return {1: "The last", 2: "The second last", 3: "The third last"}.get(
        axis, f"The {axis}th last"
    )


def _candidates(site: Site | None, left: Operand, right: Operand) -> Iterator[Candidate]:
    for operand, other in ((right, left), (left, right)):
        if operand.node is None or operand.axes is None or other.axes is None:
            continue
        for axis in _missing_axes(operand.axes, other.axes):
            index = _index(axis, len(operand.axes))
            code = f"{in_brackets(operand.node, operand.name)}[{index}]"
            line = line_with(site, {operand.node: code})
            text = f"Give {operand.name} an axis of length one: {code}."
            yield Candidate(text, line, _check(operand, other, axis))


def _missing_axes(shape: Sequence[int | None], other: Sequence[int | None]) -> list[int]:
    """Where one axis of length one makes a shape fit the other without stretching that."""
    if len(shape) >= len(other):
        return []
    places = range(1, len(shape) + 1)
    return [k for k in places if _conflict([*shape[:k], 1, *shape[k:]], other) is None]


def _index(axis: int, count: int) -> str:
    return "..., None" if axis == count else ", ".join([":"] * axis + ["None"])


def _check(operand: Operand, other: Operand, axis: int) -> Callable[[], Tried]:
    index = (*[slice(None)] * axis, None)
    lengths = zip_longest(reversed(operand.axes or ()), reversed(other.axes or ()), fillvalue=1)
    if prod(max(a or 1, b or 1) for a, b in lengths) > MOST_RESULTS:
        return lambda: "shape-verified"
    return lambda: tried(lambda a, b: a[index] + b, operand.value, other.value)
