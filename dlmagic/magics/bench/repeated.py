"""Real work whose speed relative to other work is known exactly: an operation, repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import repeat

from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.loop import loop
from dlmagic.magics.bench.runner import Flush


@dataclass(frozen=True)
class Repeated:
    """A runner one call of which makes an operation so many times.

    Against another with 20 repetitions, one with 21 takes 5 % longer, whatever the machine.

    Attributes:
        name: Its name.
        operation: What it does over and over; it keeps no state.
        repetitions: How often, per call.
    """

    name: str
    operation: Callable[[], object]
    repetitions: int = 1

    def restore(self) -> None:
        """Nothing was changed."""

    def run(self, calls: int) -> None:
        """The loop that every mode of a cell runs in."""
        loop(0)(repeat(None, calls * self.repetitions), self.operation)

    def run_cold(self, flush: Flush, clock: Clock) -> float:
        """One call right after ``flush``."""
        flush()
        start = clock.now()
        self.run(1)
        return clock.now() - start

    def synchronise(self) -> None:
        """There is no device to wait for."""

    def events(self) -> Mapping[str, int]:
        """Nothing is compiled."""
        return {}
