"""Reads the devices again and again: GPUs, or the machine itself where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from dlmagic.devices.gpus.gpu import Gpu, GpuPart
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.machine.accelerators import Accelerator, other_accelerators
from dlmagic.devices.machine.busy import ProcessorMeter
from dlmagic.devices.machine.memory import read_memory
from dlmagic.devices.machine.processor import processor_name
from dlmagic.devices.machine.roots import ROOTS, Roots
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.live.measured import Measured, Moment

_AGAIN = 60.0  # seconds after which NVIDIA's library is asked again where there was no GPU
_OF_THE_WHOLE = Reason("it is told of the whole GPU, not of its parts")
_NO_SENSOR = Reason("the temperature of the processor is not read")


class Devices:
    """The devices of this machine; close it, since an open driver keeps a laptop's GPU awake.

    Args:
        gpus: Reads NVIDIA's GPUs.
        roots: Where Linux tells about the machine.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        gpus: GpuReader | None = None,
        roots: Roots = ROOTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gpus = gpus or GpuReader()
        self._roots, self._clock = roots, clock
        self._missing: Reason | None = None
        self._again = float("-inf")
        self._keys: dict[str | int, str] = {}
        self._machine: _Machine | None = None

    def read(self) -> Moment:
        """All of them now."""
        found = [*self._nvidia(), *map(_amd, self._accelerators())]
        if not found:
            self._machine = self._machine or _Machine(self._roots, self._clock)
            found = [self._machine.read()]
        return Moment({each.key: each for each in found}, self._missing)

    def close(self) -> None:
        """Let go of the driver; the next reading takes it up again."""
        self._gpus.close()
        self._again = float("-inf")

    def _nvidia(self) -> Iterator[Measured]:
        if self._clock() < self._again:
            return
        readings = self._gpus.read()
        self._missing = readings.missing
        if self._missing is not None:
            self._again = self._clock() + _AGAIN
            self._gpus.close()
        for gpu in readings.gpus:
            key = self._key(gpu)
            yield _nvidia_gpu(gpu, key)
            parts = () if isinstance(gpu.parts, Reason) else gpu.parts
            yield from (_part(gpu, part, key) for part in parts)

    def _key(self, gpu: Gpu) -> str:
        """One name for a GPU at all moments, also when most of it cannot be read any more."""
        told = (gpu.uuid, gpu.bus_id, gpu.index)
        known = [each for each in told if not isinstance(each, Reason)]
        key = next((self._keys[each] for each in known if each in self._keys), None)
        key = key or f"GPU {len(self._keys)}"
        self._keys.update(dict.fromkeys(known, key))
        return key

    def _accelerators(self) -> list[Accelerator]:
        return [each for each in other_accelerators(self._roots) if each.kind == "AMD GPU"]


class _Machine:
    """Processor and main memory, as far as this process may use them."""

    def __init__(self, roots: Roots, clock: Callable[[], float]) -> None:
        self._roots = roots
        self._name = processor_name(roots.proc)
        self._meter = ProcessorMeter(roots, clock)

    def read(self) -> Measured:
        memory = read_memory(self._roots)
        used = memory.total - memory.available
        busy = self._meter.read()
        return Measured("machine", self._name, "machine", used, memory.total, busy, _NO_SENSOR)


def _nvidia_gpu(gpu: Gpu, key: str) -> Measured:
    return Measured(
        key,
        _name(gpu),
        "GPU",
        gpu.memory_used,
        gpu.memory_total,
        gpu.utilization,
        gpu.temperature,
    )


def _part(gpu: Gpu, part: GpuPart, key: str) -> Measured:
    place = f"{part.gpu_instance}/{part.compute_instance}"
    model = "part" if isinstance(part.name, Reason) else f"MIG {part.name.rpartition(' ')[2]}"
    return Measured(
        f"{key}, {part.uuid if isinstance(part.uuid, str) else place}",
        f"GPU {gpu.index}, {model} ({place})",
        "part of a GPU",
        part.memory_used,
        part.memory_total,
        _OF_THE_WHOLE,
        _OF_THE_WHOLE,
    )


def _amd(card: Accelerator) -> Measured:
    name = "AMD GPU" if isinstance(card.name, Reason) else card.name
    return Measured(
        card.found,
        f"{card.found.rpartition('/')[2]}: {name}",
        "GPU",
        card.memory_used,
        card.memory_total,
        card.utilization,
        card.temperature,
    )


def _name(gpu: Gpu) -> str:
    place = gpu.bus_id if isinstance(gpu.index, Reason) else gpu.index
    number = "GPU" if isinstance(place, Reason) else f"GPU {place}"
    return number if isinstance(gpu.name, Reason) else f"{number}: {gpu.name}"
