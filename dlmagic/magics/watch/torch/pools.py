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
from dlmagic.magics.watch.torch.together import copy_chosen
from dlmagic.magics.watch.torch.transfer import OnItsWay

LARGEST_PART = 1 << 20
"""Of larger tensors the statistics of all values are taken in parts, to need little memory."""

MOST_KEPT = 1 << 21
"""Of more values than these in one pool the statistics are taken before the step has ended."""

SMALL = 1 << 16
"""Tensors of up to so many values are looked at together, also where all values are."""

MOST_KINDS = 20_000
"""So many kinds of tensors are remembered at most."""

FEWEST = 16
"""So many values at least are looked at, however often a layer runs."""


@dataclass(frozen=True, eq=False)
class Kind:
    """Tensors that are looked at alike.

    Attributes:
        total: How many values they have.
        pool: Where those go that are looked at.
        chosen: Which they are, for each phase; empty for all.
    """

    total: int
    pool: Pool
    chosen: tuple[Tensor, ...]

    def chosen_in(self, phase: int) -> Tensor | None:
        """Which values are looked at in a sample; None for all."""
        return self.chosen[phase % PHASES] if self.chosen else None


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
        owners: Numbers of the rows of the sample that the rows in use belong to.
        totals: How many values they stand for.
        idle: Samples in which it has not been used.
    """

    def __init__(self, width: int, device: torch.device, *, exact: bool) -> None:
        self.width, self.device, self._exact = width, device, exact
        self._blocks = [self._block(8)]
        self.owners: list[int] = []
        self.totals: list[int] = []
        self._measured: list[Measured] = []
        self.idle = 0

    def row(self, owner: int, total: int) -> Tensor:
        """The next free row."""
        if self._blocks[-1].used == len(self._blocks[-1].rows):
            self._make_room(1)
        block = self._blocks[-1]
        self.owners.append(owner)
        self.totals.append(total)
        block.used += 1
        return block.rows[block.used - 1]

    def several(self, owners: list[int], total: int) -> Tensor:
        """As many free rows that lie together."""
        count = len(owners)
        if self._blocks[-1].used + count > len(self._blocks[-1].rows):
            self._make_room(count)
        block = self._blocks[-1]
        self.owners.extend(owners)
        self.totals.extend([total] * count)
        block.used += count
        return block.values[block.used - count : block.used]

    def finish(self, without: Collection[int] = ()) -> UnderWay | None:
        """Statistics of the rows in use, but for those of some owners."""
        self._measure()
        owners, totals, among = self.owners, self.totals, None
        if without:
            among = [row for row, owner in enumerate(owners) if owner not in without]
            owners, totals = [owners[row] for row in among], [totals[row] for row in among]
        if not owners:
            return None
        return UnderWay(owners, totals, [self.width] * len(owners), self._measured, among)

    def clear(self) -> None:
        """Take all rows as free."""
        self.idle = 0 if self.owners else self.idle + 1
        if len(self._blocks) > 1:
            self._blocks = [self._block(sum(len(each.rows) for each in self._blocks))]
        self.owners, self.totals, self._measured = [], [], []
        self._blocks[0].used = 0

    def _make_room(self, count: int) -> None:
        if self.width * sum(each.used for each in self._blocks) >= MOST_KEPT:
            self._measure()
            self._blocks = self._blocks[-1:]
        last = self._blocks[-1]
        if last.used + count > len(last.rows):
            rows = min(2 * len(last.rows), 1 + MOST_KEPT // self.width)
            self._blocks.append(self._block(max(count, rows)))

    def _measure(self) -> None:
        for each in self._blocks:
            if each.used:
                self._measured.append(measure(each.values[: each.used], exact=self._exact))
                each.used = 0

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
        self._kinds: dict[tuple[object, ...], Kind] = {}
        self._exactly: dict[torch.device, list[tuple[int, int, Measured]]] = {}

    def add(self, owner: int, tensor: Tensor, phase: int, call: int = 1) -> None:
        """Look at a tensor, which need not outlive this call.

        Args:
            owner: Number of the row that it belongs to.
            tensor: Without its graph.
            phase: Number of the sample.
            call: How often the owner has been looked at, from 1. Later ones are looked at less.
        """
        if self.exact and tensor.numel() > SMALL:
            self.add_alone(owner, tensor)
            return
        kind = self.kind(tensor, call)
        row, chosen = kind.pool.row(owner, kind.total), kind.chosen_in(phase)
        if chosen is None:
            row.copy_(in_storage_order(tensor))
        else:
            copy_chosen(tensor, row, chosen)

    def kind(self, tensor: Tensor, call: int) -> Kind:
        """How a tensor is looked at."""
        key = tensor.numel(), tensor.device, call.bit_length()
        found = self._kinds.get(key)
        return self._kind(*key) if found is None else found

    def _kind(self, total: int, device: torch.device, bits: int) -> Kind:
        wanted = total if self.exact else max(FEWEST, self.wanted >> (bits - 1))
        width = min(total, wanted)
        pool = self._pools.get((device, width))
        if pool is None:
            pool = self._pools[device, width] = Pool(width, device, exact=self.exact)
        phases = range(PHASES) if total > wanted else ()
        chosen = tuple(positions(total, wanted, phase, device) for phase in phases)
        if len(self._kinds) > MOST_KINDS:
            self._kinds = {}
        found = self._kinds[total, device, bits] = Kind(total, pool, chosen)
        return found

    def finish(self, without: Collection[int] = ()) -> list[UnderWay]:
        """Take the statistics of what was added, but for that of some owners, and free it."""
        used = [pool for pool in self._pools.values() if pool.owners]
        found = [under_way for pool in used if (under_way := pool.finish(without)) is not None]
        self.drop(without)
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
                self._kinds = {}

    def add_alone(self, owner: int, tensor: Tensor) -> None:
        """Look at all values of a tensor, and take their statistics at once."""
        parts = self._exactly.setdefault(tensor.device, [])
        for part in in_storage_order(tensor).split(LARGEST_PART):
            values = part.to(torch.float32).contiguous()[None]
            parts.append((owner, part.numel(), measure(values, exact=True)))

    def owners(self) -> set[int]:
        """Those of which anything has been looked at."""
        together = (pool.owners for pool in self._pools.values())
        alone = ((owner for owner, _, _ in parts) for parts in self._exactly.values())
        return set[int]().union(*together, *alone)

    def drop(self, owners: Collection[int]) -> None:
        """Forget what was looked at alone of some owners in this step."""
        for device, parts in self._exactly.items():
            self._exactly[device] = [each for each in parts if each[0] not in owners]


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
        self._way = OnItsWay(
            [
                _joined([each.moments for each in measured]),
                _joined([each.histograms for each in measured]),
            ]
        )

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
            moments.astype(np.float64, copy=False),
            histograms.astype(np.int64, copy=False),
        )


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)
