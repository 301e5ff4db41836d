"""Where the values that are looked at in one step are copied to, row by row."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dlmagic.magics.watch.pieces import Pieces
from dlmagic.magics.watch.torch.positions import PHASES, in_storage_order, positions
from dlmagic.magics.watch.torch.statistics import Measured, measure
from dlmagic.magics.watch.torch.transfer import OnItsWay

LARGEST_PART = 1 << 20
"""Of larger tensors the statistics of all values are taken in parts, to need little memory."""

MOST_PLACES = 20_000
"""So many places are remembered at most."""

FEWEST = 16
"""So many values at least are looked at, however often a layer runs."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where the values of one owner go.

    Attributes:
        owner: Number of the row of the sample that they belong to.
        shape: Of the tensor.
        call: Which look at the owner it is.
        total: How many values the tensor has.
        pool: Where they go.
        chosen: Which of them, for each phase; empty for all.
    """

    owner: int
    shape: torch.Size
    call: int
    total: int
    pool: Pool
    chosen: tuple[Tensor, ...]


@dataclass(eq=False)
class Block:
    """Rows of a pool that lie together, of which some are in use."""

    values: Tensor
    rows: list[Tensor]
    used: int = 0


class Pool:
    """Rows of equal width on one device, used again for every sample.

    Attributes:
        width: Values in a row.
        device: Where they are.
        places: Where the values of the rows in use came from.
        idle: Samples in which it has not been used.
    """

    def __init__(self, width: int, device: torch.device) -> None:
        self.width, self.device = width, device
        self._blocks = [self._block(8)]
        self.places: list[Place] = []
        self.idle = 0

    def row(self, place: Place) -> Tensor:
        """The next free row."""
        block = self._blocks[-1]
        if block.used == len(block.rows):
            block = self._block(2 * block.used)
            self._blocks.append(block)
        self.places.append(place)
        block.used += 1
        return block.rows[block.used - 1]

    def several(self, places: list[Place]) -> Tensor:
        """As many free rows that lie together."""
        block, count = self._blocks[-1], len(places)
        if block.used + count > len(block.rows):
            block = self._block(max(count, 2 * len(block.rows)))
            self._blocks.append(block)
        self.places.extend(places)
        block.used += count
        return block.values[block.used - count : block.used]

    def finish(self) -> UnderWay:
        """Statistics of the rows in use."""
        found = [measure(each.values[: each.used]) for each in self._blocks if each.used]
        owners, totals = zip(*((each.owner, each.total) for each in self.places), strict=True)
        return UnderWay(list(owners), list(totals), [self.width] * len(owners), found)

    def clear(self) -> None:
        """Take all rows as free."""
        self.idle = 0 if self.places else self.idle + 1
        if len(self._blocks) > 1:
            self._blocks = [self._block(sum(len(each.rows) for each in self._blocks))]
        self.places, self._blocks[0].used = [], 0

    def _block(self, rows: int) -> Block:
        values = torch.empty(rows, self.width, dtype=torch.float32, device=self.device)
        return Block(values, list(values.unbind(0)))


class Pools:
    """The values, or statistics of all values, of whatever is added during a step.

    Attributes:
        wanted: How many values of a tensor are looked at.
        exact: Whether all are, whatever their number.
    """

    def __init__(self, *, exact: bool) -> None:
        self.wanted = 4096
        self.exact = exact
        self._pools: dict[tuple[torch.device, int], Pool] = {}
        self._places: dict[tuple[int, int], Place] = {}
        self._exactly: dict[torch.device, list[tuple[int, int, Measured]]] = {}

    def add(self, owner: int, tensor: Tensor, phase: int, call: int = 1) -> None:
        """Look at a tensor, which need not outlive this call.

        Args:
            owner: Number of the row that it belongs to.
            tensor: Without its graph.
            phase: Number of the sample.
            call: How often the owner has been looked at, from 1. Later ones are looked at less.
        """
        if self.exact:
            self._add_exactly(owner, tensor)
            return
        place = self.place(owner, tensor, call)
        row = place.pool.row(place)
        if not place.chosen:
            row.copy_(in_storage_order(tensor))
            return
        chosen = place.chosen[phase % PHASES]
        if tensor.dtype is torch.float32 and tensor.is_contiguous():
            torch.take(tensor, chosen, out=row)  # needs no view, which would cost as much again
        else:
            row.copy_(in_storage_order(tensor).index_select(0, chosen))

    def place(self, owner: int, tensor: Tensor, call: int) -> Place:
        """Where a tensor's values go."""
        place = self._places.get((owner, call))
        if place is None or place.shape != tensor.shape or place.pool.device != tensor.device:
            place = self._place(owner, tensor, call)
        return place

    def _place(self, owner: int, tensor: Tensor, call: int) -> Place:
        total, wanted = tensor.numel(), max(FEWEST, self.wanted >> (call.bit_length() - 1))
        device = tensor.device
        pool = self._pools.get((device, min(total, wanted)))
        if pool is None:
            pool = self._pools[device, min(total, wanted)] = Pool(min(total, wanted), device)
        phases = range(PHASES) if total > wanted else ()
        chosen = tuple(positions(total, wanted, phase, device) for phase in phases)
        place = Place(owner, tensor.shape, call, total, pool, chosen)
        if len(self._places) > MOST_PLACES:
            self._places = {}
        self._places[owner, call] = place
        return place

    def finish(self) -> list[UnderWay]:
        """Take the statistics of what was added, and free it."""
        found = [pool.finish() for pool in self._pools.values() if pool.places]
        for parts in filter(None, self._exactly.values()):
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
                self._places = {}

    def drop(self, owners: Collection[int]) -> None:
        """Forget all that was looked at of some owners in this step; where all values are."""
        for device, parts in self._exactly.items():
            self._exactly[device] = [each for each in parts if each[0] not in owners]

    def _add_exactly(self, owner: int, tensor: Tensor) -> None:
        parts = self._exactly.setdefault(tensor.device, [])
        for part in in_storage_order(tensor).split(LARGEST_PART):
            values = part.to(torch.float32).contiguous()[None]
            parts.append((owner, part.numel(), measure(values, exact=True)))


class UnderWay:
    """Statistics on their way to the host.

    Args:
        owners: Number of the row of the sample that each row belongs to.
        totals: How many values there are.
        seen: How many of them were looked at.
        measured: The statistics.
        among: Rows of the statistics that count; None for all.
    """

    def __init__(
        self,
        owners: list[int],
        totals: list[int],
        seen: list[int],
        measured: list[Measured],
        among: list[int] | None = None,
    ) -> None:
        self._counts, self._among = (owners, totals, seen), among
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
        if self._among is not None:
            moments, histograms = moments[self._among], histograms[self._among]
        return Pieces(
            np.array(owners, np.int64),
            np.array(totals, np.float64),
            np.array(seen, np.float64),
            moments.astype(np.float64),
            histograms.astype(np.int64),
        )
