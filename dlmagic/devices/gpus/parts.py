"""The instances of a GPU that is divided (MIG); they may go while they are listed."""

from __future__ import annotations

from typing import Any

from dlmagic.devices.binding import Binding
from dlmagic.devices.gpus.gpu import GpuPart
from dlmagic.devices.gpus.memory import read_memory
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NO_FUNCTION, NOT_FOUND, NOT_SUPPORTED


def read_divided(binding: Binding, device: Any) -> bool | Reason:
    """Whether a GPU is divided; False where the GPU or its driver does not know how to."""
    found = binding.ask("nvmlDeviceGetMigMode", of=(device,))
    if not isinstance(found, Reason):
        return bool(found[0])
    return False if found.code in (NOT_SUPPORTED, NO_FUNCTION) else found


def read_parts(
    binding: Binding, device: Any, divided: bool | Reason
) -> tuple[GpuPart, ...] | Reason:
    """Its instances; none if it is not divided."""
    if isinstance(divided, Reason):
        return divided
    count = binding.ask("nvmlDeviceGetMaxMigDeviceCount", of=(device,)) if divided else 0
    if isinstance(count, Reason):
        return count
    found = (_part(binding, device, place) for place in range(count))
    return tuple(part for part in found if part is not None)


def _part(binding: Binding, device: Any, place: int) -> GpuPart | None:
    """The instance at one place; None where there is none, or none any more."""
    handle = binding.ask("nvmlDeviceGetMigDeviceHandleByIndex", of=(device, place))
    if isinstance(handle, Reason):
        return None if handle.code == NOT_FOUND else GpuPart(*[handle] * 7)
    uuid = binding.text("nvmlDeviceGetUUID", handle)
    if isinstance(uuid, Reason) and uuid.code == NOT_FOUND:
        return None
    memory = read_memory(binding, handle)
    return GpuPart(
        uuid,
        binding.text("nvmlDeviceGetName", handle),
        binding.ask("nvmlDeviceGetGpuInstanceId", of=(handle,)),
        binding.ask("nvmlDeviceGetComputeInstanceId", of=(handle,)),
        memory.total,
        memory.used,
        memory.free,
    )
