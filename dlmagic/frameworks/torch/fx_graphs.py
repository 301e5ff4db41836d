"""A graph that Dynamo captured, read into the form that all frameworks share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils.flop_counter import FlopCounterMode

from dlmagic.frameworks.captured import CapturedGraph, CapturedNode, Frame
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.flops import formulas

_FRAME = re.compile(r'^\s*File "(?P<file>.*)", line (?P<line>\d+), in (?P<name>.*)$', re.MULTILINE)
_MODULE_PARTS = re.compile(r"\._(?:modules|parameters|buffers)\['([^']*)'\]")
_LET_GO = re.compile(r";  [\w =]+ = None$", re.MULTILINE)
"""Where the generated code lets go of what it needs no more, which says nothing to a reader."""

_PARAMETER_OF_CELL = re.compile(r"^L\['([^']*)'\]")
_GLOBAL = re.compile(r"^G\['([^']*)'\]")


class DynamoGraph:
    """A graph as it was when it was captured; compilers change theirs afterwards.

    Args:
        module: What Dynamo gave its backend.
    """

    def __init__(self, module: fx.GraphModule) -> None:
        self._root = module
        self._graph = fx.Graph()
        copied: dict[fx.Node, fx.Node] = {}
        result = self._graph.graph_copy(module.graph, copied)
        self._output: Any = self._graph.output(result)
        self.code = _LET_GO.sub("", str(module.code)).strip()

    def read(self, inputs: Sequence[str] = ()) -> CapturedGraph:
        """The graph with the shape, type and line of each operation; FLOPs where they count.

        Args:
            inputs: What the user calls its inputs, in order, where the graph does not tell.
        """
        nodes = tuple(_node(each) for each in self._graph.nodes if each.op != "call_module")
        flops = self._flops()
        counted = tuple(replace(node, flops=flops.get(node.name)) for node in nodes)
        return CapturedGraph(_with_names_of_users(counted, self._graph, inputs), self.code)

    def _flops(self) -> dict[str, int]:
        """Floating point operations of each node, by its name; empty where it cannot run so.

        The graph runs over tensors without memory, which it was captured with.
        """
        with suppress(Exception):
            return _Counting(fx.GraphModule(self._root, self._graph)).count()
        return {}


class _Counting(fx.Interpreter):
    """Runs a graph node by node and notes what each costs."""

    def count(self) -> dict[str, int]:
        self.found: dict[str, int] = {}
        inputs = [_example(node) for node in self.graph.nodes if _is_input(node)]
        fake = compat.fake_mode_of(inputs)
        if fake is None:
            return {}
        self._counter = FlopCounterMode(display=False, custom_mapping=formulas())
        with torch.no_grad(), fake, self._counter:
            self.run(*inputs, enable_io_processing=False)
        return self.found

    def run_node(self, n: fx.Node) -> Any:
        if n.op == "get_attr":
            return self._without_memory(n)
        self._counter.flop_counts.clear()
        result = super().run_node(n)
        spent: object = self._counter.get_total_flops()
        if isinstance(spent, int) and spent:  # a symbol where the graph leaves a length open
            self.found[n.name] = spent
        return result

    def _without_memory(self, node: fx.Node) -> Any:
        """What the graph holds itself, such as an optimiser's state, which it changes in place.

        Raises:
            TypeError: There is only the real tensor, which nobody may change here.
        """
        example = _example(node)
        held = super().run_node(node) if example is None else example
        if example is None and isinstance(held, Tensor):
            raise TypeError(f"{node.target} is known with its memory only")
        return held


def _is_input(node: fx.Node) -> bool:
    return node.op == "placeholder"


def _example(node: fx.Node) -> object:
    """A tensor without memory like the one that the node gives; Dynamo and export differ."""
    return node.meta.get("example_value", node.meta.get("val"))


def _node(node: fx.Node) -> CapturedNode:
    shape, dtype = _shape_and_dtype(_example(node))
    return CapturedNode(
        name=node.name,
        operation=_operation(node),
        inputs=tuple(dict.fromkeys(each.name for each in node.all_input_nodes)),
        shape=shape,
        dtype=dtype,
        module=_module(node),
        frames=_frames(node),
    )


def _operation(node: fx.Node) -> str:
    kinds = {"placeholder": "input", "output": "output", "get_attr": "constant"}
    if node.op in kinds:
        return kinds[node.op]
    if isinstance(node.target, str):
        return node.target
    name = getattr(node.target, "_opname", None) or getattr(node.target, "__name__", "")
    return str(name or node.target)


def _shape_and_dtype(value: object) -> tuple[tuple[int | str, ...] | None, str | None]:
    if not isinstance(value, Tensor):
        return None, None
    return _axes(value.shape), str(value.dtype).removeprefix("torch.")


def _axes(shape: Sequence[Any]) -> tuple[int | str, ...]:
    """Elements per axis; a text for an axis whose length the graph leaves open."""
    return tuple(axis if type(axis) is int else str(axis) for axis in shape)


def _module(node: fx.Node) -> str:
    """The innermost module, by the path that the user would write."""
    stack = node.meta.get("nn_module_stack") or {}
    paths = [path for path, _ in stack.values()]
    return _as_written(str(paths[-1])) if paths else ""


def _frames(node: fx.Node) -> tuple[Frame, ...]:
    text = node.meta.get("stack_trace") or ""
    return tuple(
        Frame(found["file"], int(found["line"]), found["name"]) for found in _FRAME.finditer(text)
    )


def _with_names_of_users(
    nodes: tuple[CapturedNode, ...], graph: fx.Graph, inputs: Sequence[str]
) -> tuple[CapturedNode, ...]:
    """Inputs under the names that the user gave them, ``x`` instead of ``l_x_``."""
    renamed: dict[str, str] = {}
    told = iter(inputs)
    for node in graph.nodes:
        name = ""
        if _is_input(node):
            name = next(told, "") or _as_written(compat.source_of_input(node) or "")
        elif node.op == "get_attr":
            name = str(node.target)
        if name and name not in renamed.values():
            renamed[node.name] = name
    for node in nodes:  # operations give way to inputs of their name
        if node.name in renamed.values() and node.name not in renamed:
            renamed[node.name] = f"{node.name}#2"
    rename: Callable[[str], str] = lambda name: renamed.get(name, name)  # noqa: E731
    return tuple(
        replace(node, name=rename(node.name), inputs=tuple(map(rename, node.inputs)))
        for node in nodes
    )


def _as_written(path: str) -> str:
    """``model[0].weight`` for ``L['model']._modules['0']._parameters['weight']``."""
    path = _GLOBAL.sub(r"\1", _PARAMETER_OF_CELL.sub(r"\1", path))
    return _MODULE_PARTS.sub(lambda m: f"[{m[1]}]" if m[1].isdigit() else f".{m[1]}", path)
