"""Work on a machine that becomes slower by a known amount while it is measured."""

from __future__ import annotations

import time
from itertools import repeat

DRIFT = 0.2
"""How much slower everything is at the end of a trial."""
_UNITS = 200  # operations in a call at the start of a trial


class DriftingWork:
    """A function that takes longer and longer: up to 20 % by the end of a trial.

    The drift is made of work, not of waiting: at a share ``s`` of the trial's time a call makes
    ``units * (1 + 0.2 * s)`` operations. Every harness sees the same machine.

    Args:
        start: When the trial began, by ``time.time()``, which processes share.
        seconds: How long the drift lasts; then the machine stays slow.
        factor: Of the operations: 1, or 1.05 for work that takes 5 % longer.
    """

    def __init__(self, start: float, seconds: float, factor: float) -> None:
        self.start = start
        self.seconds = seconds
        self.units = _UNITS * factor

    def __call__(self) -> None:
        """Do as much as the drift asks for at this moment."""
        passed = min(1.0, (time.time() - self.start) / self.seconds)
        for _ in repeat(None, round(self.units * (1 + DRIFT * passed))):
            sum((1, 2, 3))
