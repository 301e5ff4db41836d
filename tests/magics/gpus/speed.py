"""How long something takes, with as little of other programs in it as can be."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

TRIES = 3


def best_median(work: Callable[[], object], rounds: int) -> float:
    """The least of some medians: other programs on this machine can only add to it."""
    return min(statistics.median(_seconds(work) for _ in range(rounds)) for _ in range(TRIES))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
