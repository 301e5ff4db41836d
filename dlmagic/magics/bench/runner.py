"""What is timed, as the measurement sees it: no notebook, no framework, five methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from dlmagic.magics.bench.clock import Clock

Flush = Callable[[], object]
"""Fills all caches with other data, and is done when it returns."""


class Runner(Protocol):
    """One execution mode of one cell, ready to be called over and over.

    Attributes:
        name: What the user calls it, such as ``"compile"``; unique among the runners.
    """

    @property
    def name(self) -> str:
        """What the user calls it."""

    def restore(self) -> None:
        """Put all state back to the start; never timed."""

    def run(self, calls: int) -> None:
        """Call the cell exactly ``calls`` times; none are asked for to time the wait alone.

        The last result is kept alive until the next :meth:`restore`, so that freeing it
        is not timed.
        """

    def run_cold(self, flush: Flush, clock: Clock) -> float:
        """Seconds of one call, the wait for the device included, right after ``flush``.

        What else a block needs, such as entering the mode, comes before it.
        """

    def synchronise(self) -> None:
        """Wait until the device has done all that was asked of it."""

    def events(self) -> Mapping[str, int]:
        """Ever-growing counts of what must not happen while measuring.

        Keys are plain words, such as ``"recompile"`` or ``"fallback to eager"``.
        """
