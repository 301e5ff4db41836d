"""A fixed piece of work that tells how much the machine has changed between two days.

Part is Python's own, part is arithmetic in the cache, part moves memory: the three things
that other work on the machine slows down. It is timed in bursts, one before a benchmark and one
after it, so that the difference between both shows how steady the machine was meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import numpy as np
import numpy.typing as npt

from dlmagic.magics.bench.block import collector_off
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.paired import Interval
from dlmagic.magics.bench.unpaired import level_of, ratio_interval, ratio_of_medians

BURST = 0.15
"""Seconds that a burst lasts."""
_FEWEST, _MOST = 10, 500  # pieces of work in a burst
_LOOPS = 4000
_SIDE = 48  # of the matrices; BLAS multiplies so small ones on one core
_BYTES = 1 << 20

Bursts = tuple[tuple[float, ...], ...]


def burst(clock: Clock, seconds: float = BURST) -> tuple[float, ...]:
    """Do the work over and over; seconds that each piece took."""
    matrix = np.full((_SIDE, _SIDE), 0.5)
    source, target = np.zeros(_BYTES, np.uint8), np.zeros(_BYTES, np.uint8)
    _work(matrix, source, target)
    taken: list[float] = []
    end = clock.now() + seconds
    with collector_off():
        while len(taken) < _FEWEST or (clock.now() < end and len(taken) < _MOST):
            start = clock.now()
            _work(matrix, source, target)
            taken.append(max(clock.now() - start, 1e-9))
    return tuple(taken)


def _work(
    matrix: npt.NDArray[np.float64], source: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8]
) -> int:
    total = 0
    for number in range(_LOOPS):
        total += number & 7
    for _ in range(4):
        np.matmul(matrix, matrix)
        np.copyto(target, source)
    return total


def machine_ratio(then: Bursts, now: Bursts) -> float | None:
    """Time that the work takes now divided by what it took then; None without both."""
    before, after = _all(then), _all(now)
    return 1 / ratio_of_medians(before, after) if before and after else None


def machine_level(then: Bursts, now: Bursts) -> float | None:
    """How far the machine may have moved, as a factor of at least 1; None without both.

    The far end of the interval of the ratio, or the ratio of two bursts of one day where that
    is larger.
    """
    interval: Interval | None = ratio_interval(_all(then), _all(now))
    if interval is None:
        return None
    return max(level_of(interval), _spread(then), _spread(now))


def _spread(bursts: Bursts) -> float:
    """How far the bursts of one day lie apart, as a factor of at least 1."""
    middles = [math.log(median(each)) for each in bursts if each]
    return math.exp(max(middles) - min(middles)) if middles else 1.0


def _all(bursts: Bursts) -> Sequence[float]:
    return [seconds for each in bursts for seconds in each if seconds > 0]
