"""The machine as this process may use it, which in a container is less than there is."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dlmagic.devices.machine.accelerators import Accelerator, other_accelerators
from dlmagic.devices.machine.algebra import Algebra, read_algebra
from dlmagic.devices.machine.cgroup import cores_quota
from dlmagic.devices.machine.memory import read_memory
from dlmagic.devices.machine.processor import allowed_cores, processor_name
from dlmagic.devices.machine.roots import ROOTS, Roots
from dlmagic.devices.reading import Reason


@dataclass(frozen=True)
class Host:
    """Processor, memory and what else computes.

    Attributes:
        processor: Name of the processor.
        cores: Cores' worth of time that this process may use, such as 1.5.
        cores_present: Cores of the machine.
        cores_limited_by: ``"affinity"`` or ``"quota"`` (of a container or batch system); None
            where all may be used.
        memory_total: Bytes of main memory that this process may use.
        memory_available: Bytes of them that are left.
        memory_present: Bytes of the machine.
        algebra: Libraries of linear algebra that are loaded.
        accelerators: Those that are not NVIDIA's.
    """

    processor: str
    cores: float
    cores_present: int
    cores_limited_by: str | None
    memory_total: int
    memory_available: int
    memory_present: int
    algebra: tuple[Algebra, ...] | Reason
    accelerators: tuple[Accelerator, ...]

    @property
    def memory_limited(self) -> bool:
        """Whether this process may use less memory than the machine has."""
        return self.memory_total < self.memory_present


def read_host(roots: Roots = ROOTS) -> Host:
    """The machine now."""
    cores, limited_by = _cores(allowed_cores(), cores_quota(roots))
    memory = read_memory(roots)
    return Host(
        processor=processor_name(roots.proc),
        cores=cores,
        cores_present=os.cpu_count() or 1,
        cores_limited_by=limited_by,
        memory_total=memory.total,
        memory_available=memory.available,
        memory_present=memory.present,
        algebra=read_algebra(),
        accelerators=other_accelerators(roots),
    )


def _cores(allowed: int, quota: float | None) -> tuple[float, str | None]:
    if quota is not None and quota < allowed:
        return quota, "quota"
    return float(allowed), "affinity" if allowed < (os.cpu_count() or 1) else None
