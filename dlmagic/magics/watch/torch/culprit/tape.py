"""The graph of a forward pass, and a backward pass along it with a look at every gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.culprit.numbers import Numbers, Range, is_finite, numbers_of
from dlmagic.magics.watch.torch.culprit.origin import LayerCall, Origin, first

Node = Any


@dataclass(frozen=True)
class Owner:
    """What made a node of the graph.

    Attributes:
        call: The call of the layer.
        operation: The operation, in PyTorch's words.
        inputs: Between which values its inputs lay.
        origin: Where values come from that were not finite in it; None where all were.
    """

    call: LayerCall
    operation: str = ""
    inputs: Range | None = None
    origin: Origin | None = None


class Tape:
    """The nodes of the graph, with who made them."""

    def __init__(self) -> None:
        self._owners: dict[Node, Owner] = {}
        self._arrived: dict[Node, list[Origin]] = {}
        self._time = 0

    def claim(self, tensors: Iterable[Tensor], owner: Owner) -> None:
        """What leads to these tensors, and nobody has made so far, is the owner's."""
        waiting = [each.grad_fn for each in tensors]
        while waiting:
            node = waiting.pop()
            if node is None or node in self._owners or compat.variable_of(node) is not None:
                continue
            self._owners[node] = owner
            waiting += [following for following, _ in node.next_functions]

    def run(self, outputs: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Origin]:
        """Go back from the outputs, with the gradients that reached them.

        Returns:
            Where the gradients of leaves come from that are not finite.
        """
        leaves = list(self._leaves())
        if not leaves:
            return []
        with ExitStack() as stack:
            for node in self._owners:
                handle = node.register_hook(partial(self._passed, node))
                stack.callback(handle.remove)
            wanted = [variable for _, variable in leaves]
            torch.autograd.grad(outputs, wanted, gradients, allow_unused=True)
        return [each for node, _ in leaves for each in self._arrived.get(node, ())]

    def behind(self, tensor: Tensor) -> set[Node]:
        """All nodes that a tensor's gradient passes."""
        found: set[Node] = set()
        waiting = [tensor.grad_fn]
        while waiting:
            node = waiting.pop()
            if node is not None and node not in found:
                found.add(node)
                waiting += [following for following, _ in node.next_functions]
        return found

    def forget(self) -> None:
        """Keep no graph any more."""
        self._owners.clear()
        self._arrived.clear()

    def _leaves(self) -> Iterator[tuple[Node, Tensor]]:
        seen: set[Node] = set()
        for node in self._owners:
            for following, _ in node.next_functions:
                variable = compat.variable_of(following)
                if variable is not None and following not in seen:
                    seen.add(following)
                    yield following, variable

    def _passed(self, node: Node, inputs: Sequence[Any], _outputs: object) -> None:
        """A node has run; autograd calls the gradients of its inputs ``inputs``."""
        self._time += 1
        bad = [(each, numbers) for each in inputs if (numbers := _bad(each)) is not None]
        if not bad:
            return
        origin = first(self._arrived.get(node, ()))
        if origin is None:
            origin = self._made_by(node, bad[0][1])
        for (following, _), gradient in zip(node.next_functions, inputs, strict=False):
            if following is not None and not is_finite(gradient):
                self._arrived.setdefault(following, []).append(origin)

    def _made_by(self, node: Node, numbers: Numbers) -> Origin:
        owner = self._owners[node]
        if owner.origin is not None and not owner.origin.deliberate:
            return owner.origin
        operation = owner.operation or node.name().removesuffix("Backward0").lower()
        return Origin(self._time, "backward", numbers, owner.call, operation, owner.inputs)


def _bad(gradient: object) -> Numbers | None:
    found = numbers_of(gradient)
    return None if found is None or found.are_finite else found
