"""Parameters of one shape, which are read together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dlmagic.magics.watch.torch.pools import UnderWay
from dlmagic.magics.watch.torch.positions import positions
from dlmagic.magics.watch.torch.statistics import measure
from dlmagic.magics.watch.torch.together import Scratch, copy_chosen, copy_in_parts
from dlmagic.magics.watch.torch.values import here, local

COPIED_WHOLE = 1 << 14
"""Tensors of up to so many values are copied whole on their way to a selection."""

GRADIENT, WEIGHT, UPDATE = range(3)


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


class Group:
    """Parameters of one shape on one device, with their rows of values.

    Attributes:
        watched: Which they are.
        total: How many values each has.
        present: Numbers of the rows that have been read in this step.
    """

    def __init__(self, watched: Sequence[Watched], values: Tensor, scratch: Scratch) -> None:
        self.watched, self._scratch = watched, scratch
        self.present: set[int] = set()
        self._values = values
        self._rows = [list(each.unbind(0)) for each in values]
        self._parameters = [each.parameter for each in watched]
        self._plain = all(type(each) is nn.Parameter for each in self._parameters)
        self._numbers = [[each.rows[quantity] for each in watched] for quantity in range(3)]
        self.total = local(self._parameters[0]).numel()
        self._asked: Collection[int] | None = None
        self._all = True

    def weights(self, phase: int) -> None:
        """Look at the parameters themselves."""
        self._read(WEIGHT, self._here(), phase)

    def updates(self, owned: Collection[int], phase: int) -> None:
        """Look at what has changed of those that are owned."""
        for run in self._read(UPDATE, self._among(self._here(), owned), phase):
            self._values[UPDATE, run] -= self._values[WEIGHT, run]

    def gradients(self, owned: Collection[int], scale: Tensor | None, phase: int) -> Iterator[int]:
        """Look at gradients of those that are owned, divided by a scale; yields whose."""
        gradients = [_readable(each.grad) for each in self._parameters]
        for run in self._read(GRADIENT, self._among(gradients, owned), phase):
            if scale is not None:
                self._values[GRADIENT, run] /= scale.to(self._values.device)
            yield from map(id, self._parameters[run])

    def _here(self) -> list[Tensor]:
        return list(self._parameters) if self._plain else [local(each) for each in self._parameters]

    def _among(
        self, tensors: Sequence[Tensor | None], owned: Collection[int]
    ) -> Sequence[Tensor | None]:
        """Tensors of those that are owned; whether all are is asked once of each optimiser."""
        if self._asked is not owned:
            self._asked, self._all = owned, all(id(each) in owned for each in self._parameters)
        if self._all:
            return tensors
        pairs = zip(self._parameters, tensors, strict=True)
        return [tensor if id(each) in owned else None for each, tensor in pairs]

    def _read(self, quantity: int, tensors: Sequence[Tensor | None], phase: int) -> list[slice]:
        """Copy values of the tensors that there are; returns where they lie."""
        width = self._values.shape[2]
        chosen = None
        if self.total > width:
            chosen = positions(self.total, width, phase, self._values.device)
        runs = _runs(tensors)
        for run in runs:
            there = [each for each in tensors[run] if each is not None]
            if chosen is None or self.total <= COPIED_WHOLE:
                copy_in_parts(there, self._values[quantity, run], chosen, self._scratch)
            else:
                for row, tensor in zip(self._rows[quantity][run], there, strict=True):
                    copy_chosen(tensor, row, chosen)
            self.present.update(self._numbers[quantity][run])
        return runs


def _readable(gradient: Tensor | None) -> Tensor | None:
    if gradient is None or gradient.layout is not torch.strided:
        return None
    return here(gradient)


def _runs(tensors: Sequence[Tensor | None]) -> list[slice]:
    """Where there are tensors: nearly always everywhere."""
    if all(each is not None for each in tensors):
        return [slice(0, len(tensors))]
    places = {place for place, each in enumerate(tensors) if each is not None}
    starts = sorted(place for place in places if place - 1 not in places)
    ends = sorted(place + 1 for place in places if place + 1 not in places)
    return [slice(start, end) for start, end in zip(starts, ends, strict=True)]


class Block:
    """Groups whose rows are equally wide and on one device, so that they are measured together."""

    def __init__(self, groups: Sequence[Sequence[Watched]], width: int, *, exact: bool) -> None:
        device = local(groups[0][0].parameter).device
        shape = 3, sum(map(len, groups)), width
        self._values = torch.zeros(shape, dtype=torch.float32, device=device)
        self._exact, self.groups = exact, list[Group]()
        first, scratch = 0, Scratch()
        for watched in groups:
            last = first + len(watched)
            self.groups.append(Group(watched, self._values[:, first:last], scratch))
            first = last
        watched = [each for group in self.groups for each in group.watched]
        totals = [group.total for group in self.groups for _ in group.watched]
        self._owners = [each.rows[quantity] for quantity in range(3) for each in watched]
        self._totals = totals * 3

    def finish(self) -> UnderWay | None:
        """Take the statistics of the rows that have been read."""
        present = set[int]().union(*(group.present for group in self.groups))
        if not present:
            return None
        rows, owners, totals = None, self._owners, self._totals
        if len(present) < len(owners):
            rows = [row for row, owner in enumerate(owners) if owner in present]
            owners, totals = [owners[row] for row in rows], [totals[row] for row in rows]
        width = self._values.shape[2]
        measured = measure(self._values.view(-1, width), exact=self._exact)
        return UnderWay(owners, totals, [width] * len(owners), [measured], rows)

    def clear(self) -> None:
        """Forget what has been read."""
        for group in self.groups:
            group.present.clear()


def blocks_of(watched: Iterable[Watched], wanted: int, *, exact: bool) -> list[Block]:
    """Parameters by the width of their rows, their devices and their shapes."""
    found: dict[tuple[int, torch.device], dict[torch.Size, list[Watched]]] = {}
    for each in watched:
        tensor = local(each.parameter)
        width = tensor.numel() if exact else min(tensor.numel(), wanted)
        shapes = found.setdefault((width, tensor.device), {})
        shapes.setdefault(tensor.shape, []).append(each)
    return [
        Block(list(shapes.values()), width, exact=exact) for (width, _), shapes in found.items()
    ]
