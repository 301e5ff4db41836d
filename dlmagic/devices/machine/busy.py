"""How busy the processor is, of what this process may use of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from dlmagic.devices.machine.cgroup import cores_limit
from dlmagic.devices.machine.processor import allowed_cores
from dlmagic.devices.machine.roots import ROOTS, Roots
from dlmagic.devices.reading import Reason

_SHORTEST = 0.1  # seconds; the kernel counts in steps of 10 ms
_TOO_SOON = Reason("it is counted from the second reading on")
_UNCOUNTED = Reason("this system does not count how long each core was busy")


@dataclass(frozen=True)
class _Count:
    """Seconds of processor time so far, of so many cores' worth."""

    at: float
    seconds: float
    cores: float


class ProcessorMeter:
    """Tells how busy the usable cores were since it was asked last.

    In a container with a quota that is what the container used of its quota; elsewhere what
    all programs used of the cores that this process may run on.

    Args:
        roots: Where Linux tells about the machine.
        clock: Seconds, monotonic.
    """

    def __init__(self, roots: Roots = ROOTS, clock: Callable[[], float] = time.monotonic) -> None:
        self._roots, self._clock = roots, clock
        self._before = self._count()

    def read(self) -> float | Reason:
        """Percent."""
        before, now = self._before, self._count()
        if isinstance(now, Reason):
            return now
        if isinstance(before, Reason) or before.cores != now.cores:
            self._before = now
            return _TOO_SOON
        elapsed = now.at - before.at
        if elapsed < _SHORTEST:
            return _TOO_SOON
        self._before = now
        return min(100.0, max(0.0, 100 * (now.seconds - before.seconds) / (elapsed * now.cores)))

    def _count(self) -> _Count | Reason:
        at, limit = self._clock(), cores_limit(self._roots)
        if limit is not None and limit.used is not None and limit.cores < allowed_cores():
            return _Count(at, limit.used, limit.cores)
        return _of_the_cores(at)


def _of_the_cores(at: float) -> _Count | Reason:
    """What the system counts for each core that this process may run on."""
    import psutil

    try:
        cores = psutil.cpu_times(percpu=True)
    except (psutil.Error, OSError, RuntimeError):
        return _UNCOUNTED
    if hasattr(os, "sched_getaffinity"):  # absent on macOS and Windows
        allowed = os.sched_getaffinity(0)
        cores = [each for number, each in enumerate(cores) if number in allowed]
    # What a virtual machine does counts twice, as the time of its user.
    idle = ("idle", "iowait", "guest", "guest_nice", "steal")
    busy = sum(sum(each) - sum(getattr(each, name, 0.0) for name in idle) for each in cores)
    return _Count(at, busy, float(len(cores))) if cores else _UNCOUNTED
