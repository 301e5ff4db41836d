"""Which device one entry of a list means."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.devices.cuda.device import CudaDevice, forbidden, parts_of, usable_part
from dlmagic.devices.cuda.entries import Entry
from dlmagic.devices.cuda.numbering import Numbering
from dlmagic.devices.gpus.gpu import Gpu, GpuReadings
from dlmagic.devices.reading import Reason

_SIGNED = 2**63  # from here on it was written with a minus
_INSTANCE = re.compile(r"MIG-(GPU-[^/]*)/([0-9]{1,9})/([0-9]{1,9})")


def find_device(entry: Entry, numbering: Numbering, readings: GpuReadings) -> CudaDevice | Reason:
    """The device, or why CUDA stops reading here."""
    if entry.number is not None:
        return _at_number(entry, entry.number, numbering)
    if not entry.text:
        return Reason("it is empty")
    if entry.kind == "nothing":
        return Reason(f"{entry.text!r} is neither a number nor a UUID")
    gpus = [gpu for gpu in readings.gpus if not forbidden(gpu)]
    found = [*_with_uuid(entry.text, gpus)] or [*_instances(entry.text, gpus)]
    if len(found) > 1:
        several = " or ".join(each.words for each in found)
        return Reason(f"{entry.text} could be {several}")
    if not found:
        return Reason(f"no GPU here has a UUID that begins with {entry.text}")
    return found[0] if found[0].part is not None else usable_part(found[0].gpu)


def _at_number(entry: Entry, number: int, numbering: Numbering) -> CudaDevice | Reason:
    if number < len(numbering.devices):
        return numbering.devices[number]
    if number >= _SIGNED:
        return Reason(f"{entry.text.strip()} is no GPU: it hides all that follow")
    count = len(numbering.devices)
    return Reason(f"GPU {number} is gone: CUDA counts {count} here, from 0")


def _with_uuid(prefix: str, gpus: list[Gpu]) -> Iterator[CudaDevice]:
    for gpu in gpus:
        devices = [CudaDevice(gpu), *(CudaDevice(gpu, part) for part in parts_of(gpu))]
        for device in devices:
            if not isinstance(device.uuid, Reason) and device.uuid.startswith(prefix):
                yield device


def _instances(text: str, gpus: list[Gpu]) -> Iterator[CudaDevice]:
    """What ``MIG-GPU-…/1/0`` means: the numbers of the instances in a GPU."""
    named = _INSTANCE.fullmatch(text)
    if named is None:
        return
    numbers = int(named[2]), int(named[3])
    for gpu in gpus:
        if isinstance(gpu.uuid, Reason) or not gpu.uuid.startswith(named[1]):
            continue
        for part in parts_of(gpu):
            if numbers == (part.gpu_instance, part.compute_instance):
                yield CudaDevice(gpu, part)
