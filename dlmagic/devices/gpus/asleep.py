"""GPUs that are switched off to save power, as in laptops: any question to NVML would wake them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BOUND = Path("/sys/bus/pci/drivers/nvidia")
"""Where Linux lists the devices that NVIDIA's driver has taken."""


@dataclass(frozen=True)
class OnTheBus:
    """A GPU as the kernel lists it.

    Attributes:
        bus_id: Such as ``"0000:01:00.0"``.
        asleep: Whether it is suspended.
    """

    bus_id: str
    asleep: bool


def gpus_on_the_bus(bound: Path = BOUND) -> tuple[OnTheBus, ...]:
    """NVIDIA's GPUs, and which of them sleep; to look does not wake them."""
    try:
        found = sorted(entry for entry in bound.iterdir() if ":" in entry.name)
    except OSError:
        return ()
    return tuple(OnTheBus(entry.name, _suspended(entry)) for entry in found)


def _suspended(entry: Path) -> bool:
    try:
        return (entry / "power" / "runtime_status").read_text().strip() == "suspended"
    except OSError:
        return False
