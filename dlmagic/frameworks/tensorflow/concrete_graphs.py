"""A graph that TensorFlow traced, read into the form that all frameworks share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dlmagic.frameworks.captured import CapturedGraph, CapturedNode, Frame
from dlmagic.frameworks.tensorflow.flops import flops_of_operation
from dlmagic.frameworks.tensorflow.lines import in_cell

_SILENT = frozenset({"NoOp", "Identity", "IdentityN", "Const"})
"""Operations that move or name values; what they lead to is drawn in their place."""


def read_graph(concrete: Any, names: Sequence[str], filename: str) -> CapturedGraph:
    """The graph of a concrete function.

    Args:
        concrete: What ``tf.function(...).get_concrete_function()`` gives.
        names: What the user calls its inputs, in order; variables follow them.
        filename: The cell's, whose lines TensorFlow counts in a form of its own.
    """
    inputs = dict(zip((tensor.op.name for tensor in concrete.inputs), names, strict=False))
    variables = {
        captured.op.name: f"{variable.name.partition(':')[0]}"
        for variable, captured in _variables(concrete)
    }
    names_of_inputs = {**variables, **inputs}
    operations = _in_order(concrete.graph.get_operations())
    behind = {op.name: op for op in operations}
    nodes = tuple(
        _node(op, names_of_inputs, behind, filename) for op in operations if op.type not in _SILENT
    )
    return CapturedGraph(nodes, _as_text(nodes))


def _in_order(operations: Sequence[Any]) -> list[Any]:
    """As they can run: what a gradient needs of a loop was put before the loop afterwards."""
    ordered: dict[str, Any] = {}
    begun: set[str] = set()
    waiting = list(reversed(operations))
    while waiting:
        begun.add(waiting[-1].name)
        needed = [tensor.op for tensor in waiting[-1].inputs if tensor.op.name not in begun]
        if needed:
            waiting += needed
        else:
            op = waiting.pop()
            ordered.setdefault(op.name, op)
    return list(ordered.values())


def _variables(concrete: Any) -> Iterator[tuple[Any, Any]]:
    """Each variable with the placeholder that stands for it in the graph."""
    handles = {id(outside): inside for outside, inside in concrete.graph.captures}
    for variable in concrete.variables:
        inside = handles.get(id(variable.handle))
        if inside is not None:
            yield variable, inside


def _node(op: Any, names: dict[str, str], behind: dict[str, Any], filename: str) -> CapturedNode:
    result = op.outputs[0] if op.outputs else None
    is_input = op.type == "Placeholder"
    return CapturedNode(
        name=names.get(op.name, op.name),
        operation="input" if is_input else str(op.type),
        inputs=tuple(dict.fromkeys(_inputs(op, names, behind))),
        shape=_axes(result),
        dtype=result.dtype.name if result is not None else None,
        frames=_frames(op, filename),
        flops=flops_of_operation(op),
    )


def _inputs(op: Any, names: dict[str, str], behind: dict[str, Any]) -> Iterator[str]:
    for tensor in op.inputs:
        source = tensor.op
        while source.type in ("Identity", "IdentityN") and len(source.inputs) == 1:
            source = source.inputs[0].op
        if source.name in behind and source.type not in _SILENT:
            yield names.get(source.name, source.name)


def _axes(tensor: Any) -> tuple[int | str, ...] | None:
    if tensor is None or tensor.shape.rank is None:
        return None
    return tuple("?" if axis is None else int(axis) for axis in tensor.shape)


def _frames(op: Any, filename: str) -> tuple[Frame, ...]:
    """The code that made an operation, the cell's own lines under its own name."""
    found = []
    for step in op.traceback or ():
        line = in_cell(step.filename, step.lineno or 0, filename)
        file, number = (filename, line) if line is not None else (step.filename, step.lineno or 0)
        found.append(Frame(file, number, step.name))
    return tuple(found)


def _as_text(nodes: Sequence[CapturedNode]) -> str:
    """One operation a line: TensorFlow's own text of a graph is a page for each."""
    return "\n".join(f"{node.name} = {node.operation}({', '.join(node.inputs)})" for node in nodes)
