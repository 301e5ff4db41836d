"""Where the values that are looked at in one step are copied to, row by row."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dlmagic.magics.watch.pieces import Pieces
from dlmagic.magics.watch.torch_positions import in_storage_order, positions
from dlmagic.magics.watch.torch_statistics import Measured, measure
from dlmagic.magics.watch.torch_transfer import OnItsWay

LARGEST_PART = 1 << 20
"""Of larger tensors the statistics of all values are taken in parts, to need little memory."""

FEWEST = 16
"""So many values at least are looked at, however often a layer runs."""


class Pool:
    """Rows of equal width on one device, used again for every sample."""

    def __init__(self, width: int, device: torch.device) -> None:
        self._width, self._device = width, device
        self._blocks: list[Tensor] = []
        self._rows: list[Tensor] = []
        self.owners: list[int] = []
        self.totals: list[int] = []
        self.idle = 0

    def row(self, owner: int, total: int) -> Tensor:
        """The next free row, which will hold values of ``owner``'s ``total``."""
        used = len(self.owners)
        if used == len(self._rows):
            self._grow(max(8, used))
        self.owners.append(owner)
        self.totals.append(total)
        return self._rows[used]

    def measured(self) -> list[Measured]:
        """Statistics of the rows in use, in their order."""
        left, found = len(self.owners), []
        for block in self._blocks:
            if left > 0:
                found.append(measure(block[: min(left, len(block))]))
            left -= len(block)
        return found

    def clear(self) -> None:
        """Take all rows as free."""
        self.idle = 0 if self.owners else self.idle + 1
        if len(self._blocks) > 1:
            rows, self._blocks, self._rows = len(self._rows), [], []
            self._grow(rows)
        self.owners, self.totals = [], []

    def _grow(self, rows: int) -> None:
        block = torch.empty(rows, self._width, dtype=torch.float32, device=self._device)
        self._blocks.append(block)
        self._rows.extend(block.unbind(0))

    @property
    def width(self) -> int:
        """Values in a row."""
        return self._width


class Pools:
    """The values, or statistics of all values, of whatever is added during a step."""

    def __init__(self, *, exact: bool) -> None:
        self.wanted = 4096
        self._exact = exact
        self._pools: dict[tuple[torch.device, int], Pool] = {}
        self._exactly: dict[torch.device, list[tuple[int, int, Measured]]] = {}

    def add(self, owner: int, tensor: Tensor, phase: int, call: int = 1) -> None:
        """Look at a tensor, which need not outlive this call.

        Args:
            owner: Number of the row that it belongs to.
            tensor: Without its graph.
            phase: Number of the sample.
            call: How often the owner has been looked at, from 1. Later ones are looked at less.
        """
        if self._exact:
            self._add_exactly(owner, tensor)
            return
        total, wanted = tensor.numel(), max(FEWEST, self.wanted >> (call.bit_length() - 1))
        if total <= wanted:
            self._pool(tensor.device, total).row(owner, total).copy_(in_storage_order(tensor))
            return
        row = self._pool(tensor.device, wanted).row(owner, total)
        places = positions(total, wanted, phase, tensor.device)
        flat = in_storage_order(tensor)
        if tensor.dtype is torch.float32:
            torch.index_select(flat, 0, places, out=row)
        else:
            row.copy_(flat.index_select(0, places))

    def finish(self) -> list[UnderWay]:
        """Take the statistics of what was added, and free it."""
        found = []
        for pool in self._pools.values():
            if pool.owners:
                seen = [pool.width] * len(pool.owners)
                found.append(UnderWay(pool.owners, pool.totals, seen, pool.measured()))
        for parts in self._exactly.values():
            owners, totals, measured = zip(*parts, strict=True)
            found.append(UnderWay(list(owners), list(totals), list(totals), list(measured)))
        self.clear()
        return found

    def clear(self) -> None:
        """Forget what was added."""
        self._exactly = {}
        for key, pool in list(self._pools.items()):
            pool.clear()
            if pool.idle > 4:
                del self._pools[key]

    def _pool(self, device: torch.device, width: int) -> Pool:
        pool = self._pools.get((device, width))
        if pool is None:
            pool = self._pools[device, width] = Pool(width, device)
        return pool

    def _add_exactly(self, owner: int, tensor: Tensor) -> None:
        parts = self._exactly.setdefault(tensor.device, [])
        for part in in_storage_order(tensor).split(LARGEST_PART):
            values = part.to(torch.float32).contiguous()[None]
            parts.append((owner, part.numel(), measure(values, exact=True)))


class UnderWay:
    """Statistics on their way to the host."""

    def __init__(
        self, owners: list[int], totals: list[int], seen: list[int], measured: list[Measured]
    ) -> None:
        self._counts = owners, totals, seen
        moments = torch.cat([each.moments for each in measured])
        histograms = torch.cat([each.histograms for each in measured])
        self._way = OnItsWay([moments, histograms])

    def arrived(self) -> bool:
        """Whether they are there."""
        return self._way.arrived()

    def pieces(self) -> Pieces:
        """What has arrived; waits for it."""
        owners, totals, seen = self._counts
        moments, histograms = self._way.arrays()
        return Pieces(
            np.array(owners, np.int64),
            np.array(totals, np.float64),
            np.array(seen, np.float64),
            moments.astype(np.float64),
            histograms.astype(np.int64),
        )
