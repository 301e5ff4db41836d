"""The numbers that CUDA gives to GPUs, which need not be those of ``nvidia-smi``.

By default CUDA puts the fastest first, by a rule that NVIDIA does not tell; with
``CUDA_DEVICE_ORDER=PCI_BUS_ID`` it counts along the bus. GPUs that this process may not use are
not counted, and divided ones (MIG) come last, each as its first instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dlmagic.devices.cuda.device import CudaDevice, forbidden, gpu_in_words, usable_part
from dlmagic.devices.gpus.gpu import Gpu, GpuReadings
from dlmagic.devices.reading import Reason

ORDER = "CUDA_DEVICE_ORDER"
ALONG_THE_BUS = "PCI_BUS_ID"

_FASTEST_FIRST = Reason(
    "CUDA puts the fastest GPU first here and does not tell how it decides: "
    f"set {ORDER}={ALONG_THE_BUS}"
)


@dataclass(frozen=True)
class Numbering:
    """Which number is which device.

    Attributes:
        devices: In CUDA's order.
        doubt: Why a number may mean another device; None where it cannot.
    """

    devices: tuple[CudaDevice, ...]
    doubt: Reason | None


def number_devices(readings: GpuReadings, environment: Mapping[str, str]) -> Numbering:
    """The numbers that CUDA would give in this environment."""
    counted = [gpu for gpu in readings.gpus if not forbidden(gpu)]
    along_the_bus = sorted(counted, key=_place)
    whole_first = sorted(along_the_bus, key=lambda gpu: gpu.divided is True)
    devices = [each for each in map(usable_part, whole_first) if isinstance(each, CudaDevice)]
    doubts = _doubts(counted, environment.get(ORDER))
    return Numbering(tuple(devices), next(doubts, None) if len(counted) > 1 else None)


def _doubts(gpus: Sequence[Gpu], order: str | None) -> Iterator[Reason]:
    for gpu in gpus:
        if gpu.trouble is not None and not gpu.asleep:
            yield Reason(f"whether CUDA counts {gpu_in_words(gpu)} is not known: {gpu.trouble}")
        if isinstance(gpu.bus_id, Reason):
            yield Reason(f"where {gpu_in_words(gpu)} is on the bus is not known: {gpu.bus_id}")
        if gpu.divided is True or (isinstance(gpu.divided, Reason) and not gpu.asleep):
            yield Reason(f"{gpu_in_words(gpu)} is divided (MIG), which moves the numbers")
    if order != ALONG_THE_BUS and len({_model(gpu) for gpu in gpus}) > 1:
        yield _FASTEST_FIRST


def _model(gpu: Gpu) -> tuple[object, ...]:
    """What makes a GPU as fast as another."""
    return gpu.name, gpu.memory_total, gpu.capability


def _place(gpu: Gpu) -> tuple[int, ...]:
    """Where it is on the bus, as numbers."""
    if isinstance(gpu.bus_id, Reason):
        return ()
    return tuple(int(each, 16) for each in gpu.bus_id.replace(".", ":").split(":"))
