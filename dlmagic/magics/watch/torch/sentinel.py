"""Sees at every step, and at next to no cost, whether gradients are finite.

What is not finite in a forward pass reaches the loss, and with it every gradient; what is not
finite from some layer of the backward pass on reaches the gradients of all layers before. So it is
enough to look at few of them: those of one-dimensional parameters, which are small. The last weight
is looked at too, because a loss that is linear in the outputs has gradients that do not show them.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable

import torch
from torch import Tensor, nn

from dlmagic.magics.watch.torch.transfer import OnItsWay
from dlmagic.magics.watch.torch.values import has_values, local

MOST_VALUES = 1 << 17
"""Gradients with more values than these in all are not looked at."""

MOST_PARAMETERS = 8
"""Nor more of them than these, evenly among all and the first one with them."""

_NARROW = (torch.float16, torch.bfloat16)
"""Sums of these may be infinite where no value is."""


class Sentinel:
    """Looks at the gradients of each step.

    Attributes:
        was_finite: Whether those that were told of last were finite.
        waits: Whether a device tells only later.
        under_way: Steps with sums that are to be told of; none for what is known to be finite.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self._watched = list(_few_of([each for each in parameters if has_values(each)]))
        self.waits = any(each.device.type != "cpu" for each in self._watched)
        self.was_finite = self._all = True
        self._asked: Collection[int] | None = None
        self.under_way: deque[tuple[int, float | OnItsWay]] = deque()

    def look(self, step: int, owned: Collection[int], skips: Tensor | None) -> None:
        """Look at the gradients that an optimiser is about to use.

        Args:
            step: Number of the step.
            owned: Identities of the optimiser's parameters.
            skips: Not zero where the optimiser will leave this step out.
        """
        watched = self._watched
        if not self._covered(owned):
            watched = [each for each in watched if id(each) in owned]
        gradients = [each.grad for each in watched if each.grad is not None]
        if gradients and skips is None and not self.waits:
            there = _total(gradients)
            if there is not None:
                self.was_finite = math.isfinite(there)
                if not self.was_finite:
                    self.under_way.append((step, there))
                return
        for total in _sums(gradients):
            told = total
            if skips is not None:  # an expected Inf, which changes nothing
                told = torch.where(skips.to(total.device) > 0, torch.zeros_like(total), total)
            near = told.device.type == "cpu"
            self.under_way.append((step, float(told) if near else OnItsWay([told])))

    def _covered(self, owned: Collection[int]) -> bool:
        """Whether an optimiser has all that is looked at; asked of the same one at every step."""
        if self._asked is not owned:
            self._asked = owned
            self._all = all(id(each) in owned for each in self._watched)
        return self._all

    def not_finite(self) -> int | None:
        """The step whose gradients were not finite, as far as the device has told.

        Called until it returns None or a step for which :meth:`look` was called last.
        """
        while self.under_way:
            step, way = self.under_way[0]
            if isinstance(way, OnItsWay):
                if not way.arrived():
                    return None
                way = float(way.arrays()[0])
            self.under_way.popleft()
            self.was_finite = math.isfinite(way)
            if not self.was_finite:
                return step
        return None


def _total(gradients: list[Tensor]) -> float | None:
    """Their sum, on a processor; None where some are not plain.

    One by one they take half the time that it takes to put them together. Values near the largest
    of their type may add up to an infinity, and are looked at once more.
    """
    total = 0.0
    for each in gradients:
        if type(each) is not Tensor or each.layout is not torch.strided:
            return None
        narrow = each.dtype in _NARROW
        total += (each.sum(dtype=torch.float32) if narrow else each.sum()).item()
    if math.isfinite(total) or not all(bool(each.isfinite().all()) for each in gradients):
        return total
    return 0.0


def _sums(gradients: list[Tensor]) -> list[Tensor]:
    """Sums that are finite if all of the gradients are: one for each device and type."""
    if not gradients:
        return []
    if all(type(each) is Tensor for each in gradients):
        try:
            flat = [each if each.dim() == 1 else each.reshape(-1) for each in gradients]
            return [_zero_if_finite(flat)]
        except (RuntimeError, NotImplementedError):  # they are not alike, or not dense
            pass
    groups: dict[tuple[torch.device, torch.dtype], list[Tensor]] = {}
    for each in gradients:
        if each.layout is torch.strided:
            here = local(each).reshape(-1)
            groups.setdefault((here.device, here.dtype), []).append(here)
    return [_zero_if_finite(group) for group in groups.values()]


def _zero_if_finite(gradients: list[Tensor]) -> Tensor:
    return torch.cat(gradients).mul_(0).sum(dtype=torch.float32)


def _few_of(parameters: list[nn.Parameter]) -> Iterable[nn.Parameter]:
    trained = [each for each in parameters if each.requires_grad and each.is_floating_point()]
    small = [each for each in trained if each.dim() <= 1]
    large = [each for each in trained if each.dim() > 1 and each.numel() <= MOST_VALUES // 2]
    small = small[:: math.ceil(len(small) / MOST_PARAMETERS) or 1]
    left = MOST_VALUES
    for each in (*large[-1:], *(small or sorted(large[:-1], key=lambda each: each.numel())[:8])):
        left -= each.numel()
        if left < 0:
            return
        yield each
