"""A mask that has not the lengths of the axes from which it selects."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import in_brackets
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(
        r"The shape of the mask \[.*\] at index \d+ does not match the shape of the indexed"
    ),
    re.compile(r"boolean index did not match"),
    re.compile(r"[Tt]oo many indices"),
    re.compile(r"Shapes \(.*\) and \(.*\) are incompatible"),
)


@dataclass(frozen=True)
class _Mask:
    """A mask in an index.

    Attributes:
        mask: The mask.
        array: What it selects from.
        first: The first axis that it is for.
    """

    mask: Operand
    array: Operand
    first: int

    @property
    def wanted(self) -> tuple[int, ...]:
        """The lengths that it should have."""
        shape, count = self.array.shape or (), len(self.mask.shape or ())
        return shape[self.first : self.first + count]


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which lengths it has, which it should have, and where it would fit."""
    site = failure.site
    if site is None or not isinstance(site.node, ast.Subscript):
        return None
    masks = _masks(site.node, site)
    found = next((each for each in masks if each.wanted not in ((), each.mask.shape)), None)
    if found is None:
        return None
    array, mask = found.array, found.mask
    there = "that axis" if len(found.wanted) == 1 else "those axes"
    return Explained(
        kind="mask-shape",
        message=(
            f"A mask has the lengths of the axes from which it selects: {mask.name} is "
            f"{mask.shape}, and {array.name} {array.shape} has {found.wanted} in "
            f"{there}."
        ),
        operands=(mask, array),
        candidates=tuple(_candidates(site, site.node, found)),
    )


def _masks(node: ast.Subscript, site: Site) -> Iterator[_Mask]:
    array, axis = operand(node.value, site), 0
    if array.shape is None:
        return
    for part in _parts(node):
        value = None if isinstance(part, ast.Slice) else value_of(part, site)
        if value is Ellipsis:
            return  # how many axes that takes depends on the others
        index = operand(part, site)
        if index.dtype == "bool" and index.shape:
            yield _Mask(index, array, axis)
            axis += len(index.shape)
        elif value is not None or isinstance(part, ast.Slice):
            axis += 1


def _parts(node: ast.Subscript) -> list[ast.expr]:
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def _candidates(site: Site, node: ast.Subscript, found: _Mask) -> Iterator[Candidate]:
    mask, shape, array = found.mask, found.mask.shape or (), found.array.shape or ()
    assert mask.node is not None
    bracketed = in_brackets(mask.node, mask.name)
    if shape[-1] == 1 and shape[:-1] == array[found.first : found.first + len(shape) - 1]:
        code = f"{bracketed}[..., 0]"
        text = f"Take the axis of length one away: {code}."
        yield rewritten(site, text, {mask.node: code})
    elif len(shape) == 2 and shape[::-1] == found.wanted:
        code = f"{bracketed}.T"
        yield rewritten(site, f"Transpose {mask.name}.", {mask.node: code})
    places = [k for k in range(len(array)) if array[k : k + len(shape)] == shape]
    if len(places) == 1 and all(part is mask.node or _is_whole(part) for part in _parts(node)):
        code = _along(found, places[0], site)
        yield rewritten(site, f"Select along axis {places[0]}: {code}.", {node: code})


def _is_whole(part: ast.expr) -> bool:
    """Whether it is a mere colon."""
    return isinstance(part, ast.Slice) and part.lower is part.upper is part.step is None


def _along(found: _Mask, axis: int, site: Site) -> str:
    array, mask = found.array, found.mask
    if type(array.value).__module__.startswith("tensorflow"):
        tensorflow = module_name(site, "tensorflow", "tf")
        return f"{tensorflow}.boolean_mask({array.name}, {mask.name}, axis={axis})"
    return f"{in_brackets(array.node, array.name)}[{', '.join([':'] * axis + [mask.name])}]"
