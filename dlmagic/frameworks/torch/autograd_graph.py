"""The graph that autograd keeps behind a tensor, read without changing it.

Everything is read from ``grad_fn`` and ``next_functions``, as PyTorch documents them; what is
not public is asked for in :mod:`dlmagic.frameworks.torch._compat`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.torch import _compat as compat

_FREED = "already been freed"  # by a backward pass, which is no mistake

SMALL = 8
"""Elements up to which a tensor's numbers are kept, and not only their statistics."""


@dataclass(frozen=True)
class Numbers:
    """What is known of the numbers in a tensor.

    Attributes:
        shape: Elements per axis.
        dtype: Such as ``"float32"``.
        values: The numbers themselves where they are few, as text; else an empty text.
        mean: Their mean, or None where it is not defined.
        largest: The largest absolute value, or None.
    """

    shape: tuple[int, ...]
    dtype: str
    values: str = ""
    mean: float | None = None
    largest: float | None = None


@dataclass
class BackwardNode:
    """One step of the backward pass.

    Attributes:
        name: Unique in the graph: the user's name of a leaf, else that of the operation.
        operation: What the forward pass did, such as ``"Mul"``; ``"leaf"`` where a gradient is
            kept; the class of a function of the user's own.
        inputs: Names of the nodes that its gradient goes to.
        shape: Of the tensor that it belongs to, or None where PyTorch does not tell.
        dtype: Likewise.
        value: The numbers of that tensor, where they were recorded.
        gradient: The numbers of its gradient, where they were recorded.
        saved_bytes: What it keeps for the backward pass; storages shared with others count once.
        frame: The line of the forward pass that made it, where that was recorded.
        is_custom: Whether it is a function of the user's own.
        problem: Why its backward pass would fail, or an empty text.
    """

    name: str
    operation: str
    inputs: tuple[str, ...] = ()
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    value: Numbers | None = None
    gradient: Numbers | None = None
    saved_bytes: int = 0
    frame: Frame | None = None
    is_custom: bool = False
    problem: str = ""


@dataclass
class Recorded:
    """What was noted of nodes while they were made, by the identity of the node.

    Attributes:
        nodes: The nodes themselves, which keeps their identities their own.
        frames: The line that made each.
        values: The numbers of its result.
        gradients: The numbers of its gradient.
    """

    nodes: dict[int, Any] = field(default_factory=dict)
    frames: dict[int, Frame] = field(default_factory=dict)
    values: dict[int, Numbers] = field(default_factory=dict)
    gradients: dict[int, Numbers] = field(default_factory=dict)


def numbers_of(tensor: Tensor) -> Numbers:
    """The numbers of a tensor, or their statistics; it is copied to the CPU only if it is small."""
    with torch.no_grad():
        plain = tensor.detach()
        shape, dtype = tuple(plain.shape), str(plain.dtype).removeprefix("torch.")
        if plain.numel() == 0 or plain.layout is not torch.strided:
            return Numbers(shape, dtype)
        values = _written(plain) if plain.numel() <= SMALL else ""
        if not (plain.is_floating_point() or plain.dtype in (torch.int64, torch.int32)):
            return Numbers(shape, dtype, values)
        wide = plain.to(torch.float64) if plain.device.type != "mps" else plain.float()
        return Numbers(shape, dtype, values, float(wide.mean()), float(wide.abs().max()))


def _written(tensor: Tensor) -> str:
    if tensor.ndim == 0:
        return f"{tensor.item():.4g}" if tensor.is_floating_point() else str(tensor.item())
    numbers = tensor.tolist()
    return _list(numbers) if tensor.is_floating_point() else str(numbers)


def _list(numbers: Any) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(map(_list, numbers))}]"
    return f"{numbers:.4g}"


