"""A shape with another number of elements than there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"cannot reshape array of"),
    re.compile(r"Input to reshape is a tensor with \d+ values, but the requested shape"),
    re.compile(r"Cannot reshape a tensor with \d+ elements to shape"),
    re.compile(r"total size of new array must be unchanged|cannot be reshaped into"),
)


@dataclass(frozen=True)
class _Reshaping:
    """What is reshaped, and to what.

    Attributes:
        array: The array.
        lengths: The expressions of the lengths that are asked for.
        shape: Their values.
    """

    array: Operand
    lengths: list[ast.expr]
    shape: tuple[int, ...]


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How many elements there are, how many are asked for, and a length that can be open."""
    call = called(failure.site)
    found = _reshaping(call, failure.site) if call and failure.site else None
    if found is None or found.array.shape is None:
        return None
    there, asked = prod(found.array.shape), prod(each for each in found.shape if each != -1)
    if asked == there or (-1 in found.shape and asked and there % asked == 0):
        return None
    what = f"needs a multiple of {asked}" if -1 in found.shape else f"has {asked}"
    return Explained(
        kind="reshape-size",
        message=f"{found.array.name} {found.array.shape} has {there} elements, and the new shape "
        f"{found.shape} {what}: a reshape keeps their number.",
        operands=(found.array,),
        candidates=tuple(_candidates(failure.site, found, there)),
    )


def _reshaping(call: Called, site: Site) -> _Reshaping | None:
    if call.owner is not None and call.owner.shape is not None:
        array, rest = call.owner, list(call.node.args)
    else:
        first = call.argument(0, "a", "tensor", "x")
        if first is None:
            return None
        array, rest = first, list(call.node.args[1:])
    named = [each.value for each in call.node.keywords if each.arg in ("shape", "newshape")]
    return _asked(array, rest or named, site)


def _asked(array: Operand, rest: Sequence[ast.expr], site: Site) -> _Reshaping | None:
    whole = rest[0] if len(rest) == 1 else None
    lengths = list(whole.elts) if isinstance(whole, ast.Tuple | ast.List) else list(rest)
    shape = tuple(value_of(each, site) for each in lengths)
    if not shape or not all(isinstance(each, int) for each in shape):
        return None
    return _Reshaping(array, lengths, shape)


def _candidates(site: Site | None, found: _Reshaping, there: int) -> Iterator[Candidate]:
    """One length left open; the first one last, as it is most often that of the batch."""
    if -1 in found.shape:
        return
    batch = found.shape[0] == (found.array.shape or (None,))[0]
    places = range(1, len(found.shape)) if batch else range(len(found.shape))
    for k in places:
        others = prod(each for j, each in enumerate(found.shape) if j != k)
        if others and there % others == 0:
            text = f"Write -1 for axis {k}: it becomes {there // others}."
            yield rewritten(site, text, {found.lengths[k]: "-1"})
