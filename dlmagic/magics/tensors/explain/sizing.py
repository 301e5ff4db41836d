"""Sequences and images of unequal size, brought to one."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.rule import Candidate, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import tried

_CHANNELS = {1, 3, 4}
"""Of images: grey, in colour, in colour with transparency."""
SAME_CHANNELS = 'Give all images the same channels when they are read: image.convert("RGB").'


def differ_in_channels(shapes: list[Any]) -> bool:
    """Whether they are images of one size, some grey and some in colour."""
    alike = all(len(each) == 3 and each[1:] == shapes[0][1:] for each in shapes)
    return alike and {each[0] for each in shapes} <= _CHANNELS


def padded(site: Site, node: ast.Call, tensors: list[Operand], axis: int) -> Iterator[Candidate]:
    """Sequences, whose later axes are the same, filled up with zeros.

    Args:
        site: Where they are stacked.
        node: The call.
        tensors: What is stacked.
        axis: Along which axis.
    """
    shapes = [each.shape or () for each in tensors]
    count, later = len(shapes[0]), shapes[0][1:]
    name = ast.unparse(node.func)
    if any(len(shape) != count for shape in shapes) or name.rpartition(".")[2] != "stack":
        return
    if differ_in_channels(shapes):
        yield Candidate(SAME_CHANNELS)
        return
    if any(shape[1:] != later for shape in shapes):
        if count in (2, 3) and len({shape[:-2] for shape in shapes}) == 1:
            yield Candidate("Bring all to one size first, as Resize((HEIGHT, WIDTH)) does.")
        return
    if axis not in (0, 1):
        return
    items = ast.unparse(node.args[0])
    pad = f"{module_name(site, 'torch', 'torch')}.nn.utils.rnn.pad_sequence"
    code = f"{pad}({items}{', batch_first=True' if axis == 0 else ''})"
    yield Candidate(
        f"If they are sequences, fill the shorter ones up with zeros: {code}.",
        line_with(site, {node: code}),
        lambda: tried(_pad(axis == 0), *(each.value for each in tensors)),
    )


def _pad(batch_first: bool) -> Any:
    torch: Any = sys.modules["torch"]
    return lambda *tensors: torch.nn.utils.rnn.pad_sequence(tensors, batch_first=batch_first)


def resized(site: Site, tensors: list[Operand], axis: int) -> Iterator[Candidate]:
    """Two batches of images that differ a little in size, as on the two sides of a U-Net.

    Args:
        site: Where they are joined.
        tensors: What is joined.
        axis: Along which axis.
    """
    if len(tensors) != 2 or axis != 1 or any(each.node is None for each in tensors):
        return
    first, second = (each.shape or () for each in tensors)
    sizes = [*zip(first[2:], second[2:], strict=False)]
    alike = len(first) == len(second) and len(first) in (4, 5) and first[0] == second[0]
    if not alike or any(max(pair) >= 2 * min(pair) for pair in sizes):
        return  # of another level of the network
    resize = f"{module_name(site, 'torch.nn.functional', 'torch.nn.functional')}.interpolate"
    for one, other in (tensors, tensors[::-1]):
        code = f"{resize}({one.name}, size={in_brackets(other.node, other.name)}.shape[2:])"
        yield Candidate(
            f"Bring {one.name} to the size of {other.name}: {code}.",
            line_with(site, {one.node: code}),
            lambda one=one, other=other: tried(_resized, one.value, other.value),  # type: ignore[misc]
        )


def _resized(one: Any, other: Any) -> Any:
    torch: Any = sys.modules["torch"]
    return torch.cat([torch.nn.functional.interpolate(one, size=other.shape[2:]), other], 1)
