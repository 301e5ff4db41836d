"""Parameters, their gradients, and by how much a step changes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import torch
from torch import Tensor

from dlmagic.magics.watch.torch.groups import Watched, blocks_of
from dlmagic.magics.watch.torch.pools import SMALL, Pools, UnderWay
from dlmagic.magics.watch.torch.values import local, unreadable


class Parameters:
    """What is looked at of parameters in a measured step.

    Args:
        watched: Which they are.
        pools: Where those go of which all values are looked at, and which are large.
        exact: Whether all values are looked at.
    """

    def __init__(self, watched: Iterable[Watched], pools: Pools, *, exact: bool) -> None:
        self._pools = pools
        readable = [each for each in watched if unreadable(each.parameter) is None]
        self._alone = [each for each in readable if exact and _is_read_alone(each)]
        alone = {each.weight for each in self._alone}
        grouped = [each for each in readable if each.weight not in alone]
        self._blocks = blocks_of(grouped, pools.wanted, exact=exact)
        self._groups = [group for block in self._blocks for group in block.groups]
        self._before: dict[int, Tensor] = {}

    def before(self, phase: int) -> None:
        """Look at the weights, before any optimiser changes them."""
        for group in self._groups:
            group.weights(phase)
        for each in self._alone:
            self._before[each.weight] = local(each.parameter).clone()
            self._pools.add_alone(each.weight, self._before[each.weight])

    def forget_weights(self) -> None:
        """The weights will be looked at once more."""
        self._pools.drop({each.weight for each in self._alone})

    def gradients(self, owned: Collection[int], scale: Tensor | None, phase: int) -> set[int]:
        """Look at the gradients of parameters; returns the identities of those that have any.

        Args:
            owned: Whose gradients are complete.
            scale: What they are to be divided by.
            phase: Number of the sample.
        """
        found: set[int] = set()
        for group in self._groups:
            found.update(group.gradients(owned, scale, phase))
        ready = [each for each in self._alone if _has_gradient(each, owned)]
        # What a backward pass has left is looked at again when an optimiser is about to use it.
        self._pools.drop({each.gradient for each in ready})
        for each in ready:
            found.add(id(each.parameter))
            gradient = local(_gradient(each))
            divided = gradient if scale is None else gradient / scale.to(gradient.device)
            self._pools.add_alone(each.gradient, divided)
        return found

    def after(self, owned: Collection[int], phase: int) -> None:
        """Look at what has changed of them."""
        for group in self._groups:
            group.updates(owned, phase)
        for each in self._alone:
            before = self._before.pop(each.weight, None)
            if before is not None and id(each.parameter) in owned:
                self._pools.add_alone(each.update, local(each.parameter) - before)

    def finish(self) -> Iterator[UnderWay]:
        """Take the statistics."""
        yield from (found for block in self._blocks if (found := block.finish()) is not None)
        self.clear()

    def clear(self) -> None:
        """Forget what was looked at."""
        self._before = {}
        for block in self._blocks:
            block.clear()


def _is_read_alone(watched: Watched) -> bool:
    """Whether a parameter is large, or of a type whose changes float32 does not hold."""
    return watched.parameter.numel() > SMALL or watched.parameter.dtype is torch.float64


def _gradient(watched: Watched) -> Tensor:
    gradient = watched.parameter.grad
    assert gradient is not None
    return gradient


def _has_gradient(watched: Watched, owned: Collection[int]) -> bool:
    gradient = watched.parameter.grad
    if gradient is None or id(watched.parameter) not in owned:
        return False
    return gradient.layout is torch.strided and gradient.numel() > 0
