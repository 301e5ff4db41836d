"""Which GPUs a container was given: ``NVIDIA_VISIBLE_DEVICES``, as NVIDIA's runtime reads it.

A container sees no others as a rule; a privileged one sees all that the machine has.
"""

from __future__ import annotations

from collections.abc import Mapping

from dlmagic.devices.cuda.device import CudaDevice
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.reading import Reason

CONTAINER = "NVIDIA_VISIBLE_DEVICES"

_NO_LIST = ("", "all", "none", "void")


def container_list(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The entries of the list; empty where there is none.

    Where GPUs are there in spite of ``none`` or ``void``, they came another way.
    """
    setting = environment.get(CONTAINER, "").strip()
    if setting in _NO_LIST:
        return ()
    return tuple(each.strip() for each in setting.split(","))


def given_to_the_container(
    devices: tuple[CudaDevice, ...], readings: GpuReadings, environment: Mapping[str, str]
) -> tuple[CudaDevice, ...]:
    """Those of the devices that the container was given; all, where it sees no others."""
    entries = container_list(environment)
    if not entries or len(readings.gpus) <= len(entries):
        return devices
    given = tuple(each for each in devices if any(_means(entry, each) for entry in entries))
    return given or devices


def _means(entry: str, device: CudaDevice) -> bool:
    """Whether an entry is this device, the GPU that it is an instance of, or its place (0:1)."""
    if entry.startswith(("GPU-", "MIG-")):
        uuids = (device.uuid, device.gpu.uuid)
        return any(not isinstance(uuid, Reason) and uuid.startswith(entry) for uuid in uuids)
    return entry.partition(":")[0] == str(device.gpu.index)
