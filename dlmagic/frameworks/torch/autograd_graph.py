"""The graph that autograd keeps behind a tensor, read without changing it.

Everything is read from ``grad_fn`` and ``next_functions``, as PyTorch documents them; what is
not public is asked for in :mod:`dlmagic.frameworks.torch._compat`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from dlmagic.frameworks.backward import SMALL, BackwardNode, Numbers, Unique, written
from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.torch import _compat as compat

_FREED = "already been freed"  # by a backward pass, which is no mistake
_MOST_NODES = 10_000


@dataclass
class Recorded:
    """What was noted of nodes while they were made, by the identity of the node.

    Attributes:
        nodes: The nodes themselves, which keeps their identities their own.
        frames: The code that made each.
        values: The numbers of its result.
        gradients: The numbers of its gradient.
        passes: The backward pass that each gradient comes from.
    """

    nodes: dict[int, Any] = field(default_factory=dict)
    frames: dict[int, tuple[Frame, ...]] = field(default_factory=dict)
    values: dict[int, Numbers] = field(default_factory=dict)
    gradients: dict[int, Numbers] = field(default_factory=dict)
    passes: dict[int, int] = field(default_factory=dict)

    def keep_pass_through(self, node: Any) -> bool:
        """Forget gradients of other passes than the last that came to a node; whether one did."""
        wanted = self.passes.get(id(node))
        others = [key for key in self.gradients if wanted is None or self.passes[key] != wanted]
        for key in others:
            del self.gradients[key]
        return wanted is not None


def numbers_of(tensor: Tensor) -> Numbers:
    """The numbers of a tensor, or their statistics; it is copied to the CPU only if it is small."""
    with torch.no_grad():
        plain = tensor.detach()
        shape, dtype = tuple(plain.shape), str(plain.dtype).removeprefix("torch.")
        if plain.numel() == 0 or plain.layout is not torch.strided:
            return Numbers(shape, dtype)
        values = written(plain.tolist()) if plain.numel() <= SMALL else ""
        if not (plain.is_floating_point() or plain.dtype in (torch.int64, torch.int32)):
            return Numbers(shape, dtype, values)
        wide = plain.to(torch.float64) if plain.device.type != "mps" else plain.float()
        return Numbers(shape, dtype, values, float(wide.mean()), float(wide.abs().max()))


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


def is_freed(target: Tensor) -> bool:
    """Whether a backward pass has freed what an operation behind a tensor kept for it."""
    return any(map(_has_nothing, islice(_in_order(target.grad_fn), _MOST_NODES)))


def _has_nothing(node: Any) -> bool:
    try:
        compat.saved_tensors(node)
    except RuntimeError as error:
        return _FREED in str(error)
    return False


class _Walk:
    """One walk from the target down to the leaves."""

    def __init__(self, names: Mapping[int, str], recorded: Recorded) -> None:
        self._user_names = names
        self._recorded = recorded
        self._names: dict[int, str] = {}
        self._unique = Unique()
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

    def _node(self, node: Any) -> BackwardNode:
        variable = compat.variable_of(node)
        key = id(node)
        found = BackwardNode(
            name=self._names[key],
            operation="leaf" if variable is not None else _operation(node),
            inputs=tuple(self._names[id(child)] for child, _ in node.next_functions if child),
            frames=self._recorded.frames.get(key, ()),
            value=self._recorded.values.get(key),
            gradient=self._recorded.gradients.get(key),
            is_custom=compat.is_custom_function(node),
        )
        if variable is not None:
            found.value = numbers_of(variable)
            found.gradient = self._recorded.gradients.get(id(variable), found.gradient)
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
    lines: dict[str, tuple[Frame, ...]] = {}
    for node in reversed(nodes):
        if not node.frames and node.operation != "leaf":
            node.frames = lines.get(node.name, ())
        if node.frames:
            for name in node.inputs:
                lines.setdefault(name, node.frames)
