"""A GPU's memory: the newer form of the question, which tells what is reserved, or the older."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlmagic.devices.binding import Binding
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NO_FUNCTION, NOT_SUPPORTED

NOT_TOLD = 2**64 - 1
"""How NVML writes a number that it does not have."""

_SECOND_FORM = 0x02000028  # the size of its record, and the number of the form
_OTHER_FORM = 25
_UNKNOWN = Reason("NVIDIA's driver does not know it")
_NOTHING = Reason("NVIDIA's driver says that there are 0 bytes in all, so it does not know")
_TOO_MUCH = Reason("NVIDIA's driver says more bytes than there are in all")
_INTEGRATED = ("GB10", "Orin", "Thor")
SHARED = Reason("the GPU shares the machine's memory", NOT_SUPPORTED)
"""Why some GPUs tell no memory of their own."""
_IN_USED = Reason("the installed NVIDIA driver counts it as used memory")


@dataclass(frozen=True)
class Memory:
    """Bytes, each a value or the reason for none.

    Attributes:
        total: In all.
        used: By whomever.
        free: What is left.
        reserved: What the driver keeps.
    """

    total: int | Reason
    used: int | Reason
    free: int | Reason
    reserved: int | Reason


def read_memory(binding: Binding, device: Any, name: str | Reason = "") -> Memory:
    """The memory of a GPU, or of an instance of one.

    Args:
        binding: The library, started.
        device: The handle.
        name: Of the model: some have no memory of their own.
    """
    found = binding.ask("nvmlDeviceGetMemoryInfo", of=(device, _SECOND_FORM))
    if isinstance(found, Reason) and found.code in (NO_FUNCTION, _OTHER_FORM):
        found = binding.ask("nvmlDeviceGetMemoryInfo", of=(device,))
    if isinstance(found, Reason):
        why = SHARED if found.code == NOT_SUPPORTED and _integrated(name) else found
        return Memory(why, why, why, why)
    return _believed(found.total, found.used, found.free, getattr(found, "reserved", None))


def _integrated(name: str | Reason) -> bool:
    return isinstance(name, str) and any(part in name for part in _INTEGRATED)


def _believed(total: int, used: int, free: int, reserved: int | None) -> Memory:
    """What may be believed of it: no more than all of it is in use, and all of it is something."""
    if total in (0, NOT_TOLD):
        why = _UNKNOWN if total else _NOTHING
        return Memory(why, why, why, why)
    kept = _IN_USED if reserved is None else _part(reserved, total)
    return Memory(total, _part(used, total), _part(free, total), kept)


def _part(value: int, total: int) -> int | Reason:
    if value == NOT_TOLD:
        return _UNKNOWN
    return value if value <= total else _TOO_MUCH
