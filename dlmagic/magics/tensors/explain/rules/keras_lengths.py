"""A layer of Keras that was made for another length of an axis: features, or channels."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import (
    LayerCall,
    calls_of,
    check_of_shape,
    edited_lines,
    layer_call,
)
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"is incompatible with the layer|has incompatible shape"),
    re.compile(r"Depth of (input|output)|number of input channels does not match"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which axis, and whether another axis of the array has the length that is needed."""
    found = layer_call(failure)
    if found is None or found.given.axes is None or failure.site is None:
        return None
    shape = found.given.axes
    wrong = _wrong(found, shape)
    if wrong is None:
        return None
    axis, wanted = wrong
    return Explained(
        kind="input-length",
        message=f"{found.name} was made for inputs with {wanted} elements on axis {axis}, and "
        f"{found.given.name} has {shape[axis]} there: {shape}.",
        operands=(found.given,),
        candidates=(
            *_moved(failure.site, found, wanted, axis),
            *([] if found.behind_others else _remade(failure.site, shape, wanted)),
        ),
    )


def _wrong(found: LayerCall, shape: tuple[int | None, ...]) -> tuple[int, int] | None:
    """The first axis of another length than expected."""
    if found.expected.axes not in (None, len(shape)):
        return None
    lengths = sorted(found.expected.lengths.items(), reverse=True)
    places = [(axis, wanted) for axis, wanted in lengths if -len(shape) <= axis < len(shape)]
    return next(
        ((axis, wanted) for axis, wanted in places if shape[axis] not in (None, wanted)), None
    )


def _moved(site: Site, found: LayerCall, wanted: int, axis: int) -> Iterator[Candidate]:
    """Another axis, moved to where it is needed; that of the samples only where it is no other."""
    shape, node = found.given.axes or (), found.given.node
    first = 0 if _are_samples_last(found) else 1
    places = [k for k in range(first, len(shape)) if shape[k] == wanted]
    if node is None or not places:
        return
    name, here = found.given.name, places[0]
    code = f"{module_name(site, 'numpy', 'np')}.moveaxis({name}, {here}, {axis})"
    moved = [length for k, length in enumerate(shape) if k != here]
    moved.insert(len(moved) if axis == -1 else axis, wanted)
    yield Candidate(
        f"Move axis {here} of {name}, which has {wanted}, to axis {axis}.",
        line_with(site, {node: code}),
        lambda: check_of_shape(found, tuple(moved)),
    )


def _are_samples_last(found: LayerCall) -> bool:
    """Whether the line itself turns a matrix without labels, so that samples may be behind."""
    node, labels = found.given.node, found.call.argument(1, "y")
    turned = isinstance(node, ast.Attribute) and node.attr == "T"
    return turned and len(found.given.axes or ()) == 2 and labels is None


def _remade(site: Site, shape: tuple[int | None, ...], wanted: int) -> list[Candidate]:
    """The line that says what the model is made for, where it stands in the same cell."""
    text = f"Make the model for what it gets: {shape[1:]}."
    changes = [
        (node, str(shape[1:]))
        for call in calls_of(site, "Input")
        for node in _shapes(call)
        if node.elts and ast.unparse(node.elts[-1]) == str(wanted)
    ]
    return edited_lines(site, iter(changes), text)


def _shapes(call: ast.Call) -> Iterator[ast.Tuple]:
    named = [each.value for each in call.keywords if each.arg == "shape"]
    yield from (each for each in [*call.args, *named] if isinstance(each, ast.Tuple))
