"""Small tensors are noted as they come by, and copied together soon after.

To copy hundreds of small tensors one by one costs more than to copy them all at once. But what is
noted must not change before it is copied, as by a layer that works in place. So a tensor is copied
at once until it has been seen to stay as it is; from then on it is noted, and left out of the
sample should it have changed after all.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.plan import Target
from dlmagic.magics.watch.torch.pools import Place, Pools
from dlmagic.magics.watch.torch.positions import PHASES
from dlmagic.magics.watch.torch.units import Units

LARGEST = 1 << 16
"""Larger tensors are copied at once."""

MOST_VALUES = 1 << 22
"""When so many values are noted they are copied, to keep little memory from being freed."""


class Noted(NamedTuple):
    """A tensor that came by.

    Attributes:
        owner: Number of the row that it belongs to.
        call: How often that has been looked at.
        tensor: The tensor, without its graph.
        version: How often it had been changed in place.
        target: The layer, where it is to be seen which units were active.
        copied: Whether it has been copied already.
    """

    owner: int
    call: int
    tensor: Tensor
    version: int | None
    target: Target | None
    copied: bool


class Noting:
    """The outputs of layers, in one measured step after the other."""

    def __init__(self, pools: Pools, units: Units) -> None:
        self._pools, self._units = pools, units
        self._noted: list[Noted] = []
        self._values = 0
        self._calm: set[int] = set()
        self._memory: dict[torch.device, Tensor] = {}

    def note(
        self, owner: int, tensor: Tensor, phase: int, call: int, target: Target | None = None
    ) -> None:
        """Look at a tensor, now or soon.

        Args:
            owner: Number of the row that it belongs to.
            tensor: Without its graph.
            phase: Number of the sample.
            call: How often the owner has been looked at, from 1.
            target: The layer, if it is to be seen which of its units are active.
        """
        calm = owner in self._calm
        values = tensor.numel()
        if not calm or values > LARGEST:
            self._pools.add(owner, tensor, phase, call)
            if target is not None:
                self._units.add(target, tensor)
            if values > LARGEST or self._pools.exact:
                return
        version = compat.version_of(tensor)
        self._noted.append(Noted(owner, call, tensor, version, target, not calm))
        self._values += values
        if self._values > MOST_VALUES:
            self.copy(phase)

    def copy(self, phase: int) -> None:
        """Copy what has been noted."""
        noted, self._noted, self._values = self._noted, [], 0
        groups: dict[tuple[object, ...], list[Noted]] = {}
        changed = set()
        for each in noted:
            if compat.version_of(each.tensor) != each.version:
                changed.add(each.owner)
            elif each.copied:
                self._calm.add(each.owner)
            else:
                key = each.tensor.shape, each.tensor.device, each.target is None
                groups.setdefault(key, []).append(each)
        self._calm -= changed
        for group in groups.values():
            self._copy_together(group, phase)

    def _copy_together(self, group: list[Noted], phase: int) -> None:
        pools: dict[int, list[tuple[Noted, Place]]] = {}
        for each in group:
            place = self._pools.place(each.owner, each.tensor, each.call)
            pools.setdefault(place.pool.width, []).append((each, place))
        for pairs in pools.values():
            self._into_one_pool([each for each, _ in pairs], [place for _, place in pairs], phase)

    def _into_one_pool(self, group: list[Noted], places: list[Place], phase: int) -> None:
        count, first = len(group), places[0]
        rows = first.pool.several(places)
        chosen, whole = first.chosen, rows
        if chosen:
            whole = self._scratch(count, first.total, rows.device)
        shaped = whole.view(count, *first.shape)
        compat.copy_all(list(shaped.unbind(0)), [each.tensor for each in group])
        if chosen:
            torch.index_select(whole, 1, chosen[phase % PHASES], out=rows)
        targets = [each.target for each in group if each.target is not None]
        if targets:
            self._units.add_together(targets, shaped)

    def _scratch(self, rows: int, width: int, device: torch.device) -> Tensor:
        """Memory for so many values, the same as long as no more are needed."""
        known = self._memory.get(device)
        if known is None or known.numel() < rows * width:
            known = self._memory[device] = torch.empty(rows * width, device=device)
        return known[: rows * width].view(rows, width)

    def forget(self) -> None:
        """Forget what has been noted."""
        self._noted, self._values = [], 0
