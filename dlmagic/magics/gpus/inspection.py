"""From readings to what a user wants to know of each GPU: whose it is now, and whether it is free.

Both the table and whoever picks a GPU look at them in this way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeGuard

from dlmagic.devices.gpus.gpu import Gpu, GpuPart, GpuProcess, GpuReadings
from dlmagic.devices.gpus.owned import OwnedProcess
from dlmagic.devices.gpus.owners import Owner, Owners
from dlmagic.devices.gpus.trust import Surroundings, doubts, read_surroundings
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.freedom import verdict_on, verdict_on_part
from dlmagic.magics.gpus.leasing import NOBODY, Holders, Standing, leased
from dlmagic.magics.gpus.result import GpuInfo, PartInfo

_LOOK_UPS = 0.25  # seconds for whose the processes are; there may be thousands
_TOO_MANY = Reason("there are too many processes to look each of them up")
_NOT_APART = Reason("NVIDIA's driver does not tell which instance its processes use")


def inspected(readings: GpuReadings, holders: Holders = leased) -> tuple[GpuInfo, ...]:
    """The GPUs that were read, with who uses and who holds them, and whether they are free.

    Args:
        readings: Of the GPUs.
        holders: Tells who has picked GPUs, or waits for them.
    """
    standing = holders(list(_uuids(readings.gpus)))
    seen = _Sight(standing, readings.read_at, time.monotonic() + _LOOK_UPS)
    return tuple(map(seen.of_gpu, readings.gpus))


@cache
def _owners() -> Owners:
    """What does not change about a process is read once per kernel."""
    return Owners(_surroundings())


@cache
def _surroundings() -> Surroundings:
    return read_surroundings()


def _uuids(gpus: Iterable[Gpu]) -> Iterator[str]:
    for gpu in gpus:
        parts = gpu.parts if isinstance(gpu.parts, tuple) else ()
        yield from (uuid for uuid in (gpu.uuid, *(part.uuid for part in parts)) if _told(uuid))


def _told(uuid: str | Reason) -> TypeGuard[str]:
    return isinstance(uuid, str)


@dataclass(frozen=True)
class _Sight:
    """What is known beside the readings.

    Attributes:
        standing: Who has picked what, or waits for it, by UUID.
        read_at: When the GPUs were read, in seconds since 1970.
        end: When to stop looking up processes, of the monotonic clock.
    """

    standing: Mapping[str, Standing]
    read_at: float
    end: float

    def of_gpu(self, gpu: Gpu) -> GpuInfo:
        known = {
            **_values(gpu),
            **self._holding(gpu.uuid),
            "processes": self._owned(gpu.processes),
            "doubts": doubts(gpu, _surroundings()),
        }
        parts = gpu.parts
        whole = GpuInfo(**{**known, "parts": () if isinstance(parts, tuple) else parts})
        if isinstance(parts, tuple) and parts:
            whole = replace(whole, parts=tuple(self._of_part(each, whole) for each in parts))
        verdict = verdict_on(whole)
        return replace(whole, free=verdict.free, why=verdict.why)

    def _of_part(self, part: GpuPart, gpu: GpuInfo) -> PartInfo:
        known = {**_values(part), **self._holding(part.uuid)}
        whole = PartInfo(**known, processes=_within(part, gpu.processes))
        verdict = verdict_on_part(whole, gpu)
        return replace(whole, free=verdict.free, why=verdict.why)

    def _holding(self, uuid: str | Reason) -> dict[str, Any]:
        found = self.standing.get(uuid, NOBODY) if isinstance(uuid, str) else NOBODY
        return {"held_by": found.held_by, "waiting": found.waiting}

    def _owned(
        self, processes: tuple[GpuProcess, ...] | Reason
    ) -> tuple[OwnedProcess, ...] | Reason:
        if isinstance(processes, Reason):
            return processes
        largest = sorted(processes, key=_size, reverse=True)  # should the time not do for all
        owners = {each.pid: self._owner(each.pid) for each in largest}
        return tuple(OwnedProcess.of(each, owners[each.pid]) for each in processes)

    def _owner(self, pid: int) -> Owner:
        if time.monotonic() > self.end:
            return Owner.unknown(pid, _TOO_MANY)
        return _owners().of(pid, self.read_at)


def _values(reading: Gpu | GpuPart) -> dict[str, Any]:
    return {each.name: getattr(reading, each.name) for each in fields(reading)}


def _size(process: GpuProcess) -> int:
    return 0 if isinstance(process.memory, Reason) else process.memory


def _within(
    part: GpuPart, processes: tuple[OwnedProcess, ...] | Reason
) -> tuple[OwnedProcess, ...] | Reason:
    """Those of a GPU's processes that use this instance of it."""
    if isinstance(processes, Reason):
        return processes
    for number in (part.gpu_instance, part.compute_instance):
        if isinstance(number, Reason):
            return number
    if any(each.gpu_instance is None for each in processes):
        return _NOT_APART
    where = (part.gpu_instance, part.compute_instance)
    return tuple(each for each in processes if (each.gpu_instance, each.compute_instance) == where)
