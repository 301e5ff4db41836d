"""The clock that measurements are read from, so that tests can hand in a simulated one."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock."""

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes back."""


class WallClock:
    """The machine's clock with the finest resolution: ``time.perf_counter``."""

    def now(self) -> float:
        """Seconds since an arbitrary start."""
        return time.perf_counter()
