"""The clock that measurements are read from, so that tests can hand in a simulated one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class Timed:
    """One piece of work that was timed.

    Attributes:
        calls: How many calls it was.
        seconds: What it took; where several ranks did it at once, the slowest of them.
        events: What happened meanwhile, on any of them.
        by_rank: Nanoseconds of each rank, where there are several and this is the first.
    """

    calls: int
    seconds: float
    events: Mapping[str, int]
    by_rank: tuple[int, ...] | None = field(default=None, repr=False, compare=False)


class Clock:
    """A monotonic clock; and what several ranks must agree on, where there are several.

    All that a measurement decides, it decides from what this class says. So ranks that run the
    same code with one shared clock do the same in the same order.

    Attributes:
        alone: Whether no other rank runs the same cell at this moment.
    """

    alone = True

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes back. The same on all ranks."""
        raise NotImplementedError

    def timed(
        self, run: Callable[[int], object], calls: int, events: Callable[[], Mapping[str, int]]
    ) -> Timed:
        """Time some calls.

        Args:
            run: Makes as many calls as it is told to, and returns when they are done.
            calls: How many; where ranks do it together, that of the first one counts.
            events: Counts what happened meanwhile.
        """
        start = self.now()
        run(calls)
        seconds = self.now() - start
        return Timed(calls, seconds, events())

    def decided(self, value: Value) -> Value:
        """What the first rank has decided, on all of them; the value itself where one is alone."""
        return value

    def everywhere(self, holds: bool, why_not: str = "") -> bool:  # noqa: ARG002
        """Whether something holds on every rank.

        Args:
            holds: Whether it does here.
            why_not: Is told about this rank if the others do not even come to ask.
        """
        return holds


class WallClock(Clock):
    """The machine's clock with the finest resolution: ``time.perf_counter``."""

    def now(self) -> float:
        """Seconds since an arbitrary start."""
        return time.perf_counter()
