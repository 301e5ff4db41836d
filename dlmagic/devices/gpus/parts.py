"""The instances of a GPU that is divided (MIG); they may go while they are listed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from dlmagic.devices.binding import Binding
from dlmagic.devices.gpus.gpu import GpuPart
from dlmagic.devices.gpus.memory import read_memory
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NO_FUNCTION, NOT_FOUND, NOT_PERMITTED, NOT_SUPPORTED


def read_divided(binding: Binding, device: Any) -> bool | Reason:
    """Whether a GPU is divided; False where the GPU or its driver does not know how to."""
    found = binding.ask("nvmlDeviceGetMigMode", of=(device,))
    if not isinstance(found, Reason):
        return bool(found[0])
    return False if found.code in (NOT_SUPPORTED, NO_FUNCTION) else found


def read_parts(
    binding: Binding, device: Any, divided: bool | Reason
) -> tuple[GpuPart, ...] | Reason:
    """Its instances, as far as they may be seen; none if it is not divided."""
    if isinstance(divided, Reason):
        return divided
    count = binding.ask("nvmlDeviceGetMaxMigDeviceCount", of=(device,)) if divided else 0
    if isinstance(count, Reason):
        return count
    found = [_part(binding, device, place) for place in range(count)]
    refused = [each for each in found if isinstance(each, Reason) and each.code != NOT_FOUND]
    parts = tuple(each for each in found if isinstance(each, GpuPart))
    if any(each.code != NOT_PERMITTED for each in refused) or not parts:
        return refused[0] if refused else ()
    return parts


def _part(binding: Binding, device: Any, place: int) -> GpuPart | Reason:
    """The instance at one place; "not found" where there is none, or none any more."""
    handle = binding.ask("nvmlDeviceGetMigDeviceHandleByIndex", of=(device, place))
    if isinstance(handle, Reason):
        return handle
    memory = read_memory(binding, handle)
    part = GpuPart(
        binding.text("nvmlDeviceGetUUID", handle),
        binding.text("nvmlDeviceGetName", handle),
        binding.ask("nvmlDeviceGetGpuInstanceId", of=(handle,)),
        binding.ask("nvmlDeviceGetComputeInstanceId", of=(handle,)),
        memory.total,
        memory.used,
        memory.free,
    )
    return _gone(binding, handle, part) or part


def _gone(binding: Binding, handle: Any, part: GpuPart) -> Reason | None:
    """That an instance is not there any more, if it went while it was read."""
    values = (getattr(part, field.name) for field in fields(part))
    if not any(isinstance(value, Reason) and value.code == NOT_FOUND for value in values):
        return None
    again = binding.text("nvmlDeviceGetUUID", handle)
    return again if isinstance(again, Reason) and again.code == NOT_FOUND else None
