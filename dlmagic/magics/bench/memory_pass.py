"""How much memory a call needs above what is in use before it: a pass of its own.

Each repetition starts from the restored state, after the collector and the C library have let
go of what is free. On devices the framework's allocator counts; in main memory, the operating
system counts pages, to within about a megabyte.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dlmagic.devices.host import HostMemory
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import DevicePeak, HasDeviceMemory
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.arm_result import RESIDENT
from dlmagic.magics.bench.runner import Runner

REPETITIONS = 5


@dataclass(frozen=True)
class Peak:
    """The memory that one call needs.

    Attributes:
        allocated: Bytes in use at most, above what was in use before.
        reserved: Bytes that a device's allocator took for that; None in main memory.
        source: Who counted.
    """

    allocated: int
    reserved: int | None
    source: str


def measure_peak(
    runner: Runner, frameworks: Sequence[Framework], host: HostMemory
) -> Peak | Reason:
    """The median peak of some calls; on a device if they use one, else in main memory.

    Args:
        runner: What is called; it has been warmed up.
        frameworks: Those whose devices it may use.
        host: Where main memory is read.
    """
    runner.restore()
    runner.run(1)
    runner.synchronise()
    found = [_one_call(runner, frameworks, host) for _ in range(REPETITIONS)]
    runner.restore()
    counted, resident = (list(each) for each in zip(*found, strict=True))
    on_device = _on_device(counted)
    if isinstance(on_device, Reason) or (on_device and not _is_of_host(counted)):
        return on_device
    in_main_memory = _in_main_memory(resident)
    if on_device is None:
        return in_main_memory
    # An allocator that keeps memory hides it from the system, and others take some beside it.
    hidden = isinstance(in_main_memory, Reason) or in_main_memory.allocated < on_device.allocated
    return on_device if hidden else in_main_memory


_READINGS = 20
_PAUSE = 0.03  # seconds; a quarter of a gigabyte is freed in less

Watched = tuple[DevicePeak | Reason, ...]


def _one_call(
    runner: Runner, frameworks: Sequence[Framework], host: HostMemory
) -> tuple[Watched, int | Reason]:
    runner.restore()
    gc.collect()
    host.release_free()
    watches = [f.watch_device_memory() for f in frameworks if isinstance(f, HasDeviceMemory)]
    before, refused = _settled(host), host.reset_peak()
    runner.run(1)
    runner.synchronise()
    after = host.peak_bytes()
    devices = tuple(watch() for watch in watches if watch is not None)
    if refused is not None:
        return devices, refused
    if isinstance(before, Reason):
        return devices, before
    return devices, after if isinstance(after, Reason) else max(0, after - before)


def _settled(host: HostMemory) -> int | Reason:
    """Resident bytes once they no longer fall: some frameworks free in threads of their own."""
    before = host.resident_bytes()
    for _ in range(_READINGS):
        time.sleep(_PAUSE)
        now = host.resident_bytes()
        if isinstance(before, Reason) or isinstance(now, Reason) or now >= before:
            return now
        before = now
    return before


def _is_of_host(found: Sequence[Watched]) -> bool:
    return all(
        each.of_host
        for watched in found
        for each in watched
        if isinstance(each, DevicePeak) and each.allocated > 0
    )


def _on_device(found: Sequence[Watched]) -> Peak | Reason | None:
    """The median over the repetitions; None where no device was used."""
    for watched in found:
        refused = [each for each in watched if isinstance(each, Reason)]
        if refused:
            return refused[0]
    peaks = [[each for each in watched if isinstance(each, DevicePeak)] for watched in found]
    allocated = statistics.median_low([sum(peak.allocated for peak in each) for each in peaks])
    if allocated <= 0:
        return None
    reserved = [[peak.reserved for peak in each if peak.reserved is not None] for each in peaks]
    sources = dict.fromkeys(peak.source for each in peaks for peak in each if peak.allocated)
    known = statistics.median_low([sum(each) for each in reserved]) if any(reserved) else None
    return Peak(allocated, known, ", ".join(sources))


def _in_main_memory(found: Sequence[int | Reason]) -> Peak | Reason:
    sizes = []
    for each in found:
        if isinstance(each, Reason):
            return each
        sizes.append(each)
    return Peak(statistics.median_low(sizes), None, RESIDENT)
