"""Parameters, their gradients, and by how much a step changes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.pools import Pools, UnderWay
from dlmagic.magics.watch.torch.positions import in_storage_order, positions
from dlmagic.magics.watch.torch.statistics import measure
from dlmagic.magics.watch.torch.values import here, local, unreadable

COPIED_WHOLE = 8
"""A tensor of up to so many times the values wanted is copied whole on its way to a selection."""

_GRADIENT, _WEIGHT, _UPDATE = range(3)


@dataclass(frozen=True)
class Watched:
    """A parameter, and the numbers of its rows.

    Attributes:
        parameter: The parameter.
        gradient: Row of its gradient.
        weight: Row of itself.
        update: Row of what a step changes.
    """

    parameter: nn.Parameter
    gradient: int
    weight: int
    update: int

    @property
    def rows(self) -> tuple[int, int, int]:
        """All three, in this order."""
        return self.gradient, self.weight, self.update


class Parameters:
    """What is looked at of parameters in a measured step."""

    def __init__(self, watched: Iterable[Watched], pools: Pools, *, exact: bool) -> None:
        self._pools, self._exact = pools, exact
        self._watched = [each for each in watched if unreadable(each.parameter) is None]
        groups: dict[tuple[object, ...], list[Watched]] = {}
        for each in self._watched:
            tensor = local(each.parameter)
            groups.setdefault((tensor.shape, tensor.device), []).append(each)
        self._groups = [] if exact else [Group(each, pools.wanted) for each in groups.values()]
        self._before: dict[int, Tensor] = {}

    def before(self, phase: int) -> None:
        """Look at the weights, before any optimiser changes them."""
        if self._exact:
            for each in self._watched:
                self._before[each.weight] = local(each.parameter).clone()
                self._pools.add(each.weight, self._before[each.weight], phase)
        for group in self._groups:
            group.read(
                _WEIGHT, group.watched, [here(each.parameter) for each in group.watched], phase
            )

    def gradients(self, owned: Collection[int], scale: Tensor | None, phase: int) -> set[int]:
        """Look at the gradients of parameters; returns the identities of those that have any.

        Args:
            owned: Whose gradients are complete.
            scale: What they are to be divided by.
            phase: Number of the sample.
        """
        found: set[int] = set()
        for group in self._groups:
            ready = group.among(each for each in group.watched if _has_gradient(each, owned))
            group.read(_GRADIENT, ready, [here(_gradient(each)) for each in ready], phase)
            group.divide(ready, scale)
            found.update(id(each.parameter) for each in ready)
        exactly = [each for each in self._watched if self._exact and _has_gradient(each, owned)]
        # What a backward pass has left is looked at again when an optimiser is about to use it.
        self._pools.drop({each.gradient for each in exactly})
        for each in exactly:
            found.add(id(each.parameter))
            gradient = local(_gradient(each))
            divided = gradient if scale is None else gradient / scale.to(gradient.device)
            self._pools.add(each.gradient, divided, phase)
        return found

    def after(self, owned: Collection[int], phase: int) -> None:
        """Look at what has changed of them."""
        for group in self._groups:
            changed = group.among(each for each in group.watched if id(each.parameter) in owned)
            group.read(_UPDATE, changed, [here(each.parameter) for each in changed], phase)
        for each in self._watched if self._exact else ():
            before = self._before.pop(each.weight, None)
            if before is not None and id(each.parameter) in owned:
                self._pools.add(each.update, local(each.parameter) - before, phase)

    def finish(self) -> Iterator[UnderWay]:
        """Take the statistics."""
        yield from (found for group in self._groups if (found := group.finish()) is not None)
        self.clear()

    def clear(self) -> None:
        """Forget what was looked at."""
        self._before = {}
        for group in self._groups:
            group.present.clear()


def _gradient(watched: Watched) -> Tensor:
    gradient = watched.parameter.grad
    assert gradient is not None
    return gradient


def _has_gradient(watched: Watched, owned: Collection[int]) -> bool:
    gradient = watched.parameter.grad
    if gradient is None or id(watched.parameter) not in owned:
        return False
    return gradient.layout is torch.strided and gradient.numel() > 0


class Group:
    """Parameters of one shape on one device, which are read together.

    Attributes:
        watched: Which they are.
        present: Numbers of the rows that have been read in this step.
    """

    def __init__(self, watched: list[Watched], wanted: int) -> None:
        self.watched = watched
        self.present: set[int] = set()
        first = local(watched[0].parameter)
        self._total, self._width = first.numel(), min(first.numel(), wanted)
        count = len(watched)
        self._values = torch.zeros(3, count, self._width, device=first.device)
        self._places = {id(each.parameter): place for place, each in enumerate(watched)}
        self._all = list(range(count))
        self._owners = [{each.rows[quantity] for each in watched} for quantity in range(3)]
        self._whole: Tensor | None = None
        self._shaped: list[list[Tensor]] = []
        if self._total == self._width:
            self._shaped = [list(each.view(count, *first.shape).unbind(0)) for each in self._values]
        elif self._total <= COPIED_WHOLE * wanted:
            self._whole = torch.empty(count, self._total, device=first.device)
            self._shaped = [list(self._whole.view(count, *first.shape).unbind(0))] * 3

    def read(
        self, quantity: int, watched: list[Watched], tensors: list[Tensor], phase: int
    ) -> None:
        """Copy the values that are looked at."""
        if not watched:
            return
        self.present |= (
            self._owners[quantity]
            if watched is self.watched
            else {each.rows[quantity] for each in watched}
        )
        places = self._all if watched is self.watched else self._places_of(watched)
        if self._shaped:
            shaped = self._shaped[quantity]
            compat.copy_all([shaped[place] for place in places], tensors)
            self._select(quantity, places, phase)
        else:
            chosen = positions(self._total, self._width, phase, self._values.device)
            for place, tensor in zip(places, tensors, strict=True):
                # Gradients may lie otherwise than their weights, but both are read alike.
                flat = tensor.reshape(-1) if quantity == _GRADIENT else in_storage_order(tensor)
                self._put(quantity, place, flat.index_select(0, chosen))
        if quantity == _UPDATE and self._shaped and self._whole is None:
            for run in self._runs(places):
                self._values[_UPDATE, run] -= self._values[_WEIGHT, run]

    def among(self, watched: Iterable[Watched]) -> list[Watched]:
        """Some of its parameters as a list: its own if they are all."""
        some = list(watched)
        return self.watched if len(some) == len(self.watched) else some

    def _places_of(self, watched: list[Watched]) -> list[int]:
        return [self._places[id(each.parameter)] for each in watched]

    def _select(self, quantity: int, places: list[int], phase: int) -> None:
        if self._whole is None:
            return
        chosen = positions(self._total, self._width, phase, self._values.device)
        for run in self._runs(places):
            found = self._whole[run].index_select(1, chosen)
            if quantity == _UPDATE:
                found -= self._values[_WEIGHT, run]
            self._values[quantity, run] = found

    def _put(self, quantity: int, place: int, found: Tensor) -> None:
        self._values[quantity, place] = found
        if quantity == _UPDATE:
            self._values[_UPDATE, place] -= self._values[_WEIGHT, place]

    def _runs(self, places: list[int]) -> list[slice]:
        """Places as slices: nearly always one of all."""
        if len(places) == len(self.watched):
            return [slice(None)]
        return [slice(place, place + 1) for place in places]

    def divide(self, watched: list[Watched], scale: Tensor | None) -> None:
        """Divide the gradients that were read by a scale."""
        if scale is None or not watched:
            return
        for run in self._runs(self._all if watched is self.watched else self._places_of(watched)):
            self._values[_GRADIENT, run] /= scale.to(self._values.device)

    def finish(self) -> UnderWay | None:
        """Take the statistics of the rows that were read."""
        if not self.present:
            return None
        owners = [each.rows[quantity] for quantity in range(3) for each in self.watched]
        rows = [place for place, owner in enumerate(owners) if owner in self.present]
        values = self._values.view(-1, self._width)
        count = len(rows)
        return UnderWay(
            [owners[row] for row in rows],
            [self._total] * count,
            [self._width] * count,
            [measure(values)],
            None if count == len(owners) else rows,
        )
