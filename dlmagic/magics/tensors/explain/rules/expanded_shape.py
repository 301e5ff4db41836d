"""``expand`` to a shape that a tensor cannot be stretched to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.stretching import missing_axes
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (
    re.compile(
        r"expanded size of the tensor \(\d+\) must match the existing size \(\d+\) at non-singleton"
        r" dimension \d+\.\s+Target sizes: \[(?P<sizes>[\d, -]+)\]"
    ),
    re.compile(r"expand\(.*, size=\[(?P<sizes>[\d, -]+)\]\): the number of sizes provided"),
)
_Shape = tuple[int, ...]


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which axis has another length than 1, or that axes are left out."""
    call = called(failure.site)
    if call is None or call.name != "expand" or call.owner is None or not call.owner.shape:
        return None
    sizes = tuple(int(each) for each in match["sizes"].split(","))
    problem = _problem(call.owner, sizes)
    if problem is None:
        return None
    return Explained(
        kind="expanded-shape",
        message=f"expand stretches axes of length 1 alone: {problem}.",
        operands=(call.owner,),
        candidates=tuple(_candidates(failure.site, call, call.owner, sizes)),
    )


def _problem(tensor: Operand, sizes: _Shape) -> str | None:
    shape = tensor.shape or ()
    if len(sizes) < len(shape):
        return f"{tensor.name} has {len(shape)} axes {shape}, and {len(sizes)} lengths are given"
    pairs = list(zip(reversed(shape), reversed(sizes), strict=False))
    wrong = [k for k, (has, wanted) in enumerate(pairs) if has != 1 and wanted not in (-1, has)]
    if not wrong:
        return None
    axis, (has, wanted) = len(shape) - 1 - wrong[0], pairs[wrong[0]]
    return f"axis {axis} of {tensor.name} {shape} has {has} elements, and {wanted} are asked for"


def _candidates(
    site: Site | None, call: Called, tensor: Operand, sizes: _Shape
) -> Iterator[Candidate]:
    """An axis of length one that is missing, or the tensor repeated as often as it takes."""
    shape, node = tensor.shape or (), tensor.node
    code = in_brackets(node, tensor.name)
    for axis in missing_axes(shape, sizes) if node is not None else ():
        new = f"{code}.unsqueeze({axis})"
        yield Candidate(
            f"Give it an axis of length one: {new}.",
            line_with(site, {node: new}),
            lambda axis=axis: tried(  # type: ignore[misc]
                lambda value: value.unsqueeze(axis).expand(sizes), tensor.value
            ),
        )
    times = _times(shape, sizes)
    if times is not None:
        new = f"{code}.repeat({', '.join(map(str, times))})"
        yield Candidate(
            f"Where all of it is to be repeated: {new}.", line_with(site, {call.node: new})
        )


def _times(shape: _Shape, sizes: _Shape) -> _Shape | None:
    """How often each axis has to be repeated; None where that does not come out even."""
    front = len(sizes) - len(shape)
    if front < 0 or 0 in shape:
        return None
    lengths = zip((*(1,) * front, *shape), sizes, strict=True)
    pairs = [(1, 0) if wanted == -1 else divmod(wanted, has) for has, wanted in lengths]
    even = all(not rest and times for times, rest in pairs)
    return tuple(times for times, _ in pairs) if even else None
