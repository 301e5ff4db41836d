"""The graph behind a value as a result: lines of the user's, and what should be said of them."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.environment import Environment
from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.backward import Backward, BackwardNode, Cut, Numbers
from dlmagic.magics.graphmode.autograd.result import AutogradGraph, AutogradNode, Statistics
from dlmagic.magics.graphmode.places import Places

_CUTS = {
    "detach": "{operation} cuts the graph: nothing before this line gets a gradient through it",
    "no_grad": "{operation} runs without a graph, since gradients are switched off {within}",
    "integer": "{operation} gives whole numbers or booleans, through which no gradient goes",
    "number": "{operation} makes numbers of Python's: nothing before this line gets a gradient "
    "through them",
    "no_tape": "{operation} runs where the tape does not record, so no gradient goes through it",
    "no_gradient": "{operation} has no gradient: nothing before this line gets one through it",
    "within_a_graph": "{operation} runs as a graph, and a tape within it is not seen from outside: "
    "call the step without tf.function, or in place of Keras' fit() write one with tf.GradientTape",
}
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
    for cut in dict.fromkeys(backward.cuts):
        place = places.of(cut.frames)
        yield Finding("graph-cut", "hint", said_of(cut), place.cell, place.line, place.source)
