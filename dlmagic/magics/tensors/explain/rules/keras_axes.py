"""A layer of Keras that is given an array with too few axes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import (
    LayerCall,
    calls_of,
    check_of_shape,
    edited_lines,
    keras_rules,
    layer_call,
)
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"expected (min_|max_)?ndim=\d+, found ndim=\d+"),
    re.compile(r"Invalid input shape for input|has incompatible shape"),
    re.compile(r"expected shape=\(.*?\), found shape=|expected to have \d+ dimensions?, but got"),
    re.compile(r"is incompatible with the layer"),
    re.compile(r"Negative dimension size caused by|Computed output size would be negative"),
)
_CHANNELS = (1, 3, 4)
_ALL_STEPS = (
    "Let the layer before it give all steps: a recurrent one with return_sequences=True, and no "
    "Flatten or pooling over the steps."
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How many axes the layer takes, and which of them is missing."""
    found = layer_call(failure)
    if found is None or found.given.axes is None:
        return None
    wanted = found.expected.axes or found.expected.at_least
    got = len(found.given.axes)
    if wanted is None or got >= wanted:
        return None
    return Explained(
        kind="missing-axes",
        message=f"{found.name} takes arrays with {wanted} axes, the first for the samples of a "
        f"batch, and {found.given.name} has {got}: {found.given.axes}.",
        operands=(found.given,),
        candidates=tuple(_candidates(failure.site, found, wanted - got)),
    )


def _candidates(site: Site | None, found: LayerCall, missing: int) -> Iterator[Candidate]:
    node, shape = found.given.node, found.given.axes or ()
    if found.behind_others or keras_rules().is_last_step(found.given.value):
        if missing == 1 and found.expected.axes == 3:
            yield Candidate(_ALL_STEPS)
        return
    if node is None:
        yield from _other_input(site, shape, missing)
        return
    for index, new in _ways(shape, missing, found):
        code = f"{in_brackets(node, found.given.name)}[{index}]"
        text = f"Add the missing axis: {code}." if missing == 1 else f"Add the axes: {code}."
        line = line_with(site, {node: code})
        yield Candidate(text, line, lambda new=new: check_of_shape(found, new))  # type: ignore[misc]


def _other_input(
    site: Site | None, shape: tuple[int | None, ...], missing: int
) -> Iterator[Candidate]:
    """The line that says what the model is given, with an axis for channels."""
    inner = shape[1:]
    changes = [
        (node, str((*inner, 1)))
        for call in (calls_of(site, "Input", "InputLayer") if site else ())
        for node in [*call.args, *(each.value for each in call.keywords)]
        if isinstance(node, ast.Tuple) and ast.unparse(node) == str(inner)
    ]
    if site is not None and missing == 1:
        text = f"Give the input an axis for channels: {(*inner, 1)}."
        yield from edited_lines(site, iter(changes), text)


def _ways(
    shape: tuple[int | None, ...], missing: int, found: LayerCall
) -> Iterator[tuple[str, tuple[int | None, ...]]]:
    """Where axes of length one can stand: for the batch in front, for channels behind.

    A last axis of one, three or four is taken for channels, and many samples are no sample.
    Images without such an axis are likelier many without channels than one of many channels.
    Where a single sample may be handed in, as to ``predict``, its shape decides.
    """
    front, back = ("None", (1, *shape)), ("..., None", (*shape, 1))
    if missing == 2:
        yield "None, ..., None", (1, *shape, 1)
    elif missing == 1 and ((found.in_batches and len(shape) > 1) or None in shape[:1]):
        yield back
        if found.call.name.startswith("predict"):
            yield front
    elif missing == 1:
        images = (found.expected.axes or found.expected.at_least or 0) > 3
        with_channels = images and shape[-1] in _CHANNELS
        yield from (back, front) if images and not with_channels else (front,)
        if not images or (with_channels and found.expected.lengths):
            yield back
