"""A graph of TorchScript, read into the form that all frameworks share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dlmagic.frameworks.captured import CapturedGraph, CapturedNode, Frame

_SILENT = ("prim::Constant", "prim::ListConstruct", "prim::TupleConstruct", "prim::NumToTensor")
_PLACE = re.compile(r"^(?P<file>.+)\((?P<line>\d+)\): (?P<name>.*)$", re.MULTILINE)


def read_script(graph: Any, names: list[str], code: str) -> CapturedGraph:
    """The graph of a traced or scripted function.

    Args:
        graph: Its ``inlined_graph``.
        names: What the user calls its inputs, in order.
        code: Its text.
    """
    reader = _Reader()
    return CapturedGraph(tuple(reader.read(graph, names)), code)


class _Reader:
    """Gives each value the name of the node that made it; lists are looked through."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[str, ...]] = {}
        self._used: dict[str, int] = {}

    def read(self, graph: Any, names: list[str]) -> Iterator[CapturedNode]:
        values = [value for value in graph.inputs() if "Tensor" in str(value.type())]
        for value, name in zip(values, names, strict=False):
            self._names[value.debugName()] = (name,)
            yield _node(name, "input", (), value, ())
        for node in graph.nodes():
            yield from self._node(node)
        yield CapturedNode("output", "output", self._of(graph.outputs()))

    def _node(self, node: Any) -> Iterator[CapturedNode]:
        kind = str(node.kind())
        inputs = self._of(node.inputs())
        if kind in _SILENT:
            for value in node.outputs():
                self._names[value.debugName()] = inputs
            return
        operation = kind.rpartition("::")[2]
        name = self._unique(operation)
        outputs = list(node.outputs())
        for value in outputs:
            self._names[value.debugName()] = (name,)
        frames = tuple(_frames(str(node.sourceRange())))
        yield _node(name, operation, inputs, outputs[0] if outputs else None, frames)

    def _of(self, values: Any) -> tuple[str, ...]:
        found = (name for value in values for name in self._names.get(value.debugName(), ()))
        return tuple(dict.fromkeys(found))

    def _unique(self, name: str) -> str:
        count = self._used.get(name, 0)
        self._used[name] = count + 1
        return f"{name}#{count + 1}" if count else name


def _node(
    name: str, operation: str, inputs: tuple[str, ...], value: Any, frames: tuple[Frame, ...]
) -> CapturedNode:
    sizes, dtype = _sizes_and_dtype(value)
    return CapturedNode(name, operation, inputs, sizes, dtype, "", frames)


def _sizes_and_dtype(value: Any) -> tuple[tuple[int | str, ...] | None, str | None]:
    """What tracing has noted of a value; scripting notes nothing."""
    kind: Any = value.type() if value is not None else None
    sizes = kind.sizes() if hasattr(kind, "sizes") else None
    dtype = kind.dtype() if hasattr(kind, "dtype") else None
    axes = None if sizes is None else tuple("?" if axis is None else int(axis) for axis in sizes)
    return axes, None if dtype is None else str(dtype).removeprefix("torch.")


def _frames(text: str) -> list[Frame]:
    """The stack behind a node, the outermost first; TorchScript begins with the innermost."""
    found = [Frame(m["file"], int(m["line"]), m["name"]) for m in _PLACE.finditer(text)]
    return found[::-1]
