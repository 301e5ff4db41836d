"""The graph behind a value as a result: lines of the user's, and what should be said of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dlmagic.environment import Environment
from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.backward import Backward, BackwardNode, Cut, Numbers
from dlmagic.magics.graphmode.autograd.result import AutogradGraph, AutogradNode, Statistics
from dlmagic.magics.graphmode.places import Places

_CUTS = {
    "detach": "{operation} cuts the graph: nothing before this line gets a gradient through it",
    "data": ".data gives numbers without their graph: nothing before this line gets a gradient "
    "through them",
    "no_grad": "{operation} runs without a graph, since gradients are switched off {within}",
    "integer": "{operation} gives whole numbers or booleans, through which no gradient goes",
    "number": "{operation} makes numbers of Python's: nothing before this line gets a gradient "
    "through them",
    "no_tape": "{operation} runs where the tape does not record, so no gradient goes through it",
    "no_gradient": "{operation} has no gradient: nothing before this line gets one through it",
    "within_a_graph": "{operation} runs as a graph, and a tape within it is not seen from outside: "
    "call the step without tf.function, or in place of Keras' fit() write one with tf.GradientTape",
}
_STEEP = (
    "A root, a logarithm or a quotient has no finite slope at 0: keep what it gets off 0. "
    "Anything else does so where numbers grow too large."
)
_IN_PLACE = "modified by an inplace operation"


def graph_of(name: str, backward: Backward, places: Places) -> AutogradGraph:
    """What a framework told of the graph behind a value.

    Args:
        name: What the user calls the value.
        backward: What was told.
        places: Knows the user's lines.
    """
    nodes = backward.nodes
    return AutogradGraph(
        environment=Environment.capture(),
        findings=tuple(_findings(backward, places)),
        target=name,
        nodes=tuple(_node(node, places) for node in nodes),
        edges=tuple((name, node.name) for node in nodes for name in node.inputs),
        leaves=tuple(node.name for node in nodes if node.operation == "leaf"),
        notes=backward.notes,
    )


def said_of(cut: Cut) -> str:
    """What a cut does, in one sentence."""
    operation = f"{cut.operation}()" if cut.operation else "This"
    within = f"within {cut.within}()" if cut.within else "here"
    return f"{_CUTS[cut.why].format(operation=operation, within=within)}."


def _node(node: BackwardNode, places: Places) -> AutogradNode:
    place = places.of(node.frames)
    value = node.value
    return AutogradNode(
        name=node.name,
        op=node.operation,
        shape=node.shape if value is None else value.shape,
        dtype=node.dtype if value is None else value.dtype,
        line=place.line,
        cell=place.cell,
        value=_statistics(value),
        gradient=_statistics(node.gradient),
        saved_bytes=node.saved_bytes,
        is_custom=node.is_custom,
    )


def _statistics(numbers: Numbers | None) -> Statistics | None:
    if numbers is None:
        return None
    return Statistics(numbers.values, numbers.mean, numbers.largest)


def _findings(backward: Backward, places: Places) -> Iterator[Finding]:
    for node in backward.nodes:
        if _IN_PLACE in node.problem:
            place = places.of(node.frames)
            yield Finding(
                "in-place",
                "error",
                f"backward() will fail: what {node.operation} needs from this line has been "
                "changed in place since.",
                place.cell,
                place.line,
                place.source,
                fix=Fix("Write the change as a new tensor, x = x + 1 instead of x += 1."),
            )
    yield from _nan_or_infinite(backward.nodes, places)
    for cut in dict.fromkeys(backward.cuts):
        place = places.of(cut.frames)
        yield Finding("graph-cut", "hint", said_of(cut), place.cell, place.line, place.source)


def _nan_or_infinite(nodes: Sequence[BackwardNode], places: Places) -> Iterator[Finding]:
    """The step that makes the first NaN; else the one behind which gradients are not finite."""
    # A leaf is looked at after the cell, whose optimiser may have made it NaN only then.
    steps = (node for node in nodes if node.operation != "leaf")
    with_nan = next((node for node in steps if _has_nan(node.value)), None)
    steep = _first_without_finite_slope(nodes) if with_nan is None else None
    if with_nan is not None:
        message = f"{with_nan.operation} is the first step that gives NaN."
        yield _finding_at(with_nan, "nan", message, places)
    elif steep is not None:
        message = f"{steep.operation} gets a finite gradient, and passes on inf or NaN."
        yield _finding_at(steep, "gradient-not-finite", message, places, Fix(_STEEP))


def _has_nan(numbers: Numbers | None) -> bool:
    return numbers is not None and numbers.largest is not None and math.isnan(numbers.largest)


def _first_without_finite_slope(nodes: Sequence[BackwardNode]) -> BackwardNode | None:
    """In the order of a backward pass, that is from the target on."""
    finite = {
        node.name: math.isfinite(node.gradient.largest)
        for node in nodes
        if node.gradient is not None and node.gradient.largest is not None
    }
    for node in reversed(nodes):
        if finite.get(node.name) and not all(finite.get(name, True) for name in node.inputs):
            return node
    return None


def _finding_at(
    node: BackwardNode, kind: str, message: str, places: Places, fix: Fix | None = None
) -> Finding:
    place = places.of(node.frames)
    return Finding(kind, "warning", message, place.cell, place.line, place.source, fix=fix)
