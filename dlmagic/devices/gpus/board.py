"""One GPU, read from top to bottom; a question that is refused leaves the others alone.

What is slow or disturbs is not asked for: the traffic on the bus takes 20 ms to count.
"""

from __future__ import annotations

from typing import Any

from dlmagic.devices.binding import Binding
from dlmagic.devices.gpus.fixed import Fixed
from dlmagic.devices.gpus.gpu import Gpu
from dlmagic.devices.gpus.memory import read_memory
from dlmagic.devices.gpus.parts import read_divided, read_parts
from dlmagic.devices.gpus.process_list import list_processes
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import LOST, RESET_REQUIRED

_OF_THE_CHIP = 0  # the sensor that all GPUs have
_HOTTEST = 200
_MOST_MILLIWATTS = 100_000_000
_MODES = ("default", "exclusive thread", "prohibited", "exclusive process")
_SLOWED_BY = {
    0x2: "clocks set by a user",
    0x4: "power limit",
    0x8: "hardware slowdown",
    0x10: "kept in step with other GPUs",
    0x20: "too warm (software)",
    0x40: "too warm (hardware)",
    0x80: "power supply",
    0x100: "display clocks",
}
_IDLE = 0x1
_HOPELESS = (LOST, RESET_REQUIRED)


def read_board(binding: Binding, device: Any, index: int | Reason, fixed: Fixed) -> Gpu:
    """All that is told of a GPU now.

    Args:
        binding: The library, started.
        device: The GPU's handle.
        index: Its number.
        fixed: What stays the same about it.
    """
    memory = read_memory(binding, device, fixed.name)
    divided = read_divided(binding, device)
    processes, unlisted = list_processes(binding, device)
    return Gpu(
        index=index,
        uuid=fixed.uuid,
        name=fixed.name,
        bus_id=fixed.bus_id,
        capability=fixed.capability,
        memory_total=memory.total,
        memory_used=memory.used,
        memory_free=memory.free,
        memory_reserved=memory.reserved,
        utilization=_utilization(binding, device),
        temperature=_temperature(binding, device),
        power=_watts(binding.ask("nvmlDeviceGetPowerUsage", of=(device,))),
        power_limit=_watts(binding.ask("nvmlDeviceGetEnforcedPowerLimit", of=(device,))),
        compute_mode=_compute_mode(binding, device),
        persistence=_switch(binding.ask("nvmlDeviceGetPersistenceMode", of=(device,))),
        divided=divided,
        parts=read_parts(binding, device, divided),
        throttling=_throttling(binding, device),
        processes=processes,
        unlisted=unlisted,
        trouble=_trouble(memory.total, processes, fixed.uuid),
    )


def _trouble(*readings: object) -> Reason | None:
    """Why the GPU is of no use, where one of these answers says that."""
    refused = (each for each in readings if isinstance(each, Reason))
    return next((reason for reason in refused if reason.code in _HOPELESS), None)


def _utilization(binding: Binding, device: Any) -> int | Reason:
    found = binding.ask("nvmlDeviceGetUtilizationRates", of=(device,))
    return _within(found if isinstance(found, Reason) else int(found.gpu), 0, 100, "%")


def _temperature(binding: Binding, device: Any) -> int | Reason:
    asked = (device, _OF_THE_CHIP)
    found = binding.ask("nvmlDeviceGetTemperature", "nvmlDeviceGetTemperatureV", of=asked)
    return _within(found, -100, _HOTTEST, " °C")


def _watts(milliwatts: int | Reason) -> float | Reason:
    found = _within(milliwatts, 0, _MOST_MILLIWATTS, " mW")
    return found if isinstance(found, Reason) else found / 1000


def _within(value: int | Reason, low: int, high: int, unit: str) -> int | Reason:
    if isinstance(value, Reason) or low <= value <= high:
        return value
    return Reason(f"NVIDIA's driver says {value}{unit}, which cannot be")


def _compute_mode(binding: Binding, device: Any) -> str | Reason:
    found = binding.ask("nvmlDeviceGetComputeMode", of=(device,))
    if isinstance(found, Reason):
        return found
    return _MODES[found] if found < len(_MODES) else Reason(f"mode {found} is not known here")


def _switch(value: int | Reason) -> bool | Reason:
    return value if isinstance(value, Reason) else bool(value)


def _throttling(binding: Binding, device: Any) -> tuple[str, ...] | Reason:
    found = binding.ask(
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetCurrentClocksThrottleReasons",  # its name before driver 535
        of=(device,),
    )
    if isinstance(found, Reason):
        return found
    named = tuple(words for bit, words in _SLOWED_BY.items() if found & bit)
    rest = found & ~sum(_SLOWED_BY) & ~_IDLE
    return (*named, f"another cause ({rest:#x})") if rest else named