def read_graph(
    target: Tensor, names: Mapping[int, str], recorded: Recorded | None = None
) -> list[BackwardNode]:
    """Every node behind a tensor, those that lead to others first.

    Args:
        target: A tensor with a graph.
        names: What the user calls tensors, by the identity of the tensor.
        recorded: What was noted while the graph was made.
    """
    return _Walk(names, recorded or Recorded()).read(target.grad_fn)


def leaves_of(target: Tensor) -> list[Tensor]:
    """The leaves that a gradient of this tensor reaches."""
    variables = (compat.variable_of(node) for node in _in_order(target.grad_fn))
    return [each for each in variables if each is not None and each.requires_grad]


class _Walk:
    """One walk from the target down to the leaves."""

    def __init__(self, names: Mapping[int, str], recorded: Recorded) -> None:
        self._user_names = names
        self._recorded = recorded
        self._names: dict[int, str] = {}
        self._used: dict[str, int] = {}
        self._storages: set[int] = set()

    def read(self, root: Any) -> list[BackwardNode]:
        order = list(_in_order(root))
        for node in order:
            self._names[id(node)] = self._unique(self._name(node))
        nodes = [self._node(node) for node in order]
        _inherit_lines(nodes)
        return nodes

    def _name(self, node: Any) -> str:
        variable = compat.variable_of(node)
        if variable is not None:
            return self._user_names.get(id(variable), "leaf")
        return _operation(node)

    def _unique(self, name: str) -> str:
        count = self._used.get(name, 0)
        self._used[name] = count + 1
        return f"{name}#{count + 1}" if count else name

    def _node(self, node: Any) -> BackwardNode:
        variable = compat.variable_of(node)
        key = id(node)
        found = BackwardNode(
            name=self._names[key],
            operation="leaf" if variable is not None else _operation(node),
            inputs=tuple(self._names[id(child)] for child, _ in node.next_functions if child),
            frame=self._recorded.frames.get(key),
            value=self._recorded.values.get(key),
            gradient=self._recorded.gradients.get(key),
            is_custom=compat.is_custom_function(node),
        )
        if variable is not None:
            found.value = numbers_of(variable)
            found.gradient = self._recorded.gradients.get(id(variable), found.gradient)
            if found.gradient is None and variable.grad is not None:
                found.gradient = numbers_of(variable.grad)
            found.shape, found.dtype = found.value.shape, found.value.dtype
        else:
            found.shape, found.dtype = compat.result_of_node(node)
            found.saved_bytes, found.problem = self._saved(node)
        return found

    def _saved(self, node: Any) -> tuple[int, str]:
        """Bytes that a node keeps, and why it could not use them."""
        total = 0
        try:
            for tensor in compat.saved_tensors(node):
                place = tensor.untyped_storage()
                if place.data_ptr() not in self._storages:
                    self._storages.add(place.data_ptr())
                    total += place.nbytes()
        except RuntimeError as error:
            text = str(error).partition("\n")[0]
            return total, "" if _FREED in text else text
        return total, ""


def _in_order(root: Any) -> Iterator[Any]:
    """All nodes, each after those that its gradient goes to: the forward order."""
    done: set[int] = set()
    waiting: list[tuple[Any, bool]] = [(root, False)]
    while waiting:
        node, ready = waiting.pop()
        if node is None or id(node) in done:
            continue
        if ready:
            done.add(id(node))
            yield node
            continue
        waiting.append((node, True))
        waiting += [(child, False) for child, _ in reversed(node.next_functions)]


def _operation(node: Any) -> str:
    """``"Mul"`` for ``MulBackward0``; the user's own class for a custom function."""
    name = str(node.name()).rpartition("::")[2]
    return name.partition("Backward")[0] or name


def _inherit_lines(nodes: list[BackwardNode]) -> None:
    """One call may make several nodes; those inside it have the line of the last."""
    lines: dict[str, Frame] = {}
    for node in reversed(nodes):
        if node.frame is None and node.operation != "leaf":
            node.frame = lines.get(node.name)
        if node.frame is not None:
            for name in node.inputs:
                lines.setdefault(name, node.frame)
