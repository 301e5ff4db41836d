"""What CUDA computes on: a whole GPU, or one instance of a divided one (MIG)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dlmagic.devices.gpus.gpu import Gpu, GpuPart, GpuReadings
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NOT_PERMITTED


@dataclass(frozen=True, eq=False)
class CudaDevice:
    """A device of CUDA; it stays equal to itself when it is read again.

    Attributes:
        gpu: The GPU.
        part: The instance of it; None for the whole of it.
    """

    gpu: Gpu
    part: GpuPart | None = None

    @property
    def uuid(self) -> str | Reason:
        """``GPU-…``, or ``MIG-…`` for an instance."""
        return self.gpu.uuid if self.part is None else self.part.uuid

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CudaDevice) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[object, ...]:
        return (self.gpu.bus_id, self.gpu.index) if isinstance(self.uuid, Reason) else (self.uuid,)

    @property
    def words(self) -> str:
        """How a user calls it, such as ``"GPU 3"``."""
        if self.part is None:
            return gpu_in_words(self.gpu)
        instance = f"{self.part.gpu_instance}/{self.part.compute_instance}"
        return f"instance {instance} of {gpu_in_words(self.gpu)}"


def gpu_in_words(gpu: Gpu) -> str:
    """``"GPU 3"``, or where it is on the bus if it has no number."""
    return f"GPU {gpu.bus_id}" if isinstance(gpu.index, Reason) else f"GPU {gpu.index}"


def usable_part(gpu: Gpu) -> CudaDevice | Reason:
    """What a program computes on that is given this GPU; for a divided one, its first instance."""
    if isinstance(gpu.divided, Reason) or not gpu.divided:
        return CudaDevice(gpu)
    if isinstance(gpu.parts, Reason):
        return gpu.parts
    if not gpu.parts:
        return Reason(f"{gpu_in_words(gpu)} is divided (MIG) and has no instance")
    return CudaDevice(gpu, gpu.parts[0])


def parts_of(gpu: Gpu) -> tuple[GpuPart, ...]:
    """Its instances, as far as they are known."""
    return () if isinstance(gpu.parts, Reason) else gpu.parts


def all_devices(readings: GpuReadings) -> tuple[CudaDevice, ...]:
    """All that this process could be given: whole GPUs, and every instance of divided ones."""
    found: list[CudaDevice] = []
    for gpu in readings.gpus:
        if gpu.divided is True:
            found += [CudaDevice(gpu, part) for part in parts_of(gpu)]
        elif not forbidden(gpu):
            found.append(CudaDevice(gpu))
    return tuple(found)


def forbidden(gpu: Gpu) -> bool:
    """Whether this process may not use it: CUDA does not count it then."""
    return gpu.trouble is not None and gpu.trouble.code == NOT_PERMITTED


_BARE = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def bare(uuid: str) -> str:
    """A UUID as CUDA gives it: without ``GPU-`` or ``MIG-``, in small letters.

    What older drivers call an instance, ``MIG-GPU-…/1/0``, is the GPU to them.
    """
    found = _BARE.search(uuid.lower())
    return uuid.lower() if found is None else with_dashes(found[0].replace("-", ""))


def with_dashes(digits: str) -> str:
    """32 digits as a UUID is written."""
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
