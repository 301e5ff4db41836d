"""Samples of all ranks, put together as soon as all that train have come by their step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dlmagic.magics.watch.ranks.apart import Apart
from dlmagic.magics.watch.ranks.reduction import Reduction
from dlmagic.magics.watch.sample_result import Sample

MOST_WAITING = 200
"""Steps that wait for a rank that is behind; of more, the oldest go without it."""

PATIENCE = 10.0
"""Seconds that a step waits for a rank, which then counts as idle until it tells something."""


@dataclass
class _Waiting:
    """A step, from when the first rank has told of it."""

    since: float
    samples: dict[int, Sample] = field(default_factory=dict)


@dataclass
class Gathering:
    """What was told and not yet put together; not for several threads at once.

    A step is put together when every rank that trains has told of it, or of a later one. A step
    that some have passed without measuring it goes: ranks may keep to their budgets at different
    rates.

    Attributes:
        model: What it is called.
        size: How many ranks there are.
        reduction: Puts samples of one step together.
        clock: Seconds, monotonic.
        apart: Says whether copies are still the same.
        left_out: Samples of steps that not all ranks had measured.
    """

    model: str
    size: int
    reduction: Reduction = field(default_factory=Reduction)
    clock: Callable[[], float] = time.monotonic
    apart: Apart = field(default_factory=Apart)
    left_out: int = 0
    _steps: dict[int, int] = field(default_factory=dict)
    _absent: set[int] = field(default_factory=set)
    _waiting: dict[int, _Waiting] = field(default_factory=dict)
    _last: int = 0

    def add(self, rank: int, samples: Sequence[Sample], steps: int) -> None:
        """What a rank has told: its samples up to a step."""
        if steps > self._steps.get(rank, 0):
            self._steps[rank] = steps
            self._absent.discard(rank)
        for sample in samples:
            if sample.step > self._last:
                waiting = self._waiting.setdefault(sample.step, _Waiting(self.clock()))
                waiting.samples[rank] = sample
            else:
                self.left_out += 1

    def gone(self, rank: int) -> None:
        """A rank will tell no more."""
        self._absent.add(rank)

    def ready(self, *, all_of_it: bool = False) -> list[Sample]:
        """Steps that are complete, one sample each, in their order.

        Args:
            all_of_it: Also those that wait for somebody: nobody will come any more.
        """
        found = []
        for step in sorted(self._waiting):
            waiting = self._waiting[step]
            behind = self._behind(step)
            overdue = self.clock() - waiting.since > PATIENCE or len(self._waiting) > MOST_WAITING
            if behind and overdue:
                self._absent |= behind
            elif behind and not all_of_it:
                break
            del self._waiting[step]
            if all_of_it or self._present() <= waiting.samples.keys():
                found.append(self._together(dict(sorted(waiting.samples.items()))))
                self._last = step
            else:
                self.left_out += len(waiting.samples)
        return found

    def _present(self) -> set[int]:
        return set(range(self.size)) - self._absent

    def _behind(self, step: int) -> set[int]:
        return {rank for rank in self._present() if self._steps.get(rank, 0) < step}

    def _together(self, samples: dict[int, Sample]) -> Sample:
        if not self.reduction.parts:
            self.apart.look(self.model, samples)
        return self.reduction.of(list(samples.values()))
