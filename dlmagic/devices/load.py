"""Who else used the processors between two moments."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_RUN_DELAY = Path("/proc/thread-self/schedstat")


@dataclass(frozen=True)
class Reading:
    """Ever-growing counts, in seconds; None where the system does not tell.

    Attributes:
        wall: Of a monotonic clock.
        own: Processor time of this process, all threads.
        busy: Processor time of all processes on all cores.
        stolen: Time in which the host gave the cores of this virtual machine to others.
        waited: Time in which the present thread was ready and had no core.
        threads: Processor time by name, of Python threads of this process but the present one.
        megahertz: The present clock rate of the cores; no count.
    """

    wall: float
    own: float
    busy: float | None = None
    stolen: float | None = None
    waited: float | None = None
    threads: Mapping[str, float] = field(default_factory=dict)
    megahertz: float | None = None


@dataclass(frozen=True)
class Load:
    """What lies between two readings.

    Attributes:
        start: The first reading.
        end: The second one.
        cores: How many cores there are.
    """

    start: Reading
    end: Reading
    cores: int

    @property
    def wall(self) -> float:
        """Seconds between the readings."""
        return self.end.wall - self.start.wall

    @property
    def neighbours(self) -> float | None:
        """Cores that other processes kept busy, on average."""
        busy = self._per_second("busy")
        return None if busy is None else max(0.0, busy - (self._per_second("own") or 0.0))

    @property
    def stolen(self) -> float | None:
        """Cores that the host of a virtual machine gave to others, on average."""
        return self._per_second("stolen")

    @property
    def waited(self) -> float | None:
        """Share of the time in which the present thread was ready and had no core."""
        return self._per_second("waited")

    @property
    def threads(self) -> dict[str, float]:
        """Cores that each other Python thread of this process used, on average."""
        if not self.wall > 0:
            return {}
        before = self.start.threads
        return {
            name: (seconds - before.get(name, 0.0)) / self.wall
            for name, seconds in self.end.threads.items()
        }

    def _per_second(self, name: str) -> float | None:
        first, last = getattr(self.start, name), getattr(self.end, name)
        if first is None or last is None or not self.wall > 0:
            return None
        return float(max(0.0, (last - first) / self.wall))


def read_load() -> Reading:
    """The counts of this moment; takes less than a millisecond."""
    import psutil

    system = psutil.cpu_times()
    busy = sum(getattr(system, name, 0.0) for name in ("user", "system", "irq", "softirq"))
    return Reading(
        wall=time.perf_counter(),
        own=time.process_time(),
        busy=busy + getattr(system, "nice", 0.0),
        stolen=getattr(system, "steal", None),
        waited=_waited(),
        threads=_other_threads(),
        megahertz=_megahertz(),
    )


def load_between(start: Reading, end: Reading) -> Load:
    """What happened between two readings of this machine."""
    return Load(start, end, os.cpu_count() or 1)


def _waited() -> float | None:
    """Linux counts, per thread, the nanoseconds between being ready and running."""
    try:
        return int(_RUN_DELAY.read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None


def _other_threads() -> dict[str, float]:
    """Threads that Python knows: those of a framework's own pools belong to the cell."""
    import psutil

    here = threading.get_native_id()
    names = {each.native_id: each.name for each in threading.enumerate()}
    try:
        times = psutil.Process().threads()
    except psutil.Error:
        return {}
    return {
        names[each.id]: each.user_time + each.system_time
        for each in times
        if each.id in names and each.id != here
    }


def _megahertz() -> float | None:
    import psutil

    try:
        frequency = psutil.cpu_freq()
    except (OSError, NotImplementedError, AttributeError):  # absent on some systems
        return None
    return float(frequency.current) if frequency else None
