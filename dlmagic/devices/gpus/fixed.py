"""What stays the same about a GPU: read once, as long as the driver's library is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlmagic.devices.binding import Binding
from dlmagic.devices.reading import Reason


@dataclass(frozen=True)
class Fixed:
    """What a GPU is.

    Attributes:
        uuid: ``GPU-…``.
        name: Of the model.
        bus_id: As the kernel writes it, ``"0000:3b:00.0"``.
        capability: CUDA's compute capability.
    """

    uuid: str | Reason
    name: str | Reason
    bus_id: str | Reason
    capability: tuple[int, int] | Reason

    @property
    def complete(self) -> bool:
        """Whether all of it could be read, so that it need not be read again."""
        return not any(
            isinstance(each, Reason)
            for each in (self.uuid, self.name, self.bus_id, self.capability)
        )


def read_fixed(binding: Binding, device: Any) -> Fixed:
    """What a GPU is, from its driver."""
    return Fixed(
        binding.text("nvmlDeviceGetUUID", device),
        binding.text("nvmlDeviceGetName", device),
        _bus_id(binding, device),
        binding.ask("nvmlDeviceGetCudaComputeCapability", of=(device,)),
    )


def _bus_id(binding: Binding, device: Any) -> str | Reason:
    found = binding.ask("nvmlDeviceGetPciInfo", of=(device,))
    if isinstance(found, Reason):
        return found
    # Its numbers, since the text in it may hold bytes that the binding cannot read.
    return f"{found.domain:04x}:{found.bus:02x}:{found.device:02x}.0"
