"""How much of the user's time is left."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlmagic.magics.bench.clock import Clock


@dataclass
class Budget:
    """Wall time that a measurement may take, compiling not counted.

    Restoring state and warming up do count: the user waits for them too.

    Attributes:
        clock: The clock of the measurement.
        seconds: What the user granted.
    """

    clock: Clock
    seconds: float
    _start: float = field(init=False)
    _excluded: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._start = self.clock.now()

    def exclude(self, seconds: float) -> None:
        """Give back time that compiling took."""
        self._excluded += seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the start, compiling included."""
        return self.clock.now() - self._start

    @property
    def left(self) -> float:
        """Seconds left, negative once the budget is overdrawn."""
        return self.seconds - (self.elapsed - self._excluded)
