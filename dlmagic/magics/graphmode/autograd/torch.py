"""PyTorch's graph as a result: the user's names, the lines, the cuts, what would fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from dlmagic.environment import Environment
from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.torch.autograd_graph import (
    BackwardNode,
    Numbers,
    Recorded,
    leaves_of,
    read_graph,
)
from dlmagic.frameworks.torch.autograd_recorder import AutogradRecorder, Cut, take_gradients
from dlmagic.magics.graphmode.autograd.result import AutogradGraph, AutogradNode, Statistics
from dlmagic.magics.graphmode.places import Places

LAST = "the last value"
_CUTS = {
    "detach": "{operation} cuts the graph: nothing before this line gets a gradient through it",
    "no_grad": "{operation} runs without a graph, since gradients are switched off here",
    "integer": "{operation} gives whole numbers or booleans, through which no gradient goes",
}
_WITHOUT = (
    "has no graph: it was made of nothing that requires a gradient, in no_grad(), or by detach().",
    "Put %%autograd above the cell that makes it: it says which line cut the graph.",
)
_IN_PLACE = "modified by an inplace operation"


@contextmanager
def recording(filename: str) -> Iterator[AutogradRecorder]:
    """Note lines, values and gradients; :func:`graph_of` takes the hooks away, or an error."""
    recorder = AutogradRecorder(filename)
    try:
        with recorder:
            yield recorder
    except BaseException:  # a cell that fails, or is interrupted, leaves tensors all the same
        recorder.remove_hooks()
        raise


def why_without(value: object) -> tuple[str, str] | None:
    """Why there is no graph behind a value, and what to do; None where there is one."""
    if not isinstance(value, Tensor):
        return f"is a {type(value).__name__}, not a tensor.", ""
    if value.grad_fn is not None:
        return None
    if value.requires_grad:
        return "is a leaf: it is where a graph begins.", "Name a tensor that is computed from it."
    if not value.is_floating_point() and not value.is_complex():
        return f"has dtype {_dtype(value)}, through which no gradient goes.", ""
    return _WITHOUT


@dataclass(frozen=True)
class Target:
    """The tensor whose graph is drawn.

    Attributes:
        name: What the user calls it.
        tensor: The tensor.
    """

    name: str
    tensor: Tensor


def target(assigned: Sequence[tuple[str, object]], last: object) -> Target | None:
    """The last value of a cell, or else the tensor that it assigned last; one with a graph."""
    for name, value in [(LAST, last), *reversed(assigned)]:
        if isinstance(value, Tensor) and value.grad_fn is not None:
            same = [other for other, each in assigned if each is value]
            return Target(same[0] if same else name, value)
    return None


def why_none(recorder: AutogradRecorder) -> str:
    """Which cut left a cell without a graph."""
    if not recorder.cuts:
        return "Nothing in it requires a gradient: call .requires_grad_() on what should have one."
    cut = recorder.cuts[-1]
    line = f"Line {cut.frame.line}: " if cut.frame else ""
    return f"{line}{_CUTS[cut.why].format(operation=_called(cut))}."


def graph_of(
    found: Target,
    namespace: Mapping[str, object],
    places: Places,
    recorder: AutogradRecorder | None,
    notes: Sequence[str] = (),
) -> AutogradGraph:
    """The graph behind a tensor, with gradients from a backward pass that changes nothing.

    Args:
        found: The tensor.
        namespace: The notebook's, for names.
        places: Knows the user's lines.
        recorder: What was noted while the graph was made, or None where it was there before.
        notes: What else to say.
    """
    names = _names(namespace)
    recorded = recorder.recorded if recorder else Recorded()
    remarks = list(notes)
    if recorder is not None:
        if id(found.tensor.grad_fn) not in recorded.gradients:  # no backward() began here
            problem = take_gradients(found.tensor, leaves_of(found.tensor), recorded)
            remarks += [f"Gradients are not known: {problem}"] if problem else []
        recorder.remove_hooks()
    nodes = read_graph(found.tensor, names, recorded)
    return AutogradGraph(
        environment=Environment.capture(),
        findings=tuple(_findings(nodes, recorder.cuts if recorder else (), places)),
        target=found.name,
        nodes=tuple(_node(node, places) for node in nodes),
        edges=tuple((name, node.name) for node in nodes for name in node.inputs),
        leaves=tuple(node.name for node in nodes if node.operation == "leaf"),
        notes=tuple(remarks),
    )


def _names(namespace: Mapping[str, object]) -> dict[int, str]:
    """What the user calls each tensor; the parameters of a module by way of its name."""
    names: dict[int, str] = {}
    for name, value in namespace.items():
        if name.startswith("_"):
            continue
        if isinstance(value, Tensor):
            names.setdefault(id(value), name)
        elif isinstance(value, torch.nn.Module):
            for path, parameter in value.named_parameters():
                names.setdefault(id(parameter), f"{name}.{path}")
    return names


def _node(node: BackwardNode, places: Places) -> AutogradNode:
    place = places.of([node.frame] if node.frame else [])
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


def _findings(
    nodes: Sequence[BackwardNode], cuts: Sequence[Cut], places: Places
) -> Iterator[Finding]:
    for node in nodes:
        if _IN_PLACE in node.problem:
            place = places.of([node.frame] if node.frame else [])
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
    for cut in dict.fromkeys(cuts):
        place = places.of([cut.frame] if cut.frame else [])
        yield Finding(
            "graph-cut",
            "hint",
            f"{_CUTS[cut.why].format(operation=_called(cut))}.",
            place.cell,
            place.line,
            place.source,
        )


def _called(cut: Cut) -> str:
    return f"{cut.operation}()" if cut.operation else "This"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
